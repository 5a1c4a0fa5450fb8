// The first look: one sentence, whether it is all, who and when, what is new, what stands out.
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { replace, write } from '../address.js';
import { bars, byDay, choices, orgs } from '../select.js';
import { ranking, timeline } from '../charts.js';
import { dayOf, local } from '../zone.js';
import { LOUD, dayList } from '../rows.js';
import { chip } from '../chip.js';
import { listNotes, withheldList } from './notes.js';

const DAYS = [7, 30, 90, 365, 0];
const WORTH = 6;
const LATEST = 5;

function periodOf(app, parameters) {
  const days = DAYS.includes(Number(parameters.days ?? 30)) ? Number(parameters.days ?? 30) : 30;
  const to = local(Date.now()).number;
  const oldest = app.store.accesses.reduce((low, access) => Math.min(low, access.when.number), to);
  return { days, from: days === 0 ? oldest : to - days + 1, to };
}

function choice(app, days, change) {
  const { w } = app;
  return h('fieldset', { class: 'segments' }, h('legend', { class: 'unseen' }, w.overview.period), DAYS.map((value) => h('label', null,
    h('input', { type: 'radio', name: 'days', value: String(value), checked: value === days, on: { change: () => change(value) } }), h('span', null, w.overview.periods[value]))));
}

/** What follows the first sentence. A check that failed leaves nothing of "all are shown". */
function restOf(app, n) {
  const { w, store } = app;
  const held = store.withheld.length;
  if (app.proof.state === 'bad') return w.overview.doubt;
  if (store.state === 'coming') return w.overview.coming;
  if (store.state === 'stopped') return w.errors.part;
  if (held > 0) return w.overview.withheld(held);
  return n === 0 ? w.overview.allNone : w.overview.all;
}

function sentence(app, shown, days) {
  const { w, say } = app;
  const { store } = app;
  const n = shown.length;
  const m = new Set(shown.filter((access) => access.org).map((access) => access.org.id)).size;
  const held = store.withheld.length;
  return h('div', null, h('p', { class: 'sentence' }, n === 0 ? (held > 0 ? w.overview.noneShown(days) : w.overview.none(days)) : w.overview.sentence(say.number(n) === '1' ? 1 : n, m, days), ' ', h('span', { class: 'sentence-rest' }, restOf(app, n))));
}

function empty(app) {
  const { w } = app;
  return h('div', { class: 'card empty' }, icon('shield'), h('h2', null, w.overview.emptyTitle), h('p', null, w.overview.emptyText), h('p', null, w.overview.emptyProof),
    h('p', null, h('a', { href: write('proof') }, w.nav.proof)));
}

function news(app) {
  const { w, say } = app;
  if (app.visit === null) return null;
  const fresh = app.store.accesses.filter((access) => access.reported > app.visit).length;
  return h('div', { class: fresh > 0 ? 'note info' : 'note' }, h('p', null, h('strong', null, fresh > 0 ? w.overview.fresh(fresh) : w.overview.freshNone)),
    h('p', { class: 'soft small' }, w.overview.freshDate(say.moment(app.visit))));
}

/** Some groups of a list, as a list by day again. */
function someOf(days, choose) {
  const chosen = new Set(choose(days.flatMap((day) => day.groups)));
  return days.map((day) => ({ ...day, groups: day.groups.filter((group) => chosen.has(group)) })).filter((day) => day.groups.length > 0);
}

function worth(app, shown) {
  const { w } = app;
  if (shown.length === 0) return null;
  const found = shown.filter((access) => app.unusual.has(access.index));
  const loud = (group) => group.some((access) => app.unusual.get(access.index).some(({ rule }) => LOUD.includes(rule)));
  const some = someOf(byDay(found), (groups) => [...groups.filter(loud), ...groups.filter((group) => !loud(group))].slice(0, WORTH));
  return h('section', { class: 'card' }, h('h2', null, w.overview.worth), found.length === 0 ? h('p', null, w.overview.worthNone) : [h('p', { class: 'soft' }, w.overview.worthLead), dayList(app, some, 3).node,
    h('p', null, h('a', { href: write('accesses', '', { worth: 1 }) }, w.overview.worthAll(app.unusual.size)))]);
}

function charts(app, shown, period) {
  const { w, say } = app;
  if (shown.length === 0) return null;
  const span = period.days === 0 ? {} : { from: dayOf(period.from), to: dayOf(period.to) };
  return h('div', { class: 'two' }, h('section', { class: 'card' }, h('h2', null, w.overview.byOrg),
    ranking(choices(shown, orgs).slice(0, 12).map((one) => ({ ...one, href: write('accesses', '', { ...span, org: one.value }) })), w, say)),
  h('section', { class: 'card' }, h('h2', null, w.overview.timeline), timeline(bars(shown, period.from, period.to), w, say)));
}

function latest(app, shown) {
  const { w } = app;
  if (shown.length === 0) return null;
  const newest = someOf(byDay(shown), (groups) => groups.slice(0, LATEST));
  return h('section', { class: 'card' }, h('h2', null, w.overview.latest), dayList(app, newest, 3).node, h('div', { class: 'buttons' }, h('a', { class: 'button second', href: write('accesses') }, w.overview.latestAll)));
}

function sources(app) {
  const { w } = app;
  const counts = app.store.coverage?.counts;
  if (!counts) return null;
  return h('section', { class: 'card' }, h('h2', null, w.overview.sources), h('p', null, w.overview.sourcesText(counts.active), ' ', counts.silent > 0 ? h('strong', null, w.overview.silent(counts.silent)) : w.overview.silentNone),
    h('p', { class: 'soft' }, w.overview.notHere), h('p', null, h('a', { href: write('proof', 'sources') }, w.top.footList)));
}

export function overview(app, route) {
  const { w } = app;
  const title = app.mandate ? w.overview.titleOther(app.nameOf(app.mandate)) : w.overview.title;
  const body = h('div');
  const parameters = { ...route.parameters };
  const head = h('div', { class: 'card hero' });
  const choose = h('div');
  const checked = h('div');
  let count = 0;
  function draw(what) {
    if (what === 'proof') {
      fill(checked, chip(app));
      const rest = head.querySelector('.sentence-rest');
      if (rest) fill(rest, restOf(app, count));
      return;
    }
    if (what === 'coming') return void fill(head.querySelector('.sentence-rest') ?? h('i'), `${w.overview.coming} (${app.say.number(app.store.accesses.length)})`);
    const period = periodOf(app, parameters);
    const shown = app.store.accesses.filter((access) => access.when.number >= period.from && access.when.number <= period.to);
    count = shown.length;
    const nothing = app.store.accesses.length === 0 && app.store.withheld.length === 0 && app.store.state === 'whole';
    if (app.store.until === null) {
      fill(head, listNotes(app) ?? h('p', { class: 'sentence soft' }, w.overview.coming));
      return;
    }
    fill(checked, chip(app));
    fill(head, sentence(app, shown, period.days), checked);
    fill(body, listNotes(app), nothing ? empty(app) : charts(app, shown, period), news(app), nothing ? null : [worth(app, shown), withheldList(app), latest(app, shown)], sources(app));
  }
  fill(choose, choice(app, periodOf(app, parameters).days, (days) => {
    parameters.days = days;
    replace('', '', parameters);
    draw();
    const shown = app.store.accesses.filter((access) => access.when.number >= periodOf(app, parameters).from);
    app.announce(`${w.overview.periods[days]}: ${w.accesses(shown.length)}`);
  }));
  draw();
  return { title, node: h('div', null, h('h1', { tabindex: -1 }, title), head, choose, body), update: draw };
}
