/* Receipts and refused messages as JSON lines. spec/sender.md */
#pragma once

#include "ingest/outbox.h"

#include <jansson.h>
#include <stdio.h>

/* Everything that offline verification needs besides the log's vkey. NULL when out of memory. */
json_t *receipt_to_json(const char *origin, const struct batch_head *batch, const struct receipt *receipt);

/* A message that was refused. */
struct refused {
	struct bytes input; /* name, may be empty */
	uint64_t number;    /* from 0 */
	enum error error;
	const char *reason;
	struct bytes text;          /* as it stood in the input: put in as JSON if it is, else as text, else in base64 */
	const struct event *events; /* instead of text, when only these are left of it */
	size_t count;
};

/* NULL when out of memory. */
json_t *refused_to_json(const struct refused *refused);
/* One line; takes over `json`, NULL gives E_NO_MEMORY. */
enum error json_line(json_t *json, FILE *out) MUST_USE;
