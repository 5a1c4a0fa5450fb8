/* The full audit: recomputes everything that a directory holds and says the first thing that does not hold.
 *
 *   entries ─► decode ─► rules (genesis, sequences, batch signatures, time) ─► leaf hash ─► tiles ─► root ─► checkpoint
 *   records ─► unseal ─► commitment ─► schema ─► alias ─► postings          (when the keys are readable)
 *
 * LMDB does not check its pages, so a damaged store may crash whoever walks it: callers run this in a child process
 * and take its death for a finding (tools/audit/audit.c). */
#pragma once

#include "ledger/read/archive.h"

struct audit_options {
	bool records; /* sealed records and filing too */
	bool labels;  /* with records: every epoch, recomputed from the label stream */
	/* Threads, this one among them; 0 is 1. What comes out does not depend on it, but for a crash (see above): how far
	 * the audit had come by then may be less far. */
	unsigned jobs;
	/* Called now and then, with the number of entries that hold so far; again with the last one while what follows
	 * from the entries is compared. May be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

struct audit_result {
	bool ok;
	uint64_t entries;
	uint64_t events;
	uint64_t batches;
	uint64_t senders;
	uint64_t unendorsed;
	uint64_t unchecked; /* senders with events that do not say that they check how these are filed */
	uint64_t lagging;   /* senders that do say it, but not of events long before their newest batch (filing_lag.h) */
	uint64_t unclaimed; /* events that no sender says to have checked */
	uint64_t records;   /* opened and checked */
	uint64_t lost;      /* events whose sealed part is lost, as the log itself says (losses.h) */
	/* With labels. */
	uint64_t epochs;
	uint64_t unverifiable; /* of these: they covered events that are lost, and cannot be recomputed by anybody */
	uint64_t subjects;
	uint64_t epoch_index; /* of the newest epoch entry whose roots hold; 0: there is none */
	struct entry_epoch newest_epoch;
	uint64_t checkpoint_size;
	struct hash root;
	uint64_t index; /* when not ok: the first index that does not hold, or the last that did */
	uint64_t epoch; /* when not ok: index of the epoch entry that is not what it should be, or covers the event; or 0 */
	char reason[FAULT_TEXT_MAX + 1];
};

/* `vkey`: whose log this must be. An error (rather than a result) means that the audit could not be made. */
enum error audit_directory(const char *dir, const struct vkey *vkey, const struct audit_options *options,
	struct audit_result *out, struct fault *fault) MUST_USE;
