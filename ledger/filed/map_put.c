/* changes, by label ─► their buckets (depth 20) ─► rows of depth 16 ─► 12 ─► 8 ─► 4 ─► 0 ─► root
 *
 * What has changed at one depth (`here`) is what is to be written at the next (`below`). With each goes what it was:
 * the slot above must have said that, and the old root at the top be the one that was signed, or damage would be signed
 * with the rest: E_CORRUPT. */
#include "ledger/filed/map_put.h"

#include "ledger/base/grow.h"
#include "ledger/filed/map_store.h"

#include <assert.h>
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
	struct runs *runs;     /* the map as it was */
	unsigned depth;        /* of the rows that are written now */
	size_t next;           /* changes (buckets) or `below` (rows) from here on are not written yet */
	struct changed *below; /* of the depth below this one */
	size_t below_count;
	struct changed *here;
	size_t here_count;
	size_t here_max;          /* room */
	struct map_bucket older;  /* a bucket as it was, */
	struct map_change *items; /* and as it will be */
	size_t items_capacity;
	const struct map_change **were; /* for each of them what it was; NULL: it is new */
	size_t were_capacity;
	bool risen; /* past the root's row */
	bool finished;
	const struct hash *old_root; /* NULL: nobody knows it */
	struct hash root;
};

/* Rows are put once all old ones before them have been taken over: how many that takes counts as work, but for those
 * inside one bucket. *room: what is left of the slice; 0: the row waits for the next. */
static enum error reach(struct run_writer *writer, enum run_table table, struct bytes key, size_t *room)
{
	bool reached;
	TRY(run_writer_reach(writer, table, key, room, &reached));
	assert(reached || *room == 0);
	return E_OK;
}

/* Room for what changes at this depth: no more than what did below it, nor than there are places. */
static enum error begin_depth(struct map_update *update, size_t below)
{
	size_t places = (size_t)1 << update->depth;
	update->here_max = below < places ? below : places;
	update->here_count = 0;
	update->here = malloc((update->here_max > 0 ? update->here_max : 1) * sizeof *update->here);
	return allocated(update->here);
}

enum error map_update_new(
	struct map_change *changes, size_t count, struct runs *runs, const struct hash *old_root, struct map_update **out)
{
	OWNED(map_update_release) struct map_update *update = calloc(1, sizeof *update);
	TRY(allocated(update));
	if (count > 1)
		qsort(changes, count, sizeof *changes, map_change_compare);
	update->changes = changes;
	update->count = count;
	update->runs = runs;
	update->old_root = old_root;
	update->depth = MAP_BUCKET_DEPTH;
	TRY(begin_depth(update, count));
	*out = OWN_TAKE(update);
	return E_OK;
}

void map_update_free(struct map_update *update)
{
	if (update == NULL)
		return;
	free(update->below);
	free(update->here);
	map_bucket_release(&update->older);
	free(update->items);
	free(update->were);
	free(update);
}

static void note_changed(struct map_update *update, const struct changed *changed)
{
	assert(update->here_count < update->here_max);
	update->here[update->here_count++] = *changed;
}

/* Both ascending; a change replaces the item of its label. */
static size_t merge_items(struct map_update *update, const struct map_change *changes, size_t change_count)
{
	const struct map_change *items = update->older.items;
	size_t n = 0, count = update->older.count;
	for (size_t i = 0, c = 0; i < count || c < change_count; n++) {
		int order = i == count ? 1 : c == change_count ? -1 : map_change_compare(&items[i], &changes[c]);
		update->items[n] = order < 0 ? items[i] : changes[c];
		update->were[n] = order <= 0 ? &items[i] : NULL;
		i += order <= 0;
		c += order >= 0;
	}
	return n;
}

/* Of some of a bucket's items, what they are together and what they were. */
struct both {
	struct map_slot is;
	struct map_slot was;
};

static void hash_leaf(const struct map_change *item, struct map_slot *out)
{
	out->used = true;
	map_leaf_hash(item->label.b, &item->value, &out->hash);
}

static void hash_one(const struct map_change *item, const struct map_change *was, struct both *out)
{
	hash_leaf(item, &out->is);
	if (was == NULL)
		out->was.used = false;
	else if (hash_equal(&was->value, &item->value))
		out->was = out->is;
	else
		hash_leaf(was, &out->was);
}

/* What has not changed is hashed once. The bit that divides them divides those that were there as well, where some
 * stand on both sides. count >= 1. */
static void hash_both(
	const struct map_change *items, const struct map_change *const *were, size_t count, struct both *out)
{
	unsigned bit;
	struct both left, right;
	if (count == 1) {
		hash_one(items, *were, out);
		return;
	}
	size_t upper = map_bucket_divide(items, count, &bit);
	hash_both(items, were, upper, &left);
	hash_both(items + upper, were + upper, count - upper, &right);
	out->is.used = true;
	map_node_hash(&left.is.hash, &right.is.hash, (uint8_t)bit, &out->is.hash);
	if (!left.was.used || !right.was.used) {
		out->was = left.was.used ? left.was : right.was;
	} else if (map_slot_equal(&left.was, &left.is) && map_slot_equal(&right.was, &right.is)) {
		out->was = out->is;
	} else {
		out->was.used = true;
		map_node_hash(&left.was.hash, &right.was.hash, (uint8_t)bit, &out->was.hash);
	}
}

/* What the bucket was is hashed as well: the row above must have said just that. */
static enum error write_bucket(struct map_update *update, struct run_writer *writer, uint32_t prefix)
{
	struct both both;
	const struct map_change *changes = update->changes + update->next;
	size_t end = update->next;
	for (; end < update->count && map_label_prefix(&update->changes[end].label) == prefix; end++) {
		const struct map_change *change = &update->changes[end];
		TRY(run_writer_put(writer, RUN_LABEL, BYTES_ARRAY(change->label.b), hash_bytes(&change->value)));
	}
	TRY(map_bucket_read(update->runs, prefix, &update->older));
	TRY(GROW(update->items, update->items_capacity, update->older.count + end - update->next));
	TRY(GROW(update->were, update->were_capacity, update->older.count + end - update->next));
	hash_both(update->items, update->were, merge_items(update, changes, end - update->next), &both);
	const struct changed changed = {prefix, both.was, both.is.hash};
	update->next = end;
	note_changed(update, &changed);
	return E_OK;
}

/* What is about to be built on must be what was signed, or damage would be signed with it. */
static enum error write_row(struct map_update *update, struct run_writer *writer, uint32_t prefix)
{
	struct map_row row, old;
	struct bytes older, newer;
	uint8_t key[4], content[MAP_ROW_CONTENT_MAX];
	TRY(map_row_get(update->runs, update->depth, prefix, &older));
	TRY(map_row_read(older, &row));
	old = row;
	map_row_fold(&old, update->depth, NULL);
	for (; update->next < update->below_count && update->below[update->next].prefix >> MAP_ROW_BITS == prefix;
		 update->next++) {
		const struct changed *changed = &update->below[update->next];
		struct map_slot *slot = &row.levels[0][changed->prefix % MAP_ROW_SLOTS];
		if (!map_slot_equal(slot, &changed->was))
			return E_CORRUPT;
		*slot = (struct map_slot){true, changed->hash};
	}
	TRY(map_row_content(&row, content, &newer));
	TRY(run_writer_put(writer, RUN_MAP, map_row_key(update->depth, prefix, key), newer));
	map_row_fold(&row, update->depth, &old);
	const struct changed changed = {prefix, old.levels[MAP_ROW_BITS][0], row.levels[MAP_ROW_BITS][0].hash};
	note_changed(update, &changed);
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
static enum error unchanged(struct map_update *update)
{
	TRY(map_store_root(update->runs, &update->root));
	return update->old_root == NULL || hash_equal(&update->root, update->old_root) ? E_OK : E_CORRUPT;
}

/* The rows of this depth are all written: those above them are next. */
static enum error rise(struct map_update *update)
{
	free(update->below);
	update->below = OWN_TAKE(update->here);
	update->below_count = update->here_count;
	update->next = 0;
	if (update->depth > 0) {
		update->depth -= MAP_ROW_BITS;
		return begin_depth(update, update->below_count);
	}
	update->risen = true;
	if (update->below_count == 0)
		return unchanged(update);
	update->root = update->below[0].hash;
	return check_old_root(update);
}

/* The next bucket that changes. */
static enum error next_bucket(struct map_update *update, struct run_writer *writer, size_t *room)
{
	const struct label *label = &update->changes[update->next].label;
	TRY(reach(writer, RUN_LABEL, BYTES_ARRAY(label->b), room));
	return *room > 0 ? write_bucket(update, writer, map_label_prefix(label)) : E_OK;
}

/* The next row that does, at this depth. */
static enum error next_row(struct map_update *update, struct run_writer *writer, size_t *room)
{
	uint8_t key[4];
	uint32_t prefix = update->below[update->next].prefix >> MAP_ROW_BITS;
	TRY(reach(writer, RUN_MAP, map_row_key(update->depth, prefix, key), room));
	return *room > 0 ? write_row(update, writer, prefix) : E_OK;
}

/* A table ends behind its last older row. */
static enum error go_on(struct map_update *update, struct run_writer *writer, size_t *room)
{
	bool buckets = update->depth == MAP_BUCKET_DEPTH;
	if (update->next < (buckets ? update->count : update->below_count))
		return buckets ? next_bucket(update, writer, room) : next_row(update, writer, room);
	if (buckets)
		TRY(reach(writer, RUN_LABEL, BYTES_EMPTY, room));
	return *room > 0 ? rise(update) : E_OK;
}

enum error map_update_slice(struct map_update *update, struct run_writer *writer, size_t rows_max, bool *finished)
{
	size_t room = rows_max;
	for (; !update->risen && room > 0; room -= room > 0)
		TRY(go_on(update, writer, &room));
	if (update->risen && room > 0) {
		TRY(reach(writer, RUN_MAP, BYTES_EMPTY, &room));
		update->finished = room > 0;
	}
	*finished = update->finished;
	return E_OK;
}

void map_update_root(const struct map_update *update, struct hash *out)
{
	*out = update->root;
}
