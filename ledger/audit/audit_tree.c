/* The hash of an entry names it exactly if it does not fit; a root would name none. */
#include "ledger/audit/audit_tree.h"

#include <inttypes.h>

/* Hashes that it has in all. */
static uint64_t row_size(const struct audit_view *view, uint32_t row)
{
	return view->checkpoint.size >> (LOG_ROW_LEVELS * row);
}

uint64_t audit_tree_rows(const struct audit_view *view, uint32_t row)
{
	uint64_t hashes = row_size(view, row);
	return (hashes + LOG_WIDTH - 1) / LOG_WIDTH + hashes / LOG_WIDTH;
}

/* `width` hashes of a tile: their number follows from the size of the log, and one that has more would show hashes of
 * entries that nobody signed. */
static enum error load_hashes(const struct audit_tree *tree, struct bytes key, size_t width, uint64_t leaf,
	const char *what, const struct hash **out)
{
	struct bytes stored;
	uint64_t number = get_u64(key.data + 1);
	unsigned row = key.data[0] & ~HASH_ROW_LAST;
	enum error error = db_get(tree->view->txn, STORE_TILE, key, &stored);
	if (error != E_OK)
		return audit_judge(tree->view, error, leaf, "%stile %" PRIu64 " of row %u cannot be read: %s", what, number,
			row, audit_why(error));
	if (stored.len != width * HASH_BYTES)
		return audit_finding(tree->view, leaf, "%stile %" PRIu64 " of row %u has %zu bytes and should have %zu", what,
			number, row, stored.len, width * HASH_BYTES);
	*out = (const struct hash *)stored.data;
	return E_OK;
}

static enum error load_tile(struct audit_tree *tree, uint32_t row, uint64_t number, uint64_t leaf)
{
	uint8_t key[HASH_ROW_KEY_BYTES];
	struct audit_tile *tile = &tree->tiles[row];
	uint64_t left = row_size(tree->view, row) - number * LOG_WIDTH;
	bool full = left >= LOG_WIDTH;
	tile->loaded = false;
	TRY(load_hashes(
		tree, hash_rows_key(row, number, key), full ? HASH_ROW_FIRST : (size_t)left, leaf, "", &tile->hashes));
	if (full)
		TRY(load_hashes(tree, hash_rows_last_key(row, number, key), 1,
			(number * LOG_WIDTH + HASH_ROW_FIRST) << (LOG_ROW_LEVELS * row), "the last hash of ", &tile->last));
	tile->number = number;
	tile->loaded = true;
	return E_OK;
}

enum error audit_tree_hash(struct audit_tree *tree, uint32_t row, uint64_t index, const struct hash **out)
{
	const struct audit_tile *tile = &tree->tiles[row];
	if (!tile->loaded || tile->number != index / LOG_WIDTH)
		TRY(load_tile(tree, row, index / LOG_WIDTH, index << (LOG_ROW_LEVELS * row)));
	*out = index % LOG_WIDTH < HASH_ROW_FIRST ? &tile->hashes[index % LOG_WIDTH] : tile->last;
	return E_OK;
}

/* A row above the first names no single entry, because its first row did hold: the tile itself is wrong. */
enum error audit_tree_compare(struct audit_tree *tree, uint32_t row, uint64_t index, const struct hash *hash)
{
	const struct hash *stored = NULL;
	uint64_t leaf = index << (LOG_ROW_LEVELS * row);
	TRY(audit_tree_hash(tree, row, index, &stored));
	if (hash_equal(stored, hash))
		return E_OK;
	if (row == 0)
		return audit_finding(tree->view, leaf, "the entry does not have the hash that the tree has for it");
	return audit_finding(tree->view, leaf,
		"the tree's hash over the entries from %" PRIu64 " to %" PRIu64 " is not that of the entries", leaf,
		leaf + ((uint64_t)1 << (LOG_ROW_LEVELS * row)) - 1);
}

void audit_tree_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct audit_tree *tree = context;
	if (tree->error == E_OK && level % LOG_ROW_LEVELS == 0 && level / LOG_ROW_LEVELS < LOG_ROWS_MAX)
		tree->error = audit_tree_compare(tree, level / LOG_ROW_LEVELS, index, hash);
}
