/* Events as JSON, at the edges: what senders write and what readers get. spec/event.md
 *
 * Unknown fields, wrong types and bad values are refused with the field's path, the value (unless the
 * field may hold personal data) and the reason. Nothing is truncated. */
#pragma once

#include "ledger/event/event.h"

#include <jansson.h>

/* Reads one event object. Texts in `out` are borrowed from `json`. `default_purpose` stands in for a missing
 * purpose and may be empty. The subject is brought into canonical form first ("cpr:010170-1234" and
 * "cpr:0101701234" are the same); `subject_scratch` (SUBJECT_BYTES_MAX + 1 bytes) holds the result. */
enum error event_from_json(const json_t *json, const char *default_purpose, char *subject_scratch, struct event *out,
	struct fault *fault) MUST_USE;

/* Parses text and reads one event; the document is handed over for the caller to json_decref. Duplicate keys and
 * trailing text are refused. */
enum error event_parse_json(struct bytes text, const char *default_purpose, char *subject_scratch, json_t **document,
	struct event *out, struct fault *fault) MUST_USE;

/* A new reference with the nested shape of spec/event.md; header fields (withheld_until, withheld_basis,
 * retention) included when set. NULL when out of memory. */
json_t *event_to_json(const struct event *event);
