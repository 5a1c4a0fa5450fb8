// spec/http.md, "Checking an answer": a page of accesses under the log's vkey (HTTP-20 to HTTP-25). That it is all that there is,
// is not proven by it: a statement does that.

import { equal, fromBase64, join, u32, u64, u8 } from './bytes.js';
import { ENTRY_BYTES_MAX, EVENT, readEntryOf } from './entry.js';
import {
  disclosedCommitment,
  eventCommitment,
  headerJson,
  readDisclosed,
  readHeader,
  readParts,
  restrictedCommitment,
} from './event.js';
import { bytes, hash, hashes, isObject, number, object } from './form.js';
import { sha256, leafHash } from './hash.js';
import { readJson } from './json.js';
import { readNote, openCheckpoint, readCheckpoint } from './note.js';
import { at, check, need, Refused } from './refused.js';
import { timeText } from './time.js';
import { checkInclusion } from './tree.js';

const CLOCK_ERROR_SECONDS = 60n;
const ADDED = ['index', 'ledger_time', 'sender', 'proof']; // beside the members of the event (HTTP-16)

// The same value with numbers as BigInt, from text or from what JSON.parse made of it.
function exact(value) {
  if (typeof value === 'number') {
    need(Number.isSafeInteger(value), 'HTTP-21', 'a number is no integer, or was rounded');
    return BigInt(value);
  }
  if (Array.isArray(value)) {
    return value.map(exact);
  }
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, exact(member)]))
    : value;
}

function formed(form, value, rule, name) {
  try {
    return form(value, name);
  } catch (error) {
    throw error instanceof Refused ? new Refused(rule, error.message) : error;
  }
}

// HTTP-20; without a key the signature is not checked.
function openAnswer(page, key) {
  need(isObject(page) && typeof page.checkpoint === 'string', 'HTTP-20', 'the answer has no checkpoint');
  return check(null, 'HTTP-20', 'the checkpoint does not hold', () => {
    if (key !== null) {
      return openCheckpoint(page.checkpoint, key);
    }
    const note = readNote(page.checkpoint);
    return readCheckpoint(note, { name: note.text.split('\n')[0] });
  });
}

const common = {
  index: number(),
  size: number(),
  entry: bytes(0, ENTRY_BYTES_MAX),
  header: bytes(0, 80),
  inclusion: hashes,
};
const part = bytes(0, 16384);
const shapes = [
  { has: 'secret', form: object({ ...common, disclosed: part, restricted: part, secret: hash }) },
  { has: 'disclosed', form: object({ ...common, disclosed: part, c_r: hash }) },
  { has: 'c_d', form: object({ ...common, c_d: hash }) },
];

// HTTP-21: what the log has committed to, by the proof of an item.
function openProof(checkpoint, item) {
  need(isObject(item) && isObject(item.proof), 'HTTP-21', 'an item has no proof');
  const shape = shapes.find(({ has }) => has in item.proof);
  need(shape !== undefined, 'HTTP-23', 'an item is neither open, nor withheld, nor erased');
  const proof = formed(shape.form, item.proof, 'HTTP-21', 'proof');
  return check(null, 'HTTP-21', 'an item is not what the log committed to', () => {
    const entry = readEntryOf(EVENT, proof.entry);
    const header = readHeader(proof.header);
    const cR = proof.secret === undefined ? proof.c_r : restrictedCommitment(proof.secret, proof.restricted);
    const cD = proof.disclosed === undefined ? proof.c_d : disclosedCommitment(cR, proof.disclosed);
    need(equal(eventCommitment(proof.header, cD), entry.commitment), 'EVT-11', 'the commitment is another');
    need(proof.size === checkpoint.size, 'HTTP-21', 'the proof is for another checkpoint');
    checkInclusion(leafHash(proof.entry), proof.index, checkpoint.size, proof.inclusion, checkpoint.root);
    const content =
      proof.secret === undefined
        ? proof.disclosed && readDisclosed(proof.disclosed)
        : readParts(proof.disclosed, proof.restricted);
    return { index: proof.index, entry, header, content: content && exact(content) };
  });
}

function same(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => same(item, b[i]));
  }
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => name in b && same(a[name], b[name]));
  }
  return a === b;
}

// Beside the event: the log's own members.
function checkAdded(item, proven) {
  need(item.index === proven.index, 'HTTP-22', 'an item has another index than its proof');
  need(item.ledger_time === timeText(proven.entry.time), 'HTTP-22', 'an item has another ledger time than its entry');
}

function checkSender(item, proven) {
  need(
    isObject(item.sender) &&
      item.sender.id === BigInt(proven.entry.sender) &&
      typeof item.sender.org === 'string' &&
      typeof item.sender.name === 'string' &&
      Object.keys(item.sender).length === 3,
    'HTTP-22',
    'an item has another sender than its entry',
  );
}

function checkOpen(item, proven, subject) {
  need(proven.content.subject === subject, 'HTTP-22', 'an access is about somebody else');
  const shown = Object.fromEntries(Object.entries(item).filter(([name]) => !ADDED.includes(name)));
  need(
    same(shown, { ...proven.content, ...headerJson(proven.header) }),
    'HTTP-22',
    'an access says something else than was committed to',
  );
}

function checkErased(item) {
  need(item.erased === true, 'HTTP-23', 'an item is neither open, nor withheld, nor erased');
  need(
    Object.keys(item).every((name) => name === 'erased' || ADDED.includes(name)),
    'HTTP-22',
    'an erased access says what it was',
  );
}

function openAccess(checkpoint, item, subject) {
  const proven = openProof(checkpoint, item);
  checkAdded(item, proven);
  checkSender(item, proven);
  if (proven.content === undefined) {
    checkErased(item);
  } else {
    checkOpen(item, proven, subject);
  }
  return proven;
}

function openWithheld(checkpoint, item, now) {
  const proven = openProof(checkpoint, item);
  need(proven.content === undefined && Object.keys(item).length === 5, 'HTTP-23', 'a withheld item shows what it is');
  checkAdded(item, proven);
  const { until, basis } = proven.header;
  need(
    until > 0n && item.until === timeText(until) && item.basis === basis,
    'HTTP-23',
    'an item is not withheld by its header, or otherwise',
  );
  need(until + CLOCK_ERROR_SECONDS > now, 'HTTP-23', 'an item is withheld no longer');
  return proven;
}

// HTTP-24
function checkOrder(list, before) {
  let last = before;
  for (const { index } of list) {
    need(last === null || index < last, 'HTTP-24', 'items do not descend');
    last = index;
  }
}

// HTTP-25, HTTP-36
function checkCoverage(coverage) {
  if (!isObject(coverage) || !('senders' in coverage)) {
    return;
  }
  const { senders, counts, hash: claimed } = coverage;
  need(
    Array.isArray(senders) && isObject(counts) && typeof claimed === 'string',
    'HTTP-25',
    'coverage has senders without hash or counts',
  );
  const whole = senders.every(
    (sender) =>
      isObject(sender) &&
      typeof sender.silent === 'boolean' &&
      typeof sender.compromised === 'boolean' &&
      typeof sender.status === 'string' &&
      typeof sender.id === 'bigint' &&
      sender.id < 2n ** 32n &&
      typeof sender.entry === 'bigint' &&
      sender.entry < 2n ** 63n,
  );
  need(whole, 'HTTP-25', 'a sender lacks what the hash is made of');
  need(
    senders.every((sender, i) => i === 0 || sender.id > senders[i - 1].id),
    'HTTP-25',
    'senders do not ascend',
  );
  const rows = senders.map((sender) => join(u32(Number(sender.id)), u64(sender.entry), u8(sender.silent ? 1 : 0)));
  need(
    equal(fromBase64(claimed) ?? [], sha256('indsigt/v1 coverage\n', ...rows)),
    'HTTP-25',
    'the senders are others than the hash says',
  );
  const counted = {
    senders: senders.length,
    active: senders.filter(({ status }) => status === 'active').length,
    compromised: senders.filter(({ compromised }) => compromised).length,
    silent: senders.filter(({ silent }) => silent).length,
  };
  need(same(counts, exact(counted)), 'HTTP-25', 'the senders are others than the counts say');
}

// `key` is null where nobody has one; `before` is the lowest index of the page before, or null; `now` in seconds.
export function checkPage(source, { key, subject, now, before = null }) {
  const page = typeof source === 'string' ? readJson(source, 'HTTP-21', { signs: true }) : exact(source);
  const checkpoint = openAnswer(page, key);
  need(page.origin === checkpoint.origin, 'HTTP-20', 'the answer names another log than its checkpoint');
  need(page.subject === subject, 'HTTP-22', 'the answer is about somebody else than was asked for');
  need(
    Array.isArray(page.accesses) && isObject(page.withheld) && Array.isArray(page.withheld.events),
    'HTTP-21',
    'the answer has no lists',
  );
  const accesses = page.accesses.map((item, i) => at(`accesses[${i}]`, () => openAccess(checkpoint, item, subject)));
  const withheld = page.withheld.events.map((item, i) =>
    at(`withheld.events[${i}]`, () => openWithheld(checkpoint, item, BigInt(Math.floor(now)))),
  );
  need(
    page.withheld.count === BigInt(withheld.length),
    'HTTP-23',
    'another number of withheld items is given than is shown',
  );
  const above = before === null ? null : BigInt(before);
  checkOrder(accesses, above);
  checkOrder(withheld, above);
  const shown = new Set(accesses.map(({ index }) => index));
  need(!withheld.some(({ index }) => shown.has(index)), 'HTTP-24', 'an event is both shown and withheld');
  checkCoverage(page.coverage);
  return { checkpoint, accesses, withheld, coverage: page.coverage, signed: key !== null };
}
