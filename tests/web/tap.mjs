// TAP on standard output, for tests in a browser.
let count = 0;
let failed = 0;

export function ok(good, name, why) {
  count += 1;
  if (!good) failed += 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
  if (!good && why !== undefined) console.log(`# ${JSON.stringify(why)}`);
}

/** Says how many there were, and gives the exit code. */
export function plan() {
  console.log(`1..${count}`);
  return failed > 0 ? 1 : 0;
}
