// spec/entry.md and spec/loss.md: the entries of the log, as bytes, into what they say; and who stands behind a sender's.

import { compare, Cursor, isZero, join, range16, textOf, textOrRefuse, u32, u64, u8 } from './bytes.js';
import { checkKey, signatureHolds } from './ed25519.js';
import { isAlwaysDisclosed, isField } from './event.js';
import { isKeyName, LOG_KEY, openCheckpointBytes, readVkey } from './note.js';
import { Refused, need } from './refused.js';
import { isOrganisation } from './subject.js';
import { readSource } from './source.js';
import { SECONDS_MAX } from './time.js';

export const GENESIS = 0;
export const SENDER = 1;
export const EVENT = 2;
export const MASS = 3;
export const BATCH = 4;
export const EPOCH = 5;
export const ERASURE = 6;
export const LOSS = 7;

export const REGISTER = 1;
export const ROTATE = 2;
export const CHANGE = 3;
export const REVOKE = 4;

export const EVENT_BYTES = 53;
export const ENTRY_BYTES_MAX = 65535;
export const MAY_WITHHOLD = 1; // flags
export const REPORTS_GRANTS = 1; // rights
export const REPORTS_READS = 2; // and what people report through the ledger
export const REPORTS_CONSENTS = 4;
const FORMAT = 5;
const BATCH_COUNT_MAX = 4096;
const ORG_BYTES_MAX = 128;
const NOTHING = 2n ** 64n - 1n; // what a registration follows
const U64_MAX = 2n ** 64n - 1n;
const CONTROL = /[\u0000-\u001f\u007f]/;

function time(cursor) {
  const seconds = cursor.u64();
  need(seconds <= SECONDS_MAX, 'ENTRY-2', 'a time is later than can be');
  return seconds;
}

function flag(cursor) {
  const value = cursor.u8();
  need(value <= 1, 'ENTRY-2', 'a flag is not 0 or 1');
  return value === 1;
}

function text(cursor, least, most, what) {
  const bytes = cursor.range16();
  const value = textOrRefuse(bytes, 'ENTRY-2', what);
  need(
    bytes.length >= least && bytes.length <= most && !CONTROL.test(value),
    'ENTRY-2',
    `${what} is not ${least} to ${most} bytes, or holds a control character`,
  );
  return value;
}

// ENTRY-5
function predecessor(bytes, origin) {
  if (bytes.length === 0) {
    return null;
  }
  const cursor = new Cursor(bytes, 'ENTRY-5');
  const before = textOf(cursor.range16());
  const vkey = textOf(cursor.range16());
  const checkpoint = cursor.range16();
  cursor.end();
  try {
    const key = readVkey(vkey ?? '');
    need(key.type === LOG_KEY && key.name === before, 'ENTRY-5', 'the log before has another name than its key');
    openCheckpointBytes(checkpoint, key);
  } catch (error) {
    if (error instanceof Refused) {
      throw new Refused('ENTRY-5', `the log before: ${error.message}`);
    }
    throw error;
  }
  return { origin: before };
}

function genesis(cursor) {
  need(cursor.u16() === FORMAT, 'ENTRY-4', 'the log has another format than this verifier knows');
  const entry = { time: time(cursor) };
  entry.origin = text(cursor, 1, 255, 'an origin');
  need(isKeyName(entry.origin), 'ENTRY-4', 'an origin is no name of a key');
  entry.key = checkKey(cursor.take(32));
  entry.vrfKey = cursor.take(32);
  entry.epochSeconds = cursor.u32();
  entry.epochLag = cursor.u32();
  need(entry.epochSeconds !== 0, 'ENTRY-4', 'epochs every 0 seconds');
  entry.predecessor = predecessor(cursor.range16(), entry.origin);
  return entry;
}

// ENTRY-21
function restrictedFields(cursor) {
  const fields = cursor.u64();
  for (let bit = 0; bit < 64; bit++) {
    need(
      ((fields >> BigInt(bit)) & 1n) === 0n || (isField(bit) && !isAlwaysDisclosed(bit)),
      'ENTRY-21',
      'a bit of restricted fields that may not be set',
    );
  }
  return fields;
}

// ENTRY-26
function mandate(cursor, own) {
  const orgs = text(cursor, 0, 2048, 'other organisations');
  const list = orgs === '' ? [] : orgs.split(' ');
  const eventsPerSecond = cursor.u32();
  const bytesPerSecond = cursor.u32();
  const rights = cursor.u16();
  const certificates = Array.from({ length: cursor.u8() }, () => cursor.take(32));
  const bytes = list.map((org) => range16(org));
  need(
    list.every((org, i) => isOrganisation(org) && org !== own && bytes[i].length <= 2 + ORG_BYTES_MAX),
    'ENTRY-26',
    "another organisation is no SCHEME:ID, too long, or the sender's own",
  );
  need(
    list.every((_, i) => i === 0 || compare(bytes[i - 1].subarray(2), bytes[i].subarray(2)) < 0),
    'ENTRY-26',
    'other organisations do not ascend',
  );
  need(rights <= 7, 'ENTRY-26', 'a right that there is not');
  need(
    certificates.length <= 8 && certificates.every((one, i) => i === 0 || compare(certificates[i - 1], one) < 0),
    'ENTRY-26',
    'certificates are more than eight, or do not ascend',
  );
  const source = readSource(cursor, [own, ...list]);
  return { reportsFor: list, eventsPerSecond, bytesPerSecond, rights, certificates, source };
}

// Its bytes from `from` on to where the cursor stands now.
function since(cursor, from) {
  return cursor.bytes.subarray(from, cursor.place);
}

function sender(cursor) {
  const entry = {
    action: cursor.u8(),
    sender: cursor.u32(),
    follows: cursor.u64(),
    change: cursor.u32(),
    time: time(cursor),
  };
  need(entry.action >= REGISTER && entry.action <= REVOKE, 'ENTRY-2', 'a sender entry has another action');
  const registers = entry.action === REGISTER;
  need((entry.follows === NOTHING) === registers, 'ENTRY-23', 'a registration follows something, or a change nothing');
  need((entry.change === 0) === registers, 'ENTRY-24', 'a registration is a change, or a change has no number');
  entry.org = text(cursor, 0, ORG_BYTES_MAX, 'an organisation');
  need(/^[^:]+:[^]+$/.test(entry.org), 'ENTRY-6', 'an organisation lacks its scheme or its id');
  entry.name = text(cursor, 1, 255, "a sender's name");
  entry.key = checkKey(cursor.take(32));
  const policyFrom = cursor.place;
  entry.restrictedFields = restrictedFields(cursor);
  entry.flags = cursor.u16();
  need(entry.flags <= 3, 'ENTRY-21', 'a flag that there is not');
  entry.purpose = text(cursor, 0, 255, 'a purpose');
  entry.mandate = mandate(cursor, entry.org);
  entry.signedPolicy = since(cursor, policyFrom);
  entry.compromised = flag(cursor);
  need(
    !entry.compromised || entry.action === REVOKE,
    'ENTRY-6',
    'compromised stands in something else than a revocation',
  );
  entry.signature = cursor.take(64);
  entry.oldSignature = cursor.take(64);
  return entry;
}

function event(cursor) {
  return { sender: cursor.u32(), sequence: cursor.u64(), time: time(cursor), commitment: cursor.take(32) };
}

function batch(cursor) {
  const entry = {
    sender: cursor.u32(),
    first: cursor.u64(),
    count: cursor.u32(),
    checked: cursor.u64(),
    signature: cursor.take(64),
  };
  need(entry.count >= 1 && entry.count <= BATCH_COUNT_MAX, 'ENTRY-9', 'a batch has no event, or more than 4,096');
  need(
    entry.first + BigInt(entry.count) <= U64_MAX && entry.checked <= entry.first,
    'ENTRY-9',
    "a batch's sequences leave 64 bits, or filing is checked of events to come",
  );
  return entry;
}

function epoch(cursor) {
  const entry = {
    size: cursor.u64(),
    mapRoot: cursor.take(32),
    filingRoot: cursor.take(32),
    time: time(cursor),
    lost: 0n,
  };
  if (cursor.left() > 0) {
    entry.lost = cursor.u64();
    need(entry.lost > 0n, 'LOSS-4', 'an epoch entry says that nothing is lost by a field that is 0');
  }
  return entry;
}

function erasure(cursor) {
  const entry = { person: flag(cursor), month: cursor.u16(), years: cursor.u8(), commitment: cursor.take(32) };
  entry.policy = text(cursor, 0, 255, 'the policy of an erasure');
  entry.time = time(cursor);
  need(
    entry.person
      ? entry.month === 0 && entry.years === 0
      : entry.years >= 1 && entry.years <= 99 && isZero(entry.commitment),
    'ENTRY-10',
    'an erasure is of a person and a period, or of neither',
  );
  return entry;
}

function loss(cursor) {
  const entry = { first: cursor.u64(), end: cursor.u64(), events: cursor.u64() };
  need(entry.first >= 1n && entry.end > entry.first, 'LOSS-1', 'a loss has no range, or reaches the genesis entry');
  return entry;
}

const READERS = [genesis, sender, event, event, batch, epoch, erasure, loss];

export function readEntry(bytes) {
  need(bytes.length <= ENTRY_BYTES_MAX, 'ENTRY-1', 'an entry has more than 65,535 bytes');
  const cursor = new Cursor(bytes, 'ENTRY-1');
  const kind = cursor.u8();
  need(kind < READERS.length, 'ENTRY-1', 'an entry is of no known kind');
  const entry = { kind, ...READERS[kind](cursor) };
  cursor.end();
  return entry;
}

// An entry that has to be of this kind.
export function readEntryOf(kind, bytes) {
  const entry = readEntry(bytes);
  need(entry.kind === kind, 'ENTRY-1', 'an entry is of another kind');
  return entry;
}

// ENTRY-7
function senderMessage(origin, entry) {
  return join(
    'indsigt/v4 sender\n',
    range16(origin),
    u8(entry.action),
    u32(entry.sender),
    u64(entry.follows),
    u32(entry.change),
    range16(entry.org),
    range16(entry.name),
    entry.signedPolicy,
    u8(entry.compromised ? 1 : 0),
    entry.key,
  );
}

// ENTRY-8; `oldKey` is that of the sender's entry before, null for a registration.
export function isEndorsed(origin, entry, oldKey) {
  if (entry.action === REVOKE) {
    return true;
  }
  const message = senderMessage(origin, entry);
  return (
    signatureHolds(entry.signature, message, entry.key) &&
    (entry.action === REGISTER || (oldKey !== null && signatureHolds(entry.oldSignature, message, oldKey)))
  );
}

// What a sender signs of a batch of events about persons (spec/batch.md, kind 1).
export function batchMessage(origin, entry, root, kind = 1) {
  return join(
    'indsigt/v1 batch\n',
    range16(origin),
    u8(kind),
    u32(entry.sender),
    u64(entry.first),
    u32(entry.count),
    root,
    u64(entry.checked),
  );
}
