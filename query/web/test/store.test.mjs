// A person's list as it comes, and when it may be called proven at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proof } from '../app/proof.js';
import { Store } from '../app/store.js';

globalThis.VERIFY_WORKER = 'verify-worker.js';

const access = (index, more = {}) => ({ index, time: '2026-05-01T10:00:00Z', ledger_time: '2026-05-01T10:00:00Z', proof: {}, sender: { id: 1, org: 'cvr:1', name: 'A' }, org: { id: 'cvr:1', name: 'A' },
  action: 'read', outcome: 'ok', system: 'KSD', activity: 'Opslag', purpose: 'Sag', actor: { kind: 'human', role: 'Læge' }, ...more });
const page = (subject, accesses, more = {}) => ({ subject, accesses, withheld: { events: [] }, complete_until: '2026-05-02T00:00:00Z', coverage: { counts: { active: 1, silent: 0 } }, checkpoint: 'log\n9\nroot\n', ...more });
const answers = (...pages) => ({ json: async () => pages.shift() ?? Promise.reject(Object.assign(new Error('x'), { kind: 'offline' })) });

test('whose list it is that was asked for is not the answer\'s to say', async () => {
  const own = new Store(answers(page('cpr:1', [access(1)])), undefined);
  await own.load();
  assert.equal(own.subject, 'cpr:1');
  const childs = new Store(answers(page('cpr:1', [])), 'cpr:2');
  await childs.load();
  assert.equal(childs.subject, 'cpr:2', 'so a statement about another is refused by its subject');
  assert.deepEqual([childs.state, childs.error.kind, childs.events], ['stopped', 'garbled', 0], 'and nothing of it is shown');
});

test('what comes later is there at once, on top, and once', async () => {
  const store = new Store(answers(page('cpr:1', [access(2), access(1)])), undefined);
  await store.load();
  store.add(page('cpr:1', [access(20)]));
  store.add(page('cpr:1', [access(20)]));
  assert.throws(() => store.add(page('cpr:2', [access(30)])), { kind: 'garbled' });
  assert.equal(store.add(page('cpr:1', [access(5)])), false, 'what the list has all of gets no more (it was held against the proof)');
  assert.deepEqual(store.accesses.map(({ index }) => index), [20, 2, 1]);
  assert.deepEqual([store.size, store.made], [21, 9]);
});

test('a list that is none is not taken (PAGE-11)', async () => {
  const held = (index) => ({ withheld: { events: [{ index, until: '2027-01-01T00:00:00Z', basis: 'b', ledger_time: '2026-05-01T10:00:00Z' }] } });
  const wrong = { 'one index twice': [page('cpr:1', [access(2), access(2)])], 'shown and withheld': [page('cpr:1', [access(2)], held(2))], 'past the log': [page('cpr:1', [access(9)])],
    'rising': [page('cpr:1', [access(1), access(2)])], 'again behind a cursor': [page('cpr:1', [access(2)], { cursor: 'x' }), page('cpr:1', [access(2)])],
    'more of an erased one': [page('cpr:1', [access(2, { erased: true })])], 'no place to be at': [page('cpr:1', [access('2')])], 'a time past all': [page('cpr:1', [access(2, { time: '9999-01-01T00:00:00Z' })])] };
  for (const [name, pages] of Object.entries(wrong)) {
    const store = new Store(answers(...pages), undefined);
    await store.load();
    assert.deepEqual([store.state, store.error.kind], ['stopped', 'garbled'], name);
    assert.ok(store.events <= 1, name);
  }
  const empty = new Store({ json: async () => page('cpr:1', [], { cursor: 'x' }) }, undefined);
  await empty.load();
  assert.equal(empty.state, 'stopped', 'pages with nothing come to an end');
  const good = new Store(answers(page('cpr:1', [access(8), { ...access(6), ...held(6) }].slice(0, 1), { ...held(7), cursor: 'x' }), page('cpr:1', [access(3)])), undefined);
  await good.load();
  assert.deepEqual([good.state, good.events], ['whole', 3]);
});

test('half a list is not held against a proof', async () => {
  for (const pages of [[], [page('cpr:1', [access(1)], { cursor: 'more' })]]) {
    const store = new Store(answers(...pages), undefined);
    await store.load();
    assert.equal(store.state, 'stopped');
    let asked = 0;
    const proof = new Proof({ api: { ask: async () => { asked += 1; return new Response('{}'); } }, config: {} }, store);
    await proof.start();
    assert.deepEqual([proof.state, proof.error.kind, asked], ['unchecked', 'part', 0]);
  }
});
