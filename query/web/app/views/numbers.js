// What everybody may know: how much is looked up by whom, who reports, how long people wait for answers.
import { fill, h } from '../dom.js';
import { ranking } from '../charts.js';
import { trouble } from './notes.js';

export function numbers(app) {
  const { w } = app;
  const body = h('div', null, h('p', { class: 'soft' }, w.overview.coming));
  const load = () => app.api.json('v1/numbers', { open: true }).then((found) => fill(body, told(app, found)), (error) => fill(body, error.status === 404 ? h('p', { class: 'card' }, w.numbers.cannot) : trouble(app, error, load)));
  load();
  return { title: w.numbers.title, node: h('div', null, h('h1', { tabindex: -1 }, w.numbers.title), h('p', { class: 'lead' }, w.numbers.lead), body) };
}

function told(app, found) {
  const { w } = app;
  const orgs = found.organisations ?? [];
  return [orgs.length > 0 && h('section', { class: 'card' }, h('h2', null, w.numbers.perOrg), ranking(orgs.map((one) => ({ name: one.name, count: one.events ?? 0 })), w, app.say))];
}
