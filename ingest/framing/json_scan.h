/* Where a JSON object or array ends, told byte by byte without keeping the bytes, and where it stops being one.
 *
 * Structure only: brackets, names, colons, commas, and that a string ends on its line (RFC 8259 allows no line end in
 * one). What stands in strings, numbers and words is for the parser to judge, which sees every document again. */
#pragma once

#include "ingest/framing/limits.h"
#include <stdbool.h>
#include <stdint.h>

enum json_scan_result { JSON_OPEN, JSON_DONE, JSON_BROKEN };

/* Names that framing must know, and the values of `resourceType`. */
enum json_scan_word { JSON_OTHER, JSON_RESOURCE_TYPE, JSON_ENTRY, JSON_RESOURCE, JSON_AUDIT_EVENT, JSON_BUNDLE };

struct json_scan {
	uint8_t mode;
	bool in_name;
	uint8_t kept;              /* bytes of the current string in `text`; over JSON_SCAN_TEXT_BYTES: it is longer */
	enum json_scan_word name;  /* of the member whose value comes next or has begun */
	enum json_scan_word found; /* set by the byte that ends the value of a `resourceType`, which stands at `depth` */
	bool typed;                /* this byte did */
	uint32_t depth;
	char text[JSON_SCAN_TEXT_BYTES];
	uint8_t objects[JSON_SCAN_DEPTH_MAX / 8];
};

void json_scan_begin(struct json_scan *scan);
/* The next byte. JSON_DONE: it closed the document. After JSON_BROKEN nothing more may be fed. */
enum json_scan_result json_scan_feed(struct json_scan *scan, uint8_t c);
/* True if a value may begin here: a nested document cannot be told from a new one by the grammar alone. */
bool json_scan_wants_value(const struct json_scan *scan);
/* True if the innermost open bracket is an object's. */
bool json_scan_in_object(const struct json_scan *scan);
