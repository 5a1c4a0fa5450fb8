#include "query/daemon/server_listen.h"

#include <errno.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define ACCEPT_PAUSE_MS 100
#define ACCEPT_SAY_SECONDS 60

enum error server_on_signals(
	struct event_base *base, event_callback_fn stop, void *context, struct event *out[2], struct fault *fault)
{
	static const int signals[] = {SIGTERM, SIGINT};
	for (size_t i = 0; i < 2; i++) {
		out[i] = evsignal_new(base, signals[i], stop, context);
		if (out[i] == NULL || event_add(out[i], NULL) != 0)
			return fault_set(fault, E_NO_MEMORY, "");
	}
	return E_OK;
}

static void on_again(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	evconnlistener_enable(context);
}

/* Trying again at once would only turn in circles. The loop is not run any more when the listener is gone. */
static void on_accept_error(struct evconnlistener *listener, void *http)
{
	static time_t said_s; /* of the only loop; 0: never */
	const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MS * 1000};
	int error = errno;
	struct timespec now;
	(void)http;
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_again, listener, &pause) == 0)
		evconnlistener_disable(listener);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (said_s != 0 && now.tv_sec - said_s < ACCEPT_SAY_SECONDS)
		return;
	said_s = now.tv_sec > 0 ? now.tv_sec : 1;
	fprintf(stderr, "no connection can be accepted: %s; those that come wait ('ulimit -n')\n", strerror(error));
}

enum error server_listen(struct event_base *base, struct evhttp *http, const struct address *address, int backlog,
	struct evhttp_bound_socket **bound, char out[ADDRESS_TEXT_MAX + 1], struct fault *fault)
{
	struct address own = *address;
	struct evconnlistener *listener =
		evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
			backlog, (struct sockaddr *)&own.socket, (int)own.len);
	if (listener == NULL)
		return fault_set(fault, E_IO, "cannot listen on the address: %m");
	*bound = evhttp_bind_listener(http, listener);
	if (*bound == NULL) {
		evconnlistener_free(listener);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	own.len = sizeof own.socket;
	if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&own.socket, &own.len) != 0)
		return fault_set(fault, E_IO, "the address cannot be read back: %m");
	address_format(&own, out);
	return E_OK;
}
