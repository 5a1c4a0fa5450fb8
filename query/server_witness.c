#include "query/server_witness.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define REQUEST_HEAD_BYTES_MAX 16384
#define LISTEN_BACKLOG 64

struct connection {
	struct witness_server *server;
	struct bufferevent *bufferevent; /* held until the connection is known */
	struct evhttp_connection *http;  /* NULL until then */
	struct event *timer;
};

struct witness_server {
	struct witness *witness;
	struct event_base *base;
	struct evhttp *http;
	struct event *signals[2];
	uint32_t connections;
	char address[ADDRESS_TEXT_MAX + 1];
	struct witness_answer answer;
};

/* ---- connections: counted, and each with an end ---- */

static void connection_free(struct connection *connection)
{
	connection->server->connections--;
	event_free(connection->timer);
	free(connection);
}

static void on_closed(struct evhttp_connection *http, void *context)
{
	(void)http;
	connection_free(context);
}

/* Right after accept: evhttp has made its own object around the bufferevent, which is the argument of the callbacks it
 * has set there. */
static void connection_begin(struct connection *connection)
{
	const struct timeval life = {.tv_sec = WITNESS_CONNECTION_SECONDS};
	void *http = NULL;
	bufferevent_getcb(connection->bufferevent, NULL, NULL, NULL, &http);
	bufferevent_decref(connection->bufferevent);
	if (http == NULL) {
		connection_free(connection);
		return;
	}
	connection->http = http;
	evhttp_connection_set_closecb(http, on_closed, connection);
	if (connection->server->connections > WITNESS_CONNECTIONS_MAX)
		evhttp_connection_free(http);
	else
		evtimer_add(connection->timer, &life);
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct connection *connection = context;
	if (connection->http == NULL)
		connection_begin(connection);
	else
		evhttp_connection_free(connection->http);
}

static struct bufferevent *on_accept(struct event_base *base, void *context)
{
	struct witness_server *server = context;
	struct connection *connection = calloc(1, sizeof *connection);
	struct bufferevent *bufferevent = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct event *timer = connection ? evtimer_new(base, on_timer, connection) : NULL;
	if (timer == NULL || bufferevent == NULL) {
		if (timer)
			event_free(timer);
		free(connection);
		return bufferevent; /* not counted: out of memory for a few bytes, it will not last */
	}
	*connection = (struct connection){.server = server, .bufferevent = bufferevent, .timer = timer};
	bufferevent_incref(bufferevent);
	server->connections++;
	event_active(timer, EV_TIMEOUT, 0);
	return bufferevent;
}

/* ---- requests ---- */

static void refuse(struct witness_answer *out, int status, const char *why)
{
	*out = (struct witness_answer){.status = status, .content_type = "text/plain; charset=utf-8", .origin = "-"};
	out->len = strlen(why);
	memcpy(out->body, why, out->len);
}

/* A HEAD gets the length and no body: evhttp would send the body too. */
static void reply(struct evhttp_request *http, const struct witness_answer *answer)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
	struct evbuffer *body = evhttp_request_get_output_buffer(http);
	char length[24];
	snprintf(length, sizeof length, "%zu", answer->len);
	evhttp_add_header(headers, "Content-Length", length);
	evhttp_add_header(headers, "Content-Type", answer->content_type);
	if (answer->status == 405)
		evhttp_add_header(headers, "Allow", "GET, HEAD, POST");
	if (evhttp_request_get_command(http) != EVHTTP_REQ_HEAD && evbuffer_add(body, answer->body, answer->len) != 0)
		evhttp_send_error(http, HTTP_SERVUNAVAIL, NULL); /* out of memory */
	else
		evhttp_send_reply(http, answer->status, NULL, NULL);
}

static struct bytes request_body(struct evhttp_request *http)
{
	struct evbuffer *buffer = evhttp_request_get_input_buffer(http);
	size_t len = evbuffer_get_length(buffer);
	return bytes_of(evbuffer_pullup(buffer, -1), len);
}

static void on_add(struct evhttp_request *http, void *context)
{
	struct witness_server *server = context;
	if (evhttp_request_get_command(http) != EVHTTP_REQ_POST)
		refuse(&server->answer, 405, "add-checkpoint is asked with POST\n");
	else
		witness_add_checkpoint(server->witness, request_body(http), (uint64_t)time(NULL), &server->answer);
	fprintf(stderr, "add-checkpoint %d %s\n", server->answer.status, server->answer.origin);
	reply(http, &server->answer);
}

/* Everything else: "/<origin hash>/checkpoint", or nothing. */
static void on_read(struct evhttp_request *http, void *context)
{
	static const char tail[] = "/checkpoint";
	struct witness_server *server = context;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http));
	enum evhttp_cmd_type method = evhttp_request_get_command(http);
	size_t len = path ? strlen(path) : 0;
	if (len != 1 + 2 * HASH_BYTES + strlen(tail) || strcmp(path + len - strlen(tail), tail) != 0)
		refuse(&server->answer, 404, "here are /add-checkpoint and /<origin hash>/checkpoint\n");
	else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD)
		refuse(&server->answer, 405, "a checkpoint is read with GET\n");
	else
		witness_checkpoint(server->witness, bytes_of(path + 1, 2 * HASH_BYTES), &server->answer);
	reply(http, &server->answer);
}

/* ---- life ---- */

static void on_stop(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	event_base_loopexit(context, NULL);
}

static enum error server_bind(struct witness_server *server, const struct address *address, struct fault *fault)
{
	struct address bound = *address;
	struct evconnlistener *listener = evconnlistener_new_bind(server->base, NULL, NULL,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, LISTEN_BACKLOG,
		(struct sockaddr *)&bound.socket, (int)bound.len);
	if (listener == NULL)
		return fault_set(fault, E_IO, "cannot listen on the address: %m");
	bound.len = sizeof bound.socket;
	int failed = getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&bound.socket, &bound.len);
	if (evhttp_bind_listener(server->http, listener) == NULL) {
		evconnlistener_free(listener);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	if (failed)
		return fault_set(fault, E_IO, "the address cannot be read back: %m");
	address_format(&bound, server->address);
	return E_OK;
}

static enum error server_events(struct witness_server *server, struct fault *fault)
{
	static const int signals[] = {SIGTERM, SIGINT};
	server->base = event_base_new();
	server->http = server->base ? evhttp_new(server->base) : NULL;
	if (server->http == NULL || evhttp_set_cb(server->http, "/add-checkpoint", on_add, server) != 0)
		return fault_set(fault, E_IO, "the event loop cannot be made: %m");
	for (size_t i = 0; i < 2; i++) {
		server->signals[i] = evsignal_new(server->base, signals[i], on_stop, server->base);
		if (server->signals[i] == NULL || event_add(server->signals[i], NULL) != 0)
			return fault_set(fault, E_NO_MEMORY, "");
	}
	evhttp_set_max_headers_size(server->http, REQUEST_HEAD_BYTES_MAX);
	evhttp_set_max_body_size(server->http, WITNESS_BODY_BYTES_MAX);
	evhttp_set_allowed_methods(server->http, UINT16_MAX);
	evhttp_set_bevcb(server->http, on_accept, server);
	evhttp_set_gencb(server->http, on_read, server);
	return E_OK;
}

enum error witness_server_new(
	const struct address *address, struct witness *witness, struct witness_server **out, struct fault *fault)
{
	struct witness_server *server = calloc(1, sizeof *server);
	if (server == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	server->witness = witness;
	enum error error = server_events(server, fault);
	if (error == E_OK)
		error = server_bind(server, address, fault);
	if (error != E_OK) {
		witness_server_free(server);
		return error;
	}
	*out = server;
	return E_OK;
}

const char *witness_server_address(const struct witness_server *server)
{
	return server->address;
}

enum error witness_server_run(struct witness_server *server, struct fault *fault)
{
	signal(SIGPIPE, SIG_IGN);
	if (event_base_dispatch(server->base) < 0)
		return fault_set(fault, E_IO, "the event loop failed: %m");
	return E_OK;
}

void witness_server_free(struct witness_server *server)
{
	if (server->http)
		evhttp_free(server->http); /* with its connections */
	for (size_t i = 0; i < 2; i++)
		if (server->signals[i])
			event_free(server->signals[i]);
	if (server->base)
		event_base_free(server->base);
	free(server);
}
