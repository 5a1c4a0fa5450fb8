/* Receipts as JSON lines. spec/sender.md */
#pragma once

#include "ingest/sender/outbox.h"

/* Everything that offline verification needs besides the log's vkey. NULL when out of memory. */
json_t *receipt_to_json(const char *origin, const struct batch_head *batch, const struct receipt *receipt);
