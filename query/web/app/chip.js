// The one line that says whether the list was checked, wherever a list is shown.
import { h } from './dom.js';
import { icon } from './icons.js';
import { write } from './address.js';

const LOOKS = { idle: ['', 'shield'], running: ['', 'clock'], good: ['good', 'check'], bad: ['bad', 'warn'], unchecked: ['warn', 'warn'] };

export function chip(app) {
  const { w, proof } = app;
  const [look, name] = LOOKS[proof.state];
  const text = { idle: w.check.idle, running: w.check.running, good: proof.state === 'good' && w.check.good(app.say.moment(Date.parse(proof.result.completeUntil))), bad: w.check.bad, unchecked: w.check.waiting }[proof.state];
  return h('p', { class: `chip ${look}` }, icon(name), h('span', null, text, '. ', h('a', { href: write('proof') }, proof.state === 'idle' ? w.check.start : w.check.how)));
}
