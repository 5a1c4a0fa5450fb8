// An access that somebody wonders about: the report, and the authority's answer beside it.
import { fill, h } from '../dom.js';
import { daysBetween } from '../say.js';
import { theirs } from '../rows.js';
import { trouble } from './notes.js';

function told(app, report) {
  const { w } = app;
  const days = daysBetween(report.at, report.answer?.at ?? Date.now());
  return h('div', { class: `note ${report.answer ? 'info' : 'warn'}` }, h('p', null, h('strong', null, report.answer ? w.report.answered(days) : w.report.waiting(days))),
    report.answer && h('p', null, theirs(app, report.answer.text)), report.comment && h('p', { class: 'soft' }, `${w.report.yours}: ${report.comment}`));
}

export function reporting(app, access) {
  const { w } = app;
  const node = h('section', { class: 'card', id: 'report' });
  function rest() {
    const report = app.reports?.get(access.index);
    if (report) return void fill(node, h('h2', null, w.report.title), told(app, report));
    fill(node, h('h2', null, w.report.title), h('p', { class: 'soft' }, w.report.lead(access.org.name)), h('div', { class: 'buttons' }, h('button', { class: 'button danger', type: 'button', on: { click: ask } }, w.report.button)));
  }
  function form() {
    const { store } = app;
    const draft = app.drafts.report;
    const { key } = draft;
    const comment = h('textarea', { rows: 4, maxlength: 500, id: 'comment', 'aria-describedby': 'comment-hint', value: draft.comment, on: { input: () => { draft.comment = comment.value; } } });
    const send = h('button', { class: 'button', type: 'submit' }, w.report.send);
    const said = h('div', { 'aria-live': 'assertive' });
    fill(node, h('h2', null, w.report.title), h('p', { class: 'soft' }, w.report.lead(access.org.name)), h('form', { on: { submit: async (event) => {
      event.preventDefault();
      send.disabled = true;
      fill(send, w.report.sending);
      try {
        await app.api.json('v1/reports', { method: 'POST', subject: app.mandate?.principal, body: { index: access.index, key, ...(comment.value.trim() ? { comment: comment.value.trim() } : {}) } });
        if (app.store !== store) return; // it is in the log, and whose page this is now is somebody else's
        if (app.drafts.report === draft) app.drafts.report = null;
        app.reports ??= new Map();
        app.reports.set(access.index, { at: Date.now(), comment: comment.value.trim() });
        app.announce(w.report.sent);
        rest();
      } catch (error) {
        send.disabled = false;
        fill(send, w.report.send);
        fill(said, error.status === 404 || error.status === 405 ? h('p', { class: 'note warn', role: 'alert' }, w.report.cannot) : trouble(app, error));
      }
    } } }, h('label', { class: 'field', for: 'comment' }, w.report.comment), h('p', { class: 'soft small', id: 'comment-hint' }, w.report.hint), comment, said,
    h('div', { class: 'buttons' }, send, h('button', { class: 'button second', type: 'button', on: { click: leave } }, w.report.cancel))));
    return comment;
  }
  function ask() {
    // The same report, however often it is sent: an answer that got lost doubles nothing. What is typed outlasts the view.
    app.drafts.report = { index: access.index, key: crypto.randomUUID(), comment: '' };
    form().focus();
  }
  function leave() {
    app.drafts.report = null;
    rest();
  }
  if (app.drafts.report?.index === access.index && !app.reports?.has(access.index)) form();
  else rest();
  return node;
}
