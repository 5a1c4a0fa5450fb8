/* A tile that ends before what is asked for is E_NOT_FOUND: how long the tree is, and so whether that is damage, the
 * caller knows.
 *
 * The check computes the tree again from its leaves and believes no stored hash above them: each complete node that a
 * row holds is compared as it comes out, and at the end the frontier. */
#include "ledger/db/hash_rows.h"

struct bytes hash_rows_key(uint32_t row, uint64_t number, uint8_t out[HASH_ROW_KEY_BYTES])
{
	out[0] = (uint8_t)row;
	put_u64(out + 1, number);
	return bytes_of(out, HASH_ROW_KEY_BYTES);
}

struct bytes hash_rows_last_key(uint32_t row, uint64_t number, uint8_t out[HASH_ROW_KEY_BYTES])
{
	return hash_rows_key(row | HASH_ROW_LAST, number, out);
}

/* `count` hashes of a stored row that has at most `most`. */
static enum error get_from(
	struct db_txn *txn, unsigned table, struct bytes key, size_t most, size_t at, size_t count, struct hash *out)
{
	struct bytes stored;
	TRY(db_get(txn, table, key, &stored));
	if (stored.len % HASH_BYTES != 0 || stored.len / HASH_BYTES > most)
		return E_CORRUPT;
	if (stored.len / HASH_BYTES < at + count)
		return E_NOT_FOUND;
	memcpy(out, stored.data + at * HASH_BYTES, count * HASH_BYTES);
	return E_OK;
}

enum error hash_rows_get(
	struct db_txn *txn, unsigned table, uint32_t row, uint64_t from, size_t count, struct hash *out)
{
	uint8_t key[HASH_ROW_KEY_BYTES];
	uint64_t tile = from / HASH_ROW_WIDTH;
	size_t at = from % HASH_ROW_WIDTH;
	if (at + count > HASH_ROW_WIDTH)
		return E_CORRUPT;
	bool last = at + count == HASH_ROW_WIDTH;
	size_t first = last ? count - 1 : count;
	if (first > 0)
		TRY(get_from(txn, table, hash_rows_key(row, tile, key), HASH_ROW_FIRST, at, first, out));
	return last ? get_from(txn, table, hash_rows_last_key(row, tile, key), 1, 0, 1, out + first) : E_OK;
}

/* Folds `count` (a power of two) hashes of a row into their root, the first of them. */
static void fold(struct hash *hashes, size_t count)
{
	for (; count > 1; count /= 2)
		for (size_t i = 0; i < count / 2; i++)
			merkle_node_hash(&hashes[2 * i], &hashes[2 * i + 1], &hashes[i]);
}

/* At most eight hashes for a node between two rows; all of them lie in one tile, because a tile's width is a multiple.
 */
enum error hash_rows_node(struct db_txn *txn, unsigned table, uint32_t level, uint64_t index, struct hash *out)
{
	struct hash hashes[1u << (HASH_ROW_LEVELS - 1)];
	uint32_t above = level % HASH_ROW_LEVELS;
	size_t count = (size_t)1 << above;
	if (level / HASH_ROW_LEVELS >= HASH_ROWS_MAX)
		return E_NOT_FOUND;
	TRY(hash_rows_get(txn, table, level / HASH_ROW_LEVELS, index << above, count, hashes));
	fold(hashes, count);
	*out = hashes[0];
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
	struct hash stored;
	if (check->error != E_OK || level == 0 || level % HASH_ROW_LEVELS != 0 || level / HASH_ROW_LEVELS >= HASH_ROWS_MAX)
		return;
	check->error = db_must(hash_rows_get(check->txn, check->table, level / HASH_ROW_LEVELS, index, 1, &stored));
	if (check->error == E_OK && !hash_equal(&stored, hash))
		check->error = E_CORRUPT;
}

enum error hash_rows_check(struct db_txn *txn, unsigned table, const struct merkle_frontier *frontier,
	void (*progress)(void *context), void *context)
{
	struct check check = {txn, table, E_OK};
	struct merkle_frontier computed;
	merkle_frontier_init(&computed);
	while (computed.size < frontier->size && check.error == E_OK) {
		struct hash leaves[HASH_ROW_WIDTH];
		uint64_t left = frontier->size - computed.size;
		size_t width = left < HASH_ROW_WIDTH ? (size_t)left : HASH_ROW_WIDTH;
		TRY(db_must(hash_rows_get(txn, table, 0, computed.size, width, leaves)));
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
