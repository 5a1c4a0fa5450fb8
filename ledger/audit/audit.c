/* guard ─► snapshot ─► bundle after bundle, with what stands beside each entry ─► guard, root ─► tables ─► rows
 *                                                        ─► filing tree, map, heads ─► postings
 *
 * Each step rests on those before it: the guard's root is made of tiles that were all compared with entries. So the
 * first finding ends it: what follows would be judged by what does not hold. What could not be looked at ends it too,
 * with an error and without a word on the ledger. */
#include "ledger/audit/audit.h"

#include "ledger/audit/audit_state.h"
#include "ledger/base/file.h"
#include "ledger/read/filing_lag.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool judges(enum error cause)
{
	return cause == E_OK || cause == E_NOT_FOUND || error_judges(cause);
}

static enum error set_finding(struct audit *audit, uint64_t index, const char *format, va_list arguments)
{
	if (audit->found)
		return E_CORRUPT;
	audit->found = true;
	audit->result.index = index;
	vsnprintf(audit->result.reason, sizeof audit->result.reason, format, arguments);
	return E_CORRUPT;
}

enum error audit_finding(struct audit *audit, uint64_t index, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	enum error error = set_finding(audit, index, format, arguments);
	va_end(arguments);
	return error;
}

enum error audit_judge(struct audit *audit, enum error cause, uint64_t index, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	enum error error = judges(cause)
						   ? set_finding(audit, index, format, arguments)
						   : fault_set(&audit->why, cause, "at index %" PRIu64 " the audit could not go on: %s", index,
								 error_reason(cause));
	va_end(arguments);
	return error;
}

/* The first epoch entry that covers the event, or 0. */
static uint64_t covering_epoch(const struct audit *audit, uint64_t index)
{
	struct bytes encoded;
	struct entry entry;
	if (index >= snapshot_filed(audit->snapshot))
		return 0;
	for (uint64_t at = index + 1; at < audit->checkpoint.size; at++)
		if (snapshot_entry(audit->snapshot, at, &encoded) == E_OK && entry_decode(encoded, &entry) == E_OK &&
			entry.kind == ENTRY_EPOCH && entry.epoch.size > index)
			return at;
	return 0;
}

enum error audit_finding_filed(struct audit *audit, enum error cause, uint64_t index, const char *text)
{
	if (!audit->found && judges(cause))
		audit->result.epoch = covering_epoch(audit, index);
	return audit_judge(audit, cause, index, "%s", text);
}

const char *audit_why(enum error error)
{
	return error == E_CORRUPT ? "the store is damaged there" : error_text(error);
}

void audit_progress(const struct audit *audit)
{
	if (audit->options->progress != NULL)
		audit->options->progress(audit->options->context, audit->frontier.size, audit->checkpoint.size);
}

/* ---- opening ---- */

/* Read before the snapshot is taken, so that a ledger that is being served is never behind it. */
static enum error read_guard(struct audit *audit, const char *dir)
{
	uint8_t *note = NULL;
	size_t len = 0;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return E_IO;
	enum error error = file_read_all(dir_fd, "guard", NOTE_BYTES_MAX, &note, &len);
	close(dir_fd);
	if (error != E_OK)
		return audit_judge(audit, error, 0, "the guard cannot be read: %s", audit_why(error));
	error = checkpoint_verify(bytes_of(note, len), audit->vkey, &audit->guard);
	free(note);
	if (error != E_OK)
		return audit_finding(audit, 0, "the guard is not a checkpoint that this log signed");
	return E_OK;
}

/* Damage is a finding; what has nothing to do with the ledger's content is an error. */
static enum error judge_opening(struct audit *audit, enum error error)
{
	if (error == E_OK || !error_judges(error))
		return error;
	return audit_finding(audit, 0, "%s",
		audit->why.text[0] != '\0' ? audit->why.text
								   : "the store is damaged, or its state and its checkpoint do not fit");
}

static enum error read_bundle(void *snapshot, uint64_t number, struct bytes *out)
{
	return snapshot_bundle(snapshot, number, out);
}

static enum error open_audit(struct audit *audit, const char *dir, bool with_keys)
{
	struct bytes note;
	TRY(judge_opening(audit, archive_open(dir, with_keys, &audit->archive, &audit->why)));
	const struct vkey *vkey = archive_vkey(audit->archive);
	if (!vkey_equal(vkey, audit->vkey))
		return fault_set(&audit->why, E_WRONG_ORIGIN, "this is another log than the vkey's, '%s'", vkey->name);
	TRY(read_guard(audit, dir));
	enum error error = snapshot_begin(audit->archive, &audit->snapshot, &audit->why);
	if (error == E_NOT_FOUND)
		return audit_finding(audit, 0, "%s", audit->why.text);
	TRY(judge_opening(audit, error));
	audit->txn = snapshot_store(audit->snapshot);
	snapshot_checkpoint(audit->snapshot, &audit->checkpoint, &note);
	merkle_frontier_init(&audit->frontier);
	audit->rules.state.bundles = (struct log_bundles){read_bundle, audit->snapshot};
	TRY(judge_opening(audit, store_losses_get(audit->txn, &audit->lost)));
	if (audit->checkpoint.size == 0)
		return audit_finding(audit, 0, "the log is empty: it does not even have a genesis entry");
	if (with_keys)
		TRY(audit_records_open(audit));
	return with_keys && audit->options->labels ? audit_filing_open(audit) : E_OK;
}

static void close_audit(struct audit *audit)
{
	audit_filing_close(audit);
	audit_records_close(audit);
	snapshot_end(audit->snapshot);
	archive_close(audit->archive);
	log_rules_free(&audit->rules);
	free(audit);
}

/* ---- driving ---- */

/* By nodes of the tiles, which were all compared with the entries before. */
static enum error check_guard(struct audit *audit)
{
	struct merkle_nodes nodes = {log_node, audit->txn};
	struct hash root;
	if (audit->guard.size > audit->checkpoint.size)
		return audit_finding(audit, audit->checkpoint.size,
			"the store ends here, but the guard remembers %" PRIu64 " entries: an older copy was put back",
			audit->guard.size);
	enum error error = merkle_root(&nodes, audit->guard.size, &root);
	if (error != E_OK || !hash_equal(&root, &audit->guard.root))
		return audit_judge(audit, error, 0,
			"the first %" PRIu64 " entries are not those that the guard's checkpoint was signed for",
			audit->guard.size);
	return E_OK;
}

static enum error check_root(struct audit *audit)
{
	merkle_frontier_root(&audit->frontier, &audit->result.root);
	if (!hash_equal(&audit->result.root, &audit->checkpoint.root))
		return audit_finding(audit, audit->guard.size < audit->checkpoint.size ? audit->guard.size : 0,
			"the entries together do not have the root that the checkpoint was signed for");
	return E_OK;
}

static enum error count_unchecked(struct audit *audit)
{
	for (size_t i = 0; i < audit->rules.sender_count; i++) {
		const struct sender *sender = audit->rules.senders[i];
		enum filing_habit habit;
		enum error error = filing_lag_habit(audit->snapshot, sender, &habit);
		if (error != E_OK)
			return audit_judge(audit, error, sender->version,
				"the first event that sender %" PRIu32 " has not checked is not where it should be: %s", sender->id,
				audit_why(error));
		audit->result.unchecked += habit == FILING_HABIT_SILENT;
		audit->result.lagging += habit == FILING_HABIT_LAGS;
		audit->result.unclaimed += sender->next_sequence - sender->filing_checked;
	}
	return E_OK;
}

static enum error run_audit(struct audit *audit)
{
	uint64_t size = audit->checkpoint.size;
	for (uint64_t number = 0; audit->frontier.size < size; number++) {
		TRY(audit_bundle(audit, number));
		audit_progress(audit);
	}
	if (audit->filing != NULL)
		TRY(audit_filing_end(audit));
	TRY(check_guard(audit));
	TRY(check_root(audit));
	TRY(audit_tables(audit));
	TRY(count_unchecked(audit));
	TRY(audit_rows(audit));
	TRY(audit_derived(audit));
	return audit->records != NULL ? audit_records_filing(audit) : E_OK;
}

static void take_counts(struct audit *audit)
{
	const struct log_rules *rules = &audit->rules;
	audit->result.events = rules->state.events;
	audit->result.batches = rules->batches;
	audit->result.senders = rules->sender_count;
	audit->result.unendorsed = rules->unendorsed;
	audit->result.lost = losses_events(&rules->state.losses);
}

enum error audit_directory(const char *dir, const struct vkey *vkey, const struct audit_options *options,
	struct audit_result *out, struct fault *fault)
{
	struct audit *audit = calloc(1, sizeof *audit);
	if (audit == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	audit->vkey = vkey;
	audit->options = options;
	log_rules_init(&audit->rules, vkey);
	enum error error = open_audit(audit, dir, options->records);
	if (error == E_OK) {
		audit->result.checkpoint_size = audit->checkpoint.size;
		error = run_audit(audit);
	}
	audit->result.ok = error == E_OK;
	take_counts(audit);
	if (error == E_OK || audit->found) {
		*out = audit->result;
		error = E_OK;
	}
	if (error != E_OK)
		fault_set(fault, error, "%s", audit->why.text[0] != '\0' ? audit->why.text : error_reason(error));
	close_audit(audit);
	return error;
}
