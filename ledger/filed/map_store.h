/* The subject map as it is stored. Derived state, written at epochs. spec/store.md, spec/map.md
 *
 * Labels with the same first 20 bits are a bucket; above the buckets stand five rows of sixteen hashes each, one row
 * for four bits. A change touches its label and the rows above it, and reads its bucket, so an epoch costs in
 * proportion to the subjects touched, and nothing is kept in memory between epochs.
 *
 *   label (32) ─► value (32)
 *   20 - depth (1) || prefix (3) ─► bitmap of the slots that are not empty (2) || their hashes, from slot 0 up
 *
 * The depth of a row is 0, 4, 8, 12 or 16. */
#pragma once

#include "ledger/filed/runs.h"
#include "ledger/tree/subject_map.h"
#include "ledger/tree/subject_tree.h"

enum error map_store_root(struct runs *runs, struct hash *out) MUST_USE;
/* Presence (*present, with the value) or absence, and the proof. */
enum error map_store_prove(
	struct runs *runs, const struct label *label, bool *present, struct hash *value, struct map_proof *out) MUST_USE;
/* Recomputes every row: E_CORRUPT unless the rows are one map and it has this root. `progress` (may
 * be NULL) is called for each row. */
enum error map_store_check(
	struct runs *runs, const struct hash *root, void (*progress)(void *context), void *context) MUST_USE;
/* Visits every label, ascending; `visit` ends the walk with an error. */
typedef enum error map_visitor(void *context, const struct label *label, const struct hash *value);
enum error map_store_visit(struct runs *runs, map_visitor *visit, void *context) MUST_USE;
