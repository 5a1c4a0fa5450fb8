#include "ledger/db/hash_rows.h"

#include <stdlib.h>
#include <string.h>

struct row_tail {
	uint64_t count; /* hashes in the row so far */
	bool dirty;
	struct hash tile[HASH_ROW_WIDTH]; /* the last, partial one */
};

struct hash_rows {
	unsigned table;
	struct merkle_frontier frontier;
	struct row_tail tails[HASH_ROWS_MAX];
	/* While a leaf is appended. */
	struct db_txn *txn;
	enum error error;
	merkle_node_sink *sink;
	void *context;
};

static struct bytes tile_key(uint32_t row, uint64_t number, uint8_t out[9])
{
	out[0] = (uint8_t)row;
	put_u64(out + 1, number);
	return bytes_of(out, 9);
}

/* ---- appending ---- */

enum error hash_rows_new(unsigned table, struct hash_rows **out)
{
	struct hash_rows *rows = calloc(1, sizeof *rows);
	if (rows == NULL)
		return E_NO_MEMORY;
	rows->table = table;
	merkle_frontier_init(&rows->frontier);
	*out = rows;
	return E_OK;
}

void hash_rows_free(struct hash_rows *rows)
{
	free(rows);
}

static enum error load_tail(struct row_tail *tail, struct db_txn *txn, unsigned table, uint32_t row, uint64_t size)
{
	const struct hash *hashes;
	tail->count = size >> (HASH_ROW_LEVELS * row);
	tail->dirty = false;
	size_t partial = tail->count % HASH_ROW_WIDTH;
	if (partial == 0)
		return E_OK;
	TRY(hash_rows_get(txn, table, row, tail->count - partial, partial, &hashes));
	memcpy(tail->tile, hashes, partial * HASH_BYTES);
	return E_OK;
}

enum error hash_rows_load(struct hash_rows *rows, struct db_txn *txn, const struct merkle_frontier *frontier)
{
	rows->frontier = *frontier;
	rows->error = E_OK;
	for (uint32_t row = 0; row < HASH_ROWS_MAX; row++)
		TRY(load_tail(&rows->tails[row], txn, rows->table, row, frontier->size));
	return E_OK;
}

static void put_tile(struct hash_rows *rows, struct db_txn *txn, uint32_t row, uint64_t number, size_t width)
{
	uint8_t key[9];
	struct row_tail *tail = &rows->tails[row];
	db_put(txn, rows->table, tile_key(row, number, key), bytes_of(tail->tile, width * HASH_BYTES));
	tail->dirty = false;
}

static void take_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct hash_rows *rows = context;
	if (rows->sink != NULL)
		rows->sink(rows->context, level, index, hash);
	if (level % HASH_ROW_LEVELS != 0 || level / HASH_ROW_LEVELS >= HASH_ROWS_MAX)
		return;
	uint32_t row = level / HASH_ROW_LEVELS;
	struct row_tail *tail = &rows->tails[row];
	if (tail->count != index) {
		rows->error = E_CORRUPT;
		return;
	}
	tail->tile[index % HASH_ROW_WIDTH] = *hash;
	tail->count++;
	tail->dirty = true;
	if (tail->count % HASH_ROW_WIDTH == 0)
		put_tile(rows, rows->txn, row, index / HASH_ROW_WIDTH, HASH_ROW_WIDTH);
}

enum error hash_rows_append(
	struct hash_rows *rows, struct db_txn *txn, const struct hash *leaf, merkle_node_sink *sink, void *context)
{
	rows->txn = txn;
	rows->sink = sink;
	rows->context = context;
	merkle_frontier_append(&rows->frontier, leaf, take_node, rows);
	rows->txn = NULL;
	return rows->error != E_OK ? rows->error : txn->error;
}

enum error hash_rows_flush(struct hash_rows *rows, struct db_txn *txn)
{
	for (uint32_t row = 0; row < HASH_ROWS_MAX; row++) {
		const struct row_tail *tail = &rows->tails[row];
		if (tail->dirty)
			put_tile(rows, txn, row, tail->count / HASH_ROW_WIDTH, tail->count % HASH_ROW_WIDTH);
	}
	return txn->error;
}

const struct merkle_frontier *hash_rows_frontier(const struct hash_rows *rows)
{
	return &rows->frontier;
}

/* ---- reading ---- */

enum error hash_rows_get(
	struct db_txn *txn, unsigned table, uint32_t row, uint64_t from, size_t count, const struct hash **out)
{
	uint8_t key[9];
	struct bytes tile;
	TRY(db_get(txn, table, tile_key(row, from / HASH_ROW_WIDTH, key), &tile));
	size_t at = from % HASH_ROW_WIDTH;
	if (tile.len % HASH_BYTES != 0 || at + count > HASH_ROW_WIDTH)
		return E_CORRUPT;
	if (tile.len / HASH_BYTES < at + count)
		return E_NOT_FOUND;
	*out = (const struct hash *)tile.data + at;
	return E_OK;
}

/* Folds `count` (a power of two, at most 8) hashes of a row into their root. */
static void fold(const struct hash *hashes, size_t count, struct hash *out)
{
	struct hash level[1u << (HASH_ROW_LEVELS - 1)];
	memcpy(level, hashes, count * sizeof *hashes);
	for (; count > 1; count /= 2)
		for (size_t i = 0; i < count / 2; i++)
			merkle_node_hash(&level[2 * i], &level[2 * i + 1], &level[i]);
	*out = level[0];
}

enum error hash_rows_node(struct db_txn *txn, unsigned table, uint32_t level, uint64_t index, struct hash *out)
{
	const struct hash *hashes;
	uint32_t above = level % HASH_ROW_LEVELS;
	size_t count = (size_t)1 << above;
	if (level / HASH_ROW_LEVELS >= HASH_ROWS_MAX)
		return E_NOT_FOUND;
	TRY(hash_rows_get(txn, table, level / HASH_ROW_LEVELS, index << above, count, &hashes));
	fold(hashes, count, out);
	return E_OK;
}

/* ---- checking ---- */

struct check {
	struct db_txn *txn;
	unsigned table;
	enum error error;
};

static void compare_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct check *check = context;
	const struct hash *stored;
	if (check->error != E_OK || level == 0 || level % HASH_ROW_LEVELS != 0 || level / HASH_ROW_LEVELS >= HASH_ROWS_MAX)
		return;
	check->error = hash_rows_get(check->txn, check->table, level / HASH_ROW_LEVELS, index, 1, &stored);
	if (check->error == E_NOT_FOUND || (check->error == E_OK && !hash_equal(stored, hash)))
		check->error = E_CORRUPT;
}

enum error hash_rows_check(struct db_txn *txn, unsigned table, const struct merkle_frontier *frontier,
	void (*progress)(void *context), void *context)
{
	struct check check = {txn, table, E_OK};
	struct merkle_frontier computed;
	merkle_frontier_init(&computed);
	while (computed.size < frontier->size && check.error == E_OK) {
		const struct hash *leaves;
		uint64_t left = frontier->size - computed.size;
		size_t width = left < HASH_ROW_WIDTH ? (size_t)left : HASH_ROW_WIDTH;
		enum error error = hash_rows_get(txn, table, 0, computed.size, width, &leaves);
		if (error != E_OK)
			return error == E_NOT_FOUND ? E_CORRUPT : error;
		for (size_t i = 0; i < width; i++)
			merkle_frontier_append(&computed, &leaves[i], compare_node, &check);
		if (progress != NULL)
			progress(context);
	}
	TRY(check.error);
	return computed.count == frontier->count &&
				   memcmp(computed.hashes, frontier->hashes, computed.count * sizeof computed.hashes[0]) == 0
			   ? E_OK
			   : E_CORRUPT;
}
