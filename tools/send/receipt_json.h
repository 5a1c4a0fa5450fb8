/* Receipts as JSON lines. spec/sender.md */
#pragma once

#include "ingest/sender/outbox.h"

#include <jansson.h>
#include <stdio.h>

/* Everything that offline verification needs besides the log's vkey. NULL when out of memory. */
json_t *receipt_to_json(const char *origin, const struct batch_head *batch, const struct receipt *receipt);

/* NULL when out of memory. */
json_t *base64_to_json(struct bytes value);
/* One line; takes over `json`, NULL gives E_NO_MEMORY. */
enum error json_line(json_t *json, FILE *out) MUST_USE;
