#include "ledger/store/log.h"

#include "ledger/entry/entry.h"

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

struct log_appender {
	struct hash_rows *rows;
	uint8_t *bundle; /* the last, partial one */
	size_t bundle_len;
	bool bundle_dirty;
	struct recent_node recent[RECENT_SLOTS];
};

/* ---- keys ---- */

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
	if (log->bundle == NULL || hash_rows_new(STORE_TILE, &log->rows) != E_OK) {
		log_appender_free(log);
		return E_NO_MEMORY;
	}
	*out = log;
	return E_OK;
}

void log_appender_free(struct log_appender *log)
{
	if (log == NULL)
		return;
	hash_rows_free(log->rows);
	free(log->bundle);
	free(log);
}

enum error log_load(struct log_appender *log, struct db_txn *txn, const struct merkle_frontier *frontier)
{
	memset(log->recent, 0, sizeof log->recent);
	TRY(hash_rows_load(log->rows, txn, frontier));
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
	remember(context, level, index, hash);
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
	uint64_t index = hash_rows_frontier(log->rows)->size;
	put_u16(log->bundle + log->bundle_len, (uint16_t)entry.len);
	memcpy(log->bundle + log->bundle_len + 2, entry.data, entry.len);
	log->bundle_len += 2 + entry.len;
	log->bundle_dirty = true;
	if (index % LOG_WIDTH == LOG_WIDTH - 1) {
		flush_bundle(log, txn, index / LOG_WIDTH);
		log->bundle_len = 0;
	}
	merkle_leaf_hash(entry, &leaf);
	return hash_rows_append(log->rows, txn, &leaf, take_node, log);
}

enum error log_flush(struct log_appender *log, struct db_txn *txn)
{
	TRY(hash_rows_flush(log->rows, txn));
	if (log->bundle_dirty)
		flush_bundle(log, txn, hash_rows_frontier(log->rows)->size / LOG_WIDTH);
	return txn->error;
}

const struct merkle_frontier *log_frontier(const struct log_appender *log)
{
	return hash_rows_frontier(log->rows);
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
	return hash_rows_get(txn, STORE_TILE, row, from, count, out);
}

enum error log_time_before(struct db_txn *txn, uint64_t size, uint64_t *out)
{
	for (uint64_t index = size; index > 0; index--) {
		struct bytes encoded;
		struct entry entry;
		TRY(log_entry(txn, index - 1, &encoded));
		TRY(entry_decode(encoded, &entry));
		if (entry_time(&entry, out))
			return E_OK;
	}
	return E_CORRUPT; /* the genesis entry has one */
}

enum error log_node(void *txn, uint32_t level, uint64_t index, struct hash *out)
{
	return hash_rows_node(txn, STORE_TILE, level, index, out);
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
