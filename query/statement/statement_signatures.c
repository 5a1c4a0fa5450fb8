/* A sender signs the root of a batch, not an event; so each event gets its path in the tree of its batch, which is made
 * again from the commitments in the log. Indexes ascend and a batch lies in one piece, so one batch at a time is
 * enough. Of every sender all its entries are given: only in order do they show which key was its own at which place of
 * the log. */
#include "query/statement/statement_signatures.h"

#include "ledger/base/own.h"
#include "query/answer/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The batch at hand: its commitments are the leaves of the tree that the sender signed the root of. */
struct batch {
	uint64_t first_index;
	uint64_t first_sequence;
	uint32_t count;
	struct hash commitments[BATCH_EVENTS_MAX];
	json_t *paths; /* borrowed from its JSON */
};

/* Invariant: `batch` holds the commitments of the batch that the last index lies in, and its JSON is the last of
 * `batches`. */
struct making {
	struct snapshot *snapshot;
	json_t *batches;
	uint32_t *senders; /* ascending, each once */
	size_t sender_count;
	struct batch batch;
};

static void making_release(struct making **making)
{
	if (*making == NULL)
		return;
	json_decref((*making)->batches);
	free((*making)->senders);
	free(*making);
}

static enum error event_entry(struct snapshot *snapshot, uint64_t index, struct entry_event *out)
{
	struct bytes encoded;
	struct entry entry;
	TRY(snapshot_entry(snapshot, index, &encoded));
	if (entry_decode(encoded, &entry) != E_OK || (entry.kind != ENTRY_EVENT && entry.kind != ENTRY_MASS))
		return E_CORRUPT;
	*out = entry.event;
	return E_OK;
}

/* ---- senders ---- */

static enum error note_sender(struct making *making, uint32_t id)
{
	size_t place = 0;
	while (place < making->sender_count && making->senders[place] < id)
		place++;
	if (place < making->sender_count && making->senders[place] == id)
		return E_OK;
	uint32_t *larger = realloc(making->senders, (making->sender_count + 1) * sizeof *larger);
	if (larger == NULL)
		return E_NO_MEMORY;
	making->senders = larger;
	for (size_t i = making->sender_count++; i > place; i--)
		larger[i] = larger[i - 1];
	larger[place] = id;
	return E_OK;
}

static int compare_indexes(const void *left, const void *right)
{
	const uint64_t *a = left;
	const uint64_t *b = right;
	return *a < *b ? -1 : *a > *b;
}

/* The entries of all senders, ascending by log index. */
static enum error list_sender_entries(struct making *making, uint64_t *indexes, size_t *count)
{
	size_t total = 0;
	for (size_t i = 0; i < making->sender_count; i++) {
		size_t found = 0;
		TRY(snapshot_sender_entries(
			making->snapshot, making->senders[i], indexes + total, STATEMENT_SENDERS_MAX - total, &found));
		total += found;
	}
	qsort(indexes, total, sizeof *indexes, compare_indexes);
	*count = total;
	return E_OK;
}

static enum error senders_json(struct making *making, json_t **out)
{
	uint64_t indexes[STATEMENT_SENDERS_MAX];
	size_t count = 0;
	json_auto_t *list = json_array();
	TRY(list_sender_entries(making, indexes, &count));
	for (size_t i = 0; i < count; i++) {
		json_t *entry = NULL;
		TRY(json_included(making->snapshot, indexes[i], &entry));
		if (json_array_append_new(list, entry) != 0)
			return E_NO_MEMORY;
	}
	*out = json_incref(list);
	return E_OK;
}

/* ---- batches ---- */

static enum error batch_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const struct batch *batch = context;
	merkle_root_of_leaves(batch->commitments + (index << level), (size_t)1 << level, out);
	return E_OK;
}

/* The batch entry stands behind its events, and its signature is over the root of these commitments. */
static enum error begin_batch(struct making *making, const struct entry_event *event)
{
	struct batch *batch = &making->batch;
	TRY(snapshot_batch(
		making->snapshot, event->sender, event->sequence, &batch->first_sequence, &batch->count, &batch->first_index));
	if (batch->count > BATCH_EVENTS_MAX)
		return E_CORRUPT;
	for (uint32_t i = 0; i < batch->count; i++) {
		struct entry_event member;
		TRY(event_entry(making->snapshot, batch->first_index + i, &member));
		batch->commitments[i] = member.commitment;
	}
	json_auto_t *json = NULL;
	TRY(json_included(making->snapshot, batch->first_index + batch->count, &json));
	batch->paths = json_object();
	if (json_object_set_new(json, "paths", batch->paths) != 0 || json_array_append(making->batches, json) != 0)
		return E_NO_MEMORY;
	return note_sender(making, event->sender);
}

static enum error add_path(struct making *making, uint64_t index)
{
	char name[24];
	struct entry_event event;
	struct merkle_proof proof;
	struct batch *batch = &making->batch;
	const struct merkle_nodes nodes = {batch_node, batch};
	if (batch->count == 0 || index >= batch->first_index + batch->count) {
		TRY(event_entry(making->snapshot, index, &event));
		TRY(begin_batch(making, &event));
	}
	TRY(merkle_prove_inclusion(&nodes, index - batch->first_index, batch->count, &proof));
	snprintf(name, sizeof name, "%" PRIu64, index);
	return json_object_set_new(batch->paths, name, json_hashes(proof.hashes, proof.count)) == 0 ? E_OK : E_NO_MEMORY;
}

enum error statement_signatures_make(struct snapshot *snapshot, const uint64_t *indexes, size_t count, json_t **out)
{
	OWNED(making_release) struct making *making = calloc(1, sizeof *making);
	if (making == NULL)
		return E_NO_MEMORY;
	making->snapshot = snapshot;
	making->batches = json_array();
	for (size_t i = 0; i < count; i++)
		TRY(add_path(making, indexes[i]));
	json_auto_t *senders = NULL;
	TRY(senders_json(making, &senders));
	*out = json_pack("{s:O, s:O}", "senders", senders, "batches", making->batches);
	return *out != NULL ? E_OK : E_NO_MEMORY;
}
