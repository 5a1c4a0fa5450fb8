// The whole list, with filters that stand in the address bar.
import { download, fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { read, replace } from '../address.js';
import { FILTERS, byDay, categories, choices, matcher, orgs, purposesIn } from '../select.js';
import { dayList } from '../rows.js';
import { chip } from '../chip.js';
import { csv } from '../csv.js';
import { listNotes, withheldList } from './notes.js';

function field(label, input) {
  return h('label', { class: 'field' }, h('span', null, label), input);
}

function select(app, name, filters, of, change) {
  const options = choices(app.store.accesses, of);
  const known = options.some((one) => one.value === filters[name]);
  const node = h('select', { name, on: { change: () => change(name, node.value) } }, h('option', { value: '' }, app.w.list.every),
    options.map((one) => h('option', { value: one.value }, `${one.name} (${app.say.number(one.count)})`)), filters[name] && !known && h('option', { value: filters[name] }, filters[name]));
  node.value = filters[name] ?? '';
  return node;
}

function form(app, filters, { change, type }) {
  const { w } = app;
  const text = h('input', { type: 'search', name: 'text', autocomplete: 'off', value: filters.text ?? '', on: { input: () => type('text', text.value) } });
  const date = (name) => {
    const node = h('input', { type: 'date', name, value: filters[name] ?? '', on: { change: () => change(name, node.value) } });
    return node;
  };
  const worth = h('input', { type: 'checkbox', name: 'worth', checked: filters.worth === '1', on: { change: () => change('worth', worth.checked ? '1' : '') } });
  return h('form', { class: 'filters', role: 'search', on: { submit: (event) => event.preventDefault() } },
    field(w.list.text, text), field(w.list.org, select(app, 'org', filters, orgs, change)), field(w.list.purpose, select(app, 'purpose', filters, purposesIn(w.lang), change)),
    field(w.list.category, select(app, 'category', filters, categories, change)), field(w.list.from, date('from')), field(w.list.to, date('to')),
    h('label', { class: 'tick-field' }, worth, h('span', null, w.list.worth)));
}

function active(app, filters, clear) {
  const { w, say } = app;
  const name = (filter) => ({ org: () => choices(app.store.accesses, orgs).find((one) => one.value === filters.org)?.name ?? filters.org,
    from: () => `${w.list.from} ${say.date(Date.parse(filters.from))}`, to: () => `${w.list.to} ${say.date(Date.parse(filters.to))}`, worth: () => w.overview.worth, purpose: () => choices(app.store.accesses, purposesIn(w.lang)).find((one) => one.value === filters.purpose)?.name ?? filters.purpose }[filter] ?? (() => filters[filter]))();
  const set = FILTERS.filter((filter) => filters[filter]);
  if (set.length === 0) return null;
  return h('div', { class: 'active' }, set.map((filter) => h('button', { class: 'tag remove', type: 'button', 'aria-label': w.list.remove(name(filter)), on: { click: () => clear([filter]) } }, name(filter), icon('cross'))),
    h('button', { class: 'plain', type: 'button', on: { click: () => clear(set) } }, w.list.clear));
}

function tools(app, shown) {
  const { w } = app;
  return h('div', { class: 'buttons tools' },
    h('button', { class: 'plain', type: 'button', on: { click: () => download('indsigt.csv', 'text/csv;charset=utf-8', csv(app, shown())) } }, w.list.csv),
    h('button', { class: 'plain', type: 'button', on: { click: () => print() } }, w.list.print));
}

export function accesses(app, route) {
  const { w, say } = app;
  const filters = Object.fromEntries(FILTERS.map((name) => [name, route.parameters[name] ?? '']));
  const formed = h('div');
  const count = h('span');
  const chosen = h('div');
  const body = h('div');
  const notes = h('div');
  const head = h('div');
  let shown = [];
  let list = null;
  const number = () => FILTERS.filter((name) => filters[name]).length;
  function draw() {
    shown = app.store.accesses.filter(matcher(filters, app.unusual));
    list = dayList(app, byDay(shown));
    fill(notes, listNotes(app));
    fill(head, chip(app));
    fill(chosen, active(app, filters, clear));
    fill(count, number() > 0 ? ` (${w.list.active(number())})` : '');
    fill(body, h('p', { class: 'soft' }, w.list.count(shown.length, app.store.accesses.length), app.store.state === 'coming' && ` – ${w.overview.coming}`), number() === 0 && withheldList(app),
      shown.length === 0 && app.store.state === 'whole' ? h('p', { class: 'card' }, number() > 0 ? w.list.none : w.overview.emptyTitle) : list.node);
  }
  function change(name, value) {
    filters[name] = value;
    replace('accesses', '', filters);
    draw();
    app.announce(w.list.count(shown.length, app.store.accesses.length));
  }
  let typing = null;
  function type(name, value) {
    filters[name] = value; // at once, so that a form made anew has it
    clearTimeout(typing);
    typing = setTimeout(() => { typing = null; change(name, filters[name]); }, 150);
  }
  const fresh = () => fill(formed, form(app, filters, { change, type }));
  function clear(names) {
    for (const name of names) filters[name] = '';
    fresh();
    change(names[0], '');
    fold.querySelector('summary').focus();
  }
  const fold = h('details', { class: 'card fold', open: matchMedia('(min-width: 60rem)').matches || number() > 0 }, h('summary', null, h('strong', null, w.list.filters), count), formed);
  fresh();
  draw();
  // What is printed is all of it, however far somebody has read.
  const whole = () => list.all();
  addEventListener('beforeprint', whole);
  let known = app.store.state;
  return { title: w.list.title, leave: () => {
      removeEventListener('beforeprint', whole);
      clearTimeout(typing);
      if (typing !== null && read().view === 'accesses') replace('accesses', '', filters);
    },
    update: (what) => {
      if (what === 'proof') return void fill(head, chip(app));
      if (what === 'coming') return void fill(body.firstChild, `${w.list.count(app.store.accesses.length, app.store.accesses.length)} – ${w.overview.coming}`);
      if (known !== app.store.state && !formed.contains(document.activeElement)) fresh();
      known = app.store.state;
      draw();
    },
    node: h('div', null, h('h1', { tabindex: -1 }, w.list.title), h('p', { class: 'only-print' }, w.list.printed(app.nameOf(app.mandate), say.moment(Date.now()))), head, notes, fold, chosen, tools(app, () => shown), body) };
}
