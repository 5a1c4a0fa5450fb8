/* A growing Merkle tree in a table of the store. spec/store.md, spec/tree.md
 *
 * The tree is kept as rows of hashes, each row four levels above the one below: row r holds the roots of 16^r leaves.
 * A node between two rows is computed from at most eight hashes of the row below, so a proof costs a few dozen
 * hashes and not thousands, for a sixteenth more space. Even rows cut into 256 hashes are exactly the C2SP tiles.
 *
 *   row (1) || N (8)       ─► hashes N * 256 and on of the row, at most 255
 *   128 + row (1) || N (8) ─► the 256th
 *
 * 256 hashes are two pages of the store, but for what a page says of itself: with the last of them a tile would take
 * three. */
#pragma once

#include "ledger/db/db.h"
#include "ledger/tree/merkle.h"

#define HASH_ROW_WIDTH 256
#define HASH_ROW_FIRST (HASH_ROW_WIDTH - 1) /* what stands in a tile's first row: all but its last hash */
#define HASH_ROW_LAST 0x80u
#define HASH_ROW_LEVELS 4
#define HASH_ROWS_MAX 16

#define HASH_ROW_KEY_BYTES 9

/* The keys of tile `number` of a row: of all its hashes but the 256th, and of that. */
struct bytes hash_rows_key(uint32_t row, uint64_t number, uint8_t out[HASH_ROW_KEY_BYTES]);
struct bytes hash_rows_last_key(uint32_t row, uint64_t number, uint8_t out[HASH_ROW_KEY_BYTES]);

/* `count` hashes from position `from` of a row, all within one tile. E_NOT_FOUND past the end, E_CORRUPT. */
enum error hash_rows_get(
	struct db_txn *txn, unsigned table, uint32_t row, uint64_t from, size_t count, struct hash *out) MUST_USE;
/* Recomputes every row from the leaves: E_CORRUPT unless the table holds the tree of this frontier. Rows may go on
 * behind it. `progress` (may be NULL) is called for each tile of leaves. */
enum error hash_rows_check(struct db_txn *txn, unsigned table, const struct merkle_frontier *frontier,
	void (*progress)(void *context), void *context) MUST_USE;
/* A complete node, as merkle.h's proofs ask for it. */
enum error hash_rows_node(
	struct db_txn *txn, unsigned table, uint32_t level, uint64_t index, struct hash *out) MUST_USE;
