// Codes of other formats in words. node --test test/
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allWords, codeWords, ownWords } from '../app/codes.js';
import { choices, matcher, purposesIn } from '../app/select.js';
import { local } from '../app/zone.js';
import table from '../words/codes.json' with { type: 'json' };

const at = Date.parse('2026-05-01T10:00:00Z');
const access = (more) => ({ index: 1, at, when: local(at), org: { id: 'cvr:1', name: 'A' }, actor: { kind: 'human', role: 'r' }, activity: 'a', purpose: 'p', ...more });

test('every code and every display of the table is told in both languages, each in its own place (MPG-3)', () => {
  assert.ok(table.codes.length > 300);
  for (const [kind, , code, display, , da, en] of table.codes) {
    for (const text of [code, display, display.toUpperCase()].filter(Boolean)) assert.deepEqual([codeWords(kind, text, 'da'), codeWords(kind, text, 'en')], [da, en], `${kind} ${text}`);
  }
  assert.equal(codeWords('role', 'TREAT', 'en'), 'TREAT');
});

test('what the table does not have is told as it was sent (MPG-4)', () => {
  for (const text of ['Sagsbehandling', 'treat', 'TREAT ', 'constructor', '__proto__', 'read,create']) assert.equal(codeWords('purpose', text, 'da'), text);
  assert.equal(codeWords('purpose', undefined, 'da'), undefined);
  assert.deepEqual(allWords('purpose', 'Sagsbehandling'), []);
});

test('of several things that happened each is told by itself (MPG-3)', () => {
  assert.equal(codeWords('event', 'read, Journalopslag, Export', 'en'), 'reading, Journalopslag, information was taken out of the system');
  assert.equal(codeWords('purpose', 'TREAT, BTG', 'en'), 'TREAT, BTG');
});

test("a sender's own words are told as they were sent, but for codes that are no words (MPG-6)", () => {
  for (const [kind, text] of [['event', 'Indlæggelse, operation'], ['event', 'Operation'], ['event', 'OPERATION'], ['event', 'read'], ['purpose', 'Donation'], ['role', 'Agent']]) assert.equal(codeWords(kind, text, 'da', true), text);
  assert.equal(codeWords('purpose', 'TREAT', 'en', true), 'treatment of the patient');
  assert.equal(codeWords('event', 'ITI-43, ITI-18', 'en', true), 'ITI-43, ITI-18');
  assert.deepEqual(allWords('purpose', 'Donation', true), []);
  const [own, sent] = [{}, { source: { format: 'fhir-r4' } }].map((more) => access({ purpose: 'treatment', ...more }));
  assert.deepEqual([own, sent].map((one) => choices([one], purposesIn('da'))[0].name), ['treatment', 'behandling af patienten']);
  assert.deepEqual(['fhir-r4', 'fhir-r6', 'dicom', 'otlp-span', 'cadf', undefined].map((format) => ownWords(access({ source: { format } }))), [false, false, false, true, true, true]);
  assert.deepEqual([own, sent].map(matcher({ text: 'behandling' })), [false, true]);
});

test('a purpose is chosen by its words, and found by them in any language', () => {
  const one = access({ purpose: 'TREAT' });
  assert.deepEqual(choices([one], purposesIn('en')), [{ value: 'TREAT', name: 'treatment of the patient', count: 1 }]);
  for (const text of ['behandling', 'treatment', 'treat']) assert.ok(matcher({ text })(one), text);
  assert.ok(!matcher({ text: 'forskning' })(one));
});
