// That the events of a statement are all that there are (STM-34 to STM-43).

import { equal, u64 } from './bytes.js';
import { EVENT, readEntryOf } from './entry.js';
import { leafHash, sha256 } from './hash.js';
import { checkAbsent, checkPresent, isEmptyMap } from './map.js';
import { check } from './refused.js';
import { rootFromRange } from './tree.js';

function openNeighbour(context, { index, entry }) {
  check(
    'event-uncovered',
    'STM-37',
    'a leaf beside the window is not covered by the epoch',
    () => index < context.covered,
  );
  const neighbour = check('event-entry', 'STM-37', 'a leaf beside the window is no event entry', () =>
    readEntryOf(EVENT, entry),
  );
  check(
    'event-time',
    'STM-37',
    'a leaf beside the window is later than the epoch',
    () => neighbour.time <= context.epochTime,
  );
  return neighbour;
}

function checkBefore(context, file) {
  if (file.before === undefined) {
    check('window-before', 'STM-37', 'the list does not begin where it has to', () => file.range.first === 0n);
    return;
  }
  const before = openNeighbour(context, file.before);
  check('window-before', 'STM-37', 'the leaf before the window lies in it', () => before.time < file.window.from);
  check(
    'event-order',
    'STM-37',
    'the leaf before the window stands behind its first event',
    () => file.events.length === 0 || file.before.index < file.events[0].index,
  );
}

function checkAfter(context, file, leaves) {
  if (file.after === undefined) {
    check(
      'window-after',
      'STM-38',
      'the list does not end where it has to',
      () => file.range.first + BigInt(leaves.length) === file.map.count,
    );
    return;
  }
  const after = openNeighbour(context, file.after);
  check('window-after', 'STM-38', 'the leaf after the window lies in it', () => after.time >= file.window.to);
  check('event-order', 'STM-38', 'the leaf after the window stands before its last event', () =>
    leaves.slice(0, -1).every((leaf) => leaf.index < file.after.index),
  );
}

function subjectLeaf({ blind, index, entry }) {
  return sha256(Uint8Array.of(0), blind, u64(index), leafHash(entry));
}

// With map.present true.
export function checkAll(context, file) {
  const leaves = [file.before, ...file.events, file.after].filter((leaf) => leaf !== undefined);
  const { first, proof } = file.range;
  const { count } = file.map;
  check(
    'count',
    'STM-34',
    'there are more or fewer events than the log counts',
    () => file.window !== undefined || BigInt(leaves.length) === count,
  );
  check('range', 'STM-35', 'the list reaches beyond what the log counts', () => first + BigInt(leaves.length) <= count);
  checkBefore(context, file);
  checkAfter(context, file, leaves);
  const root = check('subject-tree', 'STM-39', 'the list has not the shape of its range', () =>
    rootFromRange(leaves.map(subjectLeaf), first, count, proof),
  );
  check('presence', 'STM-40', 'the list is not the one that the log has of this person', () => {
    checkPresent(
      context.epoch.mapRoot,
      context.label,
      sha256('indsigt/v1 subject\n', u64(count), root),
      file.map.proof,
    );
    return true;
  });
}

// With map.present false.
export function checkNone(context, file) {
  const { mapRoot } = context.epoch;
  const { proof } = file.map;
  check(
    'absence-empty',
    'STM-41',
    'an empty proof that nobody looked, of a log in which somebody did',
    () => proof.length > 0 || isEmptyMap(mapRoot),
  );
  check(
    'absence-self',
    'STM-42',
    "the proof that nobody looked shows this person's own entry",
    () => !equal(proof.subarray(0, 32), context.label),
  );
  check('absence', 'STM-43', 'it is not proven that nobody looked', () => {
    checkAbsent(mapRoot, context.label, proof);
    return true;
  });
}
