/* The log's tree as the store has it, compared with hashes that were computed from the entries. Of each row one tile is
 * at hand, so memory does not grow with the log. */
#pragma once

#include "ledger/audit/audit_view.h"

/* The row at hand of each level of the tree: hashes that the store has, to compare with those computed. */
struct audit_tile {
	const struct hash *hashes; /* all but the 256th */
	const struct hash *last;   /* that, where the tile is full */
	uint64_t number;
	bool loaded;
};

/* All zero at first, but for the view. */
struct audit_tree {
	const struct audit_view *view;
	enum error error; /* the first one that audit_tree_node met */
	struct audit_tile tiles[LOG_ROWS_MAX];
};

/* Rows of the store that level `row` of the tree has: one for each tile, and another for each that is full. */
uint64_t audit_tree_rows(const struct audit_view *view, uint32_t row);
/* The hash at `index` of a row is the stored one. */
enum error audit_tree_compare(struct audit_tree *tree, uint32_t row, uint64_t index, const struct hash *hash) MUST_USE;
/* The stored one, borrowed until the snapshot's end. */
enum error audit_tree_hash(struct audit_tree *tree, uint32_t row, uint64_t index, const struct hash **out) MUST_USE;
/* A merkle_node_sink with the tree as context: compares the nodes that a row has. */
void audit_tree_node(void *tree, uint32_t level, uint64_t index, const struct hash *hash);
