// How long a statement takes (tests/bench/verifier.py).  usage: node speed.js STATEMENT VKEY SUBJECT BROWSER
import { readFileSync } from 'node:fs';
import { verifyStatement } from '../../query/web/verify/index.js';
import { opened } from './browser.js';

const [path, vkey, subject, executable] = process.argv.slice(2);
const source = readFileSync(path);

async function inNode() {
  const from = performance.now();
  const result = await verifyStatement(source, { vkey, subject });
  return {
    ok: result.ok,
    why: result.finding ?? result.error,
    events: result.events?.length,
    ms: performance.now() - from,
  };
}

// The statement is fetched by the page, as it is in life; the longest time that its own thread was held is measured by ticks.
async function inChromium() {
  const { page, close } = await opened(executable, '../../query/web/app/verify-worker.js');
  await page.route('**/statement.json', (route) => route.fulfill({ body: source, contentType: 'application/json' }));
  const times = [];
  for (let i = 0; i < 3; i++) {
    times.push(
      await page.evaluate(
        async ([key, who]) => {
          const bytes = await (await fetch('/statement.json')).arrayBuffer();
          let longest = 0;
          let last = performance.now();
          const channel = new MessageChannel();
          let going = true;
          channel.port1.onmessage = () => {
            const now = performance.now();
            longest = Math.max(longest, now - last);
            last = now;
            if (going) setTimeout(() => channel.port2.postMessage(0), 1);
          };
          channel.port2.postMessage(0);
          window.told.length = 0;
          const from = performance.now();
          const { result } = await window.ask({ type: 'check', bytes, size: 0, options: { vkey: key, subject: who } });
          const ms = performance.now() - from;
          going = false;
          return { ok: result.ok, ms, longest, progress: window.told.length, events: result.open };
        },
        [vkey, subject],
      ),
    );
  }
  await close();
  return times;
}

console.log('node', await inNode(), await inNode(), await inNode());
console.log('chromium', await inChromium());
