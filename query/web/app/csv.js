// A list as a spreadsheet reads it: RFC 4180 with a byte order mark, ; between fields as Danish ones expect.
// A text that a spreadsheet would take for a formula gets an apostrophe in front: it comes from somebody else.

const COLUMNS = ['index', 'time', 'end_time', 'org.id', 'org.name', 'system', 'activity', 'action', 'outcome', 'purpose', 'reason', 'legal_basis', 'actor.kind', 'actor.role', 'actor.name',
  'on_behalf_of.name', 'on_behalf_of.role', 'categories', 'custodian', 'recipient', 'consent', 'emergency', 'ai.system', 'ai.version', 'ai.sources', 'ai.reviewed_by', 'sender.name', 'ledger_time'];

function cell(value) {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '');
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[;"\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(app, accesses) {
  const heads = COLUMNS.map((name) => cell(name));
  const rows = [...accesses].sort((a, b) => b.at - a.at).map((access) => COLUMNS.map((name) => cell(name.split('.').reduce((at, part) => at?.[part], access))).join(';'));
  return `\uFEFF${[heads.join(';'), ...rows].join('\r\n')}\r\n`;
}
