/* The rules of the public log, entry by entry: all that anybody who reads the entries in order can check of them, and
 * what follows from them (who the senders are, how far each has come). spec/entry.md, EPO-9 of spec/epoch.md
 *
 *   entry ─► place of its kind ─► ledger time ─► sender, event, batch or epoch ─► filed in time
 *
 * Pure. That the entries are those of a signed checkpoint is the caller's business: the audit of a directory
 * (audit_log.c), the audit over tiles, mirrors and whoever puts a store together again all use this. The state can be
 * written down between two entries and taken up again (log_rules_encode).
 *
 * Memory: the senders; 16 bytes for each event that no epoch covers yet, and for each second of ledger time after the
 * newest epoch. */
#pragma once

#include "ledger/entry/sender.h"
#include "ledger/log/epoch_lag.h"
#include "ledger/log/log_finding.h"
#include "ledger/log/losses.h"
#include "ledger/tree/merkle.h"

/* The events since the last batch entry. */
struct log_run {
	bool open;
	/* These stay until the next run begins. */
	bool mass;
	struct sender *sender; /* borrowed from the rules */
	uint64_t first_sequence;
	uint64_t first_index;
	uint32_t count;
	struct merkle_frontier commitments;
};

/* From this entry on the ledger time is this. */
struct log_step {
	uint64_t index;
	uint64_t time_s;
};

struct log_steps {
	size_t first;
	size_t end;
	size_t capacity;
	struct log_step *at;
};

/* To be read freely. */
struct log_rules {
	const struct vkey *vkey; /* borrowed */
	uint64_t size;           /* entries taken */
	uint64_t time_s;         /* ledger time so far */
	uint64_t events;
	uint64_t batches;
	uint64_t event_batches; /* not of mass events */
	uint64_t filing_leaves; /* event entries in complete batches */
	uint64_t sender_entries;
	uint64_t unendorsed; /* sender entries without the signatures that they should have */
	uint64_t epochs;
	uint64_t epoch_index; /* of the newest epoch entry; 0: there is none */
	uint64_t epoch_size;  /* its m */
	uint64_t epoch_lost;  /* what it says is lost */
	struct hash map_root; /* of the newest epoch; before the first one those of no event */
	struct hash filing_root;
	struct losses losses;
	struct log_bundles bundles; /* for loss entries; set by whoever feeds the rules, NULL at first */
	struct log_run run;
	struct epoch_lag lag;
	/* Who only asks which history was signed sets it: an event that is filed too late then breaks no rule. */
	bool bears_late;
	bool is_late;            /* there was one, */
	uint64_t late;           /* the first of them at this index */
	struct log_steps steps;  /* those that an epoch to come may be about */
	struct sender **senders; /* ascending by id */
	size_t sender_count;
};

/* `vkey` is borrowed until log_rules_free. */
void log_rules_init(struct log_rules *rules, const struct vkey *vkey);
void log_rules_free(struct log_rules *rules);
/* The entry at index rules->size. E_CORRUPT and the finding: it breaks a rule, and there is nothing to go on with.
 * E_NO_MEMORY; for a loss entry also the errors of `bundles`, with the finding: then it may be given again. */
enum error log_rules_entry(struct log_rules *rules, const struct entry *entry, struct log_finding *finding) MUST_USE;
/* After the last entry of a checkpoint: no batch is open. E_CORRUPT. */
enum error log_rules_end(const struct log_rules *rules, struct log_finding *finding) MUST_USE;
/* NULL: there is none. Borrowed until the next entry. */
const struct sender *log_rules_sender(const struct log_rules *rules, uint32_t id);

/* ---- for log_rules_state.c ---- */

/* NULL when out of memory. */
struct sender *log_rules_add_sender(struct log_rules *rules, const struct sender *sender) MUST_USE;
struct sender *log_rules_find_sender(const struct log_rules *rules, uint32_t id);
enum error log_steps_add(struct log_steps *steps, uint64_t index, uint64_t time_s) MUST_USE;

/* ---- log_rules_state.c ---- */

/* The bytes that log_rules_encode writes at most. */
size_t log_rules_encoded_max(const struct log_rules *rules);
/* The state, for a program to go on with later: its own file, not a format for others. */
void log_rules_encode(const struct log_rules *rules, struct writer *out);
/* What log_rules_encode wrote, into rules that were just initialised. What is wrong with it is the reader's error, then
 * the rules can only be freed; E_NO_MEMORY. */
void log_rules_decode(struct log_rules *rules, struct reader *in);
