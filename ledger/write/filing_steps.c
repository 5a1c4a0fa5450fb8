/* Slices of an epoch, between loading and its entry.
 *
 *   events of one alias ─► head there? ─┬─ no: a record that opens ─► label ─┐
 *                                       └─ yes ────────────────────────────┴─► leaves, postings, head ─► map value
 *
 * A slice ends between two subjects once its cost is spent; the cost is counted, not measured, so no clock decides. If
 * one fails, its transaction is undone and the epoch given up; what earlier ones have written the next epoch finds
 * there and passes over, or writes again. One record that opens is enough for all of a new subject's events; if none
 * does, all of them are noted as damage, and the subject is left out. */
#include "ledger/base/grow.h"
#include "ledger/db/hash_rows_put.h"
#include "ledger/filed/filed_put.h"
#include "ledger/filed/head.h"
#include "ledger/filed/map_put.h"
#include "ledger/filed/subtrees.h"
#include "ledger/keystore/keystore_put.h"
#include "ledger/store/records.h"
#include "ledger/write/filing_state.h"
#include "ledger/write/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void bucket_free(struct bucket *bucket)
{
	free(bucket->filings);
	*bucket = (struct bucket){0};
}

/* By number within an alias: leaves of a tree must be appended in the order of the log. */
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

/* ---- subjects ---- */

/* One slice of merging. */
struct merge {
	struct ledger *ledger;
	struct epoch *epoch;
	struct db_txn txn;
	struct key_snapshot keys; /* taken when the first new subject is met */
	bool keys_taken;
	unsigned spent_us;
	struct fault *fault;
};

/* The id of the event's subject is in its record. *opens: it does; what does not is damaged for good. */
static enum error make_label(struct merge *merge, uint64_t index, bool *opens, struct label *out)
{
	struct ledger *ledger = merge->ledger;
	struct opened opened;
	struct event event;
	if (!merge->keys_taken)
		TRY(key_snapshot_begin(ledger->keystore, &merge->keys));
	merge->keys_taken = true;
	merge->spent_us += LABEL_US;
	enum error error =
		record_find(&merge->txn, &merge->keys, &ledger->secrets->seal, index, &merge->epoch->record, &opened);
	*opens = error == E_OK;
	if (error != E_OK)
		return damage_judged(error) ? E_OK : error;
	TRY(event_decode(opened.disclosed, opened.restricted, NULL, false, &event, merge->fault));
	return label_make(&ledger->secrets->vrf, ledger->vkey.name, event_subject(&event), out);
}

/* A subject that no epoch has met: any of its events tells who it is. *known: one did; else all of them are damaged. */
static enum error find_label(
	struct merge *merge, const struct filing *filings, size_t count, bool *known, struct label *out)
{
	size_t period_unreadable = 0;
	*known = false;
	for (size_t i = 0; i < count && !*known && !alias_is_none(&filings->alias); i++) {
		enum error error = make_label(merge, filings[i].number, known, out);
		if (error != E_OK)
			return fault_set(merge->fault, error, "the event at index %" PRIu64 " cannot be filed: %s",
				filings[i].number, error_reason(error));
		period_unreadable += merge->keys.period_unreadable;
	}
	if (*known)
		return E_OK;
	merge->epoch->damage.period_unreadable += period_unreadable;
	for (size_t i = 0; i < count; i++)
		TRY(damage_note(&merge->epoch->damage, filings[i].number));
	return E_OK;
}

/* Where the complete nodes of a subject's tree go: those that later proofs rest on are kept. */
struct growing {
	struct merge *merge;
	const struct alias *alias;
	enum error error;
};

static void keep_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct growing *growing = context;
	struct merge *merge = growing->merge;
	if (level == SUBTREE_LEVEL && growing->error == E_OK)
		growing->error = subtree_add(&merge->txn, &merge->ledger->secrets->seal, growing->alias, index, hash);
}

static enum error add_leaf(struct merge *merge, struct head *head, const struct alias *alias, uint64_t index)
{
	struct growing growing = {merge, alias, E_OK};
	struct hash blind, leaf;
	const struct hash *entry_leaf;
	TRY(log_row(&merge->txn, 0, index, 1, &entry_leaf));
	blind_make(&merge->ledger->secrets->blinding.subject, index, &blind);
	subject_leaf_hash(&blind, index, entry_leaf, &leaf);
	merkle_frontier_append(&head->frontier, &leaf, keep_node, &growing);
	head->newest = index;
	return growing.error;
}

/* Those that are not above its newest are in the tree already: this epoch was begun before and not finished. */
static enum error add_leaves(struct merge *merge, struct head *head, const struct filing *filings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (head->frontier.size == 0 || filings[i].number > head->newest)
			TRY(add_leaf(merge, head, &filings[i].alias, filings[i].number));
	return E_OK;
}

/* As many at a time as one row may hold; the rest fills the rows after it. */
static enum error add_postings(struct merge *merge, const struct filing *filings, size_t count)
{
	uint64_t indexes[POSTING_INDEXES_MAX];
	for (size_t done = 0; done < count;) {
		size_t n = count - done < POSTING_INDEXES_MAX ? count - done : POSTING_INDEXES_MAX;
		for (size_t i = 0; i < n; i++)
			indexes[i] = filings[done + i].number;
		TRY(posting_add(&merge->txn, &merge->ledger->secrets->seal, &filings->alias, indexes, n));
		done += n;
	}
	return E_OK;
}

/* The map takes all subjects of the epoch at once, after the last bucket: sorted by label, one pass over the map does.
 */
static enum error note_subject(struct epoch *epoch, const struct head *head, const struct filing *filings, size_t count)
{
	TRY(GROW(epoch->subjects, epoch->subject_capacity, epoch->subject_count + 1));
	struct hash root;
	struct map_change *subject = &epoch->subjects[epoch->subject_count];
	merkle_frontier_root(&head->frontier, &root);
	subject->label = head->label;
	subject_value(head->frontier.size, &root, &subject->value);
	for (size_t i = 0; i < count; i++)
		epoch->subject_of[filings[i].number - epoch->base] = epoch->subject_count;
	epoch->subject_count++;
	return E_OK;
}

/* The head is read before the label is made: for a subject that is known no record needs to be opened. A head that
 * cannot be read is no damage of events, and what is filed is to be made again. */
static enum error merge_subject(struct merge *merge, const struct filing *filings, size_t count)
{
	struct head head;
	bool known = true;
	struct ledger *ledger = merge->ledger;
	enum error error = head_get(&merge->txn, &ledger->secrets->seal, &filings->alias, &head);
	if (error == E_NOT_FOUND) {
		head = (struct head){.newest = 0};
		TRY(find_label(merge, filings, count, &known, &head.label));
	} else if (error != E_OK) {
		return fault_set(merge->fault, error,
			"the event at index %" PRIu64
			" cannot be filed, because what is filed under its subject cannot be read: %s%s",
			filings->number, error_reason(error),
			error_judges(error) ? "; 'indsigt epoch DIR --rebuild' makes that again" : "");
	}
	if (!known)
		return E_OK;
	uint64_t before = head.frontier.size;
	TRY(add_leaves(merge, &head, filings, count));
	TRY(add_postings(merge, filings, count));
	if (head.frontier.size > before)
		head_put(&merge->txn, &ledger->secrets->seal, &filings->alias, &head);
	merge->spent_us += SUBJECT_US + (unsigned)count * EVENT_US;
	TRY(merge->txn.error);
	return note_subject(merge->epoch, &head, filings, count);
}

/* From where the last slice left off; the bucket may be left again before its end. */
static enum error merge_bucket(struct merge *merge, struct bucket *bucket)
{
	struct epoch *epoch = merge->epoch;
	assert(epoch->next_filing <= bucket->count);
	if (epoch->next_filing == 0)
		bucket_sort(bucket);
	while (epoch->next_filing < bucket->count && merge->spent_us < MERGE_SLICE_US) {
		const struct filing *first = bucket->filings + epoch->next_filing;
		size_t count = 1;
		while (epoch->next_filing + count < bucket->count &&
			   memcmp(first[count].alias.b, first->alias.b, sizeof first->alias.b) == 0)
			count++;
		TRY(merge_subject(merge, first, count));
		epoch->next_filing += count;
	}
	return E_OK;
}

/* Sorted like events are, so that the key environment's pages are gone through in order. */
static enum error merge_keys(struct merge *merge, struct bucket *bucket)
{
	bucket_sort(bucket);
	_Static_assert(sizeof(struct filing) == sizeof(struct key_filing), "both are alias and number");
	merge->spent_us += (unsigned)bucket->count * KEY_US;
	return bucket->count == 0
			   ? E_OK
			   : keystore_merge(merge->ledger->keystore, (const struct key_filing *)bucket->filings, bucket->count, 0);
}

/* A bucket is freed as soon as it is done, so an epoch's memory falls while it runs. */
static enum error merge_buckets(struct merge *merge)
{
	struct epoch *epoch = merge->epoch;
	while (epoch->next_bucket < FILING_BUCKETS && merge->spent_us < MERGE_SLICE_US) {
		struct bucket *events = &epoch->events[epoch->next_bucket];
		struct bucket *keys = &epoch->keys[epoch->next_bucket];
		TRY(merge_bucket(merge, events));
		if (epoch->next_filing < events->count)
			return E_OK;
		TRY(merge_keys(merge, keys));
		bucket_free(events);
		bucket_free(keys);
		epoch->next_filing = 0;
		epoch->next_bucket++;
	}
	return E_OK;
}

/* The position moves in memory while the rows are not committed yet; if the commit fails the whole epoch is given up,
 * so the two are never apart. */
enum error epoch_merge_slice(struct ledger *ledger, struct epoch *epoch, struct fault *fault)
{
	struct merge merge = {.ledger = ledger, .epoch = epoch, .fault = fault};
	TRY(db_begin(ledger->store, true, &merge.txn));
	enum error error = merge_buckets(&merge);
	if (merge.keys_taken)
		key_snapshot_end(&merge.keys);
	if (error != E_OK) {
		db_abort(&merge.txn);
		return error;
	}
	TRY(db_commit(&merge.txn));
	if (epoch->next_bucket == FILING_BUCKETS)
		epoch->step = EPOCH_LEAVES;
	return E_OK;
}

/* ---- the filing tree ---- */

/* In the order of the log and not of the subjects: who looks at the tree learns when something was filed, and not with
 * what else. */
static enum error append_leaves(struct ledger *ledger, struct epoch *epoch, struct db_txn *txn)
{
	for (size_t done = 0; done < LEAVES_SLICE && epoch->next_index < epoch->base + epoch->span; epoch->next_index++) {
		struct hash blind, leaf;
		uint32_t subject = epoch->subject_of[epoch->next_index - epoch->base];
		if (subject == UINT32_MAX)
			continue;
		blind_make(&ledger->secrets->blinding.filing, epoch->next_index, &blind);
		filing_leaf_hash(&blind, epoch->next_index, &epoch->subjects[subject].label, &leaf);
		TRY(hash_rows_append(ledger->filing_rows, txn, &leaf, NULL, NULL));
		done++;
	}
	return hash_rows_flush(ledger->filing_rows, txn);
}

enum error epoch_leaves_slice(struct ledger *ledger, struct epoch *epoch)
{
	OWNED_TXN txn = {0};
	TRY(db_begin(ledger->store, true, &txn));
	TRY(append_leaves(ledger, epoch, &txn));
	TRY(db_commit(&txn));
	if (epoch->next_index < epoch->base + epoch->span)
		return E_OK;
	/* What the map is given is sorted by label: which index belongs to whom is not needed any more. */
	free(epoch->subject_of);
	epoch->subject_of = NULL;
	epoch->step = EPOCH_MAP;
	return map_update_new(
		epoch->subjects, epoch->subject_count, ledger->filing.generation, ledger_signed_map_root(ledger), &epoch->map);
}

/* ---- the map ---- */

/* Into the next generation; readers keep to the one that the row of filing names, until the finish changes it. */
enum error epoch_map_slice(struct ledger *ledger, struct epoch *epoch)
{
	OWNED_TXN txn = {0};
	bool finished = false;
	TRY(db_begin(ledger->store, true, &txn));
	TRY(map_update_slice(epoch->map, &txn, MAP_SLICE_ROWS, &finished));
	TRY(db_commit(&txn));
	if (finished)
		epoch->step = EPOCH_FINISH;
	return E_OK;
}
