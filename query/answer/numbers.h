/* What is published of all accesses to everybody, without signing in: how many each organisation reported on each past
 * day, so that nobody can be made out by it. spec/numbers.md
 *
 *   log ─► where each day ends ─► each sender's sequence there ─► counts ─► sums by organisation ─► rounded down
 *
 * All of it follows from the public log, and from that part of it which cannot grow any more: a day is published when
 * the log has an entry of a later one. So whoever computes it has the same, and asking again never gives a difference.
 * It is made once for each day that has passed. */
#pragma once

#include "ledger/read/archive.h"
#include "query/http/text.h"

#include <pthread.h>

#define NUMBERS_DAYS 31u /* the last that are published */
#define NUMBERS_BASE 10u /* counts below it are not told apart, those above go down to a multiple of it */

/* Of one ledger, for as long as it is asked about. Begins as NUMBERS_MEMORY; any thread. */
struct numbers_memory {
	pthread_mutex_t mutex;
	uint64_t past;    /* days since 1970 that it is about */
	struct text text; /* empty: nothing is remembered */
};

#define NUMBERS_MEMORY                      \
	(struct numbers_memory)                 \
	{                                       \
		.mutex = PTHREAD_MUTEX_INITIALIZER, \
	}
void numbers_memory_release(struct numbers_memory *memory);

/* `memory` may be NULL. */
enum error numbers_write(
	struct text *text, const char *name, struct snapshot *snapshot, struct numbers_memory *memory) MUST_USE;
/* The first log index whose time is at `time_s` or later, or the log's size; times never go down. */
enum error numbers_index_at(struct snapshot *snapshot, uint64_t time_s, uint64_t *out) MUST_USE;
/* What is published of a count: a multiple of NUMBERS_BASE; 0: fewer than NUMBERS_BASE, or none. */
uint64_t numbers_rounded(uint64_t count);
