// The vectors of tests/vectors that concern the verifier, each as a function from a vector to what is wrong with the verifier's
// answer (null: nothing). No file system, no DOM: the same module runs in Node and in a browser's worker.

import { consentOf } from '../../query/web/verify/consent.js';
import { Cursor, fromHex, hex, textOf, u64 } from '../../query/web/verify/bytes.js';
import { checkKey, signatureHolds } from '../../query/web/verify/ed25519.js';
import { batchMessage, isEndorsed, readEntry, SENDER } from '../../query/web/verify/entry.js';
import {
  disclosedCommitment,
  eventCommitment,
  headerJson,
  openingSecret,
  readDisclosed,
  readHeader,
  readParts,
  restrictedCommitment,
} from '../../query/web/verify/event.js';
import { sha256 } from '../../query/web/verify/hash.js';
import { verifyPage, verifyProofFile, verifyStatement } from '../../query/web/verify/index.js';
import { checkAbsent, checkPresent } from '../../query/web/verify/map.js';
import { cosignatureTime, openCheckpoint, readNote, readVkey } from '../../query/web/verify/note.js';
import { judge, readPolicy } from '../../query/web/verify/policy.js';
import { Refused } from '../../query/web/verify/refused.js';
import { isSubject } from '../../query/web/verify/subject.js';
import { checkInclusion, checkRange, rootOf } from '../../query/web/verify/tree.js';
import { labelCommitment, labelOf, verifyVrf } from '../../query/web/verify/vrf.js';

// What a step gives, or the refusal that it ends with.
function tried(step) {
  try {
    return { value: step() ?? true };
  } catch (error) {
    if (error instanceof Refused) {
      return { refused: error };
    }
    throw error;
  }
}

function differs(what, is, wanted) {
  return JSON.stringify(is) === JSON.stringify(wanted)
    ? null
    : `${what} is ${JSON.stringify(is)} and not ${JSON.stringify(wanted)}`;
}

// The first of several answers that is not null.
function first(...answers) {
  return answers.find((answer) => answer !== null) ?? null;
}

// Refused where the vector says so, and by its rule where it names one; else what `same` makes of the value.
function judged(vector, step, same = () => null) {
  const { value, refused } = tried(step);
  if (vector.expect === 'ok') {
    return refused ? `refused: ${refused.message} (${refused.rule})` : same(value);
  }
  if (!refused) {
    return 'not refused';
  }
  return vector.rule && vector.rule !== refused.rule
    ? `refused by ${refused.rule} and not ${vector.rule}: ${refused.message}`
    : null;
}

function text(vector, name) {
  return vector[name] ?? textOf(fromHex(vector[`${name}_hex`])) ?? '\ufffd+';
}

function big(number) {
  return BigInt(number);
}

// ---- proofs and answers ----

async function statement(vector) {
  const result = await verifyStatement(vector.statement, { ...vector, now: 1795435200 });
  return result.error
    ? `not looked at: ${result.error.text}`
    : differs('finding', result.ok ? 'none' : result.finding.name, vector.finding);
}

async function proofFile(vector) {
  const result = await verifyProofFile(vector.proof, vector);
  return result.error
    ? `not looked at: ${result.error.text}`
    : first(
        differs('finding', result.ok ? 'none' : result.finding.name, vector.finding),
        result.ok ? differs('index', result.index, vector.index) : null,
      );
}

async function answer(vector) {
  const result = await verifyPage(vector.page, vector);
  if (result.error) {
    return `not looked at: ${result.error.text}`;
  }
  const { open, withheld, erased } = vector;
  return result.ok
    ? differs(
        'what holds',
        { open: result.open, withheld: result.withheld, erased: result.erased },
        { open, withheld, erased },
      )
    : first(differs('rule', result.finding.rule, vector.rule));
}

// ---- keys, notes, witnesses ----

function ed25519(vector) {
  const key = fromHex(vector.public_key);
  if (vector.signature === undefined) {
    return judged(vector, () => checkKey(key));
  }
  return differs(
    'verdict',
    signatureHolds(fromHex(vector.signature), fromHex(vector.message), key),
    vector.expect === 'ok',
  );
}

function vkey(vector) {
  return judged(
    vector,
    () => readVkey(text(vector, 'vkey')),
    ({ name, type, key }) => differs('key', [name, type, hex(key)], [vector.name, vector.type, vector.public_key]),
  );
}

function checkpoint(vector) {
  return judged(
    vector,
    () => openCheckpoint(text(vector, 'note'), readVkey(vector.vkey)),
    ({ size, root }) => differs('checkpoint', [size.toString(), hex(root)], [String(vector.size), vector.root]),
  );
}

function cosignature(vector) {
  return judged(
    vector,
    () => {
      const note = readNote(text(vector, 'note'));
      return vector.keys.map((key) => cosignatureTime(note, readVkey(key)).toString());
    },
    (times) => differs('times', times, vector.times.map(String)),
  );
}

function policy(vector) {
  const file = vector.policy ?? fromHex(vector.policy_hex);
  const { value, refused } = tried(() => readPolicy(file));
  if (vector.expect !== 'ok') {
    return refused === undefined
      ? 'not refused'
      : vector.line === undefined
        ? null
        : differs('line', refused.line, vector.line);
  }
  if (refused !== undefined) {
    return `refused: ${refused.message} (${refused.rule})`;
  }
  return first(
    vector.log === undefined ? null : differs('names_log', value.namesLog(readVkey(vector.log)), vector.names_log),
    ...(vector.cases ?? []).map((one) => {
      const { reached, time } = judge(value, one.times.map(big));
      return differs('judgement', { reached, time: time.toString() }, { reached: one.reached, time: String(one.time) });
    }),
  );
}

// ---- trees and labels ----

function tree(vector) {
  const hashes = (vector.proof ?? []).map(fromHex);
  const root = fromHex(vector.root);
  switch (vector.kind) {
    case 'root': {
      const leaves = vector.entries.map((entry) => sha256(Uint8Array.of(0), fromHex(entry)));
      return differs('verdict', hex(rootOf(leaves, sha256(new Uint8Array(0)))) === vector.root, vector.expect === 'ok');
    }
    case 'inclusion':
      return judged(vector, () =>
        checkInclusion(fromHex(vector.leaf), big(vector.index), big(vector.size), hashes, root),
      );
    case 'range':
      return judged(vector, () =>
        checkRange(vector.leaves.map(fromHex), big(vector.first), big(vector.size), hashes, root),
      );
    default:
      return undefined; // consistency: nothing that the page verifies rests on it
  }
}

function map(vector) {
  const [root, key, value, proof] = ['root', 'key', 'value', 'proof'].map((name) => fromHex(vector[name] ?? ''));
  switch (vector.kind) {
    case 'present':
      return judged(vector, () => checkPresent(root, key, value, proof));
    case 'absent':
      return judged(vector, () => checkAbsent(root, key, proof));
    default:
      return undefined; // root: a verifier makes no map
  }
}

function vrf(vector) {
  return judged(
    vector,
    () => verifyVrf(fromHex(vector.public_key), fromHex(vector.alpha), fromHex(vector.proof)),
    (beta) => differs('beta', hex(beta), vector.beta),
  );
}

function label(vector) {
  if (vector.kind === 'commitment') {
    const made = hex(labelCommitment(fromHex(vector.opening), fromHex(vector.label)));
    return differs('verdict', made === vector.commitment, vector.expect === 'ok');
  }
  return judged(
    vector,
    () => labelOf(fromHex(vector.public_key), vector.origin, vector.subject, fromHex(vector.proof)),
    (bytes) => differs('label', hex(bytes), vector.label),
  );
}

// ---- entries and events ----

function words(mandate) {
  const limit = (name, number) => (number > 0 ? [`${name}=${number}`] : []);
  return [
    ...mandate.reportsFor.map((org) => `reports-for=${org}`),
    ...limit('events-per-second', mandate.eventsPerSecond),
    ...limit('bytes-per-second', mandate.bytesPerSecond),
    ...(mandate.rights & 1 ? ['grants'] : []),
    ...(mandate.rights & 2 ? ['reads'] : []),
    ...(mandate.rights & 4 ? ['consents'] : []),
    ...mandate.certificates.map((one) => `certificate=${hex(one)}`),
    ...mandate.source,
  ];
}

function senderEntry(vector, read) {
  const old = vector.old_key === undefined ? null : fromHex(vector.old_key);
  return first(
    differs('sender', [read.org, read.name], [vector.org, vector.name]),
    differs('endorsed', isEndorsed(vector.origin, read, old), vector.endorsed),
    vector.restricted === undefined
      ? null
      : differs('restricted', read.restrictedFields.toString(), String(vector.restricted)),
    vector.words === undefined ? null : differs('words', words(read.mandate), vector.words),
  );
}

function entry(vector) {
  return judged(
    vector,
    () => readEntry(fromHex(vector.entry)),
    (read) =>
      first(
        differs('kind', read.kind, vector.kind),
        read.kind === SENDER ? senderEntry(vector, read) : null,
        vector.sequence === undefined
          ? null
          : differs(
              'event',
              [read.sender, read.sequence, read.time].map(String),
              [vector.sender, vector.sequence, vector.time].map(String),
            ),
      ),
  );
}

function batch(vector) {
  if (vector.kind !== 'head') {
    return undefined; // an event as it travels: no reader meets it
  }
  const cursor = new Cursor(fromHex(vector.head), 'BATCH-5');
  const head = tried(() => {
    const read = {
      kind: cursor.u8(),
      sender: cursor.u32(),
      first: cursor.u64(),
      count: cursor.u32(),
      checked: cursor.u64(),
      signature: cursor.take(64),
    };
    cursor.end();
    // The same limits as those of the batch's entry.
    readEntry(Uint8Array.of(4, ...cursor.bytes.subarray(1)));
    return read;
  });
  if (head.refused !== undefined || head.value.kind < 1 || head.value.kind > 2) {
    return vector.expect === 'ok' ? 'refused' : null;
  }
  const commitments = (vector.commitments ?? []).map(fromHex);
  const root = rootOf(commitments, new Uint8Array(32));
  const message = batchMessage(vector.origin ?? '', head.value, root, head.value.kind);
  const holds =
    commitments.length === head.value.count &&
    signatureHolds(head.value.signature, message, fromHex(vector.public_key ?? ''));
  return first(
    differs('verdict', holds, vector.expect === 'ok'),
    vector.expect === 'ok' ? differs('message', hex(message), vector.message) : null,
  );
}

// JSON without its order.
function sorted(value) {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}

const NAMES = { objects: 30, system: 9 };

function policyFields(policyWords) {
  return policyWords.reduce((fields, word) => {
    const [verb, name] = word.split('=');
    const bit = 1n << BigInt(NAMES[name] ?? 63);
    return verb === 'close' ? fields | bit : verb === 'open' ? fields & ~bit : fields;
  }, 0x0000002440206000n);
}

// What a reader of JSON brings into form is not compared: times, ids, and what a registration stands in for.
function unformed({ time, end_time, subject, purpose, grant, withheld_until, retention, ...event }) {
  return sorted(event);
}

// An event that was taken in: its bytes say what its JSON said, and every hash comes out. (Which JSON is refused is the business
// of who takes events in; but a subject that is refused there is none here.)
function takenIn(vector) {
  const [head, disclosed, restricted, secret] = ['header', 'disclosed', 'restricted', 'secret'].map((name) =>
    fromHex(vector[name]),
  );
  const cR = restrictedCommitment(secret, restricted);
  const cD = disclosedCommitment(cR, disclosed);
  const read = { ...readParts(disclosed, restricted), ...headerJson(readHeader(head)) };
  return first(
    differs('secret', hex(openingSecret(fromHex(vector.batch_secret), u64(big(vector.sequence)))), vector.secret),
    differs('c_r', hex(cR), vector.c_r),
    differs('c_d', hex(cD), vector.c_d),
    differs('commitment', hex(eventCommitment(head, cD)), vector.commitment),
    differs('event', unformed(read), unformed(vector.event ?? JSON.parse(vector.text))),
  );
}

function event(vector) {
  switch (vector.kind) {
    case 'event':
      if (vector.expect === 'ok') {
        return takenIn(vector);
      }
      return vector.expect === 'bad-subject' && typeof vector.event?.subject === 'string'
        ? differs('a subject', isSubject(vector.event.subject), false)
        : undefined;
    case 'parts':
      return judged(
        vector,
        () => readParts(fromHex(vector.disclosed), fromHex(vector.restricted), policyFields(vector.policy)),
        (read) => differs('event', sorted(read), sorted(vector.event)),
      );
    case 'part':
      return judged(
        vector,
        () => readDisclosed(fromHex(vector.disclosed)),
        (read) => differs('event', sorted(read), sorted(vector.event)),
      );
    default:
      return judged(
        vector,
        () => readHeader(fromHex(vector.header)),
        ({ until, years, basis }) =>
          differs(
            'header',
            [until.toString(), years, basis],
            [String(vector.withheld_until), vector.retention, vector.basis],
          ),
      );
  }
}

// What an identifier means is a subject here, too.
function identifier(vector) {
  return vector.expect === 'ok' && vector.subject !== null
    ? differs('a subject', isSubject(vector.subject), true)
    : undefined;
}

function consent(vector) {
  const access = vector.list.find((event) => event.index === vector.index);
  return differs('state', consentOf(vector.list, access), vector.state);
}

export const FOLDERS = {
  statement,
  'proof-file': proofFile,
  answer,
  ed25519,
  vkey,
  checkpoint,
  cosignature,
  policy,
  tree,
  map,
  vrf,
  label,
  entry,
  batch,
  event,
  consent,
  identifier,
};

// { name, wrong }: null where the verifier is right, undefined where the vector is none of its business.
export async function run(folder, name, vector) {
  try {
    return { name: `${folder}/${name}`, wrong: await FOLDERS[folder](vector) };
  } catch (error) {
    return { name: `${folder}/${name}`, wrong: `${error.stack}` };
  }
}
