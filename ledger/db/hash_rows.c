/* Hashes are given out within one tile only, so that they can be borrowed from its page. A tile that ends before what
 * is asked for is E_NOT_FOUND: how long the tree is, and so whether that is damage, the caller knows.
 *
 * The check computes the tree again from its leaves and believes no stored hash above them: each complete node that a
 * row holds is compared as it comes out, and at the end the frontier. */
#include "ledger/db/hash_rows.h"

struct bytes hash_rows_key(uint32_t row, uint64_t number, uint8_t out[9])
{
	out[0] = (uint8_t)row;
	put_u64(out + 1, number);
	return bytes_of(out, 9);
}

enum error hash_rows_get(
	struct db_txn *txn, unsigned table, uint32_t row, uint64_t from, size_t count, const struct hash **out)
{
	uint8_t key[9];
	struct bytes tile;
	TRY(db_get(txn, table, hash_rows_key(row, from / HASH_ROW_WIDTH, key), &tile));
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

/* At most eight hashes for a node between two rows; all of them lie in one tile, because a tile's width is a multiple.
 */
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
	check->error = db_must(hash_rows_get(check->txn, check->table, level / HASH_ROW_LEVELS, index, 1, &stored));
	if (check->error == E_OK && !hash_equal(stored, hash))
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
		TRY(db_must(hash_rows_get(txn, table, 0, computed.size, width, &leaves)));
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
