/* entry ─► the last bundle, in memory ─► written when it is full, and with each flush as far as it goes
 *       ─► leaf hash ─► rows of the tree ─► complete nodes are remembered: the tick's receipts need the newest
 *
 * Memory runs ahead of the store within a tick. After one that was aborted log_load takes up what was committed, and
 * forgets all nodes: some may be of entries that never were. */
#include "ledger/store/log_put.h"

#include "ledger/db/db_put.h"
#include "ledger/db/hash_rows_put.h"
#include "ledger/entry/entry.h"

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

enum error log_appender_new(struct log_appender **out)
{
	OWNED(log_appender_release) struct log_appender *log = calloc(1, sizeof *log);
	TRY(allocated(log));
	log->bundle = malloc(BUNDLE_BYTES_MAX);
	TRY(allocated(log->bundle));
	TRY(hash_rows_new(STORE_TILE, &log->rows));
	*out = OWN_TAKE(log);
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

/* Nodes remembered may be of entries that a lost tick had appended; all are forgotten. */
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

static void remember(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct log_appender *log = context;
	log->recent[recent_slot(level, index)] = (struct recent_node){index, level, true, *hash};
}

static void flush_bundle(struct log_appender *log, struct db_txn *txn, uint64_t number)
{
	db_put(txn, STORE_BUNDLE, DB_KEY(number), bytes_of(log->bundle, log->bundle_len));
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
	TRY(hash_rows_append(log->rows, &leaf, remember, log));
	return txn->error;
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

/* Receipts of one tick share most of their nodes. */
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
