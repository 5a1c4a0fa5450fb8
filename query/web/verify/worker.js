// The verifier in a worker, so that the page never waits for it. One message in, for each of them progress and one result out:
//
//   { type: "statement", id, source, config: { vkey, policy, auditor, lagSeconds }, subject, now }
//   { type: "page", id, source, config, subject, now, before }        { type: "coverage", id, source }
//   -> { type: "progress", id, done, total } ... { type: "result", id, result }
//
// `source` is text, or an ArrayBuffer (transfer it: nothing is copied). `id` comes back as it was given.

import { verifyCoverage, verifyPage, verifyStatement } from './index.js';

const VERIFY = {
  statement: ({ source, config, subject, now }, onProgress) =>
    verifyStatement(source, { ...config, subject, now, onProgress }),
  page: ({ source, config, subject, now, before }) => verifyPage(source, { ...config, subject, now, before }),
  coverage: ({ source }) => verifyCoverage(source),
};

self.onmessage = async ({ data }) => {
  const { type, id } = data;
  const result = Object.hasOwn(VERIFY, type)
    ? await VERIFY[type](data, (done, total) => self.postMessage({ type: 'progress', id, done, total }))
    : { ok: false, error: { name: 'verifier', text: 'an unknown message' } };
  self.postMessage({ type: 'result', id, result });
};
