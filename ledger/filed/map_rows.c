/* What is empty is no content at all and not sixteen empty slots: a subtree that was never there and one that is not
 * there any more are the same. Folding follows the rule of the map: a side that has nothing adds no node, so the depth
 * of a key is where it differs from its neighbour and not where its row lies. */
#include "ledger/filed/map_rows.h"

#include "ledger/base/grow.h"

#include <string.h>

struct bytes map_row_key(unsigned depth, uint32_t prefix, uint8_t out[4])
{
	put_u32(out, (MAP_BUCKET_DEPTH - depth) << 24 | prefix);
	return bytes_of(out, 4);
}

void map_row_place(struct bytes key, unsigned *depth, uint32_t *prefix)
{
	uint32_t place = get_u32(key.data);
	*depth = MAP_BUCKET_DEPTH - (place >> 24);
	*prefix = place & 0xFFFFFF;
}

uint32_t map_label_prefix(const struct label *label)
{
	return get_u32(label->b) >> (32 - MAP_BUCKET_DEPTH);
}

enum error map_row_get(struct runs *runs, unsigned depth, uint32_t prefix, struct bytes *out)
{
	uint8_t key[4];
	enum error error = runs_get(runs, RUN_MAP, map_row_key(depth, prefix, key), out);
	if (error == E_NOT_FOUND)
		*out = BYTES_EMPTY;
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error map_label_row(struct bytes key, struct bytes value, struct map_change *out)
{
	if (value.len != HASH_BYTES)
		return E_CORRUPT;
	memcpy(out->label.b, key.data, LABEL_BYTES);
	memcpy(out->value.b, value.data, HASH_BYTES);
	return E_OK;
}

enum error map_bucket_add(struct map_bucket *bucket, const struct map_change *item)
{
	TRY(GROW(bucket->items, bucket->capacity, bucket->count + 1));
	bucket->items[bucket->count++] = *item;
	return E_OK;
}

enum error map_bucket_read(struct runs *runs, uint32_t prefix, struct map_bucket *out)
{
	struct label first = {{0}};
	struct runs_walk *walk;
	put_u32(first.b, prefix << (32 - MAP_BUCKET_DEPTH));
	out->count = 0;
	enum error error = runs_seek(runs, RUN_LABEL, BYTES_ARRAY(first.b), &walk);
	for (; error == E_OK; error = runs_walk_next(walk)) {
		struct map_change item;
		TRY(map_label_row(walk->key, walk->value, &item));
		if (map_label_prefix(&item.label) != prefix)
			return E_OK;
		TRY(map_bucket_add(out, &item));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

void map_bucket_release(struct map_bucket *bucket)
{
	free(bucket->items);
	*bucket = (struct map_bucket){.items = NULL};
}

size_t map_bucket_divide(const struct map_change *items, size_t count, unsigned *bit)
{
	size_t upper = 1;
	*bit = map_first_difference(items[0].label.b, items[count - 1].label.b);
	while (upper < count - 1 && map_bit(items[upper].label.b, *bit) == 0)
		upper++;
	return upper;
}

void map_bucket_hash(const struct map_change *items, size_t count, struct hash *out)
{
	if (count == 1) {
		map_leaf_hash(items->label.b, &items->value, out);
		return;
	}
	unsigned bit;
	struct hash left, right;
	size_t upper = map_bucket_divide(items, count, &bit);
	map_bucket_hash(items, upper, &left);
	map_bucket_hash(items + upper, count - upper, &right);
	map_node_hash(&left, &right, (uint8_t)bit, out);
}

enum error map_row_read(struct bytes content, struct map_row *out)
{
	memset(out->levels[0], 0, sizeof out->levels[0]);
	if (content.len == 0)
		return E_OK;
	struct reader r = reader_of(content);
	uint16_t bitmap = reader_u16(&r);
	for (unsigned i = 0; i < MAP_ROW_SLOTS; i++) {
		out->levels[0][i].used = bitmap >> i & 1;
		if (out->levels[0][i].used)
			reader_copy(&r, out->levels[0][i].hash.b, HASH_BYTES);
	}
	return reader_done(&r) == E_OK ? E_OK : E_CORRUPT;
}

enum error map_row_content(const struct map_row *row, uint8_t out[MAP_ROW_CONTENT_MAX], struct bytes *content)
{
	uint16_t bitmap = 0;
	struct writer w = writer_of(out, MAP_ROW_CONTENT_MAX);
	for (unsigned i = 0; i < MAP_ROW_SLOTS; i++)
		bitmap |= (uint16_t)(row->levels[0][i].used << i);
	writer_u16(&w, bitmap);
	for (unsigned i = 0; i < MAP_ROW_SLOTS; i++)
		if (row->levels[0][i].used)
			writer_bytes(&w, hash_bytes(&row->levels[0][i].hash));
	return writer_done(&w, content);
}

bool map_slot_equal(const struct map_slot *a, const struct map_slot *b)
{
	return a->used == b->used && (!a->used || hash_equal(&a->hash, &b->hash));
}

/* The node over two neighbours. */
static void fold_pair(const struct map_slot pair[2], uint8_t bit, struct map_slot *out)
{
	if (!pair[0].used || !pair[1].used) {
		*out = pair[0].used ? pair[0] : pair[1];
		return;
	}
	out->used = true;
	map_node_hash(&pair[0].hash, &pair[1].hash, bit, &out->hash);
}

void map_row_fold(struct map_row *row, unsigned depth, const struct map_row *like)
{
	for (unsigned level = 0; level < MAP_ROW_BITS; level++) {
		uint8_t bit = (uint8_t)(depth + MAP_ROW_BITS - 1 - level);
		for (unsigned i = 0; i < MAP_ROW_SLOTS >> (level + 1); i++) {
			const struct map_slot *pair = &row->levels[level][2 * i];
			const struct map_slot *known = like != NULL ? &like->levels[level][2 * i] : NULL;
			if (known != NULL && map_slot_equal(&pair[0], &known[0]) && map_slot_equal(&pair[1], &known[1]))
				row->levels[level + 1][i] = like->levels[level + 1][i];
			else
				fold_pair(pair, bit, &row->levels[level + 1][i]);
		}
	}
}

int map_change_compare(const void *left, const void *right)
{
	return hash_order(((const struct map_change *)left)->label.b, ((const struct map_change *)right)->label.b);
}
