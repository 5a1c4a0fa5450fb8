// Whether a list that is shown is the one that was proven.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference as differs } from '../app/difference.js';

const event = (index, more = {}) => ({ index, state: 'open', ledger_time: 'x', event: { activity: 'Opslag', org: { id: 'cvr:1', name: 'A' }, ...more } });
const shown = (index, more = {}) => ({ index, ledger_time: 'x', sender: {}, at: 1, when: {}, org: { name: 'A', id: 'cvr:1' }, activity: 'Opslag', ...more });
const difference = (list, open, held, size) => differs(list, open, held, { size, made: size });
const proven = (...events) => ({ events, notCovered: [] });

test('the same in any order of members', () => {
  assert.equal(difference(proven(event(1), event(2)), [shown(2), shown(1)], [], 9), null);
});

test('one that is not shown, also among those that the epoch does not cover', () => {
  assert.equal(difference(proven(event(1), event(2)), [shown(2)], [], 9), 'missing');
  assert.equal(difference({ events: [], notCovered: [event(3)] }, [], [], 9), 'missing');
});

test('one that says something else, more or less', () => {
  assert.equal(difference(proven(event(1)), [shown(1, { activity: 'Andet' })], [], 9), 'changed');
  assert.equal(difference(proven(event(1)), [shown(1, { emergency: true })], [], 9), 'changed');
  assert.equal(difference(proven(event(1, { emergency: true })), [shown(1)], [], 9), 'changed');
  assert.equal(difference(proven(event(1)), [], [{ index: 1 }], 9), 'changed', 'an open one is not told as held back');
});

test('one that is not in the proof', () => {
  assert.equal(difference(proven(event(1)), [shown(1), shown(2)], [], 9), 'unproven');
  assert.equal(difference(proven(event(1)), [shown(1)], [{ index: 2 }], 9), 'unproven');
});

test('what came after the list was made is not expected on it', () => {
  assert.equal(difference(proven(event(1), event(9)), [shown(1)], [], 9), null);
});

test('a proof of a part of the list is no proof of the list', () => {
  assert.equal(difference({ ...proven(event(1)), window: { from: 'x' } }, [shown(1)], [], 9), 'window');
});

test('nothing may be told of what is proven to be held back or erased', () => {
  const held = { index: 1, state: 'withheld', ledger_time: 'x', until: 'u', basis: 'b' };
  assert.equal(difference(proven(held), [], [{ index: 1, until: 'u', basis: 'b' }], 9), null);
  assert.equal(difference(proven(held), [shown(1)], [], 9), 'changed');
  assert.equal(difference(proven(held), [], [{ index: 1, until: 'v', basis: 'b' }], 9), 'changed');
  const erased = { index: 1, state: 'erased', ledger_time: 'x', erased_by: 7 };
  assert.equal(difference(proven(erased), [{ index: 1, ledger_time: 'x', erased: true }], [], 9), null);
  assert.equal(difference(proven(erased), [shown(1)], [], 9), 'changed');
  assert.equal(differs(proven(erased), [shown(1)], [], { size: 9, made: 7 }), null, 'it was erased after the list was made');
});

test('when it was reported is proven, too', () => {
  assert.equal(difference(proven(event(1)), [shown(1, { ledger_time: 'y' })], [], 9), 'changed');
});

test('one place is shown once, and as what it is (PAGE-13)', () => {
  assert.equal(difference(proven(event(1)), [shown(1, { activity: 'Andet' }), shown(1)], [], 9), 'unproven', 'what comes later does not cover what is shown beside it');
  assert.equal(difference(proven(event(1)), [shown(1)], [{ index: 1, until: 'u', basis: 'b' }], 9), 'unproven');
  assert.equal(difference(proven(event(1)), [shown(1, { erased: true })], [], 9), 'changed', 'an open one is not called erased');
  const erased = { index: 1, state: 'erased', ledger_time: 'x', erased_by: 7 };
  assert.equal(difference(proven(erased), [{ index: 1, ledger_time: 'x', erased: true, answer: { report: 'r', text: 'x' } }], [], 9), 'changed', 'and an erased one says nothing');
});

test('which system reported it is proven, too', () => {
  const sent = { ...event(1), sender: { id: 3 } };
  assert.equal(difference(proven(sent), [shown(1, { sender: { id: 3, name: 'A' } })], [], 9), null);
  assert.equal(difference(proven(sent), [shown(1, { sender: { id: 4, name: 'A' } })], [], 9), 'changed');
});
