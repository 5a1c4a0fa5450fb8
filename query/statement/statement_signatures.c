/* A sender signs the root of a batch, not an event; so each event gets its path in the tree of its batch, which is made
 * again from the commitments in the log, once. Indexes ascend and a batch lies in one piece, so one batch at a time is
 * enough. Who the senders are is known behind the last batch. Of every sender all its entries are given: only in order
 * do they show which key was its own at which place of the log. */
#include "query/statement/statement_signatures.h"

#include "query/answer/proof.h"

#include <inttypes.h>

/* The batch at hand: its commitments are the leaves of the tree that the sender signed the root of. Any of its events
 * may be asked for, and mostly many. */
struct batch {
	uint64_t first_index;
	uint64_t first_sequence;
	uint32_t count;
	struct hash nodes[2 * BATCH_EVENTS_MAX]; /* of the tree, commitments first: merkle_fill */
	struct merkle_edges edges;
};

/* Invariant: `batch` holds the commitments of the batch that the last index lies in, and its paths are what is open in
 * `text`; its count is 0 before the first. */
struct making {
	struct snapshot *snapshot;
	struct text *text;
	uint32_t *senders; /* ascending, each once */
	size_t sender_count;
	struct batch batch;
};

static void making_release(struct making **making)
{
	if (*making == NULL)
		return;
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
	TRY(allocated(larger));
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

static enum error add_senders(struct making *making)
{
	uint64_t indexes[STATEMENT_SENDERS_MAX];
	size_t count = 0;
	TRY(list_sender_entries(making, indexes, &count));
	text_list(making->text, "senders");
	for (size_t i = 0; i < count; i++)
		TRY(included_write(making->text, NULL, making->snapshot, indexes[i]));
	text_list_end(making->text);
	return making->text->error;
}

/* ---- batches ---- */

static enum error batch_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const struct batch *batch = context;
	const struct hash *node = merkle_filled(batch->nodes, batch->count, level, index);
	if (node == NULL)
		return E_BAD_VALUE;
	*out = *node;
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
		batch->nodes[i] = member.commitment;
	}
	merkle_fill(batch->nodes, batch->count);
	batch->edges = (struct merkle_edges){.size = 0};
	text_object(making->text, NULL);
	text_number(making->text, "index", batch->first_index + batch->count);
	TRY(included_members(making->text, making->snapshot, batch->first_index + batch->count));
	text_object(making->text, "paths");
	return note_sender(making, event->sender);
}

static void end_batch(struct making *making)
{
	if (making->batch.count == 0)
		return;
	text_object_end(making->text);
	text_object_end(making->text);
}

static enum error add_path(struct making *making, uint64_t index)
{
	char name[24];
	struct entry_event event;
	struct merkle_proof proof;
	struct batch *batch = &making->batch;
	const struct merkle_nodes nodes = {batch_node, batch};
	if (batch->count == 0 || index >= batch->first_index + batch->count) {
		end_batch(making);
		TRY(event_entry(making->snapshot, index, &event));
		TRY(begin_batch(making, &event));
	}
	TRY(merkle_prove_among(&nodes, &batch->edges, index - batch->first_index, batch->count, &proof));
	snprintf(name, sizeof name, "%" PRIu64, index);
	text_hashes(making->text, name, proof.hashes, proof.count);
	return making->text->error;
}

enum error statement_signatures_write(
	struct text *text, const char *name, struct snapshot *snapshot, const uint64_t *indexes, size_t count)
{
	OWNED(making_release) struct making *making = calloc(1, sizeof *making);
	TRY(allocated(making));
	making->snapshot = snapshot;
	making->text = text;
	text_object(text, name);
	text_list(text, "batches");
	for (size_t i = 0; i < count; i++)
		TRY(add_path(making, indexes[i]));
	end_batch(making);
	text_list_end(text);
	TRY(add_senders(making));
	text_object_end(text);
	return text->error;
}
