/* What was asked, taken out of evhttp's request for whoever answers it in a thread of its own. */
#pragma once

#include "query/http/exchange.h"

#include <event2/http.h>

/* Fills in all that the request itself says. Gives the texts that `out` points into, to be freed when it was answered;
 * the body stays evhttp's, which keeps it as long as the request. NULL: there was no memory. */
char *asked_read(struct evhttp_request *http, struct request *out);
