// The page's beginning: its configuration, its language, who is signed in, and which view stands in the address bar.
import { fill, h } from './dom.js';
import { brand, icon } from './icons.js';
import { Session, SigninError } from './session.js';
import da from '../words/da.js';
import en from '../words/en.js';

const words = { da, en };
let w = words[localStorage.getItem('indsigt.language')] ?? da;

function signin(state, message) {
  const button = h('button', { class: 'button', type: 'button', on: { click: () => go(button, state) } }, w.signin.button);
  return h('div', { class: 'signin' }, message, h('div', { class: 'card' },
    h('h1', { tabindex: -1 }, w.signin.title), h('p', { class: 'lead' }, w.signin.lead),
    state.config.demo && h('p', { class: 'soft' }, w.signin.demo), h('div', { class: 'buttons' }, button),
    h('ul', { class: 'facts' }, w.signin.facts.map((fact) => h('li', null, icon('check'), h('span', null, fact))))));
}

async function go(button, state) {
  button.disabled = true;
  fill(button, w.signin.busy);
  try {
    await state.session.begin();
  } catch (error) {
    draw(state, h('div', { class: 'note bad', role: 'alert' }, w.signin.failed[error instanceof SigninError ? error.reason : 'wrong']));
  }
}

function draw(state, message) {
  document.documentElement.lang = w.lang;
  document.title = `${w.signin.title} – ${w.title}`;
  fill(document.getElementById('page'), h('div', { class: 'frame' },
    h('header', { class: 'top' }, h('div', { class: 'inside' }, h('a', { class: 'brand', href: '#/' }, brand(), w.title))),
    h('main', null, h('div', { class: 'inside' }, signin(state, message)))));
}

const config = await (await fetch('config.json', { cache: 'no-store' })).json();
const state = { config };
state.session = new Session(config, () => draw(state));
await state.session.finish().catch(() => {});
draw(state);
