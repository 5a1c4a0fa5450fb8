// What is not asked for every day.
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { write } from '../address.js';

export function more(app) {
  const { w } = app;
  return { title: w.nav.settings, node: h('div', null, h('h1', { tabindex: -1 }, w.nav.settings), h('ul', { class: 'menu card' }, [['people', 'powers'], ['bell', 'notices'], ['bars', 'numbers']].map(([name, view]) => h('li', null,
    h('a', { href: write(view) }, icon(name), h('span', null, w.nav[view]), icon('next'))))), h('div', { class: 'buttons' }, h('button', { class: 'button second', type: 'button', on: { click: () => app.session.end('asked') } }, w.top.signOut))) };
}
