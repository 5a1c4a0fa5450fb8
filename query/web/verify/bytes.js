// Bytes: comparing, joining, base64 in its one spelling, strict UTF-8, and a cursor over a record.
// Integers of eight bytes are BigInt, so that none is rounded; shorter ones are numbers.

import { Refused, need } from './refused.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const LETTERS = new Int16Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) {
  LETTERS[ALPHABET.charCodeAt(i)] = i;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text) {
  return encoder.encode(text);
}

// The text that these bytes are, or null.
export function textOf(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

export function equal(a, b) {
  if (a.length !== b.length) {
    return false;
  }
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) {
      return false;
    }
  }
  return true;
}

export function compare(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) {
      return a[i] - b[i];
    }
  }
  return a.length - b.length;
}

export function isZero(bytes) {
  return bytes.every((byte) => byte === 0);
}

// Parts are bytes or texts.
export function join(...parts) {
  const all = parts.map((part) => (typeof part === 'string' ? utf8(part) : part));
  const joined = new Uint8Array(all.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of all) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}

export function u8(number) {
  return Uint8Array.of(number);
}

export function u16(number) {
  return Uint8Array.of(number >> 8, number & 0xff);
}

export function u32(number) {
  return Uint8Array.of(number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff);
}

export function u64(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

export function range16(part) {
  const bytes = typeof part === 'string' ? utf8(part) : part;
  return join(u16(bytes.length), bytes);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

// RFC 4648 section 4 with padding, in the one spelling that these bytes have; null for anything else.
export function fromBase64(text) {
  if (text.length % 4 !== 0) {
    return null;
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let held = 0;
  let bits = 0;
  let place = 0;
  for (let i = 0; i < letters; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? LETTERS[code] : -1;
    if (value < 0) {
      return null;
    }
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[place++] = (held >> bits) & 0xff;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : null;
}

export function toBase64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const left = bytes.length - i;
    text +=
      ALPHABET[three >> 18] +
      ALPHABET[(three >> 12) & 63] +
      (left > 1 ? ALPHABET[(three >> 6) & 63] : '=') +
      (left > 2 ? ALPHABET[three & 63] : '=');
  }
  return text;
}

// Reads a record from its beginning. Whatever is too short is refused under the rule that the record's page gives for it.
export class Cursor {
  constructor(bytes, rule) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.rule = rule;
    this.place = 0;
  }

  skip(size) {
    const place = this.place;
    need(size <= this.bytes.length - place, this.rule, 'the record ends too early');
    this.place += size;
    return place;
  }

  take(size) {
    const place = this.skip(size);
    return this.bytes.subarray(place, place + size);
  }

  u8() {
    return this.bytes[this.skip(1)];
  }

  u16() {
    return this.view.getUint16(this.skip(2));
  }

  u32() {
    return this.view.getUint32(this.skip(4));
  }

  u64() {
    return this.view.getBigUint64(this.skip(8));
  }

  range16() {
    return this.take(this.u16());
  }

  left() {
    return this.bytes.length - this.place;
  }

  end() {
    need(this.left() === 0, this.rule, 'bytes are left over behind the record');
  }
}

export function textOrRefuse(bytes, rule, what) {
  const text = textOf(bytes);
  if (text === null) {
    throw new Refused(rule, `${what} is not UTF-8`);
  }
  return text;
}
