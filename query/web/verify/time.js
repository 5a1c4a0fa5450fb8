// Times as people read them (EVT-4 of spec/event.md): UTC with a Z.

export const SECONDS_MAX = 9223372035n; // 2262-04-11T23:47:15Z

const SHAPE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;

export function timeText(seconds) {
  return new Date(Number(seconds) * 1000).toISOString().slice(0, 19) + 'Z';
}

// The seconds of a TIME of spec/statement.md, or null where it is none.
export function secondsOf(text) {
  const milliseconds = SHAPE.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(milliseconds) || milliseconds < 0) {
    return null;
  }
  const seconds = BigInt(milliseconds / 1000);
  return seconds <= SECONDS_MAX && timeText(seconds) === text ? seconds : null;
}

// A count of nanoseconds with no decimals, or the fewest of 3, 6 or 9 that are exact.
export function nanosecondsText(nanoseconds) {
  const seconds = timeText(nanoseconds / 1000000000n).slice(0, -1);
  const decimals = (nanoseconds % 1000000000n)
    .toString()
    .padStart(9, '0')
    .replace(/(000)+$/, '');
  return `${seconds}${decimals === '' ? '' : '.'}${decimals}Z`;
}

// Months since 1970-01 (spec/entry.md, erasure entries).
export function monthOf(seconds) {
  const date = new Date(Number(seconds) * 1000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}
