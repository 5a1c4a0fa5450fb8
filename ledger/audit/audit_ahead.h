/* Looking at bundles ahead of the audit, by several threads, each with a snapshot of its own. What they say is only
 * that something holds. Where it does not, or they cannot tell, they say nothing, and the audit looks itself in its own
 * order: so what it finds, and with which words, does not depend on how many threads there are.
 *
 *   bundle ─► leaves and nodes ═ tiles? ─► batches that begin there: signed? ─► records, packs, labels ─► glance
 *
 * Memory: some 100 KB for each bundle that is ahead, at most AUDIT_BUNDLES_AHEAD and four for each thread. */
#pragma once

#include "ledger/audit/audit_labels.h"
#include "ledger/audit/audit_records.h"
#include "ledger/audit/audit_tree.h"
#include "ledger/jobs/jobs.h"

#define AUDIT_BUNDLE_LEVEL 8u /* a bundle is a complete subtree of 2^8 entries */
#define AUDIT_BUNDLES_AHEAD 64u

_Static_assert(1u << AUDIT_BUNDLE_LEVEL == LOG_WIDTH, "a bundle's root is a node");

/* A sender as the log has it then, by whose key and policy things were looked at. */
struct audit_sender {
	uint32_t id;
	uint64_t version; /* log index of its newest entry: the mandate and all else that is not here */
	uint8_t public_key[32];
	struct policy policy;
};

/* What holds of a bundle. */
struct audit_glance {
	uint64_t number;
	bool tree; /* it is full, and its entries' hashes, and the nodes above them that have a row, are the tiles' */
	struct hash root; /* with `tree` */
	/* The batch that begins at this entry is complete, and signed with the key of its sender in `senders`. */
	bool batches[LOG_WIDTH];
	/* Of every event and mass entry that is not lost: the record opens and holds by the policy of its sender in
	 * `senders`, and it is noted and, where it is filed, labelled as its subject's. `leaves` are of the latter. */
	bool sealed;
	struct audit_counted counted;
	size_t leaf_count;
	struct audit_leaf leaves[LOG_WIDTH];
	size_t sender_count;
	struct audit_sender senders[LOG_WIDTH];
};

struct audit_ahead;

/* Whom it works for: all borrowed until audit_ahead_close. `records` and `subjects` are NULL without keys and labels.
 */
struct audit_ahead_options {
	struct archive *archive;
	const struct audit_view *view;
	const struct audit_records *records;
	struct audit_subjects *subjects;
	unsigned workers;
};

/* E_NO_MEMORY, and what snapshot_begin says. *out is NULL, and the audit looks alone, when the snapshots are not all of
 * the view's commit. */
enum error audit_ahead_open(const struct audit_ahead_options *options, struct audit_ahead **out) MUST_USE;
void audit_ahead_close(struct audit_ahead *ahead);
OWN(audit_ahead, audit_ahead_close);

/* What was seen of the bundle, as far as the senders were those of `rules`; bundles are asked for in order from 0, each
 * once. Borrowed until the next call. */
const struct audit_glance *audit_ahead_bundle(
	struct audit_ahead *ahead, uint64_t number, const struct log_rules *rules);
/* When all bundles were asked for: the view of one worker, for other work in threads. */
const struct audit_view *audit_ahead_view(const struct audit_ahead *ahead, unsigned worker);
