/* What is written as text, read again as a test wants to look at it. */
#pragma once

#include "query/answer/accesses.h"

/* New references; NULL with the error, which the caller judges. */
json_t *coverage_read(struct snapshot *snapshot, const struct coverage_query *query, enum error *error);
json_t *page_read(struct snapshot *snapshot, const struct accesses_query *query, const struct coverage_query *coverage,
	uint64_t *next, enum error *error, struct fault *fault);
