// spec/ed25519.md: which keys are taken, and which verification is meant. The verification is libsodium's own.

import { hex } from './bytes.js';
import { sodium } from './hash.js';
import { need } from './refused.js';

const P = 2n ** 255n - 19n;
// The y of the points of small order, little-endian as they are written, without the sign of x.
const SMALL = new Set([
  0n,
  1n,
  P - 1n,
  fromLittle('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  fromLittle('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
]);

function fromLittle(digits) {
  return BigInt('0x' + digits.match(/../g).reverse().join(''));
}

// EDSIG-1: a key that is read.
export function checkKey(key) {
  const y = fromLittle(hex(key)) & (2n ** 255n - 1n);
  need(key.length === 32 && y < P && !SMALL.has(y), 'EDSIG-1', 'a public key is of small order, or not canonical');
  return key;
}

// EDSIG-2 to EDSIG-5.
export function signatureHolds(signature, message, key) {
  return signature.length === 64 && sodium.crypto_sign_verify_detached(signature, message, key);
}
