/* The part of a statement that leads from each event to its sender's own signature. spec/statement.md */
#pragma once

#include "ledger/read/archive.h"

#include <jansson.h>

/* {"senders", "batches"} for the events at these log indexes (ascending): a new reference. */
enum error statement_signatures_make(
	struct snapshot *snapshot, const uint64_t *indexes, size_t count, json_t **out) MUST_USE;
