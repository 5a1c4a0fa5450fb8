/* A part of one person's tree without the rest: nodes of 256 leaves and more come from the stored roots, which are made
 * into all nodes above them once, those below from the leaves of one chunk, which stays open since the next leaf is
 * mostly in it as well. A statement asks for each of them two or three times: for the root, for its proof, and as what
 * it shows.
 *
 * A head that has leaves for which there is no chunk is E_CORRUPT. */
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
		struct runs *runs;
		view->chunk_count = 0;
		view->hashed = false;
		TRY(snapshot_runs(snapshot, &runs));
		TRY(db_must(posting_chunk(
			runs, keys_of(snapshot), &view->alias, &view->head, chunk, view->indexes, &view->chunk_count)));
		view->chunk = chunk;
	}
	if (at >= view->chunk_count)
		return E_CORRUPT;
	*out = view->indexes[at];
	return E_OK;
}

/* All leaves of the chunk that `position` is in: whoever needs one needs most of them, as their neighbours in the tree.
 */
static enum error hash_chunk(struct snapshot *snapshot, struct subject_view *view, uint64_t position)
{
	uint64_t ignored;
	TRY(snapshot_subject_index(snapshot, view, position, &ignored));
	for (size_t i = 0; !view->hashed && i < view->chunk_count; i++)
		TRY(snapshot_subject_leaf(snapshot, view->indexes[i], &view->blinds[i], &view->leaves[i]));
	view->hashed = true;
	return E_OK;
}

enum error snapshot_subject_leaf_at(
	struct snapshot *snapshot, struct subject_view *view, uint64_t position, struct hash *blind, struct hash *leaf)
{
	TRY(hash_chunk(snapshot, view, position));
	*blind = view->blinds[position % POSTING_INDEXES_MAX];
	*leaf = view->leaves[position % POSTING_INDEXES_MAX];
	return E_OK;
}

static enum error load_view(struct snapshot *snapshot, struct bytes subject, struct subject_view *view)
{
	struct runs *runs;
	alias_make(&snapshot->archive->secrets->alias, subject, &view->alias);
	TRY(snapshot_runs(snapshot, &runs));
	enum error error = head_get(runs, keys_of(snapshot), &view->alias, &view->head);
	if (error != E_OK)
		return error == E_NOT_FOUND ? E_OK : error;
	view->count = view->head.frontier.size;
	uint64_t complete = view->count / SUBTREE_LEAVES;
	view->roots = malloc((2 * complete + 1) * sizeof *view->roots);
	TRY(allocated(view->roots));
	TRY(subtrees_read(runs, keys_of(snapshot), &view->alias, complete, view->roots));
	merkle_fill(view->roots, complete);
	return E_OK;
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
	if (level >= SUBTREE_LEVEL) {
		size_t complete = view->count / SUBTREE_LEAVES;
		const struct hash *node = merkle_filled(view->roots, complete, level - SUBTREE_LEVEL, index);
		if (node == NULL)
			return E_BAD_VALUE;
		*out = *node;
		return E_OK;
	}
	uint64_t first = index << level;
	size_t count = (size_t)1 << level, at = first % POSTING_INDEXES_MAX;
	TRY(hash_chunk(snapshot, view, first));
	if (at + count > view->chunk_count)
		return E_CORRUPT;
	merkle_root_of_leaves(view->leaves + at, count, out);
	return E_OK;
}
