/* Writing the subject map (map_store.h) anew where it changes, slice by slice. A program that only reads does not have
 * this file (tests/linkage.py). */
#pragma once

#include "ledger/filed/map_rows.h"
#include "ledger/filed/run_put.h"

struct map_update;

/* Sorts `changes` in place (every label once, or a slice gives E_CORRUPT) and borrows them until map_update_free. The
 * map that `runs` (borrowed) holds must have the root `old_root` (borrowed; NULL: nobody knows it). */
enum error map_update_new(struct map_change *changes, size_t count, struct runs *runs, const struct hash *old_root,
	struct map_update **out) MUST_USE;
void map_update_free(struct map_update *update);
OWN(map_update, map_update_free);
/* Writes about `rows_max` rows, old ones among them, or what is left. E_CORRUPT: what it would be built on is not what
 * the rows above it, or the root, say. */
enum error map_update_slice(
	struct map_update *update, struct run_writer *writer, size_t rows_max, bool *finished) MUST_USE;
/* When finished. */
void map_update_root(const struct map_update *update, struct hash *out);
