// How long people waited for answers, as it is published: rounded down, null for few (NUM-8).

const UNKNOWN = 9;

/** Which of an organisation's numbers holds the one in the middle, whatever was rounded off; null where that is not certain. (Of a sum it never
 *  is: nobody knows how many organisations had few.) */
export function middle(people) {
  const whole = people.map((n) => n ?? 0);
  const sum = whole.reduce((all, n) => all + n, 0);
  const most = whole.findIndex((n) => n > sum - n + UNKNOWN * (whole.length - 1));
  return most < 0 ? null : most;
}

/** Tables, newest quarter first: [{number, year, sums, rows: [{name, people, middle}]}], those with nothing to tell left out. */
export function quarters({ quarters: starts, organisations, sums }) {
  return starts.map((start, n) => {
    const day = new Date(start);
    const rows = organisations.map((one) => ({ name: one.name ?? one.org, people: one.people[n], middle: middle(one.people[n]) })).filter(({ people }) => people.some((count) => count !== null));
    return { number: day.getUTCMonth() / 3 + 1, year: day.getUTCFullYear(), sums: sums[n], rows };
  }).filter(({ rows }) => rows.length > 0).reverse();
}
