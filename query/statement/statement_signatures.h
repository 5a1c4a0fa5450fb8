/* The part of a statement that leads from each event to its sender's own signature. spec/statement.md */
#pragma once

#include "ledger/read/archive.h"
#include "query/http/text.h"

/* {"batches", "senders"} for the events at these log indexes (ascending). */
enum error statement_signatures_write(
	struct text *text, const char *name, struct snapshot *snapshot, const uint64_t *indexes, size_t count) MUST_USE;
