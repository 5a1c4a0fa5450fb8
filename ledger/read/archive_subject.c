/* A part of one person's tree without the rest: nodes of 256 leaves and more come from the stored roots, those below
 * from the leaves of one chunk, which stays open since the next leaf is mostly in it as well.
 *
 * The head may be ahead of the epoch, so the leaves below `filed` are counted by halving: a few chunks are opened, not
 * all. A head that has leaves for which there is no chunk is E_CORRUPT. */
#include "ledger/filed/head.h"
#include "ledger/filed/subtrees.h"
#include "ledger/read/archive.h"
#include "ledger/read/archive_state.h"

#include <stdlib.h>

static const struct seal_keys *keys_of(const struct snapshot *snapshot)
{
	return &snapshot->archive->secrets->seal;
}

enum error snapshot_subject_index(
	struct snapshot *snapshot, struct subject_view *view, uint64_t position, uint64_t *out)
{
	uint64_t chunk = position / POSTING_INDEXES_MAX;
	size_t at = position % POSTING_INDEXES_MAX;
	if (view->chunk_count == 0 || view->chunk != chunk) {
		view->chunk_count = 0;
		if (chunk >= SUBTREE_FIRST)
			return E_CORRUPT;
		TRY(db_must(posting_chunk(
			&snapshot->txn, keys_of(snapshot), &view->alias, (uint32_t)chunk, view->indexes, &view->chunk_count)));
		view->chunk = chunk;
	}
	if (at >= view->chunk_count)
		return E_CORRUPT;
	*out = view->indexes[at];
	return E_OK;
}

/* How many of the `written` leaves are below `filed`: the head may be ahead of the epoch, never behind it. */
static enum error count_filed(struct snapshot *snapshot, struct subject_view *view, uint64_t written)
{
	uint64_t low = 0, high = written;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2, index;
		TRY(snapshot_subject_index(snapshot, view, middle, &index));
		if (index < snapshot->filing.filed)
			low = middle + 1;
		else
			high = middle;
	}
	view->count = low;
	return E_OK;
}

static enum error load_view(struct snapshot *snapshot, struct bytes subject, struct subject_view *view)
{
	struct head head;
	alias_make(&snapshot->archive->secrets->alias, subject, &view->alias);
	enum error error = head_get(&snapshot->txn, keys_of(snapshot), &view->alias, &head);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(error);
	view->count = head.frontier.size;
	if (head.newest >= snapshot->filing.filed)
		TRY(count_filed(snapshot, view, head.frontier.size));
	uint64_t complete = view->count / SUBTREE_LEAVES;
	view->roots = malloc((complete + 1) * sizeof *view->roots);
	if (view->roots == NULL)
		return E_NO_MEMORY;
	return subtrees_read(&snapshot->txn, keys_of(snapshot), &view->alias, complete, view->roots);
}

enum error snapshot_subject_view(struct snapshot *snapshot, struct bytes subject, struct subject_view *out)
{
	*out = (struct subject_view){.count = 0};
	if (snapshot->archive->secrets == NULL)
		return E_PERMISSION;
	enum error error = load_view(snapshot, subject, out);
	if (error != E_OK)
		subject_view_release(out);
	return error;
}

void subject_view_release(struct subject_view *view)
{
	free(view->roots);
	*view = (struct subject_view){.count = 0};
}

enum error snapshot_subject_node(
	struct snapshot *snapshot, struct subject_view *view, uint32_t level, uint64_t index, struct hash *out)
{
	struct hash leaves[SUBTREE_LEAVES / 2];
	if (level >= SUBTREE_LEVEL) {
		uint32_t above = level - SUBTREE_LEVEL;
		if (above >= 32 || (index + 1) << above > view->count / SUBTREE_LEAVES)
			return E_BAD_VALUE;
		merkle_root_of_leaves(view->roots + (index << above), (size_t)1 << above, out);
		return E_OK;
	}
	size_t count = (size_t)1 << level;
	for (size_t i = 0; i < count; i++) {
		uint64_t log_index;
		struct hash blind;
		TRY(snapshot_subject_index(snapshot, view, (index << level) + i, &log_index));
		TRY(snapshot_subject_leaf(snapshot, log_index, &blind, &leaves[i]));
	}
	merkle_root_of_leaves(leaves, count, out);
	return E_OK;
}
