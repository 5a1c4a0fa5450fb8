/*   entries ─► bundles, tiles, and the rows that follow from an entry alone
 *   note    ─► is it over just these? ─► what is lost ─► dropped, places anew ─► filing ─► senders, state, note
 *
 * One transaction, so a store is never between two logs; one that was not there is made beside and moved in last. Lost
 * is what stands behind the end of the old store, and what it had begun to say is lost. What the log has declared since
 * is dropped, even if it would open: the log said so. If anything was dropped all that is filed is cleared, and filed
 * again without it; else it stays, and the next epoch goes on from there. */
#include "ledger/write/restore.h"

#include "ledger/base/beside.h"
#include "ledger/db/db_put.h"
#include "ledger/filed/lost_rows.h"
#include "ledger/filed/runs.h"
#include "ledger/keystore/keystore_put.h"
#include "ledger/store/log.h"
#include "ledger/store/log_put.h"
#include "ledger/store/store_put.h"
#include "ledger/write/ledger_state.h"

#include <inttypes.h>
#include <stdlib.h>

struct restore {
	char path[PATH_BYTES_MAX]; /* of the store */
	bool is_new;               /* it is made beside that, and moved there when it is whole */
	struct key_position keys;  /* of what has no entry yet; else the store has its own */
	struct db_env *store;
	struct db_txn txn;
	struct log_appender *log;
	struct run_shelf *shelf;
	uint64_t old_size; /* what the store had */
	struct losses old_losses;
	bool sealed;                /* among what was put back are events */
	struct store_filing filing; /* as the store had it */
	bool filed;                 /* the runs that it names are there */
};

/* A store that has just been made has no state yet. */
static enum error load(struct restore *restore)
{
	struct store_state state = {.time_s = 0};
	enum error error = store_state_get(&restore->txn, &state);
	if (error != E_OK && error != E_NOT_FOUND)
		return error;
	TRY(store_losses_get(&restore->txn, &restore->old_losses));
	restore->old_size = state.frontier.size;
	TRY(log_appender_new(&restore->log));
	return log_load(restore->log, &restore->txn, &state.frontier);
}

/* A store that has nothing takes the keys as they are: nothing is sealed under any of them. */
static enum error find_keys(struct restore *restore, const char *dir, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	if (restore->old_size > 0)
		return E_OK;
	if (file_path(dir, "keys/env", path) != E_OK)
		return fault_set(fault, E_TOO_LONG, "");
	return keystore_make(path, &restore->keys, fault);
}

static enum error open_store(struct restore *restore, const char *dir, struct fault *fault)
{
	char made[PATH_BYTES_MAX];
	if (file_path(dir, "store", restore->path) != E_OK)
		return fault_set(fault, E_TOO_LONG, "");
	TRY(beside_is_free(restore->path, &restore->is_new, fault));
	if (restore->is_new)
		TRY(beside_begin(restore->path, made, fault));
	const char *path = restore->is_new ? made : restore->path;
	TRY(restore->is_new ? store_make(path, &restore->store, fault) : store_open(path, false, &restore->store, fault));
	enum error error = db_begin(restore->store, true, &restore->txn) ?: load(restore);
	TRY(fault_because(fault, error, "%s", path));
	return find_keys(restore, dir, fault);
}

enum error restore_open(const char *dir, struct restore **out, struct fault *fault)
{
	OWNED(restore_release) struct restore *restore = calloc(1, sizeof *restore);
	TRY(fault_set(fault, allocated(restore), ""));
	TRY(open_store(restore, dir, fault));
	TRY(fault_because(fault, run_shelf_new(dir, &restore->shelf), "%s", dir));
	*out = OWN_TAKE(restore);
	return E_OK;
}

void restore_close(struct restore *restore)
{
	if (restore == NULL)
		return;
	db_abort(&restore->txn);
	log_appender_free(restore->log);
	run_shelf_free(restore->shelf);
	db_close(restore->store);
	free(restore);
}

uint64_t restore_size(const struct restore *restore)
{
	return log_frontier(restore->log)->size;
}

/* ---- entries ---- */

/* The entry, and the rows that follow from it alone. */
static enum error put_entry(struct restore *restore, uint64_t index, struct bytes encoded)
{
	struct entry entry;
	TRY(entry_decode(encoded, &entry));
	TRY(log_append(restore->log, &restore->txn, encoded));
	if (entry.kind == ENTRY_SENDER)
		store_change_put(&restore->txn, entry.sender.sender, index);
	if (entry.kind == ENTRY_BATCH)
		store_batch_put(&restore->txn, entry.batch.sender, entry.batch.first_sequence, index - entry.batch.count,
			entry.batch.count);
	restore->sealed |= entry.kind == ENTRY_EVENT || entry.kind == ENTRY_MASS;
	return restore->txn.error;
}

enum error restore_entry(struct restore *restore, struct bytes encoded, struct fault *fault)
{
	uint64_t index = restore_size(restore);
	return fault_because(
		fault, put_entry(restore, index, encoded), "the entry at index %" PRIu64 " cannot be stored", index);
}

/* ---- what is lost ---- */

/* From where on events are lost and no entry that the store had declares it; 0: from nowhere. */
static uint64_t undeclared_from(const struct restore *restore)
{
	const struct losses *old = &restore->old_losses;
	const struct lost_range *newest = losses_newest(old);
	if (newest != NULL && newest->entry == restore->old_size)
		return newest->first;
	/* The genesis entry has no sealed part. */
	uint64_t first = restore->old_size > 0 ? restore->old_size : 1;
	return restore->sealed ? first : 0;
}

/* What was put back without its sealed part is lost from here on, and the log says so with its next entry; until then
 * it stands among the losses as due. */
static enum error find_losses(struct restore *restore, const struct log_rules *rules, struct losses *out)
{
	const struct log_bundles bundles = log_bundles_of(&restore->txn);
	struct log_finding finding;
	struct entry_loss due = {.first = undeclared_from(restore), .end = rules->state.size};
	*out = rules->state.losses;
	if (due.first == 0)
		return E_OK;
	TRY(losses_count_events(&bundles, due.first, due.end, &due.events, &finding));
	return losses_take(out, &due, rules->state.size, &bundles, &finding);
}

/* Declared by an entry that the store did not have, of events that it had. */
static bool is_news(const struct restore *restore, const struct lost_range *range)
{
	return range->entry >= restore->old_size && range->first < restore->old_size;
}

/* What the log says is lost of what the store had: it has nothing more of that. */
static enum error drop_lost(struct restore *restore, const struct losses *losses, bool *dropped)
{
	struct lost_rows rows;
	const struct lost_range *ranges = losses->ranges;
	uint32_t i = 0;
	*dropped = false;
	while (i < losses->count && !is_news(restore, &ranges[i]))
		i++;
	if (i == losses->count)
		return E_OK;
	TRY(lost_rows_begin(&restore->txn, &restore->old_losses, ranges[i].first, &rows));
	for (; i < losses->count; i++)
		if (is_news(restore, &ranges[i]))
			TRY(lost_rows_drop(&restore->txn, ranges[i].first, ranges[i].end, dropped));
	return lost_rows_end(&restore->txn, losses, &rows);
}

/* ---- filing ---- */

/* A copy of the store alone names runs that are gone by now, or never were here. */
static enum error look_for_runs(struct restore *restore)
{
	OWNED(runs_close) struct runs runs = {.count = 0};
	TRY(store_filing_get(&restore->txn, &restore->filing));
	enum error error = runs_open(restore->shelf, &restore->filing, &runs);
	restore->filed = error == E_OK;
	return error == E_CORRUPT ? E_OK : error;
}

/* What is filed stays as it was, and the next epoch goes on from there. Where nothing of it is lost, it is filed again
 * up to the newest epoch of the log; where it holds what is lost now, or is not there, all of it. */
static enum error put_filing(
	struct restore *restore, const struct log_rules *rules, const struct losses *losses, bool dropped)
{
	struct store_filing filing = restore->filing;
	uint64_t again = ledger_epoch_again(losses, rules->state.epoch_index, rules->state.epoch_size);
	if (dropped || !restore->filed) {
		db_clear(&restore->txn, STORE_FILING);
		filing = (struct store_filing){.epoch_index = dropped ? 0 : again};
	} else if (rules->state.epoch_size >= filing.filed && again > 0) {
		filing.epoch_index = again;
	}
	store_filing_put(&restore->txn, &filing);
	return restore->txn.error;
}

/* ---- committing ---- */

/* Before anything else is put down: entries that are not the checkpoint's are another log's, or were cut. */
static enum error check_note(
	const struct restore *restore, const struct log_rules *rules, struct bytes note, struct fault *fault)
{
	struct checkpoint checkpoint;
	struct hash root;
	merkle_frontier_root(log_frontier(restore->log), &root);
	if (checkpoint_verify(note, rules->state.vkey, &checkpoint) != E_OK || checkpoint.size != restore_size(restore) ||
		rules->state.size != checkpoint.size || !hash_equal(&root, &checkpoint.root))
		return fault_set(fault, E_BAD_CHECKPOINT, "the entries that were put back are not the checkpoint's");
	return E_OK;
}

/* With the log's own signature alone: cosignatures that a mirror shows with it have their own place (cosigned.h). */
static enum error put_note(struct restore *restore, const struct vkey *vkey, struct bytes note)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct note parts;
	struct note_line line;
	struct bytes own;
	struct writer w = writer_of(buffer, sizeof buffer);
	TRY(note_split(note, NOTE_BYTES_MAX, &parts));
	writer_bytes(&w, parts.text);
	writer_u8(&w, '\n');
	while (note_line_next(&parts.lines, &line))
		if (note_line_is_of(&line, vkey))
			TRY(note_line_write(vkey, bytes_of(line.signature, line.signature_bytes), &w));
	TRY(writer_done(&w, &own));
	store_checkpoint_put(&restore->txn, own);
	return E_OK;
}

/* All rows that a ledger opens with. The order follows what rests on what; the commit makes it one. */
static enum error put_all(struct restore *restore, const struct log_rules *rules, struct bytes note)
{
	struct log_state state = rules->state; /* with what is due to be lost */
	bool dropped;
	TRY(log_flush(restore->log, &restore->txn));
	TRY(find_losses(restore, rules, &state.losses));
	TRY(drop_lost(restore, &state.losses, &dropped));
	TRY(put_filing(restore, rules, &state.losses, dropped));
	for (size_t i = 0; i < rules->sender_count; i++)
		store_sender_put(&restore->txn, rules->senders[i]);
	ledger_judge_put(&restore->txn, &state, log_frontier(restore->log));
	if (restore->old_size == 0)
		store_keys_put(&restore->txn, &restore->keys);
	store_losses_put(&restore->txn, &state.losses);
	TRY(put_note(restore, rules->state.vkey, note));
	return restore->txn.error;
}

static enum error move_in_place(struct restore *restore, struct fault *fault)
{
	db_close(restore->store);
	restore->store = NULL;
	return beside_finish(restore->path, fault);
}

/* Moved in only after the commit: a store that is in its place is whole. */
enum error restore_commit(
	struct restore *restore, const struct log_rules *rules, struct bytes note, struct fault *fault)
{
	TRY(check_note(restore, rules, note, fault));
	TRY(fault_because(fault, look_for_runs(restore), "the store, or a file in " RUN_FOLDER "/, cannot be read"));
	enum error error = put_all(restore, rules, note) ?: db_commit(&restore->txn);
	TRY(fault_because(fault, error, "the store cannot be written"));
	return restore->is_new ? move_in_place(restore, fault) : E_OK;
}
