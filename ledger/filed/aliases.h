/* Alias packs: which alias each event of a batch is about, sealed, in log order. They are written with the batch
 * and kept: filing is rebuilt from them. Those at or after `filed` are the tail that look-ups scan. spec/store.md */
#pragma once

#include "ledger/keystore/keystore.h"
#include "ledger/store/store.h"

#define ALIAS_POSITION_BYTES 8 /* in front of a pack */
#define ALIAS_ROW_BYTES_MAX (ALIAS_POSITION_BYTES + SEAL_OVERHEAD + BATCH_EVENTS_MAX * sizeof(struct alias))

/* After an error nothing of the pack is to be read; the next call steps over it. */
struct alias_walk {
	struct db_walk walk;
	const struct seal_keys *keys;
	uint64_t first_index; /* of the current pack */
	uint64_t position;    /* of its first event in the filing tree */
	uint32_t count;
	bool begun; /* on a pack, whether it opens or not: the next is the one behind it */
	struct alias aliases[BATCH_EVENTS_MAX];
};

/* sender || first sequence || count: what a pack is bound to */
#define ALIAS_CONTEXT_BYTES 16
struct bytes alias_context(uint32_t sender, uint64_t first_sequence, uint32_t count, uint8_t out[ALIAS_CONTEXT_BYTES]);

/* The position of the batch that begins at this index. E_NOT_FOUND: no batch of event entries does. */
enum error alias_position(struct db_txn *txn, uint64_t first_index, uint64_t *out) MUST_USE;

/* How many events the batch that begins at this index has, and its pack should be about. E_NOT_FOUND, E_CORRUPT. */
enum error alias_count(struct db_txn *txn, uint64_t first_index, uint64_t *out) MUST_USE;

/* Walks the packs with first index >= `from`. `out` is large: allocate it. */
enum error alias_walk_begin(
	struct db_txn *txn, const struct seal_keys *keys, uint64_t from, struct alias_walk *out) MUST_USE;
/* After begin: starts with the pack of the batch that `index` is in, or an earlier one, instead. */
enum error alias_walk_to(struct alias_walk *walk, uint64_t index) MUST_USE;
/* After begin: goes on with the first pack at or after `index`. */
void alias_walk_at(struct alias_walk *walk, uint64_t index);
/* Opens the next pack. E_NOT_FOUND: there is none; E_UNSEALED, E_CORRUPT: it does not open, and the walk may go on
 * behind it. */
enum error alias_walk_next(struct alias_walk *walk) MUST_USE;
void alias_walk_end(struct alias_walk *walk);
