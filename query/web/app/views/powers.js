// Who may see for whom: what others gave to who is signed in, what they gave to others, and their consents.
import { fill, h } from '../dom.js';
import { codeWords } from '../codes.js';
import { dayOf, endOf, local } from '../zone.js';
import { trouble } from './notes.js';

function mine(app) {
  const { w, say } = app;
  return h('section', { class: 'card' }, h('h2', null, w.powers.youMay), app.mandates.length === 0 ? h('p', null, w.powers.youMayNone) : h('ul', { class: 'sources' }, app.mandates.map((mandate) => h('li', null,
    h('strong', null, app.nameOf(mandate)), h('span', { class: 'tag quiet' }, w.powers.kinds[mandate.kind]), h('span', { class: 'soft small' }, mandate.until ? w.powers.until(say.date(Date.parse(mandate.until))) : w.powers.forever),
    h('button', { class: 'button second', type: 'button', on: { click: () => app.become(mandate) } }, w.powers.see(app.nameOf(mandate)))))));
}

/** What is typed outlasts the view: another language, a look elsewhere. */
function keep(app, nodes) {
  const draft = app.drafts.grant ??= {};
  for (const node of nodes) {
    if (draft[node.id] !== undefined) node.value = draft[node.id];
    node.addEventListener('input', () => { draft[node.id] = node.value; });
  }
}

async function send(app, said, work) {
  fill(said);
  try {
    await work();
    return true;
  } catch (error) {
    fill(said, error.status === 404 || error.status === 405 ? h('p', { class: 'note warn', role: 'alert' }, app.w.powers.cannot) : trouble(app, error));
    return false;
  }
}

function given(app, done) {
  const { w, say } = app;
  const said = h('div', { 'aria-live': 'assertive' });
  const line = (grant) => {
    const sure = h('div', { hidden: true }, h('p', null, w.powers.revokeSure(grant.name ?? say.person(grant.to))), h('div', { class: 'buttons' },
      h('button', { class: 'button danger', type: 'button', on: { click: async () => {
        if (await send(app, said, () => app.api.json('v1/grants/revoke', { method: 'POST', body: { id: grant.id } }))) done(w.powers.revoked);
      } } }, w.powers.revoke), h('button', { class: 'button second', type: 'button', on: { click: () => { sure.hidden = true; } } }, w.report.cancel)));
    return h('li', null, h('strong', null, grant.name ?? say.person(grant.to)), h('span', { class: 'tag quiet' }, w.powers.kinds[grant.kind]),
      h('span', { class: 'soft small' }, !grant.inForce ? w.powers.ended : grant.until ? w.powers.until(say.date(grant.until)) : w.powers.forever),
      grant.inForce && grant.kind === 'attorney' && h('button', { class: 'plain', type: 'button', on: { click: () => { sure.hidden = false; sure.querySelector('button').focus(); } } }, w.powers.revoke), sure);
  };
  return h('section', { class: 'card' }, h('h2', null, w.powers.mayYou), app.grants.length === 0 ? h('p', null, w.powers.mayYouNone) : h('ul', { class: 'sources' }, app.grants.map(line)), said);
}

function give(app, done) {
  const { w } = app;
  const said = h('div', { 'aria-live': 'assertive' });
  const tomorrow = dayOf(local(Date.now()).number + 1);
  const to = h('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off', id: 'grant-to' });
  const name = h('input', { type: 'text', autocomplete: 'off', maxlength: 100, id: 'grant-name' });
  const until = h('input', { type: 'date', min: tomorrow, value: dayOf(local(Date.now()).number + 365), id: 'grant-until' });
  keep(app, [to, name, until]);
  const wrong = (node, text) => {
    fill(said, h('p', { class: 'note bad', role: 'alert', id: 'grant-wrong' }, text));
    node.setAttribute('aria-invalid', 'true');
    node.setAttribute('aria-describedby', 'grant-wrong');
    node.focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    for (const node of [to, until]) node.removeAttribute('aria-invalid');
    const digits = to.value.replace(/[\s-]/g, '');
    if (!/^\d{10}$/.test(digits)) return wrong(to, w.powers.toWrong);
    if (`cpr:${digits}` === app.store.subject) return wrong(to, w.powers.toSelf);
    if (!(until.value >= tomorrow)) return wrong(until, w.powers.untilWrong);
    const body = { to: `cpr:${digits}`, kind: 'attorney', until: endOf(until.value), ...(name.value.trim() ? { name: name.value.trim() } : {}) };
    if (await send(app, said, () => app.api.json('v1/grants', { method: 'POST', body }))) {
      app.drafts.grant = null;
      done(w.powers.given);
    }
    return null;
  };
  return h('section', { class: 'card' }, h('h2', null, w.powers.give), h('p', { class: 'soft' }, w.powers.giveLead), h('form', { class: 'form', novalidate: true, on: { submit } },
    h('label', { class: 'field', for: 'grant-to' }, h('span', null, w.powers.to), to), h('label', { class: 'field', for: 'grant-name' }, h('span', null, w.powers.name), name),
    h('label', { class: 'field', for: 'grant-until' }, h('span', null, w.powers.untilDate), until), said, h('div', { class: 'buttons' }, h('button', { class: 'button', type: 'submit' }, w.powers.send))));
}

function agreed(app) {
  const { w, say } = app;
  const list = [...(app.consents?.values() ?? [])].reverse();
  return h('section', { class: 'card' }, h('h2', null, w.powers.consents), list.length === 0 ? h('p', null, w.powers.consentsNone) : h('ul', { class: 'sources' }, list.map((one) => h('li', null,
    h('strong', null, w.powers.consentTo(one.to.join(', ')), one.purposes.length > 0 && ` ${w.powers.consentFor(one.purposes.map((purpose) => codeWords('purpose', purpose, w.lang, true)).join(', '))}`),
    h('span', { class: `tag ${one.withdrawn ? 'quiet' : ''}` }, one.withdrawn ? w.powers.consentWithdrawn(say.date(one.withdrawn)) : one.until ? w.powers.consentUntil(say.date(one.until)) : w.powers.consentGiven(say.date(one.given))),
    h('span', { class: 'soft small' }, w.powers.consentSource(one.source), '. ', one.id)))));
}

export function powers(app) {
  const { w } = app;
  const node = h('div');
  const note = h('div', { role: 'status' });
  const [may, gave, gives, consents] = [h('div'), h('div'), h('div'), h('div')];
  const own = app.mandate === null;
  async function done(text) {
    await app.loadPowers();
    draw();
    form();
    fill(note, h('p', { class: 'note good' }, text));
    node.querySelector('h1').focus();
  }
  function draw() {
    fill(may, mine(app));
    if (own) fill(gave, given(app, done));
    fill(consents, agreed(app));
  }
  /** Made anew only when it was sent: what somebody types stays, whatever comes meanwhile. */
  function form() {
    if (own) fill(gives, give(app, done));
  }
  draw();
  form();
  fill(node, h('h1', { tabindex: -1 }, w.powers.title), h('p', { class: 'lead' }, w.powers.lead), note, may, own && [gave, gives], consents);
  return { title: w.powers.title, node, update: (what) => what === undefined && draw() };
}
