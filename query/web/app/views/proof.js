// "Is that all?": what was checked, in plain sentences, and what a check cannot say.
import { download, fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { trouble } from './notes.js';
import { table } from '../charts.js';

/** The sentences for what the verifier found: [text, true | null (to be noted)]. Its claims are codes (verify/claims.js). */
function steps(app, result) {
  const { claims } = result;
  const words = app.w.proof.steps;
  const { say } = app;
  const claim = Object.fromEntries(claims.map((one) => [one.code, one]));
  const many = (n) => (n < 2 ? n : say.number(n));
  const count = (code) => claim[code]?.count ?? 0;
  const newer = [...app.store.accesses, ...app.store.acts, ...app.store.withheld].filter(({ index }) => index >= app.proof.size).length;
  return [
    [words.log, true], claim.witnessed ? [words.witnessed(claim.witnessed.signed), true] : [words.unwitnessed, null], claim.old && [words.old(say.moment(Date.parse(claim.old.at))), null],
    claim.future && [words.future, null], [words.person(say.person(result.subject)), true], [claim.nobody ? words.absent : words.complete(many(count('complete'))), true], !claim.nobody && [words.events, true],
    [words.withheld(many(count('withheld'))), true], [words.erased(many(count('erased'))), true], [words.later(many(count('later'))), count('later') > 0 ? null : true], count('lost') > 0 && [words.lost(many(count('lost'))), null], [words.same, true], newer > 0 && [words.newer(many(newer)), null],
  ].filter(Boolean);
}

function step(app, [text, holds]) {
  const look = holds === true ? 'good' : holds === null ? 'warn' : 'bad';
  return h('li', { class: look }, icon(holds === true ? 'check' : holds === null ? 'warn' : 'cross'), h('span', null, text));
}

function verdict(app) {
  const { w, say, proof } = app;
  const { result } = proof;
  if (proof.state === 'good') {
    return h('div', { class: 'verdict good' }, h('p', { class: 'verdict-word' }, icon('check'), w.proof.good), h('p', null, w.proof.goodText(say.moment(Date.parse(result.completeUntil)))),
      h('ul', { class: 'steps' }, steps(app, result).map((one) => step(app, one))));
  }
  if (proof.state === 'bad') {
    return h('div', { class: 'verdict bad' }, h('p', { class: 'verdict-word' }, icon('warn'), w.proof.bad), h('p', null, w.proof.badText), result.differs && h('ul', { class: 'steps' }, step(app, [w.proof.steps.differs, false])));
  }
  if (proof.state === 'unchecked') {
    const { kind } = proof.error;
    return h('div', { class: 'verdict warn' }, h('p', { class: 'verdict-word' }, icon('warn'), w.proof.unchecked), h('p', null, kind === 'noVerifier' ? w.proof.noVerifier : kind === 'missing' ? w.proof.notReady : w.errors[kind] ?? w.errors.failed));
  }
  if (proof.state === 'running') {
    return h('div', { class: 'verdict' }, h('p', null, proof.step === 'fetching' ? w.proof.fetching : w.proof.working(say.number(proof.done), proof.all > 0 ? say.number(proof.all) : 0)),
      h('progress', proof.all > 0 ? { max: proof.all, value: proof.done, 'aria-label': w.check.running } : { 'aria-label': w.check.running }));
  }
  return null;
}

function how(app) {
  const { w, proof, config } = app;
  const { result } = proof;
  const claims = (result?.claims ?? []).map(({ code, state, ...more }) => [code, h('span', { class: 'code' }, Object.entries(more).map(([name, value]) => `${name}=${value}`).join(' ') || state)]);
  if (result?.finding) claims.push([`${result.finding.rule} (${result.finding.name})`, [result.finding.text, result.finding.where && ` (${result.finding.where})`]]);
  if (result?.differs) claims.push([w.proof.steps.differs, result.differs]);
  return h('details', { class: 'behind', open: proof.state === 'bad' }, h('summary', null, w.proof.how), h('p', { class: 'soft' }, w.proof.howText), claims.length > 0 && table([w.proof.rule, w.proof.finding], claims, w.proof.how, true),
    h('dl', { class: 'facts-list' }, [[w.proof.key, config.vkey], [w.proof.origin, result?.origin]].filter(([, value]) => value).map(([name, value]) => h('div', null, h('dt', null, name), h('dd', { class: 'code' }, value)))));
}

function status(app, sender) {
  const { w } = app;
  if (sender.compromised) return [w.proof.bad_key, 'bad'];
  if (sender.status === 'revoked') return [w.proof.revoked, ''];
  if (sender.events === 0) return [w.proof.never, 'warn'];
  return sender.silent ? [w.proof.silent, 'warn'] : [w.proof.reports, 'good'];
}

function sources(app) {
  const { w, say, senders } = app;
  if (!senders) return null;
  const hours = Math.round((app.coverage.silent_after_seconds ?? 86_400) / 3600);
  return h('section', { class: 'card', id: 'sources' }, h('h2', { tabindex: -1 }, w.proof.sources), h('p', { class: 'soft' }, w.proof.sourcesLead), h('ul', { class: 'sources' }, senders.map((sender) => {
    const [text, look] = status(app, sender);
    return h('li', null, h('strong', null, sender.name), h('span', { class: `tag ${look === 'good' ? '' : look === 'bad' ? 'loud' : 'quiet'}` }, text),
      h('span', { class: 'soft small' }, `${w.proof.since} ${say.date(Date.parse(sender.since))}`, sender.last_received && `. ${w.proof.last} ${say.moment(Date.parse(sender.last_received))}`));
  })), h('p', { class: 'soft small' }, w.proof.silentText(hours)));
}

function witnesses(app) {
  const { w, coverage } = app;
  const known = coverage?.witnessing?.witnesses;
  if (!known?.length) return null;
  return h('section', { class: 'card' }, h('h2', null, w.proof.witnesses), h('ul', { class: 'sources' }, known.map((one) => h('li', null, h('strong', null, one.name),
    h('span', { class: `tag ${one.alarm ? 'loud' : one.state === 'cosigns' ? '' : 'quiet'}` }, one.alarm ? w.proof.witnessAlarm : one.state === 'cosigns' ? w.proof.witnessGood : w.proof.witnessBad)))));
}

/** A page that its operator serves can lie, this one too; so it is offered as a file that others sign for and serve (spec/page.md). */
function genuine(app) {
  const { w, config } = app;
  const file = /^https?:\/\//.test(config.download ?? '') ? config.download : null;
  return h('section', { class: 'card', id: 'genuine' }, h('h2', null, w.proof.page), h('p', null, w.proof.pageText), file === null ? h('p', null, w.proof.pageNone) : [
    h('div', { class: 'buttons' }, h('a', { class: 'button second', href: file }, icon('down'), w.proof.pageGet), h('a', { class: 'button second', href: `${file}.note` }, icon('down'), w.proof.pageNote)),
    h('dl', { class: 'facts-list' }, [[w.proof.pageKey, config.publisher], [w.proof.pageCheck, `indsigt page verify ${file.split('/').pop()} --vkey KEY`]].filter(([, value]) => value).map(([name, value]) => h('div', null, h('dt', null, name), h('dd', { class: 'code' }, value))))]);
}

export function proofView(app, route) {
  const { w } = app;
  const result = h('div', { 'aria-live': 'polite' });
  const button = h('div', { class: 'buttons' });
  const more = h('div');
  const said = h('div');
  async function keep() {
    try {
      const blob = app.proof.statement ?? new Blob([await app.proof.fetch()]);
      download('indsigt-statement.json', 'application/json', blob);
    } catch (error) {
      fill(said, trouble(app, error));
    }
  }
  const tools = h('section', { class: 'card' }, h('h2', null, w.proof.tools), h('p', null, w.proof.statementText), said, h('div', { class: 'buttons' }, h('button', { class: 'button second', type: 'button', on: { click: keep } }, icon('down'), w.proof.statement)));
  const rest = h('div');
  let state = null;
  function draw() {
    const { proof } = app;
    fill(result, verdict(app));
    if (state !== proof.state) {
      const again = proof.state !== 'idle';
      const focused = button.contains(document.activeElement);
      fill(button, h('button', { class: again ? 'button second' : 'button', type: 'button', disabled: proof.state === 'running' || app.store.state === 'coming', on: { click: () => proof.start() } }, again ? w.proof.again : w.proof.start));
      if (focused && proof.state !== 'running') button.firstChild.focus();
      fill(more, how(app));
    }
    state = app.store.state === 'coming' ? 'coming' : proof.state;
    fill(rest, sources(app), witnesses(app));
  }
  draw();
  if (route.argument === 'sources') queueMicrotask(() => rest.querySelector('#sources h2')?.scrollIntoView());
  return { title: w.proof.title, update: draw, node: h('div', null, h('h1', { tabindex: -1 }, w.proof.title), h('p', { class: 'lead' }, w.proof.lead), app.mandate && h('p', { class: 'note warn' }, w.proof.recorded),
    h('section', { class: 'card' }, result, button, more), h('section', { class: 'card' }, h('h2', null, w.proof.limits), h('ul', null, w.proof.limitsList.map((one) => h('li', null, one)))), genuine(app), tools, rest) };
}
