/* The tail: events that no epoch has filed yet, found by alias. One for an archive, shared by all its snapshots.
 *
 * The packs of the tail are opened once, as the log grows, and kept in memory by alias: 28 to 36 bytes an event. What
 * is filed meanwhile is dropped. A question costs what it finds, not what waits to be filed. */
#pragma once

#include "ledger/filed/aliases.h"
#include "ledger/log/losses.h"

struct tail;

/* NULL when out of memory. */
struct tail *tail_new(void);
void tail_free(struct tail *tail);

/* One snapshot's part of it: entries from `filed` on below `size`, read in `txn`. */
struct tail_view {
	struct db_txn *txn;
	const struct seal_keys *keys;
	uint64_t filed;
	uint64_t size;
	const struct losses *losses; /* what this snapshot knows to be lost is found by nobody */
};

/* Indexes of the events about `alias` in the view with index < before, newest first, at most `max`. Any thread. What
 * cannot be opened is not left out: E_UNSEALED, E_CORRUPT; E_NO_MEMORY. */
enum error tail_find(struct tail *tail, const struct tail_view *view, const struct alias *alias, uint64_t before,
	uint64_t *indexes, size_t max, size_t *count) MUST_USE;
