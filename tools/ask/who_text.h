/* An answer as text for people: a table of accesses, and what stands around it.
 *
 * It is told what was asked for as well, since an answer with a filter that does not say so would be read as the
 * whole. */
#pragma once

#include "tools/show/answer.h"
#include "tools/show/asked.h"
#include "tools/show/words.h"

/* What was asked for: an answer that leaves something out says so. */
struct who_filters {
	struct asked_window window;
	const char *org; /* or NULL */
	uint64_t all;    /* how many accesses there are without these, where the answer has none; else 0 */
};

/* Repeats of one day (all but the time the same) share a row; the newest access comes first. Times are local, each with
 * its distance from UTC. E_NO_MEMORY. */
enum error who_text(
	const struct answer *answer, const struct who_filters *filters, const struct words *words, FILE *out) MUST_USE;
