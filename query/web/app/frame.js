// What stands around every view: whose data it is, the menu, the language, and who reports.
import { fill, h } from './dom.js';
import { brand, icon } from './icons.js';
import { write } from './address.js';

const MENU = [['', 'overview', 'home'], ['accesses', 'accesses', 'list'], ['proof', 'proof', 'shield'], ['more', 'settings', 'more']];
const UNDER_MORE = ['more', 'powers', 'notices', 'numbers'];

function languages(app) {
  const other = app.w.lang === 'da' ? 'en' : 'da';
  return h('button', { class: 'plain language', type: 'button', lang: other, on: { click: () => app.speak(other) } }, app.w.otherLanguage[other]);
}

function menu(app, view) {
  const at = UNDER_MORE.includes(view) ? 'more' : view === 'access' ? 'accesses' : view;
  return h('nav', { class: 'menu-bar', 'aria-label': app.w.nav.label }, h('ul', { class: 'inside' }, MENU.map(([there, name, drawn]) => h('li', null,
    h('a', { href: write(there), 'aria-current': at === there ? 'page' : null }, icon(drawn), h('span', null, app.w.nav[name]))))));
}

/** Whose data it is: said in words and by colour, on every view, as long as it is not one's own. */
function whose(app) {
  const { w, say, mandate } = app;
  if (mandate === null) {
    if (app.mandates.length === 0) return null;
    return h('div', { class: 'whose', role: 'region', 'aria-label': w.top.seeingYou }, h('div', { class: 'inside' }, h('span', null, w.top.seeingYou), h('a', { href: write('powers') }, w.top.switchTo)));
  }
  return h('div', { class: 'whose other', role: 'region', 'aria-label': w.top.seeing(app.nameOf(mandate)) }, h('div', { class: 'inside' }, icon('people'), h('p', null, h('strong', null, w.top.seeing(app.nameOf(mandate))), ' ',
    h('span', null, `(${mandate.kind === 'parental' ? w.top.child : w.top.attorney}${mandate.until ? `, ${w.top.until(say.date(Date.parse(mandate.until)))}` : ''}). ${w.top.recorded}`)),
  h('button', { class: 'button', type: 'button', on: { click: () => app.become(null) } }, w.top.backToYou)));
}

export function frame(app, view, node) {
  const { w } = app;
  const inside = app.session.signedIn;
  return h('div', { class: inside ? 'frame signed-in' : 'frame' }, h('a', { class: 'skip', href: '#content', on: { click: (event) => { event.preventDefault(); document.querySelector('main h1')?.focus(); } } }, w.skip),
    h('header', { class: 'top' }, h('div', { class: 'inside' }, h('a', { class: 'brand', href: write('') }, brand(), w.title),
      h('div', { class: 'top-side' }, inside && h('span', { class: 'me' }, me(app)), languages(app), inside && h('button', { class: 'plain', type: 'button', on: { click: () => app.session.end('asked') } }, w.top.signOut)))),
    inside && menu(app, view), inside && whose(app), h('main', { id: 'content' }, h('div', { class: 'inside' }, node)),
    h('footer', { class: 'foot' }, h('div', { class: 'inside' }, h('p', null, w.top.foot, ' ', inside && h('a', { href: write('proof', 'sources') }, w.top.footList)), h('p', null, w.top.zone))));
}

function me(app) {
  return app.session.name ?? (app.self ? app.say.person(app.self) : '');
}

/** Says again who is there and whose data it is, and leaves the view alone. */
export function surround(place, app) {
  const name = place.querySelector('.me');
  if (name) fill(name, me(app));
  place.querySelector('.whose')?.remove();
  const region = whose(app);
  if (region) place.querySelector('main').before(region);
}
