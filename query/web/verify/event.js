// spec/event.md: header and parts of an event as they were committed to, and the commitment.

import { Cursor, textOrRefuse, utf8 } from './bytes.js';
import { readMap } from './cbor.js';
import { sha256 } from './hash.js';
import { Refused, need } from './refused.js';
import { isOrganisation, isPerson, isSubject, listOf, saysNothing } from './subject.js';
import { nanosecondsText, SECONDS_MAX, timeText } from './time.js';

const PARTS_BYTES_MAX = 16384;
const LIST_MAX = 64;
const BASIS_BYTES_MAX = 64;
const RETENTION_DEFAULT = 5;
const COUNT_MAX = 2n ** 53n - 1n;
const TIME_MAX = 2n ** 63n - 1n;
const CONTROL = /[\u0000-\u001f\u007f]/;

const ACTIONS = ['create', 'read', 'update', 'delete', 'execute', 'search', 'export', 'print', 'disclose'];
const OUTCOMES = ['ok', 'denied', 'failed'];
const KINDS = ['human', 'system', 'ai'];
const GRANTS = ['parental', 'attorney'];

const REQUIRED = 1;
const ALWAYS = 2; // always disclosed

// number, name in JSON, type, limit or list of words, flags
const TABLE = [
  [1, 'subject', 'text', 255, ALWAYS],
  [2, 'subjects', 'count', null, ALWAYS],
  [3, 'time', 'time', null, REQUIRED | ALWAYS],
  [4, 'end_time', 'time'],
  [5, 'action', 'word', ACTIONS, REQUIRED | ALWAYS],
  [6, 'outcome', 'word', OUTCOMES, REQUIRED],
  [7, 'org.id', 'text', 128, REQUIRED | ALWAYS],
  [8, 'org.name', 'text', 255, REQUIRED | ALWAYS],
  [9, 'system', 'text', 1024, REQUIRED],
  [10, 'activity', 'text', 1024, REQUIRED],
  [11, 'purpose', 'text', 1024, REQUIRED],
  [12, 'actor.kind', 'word', KINDS, REQUIRED | ALWAYS],
  [13, 'actor.id', 'text', 1024],
  [14, 'actor.name', 'text', 1024],
  [15, 'actor.role', 'text', 1024, REQUIRED],
  [16, 'custodian', 'text', 1024],
  [17, 'recipient', 'text', 1024],
  [18, 'reason', 'text', 1024],
  [19, 'legal_basis', 'text', 1024],
  [20, 'processing_activity', 'text', 1024],
  [21, 'on_behalf_of.id', 'text', 1024],
  [22, 'on_behalf_of.name', 'text', 1024],
  [23, 'on_behalf_of.role', 'text', 1024],
  [24, 'ai.system', 'text', 1024],
  [25, 'ai.version', 'text', 1024],
  [26, 'ai.sources', 'list', 1024],
  [27, 'ai.reviewed_by', 'text', 1024],
  [28, 'consent', 'text', 1024],
  [29, 'categories', 'list', 1024],
  [30, 'objects', 'list', 1024],
  [31, 'emergency', 'boolean'],
  [32, 'session', 'text', 1024],
  [33, 'trace', 'text', 1024],
  [34, 'access_point', 'text', 1024],
  [35, 'source.format', 'text', 1024],
  [36, 'source.sha256', 'text', 64],
  [37, 'id', 'text', 1024],
  [38, 'grant.id', 'text', 128, ALWAYS],
  [39, 'grant.kind', 'word', GRANTS, ALWAYS],
  [40, 'grant.to', 'text', 255, ALWAYS],
  [41, 'grant.until', 'time', null, ALWAYS],
  [42, 'grant.revoked', 'boolean', null, ALWAYS],
  [43, 'grant.from', 'text', 255, ALWAYS],
  [44, 'grant.name', 'text', 255, ALWAYS],
  [45, 'report.id', 'text', 128, ALWAYS],
  [46, 'report.index', 'count', null, ALWAYS],
  [47, 'report.org', 'text', 128, ALWAYS],
  [48, 'report.text', 'text', 1024, ALWAYS],
  [49, 'report.by', 'text', 255, ALWAYS],
  [50, 'answer.report', 'text', 128, ALWAYS],
  [51, 'answer.text', 'text', 1024, ALWAYS],
  [52, 'consent_record.id', 'text', 1024, ALWAYS],
  [53, 'consent_record.to', 'list', 1024, ALWAYS],
  [54, 'consent_record.purposes', 'list', 1024, ALWAYS],
  [55, 'consent_record.categories', 'list', 1024, ALWAYS],
  [56, 'consent_record.until', 'time', null, ALWAYS],
  [57, 'consent_record.withdrawn', 'boolean', null, ALWAYS],
];

const FIELDS = new Map(
  TABLE.map(([number, name, type, of = null, flags = 0]) => [number, { number, name, type, of, flags }]),
);

export function isAlwaysDisclosed(number) {
  return (FIELDS.get(number).flags & ALWAYS) !== 0;
}

export function isField(number) {
  return FIELDS.has(number);
}

// ---- values ----

function checkText(field, value) {
  need(typeof value === 'string', 'EVT-3', `${field.name} is no text`);
  need(
    value !== '' && utf8(value).length <= field.of && !CONTROL.test(value),
    'EVT-6',
    `${field.name} is empty, longer than ${field.of} bytes, or holds a control character`,
  );
  need(!saysNothing(value), 'EVT-13', `${field.name} says nothing`);
  return value;
}

function checkNumber(field, value, most, rule) {
  need(typeof value === 'bigint', 'EVT-3', `${field.name} is no number`);
  need(value <= most, rule, `${field.name} is larger than can be`);
  return value;
}

// The value as JSON has it.
function readValue(field, value) {
  switch (field.type) {
    case 'text':
      return checkText(field, value);
    case 'count':
      return Number(checkNumber(field, value, COUNT_MAX, 'EVT-6'));
    case 'time':
      return nanosecondsText(checkNumber(field, value, TIME_MAX, 'EVT-4'));
    case 'word':
      return field.of[checkNumber(field, value, BigInt(field.of.length - 1), 'EVT-6')];
    case 'boolean':
      need(typeof value === 'boolean', 'EVT-3', `${field.name} is no boolean`);
      return value;
    case 'list':
      need(Array.isArray(value), 'EVT-3', `${field.name} is no list`);
      need(value.length >= 1 && value.length <= LIST_MAX, 'EVT-6', `${field.name} has no element, or more than 64`);
      return value.map((element) => checkText(field, element));
    default:
      throw new Error(field.type);
  }
}

function checkSubject(values) {
  const subject = values.get('subject');
  need(subject === undefined || isSubject(subject), 'EVT-5', 'subject is not in its canonical form');
  need(subject === undefined || !values.has('subjects'), 'EVT-2', 'subject and subjects are both there');
}

// What an event does beside telling of an access: where it stands, what it must have. EVT-15, EVT-18 to EVT-21, EVT-23
const ACTS = {
  grant: { rule: 'EVT-15', lists: ['grants'], group: 'grant', needed: ['grant.id', 'grant.kind', 'grant.to'] },
  mandate: { rule: 'EVT-23', lists: ['mandates'], group: 'grant', needed: ['grant.id', 'grant.kind', 'grant.from'] },
  report: {
    rule: 'EVT-18',
    lists: ['', 'reports'],
    group: 'report',
    needed: ['report.id', 'report.index', 'report.org'],
  },
  answer: { rule: 'EVT-19', lists: [''], group: 'answer', needed: ['answer.report', 'answer.text'] },
  consent: { rule: 'EVT-20', lists: [''], group: 'consent_record', needed: ['consent_record.id'] },
};
const GROUPS = ['grant', 'report', 'answer', 'consent_record'];

const groupsIn = (values) => GROUPS.filter((group) => [...values.keys()].some((name) => name.startsWith(`${group}.`)));

function actOf(values, list) {
  const [group] = groupsIn(values);
  if (group === 'grant') return list === 'mandates' ? 'mandate' : 'grant';
  return { report: 'report', answer: 'answer', consent_record: 'consent' }[group];
}

function checkEnd(values, raw, name, number, rule) {
  need(!values.has(name) || !values.has('time') || raw.get(number) > raw.get(3), rule, `${name} is not after time`);
}

function checkGrant(values, raw, whose, rule, other, wrong) {
  need(!values.has(wrong), rule, `${wrong} stands in the other list`);
  need(isPerson(values.get(other)) && values.get(other) !== whose, rule, `${other} is no other person`);
  need(
    !values.has('grant.revoked') || (values.get('grant.revoked') && !values.has('grant.until')),
    rule,
    'grant.revoked is false, or stands beside grant.until',
  );
  checkEnd(values, raw, 'grant.until', 41, rule);
}

function checkReport(values, list, whose) {
  const copy = list === 'reports';
  need(isOrganisation(values.get('report.org')), 'EVT-18', 'report.org is no SCHEME:ID');
  need(
    values.has('report.by') === copy,
    'EVT-18',
    'report.by stands outside of a list of reports, or is missing in one',
  );
  need(
    !copy || (values.get('report.org') === whose && isPerson(values.get('report.by'))),
    'EVT-18',
    'report.org or report.by is not of this list',
  );
}

function checkConsent(values, raw) {
  const withdrawn = values.has('consent_record.withdrawn');
  const rest = ['to', 'purposes', 'categories', 'until'].some((name) => values.has(`consent_record.${name}`));
  need(
    !withdrawn || (values.get('consent_record.withdrawn') && !rest),
    'EVT-20',
    'a withdrawal that is false, or says more',
  );
  need(withdrawn || values.has('consent_record.to'), 'EVT-20', 'a consent to nobody');
  checkEnd(values, raw, 'consent_record.until', 56, 'EVT-20');
}

function checkAct(values, raw) {
  const { list, whose } = listOf(values.get('subject') ?? '');
  const act = actOf(values, list);
  if (act === undefined) {
    need(
      list === '',
      list === 'grants' ? 'EVT-15' : list === 'mandates' ? 'EVT-23' : 'EVT-18',
      'something else in a list of grants, mandates or reports',
    );
    return;
  }
  const { rule, lists, needed } = ACTS[act];
  need(lists.includes(list) && !values.has('subjects'), rule, `a ${act} in a list that is none of its own`);
  need(
    needed.every((name) => values.has(name)),
    rule,
    `a ${act} lacks one of its members`,
  );
  need(groupsIn(values).length === 1, 'EVT-21', 'two acts in one event');
  if (act === 'grant') checkGrant(values, raw, whose, rule, 'grant.to', 'grant.from');
  else if (act === 'mandate') checkGrant(values, raw, whose, rule, 'grant.from', 'grant.to');
  else if (act === 'report') checkReport(values, list, whose);
  else if (act === 'consent') checkConsent(values, raw);
}

function checkTogether(values, raw) {
  checkSubject(values);
  checkAct(values, raw);
  need(!values.has('org.id') || isOrganisation(values.get('org.id')), 'EVT-12', 'org.id is no SCHEME:ID');
  need(
    !values.has('source.sha256') || /^[0-9a-f]{64}$/.test(values.get('source.sha256')),
    'EVT-6',
    'source.sha256 is not 64 lower-case hexadecimal digits',
  );
  need(!values.has('end_time') || !values.has('time') || raw.get(4) >= raw.get(3), 'EVT-6', 'end_time is before time');
}

function checkWhole(values) {
  const missing = TABLE.find(([, name, , , flags]) => (flags & REQUIRED) !== 0 && !values.has(name));
  need(missing === undefined, 'EVT-2', `${missing?.[1]} is missing`);
  need(values.has('subject') || values.has('subjects'), 'EVT-2', 'neither subject nor subjects is there');
}

function readPart(bytes, values, raw) {
  for (const [number, value] of readMap(bytes, 'EVT-3')) {
    const field = FIELDS.get(Number(number));
    if (field === undefined) {
      throw new Refused('EVT-2', 'a part has a field that the table does not have');
    }
    need(!values.has(field.name), 'EVT-7', `${field.name} stands in both parts`);
    raw.set(field.number, value);
    values.set(field.name, readValue(field, value));
  }
}

// Members of an event in JSON: a name with a dot is a member of a group.
function asJson(values) {
  const event = {};
  for (const [, name] of TABLE.filter(([, name]) => values.has(name))) {
    const [group, member] = name.split('.');
    if (member === undefined) {
      event[group] = values.get(name);
    } else {
      (event[group] ??= {})[member] = values.get(name);
    }
  }
  return event;
}

// Which fields an event in JSON has, as the bits of a policy (ENTRY-21).
export function fieldsOf(event) {
  const has = (name) => name.split('.').reduce((value, member) => value?.[member], event) !== undefined;
  return TABLE.filter(([, name]) => has(name)).reduce((fields, [number]) => fields | (1n << BigInt(number)), 0n);
}

// What a disclosed part says (STM-27): what is missing is not asked of it.
export function readDisclosed(bytes) {
  need(bytes.length <= PARTS_BYTES_MAX, 'EVT-6', 'a part has more than 16,384 bytes');
  const values = new Map();
  const raw = new Map();
  readPart(bytes, values, raw);
  checkTogether(values, raw);
  return asJson(values);
}

// What both parts say. `restrictedFields` is a policy's, as a BigInt, where it is known (EVT-7).
export function readParts(disclosed, restricted, restrictedFields = null) {
  need(disclosed.length + restricted.length <= PARTS_BYTES_MAX, 'EVT-6', 'both parts have more than 16,384 bytes');
  const values = new Map();
  const open = new Map();
  const closed = new Map();
  readPart(disclosed, values, open);
  if (restricted.length > 0) {
    readPart(restricted, values, closed);
    need(closed.size > 0, 'EVT-7', 'a restricted part without fields is not zero bytes');
  }
  need(
    [...closed.keys()].every((number) => !isAlwaysDisclosed(number)),
    'EVT-7',
    'a field that is always disclosed is restricted',
  );
  const isRestricted = (number) => restrictedFields !== null && ((restrictedFields >> BigInt(number)) & 1n) === 1n;
  need(
    restrictedFields === null || ([...closed.keys()].every(isRestricted) && ![...open.keys()].some(isRestricted)),
    'EVT-7',
    'a field stands in another part than the policy says',
  );
  checkTogether(values, new Map([...open, ...closed]));
  checkWhole(values);
  return asJson(values);
}

// ---- header and commitment ----

// EVT-8
export function readHeader(bytes) {
  const cursor = new Cursor(bytes, 'EVT-8');
  const until = cursor.u64();
  const years = cursor.u8();
  const basisBytes = cursor.take(cursor.u8());
  cursor.end();
  const basis = textOrRefuse(basisBytes, 'EVT-8', 'the basis of a withholding');
  need(years >= 1 && years <= 99, 'EVT-8', 'a retention class is not 1 to 99');
  need(
    basisBytes.length <= BASIS_BYTES_MAX && !CONTROL.test(basis),
    'EVT-8',
    'a basis is too long, or holds a control character',
  );
  need((until === 0n) === (basis === ''), 'EVT-8', 'a date without a basis, or a basis without a date');
  need(until <= SECONDS_MAX, 'EVT-8', 'a date is later than can be');
  need(basis === '' || !saysNothing(basis), 'EVT-13', 'a basis says nothing');
  return { until, years, basis };
}

// The header's members in JSON.
export function headerJson({ until, years, basis }) {
  return {
    ...(until > 0n ? { withheld_until: timeText(until), withheld_basis: basis } : {}),
    ...(years !== RETENTION_DEFAULT ? { retention: `${years}y` } : {}),
  };
}

// EVT-11
export function restrictedCommitment(secret, restricted) {
  return sha256('indsigt/v3 c_r\n', secret, restricted);
}

export function disclosedCommitment(cR, disclosed) {
  return sha256('indsigt/v3 c_d\n', cR, disclosed);
}

export function eventCommitment(header, cD) {
  return sha256('indsigt/v3 c\n', header, cD);
}

export function openingSecret(batchSecret, sequence) {
  return sha256('indsigt/v3 key\n', batchSecret, sequence);
}
