// The part of CBOR that events are written in (EVT-3 of spec/event.md): one map from numbers to texts, numbers, booleans and
// lists of texts, in deterministic form. Whatever is spelled in another way than the one that there is, is refused.

import { Cursor, textOrRefuse } from './bytes.js';
import { Refused, need } from './refused.js';

const UNSIGNED = 0;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SIMPLE = 7;
const FALSE = 20n;
const TRUE = 21n;

const SIZES = [
  [24, 1, 24n],
  [25, 2, 0x100n],
  [26, 4, 0x10000n],
  [27, 8, 0x100000000n],
];

class Reader {
  constructor(bytes, rule) {
    this.cursor = new Cursor(bytes, rule);
    this.rule = rule;
  }

  argument(size) {
    switch (size) {
      case 1:
        return BigInt(this.cursor.u8());
      case 2:
        return BigInt(this.cursor.u16());
      case 4:
        return BigInt(this.cursor.u32());
      default:
        return this.cursor.u64();
    }
  }

  // Major type and argument, as short as they can be.
  head() {
    const first = this.cursor.u8();
    const low = first & 31;
    if (low < 24) {
      return { major: first >> 5, argument: BigInt(low) };
    }
    const [, size, least] = SIZES.find(([mark]) => mark === low) ?? [];
    need(size !== undefined, this.rule, 'a length is indefinite or reserved');
    const argument = this.argument(size);
    need(argument >= least, this.rule, 'a head is longer than it has to be');
    return { major: first >> 5, argument };
  }

  length(argument) {
    need(argument <= BigInt(this.cursor.left()), this.rule, 'the record ends too early');
    return Number(argument);
  }

  text(argument) {
    return textOrRefuse(this.cursor.take(this.length(argument)), this.rule, 'a text');
  }

  item() {
    const { major, argument } = this.head();
    switch (major) {
      case UNSIGNED:
        return argument;
      case TEXT:
        return this.text(argument);
      case ARRAY:
        return Array.from({ length: this.length(argument) }, () => this.element());
      case SIMPLE:
        need(argument === FALSE || argument === TRUE, this.rule, 'a value of a type that parts do not have');
        return argument === TRUE;
      default:
        throw new Refused(this.rule, 'a value of a type that parts do not have');
    }
  }

  element() {
    const { major, argument } = this.head();
    need(major === TEXT, this.rule, 'a list holds something else than texts');
    return this.text(argument);
  }

  map() {
    const { major, argument } = this.head();
    need(major === MAP, this.rule, 'a part is no map');
    const count = this.length(argument);
    const pairs = new Map();
    let last = -1n;
    for (let i = 0; i < count; i++) {
      const key = this.head();
      need(key.major === UNSIGNED && key.argument > last, this.rule, 'a key is no number, or the keys do not ascend');
      last = key.argument;
      pairs.set(last, this.item());
    }
    this.cursor.end();
    return pairs;
  }
}

// The pairs of one map, keys as BigInt.
export function readMap(bytes, rule) {
  return new Reader(bytes, rule).map();
}
