// What follows from a statement that holds, as codes with numbers; the words stand in the page's tables (STM-60 of
// spec/statement.md, LOSS-6 of spec/loss.md). `state` is "proven", "not-proven" (what a reader could think and must not), or
// "notice" (what is proven to be missing, or has to be said beside it).
//
//   complete {count, until, from?, to?}   these are all that were filed until then (in that window)
//   nobody {until}                        nobody looked until then
//   about {count}                         each open event names this person and nobody else
//   log {origin, size}                    all of it stands in the log of the key that was configured
//   witnessed {signed, of, at}            witnesses have seen the same log
//   fresh {at, age}                       and nothing newer was kept back as of then
//   old {at, age, limit}                  but that is longer ago than was asked for
//   signed {systems, batches}             the systems' own signatures were checked for every event
//   audited {auditor}                     an accredited auditor has recomputed who every event is filed under
//   history, freshness, signatures        not proven: no witness policy; no signatures in the file
//   audit                                 there is an auditor's note, and nobody to check it by
//   withheld {count, until}, erased {count}, lost {count}
//   later {count}, word-only {count}      after the epoch: not proven to be all; whose these are is the ledger's word
//   unendorsed {systems}, compromised {systems}, other-organisation {count}
//   future {until}, predecessor {origin}

import { headerJson } from './event.js';
import { timeText } from './time.js';

// A number as JSON can say it.
export function plain(number) {
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : number.toString();
}

function senderOf(senders, id) {
  const known = senders?.get(id);
  return known === undefined
    ? { id }
    : { id, org: known.org, name: known.name, endorsed: known.endorsed, compromised: known.compromised };
}

// An event as the page shows it: what the log says of it, and for an open one `event`, the members of the event in JSON.
export function shownEvent(event, senders, signed) {
  const sender = senderOf(senders, event.sender);
  const common = { index: plain(event.index), ledger_time: timeText(event.time), state: event.state, sender, signed };
  switch (event.state) {
    case 'withheld':
      return { ...common, until: timeText(event.header.until), basis: event.header.basis };
    case 'erased':
      return { ...common, erased_by: plain(event.erasedBy) };
    default:
      return {
        ...common,
        event: { ...event.content, ...headerJson(event.header) },
        ...(isForAnother(event, senders) ? { other_organisation: true } : {}),
      };
  }
}

// Whether an access is in the name of another organisation than that of the system that reported it.
function isForAnother(event, senders) {
  const org = senders?.get(event.sender)?.org;
  return event.state === 'open' && org !== undefined && org !== event.content.org?.id;
}

function countOf(events, state) {
  return events.filter((event) => event.state === state).length;
}

function coverage({ present, count, epoch, window, events }) {
  const until = timeText(epoch.time);
  const limits = {
    ...(window?.from === undefined ? {} : { from: timeText(window.from) }),
    ...(window?.to === undefined ? {} : { to: timeText(window.to) }),
  };
  return [
    present
      ? {
          code: 'complete',
          state: 'proven',
          count: events.length,
          until,
          ...(window === null ? { filed: plain(count) } : limits),
        }
      : { code: 'nobody', state: 'proven', until, ...limits },
    { code: 'about', state: 'proven', count: countOf(events, 'open') },
  ];
}

function history({ log }, now, lagSeconds) {
  const { witnesses, quorumTime } = log;
  const claims = [{ code: 'log', state: 'proven', origin: log.origin, size: plain(log.size) }];
  if (quorumTime === null) {
    return [...claims, { code: 'history', state: 'not-proven' }, { code: 'freshness', state: 'not-proven' }];
  }
  const at = timeText(quorumTime);
  const age = Number(now) - Number(quorumTime);
  claims.push({ code: 'witnessed', state: 'proven', signed: witnesses.names.length, of: witnesses.of, at });
  claims.push(
    lagSeconds !== null && age > lagSeconds
      ? { code: 'old', state: 'not-proven', at, age, limit: lagSeconds }
      : { code: 'fresh', state: 'proven', at, age },
  );
  return claims;
}

function backing({ senders, batches, audit }) {
  const claims = [
    senders === null
      ? { code: 'signatures', state: 'not-proven' }
      : { code: 'signed', state: 'proven', systems: senders.size, batches },
  ];
  if (audit !== null) {
    claims.push(
      audit.verified
        ? { code: 'audited', state: 'proven', auditor: audit.auditor }
        : { code: 'audit', state: 'not-proven' },
    );
  }
  return claims;
}

function latest(events) {
  return timeText(events.map((event) => event.header.until).reduce((a, b) => (a > b ? a : b), 0n));
}

function notices({ events, later, epoch, senders, genesis }, now) {
  const all = [...events, ...later];
  const held = all.filter((event) => event.state === 'withheld');
  const word = later.filter((event) => event.state !== 'open');
  const systems = [...(senders?.values() ?? [])];
  const others = all.filter((event) => isForAnother(event, senders)).length;
  const notice = (code, count, more = {}) => (count > 0 ? [{ code, state: 'notice', count, ...more }] : []);
  const named = (code, list) =>
    list.length > 0 ? [{ code, state: 'notice', systems: list.map(({ name }) => name) }] : [];
  return [
    ...notice('withheld', held.length, { until: latest(held) }),
    ...notice('erased', countOf(all, 'erased')),
    ...notice('lost', plain(epoch.lost)),
    ...notice('later', later.length),
    ...notice('word-only', word.length),
    ...named(
      'unendorsed',
      systems.filter((system) => !system.endorsed),
    ),
    ...named(
      'compromised',
      systems.filter((system) => system.compromised),
    ),
    ...notice('other-organisation', others),
    ...(epoch.time > BigInt(Math.floor(now)) ? [{ code: 'future', state: 'notice', until: timeText(epoch.time) }] : []),
    ...(genesis.predecessor === null
      ? []
      : [{ code: 'predecessor', state: 'notice', origin: genesis.predecessor.origin }]),
  ];
}

export function claimsOf(proven, now, lagSeconds) {
  return [...coverage(proven), ...history(proven, now, lagSeconds), ...backing(proven), ...notices(proven, now)];
}
