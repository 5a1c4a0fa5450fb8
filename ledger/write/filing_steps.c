/* Slices of an epoch, between loading and its entry.
 *
 *   events of one alias ─► head there? ─┬─ no: a record that opens ─► label ─┐
 *                                       └─ yes ────────────────────────────┴─► leaves, head ─► rows ─► map value
 *                          met ahead       worked out by several threads, in groups       written, one after the other
 *
 * What a thread works out is in filing_subject.c. Subjects are in order of their alias, and so are the rows of the run
 * that is written; what older runs have in between is taken over on the way. A slice ends between two subjects once its
 * time is over. If one fails the epoch is given up, and with it the run. One record that opens is enough for all of a
 * new subject's events; if none does, all of them are noted as damage, and the subject is left out. */
#include "ledger/base/clock.h"
#include "ledger/base/grow.h"
#include "ledger/filed/filed_put.h"
#include "ledger/keystore/keystore_put.h"
#include "ledger/store/records.h"
#include "ledger/write/filing_state.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
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
	int order = hash_order(a->alias.b, b->alias.b);
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
	const struct ledger *ledger;
	struct epoch *epoch;
	struct db_txn txn;
	struct key_snapshot keys; /* taken when the first new subject is met */
	bool keys_taken;
	uint64_t end_us;
	struct fault *fault;
};

static bool over(const struct merge *merge)
{
	return clock_us() >= merge->end_us;
}

/* The record of the event. *opens: it does; what does not is damaged for good. */
static enum error read_event(struct merge *merge, uint64_t index, bool *opens, struct event *out)
{
	const struct ledger *ledger = merge->ledger;
	struct opened opened;
	if (!merge->keys_taken)
		TRY(key_snapshot_begin(ledger->keystore, &merge->keys));
	merge->keys_taken = true;
	enum error error =
		record_find(&merge->txn, &merge->keys, &ledger->secrets->seal, index, &merge->epoch->record, &opened);
	*opens = error == E_OK;
	if (error != E_OK)
		return damage_judged(error) ? E_OK : error;
	return event_decode(opened.disclosed, opened.restricted, NULL, false, out, merge->fault);
}

static enum error cannot_be_filed(const struct merge *merge, uint64_t index, enum error error)
{
	return fault_set(
		merge->fault, error, "the event at index %" PRIu64 " cannot be filed: %s", index, error_reason(error));
}

/* A subject that no epoch has met: any of its events tells who it is. *known: one did; else all of them are damaged. */
static enum error find_event(
	struct merge *merge, const struct filing *filings, size_t count, bool *known, struct event *out)
{
	size_t period_unreadable = 0;
	*known = false;
	for (size_t i = 0; i < count && !*known && !alias_is_none(&filings->alias); i++) {
		enum error error = read_event(merge, filings[i].number, known, out);
		if (error != E_OK)
			return cannot_be_filed(merge, filings[i].number, error);
		period_unreadable += merge->keys.period_unreadable;
	}
	if (*known)
		return E_OK;
	merge->epoch->damage.period_unreadable += period_unreadable;
	for (size_t i = 0; i < count; i++)
		TRY(damage_note(&merge->epoch->damage, filings[i].number));
	return E_OK;
}

/* ---- what several threads work out: most of an event's filing is hashes and seals ---- */

static void work_on_group(void *context, unsigned worker, void *job)
{
	(void)worker;
	subject_group_work(context, job);
}

/* What was asked for is made first, so nobody's number is left behind. */
static void free_jobs(struct jobs **jobs)
{
	if (*jobs == NULL)
		return;
	while (jobs_take(*jobs) != NULL)
		jobs_drop(*jobs);
	jobs_close(*jobs);
	*jobs = NULL;
}

void epoch_jobs_free(struct epoch *epoch)
{
	free_jobs(&epoch->groups);
	free_jobs(&epoch->leaf_jobs);
	epoch->group = NULL;
}

static uint64_t jobs_for(uint64_t count, uint64_t in_one)
{
	return count > 0 ? (count - 1) / in_one + 1 : 1;
}

/* For at most `count` jobs at once, at least one: then no thread is begun. */
static enum error open_jobs(jobs_work *work, void *context, uint64_t count, size_t job_bytes, struct jobs **out)
{
	unsigned workers = jobs_processors();
	if (workers > FILING_WORKERS_MAX)
		workers = FILING_WORKERS_MAX;
	if (workers > count)
		workers = (unsigned)count;
	return jobs_open(workers, work, context, count < GROUPS_AHEAD ? (size_t)count : GROUPS_AHEAD, job_bytes, out);
}

/* Groups do not go beyond a bucket, and all of a bucket are written before the next one's are begun. */
static uint64_t groups_at_once(const struct epoch *epoch)
{
	uint64_t most = 0;
	for (size_t i = epoch->next_bucket; i < FILING_BUCKETS; i++)
		if (epoch->events[i].count > most)
			most = epoch->events[i].count;
	return jobs_for(most, GROUP_SUBJECTS);
}

static enum error open_groups(const struct ledger *ledger, struct epoch *epoch)
{
	epoch->secrets = (struct subject_secrets){
		.seal = &ledger->secrets->seal,
		.vrf = &ledger->secrets->vrf,
		.blinding = &ledger->secrets->blinding.subject,
		.origin = ledger->vkey.name,
	};
	return open_jobs(
		work_on_group, &epoch->secrets, groups_at_once(epoch), sizeof(struct subject_group), &epoch->groups);
}

/* ---- what a subject's events add ---- */

/* The complete parts of a subject's tree that later proofs rest on, as its leaves are added. */
struct growing {
	struct hash *roots;
	size_t count;
	size_t capacity;
	enum error error;
};

static void growing_release(struct growing *growing)
{
	free(growing->roots);
}

static void keep_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct growing *growing = context;
	(void)index;
	if (level != SUBTREE_LEVEL || growing->error != E_OK)
		return;
	growing->error = GROW(growing->roots, growing->capacity, growing->count + 1);
	if (growing->error == E_OK)
		growing->roots[growing->count++] = *hash;
}

static enum error add_leaf(struct merge *merge, struct head *head, uint64_t index, struct growing *growing)
{
	struct hash entry_leaf;
	TRY(log_row(&merge->txn, 0, index, 1, &entry_leaf));
	subject_add_leaf(merge->epoch->secrets.blinding, head, index, &entry_leaf, keep_node, growing);
	return growing->error;
}

/* Damage of older runs; of the log's own rows it is told as what it is. */
static enum error of_older(const struct merge *merge, enum error error)
{
	return epoch_refuse_damage(merge->fault, error, "what was filed before");
}

/* All of a subject's rows, in the order of their keys: chunks, subtrees, head. */
static enum error add_filings(struct merge *merge, struct head *head, const struct filing *filings, size_t count)
{
	struct epoch *epoch = merge->epoch;
	const struct seal_keys *keys = &merge->ledger->secrets->seal;
	const struct alias *alias = &filings->alias;
	OWNED(growing_release) struct growing growing = {.roots = NULL};
	uint64_t first = head->frontier.size / SUBTREE_LEAVES;
	for (size_t i = 0; i < count; i++) {
		TRY(of_older(merge, posting_add(epoch->writer, keys, alias, head, filings[i].number)));
		TRY(add_leaf(merge, head, filings[i].number, &growing));
	}
	TRY(of_older(merge, subtrees_add(epoch->writer, &epoch->runs, keys, alias, first, growing.roots, growing.count)));
	return of_older(merge, head_put(epoch->writer, keys, alias, head));
}

/* The map takes all subjects of the epoch at once, after the last bucket: sorted by label, one pass over the map does.
 */
static void note_subject(struct epoch *epoch, const struct subject_work *work)
{
	assert(epoch->subject_count < epoch->total);
	epoch->subjects[epoch->subject_count] = (struct map_change){work->head.label, work->value};
	for (size_t i = 0; i < work->count; i++)
		epoch->subject_of[work->filings[i].number - epoch->base] = epoch->subject_count;
	epoch->subject_count++;
}

/* A head that cannot be read is no damage of events, and what is filed is to be made again. */
static enum error no_head(const struct merge *merge, const struct subject_work *work, enum error error)
{
	return fault_set(merge->fault, error,
		"the event at index %" PRIu64 " cannot be filed, because what is filed under its subject cannot be read: %s%s",
		work->filings->number, error_reason(error),
		error_judges(error) ? "; 'indsigt epoch DIR --rebuild' makes that again" : "");
}

/* For a subject that is known no record needs to be opened. */
static enum error meet_new(struct merge *merge, struct subject_work *work)
{
	struct event event;
	TRY(find_event(merge, work->filings, work->count, &work->known, &event));
	if (!work->known)
		return E_OK;
	struct bytes subject = event_subject(&event);
	if (subject.len > sizeof work->subject)
		return cannot_be_filed(merge, work->filings->number, E_TOO_LONG);
	memcpy(work->subject, subject.data, subject.len);
	work->subject_len = subject.len;
	return E_OK;
}

static enum error meet_leaves(struct merge *merge, struct subject_group *group, struct subject_work *work)
{
	struct hash *leaves = work->count < POSTING_INDEXES_MAX ? subject_group_leaves(group, work->count) : NULL;
	work->leaves = leaves;
	for (size_t i = 0; leaves != NULL && i < work->count; i++)
		TRY(log_row(&merge->txn, 0, work->filings[i].number, 1, &leaves[i]));
	return E_OK;
}

static enum error meet(struct merge *merge, struct subject_group *group, struct subject_work *work)
{
	struct bytes row;
	enum error error = head_row(&merge->epoch->runs, &work->filings->alias, &row);
	if (error == E_OK && row.len > sizeof work->row)
		error = E_CORRUPT;
	if (error != E_OK && error != E_NOT_FOUND)
		return no_head(merge, work, error);
	work->known = true;
	work->is_new = error == E_NOT_FOUND;
	if (work->is_new)
		TRY(meet_new(merge, work));
	else
		memcpy(work->row, row.data, row.len);
	work->row_len = work->is_new ? 0 : row.len;
	error = work->known ? meet_leaves(merge, group, work) : E_OK;
	if (error != E_OK)
		sodium_memzero(work->subject, sizeof work->subject);
	return error;
}

/* The next ones of the bucket. */
static enum error fill_group(struct merge *merge, const struct bucket *bucket, struct subject_group *group)
{
	struct epoch *epoch = merge->epoch;
	group->count = group->filed = group->leaf_count = 0;
	while (group->count < GROUP_SUBJECTS && epoch->next_met < bucket->count) {
		const struct filing *first = bucket->filings + epoch->next_met;
		struct subject_work *work = &group->subjects[group->count];
		work->filings = first;
		work->count = 1;
		while (epoch->next_met + work->count < bucket->count &&
			   memcmp(first[work->count].alias.b, first->alias.b, sizeof first->alias.b) == 0)
			work->count++;
		TRY(meet(merge, group, work));
		epoch->next_met += work->count;
		group->count++;
	}
	return E_OK;
}

/* As many as there is room and time for, and one where there is none that could be written. */
static enum error meet_some(struct merge *merge, const struct bucket *bucket)
{
	struct epoch *epoch = merge->epoch;
	struct subject_group *group;
	if (epoch->groups == NULL)
		TRY(open_groups(merge->ledger, epoch));
	while (epoch->next_met < bucket->count && (epoch->next_met == epoch->next_filing || !over(merge)) &&
		   (group = jobs_next(epoch->groups)) != NULL) {
		enum error error = fill_group(merge, bucket, group);
		jobs_give(epoch->groups); /* also what is not full: nobody's number is left in it */
		TRY(error);
	}
	return E_OK;
}

static enum error file_subject(struct merge *merge, struct subject_work *work)
{
	const struct alias *alias = &work->filings->alias;
	if (!work->known)
		return E_OK;
	if (work->error != E_OK && work->is_new)
		return cannot_be_filed(merge, work->filings->number, work->error);
	if (work->error != E_OK)
		return no_head(merge, work, work->error);
	if (work->whole) {
		TRY(of_older(merge, head_put_row(merge->epoch->writer, alias, bytes_of(work->row, work->row_len))));
	} else {
		TRY(add_filings(merge, &work->head, work->filings, work->count));
		head_value(&work->head, &work->value);
	}
	note_subject(merge->epoch, work);
	return E_OK;
}

/* What older runs have before the subject is taken over; *reached: all of it. */
static enum error take_over(struct merge *merge, const struct alias *alias, bool *reached)
{
	uint8_t key[POSTING_KEY_BYTES];
	*reached = false;
	if (alias != NULL)
		posting_key(alias, 0, key);
	struct bytes until = alias != NULL ? BYTES_ARRAY(key) : BYTES_EMPTY;
	enum error error = E_OK;
	do {
		size_t rows = ROWS_SLICE;
		error = run_writer_reach(merge->epoch->writer, RUN_SUBJECT, until, &rows, reached);
	} while (error == E_OK && !*reached && !over(merge));
	return of_older(merge, error);
}

/* From where the last slice left off. */
static enum error write_group(struct merge *merge, struct subject_group *group)
{
	struct epoch *epoch = merge->epoch;
	while (group->filed < group->count && !over(merge)) {
		bool reached;
		struct subject_work *work = &group->subjects[group->filed];
		TRY(take_over(merge, &work->filings->alias, &reached));
		if (!reached)
			return E_OK;
		TRY(file_subject(merge, work));
		epoch->next_filing += work->count;
		group->filed++;
	}
	return E_OK;
}

/* The bucket may be left again before its end. */
static enum error merge_bucket(struct merge *merge, struct bucket *bucket)
{
	struct epoch *epoch = merge->epoch;
	assert(epoch->next_filing <= epoch->next_met && epoch->next_met <= bucket->count);
	if (epoch->next_met == 0)
		bucket_sort(bucket);
	while (epoch->next_filing < bucket->count && !over(merge)) {
		TRY(meet_some(merge, bucket));
		if (epoch->group == NULL)
			epoch->group = jobs_take(epoch->groups);
		TRY(write_group(merge, epoch->group));
		if (epoch->group->filed < epoch->group->count)
			return E_OK;
		epoch->group = NULL;
		jobs_drop(epoch->groups);
	}
	return E_OK;
}

/* A bucket is freed as soon as it is done, so an epoch's memory falls while it runs. */
static enum error merge_buckets(struct merge *merge)
{
	struct epoch *epoch = merge->epoch;
	bool reached;
	while (epoch->next_bucket < FILING_BUCKETS && !over(merge)) {
		struct bucket *events = &epoch->events[epoch->next_bucket];
		TRY(merge_bucket(merge, events));
		if (epoch->next_filing < events->count)
			return E_OK;
		bucket_free(events);
		epoch->next_filing = epoch->next_met = 0;
		epoch->next_bucket++;
	}
	if (epoch->next_bucket < FILING_BUCKETS || over(merge))
		return E_OK;
	TRY(take_over(merge, NULL, &reached));
	if (reached) {
		epoch_jobs_free(epoch);
		epoch->next_bucket = 0;
		epoch->step = EPOCH_LEAVES;
	}
	return E_OK;
}

enum error epoch_merge_slice(const struct ledger *ledger, struct epoch *epoch, struct fault *fault)
{
	struct merge merge = {.ledger = ledger, .epoch = epoch, .end_us = clock_us() + SLICE_US, .fault = fault};
	TRY(db_begin(ledger->store, false, &merge.txn));
	enum error error = merge_buckets(&merge);
	if (merge.keys_taken)
		key_snapshot_end(&merge.keys);
	db_abort(&merge.txn);
	return error;
}

/* ---- the filing tree ---- */

static void make_leaves(void *context, unsigned worker, void *job)
{
	const struct epoch *epoch = context;
	struct leaves *leaves = job;
	(void)worker;
	for (size_t i = 0; i < leaves->count; i++) {
		struct hash blind;
		uint32_t subject = epoch->subject_of[leaves->first + i - epoch->base];
		leaves->there[i] = subject != UINT32_MAX;
		if (!leaves->there[i])
			continue;
		blind_make(epoch->blinding, leaves->first + i, &blind);
		filing_leaf_hash(&blind, leaves->first + i, &epoch->subjects[subject].label, &leaves->hashes[i]);
	}
}

static void ask_leaves(struct epoch *epoch)
{
	struct leaves *leaves;
	uint64_t end = epoch->base + epoch->span;
	while (epoch->next_ahead < end && (leaves = jobs_next(epoch->leaf_jobs)) != NULL) {
		leaves->first = epoch->next_ahead;
		leaves->count = end - leaves->first < LEAVES_AHEAD ? (size_t)(end - leaves->first) : LEAVES_AHEAD;
		epoch->next_ahead += leaves->count;
		jobs_give(epoch->leaf_jobs);
	}
}

/* In the order of the log and not of the subjects: who looks at the tree learns when something was filed, and not with
 * what else. */
static enum error append_leaves(const struct ledger *ledger, struct epoch *epoch)
{
	if (epoch->leaf_jobs == NULL) {
		epoch->blinding = &ledger->secrets->blinding.filing;
		epoch->next_ahead = epoch->next_index;
		TRY(open_jobs(
			make_leaves, epoch, jobs_for(epoch->span, LEAVES_AHEAD), sizeof(struct leaves), &epoch->leaf_jobs));
	}
	for (size_t done = 0; done < LEAVES_SLICE && epoch->next_index < epoch->base + epoch->span;) {
		ask_leaves(epoch);
		const struct leaves *leaves = jobs_take(epoch->leaf_jobs);
		for (size_t i = 0; i < leaves->count; i++)
			if (leaves->there[i])
				TRY(hash_rows_append(epoch->leaves, &leaves->hashes[i], NULL, NULL));
		done += leaves->count;
		epoch->next_index += leaves->count;
		jobs_drop(epoch->leaf_jobs);
	}
	return E_OK;
}

enum error epoch_leaves_slice(const struct ledger *ledger, struct epoch *epoch)
{
	TRY(append_leaves(ledger, epoch));
	if (epoch->next_index < epoch->base + epoch->span)
		return E_OK;
	epoch_jobs_free(epoch);
	/* What the map is given is sorted by label: which index belongs to whom is not needed any more. */
	free(epoch->subject_of);
	epoch->subject_of = NULL;
	epoch->step = EPOCH_MAP;
	return map_update_new(epoch->subjects, epoch->subject_count, &epoch->runs,
		epoch->map_root_signed ? &epoch->map_root : NULL, &epoch->map);
}

/* ---- the map, and the end of the run ---- */

enum error epoch_map_slice(struct epoch *epoch)
{
	uint64_t end_us = clock_us() + SLICE_US;
	bool finished = false;
	while (!finished && clock_us() < end_us)
		TRY(map_update_slice(epoch->map, epoch->writer, ROWS_SLICE / 4, &finished));
	if (finished) {
		TRY(run_writer_finish(epoch->writer));
		epoch->step = EPOCH_SYNC;
	}
	return E_OK;
}

enum error epoch_sync(struct epoch *epoch)
{
	TRY(run_writer_sync(epoch->writer));
	epoch->step = EPOCH_KEYS;
	return E_OK;
}

/* ---- keys ---- */

/* Sorted like events are, so that the key environment's pages are gone through in order. */
enum error epoch_keys_slice(struct ledger *ledger, struct epoch *epoch)
{
	_Static_assert(sizeof(struct filing) == sizeof(struct key_filing), "both are alias and number");
	struct bucket slice = {.count = 0};
	enum error error = E_OK;
	while (epoch->next_bucket < FILING_BUCKETS && slice.count < KEYS_SLICE && error == E_OK) {
		struct bucket *keys = &epoch->keys[epoch->next_bucket++];
		bucket_sort(keys);
		error = GROW(slice.filings, slice.capacity, slice.count + keys->count);
		if (error == E_OK && keys->count > 0)
			memcpy(slice.filings + slice.count, keys->filings, keys->count * sizeof *keys->filings);
		slice.count += error == E_OK ? keys->count : 0;
		bucket_free(keys);
	}
	if (error == E_OK)
		error = keystore_merge(ledger->keystore, (const struct key_filing *)slice.filings, slice.count, 0);
	bucket_free(&slice);
	if (epoch->next_bucket == FILING_BUCKETS)
		epoch->step = EPOCH_TILES;
	return error;
}

/* ---- the filing tree's rows ---- */

enum error epoch_tiles_slice(struct ledger *ledger, struct epoch *epoch)
{
	OWNED_TXN txn = {0};
	TRY(db_begin(ledger->store, true, &txn));
	bool complete = hash_rows_write(epoch->leaves, &txn, TILES_SLICE);
	if (complete)
		TRY(hash_rows_flush(epoch->leaves, &txn));
	TRY(db_commit(&txn));
	if (complete)
		epoch->step = EPOCH_FINISH;
	return E_OK;
}
