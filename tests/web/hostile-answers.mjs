// What a ledger should not answer, for hostile.mjs.
const DAY = 86_400_000;
const at = (days) => new Date(Math.floor((Date.now() - days * DAY) / 1000) * 1000).toISOString().replace('.000', '');

export const HTML = '<img src=x onerror="globalThis.ran=1"><b>&lt;</b><script>globalThis.ran=1</script>';
export const DIRECTION = '\u202Etxet\u202C \u2067x\u2069 \u200F\u061C';

export function access(index, more = {}) {
  return { index, ledger_time: at(2), sender: { id: 1, org: 'cvr:1', name: 'Aarhus Kommune' }, time: at(2), action: 'read', outcome: 'ok', org: { id: 'cvr:1', name: 'Aarhus Kommune' }, system: 'KSD',
    activity: `Opslag nr. ${index}`, purpose: 'Sagsbehandling', actor: { kind: 'human', role: 'Sagsbehandler' }, proof: {}, ...more };
}

const coverage = { counts: { senders: 1, active: 1, compromised: 0, silent: 0 }, witnessing: null, lost: null, silent_after_seconds: 86_400, as_of: at(0), hash: 'x' };

export function page(accesses, size = 10) {
  return { subject: 'cpr:0101701234', accesses, withheld: { count: 0, events: [] }, complete_until: at(0), coverage, origin: 'log.example', checkpoint: `log.example\n${size}\nAAAA\n\n— log.example AAAA\n` };
}

/** A ledger that does no harm. */
export function answers() {
  const days = Array.from({ length: 3 }, (_, n) => at(3 - n));
  return {
    '/v1/accesses': page([access(7), access(5)]),
    '/v1/mandates': { mandates: [] },
    '/v1/coverage': { ...coverage, senders: [] },
    '/v1/numbers': { origin: 'log.example', checkpoint: page([]).checkpoint, coverage, reports: null, accesses: { rule: { base: 10, days: 31 }, days, sums: [10, 0, 20], organisations: [{ org: 'cvr:1', name: 'Aarhus Kommune', events: [10, null, 20] }] } },
    '/v1/notifications': { wishes: { on: false }, stopped: false, waiting: false },
  };
}

const without = (name) => {
  const one = access(7);
  delete one[name];
  return page([one]);
};
const withheld = (one) => ({ ...page([access(7)]), withheld: { count: 1, events: [one] } });
const held = (index, more = {}) => ({ index, until: at(-9), basis: 'x', ledger_time: at(1), proof: {}, ...more });

const json = (response, value) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

export const lists = {
  'no JSON': 'nothing',
  'null': (request, response) => json(response, null),
  'a number': (request, response) => json(response, 7),
  'a list of nothing': [],
  'an empty object': {},
  'accesses are none': { ...page([]), accesses: null },
  'accesses are an object': { ...page([]), accesses: { length: 3 } },
  'nothing is said of what is withheld': { ...page([access(7)]), withheld: undefined },
  'withheld ones are a text': { ...page([access(7)]), withheld: { count: 1, events: 'x' } },
  'no checkpoint': { ...page([access(7)]), checkpoint: undefined },
  'a checkpoint without a size': { ...page([access(7)]), checkpoint: 'x\ny\n' },
  'no coverage': { ...page([access(7)]), coverage: null },
  'losses that are none': { ...page([access(7)]), coverage: { ...coverage, lost: { events: 'x', ranges: [] } } },
  'a whole time that is none': { ...page([access(7)]), complete_until: 'yesterday' },
  'an access that is null': page([null]),
  'an access that is a text': page(['access']),
  ...Object.fromEntries(['index', 'time', 'ledger_time', 'org', 'actor', 'system', 'activity', 'purpose', 'action', 'outcome', 'sender'].map((name) => [`an access without ${name}`, without(name)])),
  ...Object.fromEntries(['time', 'ledger_time', 'org', 'actor', 'system', 'activity', 'purpose', 'action', 'outcome', 'categories', 'objects', 'ai', 'consent', 'reason', 'report', 'answer', 'consent_record', 'grant', 'end_time', 'on_behalf_of', 'retention', 'source', 'emergency', 'session']
    .map((name) => [`an access whose ${name} is a number`, page([access(7, { [name]: 7 })])])),
  'an action that is not in the table': page([access(7, { action: 'constructor' })]),
  'an actor of no kind': page([access(7, { actor: { kind: '__proto__', role: 'x' } })]),
  'a text of ten thousand': page([access(7, { activity: 'x'.repeat(10_000) })]),
  'a thousand categories': page([access(7, { categories: Array(1000).fill('x') })]),
  'a time before there were any': page([access(7, { time: '0001-01-01T00:00:00Z' })]),
  'a time past all': page([access(7, { time: '+275000-01-01T00:00:00Z' })]),
  'an index that is a text': page([access('7')]),
  'an index of half': page([access(7.5)]),
  'an index below none': page([access(-1)]),
  'an index the log does not have yet': page([access(10)]),
  'one index twice': page([access(7), access(7, { activity: 'Et andet' })]),
  'one index shown and withheld': withheld(held(7)),
  'withheld until no time': withheld(held(6, { until: 'later' })),
  'accesses that do not come newest first': page([access(5), access(7)]),
  'an erased one with more to say': page([access(7, { erased: true })]),
  'an access with words of its own': page([access(7, { words: 'nothing' })]),
  'more than was asked for': page(Array.from({ length: 5000 }, (_, n) => access(9999 - n)), 10_000),
  'the same page again and again': (request, response) => json(response, { ...page([access(7)]), cursor: 'again' }),
  'pages with nothing, without end': (request, response) => json(response, { ...page([]), cursor: `${Math.random()}` }),
  'a page about somebody else in the middle': (request, response, url) => json(response, url.searchParams.has('cursor') ? { ...page([access(3)]), subject: 'cpr:0202701238' } : { ...page([access(7)]), cursor: 'x' }),
  'a cursor that is none': { ...page([access(7)]), cursor: { toString: 'x' } },
};
