// spec/statement.md: the checks of a statement, in the order of the page. Everything is looked at; the first check that does not
// hold is thrown as Refused, with its name.

import { checkAudit } from './auditor.js';
import { EPOCH, GENESIS, readEntry, readEntryOf, SENDER, EVENT, MASS, ERASURE, BATCH, LOSS } from './entry.js';
import { isIncluded, openGenesis, openLog } from './anchor.js';
import { at, check } from './refused.js';
import { checkAll, checkNone } from './statement-complete.js';
import { openCovered, openErasures, openLater } from './statement-events.js';
import { readStatement } from './statement-form.js';
import { checkSignatures } from './statement-signatures.js';
import { isSubject } from './subject.js';
import { labelOf } from './vrf.js';

const TIMED = new Set([GENESIS, SENDER, EVENT, MASS, ERASURE]);
const UNTIMED = new Set([BATCH, EPOCH, LOSS]);

function checkSubject(subject, asked) {
  check('subject-spelling', 'STM-3', 'the subject is not in its canonical form', () => isSubject(subject));
  check(
    'subject-other',
    'STM-4',
    'the statement is about somebody else than was asked for',
    () => asked === null || asked === subject,
  );
}

// STM-13 to STM-15: that the epoch's time is the one at which the log stood where the epoch ends.
function checkEpochTime(log, last, epoch) {
  const entries = check('epoch-last', 'STM-13', 'the last entries of the epoch are others', () =>
    last.map((item) => readEntry(item.entry)),
  );
  check('epoch-last', 'STM-13', 'the last entries of the epoch are others', () =>
    last.every(
      (item, i) =>
        item.index === epoch.size - BigInt(last.length - i) && (i === 0 ? TIMED : UNTIMED).has(entries[i].kind),
    ),
  );
  last.forEach((item, i) =>
    at(`epoch.last[${i}]`, () =>
      check('epoch-last-inclusion', 'STM-14', "one of the epoch's last entries is not in the log", () =>
        isIncluded(log, item),
      ),
    ),
  );
  check(
    'epoch-time',
    'STM-15',
    'the epoch has another time than the last entry that it covers',
    () => epoch.time === entries[0].time,
  );
}

// STM-10 to STM-16
function openEpoch(log, genesis, item) {
  const epoch = check('epoch-entry', 'STM-10', 'epoch is no epoch entry', () => readEntryOf(EPOCH, item.entry));
  check('epoch-inclusion', 'STM-11', 'the epoch entry is not in the log', () => isIncluded(log, item));
  check(
    'epoch-size',
    'STM-12',
    'the epoch covers nothing, or more than stands before it',
    () => epoch.size >= 1n && epoch.size <= item.index,
  );
  checkEpochTime(log, item.last, epoch);
  const nothingSince = epoch.size === item.index && log.size === epoch.size + 1n;
  check(
    'epoch-stale',
    'STM-16',
    'the epoch is older than the log promises',
    () => log.quorumTime === null || nothingSince || log.quorumTime <= epoch.time + BigInt(genesis.epochLag),
  );
  return epoch;
}

function counter(onProgress, total) {
  let done = 0;
  return () => {
    done++;
    if (done % 256 === 0 || done === total) {
      onProgress(done, total);
    }
  };
}

// What a statement says, where it holds. `source` is the file's text; `key`, `policy` and `auditor` as anchor.js reads them,
// `subject` whom somebody asked about, each null where there is none.
export function checkStatement(source, { key, policy = null, auditor = null, subject = null, onProgress = () => {} }) {
  const file = readStatement(source);
  checkSubject(file.subject, subject);
  const log = openLog(file.checkpoint, key, policy);
  const genesis = openGenesis(log, file.genesis);
  const epoch = openEpoch(log, genesis, file.epoch);
  const label = check('vrf', 'STM-17', "the label is not proven to be this person's", () =>
    labelOf(genesis.vrfKey, log.origin, file.subject, file.vrf_proof),
  );
  const erasures = openErasures(log, label, file.erasures);
  const context = {
    log,
    genesis,
    epoch,
    covered: epoch.size,
    epochTime: epoch.time,
    label,
    erasures,
    subject: file.subject,
    window: file.window,
  };
  const step = counter(onProgress, file.events.length + file.later.length + (file.signatures?.batches.length ?? 0));
  const events = openCovered(context, file.events, step);
  (file.map.present ? checkAll : checkNone)(context, file);
  const later = openLater(context, file.later, step);
  const senders = file.signatures === undefined ? null : checkSignatures(log, file.signatures, events, step);
  const audit = checkAudit(log, file.audit, file.epoch.index, auditor);
  return {
    subject: file.subject,
    log,
    genesis,
    epoch,
    epochIndex: file.epoch.index,
    present: file.map.present,
    count: file.map.present ? file.map.count : 0n,
    window: file.window ?? null,
    events,
    later,
    senders,
    batches: file.signatures?.batches.length ?? 0,
    audit,
  };
}
