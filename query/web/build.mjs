// Builds the page into a folder of static files:  node build.mjs OUTDIR
//
//   index.html           the only name that is asked for twice; all others carry their content's hash and never change
//   app.HASH.js          the page
//   verify-worker.HASH.js  the verifier, a worker; loaded when the list is to be proven, never before
//   page.HASH.css        the tokens of the Danish common design system (dkfds) and the page's own rules
//   *.HASH.woff2         IBM Plex Sans, two weights, the Latin-1 part alone (17 kB each)
//   manifest.json        every file with its SHA-256, in base64: what is signed where the page is handed on
//
// Everything is named relative to index.html, so the folder works behind any path and on any web server.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import * as sass from 'sass';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist'));
const OURS = /^(index\.html|manifest\.json|(app|page|verify-worker|IBMPlexSans-\w+)[.-][0-9A-Z]{8}\.(js|css|woff2))$/;

const usual = {
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  target: ['es2022'],
  legalComments: 'none',
  absWorkingDir: here,
  nodePaths: [join(here, 'node_modules')],
  logLevel: 'warning',
};

function hashed(name, text) {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
  return name.replace(/(\.\w+)$/, `.${hash}$1`);
}

async function script(entry, define = {}) {
  const built = await esbuild.build({ ...usual, entryPoints: [entry], define });
  return Buffer.from(built.outputFiles[0].contents);
}

// dkfds writes its colours into every rule as they are, which leaves no room for a dark page; so its tokens are taken as
// custom properties, and the rules that use them are the page's own.
async function styles(font) {
  const tokens = sass.compile(join(here, 'style/tokens.scss'), { loadPaths: [join(here, 'node_modules')], quietDeps: true });
  const own = readdirSync(join(here, 'style')).filter((name) => name.endsWith('.css')).sort()
    .map((name) => readFileSync(join(here, 'style', name), 'utf8'));
  const text = [tokens.css.replace(/^\uFEFF|@charset "UTF-8";/g, ''), ...own].join('\n')
    .replace(/url\("font:(\w+)"\)/g, (_, weight) => `url("${font[weight]}")`);
  const built = await esbuild.transform(text, { loader: 'css', minify: true, target: 'chrome110' });
  return Buffer.from(built.code);
}

const files = new Map();

function add(name, text) {
  const known = hashed(name, text);
  files.set(known, text);
  return known;
}

const font = {};
for (const weight of ['Regular', 'SemiBold']) {
  const path = join(here, 'node_modules/dkfds/dist/fonts/IBMPlexSans/split/woff2', `IBMPlexSans-${weight}-Latin1.woff2`);
  font[weight] = add(`IBMPlexSans-${weight}.woff2`, readFileSync(path));
}
// A page without its verifier says that it cannot prove anything; it does not fail.
const worker = existsSync(join(here, 'app/verify-worker.js')) ? add('verify-worker.js', await script('app/verify-worker.js')) : null;
const app = add('app.js', await script('app/main.js', { VERIFY_WORKER: JSON.stringify(worker) }));
const css = add('page.css', await styles(font));
const html = readFileSync(join(here, 'index.html'), 'utf8')
  .replace('app/main.js', app).replace('style/page.css', css).replace('style/Regular.woff2', font.Regular);
files.set('index.html', Buffer.from(html));

const digests = [...files].map(([name, text]) => [name, createHash('sha256').update(text).digest('base64')]).sort();
files.set('manifest.json', Buffer.from(`${JSON.stringify(Object.fromEntries(digests), null, 1)}\n`));

mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) if (OURS.test(name) && !files.has(name)) rmSync(join(out, name));
for (const [name, text] of files) writeFileSync(join(out, name), text);
