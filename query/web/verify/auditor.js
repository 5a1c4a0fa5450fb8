// The note of an accredited auditor in a statement (STM-55 to STM-59, STM-61).

import { equal, fromBase64 } from './bytes.js';
import { EPOCH, readEntryOf } from './entry.js';
import { checkSigned, readNote } from './note.js';
import { isIncluded } from './anchor.js';
import { check, need } from './refused.js';

const NUMBER_MAX = 2n ** 63n;

function number(text) {
  need(
    /^(0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) <= NUMBER_MAX,
    'STM-59',
    'a number of the note has another spelling',
  );
  return BigInt(text);
}

function root(text) {
  const bytes = fromBase64(text);
  need(bytes !== null && bytes.length === 32, 'STM-59', 'a root of the note has another spelling');
  return bytes;
}

function openNote(text, key) {
  const note = readNote(text);
  checkSigned(note, key);
  const [first, origin, size, index, map, filing, rest] = note.text.split('\n');
  need(
    first === 'indsigt/auditor/v1' && rest === '' && note.text.split('\n').length === 7,
    'STM-59',
    'the note is not its six lines',
  );
  return { origin, size: number(size), index: number(index), mapRoot: root(map), filingRoot: root(filing) };
}

// Null where there is no note; `key` is the auditor's, or null.
export function checkAudit(log, audit, epochIndex, key) {
  check('audit-missing', 'STM-61', "there is no auditor's note", () => key === null || audit !== undefined);
  if (audit === undefined) {
    return null;
  }
  const epoch = check('audit-epoch', 'STM-55', 'the audited epoch is none of the log', () => {
    isIncluded(log, audit.epoch);
    return readEntryOf(EPOCH, audit.epoch.entry);
  });
  check('audit-newer', 'STM-56', 'a newer epoch was audited than the one used', () => audit.epoch.index <= epochIndex);
  if (key === null) {
    return { verified: false };
  }
  const note = check('audit-note', 'STM-57', "the auditor's note does not hold", () => openNote(audit.note, key));
  check(
    'audit-other',
    'STM-58',
    "the auditor's note is about something else",
    () =>
      note.origin === log.origin &&
      note.index === audit.epoch.index &&
      note.size > note.index &&
      equal(note.mapRoot, epoch.mapRoot) &&
      equal(note.filingRoot, epoch.filingRoot),
  );
  return { verified: true, auditor: key.name, epoch: audit.epoch.index };
}
