// A person's list as it comes, and when it may be called proven at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proof } from '../app/proof.js';
import { Store } from '../app/store.js';

globalThis.VERIFY_WORKER = 'verify-worker.js';

const access = (index) => ({ index, time: '2026-05-01T10:00:00Z', ledger_time: '2026-05-01T10:00:00Z', proof: {} });
const page = (subject, accesses, more = {}) => ({ subject, accesses, withheld: { events: [] }, complete_until: '2026-05-02T00:00:00Z', coverage: {}, checkpoint: 'log\n9\nroot\n', ...more });
const answers = (...pages) => ({ json: async () => pages.shift() ?? Promise.reject(Object.assign(new Error('x'), { kind: 'offline' })) });

test('whose list it is that was asked for is not the answer\'s to say', async () => {
  const own = new Store(answers(page('cpr:1', [access(1)])), undefined);
  await own.load();
  assert.equal(own.subject, 'cpr:1');
  const childs = new Store(answers(page('cpr:1', [])), 'cpr:2');
  await childs.load();
  assert.equal(childs.subject, 'cpr:2', 'so a statement about another is refused by its subject');
});

test('what comes later is there at once, on top, and once', async () => {
  const store = new Store(answers(page('cpr:1', [access(2), access(1)])), undefined);
  await store.load();
  store.add(page('cpr:1', [access(20)]));
  store.add(page('cpr:1', [access(20)]));
  store.add(page('cpr:2', [access(30)]));
  assert.deepEqual(store.accesses.map(({ index }) => index), [20, 2, 1]);
  assert.deepEqual([store.size, store.made], [21, 9]);
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
