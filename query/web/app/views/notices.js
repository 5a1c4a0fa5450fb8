// Whether and when somebody wants to be told that there is something new.
import { fill, h } from '../dom.js';
import { trouble } from './notes.js';

export function notices(app) {
  const { w } = app;
  const body = h('div', { class: 'card' }, h('p', { class: 'soft' }, w.overview.coming));
  const said = h('div', { 'aria-live': 'polite' });
  function form(wishes) {
    const want = h('input', { type: 'checkbox', checked: wishes.enabled === true });
    const often = h('fieldset', null, h('legend', null, w.notices.how), ['instant', 'daily', 'weekly'].map((value) => h('label', { class: 'tick-field' },
      h('input', { type: 'radio', name: 'often', value, checked: (wishes.batch ?? 'daily') === value }), h('span', null, w.notices.often[value]))));
    const quiet = h('input', { type: 'checkbox', checked: wishes.quiet !== null && wishes.quiet !== false });
    fill(body, h('form', { class: 'form', on: { submit: async (event) => {
      event.preventDefault();
      const asked = { ...wishes, enabled: want.checked, batch: often.querySelector('input:checked').value, quiet: quiet.checked ? { from: '22:00', to: '07:00' } : null };
      try {
        await app.api.json('v1/notifications', { method: 'PUT', body: asked });
        fill(said, h('p', { class: 'note good' }, w.notices.saved));
      } catch (error) {
        fill(said, trouble(app, error));
      }
    } } }, h('label', { class: 'tick-field' }, want, h('span', null, w.notices.want)), often, h('label', { class: 'tick-field' }, quiet, h('span', null, w.notices.quiet)), said,
    h('div', { class: 'buttons' }, h('button', { class: 'button', type: 'submit' }, w.notices.save))));
  }
  app.api.json('v1/notifications').then(form, (error) => fill(body, error.status === 404 || error.status === 405 ? h('p', null, w.notices.cannot) : trouble(app, error)));
  return { title: w.notices.title, node: h('div', null, h('h1', { tabindex: -1 }, w.notices.title), h('p', { class: 'lead' }, w.notices.lead), body) };
}
