#include "query/server_listen.h"

#include <event2/listener.h>
#include <signal.h>
#include <sys/socket.h>

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
	own.len = sizeof own.socket;
	if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&own.socket, &own.len) != 0)
		return fault_set(fault, E_IO, "the address cannot be read back: %m");
	address_format(&own, out);
	return E_OK;
}
