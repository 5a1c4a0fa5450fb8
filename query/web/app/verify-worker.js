// The verifier's own thread: what it is given is a statement as it came, and the list that the page shows.
//
//   shown: accesses that the page shows, some at a time      check: the statement and what to hold it against
//   ◄ progress {done, all}                                    ◄ result {ok, ...} | failed {name}
import { isStatementOfOtherVersion, verifyStatement } from '../verify/index.js';
import { difference } from './difference.js';

const shown = [];
const withheld = [];

async function check({ bytes, options, size, made }) {
  const result = await verifyStatement(bytes, { ...options, onProgress: (done, all) => postMessage({ type: 'progress', done, all }) });
  if (result.finding?.rule === 'STM-2' && isStatementOfOtherVersion(bytes)) {
    postMessage({ type: 'failed', name: 'version' });
    return;
  }
  const differs = result.ok ? difference(result, shown, withheld, { size, made }) : null;
  // The events stay here: the page has them, and it is now known whether they are the same.
  const { events, notCovered, senders, ...rest } = result;
  postMessage({ type: 'result', result: { ...rest, differs } });
}

addEventListener('message', ({ data }) => {
  if (data.type === 'shown') {
    shown.push(...data.accesses);
    withheld.push(...data.withheld);
    return;
  }
  check(data).catch((error) => postMessage({ type: 'failed', name: error?.name ?? 'Error' }));
});
