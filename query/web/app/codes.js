// Texts of an event that are codes of other formats, in the reader's language (spec/mapping.md, MPG-3). The table is the
// one that the readers of those formats have: words/codes.json is ledger/mapping/codes.json.
import table from '../words/codes.json' with { type: 'json' };

// What is looked up: by a code as it stands, by a display in any letter case (of ASCII, as elsewhere).
const small = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const codes = new Map();
const displays = new Map();
for (const [kind, , code, display, , da, en] of table.codes) {
  const words = { da, en };
  if (!codes.has(`${kind} ${code}`)) codes.set(`${kind} ${code}`, words);
  if (display !== '' && !displays.has(`${kind} ${small(display)}`)) displays.set(`${kind} ${small(display)}`, words);
}

// In a sender's own words only what is no word is a code: one without small letters.
const known = (kind, text, own) => (own && /[a-z]/.test(text) ? undefined : codes.get(`${kind} ${text}`) ?? (own ? undefined : displays.get(`${kind} ${small(text)}`)));

// What happened may be several, which readers put together with ", ".
const parts = (kind, text, own) => (kind === 'event' && !own && !known(kind, text) ? text.split(', ') : [text]);

/** Whether an event's texts are its sender's own words: all but those of FHIR and DICOM, which have displays (MPG-6). */
export const ownWords = (access) => !/^(fhir-|dicom$)/.test(access.source?.format ?? '');

/** The words for it in `lang`, or the text itself where the table has none. */
export function codeWords(kind, text, lang, own = false) {
  if (!text) return text;
  return parts(kind, text, own).map((part) => known(kind, part, own)?.[lang] ?? part).join(', ');
}

/** The words in all languages, for looking through; none for a text that is no code. */
export function allWords(kind, text, own = false) {
  return text ? parts(kind, text, own).map((part) => known(kind, part, own)).filter(Boolean).flatMap(({ da, en }) => [da, en]) : [];
}
