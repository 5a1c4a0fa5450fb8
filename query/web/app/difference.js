// Are the accesses that the page shows those that were proven? Compared member by member; what the ledger alone says beside an
// event (its sender's name) is not among them.

const BESIDE = new Set(['index', 'ledger_time', 'sender', 'proof', 'at', 'when', 'reported', 'words', 'state', 'later', 'erased', 'withheld']);

/** One spelling of a value, whatever the order of its members. */
export function spelled(value) {
  if (Array.isArray(value)) return `[${value.map(spelled).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${spelled(value[name])}`).join(',')}}`;
}

function said(access) {
  return spelled(Object.fromEntries(Object.entries(access).filter(([name]) => !BESIDE.has(name))));
}

/** null, or what differs: 'missing' (proven and not shown), 'changed', or 'unproven' (shown, but not in the proof). `size` is that
 *  of the log when the list was made, which is before the proof was: what came between is not expected on the list. */
export function difference(proven, shown, withheld, size) {
  const open = new Map(shown.map((access) => [access.index, access]));
  const held = new Map(withheld.map((one) => [one.index, one]));
  for (const event of [...proven.events, ...(proven.notCovered)]) {
    if (event.index >= size) continue;
    const there = open.get(event.index) ?? held.get(event.index);
    if (there === undefined) return 'missing';
    if (event.event && (!open.has(event.index) || said(event.event) !== said(there))) return 'changed';
    open.delete(event.index);
    held.delete(event.index);
  }
  return open.size + held.size > 0 ? 'unproven' : null;
}
