/* Writing the next generation of the subject map (map_store.h), slice by slice. A program that only reads does not have
 * this file (tests/linkage.py). */
#pragma once

#include "ledger/filed/map_rows.h"

struct map_update;

/* Sorts `changes` in place (every label once) and borrows them until map_update_free. Writes generation
 * `generation` + 1 on top of `generation`, whose root must be `old_root` (borrowed; NULL: nobody knows it). */
enum error map_update_new(struct map_change *changes, size_t count, uint64_t generation, const struct hash *old_root,
	struct map_update **out) MUST_USE;
void map_update_free(struct map_update *update);
OWN(map_update, map_update_free);
/* Writes at least `rows_max` rows, or what is left. Any number of slices, each in a transaction of its own. E_CORRUPT:
 * what it would be built on is not what the rows above it, or the root, say. */
enum error map_update_slice(struct map_update *update, struct db_txn *txn, size_t rows_max, bool *finished) MUST_USE;
/* When finished. */
void map_update_root(const struct map_update *update, struct hash *out);
