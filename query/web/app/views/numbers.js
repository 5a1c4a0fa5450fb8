// What everybody may know: how much is looked up by whom, who reports, how long people wait for answers.
import { fill, h } from '../dom.js';
import { ranking, table, timeline } from '../charts.js';
import { quarters } from '../waiting.js';
import { numbers as shape, shaped } from '../shape.js';
import { trouble } from './notes.js';

export function numbers(app) {
  const { w } = app;
  const body = h('div', null, h('p', { class: 'soft' }, w.overview.coming));
  const load = () => app.api.json('v1/numbers', { open: true }).then((found) => fill(body, told(app, shaped(shape, found)))).catch((error) => fill(body, error.status === 404 ? h('p', { class: 'card' }, w.numbers.cannot) : trouble(app, error, load)));
  load();
  return { title: w.numbers.title, node: h('div', null, h('h1', { tabindex: -1 }, w.numbers.title), h('p', { class: 'lead' }, w.numbers.lead), body) };
}

/** A day's bar: what is published is rounded down, and under ten there is nothing but "few" (NUM-2). */
function perDay(app, { days, sums }) {
  const { w, say } = app;
  const made = days.map((day, n) => ({ from: Math.floor(Date.parse(day) / 86_400_000), to: Math.floor(Date.parse(day) / 86_400_000), count: sums[n] ?? 0 }));
  return h('section', { class: 'card' }, h('h2', null, w.numbers.perDay), timeline({ width: 1, bars: made }, w, say, w.numbers.dayText));
}

function perOrg(app, organisations) {
  const { w, say } = app;
  const rows = organisations.map((one) => {
    const count = one.events.reduce((sum, n) => sum + (n ?? 0), 0);
    return { name: one.name, count, text: count > 0 ? w.numbers.about(say.number(count)) : w.numbers.few };
  }).sort((a, b) => b.count - a.count || a.name.localeCompare(b.name, 'da'));
  return h('section', { class: 'card' }, h('h2', null, w.numbers.perOrg), ranking(rows, w, say));
}

function state(app, { checkpoint, coverage, origin }) {
  const { w, say } = app;
  const size = Number(checkpoint.split('\n')[1]);
  const witnesses = coverage.witnessing?.witnesses ?? [];
  return h('section', { class: 'card' }, h('h2', null, w.numbers.checkpoint), h('p', null, origin, ': ', w.numbers.size(say.number(size)), '. ', w.numbers.seen(say.moment(Date.parse(coverage.as_of)))),
    h('p', null, w.overview.sourcesText(coverage.counts.active), ' ', coverage.counts.silent > 0 ? h('strong', null, w.overview.silent(coverage.counts.silent)) : w.overview.silentNone),
    witnesses.length > 0 ? h('p', null, w.proof.steps.witnessed(witnesses.filter((one) => one.state === 'cosigns').length)) : h('p', null, w.numbers.unwitnessed));
}

function waited(app, { number, year, sums, rows }, days) {
  const { w, say } = app;
  const name = w.numbers.quarter(number, year);
  const line = (title, people) => [title, ...people.map((n) => (n ? w.numbers.about(say.number(n)) : w.numbers.few))];
  const half = ({ name: org, middle }) => (middle < days.length ? w.numbers.middle(org, days[middle]) : w.numbers.middleNone(org, days.at(-1)));
  const sure = rows.filter(({ middle }) => middle !== null);
  return [h('h3', null, name), sure.length > 0 && h('ul', null, sure.map((one) => h('li', null, half(one)))),
    table([w.overview.tableOrg, ...days.map((n, at) => (at === 0 ? w.numbers.within(n) : w.numbers.between(days[at - 1] + 1, n))), w.numbers.notWithin(days.at(-1))], [...rows.map((one) => line(one.name, one.people)), line(w.numbers.together, sums)], `${w.numbers.answers}, ${name}`)];
}

/** Null while the ledger counts: then another look will have it. */
function answers(app, found) {
  const { w } = app;
  const tables = found ? quarters(found) : [];
  return h('section', { class: 'card' }, h('h2', null, w.numbers.answers), h('p', { class: 'soft' }, w.numbers.answersLead),
    tables.length > 0 ? tables.map((one) => waited(app, one, found.rule.days)) : h('p', null, found ? w.numbers.answersNone : w.numbers.answersComing));
}

function told(app, found) {
  const { w } = app;
  const { accesses } = found;
  return [accesses.days.length === 0 ? h('p', { class: 'card' }, w.numbers.cannot) : h('div', { class: 'two' }, perDay(app, accesses), perOrg(app, accesses.organisations)), answers(app, found.reports), state(app, found),
    h('section', { class: 'card' }, h('h2', null, w.numbers.rule), h('p', null, w.numbers.ruleText(accesses.rule.base, accesses.rule.days)))];
}
