// What may be worth a second look, and why. Each rule is a fact about a person's own list that the person can check; there is
// no score, and nothing is compared with anybody else.
//
//   rule       says that an access                                          because
//   emergency  broke the usual limits in an emergency                       the system reported it so
//   denied     was tried and not allowed                                    the system reported it so
//   withdrawn  rests on a consent that was withdrawn before it              the consent's source reported that
//   outside    rests on a consent that is not for this organisation or purpose the consent's source reported that
//   unknown    names a consent that no source has reported                  consents are reported, and this one is not among them
//   night      was made by a person between 22 and 6                        Danish time
//   hours      was made by a person two hours or more outside of those in   at least 10 accesses of that system before it
//              which that system's people looked before
//   first      is the first of that system                                  the list has at least 5 accesses before it, over 30 days
//   many       is one of 10 or more of that system on one day               and over three times its usual for a day
import { byProxy } from './consents.js';

export const NIGHT_FROM = 22;
export const NIGHT_TO = 6;
export const MANY = 10;
const MANY_TIMES = 3;
const HOURS_KNOWN = 10;
const HOURS_OUTSIDE = 2;
const FIRST_KNOWN = 5;
const FIRST_DAYS = 30;

function systemOf(access) {
  return `${access.org.id}\n${access.system}`;
}

function byPerson(access) {
  return access.actor.kind === 'human' && !byProxy(access);
}

function median(counts) {
  const sorted = [...counts].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** What is known of a system when an access is looked at: everything before it in the list. */
class System {
  constructor() {
    this.people = 0;
    this.low = 24;
    this.high = 0;
    this.days = new Map();
  }

  take(access, when) {
    if (!byPerson(access)) return;
    const hour = when.hour + when.minute / 60;
    this.people += 1;
    this.low = Math.min(this.low, hour);
    this.high = Math.max(this.high, hour);
  }

  outside(hour) {
    return this.people >= HOURS_KNOWN && (hour < this.low - HOURS_OUTSIDE || hour > this.high + HOURS_OUTSIDE);
  }
}

export const RULES = [
  { name: 'emergency', holds: (access) => access.emergency === true },
  { name: 'denied', holds: (access) => access.outcome === 'denied' },
  { name: 'withdrawn', holds: (access, known) => known.consent === 'withdrawn' },
  { name: 'outside', holds: (access, known) => known.consent === 'outside' },
  { name: 'unknown', holds: (access, known) => known.consent === 'unknown' },
  { name: 'night', holds: (access, known) => byPerson(access) && (known.when.hour >= NIGHT_FROM || known.when.hour < NIGHT_TO) },
  { name: 'hours', holds: (access, known, found) => byPerson(access) && !found.includes('night') &&
      known.system.outside(known.when.hour + known.when.minute / 60) },
  { name: 'first', holds: (access, known) => known.isFirst && known.before >= FIRST_KNOWN &&
      known.when.number - known.firstDay >= FIRST_DAYS },
  { name: 'many', holds: (access, known) => known.onDay >= MANY && known.onDay > MANY_TIMES * known.usual },
];

function countDays(accesses, systems) {
  for (const access of accesses) {
    const name = systemOf(access);
    if (!systems.has(name)) systems.set(name, new System());
    const days = systems.get(name).days;
    days.set(access.when.number, (days.get(access.when.number) ?? 0) + 1);
  }
  for (const system of systems.values()) system.usual = median(system.days.size > 1 ? [...system.days.values()] : [0]);
}

const SLICE = 200;

/** The work of unusual() in steps, for a page that has to stay awake: it yields now and then, and returns what it found. */
export function* unusualSteps(accesses, consentOf = () => null) {
  const found = new Map();
  const systems = new Map();
  const ordered = [...accesses].sort((a, b) => a.at - b.at || a.index - b.index);
  yield;
  countDays(ordered, systems);
  for (let before = 0; before < ordered.length; before += 1) {
    if (before % SLICE === SLICE - 1) yield;
    const access = ordered[before];
    const system = systems.get(systemOf(access));
    const known = { system, when: access.when, before, firstDay: ordered[0].when.number, isFirst: system.met === undefined,
      onDay: system.days.get(access.when.number), usual: system.usual, consent: consentOf(access) };
    const names = [];
    for (const rule of RULES) if (rule.holds(access, known, names)) names.push(rule.name);
    if (names.length > 0) found.set(access.index, names.map((rule) => ({ rule, count: rule === 'many' ? known.onDay : undefined })));
    system.met = true;
    system.take(access, access.when);
  }
  return found;
}

/** For open accesses (with `at`, ms, and `when`, local()): a map from index to [{rule, count}] of what is worth a look.
 *  `consentOf(access)` is a state of consents.js, or null. */
export function unusual(accesses, consentOf) {
  const steps = unusualSteps(accesses, consentOf);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
