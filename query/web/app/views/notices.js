// Whether and when somebody wants to be told that there is something new.
import { fill, h } from '../dom.js';
import { shaped, wishes as shape } from '../shape.js';
import { trouble } from './notes.js';

const QUIET = { from: '22:00', to: '07:00' };

const clock = (text) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text ?? '');

function choice(label, name, options, value) {
  const node = h('select', { name }, options.map(([each, text]) => h('option', { value: String(each) }, text)));
  node.value = String(value);
  return { node, line: h('label', { class: 'field' }, h('span', null, label), node) };
}

/** How often, on which day and hour, and when not; what is not wanted beside the rest is not shown. */
function times(app, wishes) {
  const { w } = app;
  const often = h('fieldset', null, h('legend', null, w.notices.how), ['at-once', 'daily', 'weekly'].map((value) => h('label', { class: 'tick-field' },
    h('input', { type: 'radio', name: 'often', value, checked: (wishes.when ?? 'daily') === value }), h('span', null, w.notices.often[value]))));
  const weekday = choice(w.notices.weekday, 'weekday', [1, 2, 3, 4, 5, 6, 7].map((day) => [day, w.weekdays[day % 7]]), wishes.weekday ?? 1);
  const hour = choice(w.notices.hour, 'hour', Array.from({ length: 24 }, (_, n) => [n, w.notices.at(n)]), wishes.hour ?? 8);
  const quiet = h('input', { type: 'checkbox', checked: wishes.on !== true || Boolean(wishes.quiet) });
  const [from, to] = ['from', 'to'].map((name) => h('input', { type: 'time', name, value: clock(wishes.quiet?.[name]) ? wishes.quiet[name] : QUIET[name] }));
  const between = h('div', { class: 'form' }, [from, to].map((node) => h('label', { class: 'field' }, h('span', null, w.notices[node.name]), node)));
  const when = () => often.querySelector('input:checked').value;
  const look = () => {
    weekday.line.hidden = when() !== 'weekly';
    hour.line.hidden = when() === 'at-once';
    between.hidden = !quiet.checked;
  };
  const node = h('div', { class: 'form', on: { change: look } }, often, weekday.line, hour.line, h('label', { class: 'tick-field' }, quiet, h('span', null, w.notices.quiet)), between);
  look();
  /** Exactly what spec/notify.md (NTF-5) has beside each other; null where the quiet hours are none. */
  const asked = () => {
    if (quiet.checked && (!clock(from.value) || !clock(to.value) || from.value === to.value)) return null;
    return { on: true, when: when(), ...(when() === 'at-once' ? {} : { hour: Number(hour.node.value) }), ...(when() === 'weekly' ? { weekday: Number(weekday.node.value) } : {}),
      ...(quiet.checked ? { quiet: { from: from.value, to: to.value } } : {}), ...(when() !== 'at-once' || quiet.checked ? { zone: 'Europe/Copenhagen' } : {}), language: w.lang };
  };
  return { node, asked, from };
}

export function notices(app) {
  const { w } = app;
  const body = h('div', { class: 'card' }, h('p', { class: 'soft' }, w.overview.coming));
  const said = h('div', { 'aria-live': 'polite' });
  function form({ wishes, stopped }) {
    const want = h('input', { type: 'checkbox', checked: wishes.on === true });
    const { node, asked, from } = times(app, wishes);
    node.hidden = !want.checked;
    want.addEventListener('change', () => { node.hidden = !want.checked; });
    fill(body, stopped && h('p', { class: 'note warn' }, w.notices.stopped), h('form', { class: 'form', novalidate: true, on: { submit: async (event) => {
      event.preventDefault();
      const wish = want.checked ? asked() : { on: false };
      if (wish === null) {
        fill(said, h('p', { class: 'note bad', role: 'alert' }, w.notices.quietWrong));
        return void from.focus();
      }
      try {
        await app.api.json('v1/notifications', { method: 'PUT', body: wish });
        fill(said, h('p', { class: 'note good' }, w.notices.saved));
      } catch (error) {
        fill(said, trouble(app, error));
      }
    } } }, h('label', { class: 'tick-field' }, want, h('span', null, w.notices.want)), node, said, h('div', { class: 'buttons' }, h('button', { class: 'button', type: 'submit' }, w.notices.save))));
  }
  app.api.json('v1/notifications').then((found) => form(shaped(shape, found))).catch((error) => fill(body, [404, 405].includes(error.status) || error.kind === 'notifier' ? h('p', null, w.notices.cannot) : trouble(app, error)));
  return { title: w.notices.title, node: h('div', null, h('h1', { tabindex: -1 }, w.notices.title), h('p', { class: 'lead' }, w.notices.lead), body) };
}
