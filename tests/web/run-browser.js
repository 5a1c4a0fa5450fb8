// The verifier in a browser's worker, as TAP: all vectors, by the very modules that Node ran; and the page's own thread stays free
// meanwhile.  usage: node run-browser.js VECTORS BROWSER
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const [folder, browserPath] = process.argv.slice(2);
const esbuild = createRequire(join(here, '../../query/web/package.json'))('esbuild');
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

async function bundle(entry) {
  const built = await esbuild.build({
    entryPoints: [join(here, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['es2022'],
    nodePaths: [join(here, '../../query/web/node_modules')],
    logLevel: 'warning',
  });
  return built.outputFiles[0].text;
}

const vectors = (page) =>
  readdirSync(join(folder, page))
    .sort()
    .map((file) => [page, file.replace('.json', ''), JSON.parse(readFileSync(join(folder, page, file), 'utf8'))]);

const files = {
  '/': ['text/html', '<!doctype html><title>verifier</title>'],
  '/worker.js': ['text/javascript', await bundle('browser-worker.js')],
};
const server = createServer((request, response) => {
  const [type, text] = files[request.url] ?? ['text/plain', null];
  response
    .writeHead(text === null ? 404 : 200, {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Security-Policy': POLICY,
    })
    .end(text ?? '');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
const page = await browser.newPage();
const said = [];
page.on('console', (message) => said.push(message.text()));
page.on('pageerror', (error) => said.push(error.message));
await page.goto(`http://127.0.0.1:${server.address().port}/`);

// Hands the worker one message and waits for its answer.
await page.evaluate(() => {
  const worker = new Worker('/worker.js', { type: 'module' });
  let answer;
  worker.onmessage = ({ data }) => answer(data);
  worker.onerror = (event) => answer({ failed: event.message });
  window.ask = (message) =>
    new Promise((resolve) => {
      answer = resolve;
      worker.postMessage(message);
    });
});

let count = 0;
function tell(name, wrong) {
  count++;
  console.log(
    `${wrong === null ? 'ok' : 'not ok'} ${count} - ${name}${wrong === null ? '' : `\n# ${wrong.replaceAll('\n', '\n# ')}`}`,
  );
}

const { folders } = await page.evaluate(() => window.ask({ folders: true }));
for (const name of folders ?? []) {
  const answer = await page.evaluate((list) => window.ask({ list }), vectors(name));
  for (const { name: vector, wrong } of answer.results ?? [{ name, wrong: answer.failed }]) {
    if (wrong !== undefined) tell(vector, wrong);
  }
}
tell('nothing was said on the console', said.length === 0 ? null : said.join('\n'));
console.log(`1..${count}`);
await browser.close();
server.close();
