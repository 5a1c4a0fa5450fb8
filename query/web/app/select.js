// Which accesses of a list are shown, and together with which.
import { allWords, codeWords, ownWords } from './codes.js';
import { dayNumber } from './zone.js';

/** The filters, by their names in the address bar. */
export const FILTERS = ['from', 'to', 'org', 'purpose', 'category', 'text', 'worth'];

function lower(text) {
  return text.toLocaleLowerCase('da');
}

/** All that a person may look for in an access. Kept, since it is asked for at every letter. */
function haystack(access) {
  const own = ownWords(access);
  access.words ??= lower([access.activity, access.system, access.org?.name, access.org?.id, access.sender?.name, access.purpose, access.reason,
    access.legal_basis, access.recipient, access.custodian, access.consent, access.actor?.role, access.actor?.name, access.on_behalf_of?.name,
    access.on_behalf_of?.role, access.ai?.system, access.processing_activity, ...(access.categories ?? []),
    ...allWords('event', access.activity, own), ...allWords('purpose', access.purpose, own), ...allWords('role', access.actor?.role, own)].filter(Boolean).join('\n'));
  return access.words;
}

/** A test for accesses; what is erased has no content to be looked for, and shows without filters alone. */
export function matcher(filters, unusual = new Map()) {
  const from = dayNumber(filters.from);
  const to = dayNumber(filters.to);
  const texts = lower(filters.text ?? '').split(/\s+/).filter(Boolean);
  const content = Boolean(filters.org || filters.purpose || filters.category || filters.worth || texts.length);
  return (access) => {
    if (from !== null && access.when.number < from) return false;
    if (to !== null && access.when.number > to) return false;
    if (access.erased) return !content;
    if (filters.org && access.org.id !== filters.org) return false;
    if (filters.purpose && access.purpose !== filters.purpose) return false;
    if (filters.category && !(access.categories ?? []).includes(filters.category)) return false;
    if (filters.worth && !unusual.has(access.index)) return false;
    return texts.every((text) => haystack(access).includes(text));
  };
}

function same(a, b) {
  return !a.erased && !b.erased && a.org.id === b.org.id && a.system === b.system && a.activity === b.activity && a.action === b.action &&
    a.outcome === b.outcome && a.purpose === b.purpose && a.actor.kind === b.actor.kind && a.actor.role === b.actor.role &&
    Boolean(a.emergency) === Boolean(b.emergency);
}

/** Newest first, by day, repeats of a day together: [{day, number, groups: [[access, ...], ...]}]. */
export function byDay(accesses) {
  const days = [];
  for (const access of [...accesses].sort((a, b) => b.at - a.at || b.index - a.index)) {
    let day = days[days.length - 1];
    if (day === undefined || day.number !== access.when.number) days.push(day = { day: access.when.day, number: access.when.number, groups: [] });
    const group = day.groups.find((one) => same(one[0], access));
    if (group) group.push(access);
    else day.groups.push([access]);
  }
  return days;
}

/** What there is to choose from: [{value, name, count}], most first. */
export function choices(accesses, of) {
  const counts = new Map();
  for (const access of accesses) {
    for (const { value, name } of of(access)) {
      const known = counts.get(value) ?? { value, name, count: 0 };
      known.count += 1;
      counts.set(value, known);
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || a.name.localeCompare(b.name, 'da'));
}

export const orgs = (access) => (access.org ? [{ value: access.org.id, name: access.org.name }] : []);
export const purposesIn = (lang) => (access) => (access.purpose ? [{ value: access.purpose, name: codeWords('purpose', access.purpose, lang, ownWords(access)) }] : []);
export const categories = (access) => (access.categories ?? []).map((value) => ({ value, name: value }));

/** Bars of a timeline over the days [from, to]: days, weeks or months, whichever are few enough. */
export function bars(accesses, from, to) {
  const width = to - from < 45 ? 1 : to - from < 200 ? 7 : 30;
  const count = Math.max(1, Math.ceil((to - from + 1) / width));
  const start = to - count * width + 1;
  const made = Array.from({ length: count }, (_, n) => ({ from: start + n * width, to: start + (n + 1) * width - 1, count: 0, worth: 0 }));
  for (const access of accesses) {
    const bar = made[Math.floor((access.when.number - start) / width)];
    if (bar && access.when.number >= from) bar.count += 1;
  }
  return { width, bars: made };
}
