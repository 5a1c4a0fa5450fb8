// One access, told whole.
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { byDay } from '../select.js';
import { byProxy, consentState } from '../consents.js';
import { codeWords, ownWords } from '../codes.js';
import { LOUD, coded, theirs } from '../rows.js';
import { daysBetween } from '../say.js';
import { reporting } from './report.js';

function list(rows) {
  const there = rows.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== '' && value.length !== 0);
  return there.length === 0 ? null : h('dl', { class: 'facts-list' }, there.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))));
}

function part(title, ...content) {
  return content.some(Boolean) ? h('section', { class: 'card' }, h('h2', null, title), content) : null;
}

function behalf(app, access) {
  const one = access.on_behalf_of;
  if (!one) return null;
  if (!one.name && !one.role) return app.w.unknown;
  return [one.name && theirs(app, one.name), one.name && one.role && ', ', one.role && coded(app, access, 'role', one.role, true)];
}

function who(app, access) {
  const { w } = app;
  return part(w.access.who, list([[w.access.org, theirs(app, access.org.name)], [w.access.actor, byProxy(access) ? w.access.proxy : w.access.kinds[access.actor.kind]], [w.access.role, coded(app, access, 'role', access.actor.role, true)],
    [w.access.name, access.actor.name], [w.access.behalf, behalf(app, access)], [w.access.system, theirs(app, access.system)]]),
  access.ai && [h('h3', null, w.access.ai), list([[w.access.aiSystem, theirs(app, [access.ai.system, access.ai.version].filter(Boolean).join(' '))],
    [w.access.aiSources, access.ai.sources && theirs(app, access.ai.sources.join(', '))], [w.access.aiReviewed, access.ai.reviewed_by ? theirs(app, access.ai.reviewed_by) : w.access.aiNobody]])],
  access.actor.kind === 'ai' && !access.ai && h('p', null, w.access.aiNobody));
}

function what(app, access) {
  const { w } = app;
  return part(w.access.what, list([[w.access.activity, [coded(app, access, 'event', access.activity, true), ` (${w.access.actions[access.action].toLocaleLowerCase()})`]], [w.access.categories, access.categories && theirs(app, access.categories.join(', '))],
    [w.access.objects, access.objects?.join(', ')], [w.access.custodian, access.custodian && theirs(app, access.custodian)], [w.access.recipient, access.recipient && theirs(app, access.recipient)], [w.access.outcome, access.outcome !== 'ok' ? w.access.outcomes[access.outcome] : null]]));
}

const MARKS = { covered: 'check', withdrawn: 'warn', outside: 'warn', unknown: 'warn', unchecked: 'clock' };

function consent(app, access) {
  const state = consentState(access, app.consents);
  if (state === null) return null;
  // What cannot be seen may be what withdrew it.
  const unseen = app.store.withheld.length > 0 || app.store.accesses.some((one) => one.erased);
  return h('span', { class: `state ${state}` }, icon(MARKS[state]), h('span', null, h('span', { class: 'state-name' }, access.consent), h('br'), app.w.access.consentStates[state], unseen && ['unknown', 'covered'].includes(state) && ` ${app.w.access.consentUnseen}`));
}

function why(app, access) {
  const { w } = app;
  return part(w.access.why, list([[w.access.purpose, coded(app, access, 'purpose', access.purpose, true)], [w.access.reason, access.reason && theirs(app, access.reason)], [w.access.legal, access.legal_basis && theirs(app, access.legal_basis)],
    [w.access.processing, access.processing_activity && theirs(app, access.processing_activity)], [w.access.consent, consent(app, access)], [w.access.grant, byProxy(access) && access.consent]]));
}

function source(app, access) {
  const { w, say } = app;
  const days = daysBetween(access.at, access.reported);
  const known = app.senders?.find((one) => one.id === access.sender?.id);
  return part(w.access.source, access.sender && access.org && access.sender.org !== access.org.id && h('p', { class: 'note warn' }, w.access.byOther(access.sender.name, access.org.name)),
    known && !known.endorsed && h('p', { class: 'note warn' }, w.access.unendorsed), known?.compromised && h('p', { class: 'note bad' }, w.access.compromised),
    list([[w.access.org, access.sender?.name], [w.access.reported, `${say.moment(access.reported)} (${days <= 0 ? w.access.sameDay : w.access.later(days)})`], [w.access.retention, w.access.years(Number.parseInt(access.retention ?? '5y', 10))]]));
}

/** What its sender keeps back, by the policy that it is registered with. */
const USUALLY = ['actor.id', 'actor.name', 'on_behalf_of.id', 'objects', 'access_point', 'id'];

function hidden(app, access) {
  const { w } = app;
  const policy = app.senders?.find((one) => one.id === access.sender?.id)?.policy ?? [];
  const fields = new Set(USUALLY);
  for (const word of policy) {
    const [verb, field] = word.split(/[=:]/);
    if (verb === 'open') fields.delete(field);
    if (verb === 'close' || verb === 'restrict') fields.add(field);
  }
  const shown = (field) => field.split('.').reduce((at, name) => at?.[name], access) !== undefined;
  const names = [...fields].filter((field) => !shown(field)).map((field) => w.access.hiddenWords[Object.hasOwn(w.access.hiddenWords, field) ? field : 'other']);
  if (names.length === 0) return null;
  return part(w.access.hidden, h('p', null, w.access.hiddenText(access.org.name)), h('ul', null, [...new Set(names)].map((name) => h('li', null, name))));
}

function stands(app, access) {
  const { w } = app;
  const found = app.unusual.get(access.index) ?? [];
  if (found.length === 0) return null;
  return h('section', { class: `note ${found.some(({ rule }) => LOUD.includes(rule)) ? 'warn' : 'info'}` }, h('h2', null, w.access.worth),
    h('ul', { class: 'plain-list' }, found.map(({ rule, count }) => h('li', null, h('strong', null, w.reasons[rule](count)), '. ', w.reasonsLong[rule]))));
}

function expert(app, access) {
  const { w } = app;
  return h('details', { class: 'behind' }, h('summary', null, w.access.expert), list([[w.access.index, h('span', { class: 'number' }, access.index)], [w.access.session, access.session], [w.access.trace, access.trace],
    [w.access.source_format, access.source && `${access.source.format}, SHA-256 ${access.source.sha256}`]]));
}

function told(app, access) {
  const { w, say } = app;
  const same = access.erased ? [] : byDay(app.store.accesses.filter((one) => one.when.number === access.when.number)).flatMap((day) => day.groups).find((group) => group.some((one) => one.index === access.index)) ?? [];
  if (access.erased) return [h('h1', { tabindex: -1 }, w.list.erased), h('p', null, w.list.erasedText), source(app, access)];
  return [h('h1', { tabindex: -1 }, coded(app, access, 'event', access.activity)), h('p', { class: 'lead' }, theirs(app, access.org.name), ', ', say.moment(access.at), access.end_time && ` – ${say.moment(Date.parse(access.end_time))}`),
    same.length > 1 && h('p', { class: 'soft' }, w.access.repeats(same.length)), stands(app, access), h('div', { class: 'two' }, who(app, access), what(app, access), why(app, access), source(app, access)), hidden(app, access), reporting(app, access), expert(app, access)];
}

export function access(app, route) {
  const { w } = app;
  const node = h('div');
  let drawn = null;
  function draw() {
    const found = app.store.accesses.find((one) => String(one.index) === route.argument);
    if (found && drawn === found) return;
    drawn = found ?? null;
    const back = h('p', null, h('a', { class: 'back', href: '#/accesses', on: { click: (event) => { if (history.length > 1 && app.came) { event.preventDefault(); history.back(); } } } }, icon('back'), w.back));
    fill(node, back, found ? told(app, found) : [h('h1', { tabindex: -1 }, w.access.title), h('p', null, app.store.state === 'coming' ? w.overview.coming : w.access.missing)]);
  }
  draw();
  return { title: (drawn && codeWords('event', drawn.activity, w.lang, ownWords(drawn))) ?? w.access.title, node, update: draw };
}
