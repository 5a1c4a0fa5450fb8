// The vectors in a worker (run-browser.js): a list of them in, what is wrong with each out.
import { ready } from '../../query/web/verify/hash.js';
import { FOLDERS, run } from './vectors.js';

self.onmessage = async ({ data }) => {
  await ready;
  if (data.folders) {
    self.postMessage({ folders: Object.keys(FOLDERS) });
    return;
  }
  const results = [];
  for (const [folder, name, vector] of data.list) {
    results.push(await run(folder, name, vector));
  }
  self.postMessage({ results });
};
