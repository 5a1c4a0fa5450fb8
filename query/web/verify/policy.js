// spec/cosignature.md: the policy file, which says which witnesses are enough, and how a checkpoint is judged by it.
// A name may be any bytes, so the file is read as bytes, each of them one character.

import { equal, textOf, utf8 } from './bytes.js';
import { cosignatureTime, LOG_KEY, readVkey, WITNESS_KEY } from './note.js';
import { Refused, need } from './refused.js';

const BYTES_MAX = 65536;
const ITEMS_MAX = 32;
const NAME_BYTES_MAX = 255;
const URL_BYTES_MAX = 1024;

function readKey(word, type, others) {
  const text = textOf(Uint8Array.from(word, (letter) => letter.charCodeAt(0)));
  need(text !== null, 'CKPT-1', 'a vkey is not UTF-8');
  const key = readVkey(text);
  need(key.type === type, 'POL-7', 'a key is of another type than its line');
  need(!others.some((other) => equal(other.key, key.key)), 'POL-7', 'a public key stands twice');
  return key;
}

class Policy {
  constructor() {
    this.logs = [];
    this.witnesses = [];
    this.groups = [];
    this.quorum = undefined; // null for "none"
    this.names = new Map();
    this.members = new Set();
  }

  define(name, item, list) {
    need(name.length <= NAME_BYTES_MAX, 'POL-8', 'a name is longer than 255 bytes');
    need(name !== 'none' && !this.names.has(name), 'POL-3', 'a name is given twice, or is none');
    need(list.length < ITEMS_MAX, 'POL-8', 'more than 32 logs, witnesses or groups');
    this.names.set(name, item);
    list.push(item);
  }

  log([vkey, url, ...more]) {
    need(vkey !== undefined && more.length === 0, 'POL-2', 'a log line has a word too many or too few');
    need((url ?? '').length <= URL_BYTES_MAX, 'POL-8', 'an address is longer than 1,024 bytes');
    need(this.logs.length < ITEMS_MAX, 'POL-8', 'more than 32 logs');
    this.logs.push(readKey(vkey, LOG_KEY, this.logs));
  }

  witness([name, vkey, url, ...more]) {
    need(vkey !== undefined && more.length === 0, 'POL-2', 'a witness line has a word too many or too few');
    need((url ?? '').length <= URL_BYTES_MAX, 'POL-8', 'an address is longer than 1,024 bytes');
    const key = readKey(vkey, WITNESS_KEY, this.witnesses);
    this.define(name, { ...key, place: this.witnesses.length, witness: name }, this.witnesses);
  }

  group([name, wanted, ...members]) {
    need(members.length > 0, 'POL-6', 'a group has no member');
    const of = members.map((member) => {
      need(this.names.has(member), 'POL-4', 'a member is not defined on a line above');
      need(!this.members.has(member), 'POL-5', 'a name is a member more than once');
      this.members.add(member);
      return this.names.get(member);
    });
    const number =
      wanted === 'any' ? 1 : wanted === 'all' ? of.length : /^[1-9][0-9]{0,3}$/.test(wanted) ? Number(wanted) : 0;
    need(number >= 1 && number <= of.length, 'POL-6', 'a group wants a number of members that it has not');
    this.define(name, { wanted: number, of }, this.groups);
  }

  quorumLine([name, ...more]) {
    need(
      name !== undefined && more.length === 0 && this.quorum === undefined,
      'POL-2',
      'there is more than one quorum, or its line has a word too many or too few',
    );
    need(name === 'none' || this.names.has(name), 'POL-4', 'the quorum is not defined on a line above');
    this.quorum = name === 'none' ? null : this.names.get(name);
  }

  line(line) {
    need(!/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line), 'POL-1', 'a line holds a control character');
    const words = line.split(/[ \t]+/).filter((word) => word !== '');
    if (words.length === 0 || words[0].startsWith('#')) {
      return;
    }
    switch (words.shift()) {
      case 'log':
        return this.log(words);
      case 'witness':
        return this.witness(words);
      case 'group':
        return this.group(words);
      case 'quorum':
        return this.quorumLine(words);
      default:
        throw new Refused('POL-2', 'a line begins with an unknown word');
    }
  }

  // POL-11
  namesLog(key) {
    return this.logs.length === 0 || this.logs.some((log) => log.name === key.name && equal(log.key, key.key));
  }

  asksForSomething() {
    return this.quorum !== null;
  }
}

// POL-1 to POL-8. `file` is text or bytes; what is refused has the number of its line.
export function readPolicy(file) {
  const bytes = typeof file === 'string' ? utf8(file) : file;
  need(bytes.length <= BYTES_MAX, 'POL-8', 'a policy has more than 65,536 bytes');
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const lines = text.split('\n');
  const cut = lines.pop() === '' ? null : lines.length;
  const policy = new Policy();
  [...lines, ...(cut === null ? [] : [''])].forEach((line, i) => {
    try {
      need(i !== cut, 'POL-1', 'the last line of a policy lacks its newline');
      policy.line(line);
    } catch (error) {
      error.line = i + 1;
      throw error;
    }
  });
  need(policy.quorum !== undefined, 'POL-2', 'a policy has no quorum line');
  return policy;
}

function timeOf(item, times) {
  if (item.of === undefined) {
    return times[item.place] ?? 0n;
  }
  const newest = item.of.map((member) => timeOf(member, times)).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  return newest[item.wanted - 1];
}

// POL-9, POL-10: `times` of the witnesses in the order of the policy, 0 where there is none.
export function judge(policy, times) {
  const time = policy.quorum === null ? 0n : timeOf(policy.quorum, times);
  return { reached: policy.quorum === null || time > 0n, time };
}

// STM-6: what the witnesses of the policy say of a checkpoint. With a quorum of none there is no `time`.
export function witnessed(policy, key, note) {
  need(policy.namesLog(key), 'POL-11', 'the policy names other logs than this');
  const times = policy.witnesses.map((witness) => cosignatureTime(note, witness));
  const { reached, time } = judge(policy, times);
  need(reached, 'POL-9', 'too few witnesses of the policy have cosigned the checkpoint');
  const names = policy.witnesses.filter((_, i) => times[i] > 0n).map((witness) => witness.name);
  return { names, of: policy.witnesses.length, time: policy.asksForSomething() ? time : null };
}
