// An access as one line of a list.
import { h } from './dom.js';
import { icon } from './icons.js';
import { write } from './address.js';
import { codeWords, ownWords } from './codes.js';

const KINDS = { human: 'person', system: 'machine', ai: 'spark' };
export const LOUD = ['emergency', 'denied', 'withdrawn', 'outside', 'unknown'];

export function tags(app, access) {
  const { w } = app;
  const found = app.unusual.get(access.index) ?? [];
  const fresh = app.visit !== null && access.reported > app.visit;
  if (found.length === 0 && !fresh) return null;
  return h('span', { class: 'tags' }, fresh && h('span', { class: 'tag fresh' }, w.list.fresh),
    found.map(({ rule, count }) => h('span', { class: LOUD.includes(rule) ? 'tag loud' : 'tag' }, w.reasons[rule](count))));
}

/** The words of an event are in the language of those who reported it, and turn nothing around them. */
export function theirs(app, text) {
  if (typeof text !== 'string' || text === '') return text;
  return h('bdi', { lang: app.w.lang === app.config.languages[0] ? null : app.config.languages[0] }, text);
}

/** What may be a code of another format, in the reader's language; `full` has what was sent behind it. */
export function coded(app, access, kind, text, full = false) {
  const words = codeWords(kind, text, app.w.lang, ownWords(access));
  if (words === text) return theirs(app, text);
  return full ? h('span', null, words, ' ', h('span', { class: 'soft' }, '(', app.w.access.sent, ' ', theirs(app, text), ')')) : h('span', null, words);
}

function erased(app, access) {
  return h('li', { class: 'row' }, h('a', { class: 'row-link', href: write('access', access.index) }, h('span', { class: 'row-time number' }, app.say.time(access.at)),
    h('span', { class: 'row-icon' }, icon('clock')), h('span', { class: 'row-text' }, h('span', { class: 'row-what' }, app.w.list.erased), h('span', { class: 'row-who' }, access.sender?.name))));
}

function one(app, access) {
  const { w, say } = app;
  return h('a', { class: 'row-link', href: write('access', access.index) }, h('span', { class: 'row-time number' }, say.time(access.at)),
    h('span', { class: 'row-icon' }, icon(KINDS[access.actor.kind]), h('span', { class: 'unseen' }, w.access.kinds[access.actor.kind])),
    h('span', { class: 'row-text' }, h('span', { class: 'row-what' }, coded(app, access, 'event', access.activity)),
      h('span', { class: 'row-who' }, theirs(app, access.org.name), ' · ', theirs(app, access.system)), h('span', { class: 'row-why' }, coded(app, access, 'purpose', access.purpose)), tags(app, access)));
}

function repeats(app, group) {
  const { w, say } = app;
  const [last] = group;
  const first = group[group.length - 1];
  const all = [...new Map(group.flatMap((access) => app.unusual.get(access.index) ?? []).map((found) => [found.rule, found])).values()];
  const fresh = app.visit !== null && group.some((access) => access.reported > app.visit);
  return h('details', { class: 'repeats' }, h('summary', { class: 'row-link' }, h('span', { class: 'row-time number' }, say.time(first.at), h('br'), h('span', { class: 'unseen' }, '–'), say.time(last.at)),
    h('span', { class: 'row-icon' }, icon(KINDS[last.actor.kind]), h('span', { class: 'unseen' }, w.access.kinds[last.actor.kind])),
    h('span', { class: 'row-text' }, h('span', { class: 'row-what' }, coded(app, last, 'event', last.activity), ' ', h('span', { class: 'times' }, w.list.times(say.number(group.length)))),
      h('span', { class: 'row-who' }, theirs(app, last.org.name), ' · ', theirs(app, last.system)), h('span', { class: 'row-why' }, coded(app, last, 'purpose', last.purpose)),
      (all.length > 0 || fresh) && h('span', { class: 'tags' }, fresh && h('span', { class: 'tag fresh' }, w.list.fresh),
        all.map(({ rule, count }) => h('span', { class: LOUD.includes(rule) ? 'tag loud' : 'tag' }, w.reasons[rule](count)))))),
  h('ul', { class: 'rows inner' }, group.map((access) => h('li', { class: 'row' }, one(app, access)))));
}

export function row(app, group) {
  if (group[0].erased) return erased(app, group[0]);
  if (group.length === 1) return h('li', { class: 'row' }, one(app, group[0]));
  return h('li', { class: 'row' }, repeats(app, group));
}

/** Lists by day, some days at a time: the rest comes when the reader gets there, or asks for it. */
export function dayList(app, days, level = 2) {
  const { w, say } = app;
  const list = h('div', { class: 'days' });
  const more = h('button', { class: 'button second', type: 'button', on: { click: () => add(true) } }, w.more);
  const foot = h('div', { class: 'days-more' }, more);
  const watch = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && add(false), { rootMargin: '600px' });
  let next = 0;
  function add(asked, rows = 40) {
    let first = null;
    for (let count = 0; next < days.length && count < rows; next += 1) {
      const day = days[next];
      count += day.groups.length;
      const section = h('section', { class: 'day' }, h(`h${level}`, { class: 'day-name', tabindex: -1 }, say.day(day.number)), h('ul', { class: 'rows' }, day.groups.map((group) => row(app, group))));
      first ??= section;
      list.append(section);
    }
    if (next >= days.length) {
      watch.disconnect();
      foot.remove();
    } else {
      // Seen again only if it goes out of sight first.
      watch.unobserve(foot);
      watch.observe(foot);
    }
    if (asked) first?.querySelector('.day-name').focus();
  }
  add(false);
  return { node: h('div', null, list, next < days.length && foot), all: () => { while (next < days.length) add(false, 400); } };
}
