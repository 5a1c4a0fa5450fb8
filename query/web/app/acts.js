// What stands in a person's list beside accesses: what they wondered about and what was answered, and what they agreed to.

/** Map of the log index of an access to {at, comment, answer: {at, text} or null}. */
export function reportsOf(acts) {
  const reports = new Map();
  const byId = new Map();
  for (const act of [...acts].sort((a, b) => a.index - b.index)) {
    if (act.report) {
      const report = { at: act.reported, org: act.report.org, comment: act.report.text ?? '', answer: null };
      reports.set(act.report.index, report);
      byId.set(act.report.id, report);
    }
    // EVT-19: from the organisation that was asked, after it was; the first one counts.
    const asked = act.answer && byId.get(act.answer.report);
    if (asked && asked.org === act.org.id) asked.answer ??= { at: act.reported, text: act.answer.text };
  }
  return reports;
}

/** Map of a consent's id to what is known of it now, with `said`, all that its source said of it (EVT-22); null where no system
 *  here reports consents. */
export function consentsOf(acts, senders) {
  const consents = new Map();
  for (const act of [...acts].sort((a, b) => a.at - b.at || a.index - b.index)) {
    const record = act.consent_record;
    if (!record) continue;
    const known = consents.get(record.id) ?? { id: record.id, given: act.at, withdrawn: null, to: [], purposes: [], said: [] };
    known.said.push(act);
    if (record.withdrawn) known.withdrawn ??= act.at;
    else Object.assign(known, { to: record.to ?? [], purposes: record.purposes ?? [], until: record.until ? Date.parse(record.until) : null });
    known.source = act.org.name;
    consents.set(record.id, known);
  }
  const told = (senders ?? []).some((sender) => sender.policy?.includes('consents'));
  return consents.size > 0 || told ? consents : null;
}
