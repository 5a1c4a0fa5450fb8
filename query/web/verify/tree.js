// spec/tree.md: what proves that an entry stands in the log, and that leaves are all of a range. Indexes and sizes are BigInt.

import { equal } from './bytes.js';
import { nodeHash } from './hash.js';
import { need } from './refused.js';

export const SIZE_MAX = 2n ** 63n;

function bitsOf(number) {
  return number === 0n ? 0 : number.toString(2).length;
}

function onesOf(number) {
  return number.toString(2).replaceAll('0', '').length;
}

// The root that a leaf hash at `index` of `size` gives with its siblings, the leaf's own first (TREE-5, TREE-6).
export function rootFromInclusion(leaf, index, size, proof) {
  need(size <= SIZE_MAX, 'TREE-4', 'a tree is larger than 2^63');
  need(index < size, 'TREE-5', "an index is not below the tree's size");
  const inner = bitsOf(index ^ (size - 1n));
  const border = onesOf(index >> BigInt(inner));
  need(proof.length === inner + border, 'TREE-6', 'an inclusion proof has another number of hashes');
  const sides = index.toString(2);
  return proof.reduce(
    (hash, sibling, i) =>
      i >= inner || sides[sides.length - 1 - i] === '1' ? nodeHash(sibling, hash) : nodeHash(hash, sibling),
    leaf,
  );
}

// TREE-7
export function checkInclusion(leaf, index, size, proof, root) {
  need(equal(rootFromInclusion(leaf, index, size, proof), root), 'TREE-7', 'an inclusion proof gives another root');
}

function split(count) {
  return 1n << BigInt(bitsOf(count - 1n) - 1);
}

// The root of a tree of `size` leaves of which those from `first` on are given, the other subtrees by their roots
// (TREE-11, TREE-12).
export function rootFromRange(leaves, first, size, proof) {
  const end = first + BigInt(leaves.length);
  need(size <= SIZE_MAX, 'TREE-4', 'a tree is larger than 2^63');
  need(leaves.length > 0 && first < size && end <= size, 'TREE-11', 'a range is empty, or reaches beyond its tree');
  let used = 0;

  function root(from, to) {
    if (to <= first || from >= end) {
      need(used < proof.length, 'TREE-12', 'a range proof has too few hashes');
      return proof[used++];
    }
    if (to - from === 1n) {
      return leaves[Number(from - first)];
    }
    const middle = from + split(to - from);
    const left = root(from, middle);
    return nodeHash(left, root(middle, to));
  }

  const result = root(0n, size);
  need(used === proof.length, 'TREE-12', 'a range proof has too many hashes');
  return result;
}

// TREE-13
export function checkRange(leaves, first, size, proof, root) {
  need(equal(rootFromRange(leaves, first, size, proof), root), 'TREE-13', 'a range proof gives another root');
}

// The root over leaf hashes (TREE-1, TREE-3).
export function rootOf(leaves, empty) {
  return leaves.length === 0 ? empty : rootFromRange(leaves, 0n, BigInt(leaves.length), []);
}
