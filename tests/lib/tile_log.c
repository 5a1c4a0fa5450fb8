#include "tests/lib/tile_log.h"

#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

void tile_log_add(struct tile_log *log, struct bytes entry)
{
	if ((log->size & (log->size - 1)) == 0) {
		size_t room = log->size == 0 ? 1 : 2 * log->size;
		log->entries = realloc(log->entries, room * sizeof *log->entries);
		log->leaves = realloc(log->leaves, room * sizeof *log->leaves);
		ck_assert(log->entries != NULL && log->leaves != NULL);
	}
	uint8_t *copy = malloc(entry.len + 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, entry.data, entry.len);
	log->entries[log->size] = bytes_of(copy, entry.len);
	merkle_leaf_hash(entry, &log->leaves[log->size++]);
}

void tile_log_fill(struct tile_log *log, uint64_t size)
{
	while (log->size < size) {
		uint8_t entry[8];
		put_u64(entry, log->size * 0x9E3779B97F4A7C15u);
		tile_log_add(log, bytes_of(entry, 1 + log->size % 8));
	}
	log->published = size;
}

void tile_log_free(struct tile_log *log)
{
	for (uint64_t i = 0; i < log->size; i++)
		free((void *)(uintptr_t)log->entries[i].data);
	free(log->entries);
	free(log->leaves);
	free(log->content);
	memset(log, 0, sizeof *log);
}

void tile_log_checkpoint(const struct tile_log *log, uint64_t size, struct checkpoint *out)
{
	*out = (struct checkpoint){.size = size};
	strcpy(out->origin, "log.example.dk/tiles");
	merkle_root_of_leaves(log->leaves, size, &out->root);
}

bool tile_same(const struct tile_path *a, const struct tile_path *b)
{
	return a->entries == b->entries && (a->entries || a->level == b->level) && a->number == b->number &&
		   a->width == b->width;
}

/* A full tile is there when all its leaves are published, a partial one only for the published size. */
static bool tile_log_has(const struct tile_log *log, const struct tile_path *tile)
{
	uint32_t level = tile->entries ? 0 : tile->level;
	uint64_t hashes = log->published >> (8 * level);
	uint64_t full = hashes / TILE_WIDTH;
	if (log->miss && tile_same(tile, &log->missing))
		return false;
	if (tile->width == TILE_WIDTH)
		return tile->number < full;
	if (tile->number < full)
		return !log->partials_dropped;
	return tile->number == full && tile->width <= hashes % TILE_WIDTH;
}

enum error tile_log_read(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	struct tile_log *log = context;
	log->asked++;
	if (!tile_log_has(log, tile))
		return fault_set(fault, E_NOT_FOUND, "");
	free(log->content);
	size_t len = 0;
	size_t capacity = tile->entries ? TILE_WIDTH * 4096 : TILE_WIDTH * HASH_BYTES;
	log->content = malloc(capacity);
	ck_assert_ptr_nonnull(log->content);
	for (uint32_t i = 0; i < tile->width; i++) {
		uint64_t index = tile->number * TILE_WIDTH + i;
		if (tile->entries) {
			ck_assert_uint_le(len + 2 + log->entries[index].len, capacity);
			put_u16(log->content + len, (uint16_t)log->entries[index].len);
			memcpy(log->content + len + 2, log->entries[index].data, log->entries[index].len);
			len += 2 + log->entries[index].len;
		} else {
			struct hash hash;
			merkle_root_of_leaves(log->leaves + (index << (8 * tile->level)), (size_t)1 << (8 * tile->level), &hash);
			memcpy(log->content + len, hash.b, HASH_BYTES);
			len += HASH_BYTES;
		}
	}
	if (log->spoil && tile_same(tile, &log->spoiled) && log->extra > 0) {
		ck_assert_uint_le(len + log->extra, capacity);
		memset(log->content + len, 0, log->extra);
		len += log->extra;
	} else if (log->spoil && tile_same(tile, &log->spoiled))
		log->content[log->spoil_at % len] ^= 1;
	*out = bytes_of(log->content, len);
	return E_OK;
}

struct tile_source tile_log_source(struct tile_log *log)
{
	return (struct tile_source){tile_log_read, log};
}
