// What all proofs hang from: the checkpoint that the log signed and witnesses cosigned, and the genesis entry under it
// (STM-5 to STM-9 of spec/statement.md).

import { equal } from './bytes.js';
import { GENESIS, readEntryOf } from './entry.js';
import { leafHash } from './hash.js';
import { LOG_KEY, openCheckpoint, readVkey } from './note.js';
import { readPolicy, witnessed } from './policy.js';
import { check, Misconfigured, need, Refused } from './refused.js';
import { checkInclusion } from './tree.js';

function configured(step) {
  try {
    return step();
  } catch (error) {
    throw error instanceof Refused ? new Misconfigured(error.rule, error.message) : error;
  }
}

// The vkey of a log or an auditor, as a person or a configuration names it.
export function configuredKey(vkey) {
  return configured(() => {
    const key = readVkey(vkey);
    need(key.type === LOG_KEY, 'COSIG-5', "a log's or an auditor's key is of another type");
    return key;
  });
}

export function configuredPolicy(file) {
  return file === null || file === undefined ? null : configured(() => readPolicy(file));
}

// An entry of the log with its index and inclusion proof.
export function isIncluded(log, { index, entry, inclusion }) {
  checkInclusion(leafHash(entry), index, log.size, inclusion, log.root);
  return true;
}

// STM-5, STM-6
export function openLog(note, key, policy) {
  const checkpoint = check('checkpoint', 'STM-5', 'the checkpoint does not hold', () => openCheckpoint(note, key));
  const witnesses =
    policy === null
      ? null
      : check('witnesses', 'STM-6', "the witnesses' signatures do not fulfil the policy", () =>
          witnessed(policy, key, checkpoint.note),
        );
  return {
    key,
    origin: key.name,
    size: checkpoint.size,
    root: checkpoint.root,
    witnesses,
    quorumTime: witnesses?.time ?? null,
  };
}

// STM-7 to STM-9
export function openGenesis(log, { entry, inclusion }) {
  const genesis = check('genesis-entry', 'STM-7', 'genesis is no genesis entry', () => readEntryOf(GENESIS, entry));
  check('genesis-inclusion', 'STM-8', "genesis is not the log's first entry", () =>
    isIncluded(log, { index: 0n, entry, inclusion }),
  );
  check(
    'genesis-key',
    'STM-9',
    'genesis has another origin or key than the vkey',
    () => genesis.origin === log.origin && equal(genesis.key, log.key.key),
  );
  return genesis;
}
