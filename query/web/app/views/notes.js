// What a list has to say about itself: that it could not be had, that something of it is held back or lost.
import { h } from '../dom.js';

/** An error in words, with a way to go on. */
export function trouble(app, error, again) {
  const { w } = app;
  return h('div', { class: 'note bad', role: 'alert' }, h('p', null, w.errors[error.kind] ?? w.errors.failed),
    again && h('p', null, h('button', { class: 'button second', type: 'button', on: { click: again } }, w.errors.again)));
}

/** In place of a view that could not be drawn. */
export function broken(app) {
  const { w } = app;
  return { title: w.title, node: h('div', null, h('h1', { tabindex: -1 }, w.title), trouble(app, { kind: 'garbled' })) };
}

export function listNotes(app) {
  const { w, say, store } = app;
  const lost = store.coverage?.lost;
  const notes = [store.state === 'stopped' && trouble(app, store.error, () => store.load()),
    lost && h('div', { class: 'note warn' }, h('p', null, w.overview.lost(say.number(lost.events), say.moment(Date.parse(lost.ranges[0].from)), say.moment(Date.parse(lost.ranges[lost.ranges.length - 1].to)))))].filter(Boolean);
  return notes.length > 0 ? notes : null;
}

export function withheldList(app) {
  const { w, say, store } = app;
  if (store.withheld.length === 0) return null;
  return h('section', { class: 'card held' }, h('h2', null, w.list.withheldTitle), h('p', { class: 'soft' }, w.list.withheldText), h('ul', { class: 'plain-list' },
    store.withheld.map((one) => h('li', null, h('strong', null, w.list.withheldOne(say.date(Date.parse(one.until)))), h('br'),
      h('span', { class: 'soft' }, w.list.withheldBasis(one.basis), '. ', w.list.reported(say.date(one.reported)))))));
}
