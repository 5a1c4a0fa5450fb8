// spec/event.md, EVT-22: how an access stands to the consent that it names, by what the person's own list says.
// `list`: all open events of the person, as answers and statements have them (with `index`). 'unknown', 'withdrawn', 'ended',
// 'other', 'covered', or null where no consent is named.

// Of a time as answers write it: UTC, and at most nine decimals.
function nanoseconds(text) {
  const [, seconds, decimals = ''] = /^([^.]*?)(?:\.([0-9]{1,9}))?Z$/.exec(text);
  return BigInt(Date.parse(`${seconds}Z`)) * 1000000n + BigInt(decimals.padEnd(9, '0'));
}

function isFor(record, access) {
  if (record.purposes && !record.purposes.includes(access.purpose)) return false;
  return !record.categories || (access.categories?.length > 0 && access.categories.every((one) => record.categories.includes(one)));
}

const isTo = (record, access) => [access.org?.id, access.org?.name, access.recipient].some((one) => one !== undefined && record.to.includes(one));

export function consentOf(list, access) {
  if (access.consent === undefined || access.system === 'Indsigt') return null;
  const at = nanoseconds(access.time);
  const said = list
    .filter((event) => event.consent_record?.id === access.consent && nanoseconds(event.time) <= at)
    .sort((a, b) => (nanoseconds(a.time) === nanoseconds(b.time) ? b.index - a.index : nanoseconds(a.time) < nanoseconds(b.time) ? 1 : -1));
  if (said.length === 0) return 'unknown';
  if (said.some((event) => event.consent_record.withdrawn)) return 'withdrawn';
  const record = said[0].consent_record;
  if (record.until !== undefined && nanoseconds(record.until) <= at) return 'ended';
  return isTo(record, access) && isFor(record, access) ? 'covered' : 'other';
}
