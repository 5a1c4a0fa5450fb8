/* Appending to a tree that is kept as rows of hashes (hash_rows.h). Appending is sequential and touches no table: the
 * last tile of each row stays in memory and is written again with every flush until it is full. */
#pragma once

#include "ledger/db/hash_rows.h"

struct hash_rows;

enum error hash_rows_new(unsigned table, struct hash_rows **out) MUST_USE;
void hash_rows_free(struct hash_rows *rows);
/* Takes up a tree of which the table holds at least the leaves of `frontier`. */
enum error hash_rows_load(struct hash_rows *rows, struct db_txn *txn, const struct merkle_frontier *frontier) MUST_USE;
/* Appends a leaf; tiles that fill up are kept until they are written. `sink` may be NULL, and hears of every complete
 * node. */
enum error hash_rows_append(
	struct hash_rows *rows, const struct hash *leaf, merkle_node_sink *sink, void *context) MUST_USE;
/* Writes at most `most` of the full tiles, the oldest first. True: none is left. Its error is the transaction's. */
bool hash_rows_write(struct hash_rows *rows, struct db_txn *txn, size_t most);
/* Writes all of them, and what is not full yet. Nothing is complete without it. */
enum error hash_rows_flush(struct hash_rows *rows, struct db_txn *txn) MUST_USE;
const struct merkle_frontier *hash_rows_frontier(const struct hash_rows *rows);
