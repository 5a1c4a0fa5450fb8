/* The sealed part of the audit. It is told of each event entry with what the log makes of it, so that any thread may
 * ask, each with a view and a struct of its own. Memory is constant. */
#pragma once

#include "ledger/audit/audit_subjects.h"

struct audit_records;

/* With keys; `subjects` NULL: without labels. Both are borrowed until audit_records_close. */
enum error audit_records_open(
	const struct audit_view *view, struct audit_subjects *subjects, struct audit_records **out) MUST_USE;
void audit_records_close(struct audit_records *records);
OWN(audit_records, audit_records_close);
/* Records that were opened and hold. */
uint64_t audit_records_opened(const struct audit_records *records);

/* The batch that an event stands in. */
struct audit_run {
	bool mass;
	uint64_t first_index;
	uint32_t count;              /* up to this event; in audit_records_batch all */
	uint64_t position;           /* in the filing tree; NO_POSITION: not looked at */
	const struct policy *policy; /* of its sender then, as are these */
	const struct mandate *mandate;
	const char *org;
};

#define NO_POSITION UINT64_MAX

/* The event at `index`, the newest one of the run. `label` is set with labels, where the event is filed. */
enum error audit_records_event(struct audit_records *records, const struct audit_run *run, uint64_t index,
	const struct entry_event *event, struct label *label) MUST_USE;
/* What is left of it for an event that somebody else has looked at: the pack of the run, not of a mass run, is there
 * and has its place. */
enum error audit_records_pack(struct audit_records *records, const struct audit_run *run) MUST_USE;
/* The run is complete. */
enum error audit_records_batch(struct audit_records *records, const struct audit_run *run) MUST_USE;
/* After the last entry, and the last of what is asked: the postings hold exactly the events that are filed. From here
 * on it looks and tells by this view. */
enum error audit_records_filing(struct audit_records *records, const struct audit_view *view) MUST_USE;

/* ---- for several threads ---- */

/* What has been looked at since the last audit_records_count: records, and which of them should be filed. */
struct audit_counted {
	uint64_t opened;
	struct audit_sum events;
};

/* Counts by the key of another one, to be added to that one. */
void audit_records_like(struct audit_records *records, const struct audit_records *other);
void audit_records_count(struct audit_records *records, struct audit_counted *out);
/* The sum alone is added at once; that a record was opened is told event by event. */
void audit_records_add(struct audit_records *records, const struct audit_counted *counted);
void audit_records_opened_by_other(struct audit_records *records);
