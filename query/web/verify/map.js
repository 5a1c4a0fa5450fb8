// spec/map.md: that the subject map has a certain value under a label, or nothing. Which of the two is said beside the proof
// (MAP-10), so there are two functions and none that tries.

import { equal, u8 } from './bytes.js';
import { sha256 } from './hash.js';
import { need } from './refused.js';

const STEP = 33;

function bit(key, b) {
  return (key[b >> 3] >> (7 - (b & 7))) & 1;
}

// MAP-5, MAP-6
function steps(proof) {
  need(proof.length % STEP === 0, 'MAP-5', 'steps are not a multiple of 33 bytes long');
  const list = [];
  for (let i = 0; i < proof.length; i += STEP) {
    const step = { b: proof[i], sibling: proof.subarray(i + 1, i + STEP) };
    need(i === 0 || step.b < list[list.length - 1].b, 'MAP-6', 'the bits of a map proof do not descend');
    list.push(step);
  }
  return list;
}

function climb(key, value, list) {
  return list.reduce(
    (hash, { b, sibling }) => (bit(key, b) === 0 ? sha256(hash, sibling, u8(b)) : sha256(sibling, hash, u8(b))),
    sha256(key, value),
  );
}

export function checkPresent(root, key, value, proof) {
  need(equal(climb(key, value, steps(proof)), root), 'MAP-7', 'a proof of presence gives another root');
}

// MAP-8
export function isEmptyMap(root) {
  return equal(root, sha256(new Uint8Array(0)));
}

export function checkAbsent(root, key, proof) {
  if (proof.length === 0) {
    need(isEmptyMap(root), 'MAP-8', 'an empty proof of absence for a map that is not empty');
    return;
  }
  need(proof.length >= 64, 'MAP-9', 'a proof of absence is too short');
  const other = proof.subarray(0, 32);
  need(!equal(other, key), 'MAP-9', 'a proof of absence shows the key itself');
  const list = steps(proof.subarray(64));
  need(equal(climb(other, proof.subarray(32, 64), list), root), 'MAP-9', 'a proof of absence gives another root');
  need(
    list.every(({ b }) => bit(key, b) === bit(other, b)),
    'MAP-9',
    'a walk for the key does not end where the proof does',
  );
}
