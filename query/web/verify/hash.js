// libsodium, and the hashes that the specification is made of. `ready` has to be awaited once before anything else.
// Hashes are libsodium's and not WebCrypto's: a statement takes tens of thousands of small ones, and each call of
// crypto.subtle.digest is a promise of its own (some 80 us against 1 us).

import sodium from 'libsodium-wrappers-sumo';
import { join } from './bytes.js';

export const ready = sodium.ready;
export { sodium };

export function sha256(...parts) {
  return sodium.crypto_hash_sha256(parts.length === 1 && typeof parts[0] !== 'string' ? parts[0] : join(...parts));
}

export function sha512(...parts) {
  return sodium.crypto_hash_sha512(join(...parts));
}

const leafBuffer = new Map();
const nodeBuffer = new Uint8Array(65);
nodeBuffer[0] = 1;

// TREE-2
export function leafHash(entry) {
  let buffer = leafBuffer.get(entry.length);
  if (buffer === undefined) {
    buffer = new Uint8Array(entry.length + 1);
    if (leafBuffer.size < 16) {
      leafBuffer.set(entry.length, buffer);
    }
  }
  buffer.set(entry, 1);
  return sodium.crypto_hash_sha256(buffer);
}

// TREE-3
export function nodeHash(left, right) {
  nodeBuffer.set(left, 1);
  nodeBuffer.set(right, 33);
  return sodium.crypto_hash_sha256(nodeBuffer);
}
