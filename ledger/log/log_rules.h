/* The rules of the public log for whoever reads all of it (log_state.h), with what only a reader keeps: the senders,
 * and counts that are compared with tables and shown to people. The audit of a directory (audit_log.c), the audit over
 * tiles, mirrors and whoever puts a store together again all use this. The state can be written down between two
 * entries and taken up again (log_rules_encode).
 *
 * Memory: that of the state, and the senders. */
#pragma once

#include "ledger/log/log_state.h"

/* To be read freely. Stays where it was initialised: the state knows where its senders are. */
struct log_rules {
	struct log_state state;
	uint64_t batches;
	uint64_t event_batches; /* not of mass events */
	uint64_t sender_entries;
	uint64_t unendorsed; /* sender entries without the signatures that they should have */
	uint64_t epochs;
	struct sender **senders; /* ascending by id */
	size_t sender_count;
};

/* `vkey` is borrowed until log_rules_free. */
void log_rules_init(struct log_rules *rules, const struct vkey *vkey);
void log_rules_free(struct log_rules *rules);
/* The entry at index rules->state.size. E_CORRUPT and the finding: it breaks a rule, and there is nothing to go on
 * with. E_NO_MEMORY; for a loss entry also the errors of `bundles`, with the finding: then it may be given again. */
enum error log_rules_entry(struct log_rules *rules, const struct entry *entry, struct log_finding *finding) MUST_USE;
/* After the last entry of a checkpoint: no batch is open. E_CORRUPT. */
enum error log_rules_end(const struct log_rules *rules, struct log_finding *finding) MUST_USE;
/* NULL: there is none. Borrowed until the next entry. */
const struct sender *log_rules_sender(const struct log_rules *rules, uint32_t id);

/* ---- log_rules_state.c ---- */

/* The bytes that log_rules_encode writes at most. */
size_t log_rules_encoded_max(const struct log_rules *rules);
/* The state, for a program to go on with later: its own file, not a format for others. */
void log_rules_encode(const struct log_rules *rules, struct writer *out);
/* What log_rules_encode wrote, into rules that were just initialised. What is wrong with it is the reader's error, then
 * the rules can only be freed; E_NO_MEMORY. */
void log_rules_decode(struct log_rules *rules, struct reader *in);
