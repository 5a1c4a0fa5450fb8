/* An OTLP request, or a line of a file in its JSON, cut into its records: each is a message, a request of its own with
 * nothing but that record and what stands around it, in the same bytes whichever others it came with. spec/otlp.md
 *
 *   otlp_parts_begin ─► otlp_parts_next ─► one record ─► otlp_parts_next ... otlp_parts_end */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

struct otlp_parts {
	struct bytes text; /* of all */
	json_t *root;      /* NULL: there is nothing to cut */
	const json_t *groups;
	bool spans;
	size_t group, scope, record; /* of the next one */
	size_t count;                /* of all */
	char *part;                  /* what was given out last */
};

/* The text is borrowed. E_BAD_JSON; E_BAD_VALUE, E_MISSING_FIELD: it is no such request. */
enum error otlp_parts_begin(struct bytes text, struct otlp_parts *out, struct fault *fault) MUST_USE;
/* Borrowed until the next call. False: there are no more. E_NO_MEMORY in the fault
 * is of one that could not be cut, for which all of the text is given. */
bool otlp_parts_next(struct otlp_parts *parts, struct bytes *out, struct fault *fault);
/* At most so many bytes are given out in all. */
size_t otlp_parts_bytes(const struct otlp_parts *parts);
void otlp_parts_end(struct otlp_parts *parts);
