/* The subject map in the store. Derived state, written at epochs. spec/store.md, spec/map.md
 *
 * The first 20 bits of a label choose a bucket, a sorted list of labels with their values; above the buckets stand five
 * rows of sixteen hashes each, one row for four bits. A change touches its bucket and the rows above it, so an epoch
 * costs in proportion to the subjects touched, and nothing is kept in memory between epochs.
 *
 *   depth (1) || prefix (3) ─► generation (8) || newer content (range32) || older content (range32)
 *     depth 20: the content is label (32) || value (32), ascending
 *     depth 0, 4, 8, 12, 16: bitmap of the slots that are not empty (2) || their hashes, from slot 0 up
 *
 * A row holds what it was in the generation before its newest change as well: while an epoch writes generation g + 1 in
 * many transactions, readers of generation g see the map of g whole. Writing generation g + 1 again after a crash
 * begins with what g was. */
#pragma once

#include "ledger/store/store.h"
#include "ledger/tree/subject_map.h"
#include "ledger/tree/subject_tree.h"

enum error map_store_root(struct db_txn *txn, uint64_t generation, struct hash *out) MUST_USE;
/* Presence (*present, with the value) or absence, and the proof. */
enum error map_store_prove(struct db_txn *txn, uint64_t generation, const struct label *label, bool *present,
	struct hash *value, struct map_proof *out) MUST_USE;
/* Recomputes every row: E_CORRUPT unless the rows of this generation are one map and it has this root. `progress` (may
 * be NULL) is called for each row. */
enum error map_store_check(struct db_txn *txn, uint64_t generation, const struct hash *root,
	void (*progress)(void *context), void *context) MUST_USE;
/* Visits every label, ascending; `visit` ends the walk with an error. */
typedef enum error map_visitor(void *context, const struct label *label, const struct hash *value);
enum error map_store_visit(struct db_txn *txn, uint64_t generation, map_visitor *visit, void *context) MUST_USE;
