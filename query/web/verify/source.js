// spec/entry.md, ENTRY-27: what a registration says its sender's own words mean. A verifier uses none of it, and refuses an
// entry whose words have another spelling than the one that there is.

import { compare, textOrRefuse, utf8 } from './bytes.js';
import { need } from './refused.js';
import { isOrganisation, isAuthority, saysNothing } from './subject.js';

const BYTES_MAX = 4096;
const NAME_BYTES_MAX = 64;
const FREE_TEXTS = ['activity', 'objects', 'reason', 'recipient', 'session', 'trace'];

function isText(text, most) {
  return utf8(text).length <= most && !/[\u0000-\u001f\u007f]/.test(text) && !saysNothing(text);
}

function isAddress(text) {
  if (!text.includes(':')) {
    return /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(text) && !/(^|\.)0\d/.test(text);
  }
  try {
    return new URL(`http://[${text}]/`).hostname === `[${text}]`;
  } catch {
    return false;
  }
}

const IDS = {
  source: (id) => isText(id, 1024),
  certificate: (id) => /^[0-9a-f]{64}$/.test(id),
  address: isAddress,
};

// What stands before `mark` and behind it; the latter is null where there is no such mark.
function cut(text, mark) {
  const place = text.indexOf(mark);
  return place < 0 ? [text, null] : [text.slice(0, place), text.slice(place + 1)];
}

function isOrigin(value, orgs) {
  const [who, behind] = cut(value, '=');
  const [org, more] = cut(behind ?? '', '=');
  const [name, system] = cut(more ?? '', '=');
  const [kind, id] = cut(who, ':');
  return (
    system !== null && id !== null && Object.hasOwn(IDS, kind) && IDS[kind](id) && isOrganisation(org) && utf8(org).length <= 128 &&
    orgs.includes(org) && isText(name, 255) && isText(system, 1024)
  );
}

// The front of a word, of which there may be one; null where it is no word.
function frontOf(word, orgs) {
  const [front, value] = cut(word, '=');
  const [first, second] = cut(value ?? '', '=');
  switch (front) {
    case 'authority':
      return isAuthority(value ?? '') ? 'authority=' : null;
    case 'role':
      return isText(value ?? '', 1024) ? 'role=' : null;
    case 'identifiers-in':
      return FREE_TEXTS.includes(value) ? word : null;
    case 'namespace':
      return second !== null && isText(first, NAME_BYTES_MAX) && !/[\^&|~\\:]|^[0-9.]*$/.test(first) && isAuthority(second)
        ? `namespace=${first}=`
        : null;
    case 'from':
      return isOrigin(value ?? '', orgs) ? `from=${first}=` : null;
    default:
      return null;
  }
}

export function readSource(cursor, orgs) {
  const bytes = cursor.range16();
  need(bytes.length <= BYTES_MAX, 'ENTRY-27', 'what is said of the source is too long');
  const text = textOrRefuse(bytes, 'ENTRY-27', 'what is said of the source');
  const words = text === '' ? [] : text.split('\n');
  const fronts = words.map((word) => frontOf(word, orgs));
  need(!fronts.includes(null), 'ENTRY-27', 'a word about the source that there is not');
  need(new Set(fronts).size === fronts.length, 'ENTRY-27', 'two words about one thing of the source');
  need(
    words.every((word, i) => i === 0 || compare(utf8(words[i - 1]), utf8(word)) < 0),
    'ENTRY-27',
    'words about the source do not ascend',
  );
  return words;
}
