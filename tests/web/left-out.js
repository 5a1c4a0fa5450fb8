// Each check is left out once, and a vector has to notice. For this the script that runs it (e2e/verifier.py) puts a copy of
// refused.js in place in which `left` says what to leave out, and hears what refused what.

import * as refused from '../../query/web/verify/refused.js';
import { run } from './vectors.js';

// What no vector notices, each with the reason.
const UNNOTICED = {};

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
    const reason = UNNOTICED[id];
    yield {
      name: `without ${id}: ${noticed ?? reason ?? 'nothing notices'}`,
      wrong:
        (noticed === null) === (reason !== undefined)
          ? null
          : noticed === null
            ? 'no vector notices'
            : 'a vector notices after all',
    };
  }
}
