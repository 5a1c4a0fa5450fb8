/* What the two kinds of HTTP servers (server.c, server_plain.c) begin with: a loop that ends on signals, and an address
 * to listen on. */
#pragma once

#include "ledger/text/address.h"

#include <event2/event.h>
#include <event2/http.h>

/* SIGTERM and SIGINT call `stop`; the events are the caller's to free, also after an error. */
enum error server_on_signals(
	struct event_base *base, event_callback_fn stop, void *context, struct event *out[2], struct fault *fault) MUST_USE;
/* Where no connection can be accepted (no file descriptor, no memory) none is tried for a while, and a line on standard
 * error says so, once a minute at most; whoever connects waits in the backlog meanwhile.
 * `out`: the address that it is, with the port that was taken for 0. The socket is evhttp's. */
enum error server_listen(struct event_base *base, struct evhttp *http, const struct address *address, int backlog,
	struct evhttp_bound_socket **bound, char out[ADDRESS_TEXT_MAX + 1], struct fault *fault) MUST_USE;
