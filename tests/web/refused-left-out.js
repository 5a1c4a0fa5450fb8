// refused.js with a check that can be left out (left-out.js).

export const left = { out: null, hear: null };

// Whether what `refuses` is to refuse nothing. One check for all fields of a table is one check.
function leave(check, refuses) {
  const id = check
    .replace(/^(EVT-\d+): [a-z0-9_.]+ (is|says|stands|has)\b/, '$1: a field $2')
    .replace(/\d+ bytes/, 'its limit of bytes');
  left.hear?.(id, refuses);
  return refuses && left.out === id;
}

export class Refused extends Error {
  constructor(rule, what, finding = null) {
    super(what);
    this.rule = rule;
    this.finding = finding;
  }
}

export class Misconfigured extends Refused {}

export function need(condition, rule, what, finding = null) {
  if (!leave(`${rule}: ${what}`, !condition) && !condition) {
    throw new Refused(rule, what, finding);
  }
}

export function check(finding, rule, what, step) {
  const id = `${finding} (${rule}): ${what}`;
  try {
    const result = step();
    if (!leave(id, result === false) && result === false) {
      throw new Refused(rule, what, finding);
    }
    return result;
  } catch (error) {
    if (error instanceof Refused && error.finding === null && !leave(id, true)) {
      throw new Refused(rule, what, finding);
    }
    if (error instanceof Refused && error.finding === null) {
      return undefined;
    }
    throw error;
  }
}

export function at(where, step) {
  return step();
}
