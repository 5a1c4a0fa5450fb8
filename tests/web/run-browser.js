// The verifier in a browser's worker, as TAP: all vectors, by the very modules that Node ran.
// usage: node run-browser.js VECTORS BROWSER
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { opened } from './browser.js';

const [folder, executable] = process.argv.slice(2);
const { page, said, close } = await opened(executable, 'browser-worker.js');
const asked = (list) => page.evaluate((one) => window.ask({ list: one }), list);
let count = 0;

function tell(name, wrong) {
  count++;
  const why = wrong === null ? '' : `\n# ${wrong.replaceAll('\n', '\n# ')}`;
  console.log(`${wrong === null ? 'ok' : 'not ok'} ${count} - ${name}${why}`);
}

function vectorsOf(name) {
  return readdirSync(join(folder, name))
    .sort()
    .map((file) => [name, file.replace('.json', ''), JSON.parse(readFileSync(join(folder, name, file), 'utf8'))]);
}

const { folders, failed } = await asked([]);
tell('the worker starts', failed ?? null);
for (const name of folders ?? []) {
  const answer = await asked(vectorsOf(name));
  for (const result of answer.results ?? [{ name, wrong: answer.failed }]) {
    if (result.wrong !== undefined) {
      tell(result.name, result.wrong);
    }
  }
}
tell('nothing was said on the console', said.length === 0 ? null : said.join('\n'));
console.log(`1..${count}`);
await close();
