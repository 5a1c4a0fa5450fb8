// Are the accesses that the page shows those that were proven? Compared member by member; what the ledger alone says beside an
// event (its sender's name) is not among them.

const BESIDE = new Set(['index', 'ledger_time', 'sender', 'proof', 'at', 'when', 'reported', 'words']);

/** One spelling of a value, whatever the order of its members. */
export function spelled(value) {
  if (Array.isArray(value)) return `[${value.map(spelled).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${spelled(value[name])}`).join(',')}}`;
}

const ERASED = spelled({ erased: true });

function said(access) {
  return spelled(Object.fromEntries(Object.entries(access).filter(([name]) => !BESIDE.has(name))));
}

/** Is what is shown of an event what is proven of it? What was erased after the list was made may stand there yet. */
function agrees(event, there, held, made) {
  if (event.state === 'withheld') return held !== undefined && held.until === event.until && (held.basis ?? '') === (event.basis ?? '');
  if (there === undefined || there.ledger_time !== event.ledger_time) return false;
  if (event.sender?.id !== undefined && there.sender?.id !== event.sender.id) return false;
  if (event.state === 'erased') return there.erased === true ? said(there) === ERASED : event.erased_by >= made;
  return said(event.event) === said(there);
}

/** null, or what differs: 'window' (a part of the list alone is proven), 'missing' (proven and not shown), 'changed', or 'unproven'
 *  (shown, but not in the proof, or twice). `made` is the size of the log when the list was made, `size` up to where it has been kept whole,
 *  both before the proof was: what came between is not expected on the list. */
export function difference(proven, shown, withheld, { size, made }) {
  if (proven.window) return 'window';
  const open = new Map(shown.map((access) => [access.index, access]));
  const held = new Map(withheld.map((one) => [one.index, one]));
  if (open.size + held.size < shown.length + withheld.length || withheld.some(({ index }) => open.has(index))) return 'unproven';
  for (const event of [...proven.events, ...(proven.notCovered)]) {
    if (event.index >= size) continue;
    if (!open.has(event.index) && !held.has(event.index)) return 'missing';
    if (!agrees(event, open.get(event.index), held.get(event.index), made)) return 'changed';
    open.delete(event.index);
    held.delete(event.index);
  }
  return open.size + held.size > 0 ? 'unproven' : null;
}
