#include "ledger/log.h"

#include <stdlib.h>
#include <string.h>

#define BUNDLE_BYTES_MAX (1u << 20)
#define RECENT_SLOTS 8192 /* power of two; a proof touches a few dozen nodes */

struct recent_node {
	uint64_t index;
	uint32_t level;
	bool used;
	struct hash hash;
};

struct log_row_tail {
	uint64_t count; /* hashes in the row so far */
	bool dirty;
	struct hash tile[LOG_WIDTH]; /* the last, partial one */
};

struct log_appender {
	struct merkle_frontier frontier;
	struct log_row_tail rows[LOG_ROWS_MAX];
	uint8_t *bundle; /* the last, partial one */
	size_t bundle_len;
	bool bundle_dirty;
	struct db_txn *txn;
	enum error error;
	struct recent_node recent[RECENT_SLOTS];
};

/* ---- keys ---- */

static struct bytes tile_key(uint32_t row, uint64_t number, uint8_t out[9])
{
	out[0] = (uint8_t)row;
	put_u64(out + 1, number);
	return bytes_of(out, 9);
}

static struct bytes bundle_key(uint64_t number, uint8_t out[8])
{
	put_u64(out, number);
	return bytes_of(out, 8);
}

/* ---- appending ---- */

enum error log_appender_new(struct log_appender **out)
{
	struct log_appender *log = calloc(1, sizeof *log);
	if (log == NULL)
		return E_NO_MEMORY;
	log->bundle = malloc(BUNDLE_BYTES_MAX);
	if (log->bundle == NULL) {
		free(log);
		return E_NO_MEMORY;
	}
	merkle_frontier_init(&log->frontier);
	*out = log;
	return E_OK;
}

void log_appender_free(struct log_appender *log)
{
	if (log == NULL)
		return;
	free(log->bundle);
	free(log);
}

static enum error load_row(struct log_row_tail *tail, struct db_txn *txn, uint32_t row, uint64_t size)
{
	const struct hash *hashes;
	tail->count = size >> (LOG_ROW_LEVELS * row);
	tail->dirty = false;
	size_t partial = tail->count % LOG_WIDTH;
	if (partial == 0)
		return E_OK;
	TRY(log_row(txn, row, tail->count - partial, partial, &hashes));
	memcpy(tail->tile, hashes, partial * HASH_BYTES);
	return E_OK;
}

enum error log_load(struct log_appender *log, struct db_txn *txn, const struct merkle_frontier *frontier)
{
	log->frontier = *frontier;
	log->error = E_OK;
	memset(log->recent, 0, sizeof log->recent);
	for (uint32_t row = 0; row < LOG_ROWS_MAX; row++)
		TRY(load_row(&log->rows[row], txn, row, frontier->size));
	log->bundle_len = 0;
	log->bundle_dirty = false;
	if (frontier->size % LOG_WIDTH == 0)
		return E_OK;
	struct bytes bundle;
	TRY(log_bundle(txn, frontier->size / LOG_WIDTH, &bundle));
	if (bundle.len > BUNDLE_BYTES_MAX)
		return E_CORRUPT;
	memcpy(log->bundle, bundle.data, bundle.len);
	log->bundle_len = bundle.len;
	return E_OK;
}

static void put_tile(struct log_row_tail *tail, struct db_txn *txn, uint32_t row, uint64_t number, size_t width)
{
	uint8_t key[9];
	db_put(txn, STORE_TILE, tile_key(row, number, key), bytes_of(tail->tile, width * HASH_BYTES));
	tail->dirty = false;
}

static uint32_t recent_slot(uint32_t level, uint64_t index)
{
	return (uint32_t)(index ^ (level * 0x9E3779B1u)) & (RECENT_SLOTS - 1);
}

static void remember(struct log_appender *log, uint32_t level, uint64_t index, const struct hash *hash)
{
	log->recent[recent_slot(level, index)] = (struct recent_node){index, level, true, *hash};
}

static void take_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct log_appender *log = context;
	remember(log, level, index, hash);
	if (level % LOG_ROW_LEVELS != 0 || level / LOG_ROW_LEVELS >= LOG_ROWS_MAX)
		return;
	uint32_t row = level / LOG_ROW_LEVELS;
	struct log_row_tail *tail = &log->rows[row];
	if (tail->count != index) {
		log->error = E_CORRUPT;
		return;
	}
	tail->tile[index % LOG_WIDTH] = *hash;
	tail->count++;
	tail->dirty = true;
	if (tail->count % LOG_WIDTH == 0)
		put_tile(tail, log->txn, row, index / LOG_WIDTH, LOG_WIDTH);
}

static void flush_bundle(struct log_appender *log, struct db_txn *txn, uint64_t number)
{
	uint8_t key[8];
	db_put(txn, STORE_BUNDLE, bundle_key(number, key), bytes_of(log->bundle, log->bundle_len));
	log->bundle_dirty = false;
}

enum error log_append(struct log_appender *log, struct db_txn *txn, struct bytes entry)
{
	struct hash leaf;
	if (entry.len > ENTRY_BYTES_MAX || log->bundle_len + 2 + entry.len > BUNDLE_BYTES_MAX)
		return E_TOO_LONG;
	uint64_t index = log->frontier.size;
	put_u16(log->bundle + log->bundle_len, (uint16_t)entry.len);
	memcpy(log->bundle + log->bundle_len + 2, entry.data, entry.len);
	log->bundle_len += 2 + entry.len;
	log->bundle_dirty = true;
	if (index % LOG_WIDTH == LOG_WIDTH - 1) {
		flush_bundle(log, txn, index / LOG_WIDTH);
		log->bundle_len = 0;
	}
	merkle_leaf_hash(entry, &leaf);
	log->txn = txn;
	merkle_frontier_append(&log->frontier, &leaf, take_node, log);
	log->txn = NULL;
	return log->error != E_OK ? log->error : txn->error;
}

enum error log_flush(struct log_appender *log, struct db_txn *txn)
{
	for (uint32_t row = 0; row < LOG_ROWS_MAX; row++) {
		struct log_row_tail *tail = &log->rows[row];
		if (tail->dirty)
			put_tile(tail, txn, row, tail->count / LOG_WIDTH, tail->count % LOG_WIDTH);
	}
	if (log->bundle_dirty)
		flush_bundle(log, txn, log->frontier.size / LOG_WIDTH);
	return txn->error;
}

const struct merkle_frontier *log_frontier(const struct log_appender *log)
{
	return &log->frontier;
}

/* ---- reading ---- */

enum error log_bundle(struct db_txn *txn, uint64_t number, struct bytes *out)
{
	uint8_t key[8];
	return db_get(txn, STORE_BUNDLE, bundle_key(number, key), out);
}

enum error log_entry(struct db_txn *txn, uint64_t index, struct bytes *out)
{
	struct bytes bundle;
	TRY(log_bundle(txn, index / LOG_WIDTH, &bundle));
	/* By hand: a cursor would take most of the time of opening a record. */
	for (size_t at = 0, skip = index % LOG_WIDTH;; skip--) {
		size_t left = bundle.len - at;
		if (left == 0)
			return E_NOT_FOUND;
		size_t len = left < 2 ? left : get_u16(bundle.data + at);
		if (left < 2 + len)
			return E_CORRUPT;
		if (skip == 0) {
			*out = bytes_of(bundle.data + at + 2, len);
			return E_OK;
		}
		at += 2 + len;
	}
}

enum error log_row(struct db_txn *txn, uint32_t row, uint64_t from, size_t count, const struct hash **out)
{
	uint8_t key[9];
	struct bytes tile;
	TRY(db_get(txn, STORE_TILE, tile_key(row, from / LOG_WIDTH, key), &tile));
	size_t at = from % LOG_WIDTH;
	if (tile.len % HASH_BYTES != 0 || at + count > LOG_WIDTH)
		return E_CORRUPT;
	if (tile.len / HASH_BYTES < at + count)
		return E_NOT_FOUND;
	*out = (const struct hash *)tile.data + at;
	return E_OK;
}

/* Folds `count` (a power of two, at most 8) hashes of a row into their root. */
static void fold(const struct hash *hashes, size_t count, struct hash *out)
{
	struct hash level[1u << (LOG_ROW_LEVELS - 1)];
	memcpy(level, hashes, count * sizeof *hashes);
	for (; count > 1; count /= 2)
		for (size_t i = 0; i < count / 2; i++)
			merkle_node_hash(&level[2 * i], &level[2 * i + 1], &level[i]);
	*out = level[0];
}

enum error log_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	struct db_txn *txn = context;
	const struct hash *hashes;
	uint32_t above = level % LOG_ROW_LEVELS;
	size_t count = (size_t)1 << above;
	if (level / LOG_ROW_LEVELS >= LOG_ROWS_MAX)
		return E_NOT_FOUND;
	TRY(log_row(txn, level / LOG_ROW_LEVELS, index << above, count, &hashes));
	fold(hashes, count, out);
	return E_OK;
}

enum error log_recent_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	struct log_recent *recent = context;
	const struct recent_node *node = &recent->log->recent[recent_slot(level, index)];
	if (node->used && node->level == level && node->index == index) {
		*out = node->hash;
		return E_OK;
	}
	TRY(log_node(recent->txn, level, index, out));
	remember(recent->log, level, index, out);
	return E_OK;
}
