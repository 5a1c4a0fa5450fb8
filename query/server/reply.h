/* A response as evhttp is given it. Only for the server. */
#pragma once

#include "query/http/exchange.h"

#include <event2/http.h>

struct evkeyvalq;
struct evbuffer;

/* Hands the response's body over, without copying it; false: `body` is NULL, or there is no memory. */
bool reply_body(struct response *response, struct evbuffer *body);
/* The headers that every answer has (HTTP-5), into what evhttp made by itself and is about to send: its first line is
 * the first to come into an empty buffer, and so the one place where another can be put behind it. "100 Continue" is no
 * answer yet, and ends with that line. */
void reply_mark(struct evbuffer *output);
/* One connection too many. Whether it hears the refusal or not does not matter. */
void reply_turn_away(int fd);
/* `last`: of its connection. */
void reply_headers(const struct response *response, bool last, struct evkeyvalq *headers);
