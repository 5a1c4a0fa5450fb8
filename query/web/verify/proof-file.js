// spec/proof-file.md: that one entry stands in the log (TLP-1 to TLP-4).

import { fromBase64 } from './bytes.js';
import { ENTRY_BYTES_MAX, readEntry } from './entry.js';
import { isIncluded, openLog } from './anchor.js';
import { check, need } from './refused.js';

const HASHES_MAX = 63;

function readFile(text) {
  const end = text.indexOf('\n\n');
  const [first, extra, index, ...lines] = (end < 0 ? '' : text.slice(0, end)).split('\n');
  need(first === 'c2sp.org/tlog-proof@v1' && index !== undefined, 'TLP-1', 'the file is no proof file', 'form');
  const entry = extra.startsWith('extra ') ? fromBase64(extra.slice(6)) : null;
  need(entry !== null && entry.length <= ENTRY_BYTES_MAX, 'TLP-1', 'the extra line holds no canonical base64', 'form');
  need(/^index (0|[1-9][0-9]{0,17})$/.test(index), 'TLP-1', 'the index line has another form', 'form');
  const inclusion = lines.map(fromBase64);
  need(
    lines.length <= HASHES_MAX && inclusion.every((hash) => hash !== null && hash.length === 32),
    'TLP-1',
    'a line is no canonical base64 of a hash, or there are more than 63',
    'form',
  );
  return { entry, index: BigInt(index.slice(6)), inclusion, checkpoint: text.slice(end + 2) };
}

export function checkProofFile(text, { key, policy = null }) {
  const file = readFile(typeof text === 'string' ? text : '');
  const entry = check('tlog-entry', 'TLP-2', 'the extra line holds no entry', () => readEntry(file.entry));
  const log = openLog(file.checkpoint, key, policy);
  check('tlog-inclusion', 'TLP-4', 'the entry is not in the log', () => isIncluded(log, file));
  return { log, index: file.index, entry };
}
