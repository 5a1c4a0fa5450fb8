/* libevent reports every accept that fails, and with no file descriptor left the next one fails at once: the loop would
 * do nothing else. So listening pauses. Where the pause itself cannot be had, listening goes on: a busy loop still
 * answers, a server that never listens again does not. */
#include "query/server/listen.h"

#include "ledger/base/clock.h"
#include "ledger/process/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define ACCEPT_PAUSE_MS 100
#define ACCEPT_SAY_MS 60000

/* The one server's: evhttp leaves no place for a context of ours. */
static struct {
	void (*tell)(const char *line);
	uint64_t next_ms; /* not before */
} said;

static void on_again(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	evconnlistener_enable(context);
}

void listen_pause(struct evconnlistener *listener)
{
	const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MS * 1000};
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_again, listener, &pause) == 0)
		evconnlistener_disable(listener);
}

/* Trying again at once would only turn in circles. The loop is not run any more when the listener is gone. */
static void on_accept_error(struct evconnlistener *listener, void *http)
{
	int error = errno;
	char line[160];
	(void)http;
	listen_pause(listener);
	if (clock_ms() < said.next_ms)
		return;
	said.next_ms = clock_ms() + ACCEPT_SAY_MS;
	snprintf(
		line, sizeof line, "no connection can be accepted: %s; those that come wait ('ulimit -n')", strerror(error));
	said.tell(line);
}

/* The address is read back because port 0 becomes another one. */
enum error listen_begin(struct event_base *base, struct evhttp *http, const struct address *address, int backlog,
	void (*tell)(const char *line), struct evhttp_bound_socket **bound, char out[ADDRESS_TEXT_MAX + 1],
	struct fault *fault)
{
	struct address own = *address;
	address_format(address, out);
	struct evconnlistener *listener =
		evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
			backlog, (struct sockaddr *)&own.socket, (int)own.len);
	if (listener == NULL)
		return address_refuse(out, fault);
	*bound = evhttp_bind_listener(http, listener);
	if (*bound == NULL) {
		evconnlistener_free(listener);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	said.tell = tell;
	evconnlistener_set_error_cb(listener, on_accept_error);
	own.len = sizeof own.socket;
	if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&own.socket, &own.len) != 0)
		return fault_set(fault, E_IO, "the address cannot be read back: %m");
	address_format(&own, out);
	return E_OK;
}

int listen_loop(struct event_base *base)
{
	int rc = 0;
	while (rc == 0) {
		process_wipe_traces();
		rc = event_base_loop(base, EVLOOP_ONCE);
		if (event_base_got_break(base) || event_base_got_exit(base))
			break;
	}
	return rc;
}

enum error listen_signals(struct event_base *base, event_callback_fn stop, event_callback_fn hangup, void *context,
	struct event *out[LISTEN_SIGNALS])
{
	static const int numbers[LISTEN_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
	for (size_t i = 0; i < LISTEN_SIGNALS; i++) {
		out[i] = evsignal_new(base, numbers[i], numbers[i] == SIGHUP ? hangup : stop, context);
		if (out[i] == NULL || event_add(out[i], NULL) != 0)
			return E_NO_MEMORY;
	}
	return E_OK;
}
