// Danish time, whatever the reader's machine is set to: an access at night is one at night where it happened. Worked out here,
// since asking Intl for 5,000 times takes longer than a page may stand still (the tests hold it against Intl).

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The last Sunday of a month, 01:00 UTC: when Europe's clocks change. */
function change(year, month) {
  const end = new Date(Date.UTC(year, month + 1, 0, 1));
  return end.getTime() - end.getUTCDay() * DAY;
}

const changes = new Map();

function offset(ms) {
  const year = new Date(ms).getUTCFullYear();
  if (!changes.has(year)) changes.set(year, [change(year, 2), change(year, 9)]);
  const [spring, autumn] = changes.get(year);
  return ms >= spring && ms < autumn ? 2 * HOUR : HOUR;
}

/** A time (ms since 1970) in Danish time: day is 'YYYY-MM-DD', number counts days since 1970, weekday 0 is Sunday. */
export function local(ms) {
  const there = new Date(ms + offset(ms));
  const text = there.toISOString();
  return { day: text.slice(0, 10), number: Math.floor(there.getTime() / DAY), weekday: there.getUTCDay(), hour: there.getUTCHours(),
    minute: there.getUTCMinutes(), year: there.getUTCFullYear(), month: there.getUTCMonth(), date: there.getUTCDate() };
}

/** The number of days since 1970 of 'YYYY-MM-DD', or null. */
export function dayNumber(day) {
  const ms = /^\d{4}-\d\d-\d\d$/.test(day ?? '') ? Date.parse(`${day}T00:00:00Z`) : NaN;
  return Number.isNaN(ms) ? null : ms / DAY;
}

/** The other way round. */
export function dayOf(number) {
  return new Date(number * DAY).toISOString().slice(0, 10);
}

/** The last second of 'YYYY-MM-DD' in Danish time, as a time of the log: what holds until that day holds all of it. No clock changes so late in the day. */
export function endOf(day) {
  const end = Date.parse(`${day}T23:59:59Z`);
  return new Date(end - offset(end)).toISOString().replace('.000Z', 'Z');
}
