/* An epoch: merges the tail of aliases into the postings, and new subject keys into their index.
 *
 *   load    alias packs and key ids of the tail, spread over 256 buckets by the first byte of the alias
 *   merge   bucket by bucket: sort, add to the rows
 *   finish  the filed part now reaches the target
 *
 * Rows are in order of the alias, so a bucket is a contiguous part of each table: every page is touched once an epoch,
 * not once an event. Each slice is a transaction of its own. Readers ignore indexes at or above `filed` and scan the
 * tail for them, so a half-merged table is as good as the old one; after a crash the epoch is simply done again, since
 * adding what is there changes nothing. */
#include "ledger/aliases.h"
#include "ledger/ledger_state.h"
#include "ledger/posting.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 256
#define LOAD_SLICE 32768 /* aliases opened in one slice: about 5 ms */
#define MERGE_SLICE 2048 /* rows touched in one slice */

struct filing {
	struct alias alias;
	uint64_t number; /* log index, or key id */
};

struct bucket {
	struct filing *filings;
	size_t count;
	size_t capacity;
};

enum epoch_step { EPOCH_LOAD, EPOCH_MERGE, EPOCH_FINISH };

struct epoch {
	enum epoch_step step;
	uint64_t from; /* log indexes [from, target) are merged */
	uint64_t target;
	uint64_t loaded; /* load goes on here */
	size_t total;
	uint64_t keys_to; /* key ids below are merged */
	size_t next_bucket;
	struct bucket events[BUCKETS];
	struct bucket keys[BUCKETS];
	struct alias_walk walk; /* large */
};

static enum error bucket_add(struct bucket *buckets, const struct alias *alias, uint64_t number)
{
	struct bucket *bucket = &buckets[alias->b[0]];
	if (bucket->count == bucket->capacity) {
		size_t capacity = bucket->capacity ? bucket->capacity * 2 : 64;
		struct filing *larger = realloc(bucket->filings, capacity * sizeof *larger);
		if (larger == NULL)
			return E_NO_MEMORY;
		bucket->filings = larger;
		bucket->capacity = capacity;
	}
	bucket->filings[bucket->count++] = (struct filing){*alias, number};
	return E_OK;
}

static void bucket_free(struct bucket *bucket)
{
	free(bucket->filings);
	*bucket = (struct bucket){0};
}

static int compare_filings(const void *left, const void *right)
{
	const struct filing *a = left;
	const struct filing *b = right;
	int order = memcmp(a->alias.b, b->alias.b, sizeof a->alias.b);
	if (order != 0)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void bucket_sort(struct bucket *bucket)
{
	if (bucket->count > 1)
		qsort(bucket->filings, bucket->count, sizeof *bucket->filings, compare_filings);
}

uint64_t ledger_tail_events(const struct ledger *ledger)
{
	uint64_t size = ledger->checkpoint.size;
	return size > ledger->filed ? size - ledger->filed : 0;
}

void ledger_epoch_free(struct ledger *ledger)
{
	struct epoch *epoch = ledger->epoch;
	if (epoch == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		bucket_free(&epoch->events[i]);
		bucket_free(&epoch->keys[i]);
	}
	free(epoch);
	ledger->epoch = NULL;
}

/* ---- load ---- */

static enum error add_key(void *context, uint64_t id, const struct alias *alias)
{
	struct epoch *epoch = context;
	return bucket_add(epoch->keys, alias, id);
}

enum error ledger_epoch_start(struct ledger *ledger, bool *started, struct fault *fault)
{
	*started = false;
	if (ledger->epoch != NULL || ledger_tail_events(ledger) == 0)
		return E_OK;
	struct epoch *epoch = calloc(1, sizeof *epoch);
	if (epoch == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	ledger->epoch = epoch;
	epoch->from = epoch->loaded = ledger->filed;
	epoch->target = ledger->checkpoint.size;
	uint64_t keys_from;
	enum error error = keystore_unmerged(ledger->keystore, &keys_from, &epoch->keys_to);
	if (error == E_OK && epoch->keys_to > keys_from + FRESH_SUBJECTS_MAX)
		epoch->keys_to = keys_from + FRESH_SUBJECTS_MAX;
	if (error == E_OK)
		error = keystore_visit(ledger->keystore, keys_from, epoch->keys_to, add_key, epoch);
	if (error != E_OK) {
		ledger_epoch_free(ledger);
		return fault_set(fault, error, "the epoch cannot be started: %s", error_text(error));
	}
	*started = true;
	return E_OK;
}

/* Takes packs until the slice is full, the tail ends, or the epoch is as large as it may be (the rest is for the next).
 */
static enum error load_packs(struct epoch *epoch)
{
	enum error error = E_OK;
	for (size_t taken = 0; taken < LOAD_SLICE; taken += epoch->walk.count) {
		error = alias_walk_next(&epoch->walk);
		if (error != E_OK || epoch->walk.first_index >= epoch->target)
			break;
		if (epoch->total + epoch->walk.count > EPOCH_EVENTS_MAX && epoch->total > 0) {
			epoch->target = epoch->walk.first_index;
			break;
		}
		for (uint32_t i = 0; i < epoch->walk.count; i++)
			TRY(bucket_add(epoch->events, &epoch->walk.aliases[i], epoch->walk.first_index + i));
		epoch->total += epoch->walk.count;
		epoch->loaded = epoch->walk.first_index + epoch->walk.count;
	}
	if (error != E_OK && error != E_NOT_FOUND)
		return error;
	if (error == E_NOT_FOUND || epoch->walk.first_index >= epoch->target)
		epoch->step = EPOCH_MERGE;
	return E_OK;
}

static enum error load_slice(struct ledger *ledger, struct epoch *epoch)
{
	struct db_txn txn;
	TRY(db_begin(ledger->store, false, &txn));
	enum error error = alias_walk_begin(&txn, &ledger->secrets->seal, epoch->loaded, &epoch->walk);
	if (error == E_OK) {
		error = load_packs(epoch);
		alias_walk_end(&epoch->walk);
	}
	db_abort(&txn);
	return error;
}

/* ---- merge ---- */

static enum error merge_keys(struct ledger *ledger, struct bucket *bucket)
{
	bucket_sort(bucket);
	_Static_assert(sizeof(struct filing) == sizeof(struct key_filing), "both are alias and number");
	return keystore_merge(ledger->keystore, (const struct key_filing *)bucket->filings, bucket->count, 0);
}

static enum error merge_alias(struct ledger *ledger, struct db_txn *txn, const struct filing *filings, size_t count)
{
	uint64_t indexes[POSTING_INDEXES_MAX];
	for (size_t done = 0; done < count;) {
		size_t n = count - done < POSTING_INDEXES_MAX ? count - done : POSTING_INDEXES_MAX;
		for (size_t i = 0; i < n; i++)
			indexes[i] = filings[done + i].number;
		TRY(posting_add(txn, &ledger->secrets->seal, &filings->alias, indexes, n));
		done += n;
	}
	return E_OK;
}

static enum error merge_events(struct ledger *ledger, struct db_txn *txn, struct bucket *bucket)
{
	bucket_sort(bucket);
	for (size_t from = 0; from < bucket->count;) {
		size_t to = from + 1;
		while (to < bucket->count &&
			   memcmp(bucket->filings[to].alias.b, bucket->filings[from].alias.b, sizeof(struct alias)) == 0)
			to++;
		TRY(merge_alias(ledger, txn, bucket->filings + from, to - from));
		from = to;
	}
	return E_OK;
}

static enum error merge_slice(struct ledger *ledger, struct epoch *epoch)
{
	struct db_txn txn;
	enum error error = E_OK;
	size_t first = epoch->next_bucket;
	TRY(db_begin(ledger->store, true, &txn));
	size_t bucket = first;
	for (size_t touched = 0; bucket < BUCKETS && touched < MERGE_SLICE && error == E_OK; bucket++) {
		touched += epoch->events[bucket].count + epoch->keys[bucket].count;
		error = merge_events(ledger, &txn, &epoch->events[bucket]);
		if (error == E_OK && epoch->keys[bucket].count > 0)
			error = merge_keys(ledger, &epoch->keys[bucket]);
	}
	if (error != E_OK) {
		db_abort(&txn);
		return error;
	}
	TRY(db_commit(&txn));
	for (size_t i = first; i < bucket; i++) {
		bucket_free(&epoch->events[i]);
		bucket_free(&epoch->keys[i]);
	}
	epoch->next_bucket = bucket;
	if (bucket == BUCKETS)
		epoch->step = EPOCH_FINISH;
	return E_OK;
}

/* ---- finish ---- */

static enum error finish(struct ledger *ledger, struct epoch *epoch)
{
	struct db_txn txn;
	TRY(keystore_merge(ledger->keystore, NULL, 0, epoch->keys_to));
	TRY(db_begin(ledger->store, true, &txn));
	store_filed_put(&txn, epoch->target);
	TRY(db_commit(&txn));
	ledger->filed = epoch->target;
	ledger_epoch_free(ledger);
	return E_OK;
}

static enum error run_slice(struct ledger *ledger, struct epoch *epoch)
{
	switch (epoch->step) {
	case EPOCH_LOAD:
		return load_slice(ledger, epoch);
	case EPOCH_MERGE:
		return merge_slice(ledger, epoch);
	case EPOCH_FINISH:
		return finish(ledger, epoch);
	}
	return E_CORRUPT;
}

enum error ledger_epoch_slice(struct ledger *ledger, bool *finished, struct fault *fault)
{
	*finished = ledger->epoch == NULL;
	if (ledger->epoch == NULL)
		return E_OK;
	if (ledger->reading)
		db_abort(&ledger->read);
	ledger->reading = false;
	enum error error = run_slice(ledger, ledger->epoch);
	if (error != E_OK) {
		/* Nothing is lost: the next epoch starts over from what is filed. */
		ledger_epoch_free(ledger);
		ledger->broken |= error == E_IO;
		return fault_set(fault, error, "the epoch was given up: %s", error_text(error));
	}
	*finished = ledger->epoch == NULL;
	return E_OK;
}
