/* Who accessed this person's data: one page of the answer, from one snapshot. spec/http.md
 *
 *   snapshot ─► indexes of the window ─► find (newest first) ─► each: withheld? erased? else open ─► JSON with proof
 *
 * Asks no clock and remembers nothing: all it reads is the snapshot, the time comes with the question, and what is the
 * same for all pages of a moment is remembered by coverage.h. A withheld event (its header holds a date in the future)
 * is counted and dated, never shown, and opens by itself after the date. A filter by organisation cannot be put to an
 * event that is not shown, so withheld and erased events are listed whatever the filter is; but to an organisation
 * that asks for itself only those that it reported. */
#pragma once

#include "query/answer/coverage.h"

#define ACCESSES_SCAN_MAX 4000u        /* events opened for one page when a filter leaves most of them out */
#define ACCESSES_BYTES_MAX (1u << 20)  /* disclosed bytes of one page; its JSON is about five times that at most */
#define ACCESSES_FROM_START UINT64_MAX /* `before` of the first page */

struct accesses_query {
	struct bytes subject;         /* canonical */
	uint64_t from_s;              /* ledger time, from <= t < to */
	uint64_t to_s;                /* UINT64_MAX: no end */
	struct bytes org;             /* "SCHEME:ID" of the organisation that accessed, or reported it; empty for all */
	bool org_alone;               /* nor anything of others' that is withheld or erased: who asks is `org` */
	bool whole;                   /* with the restricted part, and what is withheld too */
	uint32_t limit;               /* 1 to QUERY_PAGE_MAX items */
	uint64_t before;              /* only events with a lower index */
	uint64_t now_s;               /* judges what is withheld */
	const struct key *cursor_key; /* what `next` is sealed under, for the page; NULL: it has no cursor */
};

/* A hash over everything in the query but `limit`, `before` and the clock: what a cursor is bound to. */
void accesses_question(const struct accesses_query *query, struct hash *out);

/* {"subject", "accesses", "withheld", "complete_until", "coverage", "origin", "checkpoint", "cursor"} into `out`, which
 * has a room or none and is the caller's to release, also after an error. `next` is the `before` of the next page, 0 if
 * this is the last. E_BAD_VALUE for the limit, E_UNSEALED, E_CORRUPT, E_NO_MEMORY, E_TOO_MANY without room. */
enum error accesses_page(struct snapshot *snapshot, const struct accesses_query *query,
	const struct coverage_query *coverage, struct text *out, uint64_t *next, struct fault *fault) MUST_USE;

/* Reads one end of a window: RFC 3339, or a date alone, which is its midnight in UTC. Rounded up to whole seconds,
 * which is what ledger time is. E_BAD_VALUE. */
enum error accesses_time(const char *text, uint64_t *out) MUST_USE;
