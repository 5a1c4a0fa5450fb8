// spec/checkpoint.md: keys, signed notes, checkpoints; and what witnesses put under them (spec/cosignature.md).

import { Cursor, equal, fromBase64, hex, join, textOrRefuse, u8, utf8 } from './bytes.js';
import { checkKey, signatureHolds } from './ed25519.js';
import { sha256 } from './hash.js';
import { need } from './refused.js';
import { SIZE_MAX } from './tree.js';

export const LOG_KEY = 1;
export const WITNESS_KEY = 4;

const NOTE_BYTES_MAX = 16384;
const LINES_MAX = 64;
const COSIGNATURE_TIME_MAX = 2n ** 63n - 1n;

// CKPT-1, but for the length.
function isName(name) {
  return name !== '' && !/[\u0000-\u001f\u007f+]|\p{White_Space}/u.test(name);
}

export function isKeyName(name) {
  return isName(name) && utf8(name).length <= 255;
}

function keyId(name, type, key) {
  return sha256(name, '\n', u8(type), key).subarray(0, 4);
}

// CKPT-2: a key as people hand it on.
export function readVkey(vkey) {
  const [, name, id, base64] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(vkey) ?? [];
  need(name !== undefined && isKeyName(name), 'CKPT-1', 'a vkey has no valid name');
  const bytes = fromBase64(base64);
  need(
    bytes !== null && bytes.length === 33 && (bytes[0] === LOG_KEY || bytes[0] === WITNESS_KEY),
    'CKPT-2',
    "a vkey's key has another type or length, or is no canonical base64",
  );
  const key = { name, type: bytes[0], key: checkKey(bytes.subarray(1)), vkey };
  key.id = keyId(name, key.type, key.key);
  need(hex(key.id) === id, 'CKPT-2', "a vkey's key id is not that of its key");
  return key;
}

// CKPT-5
function readLine(line) {
  const [, name, base64] = /^— ([^ ]*) ([^ ]*)$/.exec(line) ?? [];
  need(name !== undefined && isName(name), 'CKPT-5', 'a signature line of a note has another form');
  const bytes = fromBase64(base64);
  need(
    bytes !== null && bytes.length > 4,
    'CKPT-5',
    'a signature line of a note holds no canonical base64 of a signature',
  );
  return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

// A note as { text, lines }; nothing is verified yet (CKPT-3 to CKPT-6).
export function readNote(note) {
  need(utf8(note).length <= NOTE_BYTES_MAX, 'CKPT-6', 'a note has more than 16,384 bytes');
  need(
    note.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f]/.test(note),
    'CKPT-4',
    'a note does not end in a newline, or holds a control character',
  );
  const end = note.lastIndexOf('\n\n');
  need(end >= 0 && end + 2 < note.length, 'CKPT-3', 'a note has no empty line, or no signature line behind it');
  const lines = note.slice(end + 2, -1).split('\n');
  need(lines.length <= LINES_MAX, 'CKPT-6', 'a note has more than 64 signature lines');
  return { text: note.slice(0, end + 1), lines: lines.map(readLine) };
}

// The lines of `key` (CKPT-7).
function linesOf(note, key) {
  return note.lines.filter((line) => line.name === key.name && equal(line.id, key.id));
}

// CKPT-8, CKPT-9: a note that is signed by `key`, of type 0x01.
export function checkSigned(note, key) {
  need(key.type === LOG_KEY, 'COSIG-5', "a log's key is of another type");
  const lines = linesOf(note, key);
  need(lines.length > 0, 'CKPT-9', 'a note is not signed by the key in question');
  need(
    lines.every((line) => signatureHolds(line.signature, utf8(note.text), key.key)),
    'CKPT-8',
    'a signature of the key in question does not verify',
  );
}

// CKPT-10 to CKPT-13: the checkpoint in a note that `key` signed.
export function readCheckpoint(note, key) {
  const [, origin, size, root] = /^([^\n]*)\n([^\n]*)\n([^\n]*)\n$/.exec(note.text) ?? [];
  need(root !== undefined, 'CKPT-10', "a checkpoint's text is not three lines");
  need(
    /^(0|[1-9][0-9]{0,18})$/.test(size) && BigInt(size) <= SIZE_MAX,
    'CKPT-11',
    "a checkpoint's size is no decimal number up to 2^63",
  );
  const bytes = fromBase64(root);
  need(bytes !== null && bytes.length === 32, 'CKPT-12', "a checkpoint's root is no canonical base64 of 32 bytes");
  need(origin === key.name, 'CKPT-13', "a checkpoint's origin is not the name of the log's key");
  return { origin, size: BigInt(size), root: bytes };
}

// A signed checkpoint whole, with its note for who looks for cosignatures.
export function openCheckpoint(text, key) {
  const note = readNote(text);
  checkSigned(note, key);
  return { ...readCheckpoint(note, key), note };
}

// A signed note of bytes (the last checkpoint of the log before, in a genesis entry).
export function openCheckpointBytes(bytes, key) {
  return openCheckpoint(textOrRefuse(bytes, 'CKPT-4', 'a note'), key);
}

function cosignedAt(line, note, key) {
  need(line.signature.length === 72, 'COSIG-3', "a witness's line is not 72 bytes long");
  const cursor = new Cursor(line.signature, 'COSIG-3');
  const time = cursor.u64();
  need(time > 0n && time <= COSIGNATURE_TIME_MAX, 'COSIG-2', "a cosignature's time is 0 or over 2^63 - 1");
  const message = join(`cosignature/v1\ntime ${time}\n`, note.text);
  need(signatureHolds(cursor.take(64), message, key.key), 'COSIG-3', "a witness's signature does not verify");
  return time;
}

// The newest time at which `key` cosigned the note, 0 for never (COSIG-1 to COSIG-5).
export function cosignatureTime(note, key) {
  need(key.type === WITNESS_KEY, 'COSIG-5', "a witness's key is of another type");
  return linesOf(note, key)
    .map((line) => cosignedAt(line, note, key))
    .reduce((a, b) => (a > b ? a : b), 0n);
}
