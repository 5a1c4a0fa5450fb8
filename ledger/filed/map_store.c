#include "ledger/filed/map_store.h"

#include "ledger/base/grow.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_DEPTH 20
#define ROW_BITS 4
#define ROW_SLOTS (1u << ROW_BITS)
#define ITEM_BYTES sizeof(struct map_change)
#define ROW_HEAD_BYTES (8 + 4 + 4)
#define ROW_CONTENT_MAX (2 + ROW_SLOTS * HASH_BYTES)

_Static_assert(sizeof(struct map_change) == LABEL_BYTES + HASH_BYTES, "a bucket's items are read in place");

/* A subtree, or nothing. */
struct slot {
	bool used;
	struct hash hash;
};

/* ---- rows ---- */

static struct bytes row_key(unsigned depth, uint32_t prefix, uint8_t out[4])
{
	put_u32(out, depth << 24 | prefix);
	return bytes_of(out, 4);
}

/* The first BUCKET_DEPTH bits. */
static uint32_t label_prefix(const struct label *label)
{
	return get_u32(label->b) >> (32 - BUCKET_DEPTH);
}

/* What a row held in a generation; empty when there was no row. Borrowed. */
static enum error row_get(struct db_txn *txn, unsigned depth, uint32_t prefix, uint64_t generation, struct bytes *out)
{
	uint8_t key[4];
	struct bytes row;
	enum error error = db_get(txn, STORE_MAP, row_key(depth, prefix, key), &row);
	if (error == E_NOT_FOUND) {
		*out = BYTES_EMPTY;
		return E_OK;
	}
	TRY(error);
	struct reader r = reader_of(row);
	uint64_t written = reader_u64(&r);
	struct bytes newer = reader_range32(&r, row.len);
	struct bytes older = reader_range32(&r, row.len);
	if (reader_done(&r) != E_OK || written > generation + 1)
		return E_CORRUPT;
	*out = written <= generation ? newer : older;
	return E_OK;
}

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
	db_put(txn, STORE_MAP, row_key(depth, prefix, key), row);
	return txn->error;
}

/* ---- buckets ---- */

static enum error bucket_items(struct bytes content, const struct map_change **items, size_t *count)
{
	if (content.len % ITEM_BYTES != 0)
		return E_CORRUPT;
	*items = (const struct map_change *)content.data;
	*count = content.len / ITEM_BYTES;
	return E_OK;
}

/* The first item of the upper side, and the bit that divides them. count >= 2, ascending. */
static size_t divide(const struct map_change *items, size_t count, unsigned *bit)
{
	size_t upper = 1;
	*bit = map_first_difference(items[0].label.b, items[count - 1].label.b);
	while (upper < count - 1 && map_bit(items[upper].label.b, *bit) == 0)
		upper++;
	return upper;
}

static void bucket_hash(const struct map_change *items, size_t count, struct hash *out)
{
	if (count == 1) {
		map_leaf_hash(items->label.b, &items->value, out);
		return;
	}
	unsigned bit;
	struct hash left, right;
	size_t upper = divide(items, count, &bit);
	bucket_hash(items, upper, &left);
	bucket_hash(items + upper, count - upper, &right);
	map_node_hash(&left, &right, (uint8_t)bit, out);
}

/* ---- rows of sixteen ---- */

/* The levels of a row: level 0 has its sixteen slots, level ROW_BITS the one that stands for all. */
struct row {
	struct slot levels[ROW_BITS + 1][ROW_SLOTS];
};

static enum error row_read(struct bytes content, struct row *out)
{
	memset(out->levels[0], 0, sizeof out->levels[0]);
	if (content.len == 0)
		return E_OK;
	struct reader r = reader_of(content);
	uint16_t bitmap = reader_u16(&r);
	for (unsigned i = 0; i < ROW_SLOTS; i++) {
		out->levels[0][i].used = bitmap >> i & 1;
		if (out->levels[0][i].used)
			reader_copy(&r, out->levels[0][i].hash.b, HASH_BYTES);
	}
	return reader_done(&r) == E_OK ? E_OK : E_CORRUPT;
}

static enum error row_content(const struct row *row, uint8_t out[ROW_CONTENT_MAX], struct bytes *content)
{
	uint16_t bitmap = 0;
	struct writer w = writer_of(out, ROW_CONTENT_MAX);
	for (unsigned i = 0; i < ROW_SLOTS; i++)
		bitmap |= (uint16_t)(row->levels[0][i].used << i);
	writer_u16(&w, bitmap);
	for (unsigned i = 0; i < ROW_SLOTS; i++)
		if (row->levels[0][i].used)
			writer_bytes(&w, hash_bytes(&row->levels[0][i].hash));
	return writer_done(&w, content);
}

/* An inner node stands only where both sides have something. */
static void row_fold(struct row *row, unsigned depth)
{
	for (unsigned level = 0; level < ROW_BITS; level++) {
		uint8_t bit = (uint8_t)(depth + ROW_BITS - 1 - level);
		for (unsigned i = 0; i < ROW_SLOTS >> (level + 1); i++) {
			const struct slot *left = &row->levels[level][2 * i];
			const struct slot *right = left + 1;
			struct slot *node = &row->levels[level + 1][i];
			if (left->used && right->used) {
				node->used = true;
				map_node_hash(&left->hash, &right->hash, bit, &node->hash);
			} else {
				*node = left->used ? *left : *right;
			}
		}
	}
}

/* ---- writing ---- */

/* A subtree that has changed. */
struct changed {
	uint32_t prefix;
	struct hash hash;
};

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
	struct hash root;
};

static int compare_changes(const void *left, const void *right)
{
	return memcmp(left, right, LABEL_BYTES);
}

enum error map_update_new(struct map_change *changes, size_t count, uint64_t generation, struct map_update **out)
{
	struct map_update *update = calloc(1, sizeof *update);
	size_t room = count > 0 ? count : 1;
	if (update == NULL)
		return E_NO_MEMORY;
	update->below = malloc(room * sizeof *update->below);
	update->here = malloc(room * sizeof *update->here);
	update->buffer_capacity = ROW_HEAD_BYTES + 2 * ROW_CONTENT_MAX;
	update->buffer = malloc(update->buffer_capacity);
	if (update->below == NULL || update->here == NULL || update->buffer == NULL) {
		map_update_free(update);
		return E_NO_MEMORY;
	}
	if (count > 1)
		qsort(changes, count, sizeof *changes, compare_changes);
	update->changes = changes;
	update->count = count;
	update->generation = generation;
	update->depth = BUCKET_DEPTH;
	*out = update;
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
		int order = i == count ? 1 : c == change_count ? -1 : compare_changes(&items[i], &changes[c]);
		out[n++] = order < 0 ? items[i] : changes[c];
		i += order <= 0;
		c += order >= 0;
	}
	return n;
}

static enum error write_bucket(struct map_update *update, struct db_txn *txn)
{
	const struct map_change *items;
	size_t count, end = update->next;
	struct bytes older;
	uint32_t prefix = label_prefix(&update->changes[update->next].label);
	while (end < update->count && label_prefix(&update->changes[end].label) == prefix)
		end++;
	TRY(row_get(txn, BUCKET_DEPTH, prefix, update->generation, &older));
	TRY(bucket_items(older, &items, &count));
	size_t most = count + end - update->next;
	TRY(make_room(update, most, ROW_HEAD_BYTES + older.len + most * ITEM_BYTES));
	count = merge_items(items, count, update->changes + update->next, end - update->next, update->items);
	TRY(row_put(txn, BUCKET_DEPTH, prefix, update->generation + 1, bytes_of(update->items, count * ITEM_BYTES), older,
		update->buffer, update->buffer_capacity));
	struct changed *changed = &update->here[update->here_count++];
	changed->prefix = prefix;
	bucket_hash(update->items, count, &changed->hash);
	update->next = end;
	return E_OK;
}

static enum error write_row(struct map_update *update, struct db_txn *txn)
{
	struct row row;
	struct bytes older, newer;
	uint8_t content[ROW_CONTENT_MAX];
	uint32_t prefix = update->below[update->next].prefix >> ROW_BITS;
	TRY(row_get(txn, update->depth, prefix, update->generation, &older));
	TRY(row_read(older, &row));
	for (; update->next < update->below_count && update->below[update->next].prefix >> ROW_BITS == prefix;
		 update->next++) {
		const struct changed *changed = &update->below[update->next];
		row.levels[0][changed->prefix % ROW_SLOTS] = (struct slot){true, changed->hash};
	}
	TRY(row_content(&row, content, &newer));
	TRY(row_put(
		txn, update->depth, prefix, update->generation + 1, newer, older, update->buffer, update->buffer_capacity));
	row_fold(&row, update->depth);
	update->here[update->here_count++] = (struct changed){prefix, row.levels[ROW_BITS][0].hash};
	return E_OK;
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
		update->depth -= ROW_BITS;
		return E_OK;
	}
	update->finished = true;
	if (update->below_count == 0)
		return map_store_root(txn, update->generation, &update->root);
	update->root = update->below[0].hash;
	return E_OK;
}

enum error map_update_slice(struct map_update *update, struct db_txn *txn, size_t rows_max, bool *finished)
{
	for (size_t rows = 0; !update->finished && rows < rows_max;) {
		bool buckets = update->depth == BUCKET_DEPTH;
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

/* ---- reading ---- */

enum error map_store_root(struct db_txn *txn, uint64_t generation, struct hash *out)
{
	struct row row;
	struct bytes content;
	TRY(row_get(txn, 0, 0, generation, &content));
	TRY(row_read(content, &row));
	row_fold(&row, 0);
	if (row.levels[ROW_BITS][0].used)
		*out = row.levels[ROW_BITS][0].hash;
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
static unsigned walk_row(const struct row *row, unsigned depth, struct path *path)
{
	unsigned at = 0;
	for (unsigned level = ROW_BITS; level > 0; level--) {
		unsigned bit = depth + ROW_BITS - level;
		const struct slot *sides = &row->levels[level - 1][2 * at];
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
		size_t upper = divide(items, count, &bit);
		if (map_bit(path->label->b, bit)) {
			bucket_hash(items, upper, &sibling);
			items += upper;
			count -= upper;
		} else {
			bucket_hash(items + upper, count - upper, &sibling);
			count = upper;
		}
		path_step(path, bit, &sibling);
	}
	return items;
}

/* E_NOT_FOUND in the empty map. */
static enum error walk_map(struct db_txn *txn, uint64_t generation, struct path *path, const struct map_change **out)
{
	struct bytes content;
	uint32_t prefix = 0;
	for (unsigned depth = 0; depth < BUCKET_DEPTH; depth += ROW_BITS) {
		struct row row;
		TRY(row_get(txn, depth, prefix, generation, &content));
		TRY(row_read(content, &row));
		row_fold(&row, depth);
		if (!row.levels[ROW_BITS][0].used)
			return depth == 0 ? E_NOT_FOUND : E_CORRUPT;
		prefix = prefix << ROW_BITS | walk_row(&row, depth, path);
	}
	const struct map_change *items;
	size_t count;
	TRY(row_get(txn, BUCKET_DEPTH, prefix, generation, &content));
	TRY(bucket_items(content, &items, &count));
	if (count == 0)
		return E_CORRUPT;
	*out = walk_bucket(items, count, path);
	return E_OK;
}

enum error map_store_prove(struct db_txn *txn, uint64_t generation, const struct label *label, bool *present,
	struct hash *value, struct map_proof *out)
{
	const struct map_change *item;
	struct path path = {.label = label};
	*present = false;
	out->len = 0;
	enum error error = walk_map(txn, generation, &path, &item);
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

static enum error visit_bucket(struct bytes content, map_visitor *visit, void *context)
{
	const struct map_change *items;
	size_t count;
	TRY(bucket_items(content, &items, &count));
	for (size_t i = 0; i < count; i++)
		TRY(visit(context, &items[i].label, &items[i].value));
	return E_OK;
}

enum error map_store_visit(struct db_txn *txn, uint64_t generation, map_visitor *visit, void *context)
{
	OWNED_WALK walk = {0};
	uint8_t key[4];
	TRY(db_walk_begin(txn, STORE_MAP, &walk));
	enum error error = db_walk_from(&walk, row_key(BUCKET_DEPTH, 0, key));
	for (; error == E_OK; error = db_walk_next(&walk)) {
		struct bytes content;
		if (walk.key.len != 4)
			return E_CORRUPT;
		TRY(row_get(txn, BUCKET_DEPTH, get_u32(walk.key.data) & 0xFFFFFF, generation, &content));
		TRY(visit_bucket(content, visit, context));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

/* ---- checking ---- */

#define DEPTHS (BUCKET_DEPTH / ROW_BITS + 1)

struct check {
	struct db_txn *txn;
	uint64_t generation;
	uint64_t slots[DEPTHS]; /* used, in the rows of each depth but the last */
	uint64_t rows[DEPTHS];  /* not empty */
};

/* What the row stands for; counts what it holds. */
static enum error check_content(
	struct check *check, unsigned depth, uint32_t prefix, struct bytes content, struct hash *out)
{
	struct row row;
	const struct map_change *items;
	size_t count;
	if (depth < BUCKET_DEPTH) {
		TRY(row_read(content, &row));
		row_fold(&row, depth);
		for (unsigned i = 0; i < ROW_SLOTS; i++)
			check->slots[depth / ROW_BITS] += row.levels[0][i].used;
		*out = row.levels[ROW_BITS][0].hash;
		return row.levels[ROW_BITS][0].used ? E_OK : E_CORRUPT;
	}
	TRY(bucket_items(content, &items, &count));
	for (size_t i = 0; i < count; i++)
		if (label_prefix(&items[i].label) != prefix || (i > 0 && compare_changes(&items[i - 1], &items[i]) >= 0))
			return E_CORRUPT;
	bucket_hash(items, count, out);
	return E_OK;
}

/* A row is what the slot above it says. */
static enum error check_row(struct check *check, unsigned depth, uint32_t prefix, const struct hash *root)
{
	struct row above;
	struct bytes content;
	struct hash hash;
	if (depth > BUCKET_DEPTH || depth % ROW_BITS != 0 || prefix >> depth != 0)
		return E_CORRUPT;
	TRY(row_get(check->txn, depth, prefix, check->generation, &content));
	if (content.len == 0) /* first written by an epoch that is still running */
		return E_OK;
	TRY(check_content(check, depth, prefix, content, &hash));
	check->rows[depth / ROW_BITS]++;
	if (depth == 0)
		return hash_equal(&hash, root) ? E_OK : E_CORRUPT;
	TRY(row_get(check->txn, depth - ROW_BITS, prefix >> ROW_BITS, check->generation, &content));
	TRY(row_read(content, &above));
	const struct slot *slot = &above.levels[0][prefix % ROW_SLOTS];
	return slot->used && hash_equal(&slot->hash, &hash) ? E_OK : E_CORRUPT;
}

static enum error check_rows(
	struct check *check, struct db_walk *walk, const struct hash *root, void (*progress)(void *context), void *context)
{
	enum error error = db_walk_from(walk, BYTES_LITERAL("\0"));
	for (; error == E_OK; error = db_walk_next(walk)) {
		if (walk->key.len != 4)
			return E_CORRUPT;
		uint32_t key = get_u32(walk->key.data);
		TRY(db_walk_check(walk));
		TRY(check_row(check, key >> 24, key & 0xFFFFFF, root));
		if (progress != NULL)
			progress(context);
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error map_store_check(
	struct db_txn *txn, uint64_t generation, const struct hash *root, void (*progress)(void *context), void *context)
{
	struct check check = {.txn = txn, .generation = generation};
	OWNED_WALK walk = {0};
	struct hash empty;
	TRY(db_walk_begin(txn, STORE_MAP, &walk));
	TRY(check_rows(&check, &walk, root, progress, context));
	/* Every row found its slot; with as many rows as slots, every slot has its row. */
	for (unsigned i = 1; i < DEPTHS; i++)
		if (check.rows[i] != check.slots[i - 1])
			return E_CORRUPT;
	map_empty_root(&empty);
	return check.rows[0] == 1 || hash_equal(root, &empty) ? E_OK : E_CORRUPT;
}
