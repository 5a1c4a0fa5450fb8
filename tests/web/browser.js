// A page of nothing in headless Chromium, under the page's own content security policy, with a worker that is bundled as the page's
// is. `ask(message)` hands the worker a message and waits for the answer whose `type` is "result".
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
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

async function served(files) {
  const server = createServer((request, response) => {
    const [type, text] = files[request.url] ?? ['text/plain', null];
    const headers = { 'Content-Type': `${type}; charset=utf-8`, 'Content-Security-Policy': POLICY };
    response.writeHead(text === null ? 404 : 200, headers).end(text ?? '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

export async function opened(executablePath, worker) {
  const server = await served({
    '/': ['text/html', '<!doctype html><title>verifier</title>'],
    '/worker.js': ['text/javascript', await bundle(worker)],
  });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(() => {
    const thread = new Worker('/worker.js', { type: 'module' });
    let answer;
    window.told = [];
    thread.onmessage = ({ data }) => (data.type === 'result' ? answer(data) : window.told.push(data));
    thread.onerror = (event) => answer({ failed: event.message });
    window.ask = (message) =>
      new Promise((resolve) => {
        answer = resolve;
        thread.postMessage(message);
      });
  });
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { page, said, close };
}
