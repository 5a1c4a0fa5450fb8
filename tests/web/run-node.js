// The verifier in Node, as TAP: all vectors, what becomes of a statement when any of it is changed, and each check left out.
// usage: node run-node.js VECTORS vectors|claims|mutations|left-out
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ready } from '../../query/web/verify/hash.js';
import { claims } from './claims.js';
import { leftOut } from './left-out.js';
import { mutations } from './mutations.js';
import { FOLDERS, run } from './vectors.js';

const [folder, part] = process.argv.slice(2);

function vectorsOf(page) {
  return readdirSync(join(folder, page))
    .sort()
    .map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(join(folder, page, file), 'utf8'))]);
}

const PARTS = {
  *vectors() {
    for (const page of Object.keys(FOLDERS)) {
      for (const [name, vector] of vectorsOf(page)) {
        yield run(page, name, vector);
      }
    }
  },
  claims: () => claims(Object.fromEntries(vectorsOf('statement'))),
  mutations: () => mutations(Object.fromEntries(vectorsOf('statement')), Object.fromEntries(vectorsOf('answer'))),
  'left-out': () =>
    leftOut(Object.keys(FOLDERS).flatMap((page) => vectorsOf(page).map(([name, vector]) => [page, name, vector]))),
};

await ready;
let count = 0;
let others = 0;
for await (const { name, wrong } of PARTS[part]()) {
  if (wrong === undefined) {
    others++;
    continue;
  }
  count++;
  const why = wrong === null ? '' : `\n# ${wrong.replaceAll('\n', '\n# ')}`;
  console.log(`${wrong === null ? 'ok' : 'not ok'} ${count} - ${name}${why}`);
}
if (others > 0) {
  console.log(`# ${others} more vectors are no business of a verifier's`);
}
console.log(`1..${count}`);
