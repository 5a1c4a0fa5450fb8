// The vectors in a worker (run-browser.js): a list of them in, what is wrong with each out.
import { ready } from '../../query/web/verify/hash.js';
import { FOLDERS, run } from './vectors.js';

async function wrongWith(list) {
  const results = [];
  for (const [folder, name, vector] of list) {
    results.push(await run(folder, name, vector));
  }
  return results;
}

self.onmessage = async ({ data }) => {
  await ready;
  self.postMessage({ type: 'result', folders: Object.keys(FOLDERS), results: await wrongWith(data.list) });
};
