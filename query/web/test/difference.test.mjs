// Whether a list that is shown is the one that was proven.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference } from '../app/difference.js';

const event = (index, more = {}) => ({ index, state: 'open', event: { activity: 'Opslag', org: { id: 'cvr:1', name: 'A' }, ...more } });
const shown = (index, more = {}) => ({ index, ledger_time: 'x', sender: {}, at: 1, when: {}, org: { name: 'A', id: 'cvr:1' }, activity: 'Opslag', ...more });
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
