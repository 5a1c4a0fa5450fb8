/* Leaves out checks one after the other, and demands that a vector notices: what must be refused is then taken. The
 * verifiers are built once more for such a test, with every condition in a place of its own (ledger/base/wrong.h). What
 * happens without one is tried in a process of its own: without a check anything may happen, and a verifier that dies
 * has not said that the file holds, but neither has it noticed what was wrong, so it counts as taken. */
#pragma once

#include "ledger/log/finding.h"
#include "tests/lib/vector.h"

/* A check that no vector can show to be needed, because what it refuses is refused by another one anyway: it is made
 * for the sake of a better name, or so that code further down may rely on it. */
struct implied {
	const char *file;
	const char *condition;
	const char *why;
};

struct verdict {
	enum error error;
	enum finding_code finding; /* FINDING_NONE where the page has no names */
};

struct page {
	const char *name;
	struct verdict (*verify)(const json_t *vector);
	const char *own; /* files whose every check the page's own vectors must need, though other pages share them */
};

void leave_out(const struct page *list, size_t count, const struct implied *implied, size_t implied_count);
