/* An epoch: files the events of the tail under their subjects and commits that in the log.
 *
 *   load    alias packs and key ids of the tail, spread over 256 buckets by the first byte of the alias
 *   mend    (only where a pack is damaged) it is made again                                                  the writer
 *   run     a new run is begun: its file                                                                     the writer
 *   merge   bucket by bucket: sort; per subject postings, subject tree and, if it is new, label, into the run
 *   leaves  the filing tree grows by one leaf for each event, in log order, in memory
 *   map     the subjects' new values go into the subject map, behind the subjects in the same run
 *   sync    the disk takes the run
 *   keys    ids become findable by alias                                                                     the writer
 *   tiles   the filing tree's new rows                                                                       the writer
 *   finish  the epoch entry is appended in a tick of its own, which names the run, and the filed part reaches to m
 *
 * What is not the writer's may be done by another thread beside ticks (ledger_epoch_beside), which has the epoch to
 * itself meanwhile. Nobody sees leaves after the finished ones, and no run that is not named, so a half-done epoch is
 * as good as none; after a crash the next epoch begins where the last finished one ended. */
#include "ledger/db/db_put.h"
#include "ledger/keystore/keystore_put.h"
#include "ledger/store/log_put.h"
#include "ledger/store/store_put.h"
#include "ledger/write/filing_state.h"
#include "ledger/write/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

uint64_t ledger_unfiled(const struct ledger *ledger)
{
	uint64_t own = ledger->filing.epoch_index > 0 ? 1 : 0; /* the newest epoch's own entry, at m or after it */
	return ledger->checkpoint.size - ledger->filing.filed - own;
}

uint64_t ledger_filed(const struct ledger *ledger)
{
	return ledger->filing.filed;
}

bool ledger_epoch_runs(const struct ledger *ledger)
{
	return ledger->epoch != NULL;
}

uint64_t ledger_epoch_events(const struct ledger *ledger)
{
	return ledger->epoch == NULL ? 0 : ledger->epoch->target - ledger->filing.filed;
}

const struct run_writer *ledger_epoch_writer(const struct ledger *ledger)
{
	return ledger->epoch == NULL ? NULL : ledger->epoch->writer;
}

/* *from is kept by the caller, so what was passed over once is not read again. */
static enum error oldest_unfiled(const struct ledger *ledger, struct db_txn *txn, uint64_t *from, uint64_t *out_s)
{
	*out_s = UINT64_MAX;
	if (*from < ledger->filing.filed)
		*from = ledger->filing.filed;
	for (; *from < ledger->checkpoint.size; ++*from) {
		struct entry entry;
		TRY(log_read(txn, *from, &entry));
		if (entry.kind == ENTRY_EVENT) {
			*out_s = entry.event.time_s;
			break;
		}
	}
	return E_OK;
}

enum error ledger_oldest_unfiled(struct ledger *ledger, uint64_t *from, uint64_t *out_s)
{
	OWNED_TXN txn = {0};
	db_abort(&ledger->read);
	TRY(db_begin(ledger->store, false, &txn));
	return oldest_unfiled(ledger, &txn, from, out_s);
}

/* Giving up costs nothing but the work: what the slices have committed is above `filed`, where nobody looks. */
void ledger_epoch_free(struct ledger *ledger)
{
	struct epoch *epoch = ledger->epoch;
	if (epoch == NULL)
		return;
	epoch_jobs_free(epoch); /* they look at what is freed here */
	for (size_t i = 0; i < FILING_BUCKETS; i++) {
		bucket_free(&epoch->events[i]);
		bucket_free(&epoch->keys[i]);
	}
	damage_free(&epoch->damage);
	map_update_free(epoch->map);
	run_writer_free(epoch->writer);
	runs_close(&epoch->runs);
	record_buffer_free(&epoch->record);
	hash_rows_free(epoch->leaves);
	free(epoch->subjects);
	free(epoch->subject_of);
	free(epoch);
	ledger->epoch = NULL;
}

/* The newest epoch entry covers more than is filed: it is to be made again, and no new one may come before that. */
static bool filing_behind(const struct ledger *ledger)
{
	return ledger->filing.filed < ledger->epoch_entry.size;
}

/* The same epoch is to come out again, unless what it covered is lost by now. */
static void clear_derived(const struct ledger *ledger, struct db_txn *txn, struct store_filing *out)
{
	*out = (struct store_filing){
		.epoch_index = ledger_epoch_again(&ledger->state.losses, ledger->filing.epoch_index, ledger->epoch_entry.size)};
	db_clear(txn, STORE_FILING);
	store_filing_put(txn, out);
}

/* It is committed. With no epoch of its own there is no entry to compare with. */
static void set_filing(struct ledger *ledger, const struct store_filing *filing)
{
	ledger->filing = *filing;
	if (filing->epoch_index == 0)
		ledger->epoch_entry = (struct entry_epoch){.size = 0};
}

/* Not while an epoch runs or a tick does: both hold on to what is cleared here. */
enum error ledger_forget_filing(struct ledger *ledger, struct fault *fault)
{
	struct db_txn txn;
	struct store_filing filing;
	TRY(ledger_may_sign(ledger, fault));
	enum error error = ledger->epoch != NULL || ledger->ticking ? E_BUSY : db_begin(ledger->store, true, &txn);
	if (error == E_OK) {
		clear_derived(ledger, &txn, &filing);
		error = db_commit(&txn);
	}
	TRY(fault_because(fault, error, "what is filed cannot be cleared"));
	set_filing(ledger, &filing);
	ledger->damage.filing |= ledger->filing_lost;
	ledger->filing_lost = false;
	return E_OK;
}

/* ---- load ---- */

static enum error add_key(void *context, uint64_t id, const struct alias *alias)
{
	struct epoch *epoch = context;
	return epoch_bucket_add(epoch->keys, alias, id);
}

/* An epoch that was given up has left leaves behind the finished ones; they are written again. */
static enum error load_leaves(const struct ledger *ledger, struct epoch *epoch)
{
	OWNED_TXN txn = {0};
	TRY(hash_rows_new(STORE_FILING, &epoch->leaves));
	TRY(db_begin(ledger->store, false, &txn));
	return hash_rows_load(epoch->leaves, &txn, &epoch->before.leaves);
}

/* What the epoch will say it is complete until is over once its coverage stands: no later entry bears that time. */
static enum error close_time(struct ledger *ledger, uint64_t size)
{
	OWNED_TXN txn = {0};
	uint64_t time_s = 0;
	TRY(db_begin(ledger->store, false, &txn));
	TRY(log_time_before(&txn, size, &time_s));
	ledger_raise_floor(ledger, time_s);
	wall_clock_follow(&ledger->clock, ledger_next_s(ledger));
	return E_OK;
}

/* Derived, and not what was signed: nothing may be built on it. */
enum error epoch_refuse_damage(struct fault *fault, enum error error, const char *what)
{
	return error != E_CORRUPT ? error
							  : fault_set(fault, error,
									"%s in the store is damaged, and nothing is signed on it; stop the ledger, look "
									"after the disk, and run 'indsigt epoch DIR --rebuild'",
									what);
}

/* The newest epoch that is finished, if its entry says what it made. */
static bool is_signed(const struct ledger *ledger)
{
	return ledger->filing.epoch_index > 0 && ledger->filing.filed == ledger->epoch_entry.size;
}

/* What is not signed has nothing to be compared with: it is made again from nothing. */
static enum error check_filing_tree(const struct ledger *ledger)
{
	struct hash root;
	merkle_frontier_root(&ledger->filing.leaves, &root);
	return !is_signed(ledger) || hash_equal(&root, &ledger->epoch_entry.filing_root) ? E_OK : E_CORRUPT;
}

/* New subjects are bounded like events are, since each of them costs a label. The key environment's rows have their own
 * position and may be further than the log's. */
static enum error prepare_epoch(struct ledger *ledger, struct epoch *epoch)
{
	uint64_t keys_from;
	epoch->before = ledger->filing;
	epoch->losses = ledger->state.losses;
	epoch->map_root_signed = is_signed(ledger);
	epoch->map_root = ledger->epoch_entry.map_root;
	epoch->events_max = ledger->epoch_events_max;
	epoch->loaded = ledger->filing.filed;
	epoch->position = ledger->filing.leaves.size;
	/* What the newest epoch covers and is not filed is made again first. */
	epoch->target = filing_behind(ledger) ? ledger->epoch_entry.size : ledger->checkpoint.size;
	TRY(keystore_unmerged(ledger->keystore, &keys_from, &epoch->keys_to));
	if (epoch->keys_to > keys_from + FRESH_SUBJECTS_MAX)
		epoch->keys_to = keys_from + FRESH_SUBJECTS_MAX;
	TRY(keystore_visit(ledger->keystore, keys_from, epoch->keys_to, add_key, epoch));
	TRY(close_time(ledger, epoch->target));
	TRY(runs_open(ledger->shelf, &epoch->before, &epoch->runs));
	return load_leaves(ledger, epoch);
}

/* An epoch that cannot be started has written nothing that counts, and is freed at once; the next attempt begins like
 * the first. */
enum error ledger_epoch_start(struct ledger *ledger, bool *started, struct fault *fault)
{
	*started = false;
	if (ledger->epoch != NULL || ledger_unfiled(ledger) == 0)
		return E_OK;
	TRY(ledger_may_sign(ledger, fault));
	db_abort(&ledger->read);
	if (ledger->filing_lost)
		TRY(ledger_forget_filing(ledger, fault));
	ledger->epoch = calloc(1, sizeof *ledger->epoch);
	if (ledger->epoch == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	enum error error = epoch_refuse_damage(fault, check_filing_tree(ledger), "the filing tree");
	if (error != E_OK) {
		ledger_epoch_free(ledger);
		return error;
	}
	error = prepare_epoch(ledger, ledger->epoch);
	if (error != E_OK) {
		ledger_epoch_free(ledger);
		TRY(epoch_refuse_damage(fault, error, "what is filed"));
		return fault_set(fault, error, "the epoch cannot be started: %s", error_reason(error));
	}
	*started = true;
	return E_OK;
}

/* ---- finish ---- */

/* An epoch entry never covers less than those before it, and says nothing of what is lost behind it. */
static bool below_loss(const struct ledger *ledger, const struct epoch *epoch)
{
	return epoch->target < losses_end(&ledger->state.losses) || epoch->target < ledger->state.epoch_size;
}

/* What will be filed once this epoch is finished. */
static void filing_after(const struct epoch *epoch, uint64_t epoch_index, struct store_filing *out)
{
	*out = (struct store_filing){
		.filed = epoch->target,
		.epoch_index = epoch_index,
		.leaves = *hash_rows_frontier(epoch->leaves),
	};
	run_writer_names(epoch->writer, out);
}

static enum error append_epoch(struct ledger *ledger, struct epoch *epoch, const struct store_filing *filing,
	struct entry_epoch *out, struct fault *fault)
{
	struct entry entry = {
		.kind = ENTRY_EPOCH, .epoch = {.size = epoch->target, .lost = losses_events(&ledger->state.losses)}};
	map_update_root(epoch->map, &entry.epoch.map_root);
	merkle_frontier_root(&filing->leaves, &entry.epoch.filing_root);
	entry.epoch.time_s = log_state_time_before(&ledger->state, epoch->target);
	store_filing_put(&ledger->tick, filing);
	*out = entry.epoch;
	return ledger_append_entry(ledger, &entry, fault);
}

/* An epoch that is made again has its entry in the log, and one below a loss gets none. */
static enum error finish_again(struct ledger *ledger, struct epoch *epoch, struct fault *fault)
{
	struct db_txn txn;
	struct store_filing filing;
	struct hash map_root, filing_root;
	filing_after(epoch, filing_behind(ledger) ? ledger->filing.epoch_index : 0, &filing);
	map_update_root(epoch->map, &map_root);
	merkle_frontier_root(&filing.leaves, &filing_root);
	if (epoch->target == ledger->epoch_entry.size && (!hash_equal(&map_root, &ledger->epoch_entry.map_root) ||
														 !hash_equal(&filing_root, &ledger->epoch_entry.filing_root)))
		return fault_set(fault, E_CORRUPT,
			"what was filed again is not what the epoch entry at index %" PRIu64
			" commits to; run 'indsigt audit --labels'",
			ledger->filing.epoch_index);
	TRY(db_begin(ledger->store, true, &txn));
	store_filing_put(&txn, &filing);
	enum error error = db_commit(&txn);
	if (error != E_FULL) /* it is not known whether an error left it there */
		run_writer_keep(epoch->writer);
	TRY(error);
	set_filing(ledger, &filing);
	ledger_epoch_free(ledger);
	return E_OK;
}

/* In a tick: what cannot be filed is declared first, so that the epoch entry can say it. */
static enum error finish_in_tick(struct ledger *ledger, struct epoch *epoch, struct store_filing *filing,
	struct entry_epoch *entry, struct fault *fault)
{
	TRY(damage_declare(ledger, &epoch->damage, fault));
	bool below = below_loss(ledger, epoch);
	filing_after(epoch, below ? 0 : log_frontier(ledger->log)->size, filing);
	*entry = (struct entry_epoch){.size = 0};
	if (!below)
		return append_epoch(ledger, epoch, filing, entry, fault);
	store_filing_put(&ledger->tick, filing);
	return ledger->tick.error;
}

static void add_damage(struct ledger *ledger, const struct ledger_damage *more)
{
	ledger->damage.unreadable += more->unreadable;
	ledger->damage.lost += more->lost;
	ledger->damage.entries += more->entries;
}

/* What is declared lost with gaps takes events along that this epoch has put into trees already. So it ends with the
 * loss entries, and everything is filed again without them. So does the loss of what was filed before, and that hides
 * the epoch which covered it. */
static enum error declare_alone(struct ledger *ledger, struct epoch *epoch, struct fault *fault)
{
	struct store_filing filing;
	TRY(ledger_begin(ledger, fault));
	enum error error = damage_declare(ledger, &epoch->damage, fault);
	if (error == E_OK) {
		clear_derived(ledger, &ledger->tick, &filing);
		error = ledger->tick.error;
	}
	if (error != E_OK) {
		ledger_abort(ledger);
		return error;
	}
	TRY(ledger_commit(ledger, fault));
	add_damage(ledger, &epoch->damage.declared);
	set_filing(ledger, &filing);
	ledger_epoch_free(ledger);
	return E_OK;
}

/* What is damaged is judged first, while nothing has changed. Keys are marked as merged before the tick: they are,
 * whether the tick comes to its end or not. */
static enum error finish(struct ledger *ledger, struct epoch *epoch, struct fault *fault)
{
	struct store_filing filing;
	struct entry_epoch entry;
	TRY(damage_judge(ledger, &epoch->damage, fault));
	TRY(keystore_merge(ledger->keystore, NULL, 0, epoch->keys_to));
	if (filing_behind(ledger) && epoch->damage.count > 0)
		return ledger->declare_lost ? declare_alone(ledger, epoch, fault)
									: fault_set(fault, E_UNREADABLE,
										  "%zu events, the first at index %" PRIu64
										  ", were filed before, and cannot be filed again: their "
										  "records do not open now. Put back what may bring them back; if nothing can, "
										  "run 'indsigt epoch "
										  "DIR --declare-lost'",
										  epoch->damage.count, epoch->damage.indexes[0]);
	if (filing_behind(ledger) || (below_loss(ledger, epoch) && epoch->damage.count == 0))
		return finish_again(ledger, epoch, fault);
	if (epoch->damage.gap > 0)
		return declare_alone(ledger, epoch, fault);
	TRY(ledger_begin(ledger, fault));
	enum error error = finish_in_tick(ledger, epoch, &filing, &entry, fault);
	if (error != E_OK) {
		ledger_abort(ledger);
		return error;
	}
	error = ledger_commit(ledger, fault);
	if (error != E_FULL) /* it is not known whether an error left it there */
		run_writer_keep(epoch->writer);
	TRY(error);
	add_damage(ledger, &epoch->damage.declared);
	ledger->filing = filing;
	ledger->epoch_entry = entry;
	ledger_epoch_free(ledger);
	return E_OK;
}

/* ---- slices ---- */

static bool is_beside(enum epoch_step step)
{
	return step == EPOCH_LOAD || (step >= EPOCH_MERGE && step <= EPOCH_SYNC);
}

static enum error slice_beside(const struct ledger *ledger, struct epoch *epoch, struct fault *fault)
{
	switch (epoch->step) {
	case EPOCH_LOAD:
		return epoch_load_slice(ledger, epoch);
	case EPOCH_MERGE:
		return epoch_merge_slice(ledger, epoch, fault);
	case EPOCH_LEAVES:
		return epoch_leaves_slice(ledger, epoch);
	case EPOCH_MAP:
		return epoch_refuse_damage(fault, epoch_map_slice(epoch), "the subject map");
	case EPOCH_SYNC:
		return epoch_sync(epoch);
	default:
		return E_CORRUPT;
	}
}

static enum error writer_slice(struct ledger *ledger, struct epoch *epoch, struct fault *fault)
{
	switch (epoch->step) {
	case EPOCH_MEND:
		return epoch_mend(ledger, epoch);
	case EPOCH_RUN:
		return epoch_refuse_damage(fault, epoch_begin_run(ledger, epoch), "what was filed before");
	case EPOCH_KEYS:
		return epoch_keys_slice(ledger, epoch);
	case EPOCH_TILES:
		return epoch_tiles_slice(ledger, epoch);
	case EPOCH_FINISH:
		return finish(ledger, epoch, fault);
	default:
		return slice_beside(ledger, epoch, fault);
	}
}

bool ledger_epoch_needs_writer(const struct ledger *ledger)
{
	return ledger->epoch->failed != E_OK || !is_beside(ledger->epoch->step);
}

bool ledger_epoch_beside(const struct ledger *ledger)
{
	struct epoch *epoch = ledger->epoch;
	assert(!ledger_epoch_needs_writer(ledger));
	epoch->failed = slice_beside(ledger, epoch, &epoch->why);
	return !ledger_epoch_needs_writer(ledger);
}

enum error ledger_epoch_slice(struct ledger *ledger, bool *finished, struct fault *fault)
{
	struct fault why = {.text = ""};
	struct epoch *epoch = ledger->epoch;
	*finished = epoch == NULL;
	if (epoch == NULL)
		return E_OK;
	db_abort(&ledger->read);
	enum error error = epoch->failed;
	if (error == E_OK)
		error = writer_slice(ledger, epoch, &why);
	else
		why = epoch->why;
	if (error != E_OK) {
		/* Nothing is lost: the next epoch starts over from what is filed. */
		ledger_epoch_free(ledger);
		ledger->broken |= error == E_IO;
		return fault_set(
			fault, error, "the epoch was given up: %s", why.text[0] != '\0' ? why.text : error_reason(error));
	}
	*finished = ledger->epoch == NULL;
	return E_OK;
}
