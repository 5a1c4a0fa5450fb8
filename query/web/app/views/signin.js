// Before anybody is signed in: what this is, and the one button.
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { write } from '../address.js';
import { SigninError } from '../session.js';

export function signin(app) {
  const { w } = app;
  const said = h('div', { 'aria-live': 'assertive' });
  const say = (look, text) => fill(said, h('p', { class: `note ${look}`, role: 'alert' }, text));
  const button = h('button', { class: 'button', type: 'button', on: { click: async () => {
    button.disabled = true;
    fill(button, w.signin.busy);
    try {
      await app.session.begin();
    } catch (error) {
      say('bad', w.signin.failed[error instanceof SigninError ? error.reason : 'wrong']);
      button.disabled = false;
      fill(button, w.signin.button);
    }
  } } }, w.signin.button);
  if (app.why) say(app.why.look, app.why.text(w));
  if (!app.config.issuer) say('bad', w.signin.broken);
  return { title: w.signin.title, node: h('div', { class: 'signin' }, said, h('div', { class: 'card' }, h('h1', { tabindex: -1 }, w.signin.title), h('p', { class: 'lead' }, w.signin.lead),
    app.config.demo && h('p', { class: 'soft' }, w.signin.demo), h('div', { class: 'buttons' }, app.config.issuer && button),
    h('ul', { class: 'facts' }, w.signin.facts.map((fact) => h('li', null, icon('check'), h('span', null, fact)))), h('p', { class: 'after' }, h('a', { href: write('numbers') }, w.signin.numbers)))) };
}
