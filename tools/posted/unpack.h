/* A body out of what it came in, as Content-Encoding says: gzip, or nothing. In a worker. */
#pragma once

#include "ledger/base/bytes.h"
#include "query/http/exchange.h"

#include <stdbool.h>

/* What a door takes, and what it says of the rest. */
struct unpacking {
	size_t bytes_max;     /* of what gzip held */
	const char *too_long; /* of more */
	bool x_gzip;          /* the older word for it is taken, too (RFC 9110 section 8.4.1.3) */
	response_refuser *refuse;
};

/* True: `*out` is the body without its gzip, and `*owned` its memory where it is not the request's. Else `response` is
 * the refusal. */
bool unpack(const struct unpacking *how, const struct request *request, char **owned, struct bytes *out,
	struct response *response) MUST_USE;
