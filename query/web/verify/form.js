// The form of a file that proves something (STM-2 of spec/statement.md): which members, of which type, within which limits.
// A form is a function from the JSON value to what the verifier works with: bytes for base64, BigInt for numbers.

import { fromBase64, utf8 } from './bytes.js';
import { ENTRY_BYTES_MAX } from './entry.js';
import { Refused } from './refused.js';
import { secondsOf } from './time.js';

const NUMBER_MAX = 2n ** 63n - 1n;

export function fail(what) {
  throw new Refused('STM-2', what, 'form');
}

export function text(most) {
  return (value, name) => {
    if (typeof value !== 'string' || utf8(value).length > most) {
      fail(`${name} is no text of at most ${most} bytes`);
    }
    return value;
  };
}

export function bytes(least, most = least) {
  return (value, name) => {
    const read = typeof value === 'string' ? fromBase64(value) : null;
    if (read === null || read.length < least || read.length > most) {
      fail(`${name} is no canonical base64 of ${least === most ? least : `${least} to ${most}`} bytes`);
    }
    return read;
  };
}

export function number(least = 0n, most = NUMBER_MAX) {
  return (value, name) => {
    if (typeof value !== 'bigint' || value < least || value > most) {
      fail(`${name} is no number from ${least} to ${most}`);
    }
    return value;
  };
}

export function only(wanted) {
  return (value, name) => {
    if (value !== wanted) {
      fail(`${name} has another value than the one that there is`);
    }
    return value;
  };
}

export function time(value, name) {
  const seconds = typeof value === 'string' ? secondsOf(value) : null;
  if (seconds === null) {
    fail(`${name} is no time like 2026-11-23T12:04:05Z`);
  }
  return seconds;
}

export function list(form, least, most) {
  return (value, name) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      fail(`${name} is no list of ${least} to ${most} items`);
    }
    return value.map((item, i) => form(item, `${name}[${i}]`));
  };
}

// A list that ascends by its items' indexes.
export function ascending(form, most) {
  const any = list(form, 0, most);
  return (value, name) => {
    const items = any(value, name);
    if (items.some((item, i) => i > 0 && item.index <= items[i - 1].index)) {
      fail(`${name} does not ascend by index`);
    }
    return items;
  };
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Exactly these members; those whose name ends with "?" may be missing.
export function object(members) {
  const forms = new Map(
    Object.entries(members).map(([name, form]) => [name.replace('?', ''), { form, optional: name.endsWith('?') }]),
  );
  return (value, name) => {
    if (!isObject(value)) {
      fail(`${name} is no object`);
    }
    if (Object.keys(value).some((member) => !forms.has(member))) {
      fail(`${name} has an unknown member`);
    }
    const read = {};
    for (const [member, { form, optional }] of forms) {
      if (member in value) {
        read[member] = form(value[member], name === '' ? member : `${name}.${member}`);
      } else if (!optional) {
        fail(`${name === '' ? 'the file' : name} lacks ${member}`);
      }
    }
    return read;
  };
}

export const hash = bytes(32);
export const hashes = list(hash, 0, 63);
export const included = { index: number(), entry: bytes(0, ENTRY_BYTES_MAX), inclusion: hashes };
