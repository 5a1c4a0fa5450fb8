/* The public part of the audit: what every entry must keep after those before it, the tree over them, and the rows that
 * the store must have beside them. Memory is constant but for the senders. */
#pragma once

#include "ledger/audit/audit_ahead.h"
#include "ledger/audit/audit_filing.h"

struct audit_log {
	const struct audit_view *view;
	struct log_rules rules;
	struct audit_records *records;   /* NULL: without keys */
	struct audit_filing *filing;     /* NULL: without labels */
	struct merkle_frontier frontier; /* over the entries that hold so far */
	struct audit_tree tree;
	const struct audit_glance *glance; /* of the bundle at hand; NULL: nobody has looked at it */
	struct {                           /* so far, of what is lost */
		uint64_t records;              /* event and mass entries */
		uint64_t events;
		uint64_t events_before_run; /* of these, those before the run at hand */
		uint64_t packs;             /* batches of events */
	} missing;
};

/* All zero but for `rules`, which are the view's, and initialised. Borrows the rest. */
void audit_log_begin(
	struct audit_log *log, const struct audit_view *view, struct audit_records *records, struct audit_filing *filing);
/* Checks bundle `number` (the entries from number * LOG_WIDTH on) and appends its entries to the frontier. What
 * somebody has seen to hold (`glance`; NULL: nothing) is not looked at again. */
enum error audit_log_bundle(struct audit_log *log, uint64_t number, const struct audit_glance *glance) MUST_USE;
/* After the last bundle: no open run; the tables that follow from the entries are as they should be. */
enum error audit_log_end(struct audit_log *log) MUST_USE;
