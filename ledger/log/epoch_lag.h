/* Whether events are filed in time, from the entries alone (EPO-9): anybody who reads a log can check it.
 *
 *   event ──── time goes on for the first time: its lag begins ──── an entry more than the allowed lag later: too late
 *                                        └── an epoch entry that covers it, or a loss entry: in time
 *
 * Memory: 24 bytes for each batch (events that follow one another) that no epoch covers yet, in an array up to twice
 * that. */
#pragma once

#include "ledger/entry/entry.h"

/* Events that follow one another, indexes [first, end), and that no epoch covers: at least one. */
struct lag_run {
	uint64_t first;
	uint64_t end;
	uint64_t since_s; /* ledger time at which their lag began; set once it has */
};

/* All zero is the beginning. */
struct epoch_lag {
	uint64_t lag_s;   /* what the genesis entry allows */
	uint64_t clock_s; /* ledger time so far */
	uint64_t events;  /* in all runs */
	size_t first;     /* of the uncovered ones in `runs` */
	size_t begun;     /* behind the last one whose lag has begun */
	size_t end;
	size_t capacity;
	struct lag_run *runs;
};

/* The next entry. E_CORRUPT: the event at *late is filed too late, and this entry is what shows it; it is taken all the
 * same, and whoever wants to may go on. E_NO_MEMORY. */
enum error epoch_lag_entry(struct epoch_lag *lag, uint64_t index, const struct entry *entry, uint64_t *late) MUST_USE;
/* The same for an event or mass entry. */
enum error epoch_lag_event(
	struct epoch_lag *lag, uint64_t index, const struct entry_event *event, uint64_t *late) MUST_USE;
/* Whether an entry of this ledger time may come now: no event would be late by it. */
bool epoch_lag_allows(const struct epoch_lag *lag, uint64_t time_s);
/* Puts back what was written down: events of indexes [first, first + count) that no epoch covers, after those put back
 * before; `since_s` 0: their lag has not begun. E_NO_MEMORY. */
enum error epoch_lag_add(struct epoch_lag *lag, uint64_t since_s, uint64_t first, uint64_t count) MUST_USE;
void epoch_lag_free(struct epoch_lag *lag);
