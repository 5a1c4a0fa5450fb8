/* Alias packs: which alias each event of a batch is about, sealed, in log order. They are written with the batch
 * and kept: filing is rebuilt from them. Those at or after `filed` are the tail that look-ups scan. spec/store.md */
#pragma once

#include "ledger/keystore.h"
#include "ledger/store.h"

struct alias_walk {
	struct db_walk walk;
	const struct seal_keys *keys;
	uint64_t first_index; /* of the current pack */
	uint32_t count;
	struct alias aliases[BATCH_EVENTS_MAX];
};

void aliases_put(struct db_txn *txn, uint64_t first_index, struct bytes sealed);

/* Walks the packs with first index >= `from`. `out` is large: allocate it. */
enum error alias_walk_begin(
	struct db_txn *txn, const struct seal_keys *keys, uint64_t from, struct alias_walk *out) MUST_USE;
/* Opens the next pack; E_NOT_FOUND at the end, E_UNSEALED, E_CORRUPT. */
enum error alias_walk_next(struct alias_walk *walk) MUST_USE;
void alias_walk_end(struct alias_walk *walk);
