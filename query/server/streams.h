/* Answers that go on (response.stream): their first part has been sent, and once a second a worker is asked whether
 * there is more, so nothing waits in a thread and nothing is held between.
 *
 *   streams_add ─► RESTING ──tick, all was taken──► AWAY (a worker) ──streams_back──► what came is sent ─► RESTING
 *                     │ not taken in time                                    └─ the end ─► closed
 *                     └─► closed
 *
 * The connection may go while a stream is AWAY; then streams_drop leaves it to streams_back, or to the end of all. Only
 * for the loop but for streams_work. */
#pragma once

#include "query/http/exchange.h"
#include "query/server/workers.h"

#include <event2/http.h>

#define STREAMS_TICK_MS 1000
#define STREAMS_TAKE_SECONDS 60 /* for a client to take what was sent */

struct streams;
struct flow; /* one of them: a struct work first, which goes_on */

/* E_NO_MEMORY. */
enum error streams_new(struct event_base *base, struct workers *workers, struct streams **out) MUST_USE;
/* After the connections; NULL: there are none. */
void streams_free(struct streams *streams);

/* Begins to answer: sends headers and the first part, and takes over the response's stream. Belongs to the connection
 * from here on, which ends with it. NULL: no memory, and nothing was sent. */
struct flow *streams_add(struct streams *streams, struct evhttp_request *http, struct response *response);
/* Its connection is ending. */
void streams_drop(struct flow *flow);

/* In a worker. */
void streams_work(struct work *work, void (*judge)(struct response *response));
/* What a worker has done. The error that ends all (response.fatal), or E_OK. */
enum error streams_back(struct work *work);
/* A worker's, or what waited for one, at the end of all: after the connections. */
void streams_release(struct work *work);
