// Each check is left out once, and a vector has to notice. For this the script that runs it (e2e/verifier.py) puts a copy of
// refused.js in place in which `left` says what to leave out, and hears what refused what.

import * as refused from '../../query/web/verify/refused.js';
import { run } from './vectors.js';

// What no vector notices, each with the reason.
const UNREAD = 'what could not be read is undefined then, and the next check refuses it';
const LIMIT = 'a limit, within which the checks around it keep it';
const UNNOTICED = [
  [
    /: the record ends too early$|is undefined|a length is indefinite|a part is no map|a type that parts do not have/,
    UNREAD,
  ],
  [/^BATCH-5: bytes are left over/, 'a batch as it travels is not what a verifier reads'],
  [/^CKPT-1: a vkey is not UTF-8|^CKPT-10|^CKPT-3|^CKPT-4|^POL-6: a group has no member/, UNREAD],
  [/^COSIG-5/, 'keys of another type have another id, so none of their lines is found'],
  [/its limit of bytes|^VRF-8|^VRF-7: a VRF proof is not/, LIMIT],
  [/^EVT-2: neither subject/, 'a part in which nobody is named is about somebody else than was asked for'],
  [/^EVT-3: (a field is no number|a list holds)/, UNREAD],
  [
    /^EVT-7: a field (stands in both parts|that is always disclosed)/,
    'the vectors have a policy, which refuses it too',
  ],
  [/^EVT-23: a mandate in a list/, 'in any other list it is a grant'],
  [/^HTTP-21: a number is no integer/, 'numbers of the vectors are integers; another is equal to none'],
  [/^MAP-5|^MAP-9: a proof of absence is too short/, 'another root comes out'],
  [/^STM-59: (a root|the note)/, 'what an auditor would have to sign; the roots are compared with the epoch (STM-58)'],
  [/^VRF-6/, 'libsodium computes nothing with what is no point'],
];

async function refusals(vectors) {
  const found = new Map();
  for (const vector of vectors) {
    refused.left.hear = (id, refuses) => {
      const list = found.get(id) ?? [];
      found.set(id, list);
      if (refuses) {
        list.push(vector);
      }
    };
    await run(...vector);
  }
  refused.left.hear = null;
  return found;
}

export async function* leftOut(vectors) {
  for (const [id, refusedByIt] of [...(await refusals(vectors))].sort()) {
    let noticed = null;
    refused.left.out = id;
    for (const vector of refusedByIt) {
      const { name, wrong } = await run(...vector);
      noticed ??= wrong ? name : null;
    }
    refused.left.out = null;
    const reason = UNNOTICED.find(([pattern]) => pattern.test(id))?.[1];
    yield {
      name: `without ${id}: ${noticed ?? reason ?? 'nothing notices'}`,
      wrong: noticed === null && reason === undefined ? 'no vector notices' : null,
    };
  }
}
