// What does not hold. `rule` is the rule of the specification that refuses ("STM-16"), `finding` the name that the page of the
// specification gives the check ("epoch-stale"), where it has one. The text is for a developer's console: it names fields and
// limits, never a value of an event, a token or a subject.

export class Refused extends Error {
  constructor(rule, what, finding = null) {
    super(what);
    this.name = 'Refused';
    this.rule = rule;
    this.finding = finding;
  }
}

// Something is wrong with what the verifier was told (its key, its policy), not with what it verifies.
export class Misconfigured extends Error {
  constructor(rule, what) {
    super(what);
    this.name = 'Misconfigured';
    this.rule = rule;
  }
}

export function need(condition, rule, what, finding = null) {
  if (!condition) {
    throw new Refused(rule, what, finding);
  }
}

// Runs `step`; what a reader of a record refuses in it is refused as this check, and says why behind it.
export function check(finding, rule, what, step) {
  try {
    const result = step();
    need(result !== false, rule, what, finding);
    return result;
  } catch (error) {
    if (error instanceof Refused && error.finding === null) {
      throw new Refused(rule, `${what}: ${error.message} (${error.rule})`, finding);
    }
    throw error;
  }
}

// Where it happened: "events[3]".
export function at(where, step) {
  try {
    return step();
  } catch (error) {
    if (error instanceof Refused && error.where === undefined) {
      error.where = where;
    }
    throw error;
  }
}
