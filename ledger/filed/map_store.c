/* label ─► row of depth 0 ─► ... ─► row of depth 16 ─► bucket ─► one label; the siblings on the way are the proof
 *
 * Where both sides have something the label's bit decides, else there is one way only: the walk always ends at an item,
 * and that it is the label's, or another's, proves presence or absence. A row that is empty although a slot led there
 * is E_CORRUPT. What is read is not checked here: a wrong hash gives a proof that does not hold. The check compares
 * each row with the slot above it and counts: with as many rows as used slots none is missing, and none is kept. */
#include "ledger/filed/map_store.h"

#include "ledger/filed/map_rows.h"

#include <string.h>

enum error map_store_root(struct runs *runs, struct hash *out)
{
	struct map_row row;
	struct bytes content;
	TRY(map_row_get(runs, 0, 0, &content));
	TRY(map_row_read(content, &row));
	map_row_fold(&row, 0, NULL);
	if (row.levels[MAP_ROW_BITS][0].used)
		*out = row.levels[MAP_ROW_BITS][0].hash;
	else
		map_empty_root(out);
	return E_OK;
}

/* A walk from the root to the item where a label's walk ends, and the siblings on the way. */
struct path {
	const struct label *label;
	unsigned steps;
	uint8_t bits[8 * LABEL_BYTES];
	struct hash siblings[8 * LABEL_BYTES];
};

static void path_step(struct path *path, unsigned bit, const struct hash *sibling)
{
	path->bits[path->steps] = (uint8_t)bit;
	path->siblings[path->steps++] = *sibling;
}

/* Down one row; gives the slot in which the walk goes on. The row is not empty. */
static unsigned walk_row(const struct map_row *row, unsigned depth, struct path *path)
{
	unsigned at = 0;
	for (unsigned level = MAP_ROW_BITS; level > 0; level--) {
		unsigned bit = depth + MAP_ROW_BITS - level;
		const struct map_slot *sides = &row->levels[level - 1][2 * at];
		unsigned side = sides[1].used;
		if (sides[0].used && sides[1].used) {
			side = map_bit(path->label->b, bit);
			path_step(path, bit, &sides[1 - side].hash);
		}
		at = 2 * at + side;
	}
	return at;
}

static const struct map_change *walk_bucket(const struct map_change *items, size_t count, struct path *path)
{
	while (count > 1) {
		unsigned bit;
		struct hash sibling;
		size_t upper = map_bucket_divide(items, count, &bit);
		if (map_bit(path->label->b, bit)) {
			map_bucket_hash(items, upper, &sibling);
			items += upper;
			count -= upper;
		} else {
			map_bucket_hash(items + upper, count - upper, &sibling);
			count = upper;
		}
		path_step(path, bit, &sibling);
	}
	return items;
}

/* E_NOT_FOUND in the empty map. */
static enum error walk_map(
	struct runs *runs, struct path *path, struct map_bucket *bucket, const struct map_change **out)
{
	struct bytes content;
	uint32_t prefix = 0;
	for (unsigned depth = 0; depth < MAP_BUCKET_DEPTH; depth += MAP_ROW_BITS) {
		struct map_row row;
		TRY(map_row_get(runs, depth, prefix, &content));
		TRY(map_row_read(content, &row));
		map_row_fold(&row, depth, NULL);
		if (!row.levels[MAP_ROW_BITS][0].used)
			return depth == 0 ? E_NOT_FOUND : E_CORRUPT;
		prefix = prefix << MAP_ROW_BITS | walk_row(&row, depth, path);
	}
	TRY(map_bucket_read(runs, prefix, bucket));
	if (bucket->count == 0)
		return E_CORRUPT;
	*out = walk_bucket(bucket->items, bucket->count, path);
	return E_OK;
}

/* From the leaf up, as proofs are written, though the walk went down. */
enum error map_store_prove(
	struct runs *runs, const struct label *label, bool *present, struct hash *value, struct map_proof *out)
{
	const struct map_change *item;
	struct path path = {.label = label};
	OWNED(map_bucket_release) struct map_bucket bucket = {.items = NULL};
	*present = false;
	out->len = 0;
	enum error error = walk_map(runs, &path, &bucket, &item);
	if (error != E_OK)
		return error == E_NOT_FOUND ? E_OK : error;
	struct writer w = writer_of(out->bytes, sizeof out->bytes);
	*present = memcmp(item->label.b, label->b, LABEL_BYTES) == 0;
	if (*present) {
		*value = item->value;
	} else {
		writer_bytes(&w, BYTES_ARRAY(item->label.b));
		writer_bytes(&w, hash_bytes(&item->value));
	}
	for (unsigned i = path.steps; i > 0; i--) {
		writer_u8(&w, path.bits[i - 1]);
		writer_bytes(&w, hash_bytes(&path.siblings[i - 1]));
	}
	out->len = writer_len(&w);
	return w.error;
}

enum error map_store_visit(struct runs *runs, map_visitor *visit, void *context)
{
	OWNED_RUNS_WALK walk;
	enum error error = runs_walk_begin(runs, RUN_LABEL, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		struct map_change item;
		TRY(map_label_row(walk.key, walk.value, &item));
		TRY(visit(context, &item.label, &item.value));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

/* ---- checking ---- */

#define DEPTHS (MAP_BUCKET_DEPTH / MAP_ROW_BITS + 1)

struct check {
	struct runs *runs;
	struct map_row above; /* the row looked up last: a walk comes by all that it stands above one after the other */
	unsigned above_depth;
	uint32_t above_prefix;
	bool above_read;
	uint64_t slots[DEPTHS]; /* used, in the rows of each depth but the last */
	uint64_t rows[DEPTHS];  /* not empty; the last: buckets */
};

/* What the row stands for; counts what it holds. */
static enum error check_content(struct check *check, unsigned depth, struct bytes content, struct hash *out)
{
	struct map_row row;
	TRY(map_row_read(content, &row));
	map_row_fold(&row, depth, NULL);
	for (unsigned i = 0; i < MAP_ROW_SLOTS; i++)
		check->slots[depth / MAP_ROW_BITS] += row.levels[0][i].used;
	*out = row.levels[MAP_ROW_BITS][0].hash;
	return row.levels[MAP_ROW_BITS][0].used ? E_OK : E_CORRUPT;
}

static enum error read_above(struct check *check, unsigned depth, uint32_t prefix)
{
	struct bytes content;
	if (check->above_read && check->above_depth == depth && check->above_prefix == prefix)
		return E_OK;
	check->above_read = false;
	TRY(map_row_get(check->runs, depth, prefix, &content));
	TRY(map_row_read(content, &check->above));
	check->above_depth = depth;
	check->above_prefix = prefix;
	check->above_read = true;
	return E_OK;
}

/* A row, or a bucket, is what the slot above it says. */
static enum error check_place(struct check *check, unsigned depth, uint32_t prefix, const struct hash *hash)
{
	check->rows[depth / MAP_ROW_BITS]++;
	TRY(read_above(check, depth - MAP_ROW_BITS, prefix >> MAP_ROW_BITS));
	const struct map_slot *slot = &check->above.levels[0][prefix % MAP_ROW_SLOTS];
	return slot->used && hash_equal(&slot->hash, hash) ? E_OK : E_CORRUPT;
}

static enum error check_row(struct check *check, const struct runs_walk *walk, const struct hash *root)
{
	unsigned depth;
	uint32_t prefix;
	struct hash hash;
	map_row_place(walk->key, &depth, &prefix);
	if (depth >= MAP_BUCKET_DEPTH || depth % MAP_ROW_BITS != 0 || prefix >> depth != 0)
		return E_CORRUPT;
	TRY(check_content(check, depth, walk->value, &hash));
	if (depth > 0)
		return check_place(check, depth, prefix, &hash);
	check->rows[0]++;
	return hash_equal(&hash, root) ? E_OK : E_CORRUPT;
}

static enum error check_rows(
	struct check *check, const struct hash *root, void (*progress)(void *context), void *context)
{
	OWNED_RUNS_WALK walk;
	enum error error = runs_walk_begin(check->runs, RUN_MAP, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		TRY(check_row(check, &walk, root));
		if (progress != NULL)
			progress(context);
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

static enum error check_bucket(struct check *check, const struct map_bucket *bucket)
{
	struct hash hash;
	if (bucket->count == 0)
		return E_OK;
	map_bucket_hash(bucket->items, bucket->count, &hash);
	return check_place(check, MAP_BUCKET_DEPTH, map_label_prefix(&bucket->items->label), &hash);
}

/* A bucket is at its end where the next label is not of it. */
static enum error check_labels(struct check *check, void (*progress)(void *context), void *context)
{
	OWNED_RUNS_WALK walk;
	OWNED(map_bucket_release) struct map_bucket bucket = {.items = NULL};
	enum error error = runs_walk_begin(check->runs, RUN_LABEL, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		struct map_change item;
		TRY(map_label_row(walk.key, walk.value, &item));
		if (bucket.count > 0 && map_label_prefix(&bucket.items->label) != map_label_prefix(&item.label)) {
			TRY(check_bucket(check, &bucket));
			bucket.count = 0;
		}
		TRY(map_bucket_add(&bucket, &item));
		if (progress != NULL)
			progress(context);
	}
	return error == E_NOT_FOUND ? check_bucket(check, &bucket) : error;
}

enum error map_store_check(struct runs *runs, const struct hash *root, void (*progress)(void *context), void *context)
{
	struct check check = {.runs = runs};
	struct hash empty;
	TRY(check_labels(&check, progress, context));
	TRY(check_rows(&check, root, progress, context));
	/* Every row found its slot; with as many rows as slots, every slot has its row. */
	for (unsigned i = 1; i < DEPTHS; i++)
		if (check.rows[i] != check.slots[i - 1])
			return E_CORRUPT;
	map_empty_root(&empty);
	return check.rows[0] == 1 || hash_equal(root, &empty) ? E_OK : E_CORRUPT;
}
