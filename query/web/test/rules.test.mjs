// What is called unusual, how lists are cut and put together, and Danish time. node --test test/
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync, readdirSync } from 'node:fs';
import { consentsOf, reportsOf } from '../app/acts.js';
import { consentState } from '../app/consents.js';
import { bars, byDay, choices, matcher, orgs } from '../app/select.js';
import { RULES, unusual } from '../app/unusual.js';
import { dayNumber, dayOf, endOf, local } from '../app/zone.js';
import { read, write } from '../app/address.js';
import { Api, ApiError } from '../app/api.js';
import { Lines, follow } from '../app/following.js';
import { middle, quarters } from '../app/waiting.js';
import da from '../words/da.js';
import en from '../words/en.js';

let next = 0;

function access(time, more = {}) {
  const at = Date.parse(time);
  return { index: next++, at, when: local(at), reported: at, action: 'read', outcome: 'ok', org: { id: 'cvr:1', name: 'Aarhus Kommune' }, system: 'KSD',
    activity: 'Opslag', purpose: 'Sagsbehandling', actor: { kind: 'human', role: 'Sagsbehandler' }, ...more };
}

const reasons = (found, one) => (found.get(one.index) ?? []).map(({ rule }) => rule);
const days = (count, hour = '10') => Array.from({ length: count }, (_, n) => access(`2026-${String(1 + Math.floor(n / 28)).padStart(2, '0')}-${String(1 + n % 28).padStart(2, '0')}T${hour}:00:00Z`));

test('emergencies and refused attempts are told as they were reported', () => {
  const one = access('2026-05-01T10:00:00Z', { emergency: true });
  const other = access('2026-05-01T10:00:00Z', { outcome: 'denied' });
  const third = access('2026-05-01T10:00:00Z', { outcome: 'failed' });
  const found = unusual([one, other, third]);
  assert.deepEqual([reasons(found, one), reasons(found, other), reasons(found, third)], [['emergency'], ['denied'], []]);
});

test('night is from 22 to 6 in Denmark, of people alone', () => {
  const times = { '2026-07-01T19:59:00Z': [], '2026-07-01T20:00:00Z': ['night'], '2026-07-02T03:59:00Z': ['night'], '2026-07-02T04:00:00Z': [],
    '2026-01-01T20:59:00Z': [], '2026-01-01T21:00:00Z': ['night'] };
  for (const [time, expected] of Object.entries(times)) {
    const one = access(time);
    assert.deepEqual(reasons(unusual([one]), one), expected, time);
    const machine = access(time, { actor: { kind: 'system', role: 'Kørsel' } });
    assert.deepEqual(reasons(unusual([machine]), machine), [], time);
  }
});

test('outside its hours needs ten accesses before, and two hours', () => {
  const late = access('2026-03-01T14:00:00Z');
  assert.deepEqual(reasons(unusual([...days(10), late]), late), ['hours']);
  assert.deepEqual(reasons(unusual([...days(9), late]), late), []);
  const edge = access('2026-03-01T12:00:00Z');
  assert.deepEqual(reasons(unusual([...days(10), edge]), edge), []);
  const early = access('2026-03-01T07:59:00Z');
  assert.deepEqual(reasons(unusual([...days(10), early]), early), ['hours']);
  const other = access('2026-03-01T14:00:00Z', { system: 'Other' });
  assert.ok(!reasons(unusual([...days(10), other]), other).includes('hours'));
});

test('what came later says nothing about what is usual', () => {
  const late = access('2025-12-31T14:00:00Z');
  assert.deepEqual(reasons(unusual([...days(10), late]), late), []);
});

test('first time needs a list that goes back', () => {
  const old = days(5);
  const first = access('2026-02-20T10:00:00Z', { system: 'Nyt' });
  const second = access('2026-02-21T10:00:00Z', { system: 'Nyt' });
  const found = unusual([...old, first, second]);
  assert.deepEqual([reasons(found, first), reasons(found, second)], [['first'], []]);
  assert.deepEqual(reasons(unusual([...old.slice(0, 4), first]), first), [], 'four before');
  const soon = access('2026-01-30T10:00:00Z', { system: 'Nyt' });
  assert.deepEqual(reasons(unusual([...old, soon]), soon), [], 'a list of under 30 days');
});

test('many in a day are ten, and over three times the usual', () => {
  const day = (count, date) => Array.from({ length: count }, (_, n) => access(`2026-06-${date}T10:${10 + n}:00Z`));
  const ten = day(10, '10');
  assert.deepEqual(unusual([...days(3), ...ten]).get(ten[0].index), [{ rule: 'many', count: 10 }]);
  const nine = day(9, '10');
  assert.equal(unusual([...days(3), ...nine]).has(nine[0].index), false);
  const often = [...day(4, '11'), ...day(4, '12'), ...day(4, '13'), ...day(12, '14')];
  assert.equal(unusual(often).has(often[15].index), false, 'twelve are three times four, not more');
  const alone = day(10, '15');
  assert.equal(unusual(alone).get(alone[0].index)[0].rule, 'many', 'a system that was seen on one day alone has no usual');
});

test('consents', () => {
  const one = access('2026-05-10T10:00:00Z', { consent: 'c', time: '2026-05-10T10:00:00Z' });
  const said = (time, more) => access(time, { time, consent_record: { id: 'c', to: ['cvr:1'], ...more } });
  const state = (...list) => consentState(one, consentsOf(list, []));
  const withdrawn = (time) => said(time, { to: undefined, withdrawn: true });
  const given = said('2026-01-01T00:00:00Z');
  assert.equal(consentState(access('2026-05-10T10:00:00Z'), consentsOf([given], [])), null);
  assert.equal(state(), 'unchecked');
  assert.equal(consentState(one, consentsOf([], [{ policy: ['consents'] }])), 'unknown');
  assert.equal(state(given), 'covered');
  assert.equal(state(given, withdrawn(one.time)), 'withdrawn');
  assert.equal(state(given, withdrawn('2026-05-10T10:00:01Z')), 'covered');
  assert.equal(state(said('2026-01-01T00:00:00Z', { until: one.time })), 'withdrawn');
  assert.equal(state(said('2026-05-10T10:00:01Z')), 'unknown');
  assert.equal(state(said('2026-01-01T00:00:00Z', { purposes: ['Sagsbehandling'] })), 'covered');
  assert.equal(state(said('2026-01-01T00:00:00Z', { to: ['cvr:2'] })), 'outside');
  assert.equal(state(given, said('2026-06-01T00:00:00Z', { to: ['cvr:2'] })), 'covered', 'by what was in force then');
  assert.equal(state(said('2026-06-01T00:00:00Z'), said('2026-01-01T00:00:00Z', { to: ['cvr:2'] })), 'outside', 'whenever it was reported');
  assert.equal(state(said('2026-01-01T00:00:00Z', { purposes: ['Forskning'] })), 'outside');
  assert.equal(state(said('2026-01-01T00:00:00Z', { categories: ['Skat'] })), 'outside', 'an access that names no kinds of data is not of these');
  assert.deepEqual(reasons(unusual([one], () => 'withdrawn'), one), ['withdrawn']);
});

test('consents are judged as every reader does (EVT-22)', () => {
  const STATES = { ended: 'withdrawn', other: 'outside' };
  const folder = new URL('../../../tests/vectors/consent/', import.meta.url);
  for (const name of readdirSync(folder)) {
    const { list, index, state } = JSON.parse(readFileSync(new URL(name, folder)));
    const events = list.map((event) => ({ org: { id: 'cvr:9', name: 'Register' }, ...event, at: Date.parse(event.time) }));
    const found = consentState(events.find((event) => event.index === index), consentsOf(events.filter((event) => event.consent_record), [{ policy: ['consents'] }]));
    assert.equal(found, state === null ? null : STATES[state] ?? state, name);
  }
});

test('an answer is the asked organisation\'s, after the report, and the first (EVT-19)', () => {
  const org = { id: 'cvr:1', name: 'A' };
  const report = { index: 5, reported: 500, org: { id: 'cvr:9', name: 'Indsigt' }, report: { id: 'r', index: 3, org: 'cvr:1', text: 'x' } };
  const answer = (index, more = {}) => ({ index, reported: index * 100, org, answer: { report: 'r', text: `svar ${index}` }, ...more });
  const told = (...acts) => reportsOf([report, ...acts]).get(3).answer?.text ?? null;
  assert.equal(told(answer(8), answer(7)), 'svar 7');
  assert.equal(told(answer(4), answer(9)), 'svar 9', 'none comes before it');
  assert.equal(told(answer(7, { org: { id: 'cvr:2', name: 'B' } })), null, 'nobody else answers');
  assert.equal(told(answer(7, { answer: { report: 'q', text: 'x' } })), null, 'it names the report');
});

test('who reads in somebody\'s place names a grant, and is no member of staff', () => {
  const read = access('2026-05-10T23:00:00Z', { system: 'Indsigt', consent: 'fuldmagt-7' });
  assert.equal(consentState(read, new Map()), null);
  assert.deepEqual(reasons(unusual([read]), read), []);
});

test('every rule has its words in both languages', () => {
  for (const { name } of RULES) for (const words of [da, en]) assert.equal(typeof words.reasons[name], 'function', name);
});

test('filters', () => {
  const list = [access('2026-05-01T10:00:00Z', { categories: ['Helbred'], activity: 'Åbning af sag' }), access('2026-05-02T22:30:00Z', { org: { id: 'cvr:2', name: 'Skat' }, purpose: 'Kontrol' }),
    { index: next++, erased: true, at: Date.parse('2026-05-03'), when: local(Date.parse('2026-05-03')) }];
  const count = (filters, worth) => list.filter(matcher(filters, worth)).length;
  assert.equal(count({}), 3);
  assert.equal(count({ from: '2026-05-02' }), 2);
  assert.equal(count({ to: '2026-05-02' }), 1, 'the day of 2026-05-03 00:30 in Denmark');
  assert.equal(count({ org: 'cvr:2' }), 1);
  assert.equal(count({ purpose: 'Kontrol' }), 1);
  assert.equal(count({ category: 'Helbred' }), 1);
  assert.equal(count({ text: 'åbning SAG' }), 1);
  assert.equal(count({ text: 'nothing' }), 0);
  assert.equal(count({ worth: '1' }, new Map([[list[0].index, []]])), 1);
  assert.equal(count({ from: 'rubbish' }), 3);
});

test('repeats of a day are together, days are apart', () => {
  const list = [access('2026-05-01T10:00:00Z'), access('2026-05-01T11:00:00Z'), access('2026-05-01T11:30:00Z', { activity: 'Andet' }), access('2026-05-02T10:00:00Z')];
  const made = byDay(list);
  assert.deepEqual(made.map((day) => [day.day, day.groups.map((group) => group.length)]), [['2026-05-02', [1]], ['2026-05-01', [1, 2]]]);
  assert.deepEqual(choices(list, orgs), [{ value: 'cvr:1', name: 'Aarhus Kommune', count: 4 }]);
});

test('bars cover their days, each access once', () => {
  for (const length of [1, 7, 30, 90, 365, 1000]) {
    const to = dayNumber('2026-06-30');
    const from = to - length + 1;
    const list = Array.from({ length }, (_, n) => access(`${dayOf(from + n)}T10:00:00Z`));
    const { bars: made } = bars(list, from, to);
    assert.equal(made.reduce((sum, bar) => sum + bar.count, 0), length);
    assert.equal(made.at(-1).to, to);
    assert.ok(made.length <= 46, String(made.length));
  }
});

test('Danish time is what Intl says', () => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Copenhagen', dateStyle: 'short', timeStyle: 'short' });
  for (let ms = Date.parse('1996-01-01'); ms < Date.parse('2040-01-01'); ms += 5 * 3_600_000 + 7 * 60_000) {
    const there = local(ms);
    assert.equal(`${there.day} ${String(there.hour).padStart(2, '0')}:${String(there.minute).padStart(2, '0')}`, format.format(ms));
  }
});

test('the address bar', () => {
  const hash = write('accesses', '', { text: 'æ & ø', org: 'cvr:1', from: '' });
  assert.deepEqual(read(hash), { view: 'accesses', argument: '', parameters: { text: 'æ & ø', org: 'cvr:1' } });
  assert.deepEqual(read('#/access/12'), { view: 'access', argument: '12', parameters: {} });
  assert.deepEqual(read('#/%zz'), { view: '', argument: '', parameters: {} });
});

/** The same names at every depth, each of the same kind. */
function shape(words, path = '') {
  if (Array.isArray(words)) return [`${path}[${words.length}]`];
  if (typeof words !== 'object') return [`${path}:${typeof words}`];
  return Object.entries(words).flatMap(([name, value]) => shape(value, `${path}.${name}`));
}

test('both languages say the same', () => {
  assert.deepEqual(shape(en), shape(da));
});

test('how long people waited is said where it is certain', () => {
  assert.equal(middle([30, 10, null]), 0);
  assert.equal(middle([20, null, null]), 0);
  assert.equal(middle([10, null, null]), null, 'nine and nine may stand behind the two nulls');
  assert.equal(middle([20, 10, 0]), null);
  assert.equal(middle([null, 20, 40]), 2);
  const made = quarters({ quarters: ['2026-04-01T00:00:00Z', '2026-07-01T00:00:00Z'], sums: [[20, 0, 0], [0, 0, 10]],
    organisations: [{ org: 'cvr:1', name: 'A', people: [[20, null, null], [null, null, null]] }, { org: 'cvr:2', people: [[null, null, null], [null, null, 10]] }] });
  assert.deepEqual(made.map(({ number, year, rows }) => [number, year, rows.map(({ name, middle: half }) => `${name} ${half}`)]), [[3, 2026, ['cvr:2 null']], [2, 2026, ['A 0']]]);
});

test('a stream is read in whatever pieces it comes', () => {
  const text = ': hello\nretry: 250\n\nevent: access\nid: 12\ndata: {"a":\ndata: 1}\n\r\nevent: reset\nid: 40\ndata:\n\nevent: access\nid: 41\ndata: half';
  for (let size = 1; size < text.length; size += 1) {
    const lines = new Lines();
    const made = [];
    for (let at = 0; at < text.length; at += size) made.push(...lines.put(text.slice(at, at + size)));
    assert.deepEqual(made, [{ type: 'access', data: '{"a":\n1}', id: '12' }, { type: 'reset', data: '', id: '40' }]);
    assert.equal(lines.retry, 250);
  }
});

/** Answers one after the other: a text is a stream, an error is thrown; what was asked is kept. */
async function followed(answers, last = 6) {
  const asked = [];
  const told = [];
  const waits = [];
  const stop = new AbortController();
  const api = { ask: async (path, { headers }) => {
    asked.push(headers['Last-Event-ID']);
    const next = answers.shift();
    if (next === undefined) stop.abort();
    if (next === undefined || next instanceof Error) throw next ?? new ApiError('offline');
    return next instanceof Response ? next : new Response(next, { headers: { 'Content-Type': 'text/event-stream' } });
  } };
  await follow(api, { last, signal: stop.signal, told: async (events) => void told.push(...events.map(({ type }) => type)), pause: async (ms) => void waits.push(ms) });
  return { asked, told, waits };
}

test('a stream that never ends an event is let go of, however it comes', () => {
  for (const piece of ['x'.repeat(65_536), 'data: x\n'.repeat(8192)]) {
    const lines = new Lines();
    assert.throws(() => { for (let n = 0; n < 100; n += 1) lines.put(piece); }, { kind: 'garbled' });
  }
  const lines = new Lines();
  for (let n = 0; n < 100; n += 1) lines.put(`: ${'x'.repeat(65_536)}\n\n`);
});

test('nothing that a ledger says has it asked without a pause, or never again', async () => {
  const waits = (await followed(['retry: 0\n\n', 'retry: 99999999999999999999\n\n', new ApiError('busy', 503, 1e12), new ApiError('busy', 503, -5)])).waits;
  assert.ok(waits.length === 4 && waits.every((ms) => ms >= 1000 && ms <= 60_000), String(waits));
});

test('it goes on behind the last event, and gives up in silence where it is refused', async () => {
  const one = 'event: access\nid: 9\ndata: {}\n\n';
  assert.deepEqual(await followed([one, new ApiError('busy', 503, 5), new ApiError('offline')]), { asked: ['6', '9', '9', '9'], told: ['access'], waits: [2000, 5000, 8000] });
  assert.deepEqual(await followed([new ApiError('refused', 403)]), { asked: ['6'], told: [], waits: [] });
  assert.deepEqual(await followed([new Response('{}', { headers: { 'Content-Type': 'application/json' } })]), { asked: ['6'], told: [], waits: [] });
  assert.deepEqual(await followed(['event: end\ndata: token\n\n']), { asked: ['6'], told: ['end'], waits: [] });
  assert.deepEqual(await followed([], -1), { asked: [undefined], told: [], waits: [] });
});

test('an answer that is read no further is let go of', async () => {
  let ended = false;
  const stop = new AbortController();
  const stream = new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode('event: access\nid: 9\ndata: {\n\n')), cancel: () => { ended = true; } });
  const api = { ask: async () => new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } }) };
  await follow(api, { last: 6, signal: stop.signal, told: async () => { throw new SyntaxError('x'); }, pause: async () => stop.abort() });
  await new Promise((go) => setTimeout(go, 0));
  assert.equal(ended, true);
});

test('a day that something holds until is a whole Danish day', () => {
  const ends = { '2026-12-31': '2026-12-31T22:59:59Z', '2026-07-01': '2026-07-01T21:59:59Z', '2026-03-29': '2026-03-29T21:59:59Z', '2026-10-25': '2026-10-25T22:59:59Z' };
  for (const [day, end] of Object.entries(ends)) {
    assert.equal(endOf(day), end);
    assert.deepEqual([local(Date.parse(end)).day, local(Date.parse(end) + 1000).day], [day, dayOf(dayNumber(day) + 1)]);
  }
});

test('what could not be put on record was not shown, or not done', async () => {
  const before = [globalThis.fetch, globalThis.location];
  globalThis.location = { href: 'https://log.example/' };
  globalThis.fetch = async () => new Response('{"error":"unrecorded"}', { status: 503 });
  const api = new Api({}, { token: 't' });
  await assert.rejects(api.json('v1/accesses'), { kind: 'unrecorded' });
  await assert.rejects(api.json('v1/reports', { method: 'POST', body: {} }), { kind: 'unwritten' });
  [globalThis.fetch, globalThis.location] = before;
  for (const words of [da, en]) assert.ok(words.errors.unwritten && words.errors.unwritten !== words.errors.unrecorded);
});
