/* What was asked, taken out of evhttp's request for whoever answers it in a thread of its own. */
#pragma once

#include "query/http/exchange.h"

#include <event2/http.h>

/* Fills in all that the request itself says. Gives the texts that `out` points into, to be freed when it was answered;
 * the body stays evhttp's, which keeps it as long as the request. NULL: there was no memory. */
char *asked_read(struct evhttp_request *http, struct request *out);

/* What whoever answers may see; they refuse what they do not take, with an Allow header. */
#define ASKED_METHODS                                                                                               \
	(EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | \
		EVHTTP_REQ_PATCH | EVHTTP_REQ_CONNECT)
