/* The sealed part of the audit. It is told of each event entry as the log's rules have just taken it (the view's), so
 * that the run at hand and the sender's policy are those that the event had. Memory is constant. */
#pragma once

#include "ledger/audit/audit_filing.h"

struct audit_records;

/* With keys; `filing` NULL: without labels. Both are borrowed until audit_records_close. */
enum error audit_records_open(
	const struct audit_view *view, struct audit_filing *filing, struct audit_records **out) MUST_USE;
void audit_records_close(struct audit_records *records);
OWN(audit_records, audit_records_close);
/* Records that were opened and hold. */
uint64_t audit_records_opened(const struct audit_records *records);

/* The event at `index`, the newest one of the run, which begins at `position` of the filing tree. */
enum error audit_records_event(
	struct audit_records *records, uint64_t index, const struct entry_event *event, uint64_t position) MUST_USE;
/* The run is complete. */
enum error audit_records_batch(struct audit_records *records) MUST_USE;
/* After the last entry: the postings hold exactly the events that are filed. */
enum error audit_records_filing(struct audit_records *records) MUST_USE;
