/* The address that a server listens on, and what it does where no connection can be accepted. */
#pragma once

#include "ledger/text/address.h"

#include <event2/http.h>
#include <event2/listener.h>

/* Where no connection can be accepted (no file descriptor, no memory) none is tried for a while, and `tell` is given a
 * line that says so, once a minute at most; whoever connects waits in the backlog meanwhile. For one server of a
 * process. `out`: the address that it is, with the port that was taken for 0. The socket is evhttp's. */
enum error listen_begin(struct event_base *base, struct evhttp *http, const struct address *address, int backlog,
	void (*tell)(const char *line), struct evhttp_bound_socket **bound, char out[ADDRESS_TEXT_MAX + 1],
	struct fault *fault) MUST_USE;
#define LISTEN_SIGNALS 3u
/* SIGTERM and SIGINT call `stop`, SIGHUP `hangup`. What was made stands in `out`, also of what failed; E_NO_MEMORY. */
enum error listen_signals(struct event_base *base, event_callback_fn stop, event_callback_fn hangup, void *context,
	struct event *out[LISTEN_SIGNALS]) MUST_USE;
/* Accepts nothing for a tenth of a second. */
void listen_pause(struct evconnlistener *listener);
/* As event_base_dispatch, but nothing of a request is left behind in registers and on the stack while it waits for the
 * next one. */
int listen_loop(struct event_base *base);
