// JSON as spec/README.md has it: an object has no member twice, numbers are integers in their one spelling, texts hold no NUL
// and no half of a surrogate pair, and nothing follows the value. JSON.parse would let all of that pass.
// Objects come without a prototype (a member may be called "__proto__"), integers as BigInt.

import { Refused } from './refused.js';

const DEPTH_MAX = 32;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const HALF = /[\ud800-\udfff]/u; // with u, whole pairs are one character each

class Reader {
  constructor(text, rule, signs) {
    this.text = text;
    this.rule = rule;
    this.signs = signs;
    this.place = 0;
  }

  fail(what) {
    throw new Refused(this.rule, `${what} (at character ${this.place} of the JSON text)`);
  }

  match(pattern) {
    pattern.lastIndex = this.place;
    const found = pattern.exec(this.text);
    this.place += found === null ? 0 : found[0].length;
    return found === null ? null : found[0];
  }

  // The next character that is no white space.
  next() {
    this.match(SPACE);
    return this.text[this.place];
  }

  expect(letter) {
    if (this.next() !== letter) {
      this.fail(`a ${letter} is missing`);
    }
    this.place++;
  }

  word(word, value) {
    if (!this.text.startsWith(word, this.place)) {
      this.fail('this is no JSON value');
    }
    this.place += word.length;
    return value;
  }

  number() {
    const digits = this.match(NUMBER);
    if (
      digits === null ||
      !/^-?(0|[1-9][0-9]*)$/.test(digits) ||
      (digits[0] === '-' && (!this.signs || digits === '-0')) ||
      digits.length > 20
    ) {
      this.fail('a number is no integer in its one spelling');
    }
    return BigInt(digits);
  }

  escape() {
    const letter = this.text[++this.place];
    this.place++;
    if (letter !== 'u') {
      return ESCAPES[letter] ?? this.fail('an unknown escape');
    }
    const digits = this.text.slice(this.place, this.place + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      this.fail('an escape is cut off');
    }
    this.place += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  string() {
    this.expect('"');
    let value = this.match(PLAIN);
    while (this.text[this.place] !== '"') {
      const letter = this.text[this.place];
      if (letter !== '\\') {
        this.fail('a text does not end, or holds a control character');
      }
      value += this.escape() + this.match(PLAIN);
    }
    this.place++;
    if (value.includes('\0') || HALF.test(value)) {
      this.fail('a text holds a NUL or half of a surrogate pair');
    }
    return value;
  }

  array(depth) {
    const items = [];
    this.expect('[');
    if (this.next() === ']') {
      this.place++;
      return items;
    }
    for (;;) {
      items.push(this.value(depth));
      if (this.next() === ']') {
        this.place++;
        return items;
      }
      this.expect(',');
    }
  }

  object(depth) {
    const members = Object.create(null);
    this.expect('{');
    if (this.next() === '}') {
      this.place++;
      return members;
    }
    for (;;) {
      this.next();
      const name = this.string();
      if (name in members) {
        this.fail('an object has a member twice');
      }
      this.expect(':');
      members[name] = this.value(depth);
      if (this.next() === '}') {
        this.place++;
        return members;
      }
      this.expect(',');
    }
  }

  value(depth) {
    if (depth === 0) {
      this.fail('values are nested too deep');
    }
    switch (this.next()) {
      case '{':
        return this.object(depth - 1);
      case '[':
        return this.array(depth - 1);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }
}

// `signs`: a number may be negative (where a page of the specification says so).
export function readJson(text, rule, { signs = false } = {}) {
  const reader = new Reader(text, rule, signs);
  const value = reader.value(DEPTH_MAX);
  if (reader.next() !== undefined) {
    reader.fail('something follows the JSON value');
  }
  return value;
}
