// Whether and when somebody wants to be told that there is something new.
import { fill, h } from '../dom.js';
import { shaped, wishes as shape } from '../shape.js';
import { trouble } from './notes.js';

const QUIET = { from: '22:00', to: '07:00' };

export function notices(app) {
  const { w } = app;
  const body = h('div', { class: 'card' }, h('p', { class: 'soft' }, w.overview.coming));
  const said = h('div', { 'aria-live': 'polite' });
  function form({ wishes, stopped }) {
    const want = h('input', { type: 'checkbox', checked: wishes.on === true });
    const often = h('fieldset', null, h('legend', null, w.notices.how), ['at-once', 'daily', 'weekly'].map((value) => h('label', { class: 'tick-field' },
      h('input', { type: 'radio', name: 'often', value, checked: (wishes.when ?? 'daily') === value }), h('span', null, w.notices.often[value]))));
    const quiet = h('input', { type: 'checkbox', checked: wishes.on !== true || Boolean(wishes.quiet) });
    const rest = h('div', { class: 'form', hidden: wishes.on !== true }, often, h('label', { class: 'tick-field' }, quiet, h('span', null, w.notices.quiet)));
    want.addEventListener('change', () => { rest.hidden = !want.checked; });
    /** Exactly what spec/notify.md (NTF-5) has beside each other. */
    const asked = () => {
      if (!want.checked) return { on: false };
      const when = often.querySelector('input:checked').value;
      return { on: true, when, ...(when === 'at-once' ? {} : { hour: wishes.hour ?? 8 }), ...(when === 'weekly' ? { weekday: wishes.weekday ?? 1 } : {}), ...(quiet.checked ? { quiet: wishes.quiet ?? QUIET } : {}),
        ...(when !== 'at-once' || quiet.checked ? { zone: 'Europe/Copenhagen' } : {}), language: w.lang };
    };
    fill(body, stopped && h('p', { class: 'note warn' }, w.notices.stopped), h('form', { class: 'form', on: { submit: async (event) => {
      event.preventDefault();
      try {
        await app.api.json('v1/notifications', { method: 'PUT', body: asked() });
        fill(said, h('p', { class: 'note good' }, w.notices.saved));
      } catch (error) {
        fill(said, trouble(app, error));
      }
    } } }, h('label', { class: 'tick-field' }, want, h('span', null, w.notices.want)), rest, said, h('div', { class: 'buttons' }, h('button', { class: 'button', type: 'submit' }, w.notices.save))));
  }
  app.api.json('v1/notifications').then((found) => form(shaped(shape, found))).catch((error) => fill(body, [404, 405].includes(error.status) || error.kind === 'notifier' ? h('p', null, w.notices.cannot) : trouble(app, error)));
  return { title: w.notices.title, node: h('div', null, h('h1', { tabindex: -1 }, w.notices.title), h('p', { class: 'lead' }, w.notices.lead), body) };
}
