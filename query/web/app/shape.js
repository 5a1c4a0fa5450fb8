// What an answer has to look like before anything of it is shown (spec/http.md, spec/event.md). Whoever answers may be broken,
// or mean it no good; the page shows what it understands whole, and says of anything else that it could not be read.
//
// A shape is a function of a value that says whether it holds. Members that are not named are let be: a newer ledger may say more.
import { ApiError } from './api.js';

const TEXT_MAX = 1024;
const LIST_MAX = 64;
const TIME_MAX_MS = 9_223_372_035_000; // EVT-4

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

export const text = (value) => typeof value === 'string' && value.length <= TEXT_MAX;
export const flag = (value) => typeof value === 'boolean';
export const count = (value) => Number.isSafeInteger(value) && value >= 0;
export const time = (value) => typeof value === 'string' && TIME.test(value) && Date.parse(value) >= 0 && Date.parse(value) <= TIME_MAX_MS;
const absent = (value) => value === undefined;
export const maybe = (holds) => (value) => value === undefined || holds(value);
export const orNull = (holds) => (value) => value === undefined || value === null || holds(value);
export const oneOf = (...words) => (value) => words.includes(value);
export const list = (holds, most = LIST_MAX) => (value) => Array.isArray(value) && value.length <= most && value.every(holds);
export const group = (members) => (value) => typeof value === 'object' && value !== null && !Array.isArray(value) &&
  Object.entries(members).every(([name, holds]) => holds(value[name]));

/** The value, or an ApiError: it could not be read. */
export function shaped(holds, value) {
  if (!holds(value)) throw new ApiError('garbled');
  return value;
}

const sender = group({ id: count, org: text, name: text });
const texts = maybe(list(text));
const words = maybe(text);

const open = group({ index: count, ledger_time: time, sender, erased: absent, words: absent, time, end_time: maybe(time), action: oneOf('create', 'read', 'update', 'delete', 'execute', 'search', 'export', 'print', 'disclose'),
  outcome: oneOf('ok', 'denied', 'failed'), org: group({ id: text, name: text }), system: text, activity: text, purpose: text, actor: group({ kind: oneOf('human', 'system', 'ai'), id: words, name: words, role: text }),
  custodian: words, recipient: words, reason: words, legal_basis: words, processing_activity: words, on_behalf_of: maybe(group({ id: words, name: words, role: words })),
  ai: maybe(group({ system: words, version: words, sources: texts, reviewed_by: words })), consent: words, categories: texts, objects: texts, emergency: maybe(flag), session: words, trace: words, access_point: words,
  source: maybe(group({ format: words, sha256: words })), id: words, retention: words, grant: maybe(group({ id: text, kind: oneOf('parental', 'attorney'), to: words, from: words, name: words, until: maybe(time), revoked: maybe(flag) })),
  report: maybe(group({ id: text, index: count, org: text, text: words, by: words })), answer: maybe(group({ report: text, text })),
  consent_record: maybe(group({ id: text, to: texts, purposes: texts, categories: texts, until: maybe(time), withdrawn: maybe(flag) })) });

const ERASED = ['index', 'ledger_time', 'sender', 'proof', 'erased'];
const erased = group({ index: count, ledger_time: time, sender, erased: oneOf(true) });
const access = (value) => (value?.erased === undefined ? open(value) : erased(value) && Object.keys(value).every((name) => ERASED.includes(name)));

const held = group({ index: count, ledger_time: time, until: time, basis: words });
const lost = group({ events: count, ranges: (value) => Array.isArray(value) && value.length > 0 && value.every(group({ from: time, to: time })) });
const witnessing = group({ witnesses: list(group({ name: text, state: text }), 256) });
const short = { counts: group({ active: count, silent: count }), lost: orNull(lost), witnessing: orNull(witnessing), silent_after_seconds: maybe(count) };

/** A first page of accesses, and one behind a cursor, of which `most` were asked for. */
export const firstPage = (most) => group({ subject: text, accesses: list(access, most), withheld: group({ events: list(held, most) }), complete_until: time, checkpoint: (value) => typeof value === 'string',
  cursor: orNull((value) => typeof value === 'string'), coverage: group(short) });
export const nextPage = (most) => group({ subject: text, accesses: list(access, most), withheld: group({ events: list(held, most) }), cursor: orNull((value) => typeof value === 'string') });

export const wholeCoverage = group({ ...short, counts: orNull(short.counts), senders: list(group({ id: count, name: text, org: words, status: text, events: count, silent: flag, compromised: flag, endorsed: maybe(flag),
  since: time, last_received: orNull(time), policy: maybe(list(text, 256)) }), 65_536) });

export const mandates = group({ mandates: list(group({ principal: text, kind: oneOf('parental', 'attorney'), name: orNull(text), until: orNull(time) })) });

const few = orNull(count);
const along = (value, holds, length) => Array.isArray(value) && value.length === length && value.every(holds);
const isAccesses = (value) => group({ rule: group({ base: count, days: count }), days: list(time, 366), sums: list(few, 366), organisations: list(group({ org: text, name: text, events: list(few, 366) }), 65_536) })(value) &&
  along(value.sums, few, value.days.length) && value.organisations.every((one) => one.events.length === value.days.length);
const isReports = (value) => group({ rule: group({ days: list(count) }), quarters: list(time), sums: list(list(few)), organisations: list(group({ org: text, name: orNull(text), people: list(list(few)) }), 65_536) })(value) &&
  [value.sums, ...value.organisations.map((one) => one.people)].every((people) => along(people, (three) => three.length === value.rule.days.length + 1, value.quarters.length));
export const numbers = group({ origin: text, checkpoint: (value) => typeof value === 'string' && count(Number(value.split('\n')[1])), accesses: isAccesses, reports: orNull(isReports), coverage: group({ ...short, as_of: time }) });

export const wishes = group({ wishes: group({ on: flag, when: maybe(oneOf('at-once', 'daily', 'weekly')), hour: maybe(count), weekday: maybe(count), quiet: orNull(group({ from: text, to: text })) }), stopped: orNull(flag) });
