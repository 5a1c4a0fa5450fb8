// spec/vrf.md: C2SP vrf-r255, verified over libsodium's ristretto255, and the label that comes from it.

import { equal, isZero, join, utf8 } from './bytes.js';
import { sha256, sha512, sodium } from './hash.js';
import { need } from './refused.js';

const SUITE = join(Uint8Array.of(0xff), 'c2sp.org/vrf-r255');
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const IDENTITY = new Uint8Array(32);

function little(bytes) {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

// libsodium says nothing where the product is the identity: it throws. Then it is 32 zero bytes.
function multiply(scalar, point) {
  try {
    return point === null
      ? sodium.crypto_scalarmult_ristretto255_base(scalar)
      : sodium.crypto_scalarmult_ristretto255(scalar, point);
  } catch {
    return IDENTITY;
  }
}

function isPoint(bytes) {
  return bytes.length === 32 && sodium.crypto_core_ristretto255_is_valid_point(bytes);
}

// beta (64 bytes) of a proof that holds.
export function verifyVrf(publicKey, alpha, proof) {
  need(!isZero(publicKey), 'VRF-4', 'the VRF key is the identity');
  need(proof.length === 80, 'VRF-7', 'a VRF proof is not 80 bytes long');
  const gamma = proof.subarray(0, 32);
  const c = proof.subarray(32, 48);
  const s = proof.subarray(48, 80);
  need(little(s) < ORDER, 'VRF-5', "the s of a VRF proof is not below the group's order");
  need(isPoint(publicKey) && isPoint(gamma), 'VRF-6', 'the VRF key or Gamma is no point in its canonical encoding');
  const h = sodium.crypto_core_ristretto255_from_hash(sha512(SUITE, Uint8Array.of(0x82), publicKey, alpha));
  const scalar = join(c, new Uint8Array(16));
  const u = sodium.crypto_core_ristretto255_sub(multiply(s, null), multiply(scalar, publicKey));
  const v = sodium.crypto_core_ristretto255_sub(multiply(s, h), multiply(scalar, gamma));
  const again = sha512(SUITE, Uint8Array.of(0x02), publicKey, h, gamma, u, v, Uint8Array.of(0));
  need(equal(again.subarray(0, 16), c), 'VRF-7', 'a VRF proof does not verify');
  return sha512(SUITE, Uint8Array.of(0x03), gamma, Uint8Array.of(0));
}

// VRF-8, VRF-9
export function labelOf(vrfKey, origin, subject, proof) {
  need(utf8(origin).length <= 255 && utf8(subject).length <= 255, 'VRF-8', 'origin or subject has more than 255 bytes');
  return verifyVrf(vrfKey, join(origin, '\n', subject), proof).subarray(0, 32);
}

// VRF-11
export function labelCommitment(opening, label) {
  return sha256('indsigt/v2 erased\n', opening, label);
}
