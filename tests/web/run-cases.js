// What a ledger handed out, as TAP.  usage: node run-cases.js CASES
// CASES is a list of { name, path, page?, options, expect: members of the verifier's result }.
import { readFileSync } from 'node:fs';
import { verifyPage, verifyStatement } from '../../query/web/verify/index.js';

const cases = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let count = 0;
for (const { name, path, page, options, expect } of cases) {
  const source = readFileSync(path);
  const result = await (page ? verifyPage(source.toString(), options) : verifyStatement(source, options));
  const wrong = Object.keys(expect).filter(
    (member) => JSON.stringify(result[member]) !== JSON.stringify(expect[member]),
  );
  count++;
  console.log(`${wrong.length === 0 ? 'ok' : 'not ok'} ${count} - ${name}`);
  if (wrong.length > 0) {
    console.log(`# ${wrong.map((member) => `${member} is ${JSON.stringify(result[member])}`).join(', ')}`);
    console.log(`# ${JSON.stringify(result.finding ?? result.error ?? null)}`);
  }
}
console.log(`1..${count}`);
