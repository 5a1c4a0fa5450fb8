// Where the person is: a view, what it is about, and its filters, behind the # of the address. What stands there is sent to
// no server, so that no server's log has what somebody looked for.
//
//   #/VIEW[/ARGUMENT][?name=value&...]

export function read(hash = location.hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view = '', argument = ''] = path.split('/').map((part) => {
    try { return decodeURIComponent(part); } catch { return ''; }
  });
  return { view, argument, parameters: Object.fromEntries(new URLSearchParams(query)) };
}

export function write(view, argument, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const query = new URLSearchParams(given).toString();
  return `#/${view}${argument !== undefined && argument !== '' ? `/${encodeURIComponent(argument)}` : ''}${query ? `?${query}` : ''}`;
}

/** Changes the address without going anywhere: for filters, which are no steps of a way. */
export function replace(view, argument, parameters) {
  history.replaceState(null, '', write(view, argument, parameters));
}
