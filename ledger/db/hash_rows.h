/* A growing Merkle tree in a table of the store. spec/store.md, spec/tree.md
 *
 * The tree is kept as rows of hashes, each row four levels above the one below: row r holds the roots of 16^r leaves.
 * A node between two rows is computed from at most eight hashes of the row below, so a proof costs a few dozen
 * hashes and not thousands, for a sixteenth more space. Even rows cut into 256 hashes are exactly the C2SP tiles.
 *
 *   row (1) || N (8) ─► hashes N * 256 and on of the row, at most 256
 *
 * Appending is sequential: the last tile of each row stays in memory and is written again with every flush until
 * it is full. */
#pragma once

#include "ledger/db/db.h"
#include "ledger/tree/merkle.h"

#define HASH_ROW_WIDTH 256
#define HASH_ROW_LEVELS 4
#define HASH_ROWS_MAX 16

struct hash_rows;

enum error hash_rows_new(unsigned table, struct hash_rows **out) MUST_USE;
void hash_rows_free(struct hash_rows *rows);
/* Takes up a tree of which the table holds at least the leaves of `frontier`. */
enum error hash_rows_load(struct hash_rows *rows, struct db_txn *txn, const struct merkle_frontier *frontier) MUST_USE;
/* Appends a leaf. Full tiles are written as they fill up. `sink` may be NULL, and hears of every complete node. */
enum error hash_rows_append(struct hash_rows *rows, struct db_txn *txn, const struct hash *leaf, merkle_node_sink *sink,
	void *context) MUST_USE;
/* Writes what is not full yet. Nothing is complete without it. */
enum error hash_rows_flush(struct hash_rows *rows, struct db_txn *txn) MUST_USE;
const struct merkle_frontier *hash_rows_frontier(const struct hash_rows *rows);

/* ---- reading ---- */

/* `count` hashes from position `from` of a row, all within one tile, borrowed. E_NOT_FOUND past the end, E_CORRUPT. */
enum error hash_rows_get(
	struct db_txn *txn, unsigned table, uint32_t row, uint64_t from, size_t count, const struct hash **out) MUST_USE;
/* Recomputes every row from the leaves: E_CORRUPT unless the table holds the tree of this frontier. Rows may go on
 * behind it. `progress` (may be NULL) is called for each tile of leaves. */
enum error hash_rows_check(struct db_txn *txn, unsigned table, const struct merkle_frontier *frontier,
	void (*progress)(void *context), void *context) MUST_USE;
/* A complete node, as merkle.h's proofs ask for it. */
enum error hash_rows_node(
	struct db_txn *txn, unsigned table, uint32_t level, uint64_t index, struct hash *out) MUST_USE;
