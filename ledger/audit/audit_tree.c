/* The hash of an entry names it exactly if it does not fit; a root would name none. */
#include "ledger/audit/audit_tree.h"

#include <inttypes.h>

uint64_t audit_tree_row_size(const struct audit_view *view, uint32_t row)
{
	return view->checkpoint.size >> (LOG_ROW_LEVELS * row);
}

/* Its width follows from the size of the log: a tile that has more would show hashes of entries that nobody signed. */
static enum error load_tile(struct audit_tree *tree, uint32_t row, uint64_t number, uint64_t leaf)
{
	uint8_t key[HASH_ROW_KEY_BYTES];
	struct audit_tile *tile = &tree->tiles[row];
	uint64_t left = audit_tree_row_size(tree->view, row) - number * LOG_WIDTH;
	size_t width = left < LOG_WIDTH ? (size_t)left : LOG_WIDTH;
	tile->loaded = false;
	enum error error = db_get(tree->view->txn, STORE_TILE, hash_rows_key(row, number, key), &tile->hashes);
	if (error != E_OK)
		return audit_judge(tree->view, error, leaf, "tile %" PRIu64 " of row %" PRIu32 " cannot be read: %s", number,
			row, audit_why(error));
	if (tile->hashes.len != width * HASH_BYTES)
		return audit_finding(tree->view, leaf, "tile %" PRIu64 " of row %" PRIu32 " has %zu bytes and should have %zu",
			number, row, tile->hashes.len, width * HASH_BYTES);
	tile->number = number;
	tile->loaded = true;
	return E_OK;
}

enum error audit_tree_hash(struct audit_tree *tree, uint32_t row, uint64_t index, const struct hash **out)
{
	const struct audit_tile *tile = &tree->tiles[row];
	if (!tile->loaded || tile->number != index / LOG_WIDTH)
		TRY(load_tile(tree, row, index / LOG_WIDTH, index << (LOG_ROW_LEVELS * row)));
	*out = (const struct hash *)tile->hashes.data + index % LOG_WIDTH;
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
