// Times, numbers and people in words, in the language that is chosen.
import { dayNumber, local } from './zone.js';

const two = (n) => String(n).padStart(2, '0');
const capital = (text) => text[0].toUpperCase() + text.slice(1);

export class Say {
  constructor(words) {
    this.w = words;
    this.numbers = new Intl.NumberFormat(words.lang === 'da' ? 'da-DK' : 'en-GB');
  }

  number(n) {
    return this.numbers.format(n);
  }

  /** 26. november 2026 */
  date(ms) {
    const { date, month, year } = local(ms);
    return this.w.date(date, this.w.months[month], year);
  }

  /** 26. nov. */
  short(ms) {
    const { date, month } = local(ms);
    return this.w.dateShort(date, this.w.monthsShort[month]);
  }

  /** 08.15 */
  time(ms) {
    const { hour, minute } = local(ms);
    return this.w.time(two(hour), two(minute));
  }

  /** 26. november 2026 kl. 08.15 */
  moment(ms) {
    return this.w.at(this.date(ms), this.time(ms));
  }

  /** Torsdag 26. november 2026, or I dag */
  day(number, now = Date.now()) {
    const ms = number * 86_400_000 + 12 * 3_600_000;
    const today = local(now).number;
    const there = new Date(ms);
    const name = this.w.weekdays[there.getUTCDay()];
    const date = this.w.date(there.getUTCDate(), this.w.months[there.getUTCMonth()], there.getUTCFullYear());
    if (number === today) return `${this.w.today}, ${name} ${date}`;
    if (number === today - 1) return `${this.w.yesterday}, ${name} ${date}`;
    return `${capital(name)} ${date}`;
  }

  /** 26. nov. of a day number */
  dayShort(number) {
    const there = new Date(number * 86_400_000);
    return this.w.dateShort(there.getUTCDate(), this.w.monthsShort[there.getUTCMonth()]);
  }

  /** 010170-1234, or what an id of another kind holds */
  person(id) {
    const cpr = /^cpr:(\d{6})(\d{4})$/.exec(id ?? '');
    if (cpr) return `${cpr[1]}-${cpr[2]}`;
    return (id ?? '').replace(/^\w+:/, '');
  }
}

/** How many days after `from` it is at `to`, both in ms, by the calendar. */
export function daysBetween(from, to) {
  return local(to).number - local(from).number;
}

export { dayNumber };
