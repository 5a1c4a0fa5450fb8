/* The log in the store: entries in bundles, and the tree over them in rows of hashes. spec/store.md, spec/tree.md
 *
 * The tree is kept in rows (hash_rows.h), bundles hold 256 entries each. */
#pragma once

#include "ledger/db/hash_rows.h"
#include "ledger/store/store.h"

#define LOG_WIDTH HASH_ROW_WIDTH
#define LOG_ROW_LEVELS HASH_ROW_LEVELS
#define LOG_ROWS_MAX HASH_ROWS_MAX

/* Borrowed. E_NOT_FOUND past the end, E_CORRUPT for a malformed bundle. */
enum error log_entry(struct db_txn *txn, uint64_t index, struct bytes *out) MUST_USE;
/* The same, decoded: also the errors of entry_decode. */
enum error log_read(struct db_txn *txn, uint64_t index, struct entry *out) MUST_USE;
/* A whole bundle, borrowed. */
enum error log_bundle(struct db_txn *txn, uint64_t number, struct bytes *out) MUST_USE;
/* All of them, for rules that look back (losses.h), as long as the transaction runs. */
struct log_bundles log_bundles_of(struct db_txn *txn);
/* `count` hashes from position `from` of row `row`, all within one tile. */
enum error log_row(struct db_txn *txn, uint32_t row, uint64_t from, size_t count, struct hash *out) MUST_USE;
/* Ledger time of entry size - 1: the newest time of its own that an entry below `size` has (batch entries have none, an
 * epoch's lies earlier). size >= 1. */
enum error log_time_before(struct db_txn *txn, uint64_t size, uint64_t *out) MUST_USE;
/* A node of the tree for merkle.h's proofs: `context` is the struct db_txn. */
enum error log_node(void *txn, uint32_t level, uint64_t index, struct hash *out) MUST_USE;
/* The same of the filing tree. */
enum error filing_node(void *txn, uint32_t level, uint64_t index, struct hash *out) MUST_USE;
