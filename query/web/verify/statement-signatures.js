// The senders' signatures over the events of a statement (STM-46 to STM-54), and
// that each of them had the right to report what it did (STM-62).

import { equal } from './bytes.js';
import {
  BATCH,
  batchMessage,
  MAY_WITHHOLD,
  REPORTS_CONSENTS,
  REPORTS_GRANTS,
  REPORTS_READS,
  isEndorsed,
  readEntryOf,
  REGISTER,
  REVOKE,
  SENDER,
} from './entry.js';
import { signatureHolds } from './ed25519.js';
import { fieldsOf } from './event.js';
import { isIncluded } from './anchor.js';
import { at, check } from './refused.js';
import { rootFromInclusion } from './tree.js';

// STM-48 of one entry; `before` is the sender's entry shown before it, with its index.
function checkHistory(entry, before) {
  check(
    'sender-history',
    'STM-48',
    "a sender's entries are no history",
    () => entry.sender !== 0 && (before === undefined) === (entry.action === REGISTER),
  );
  check(
    'sender-history',
    'STM-48',
    "a sender's entries do not follow one another",
    () =>
      before === undefined ||
      (entry.org === before.org &&
        entry.name === before.name &&
        before.action !== REVOKE &&
        entry.follows === before.index &&
        entry.change === before.change + 1),
  );
}

// Each sender by its id: its entries, and what has to be shown of it.
function openSenders(log, items) {
  const senders = new Map();
  items.forEach((item, i) =>
    at(`signatures.senders[${i}]`, () => {
      const entry = check('sender-entry', 'STM-46', 'this is no sender entry', () => readEntryOf(SENDER, item.entry));
      check('sender-inclusion', 'STM-47', 'a sender entry is not in the log', () => isIncluded(log, item));
      const known = senders.get(entry.sender);
      const before = known?.entries.at(-1);
      checkHistory(entry, before);
      const endorsed = isEndorsed(log.origin, entry, before?.key ?? null);
      senders.set(entry.sender, {
        id: entry.sender,
        org: entry.org,
        name: entry.name,
        endorsed: (known?.endorsed ?? true) && endorsed,
        compromised: (known?.compromised ?? false) || entry.compromised,
        entries: [...(known?.entries ?? []), { ...entry, index: item.index }],
      });
    }),
  );
  return senders;
}

// The registration under which a batch at this index was taken; its key has signed it.
function registrationAt(senders, batch, index) {
  const newest = senders.get(batch.sender)?.entries.findLast((entry) => entry.index < index);
  check(
    'sender-history',
    'STM-48',
    'the sender of a batch is not shown, or was revoked before it',
    () => newest !== undefined && newest.action !== REVOKE,
  );
  return newest;
}

// STM-51, STM-52: the batch's root by the path of one event.
function rootByPath(batch, batchIndex, event, path) {
  const place = event === undefined ? -1n : event.sequence - batch.first;
  const count = BigInt(batch.count);
  check(
    'batch-place',
    'STM-51',
    'an event does not belong to the batch that it is named in',
    () =>
      event !== undefined &&
      event.sender === batch.sender &&
      place >= 0n &&
      place < count &&
      batchIndex - event.index === count - place,
  );
  return check('signature-path', 'STM-52', 'the way from an event to its signature has another length', () =>
    rootFromInclusion(event.commitment, place, count, path),
  );
}

function checkBatch(log, senders, item, events, named) {
  const batch = check('batch-entry', 'STM-49', 'this is no batch entry', () => readEntryOf(BATCH, item.entry));
  check('batch-inclusion', 'STM-50', 'a batch entry is not in the log', () => isIncluded(log, item));
  const registration = registrationAt(senders, batch, item.index);
  let root = null;
  for (const [index, path] of item.paths) {
    check('batch-place', 'STM-51', 'an event is named in two batches', () => !named.has(index));
    named.set(index, registration);
    const again = rootByPath(batch, item.index, events.get(index), path);
    check(
      'signature-path',
      'STM-52',
      'the ways from the events of a batch lead to different signatures',
      () => root === null || equal(root, again),
    );
    root = again;
  }
  check('signature', 'STM-53', "a sender's signature does not verify", () =>
    signatureHolds(batch.signature, batchMessage(log.origin, batch, root), registration.key),
  );
}

const READS_SYSTEM = 'Indsigt'; // EVT-17

// STM-62; `content` is what an open event says.
function hadRight({ header, content }, { org, restrictedFields, flags, mandate }) {
  const withheld = header.until > 0n;
  if (content === undefined) {
    return !withheld || (flags & MAY_WITHHOLD) !== 0;
  }
  const { grant, report, answer, consent_record: consent, system } = content;
  const act = [grant, report, answer, consent].some((one) => one !== undefined);
  return (
    (!withheld || ((flags & MAY_WITHHOLD) !== 0 && !act)) &&
    (fieldsOf(content) & restrictedFields) === 0n &&
    (content.org?.id === undefined || content.org.id === org || mandate.reportsFor.includes(content.org.id)) &&
    (grant === undefined || (mandate.rights & REPORTS_GRANTS) !== 0) &&
    ((system !== READS_SYSTEM && report === undefined) || (mandate.rights & REPORTS_READS) !== 0) &&
    (consent === undefined || (mandate.rights & REPORTS_CONSENTS) !== 0)
  );
}

function checkRights(events, registrations) {
  events.forEach((event, i) =>
    at(`events[${i}]`, () =>
      check('event-right', 'STM-62', 'an event that its sender was not registered to report', () =>
        hadRight(event, registrations.get(event.index)),
      ),
    ),
  );
}

// The senders that are shown, by id.
export function checkSignatures(log, { senders: senderItems, batches }, events, onBatch) {
  const senders = openSenders(log, senderItems);
  const byIndex = new Map(events.map((event) => [event.index, event]));
  const named = new Map();
  batches.forEach((item, i) =>
    at(`signatures.batches[${i}]`, () => {
      checkBatch(log, senders, item, byIndex, named);
      onBatch();
    }),
  );
  check('signature-missing', 'STM-54', 'an event has no signature', () =>
    events.every((event) => named.has(event.index)),
  );
  checkRights(events, named);
  const concerned = new Set(events.map((event) => event.sender));
  check('form', 'STM-2', 'a sender is shown who has no event', () =>
    [...senders.keys()].every((id) => concerned.has(id)),
  );
  return senders;
}
