/* A response as evhttp is given it. Only for the server. */
#pragma once

#include "query/http/exchange.h"

#include <event2/http.h>

struct evkeyvalq;

/* Hands the response's body over, without copying it; false: `body` is NULL, or there is no memory. */
bool reply_body(struct response *response, struct evbuffer *body);
/* `last`: of its connection. */
void reply_headers(const struct response *response, bool last, struct evkeyvalq *headers);
