/* How well senders report, as the ledger sees it: what their newest events say of purposes, numbers in texts and lag,
 * and whether they are silent against their own rhythm. spec/quality.md
 *
 *   senders ─► new events? ─► hours heard ─► rhythm (rhythm.h)
 *                  └────────► sample of the window (sample.h) ─► opened, once each ─► facts of 16 bytes ─► figures
 *
 * Nothing but these facts is kept of what was opened: a sequence, seconds of lag, and which of a few things hold. They
 * are remembered, so a request costs what is new since the last one, and no more than QUALITY_LOOKS_MAX looks into the
 * store and one sender's: what is left is for the next one. */
#pragma once

#include "ledger/read/archive.h"
#include "ledger/read/status.h"
#include "query/http/text.h"
#include "query/quality/rhythm.h"

#include <pthread.h>

#define QUALITY_DAYS 7u          /* before the day that it is, which are looked at with it */
#define QUALITY_LOOKS_MAX 10000u /* of one request: batches found, events opened */
#define QUALITY_FIELDS_MAX 16u   /* free texts */

/* What a sender's events say. All numbers are of the sample, but for `events`. */
struct quality_figures {
	uint64_t events;     /* that came in the window */
	uint32_t sample;     /* of these are to be looked at, */
	uint32_t looked_at;  /* and were */
	uint32_t unreadable; /* of these: erased, lost or damaged */
	uint32_t purposes;   /* of which a purpose could be seen: */
	uint32_t missing;    /* it is "unspecified", */
	uint32_t usual;      /* or the registration's own */
	uint32_t numbers;    /* with a person's number in a free text; */
	uint32_t own;        /* that of whom the event is about, */
	uint32_t checked;    /* a Danish one that fulfils its check */
	uint32_t fields[QUALITY_FIELDS_MAX];
	uint32_t lags;                      /* of which it is known */
	int32_t p50_s, p90_s, p99_s, max_s; /* from the access to the ledger; negative: it says to be later */
	uint32_t over_day, ahead;
};

struct quality_sender {
	struct quality_figures figures;
	struct rhythm rhythm;
	uint64_t heard_s; /* ledger time of its last event; 0: never */
	bool silent;      /* against its own rhythm */
	bool looked;      /* false: it was not its turn yet, and nothing else here is known */
};

struct quality_known;

/* Of one ledger, for as long as it is asked about. Begins as QUALITY_MEMORY; any thread. */
struct quality_memory {
	pthread_mutex_t mutex;
	struct quality_known *known; /* by sender id */
	size_t count, capacity;
	size_t turn; /* who is looked at first */
};

#define QUALITY_MEMORY                      \
	(struct quality_memory)                 \
	{                                       \
		.mutex = PTHREAD_MUTEX_INITIALIZER, \
	}
void quality_memory_release(struct quality_memory *memory);

/* The time that all is looked at by: the clock's, or the ledger's where that is ahead. */
uint64_t quality_time(const struct snapshot *snapshot, uint64_t now_s);
/* When the window begins: a midnight in UTC. */
uint64_t quality_since(uint64_t now_s);
/* The name of a free text, by its place in `fields`; NULL: there is none. */
const char *quality_field(unsigned place);

/* Every sender, by id, with what is known of it once some of what is new was looked at; `visit` returns false to stop.
 * `looks` bounds that (UINT64_MAX: all). `*complete`: nothing is left to be looked at. The snapshot has keys. */
typedef bool quality_visitor(void *context, const struct sender *sender, const struct quality_sender *quality);
enum error quality_visit(struct snapshot *snapshot, struct quality_memory *memory, uint64_t now_s, uint64_t looks,
	quality_visitor *visit, void *context, bool *complete) MUST_USE;

/* ---- as JSON (quality_text.c) ---- */

struct quality_query {
	uint64_t now_s;
	uint64_t looks;
	const char *org;             /* of senders that are registered for it alone; NULL: of all */
	uint32_t sender;             /* this one alone; 0: all */
	const struct status *status; /* what ingestd says; NULL: nothing */
};

/* An object: spec/openapi.yaml, Quality. */
enum error quality_write(struct text *text, struct snapshot *snapshot, struct quality_memory *memory,
	const struct quality_query *query) MUST_USE;
