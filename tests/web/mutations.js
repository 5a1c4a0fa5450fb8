// Whatever is changed in a statement or a page that holds: it is refused, or proves nothing that the whole one does not. Every byte
// once, and every member of every object: left out, added, exchanged for another of its kind.

import { verifyPage, verifyStatement } from '../../query/web/verify/index.js';

const NOW = 1795435200;
const STATEMENTS = [
  'whole-history',
  'witnessed',
  'absence',
  'window-neighbours',
  'erased-person',
  'signatures-two-batches',
];
const ANSWERS = ['whole', 'coverage'];

// Another character of the same kind, so that more than the form is looked at.
function other(letter) {
  const next = String.fromCharCode(letter.charCodeAt(0) ^ 1);
  return /[A-Za-z0-9+/]/.test(letter) ? (/[A-Za-z0-9+/]/.test(next) ? next : 'A') : next;
}

// Every value of the JSON with its place: [object, name].
function* places(value) {
  for (const name of Object.keys(value)) {
    yield [value, name];
    if (typeof value[name] === 'object' && value[name] !== null) {
      yield* places(value[name]);
    }
  }
}

function* otherValues(value, all) {
  switch (typeof value) {
    case 'number':
      yield* [value + 1, Math.max(0, value - 1), 0, 2 ** 53];
      break;
    case 'boolean':
      yield !value;
      break;
    case 'string':
      yield* [...all].filter((one) => one !== value && one.length === value.length).slice(0, 3);
      yield '';
      break;
    default:
      if (Array.isArray(value)) {
        yield [];
        yield value.slice(1);
        yield value.slice(0, -1);
        yield [...value, ...value.slice(-1)];
        yield [...value].reverse();
      }
  }
}

// All texts with one thing changed.
function* changed(text) {
  for (let i = 0; i < text.length; i++) {
    yield [`byte ${i}`, text.slice(0, i) + other(text[i]) + text.slice(i + 1)];
  }
  const whole = JSON.parse(text);
  const texts = new Set(
    [...places(whole)].map(([object, name]) => object[name]).filter((value) => typeof value === 'string'),
  );
  for (const [object, name] of places(whole)) {
    const value = object[name];
    for (const instead of otherValues(value, texts)) {
      object[name] = instead;
      yield [`${name} exchanged`, JSON.stringify(whole)];
    }
    delete object[name];
    yield [`${name} left out`, JSON.stringify(whole)];
    object[name] = value;
    if (!Array.isArray(object)) {
      object.unknown = value;
      yield [`a member beside ${name}`, JSON.stringify(whole)];
      delete object.unknown;
    }
  }
}

// One spelling of a value, whatever the order of its members.
const spelled = (value) =>
  JSON.stringify(value, (_, one) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort())
      : one,
  );

function among(some, all) {
  const known = new Set(all.map(spelled));
  return some.every((one) => known.has(spelled(one)));
}

// Of a covered event everything but who signed it, which may be left out.
const itself = ({ sender, signed, other_organisation, ...event }) => ({ ...event, sender: sender.id });

// Later events, signatures and an auditor's note may be left out: then less is proven, and said to be.
function saysNoMore(result, good) {
  return (
    spelled(result.events.map(itself)) === spelled(good.events.map(itself)) &&
    among(
      result.events.filter(({ signed }) => signed),
      good.events,
    ) &&
    among(result.notCovered.map(itself), good.notCovered.map(itself)) &&
    among(
      result.claims.filter(({ state }) => state === 'proven'),
      good.claims,
    )
  );
}

// What a page shows, but for the names of senders, which are the ledger's word.
function itemsOf(text) {
  const { accesses, withheld } = JSON.parse(text);
  return [...accesses, ...withheld.events].map((item) => ({ ...item, sender: item.sender?.id }));
}

// A page proves its items one by one, and never that they are all.
function showsNoMore(result, good, text, whole) {
  return (
    result.signed === good.signed &&
    result.origin === good.origin &&
    result.size === good.size &&
    among(itemsOf(text), itemsOf(whole))
  );
}

async function unnoticed(text, verify, noMore) {
  const good = await verify(text);
  if (!good.ok) {
    return 'it does not hold as it is';
  }
  let count = 0;
  for (const [what, instead] of changed(text)) {
    const result = await verify(instead);
    count++;
    if (result.error) {
      return `${what}: not looked at (${result.error.text})`;
    }
    if (result.ok && !noMore(result, good, instead, text)) {
      return `${what}: taken, and proves something else`;
    }
  }
  return count > 100 ? null : 'too little was changed';
}

export async function* mutations(statements, answers) {
  for (const name of STATEMENTS) {
    const { statement, vkey, policy, auditor, subject } = statements[name];
    const options = { vkey, policy, auditor, subject, now: NOW };
    yield {
      name: `statement/${name}, with anything changed`,
      wrong: await unnoticed(statement, (text) => verifyStatement(text, options), saysNoMore),
    };
  }
  for (const name of ANSWERS) {
    const { page, vkey, subject, now } = answers[name];
    const text = JSON.stringify(page);
    yield {
      name: `answer/${name}, with anything changed`,
      wrong: await unnoticed(text, (one) => verifyPage(one, { vkey, subject, now }), showsNoMore),
    };
  }
}
