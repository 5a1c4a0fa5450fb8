// The verifier of the citizen's page: written from spec/ alone, without the ledger's code. No DOM: it runs in a worker and in Node.
//
// Each of verify... answers with an object and throws nothing. It holds: { ok: true, ... }. It does not: { ok: false, finding:
// { name, rule, where, text } }. It could not be looked at (a configuration that makes no sense, memory, a fault of this code):
// { ok: false, error: { name, rule?, text } }, which says nothing against anybody.

import { configuredKey, configuredPolicy } from './anchor.js';
import { textOf } from './bytes.js';
import { claimsOf, plain, shownEvent } from './claims.js';
import { fail } from './form.js';
import { ready } from './hash.js';
import { checkPage } from './page.js';
import { checkProofFile } from './proof-file.js';
import { Misconfigured, Refused } from './refused.js';
import { isOfOtherVersion } from './statement-form.js';
import { checkStatement } from './statement.js';
import { timeText } from './time.js';

async function answered(step) {
  try {
    await ready;
    return { ok: true, ...step() };
  } catch (error) {
    if (error instanceof Refused) {
      return {
        ok: false,
        finding: { name: error.finding, rule: error.rule, where: error.where ?? null, text: error.message },
      };
    }
    if (error instanceof Misconfigured) {
      return { ok: false, error: { name: 'configuration', rule: error.rule, text: error.message } };
    }
    return { ok: false, error: { name: 'verifier', text: error instanceof Error ? error.name : 'unknown' } };
  }
}

function clock(now) {
  return now ?? Date.now() / 1000;
}

// A file as text, or as the bytes that came over the line (which show what text would hide: a byte order mark, broken UTF-8).
function textOfFile(source) {
  return typeof source === 'string' ? source : (textOf(new Uint8Array(source)) ?? fail('the file is not UTF-8'));
}

function shownStatement(proven, { now, lagSeconds }) {
  const { log, events, later, senders, epoch } = proven;
  const count = (state) => events.filter((event) => event.state === state).length;
  return {
    subject: proven.subject,
    origin: log.origin,
    size: plain(log.size),
    epoch: { index: plain(proven.epochIndex), size: plain(epoch.size) },
    completeUntil: timeText(epoch.time),
    present: proven.present,
    count: plain(proven.count),
    lost: plain(epoch.lost),
    open: count('open'),
    withheld: count('withheld'),
    erased: count('erased'),
    window:
      proven.window &&
      Object.fromEntries(Object.entries(proven.window).map(([name, seconds]) => [name, timeText(seconds)])),
    witnesses:
      log.quorumTime === null
        ? null
        : { signed: log.witnesses.names, of: log.witnesses.of, at: timeText(log.quorumTime) },
    senders:
      senders &&
      [...senders.values()].map(({ id, org, name, endorsed, compromised }) => ({
        id,
        org,
        name,
        endorsed,
        compromised,
      })),
    audit: proven.audit && { ...proven.audit, ...(proven.audit.verified ? { epoch: plain(proven.audit.epoch) } : {}) },
    events: events.map((event) => shownEvent(event, senders, senders !== null)),
    notCovered: later.map((event) => shownEvent(event, senders, false)),
    claims: claimsOf(proven, clock(now), lagSeconds ?? null),
  };
}

// A statement (spec/statement.md). `policy` is a witness policy file's text, `auditor` an accredited auditor's vkey, `subject` the
// person that somebody asked about: each may be missing. `lagSeconds` says how long ago the quorum's time may be.
export function verifyStatement(source, { vkey, policy, auditor, subject, now, lagSeconds, onProgress }) {
  return answered(() =>
    shownStatement(
      checkStatement(textOfFile(source), {
        key: configuredKey(vkey),
        policy: configuredPolicy(policy),
        auditor: auditor ? configuredKey(auditor) : null,
        subject: subject ?? null,
        onProgress,
      }),
      { now, lagSeconds },
    ),
  );
}

// Of a statement of another version nothing can be said, which is not that it does not hold: it may be that this page is older
// than the ledger. True or false, of a statement as it came over the line; to be asked where it was found not to hold.
export function isStatementOfOtherVersion(bytes) {
  return isOfOtherVersion(textOf(new Uint8Array(bytes)));
}

// A page of /v1/accesses, as text or as JSON.parse gave it (then of what is shown there is no second reading). Without a vkey
// `signed` is false: nobody has checked whose checkpoint it is. Of indexes only those are told that were proven.
export function verifyPage(page, { vkey, subject, now, before }) {
  return answered(() => {
    const proven = checkPage(page, {
      key: vkey ? configuredKey(vkey) : null,
      subject,
      now: clock(now),
      before: before ?? null,
    });
    const indexes = [...proven.accesses, ...proven.withheld].map(({ index }) => index);
    return {
      signed: proven.signed,
      origin: proven.checkpoint.origin,
      size: plain(proven.checkpoint.size),
      open: proven.accesses.filter(({ content }) => content !== undefined).length,
      withheld: proven.withheld.length,
      erased: proven.accesses.filter(({ content }) => content === undefined).length,
      indexes: indexes.map(plain),
      lowest: indexes.length === 0 ? null : plain(indexes.reduce((a, b) => (a < b ? a : b))),
    };
  });
}

// A proof file (spec/proof-file.md).
export function verifyProofFile(text, { vkey, policy }) {
  return answered(() => {
    const { log, index, entry } = checkProofFile(text, { key: configuredKey(vkey), policy: configuredPolicy(policy) });
    return {
      origin: log.origin,
      size: plain(log.size),
      index: plain(index),
      kind: entry.kind,
      witnessed: log.quorumTime !== null,
    };
  });
}
