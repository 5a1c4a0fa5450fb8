// The form of a statement, "The file" of spec/statement.md.

import { readEntry } from './entry.js';
import {
  ascending,
  bytes,
  fail,
  hash,
  hashes,
  included,
  isObject,
  list,
  number,
  object,
  only,
  text,
  time,
} from './form.js';
import { readJson } from './json.js';
import { Refused } from './refused.js';

const TYPE = 'indsigt-statement/v3';
const FILE_BYTES_MAX = 268435456;
const EVENTS_MAX = 131072;
const LATER_MAX = 4096;
const ERASURES_MAX = 4096;
const SENDERS_MAX = 4096;
const NOTE_BYTES_MAX = 16384;
const PART_BYTES_MAX = 16384;
const HEADER_BYTES_MAX = 80;
const MAP_PROOF_BYTES_MAX = 8512;

const includedForm = object(included);

// Exactly one of the three states.
function eventForm(place) {
  const common = { index: number(), entry: bytes(53), header: bytes(0, HEADER_BYTES_MAX), ...place };
  const open = object({ ...common, disclosed: bytes(0, PART_BYTES_MAX), c_r: hash });
  const withheld = object({ ...common, c_d: hash, withheld: only(true) });
  const erased = object({ ...common, c_d: hash, erased: number() });
  return (value, name) => {
    if (!isObject(value)) {
      fail(`${name} is no object`);
    }
    if ('withheld' in value) {
      return { state: 'withheld', ...withheld(value, name) };
    }
    return 'erased' in value ? { state: 'erased', ...erased(value, name) } : { state: 'open', ...open(value, name) };
  };
}

function mapForm(value, name) {
  const proof = bytes(0, MAP_PROOF_BYTES_MAX);
  const present = object({ present: only(true), count: number(1n), proof });
  const absent = object({ present: only(false), proof });
  return isObject(value) && value.present === true ? present(value, name) : absent(value, name);
}

function windowForm(value, name) {
  const window = object({ 'from?': time, 'to?': time })(value, name);
  if (window.from === undefined && window.to === undefined) {
    fail(`${name} has neither from nor to`);
  }
  if (window.from !== undefined && window.to !== undefined && window.from >= window.to) {
    fail(`${name} does not begin before it ends`);
  }
  return window;
}

// A Map from log index to path.
function pathsForm(value, name) {
  if (!isObject(value) || Object.keys(value).length === 0) {
    fail(`${name} is no object with at least one path`);
  }
  return new Map(
    Object.entries(value).map(([index, path]) => {
      if (!/^(0|[1-9][0-9]{0,17})$/.test(index)) {
        fail(`${name} has a name that is no log index in decimal`);
      }
      return [BigInt(index), hashes(path, `a path in ${name}`)];
    }),
  );
}

const neighbour = object({ index: number(), blind: hash, entry: bytes(53) });

const fileForm = object({
  type: only(TYPE),
  subject: text(255),
  checkpoint: text(NOTE_BYTES_MAX),
  genesis: object({ entry: included.entry, inclusion: hashes }),
  epoch: object({ ...included, last: list(includedForm, 1, 64) }),
  vrf_proof: bytes(80),
  map: mapForm,
  'window?': windowForm,
  'range?': object({ first: number(), proof: list(hash, 0, 126) }),
  'before?': neighbour,
  events: list(eventForm({ blind: hash }), 0, EVENTS_MAX),
  'after?': neighbour,
  later: list(eventForm({ inclusion: hashes }), 0, LATER_MAX),
  'erasures?': ascending(object({ ...included, 'opening?': hash }), ERASURES_MAX),
  'signatures?': object({
    senders: ascending(includedForm, SENDERS_MAX),
    batches: ascending(object({ ...included, paths: pathsForm }), EVENTS_MAX),
  }),
  'audit?': object({ note: text(NOTE_BYTES_MAX), epoch: includedForm }),
});

// What stands beside what.
function checkTogether(file) {
  if (file.map.present !== (file.range !== undefined)) {
    fail('range is there, or missing, against map.present');
  }
  if (!file.map.present && (file.events.length > 0 || file.before !== undefined || file.after !== undefined)) {
    fail('events, or leaves beside them, of somebody who has none');
  }
  if (file.before !== undefined && file.window?.from === undefined) {
    fail('before stands in no window with from');
  }
  if (file.after !== undefined && file.window?.to === undefined) {
    fail('after stands in no window with to');
  }
}

// The entry that these bytes are, or null: other checks refuse what is none.
function entryOrNull(entry) {
  try {
    return readEntry(entry);
  } catch (error) {
    if (error instanceof Refused) {
      return null;
    }
    throw error;
  }
}

// What the entries have to say about it.
function checkNeeded(file) {
  const erased = new Set(
    [...file.events, ...file.later].filter((event) => event.state === 'erased').map((event) => event.erased),
  );
  for (const erasure of file.erasures ?? []) {
    if (!erased.has(erasure.index)) {
      fail('an erasure entry by which no event is erased');
    }
    if (erasure.opening !== undefined && entryOrNull(erasure.entry)?.person === false) {
      fail('an opening beside the erasure of a period');
    }
  }
}

// Whether it says that it is a statement of another version, of which this verifier can say nothing.
export function isOfOtherVersion(source) {
  try {
    const { type } = readJson(source, 'STM-2');
    return typeof type === 'string' && type !== TYPE && /^indsigt-statement\/v[1-9][0-9]*$/.test(type);
  } catch {
    return false; // whatever it is
  }
}

export function readStatement(source) {
  if (source.length > FILE_BYTES_MAX) {
    fail('the file is over 268,435,456 bytes');
  }
  let json;
  try {
    json = readJson(source, 'STM-2');
  } catch (error) {
    if (error instanceof Refused) {
      fail(error.message);
    }
    throw error;
  }
  const file = { erasures: [], ...fileForm(json, '') };
  checkTogether(file);
  checkNeeded(file);
  return file;
}
