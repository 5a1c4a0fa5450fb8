/* changes, by label ─► buckets (depth 20) ─► rows of depth 16 ─► 12 ─► 8 ─► 4 ─► 0 ─► root
 *
 * What has changed at one depth (`here`) is what is to be written at the next (`below`). With each goes what it was:
 * the slot above must have said that, and the old root at the top be the one that was signed, or damage would be signed
 * with the rest: E_CORRUPT. Rows that are written by then do no harm; they are of a generation that nobody reads, and
 * keep what the one before had. */
#include "ledger/filed/map_put.h"

#include "ledger/base/grow.h"
#include "ledger/db/db_put.h"
#include "ledger/filed/map_store.h"

#include <stdlib.h>

/* A subtree that has changed, and what it was: the slot above must have said that. */
struct changed {
	uint32_t prefix;
	struct map_slot was;
	struct hash hash;
};

/* Invariant: `here` and `below` ascend by prefix, as `changes` do by label, so each row's changes lie together. */
struct map_update {
	const struct map_change *changes;
	size_t count;
	uint64_t generation;
	unsigned depth;        /* of the rows that are written now */
	size_t next;           /* changes (buckets) or `below` (rows) from here on are not written yet */
	struct changed *below; /* of the depth below this one */
	size_t below_count;
	struct changed *here;
	size_t here_count;
	struct map_change *items; /* a bucket while it is merged */
	size_t items_capacity;
	uint8_t *buffer;
	size_t buffer_capacity;
	bool finished;
	const struct hash *old_root; /* NULL: nobody knows it */
	struct hash root;
};

/* `buffer` is scratch for the whole row: contents are borrowed from the page that is about to be written. */
static enum error row_put(struct db_txn *txn, unsigned depth, uint32_t prefix, uint64_t generation, struct bytes newer,
	struct bytes older, uint8_t *buffer, size_t capacity)
{
	uint8_t key[4];
	struct bytes row;
	struct writer w = writer_of(buffer, capacity);
	writer_u64(&w, generation);
	writer_range32(&w, newer);
	writer_range32(&w, older);
	TRY(writer_done(&w, &row));
	db_put(txn, STORE_MAP, map_row_key(depth, prefix, key), row);
	return txn->error;
}

enum error map_update_new(
	struct map_change *changes, size_t count, uint64_t generation, const struct hash *old_root, struct map_update **out)
{
	OWNED(map_update_release) struct map_update *update = calloc(1, sizeof *update);
	size_t room = count > 0 ? count : 1;
	if (update == NULL)
		return E_NO_MEMORY;
	update->below = malloc(room * sizeof *update->below);
	update->here = malloc(room * sizeof *update->here);
	update->buffer_capacity = MAP_ROW_HEAD_BYTES + 2 * MAP_ROW_CONTENT_MAX;
	update->buffer = malloc(update->buffer_capacity);
	if (update->below == NULL || update->here == NULL || update->buffer == NULL)
		return E_NO_MEMORY;
	if (count > 1)
		qsort(changes, count, sizeof *changes, map_change_compare);
	update->changes = changes;
	update->count = count;
	update->generation = generation;
	update->old_root = old_root;
	update->depth = MAP_BUCKET_DEPTH;
	*out = OWN_TAKE(update);
	return E_OK;
}

void map_update_free(struct map_update *update)
{
	if (update == NULL)
		return;
	free(update->below);
	free(update->here);
	free(update->items);
	free(update->buffer);
	free(update);
}

static enum error make_room(struct map_update *update, size_t items, size_t row_bytes)
{
	TRY(GROW(update->items, update->items_capacity, items));
	return GROW(update->buffer, update->buffer_capacity, row_bytes);
}

/* Both ascending; a change replaces the item of its label. */
static size_t merge_items(const struct map_change *items, size_t count, const struct map_change *changes,
	size_t change_count, struct map_change *out)
{
	size_t n = 0;
	for (size_t i = 0, c = 0; i < count || c < change_count;) {
		int order = i == count ? 1 : c == change_count ? -1 : map_change_compare(&items[i], &changes[c]);
		out[n++] = order < 0 ? items[i] : changes[c];
		i += order <= 0;
		c += order >= 0;
	}
	return n;
}

/* What the bucket was is hashed as well: the row above must have said just that. */
static enum error write_bucket(struct map_update *update, struct db_txn *txn)
{
	const struct map_change *items;
	size_t count, end = update->next;
	struct bytes older;
	uint32_t prefix = map_label_prefix(&update->changes[update->next].label);
	while (end < update->count && map_label_prefix(&update->changes[end].label) == prefix)
		end++;
	TRY(map_row_get(txn, MAP_BUCKET_DEPTH, prefix, update->generation, &older));
	TRY(map_bucket_items(older, &items, &count));
	struct map_slot was = {.used = count > 0};
	if (was.used)
		map_bucket_hash(items, count, &was.hash);
	size_t most = count + end - update->next;
	TRY(make_room(update, most, MAP_ROW_HEAD_BYTES + older.len + most * MAP_ITEM_BYTES));
	count = merge_items(items, count, update->changes + update->next, end - update->next, update->items);
	TRY(row_put(txn, MAP_BUCKET_DEPTH, prefix, update->generation + 1, bytes_of(update->items, count * MAP_ITEM_BYTES),
		older, update->buffer, update->buffer_capacity));
	struct changed *changed = &update->here[update->here_count++];
	*changed = (struct changed){.prefix = prefix, .was = was};
	map_bucket_hash(update->items, count, &changed->hash);
	update->next = end;
	return E_OK;
}

static bool same_slot(const struct map_slot *a, const struct map_slot *b)
{
	return a->used == b->used && (!a->used || hash_equal(&a->hash, &b->hash));
}

/* What is about to be built on must be what was signed, or damage would be signed with it. */
static enum error write_row(struct map_update *update, struct db_txn *txn)
{
	struct map_row row, old;
	struct bytes older, newer;
	uint8_t content[MAP_ROW_CONTENT_MAX];
	uint32_t prefix = update->below[update->next].prefix >> MAP_ROW_BITS;
	TRY(map_row_get(txn, update->depth, prefix, update->generation, &older));
	TRY(map_row_read(older, &row));
	old = row;
	map_row_fold(&old, update->depth);
	for (; update->next < update->below_count && update->below[update->next].prefix >> MAP_ROW_BITS == prefix;
		 update->next++) {
		const struct changed *changed = &update->below[update->next];
		struct map_slot *slot = &row.levels[0][changed->prefix % MAP_ROW_SLOTS];
		if (!same_slot(slot, &changed->was))
			return E_CORRUPT;
		*slot = (struct map_slot){true, changed->hash};
	}
	TRY(map_row_content(&row, content, &newer));
	TRY(row_put(
		txn, update->depth, prefix, update->generation + 1, newer, older, update->buffer, update->buffer_capacity));
	map_row_fold(&row, update->depth);
	update->here[update->here_count++] =
		(struct changed){prefix, old.levels[MAP_ROW_BITS][0], row.levels[MAP_ROW_BITS][0].hash};
	return E_OK;
}

/* At the top: the old map had the root that was signed for it. */
static enum error check_old_root(const struct map_update *update)
{
	struct hash empty;
	const struct map_slot *was = &update->below[0].was;
	map_empty_root(&empty);
	return update->old_root == NULL || hash_equal(was->used ? &was->hash : &empty, update->old_root) ? E_OK : E_CORRUPT;
}

/* Nobody has a new event: the map stays, and is still compared with what was signed. */
static enum error unchanged(struct map_update *update, struct db_txn *txn)
{
	TRY(map_store_root(txn, update->generation, &update->root));
	return update->old_root == NULL || hash_equal(&update->root, update->old_root) ? E_OK : E_CORRUPT;
}

/* The rows of this depth are all written: those above them are next. */
static enum error rise(struct map_update *update, struct db_txn *txn)
{
	struct changed *written = update->here;
	update->here = update->below;
	update->below = written;
	update->below_count = update->here_count;
	update->here_count = 0;
	update->next = 0;
	if (update->depth > 0) {
		update->depth -= MAP_ROW_BITS;
		return E_OK;
	}
	update->finished = true;
	if (update->below_count == 0)
		return unchanged(update, txn);
	update->root = update->below[0].hash;
	return check_old_root(update);
}

enum error map_update_slice(struct map_update *update, struct db_txn *txn, size_t rows_max, bool *finished)
{
	for (size_t rows = 0; !update->finished && rows < rows_max;) {
		bool buckets = update->depth == MAP_BUCKET_DEPTH;
		if (update->next == (buckets ? update->count : update->below_count)) {
			TRY(rise(update, txn));
			continue;
		}
		TRY(buckets ? write_bucket(update, txn) : write_row(update, txn));
		rows++;
	}
	*finished = update->finished;
	return E_OK;
}

void map_update_root(const struct map_update *update, struct hash *out)
{
	*out = update->root;
}
