#include "query/daemon/server_plain.h"

#include "query/daemon/server_listen.h"
#include "query/daemon/server_request.h"
#include "query/http/negotiate.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define REQUEST_HEAD_BYTES_MAX 16384
#define READ_AHEAD_BYTES_MAX (4 * REQUEST_HEAD_BYTES_MAX) /* beside one whole body */
#define LISTEN_BACKLOG 64
#define OUTPUT_BYTES_MAX (64u << 20) /* answers that wait for their readers */
#define OTHER_FILES                                                                                  \
	256u /* open beside connections: files that are read and written, and a mirror's own connections \
		  */

struct connection {
	struct plain_server *server;
	struct bufferevent *bufferevent; /* held until the connection is known */
	struct evhttp_connection *http;  /* NULL until then */
	struct event *timer;
	struct connection *next; /* of those of the server */
	struct connection **link;
	size_t output_bytes; /* of the answer that is being taken */
};

struct plain_server {
	struct plain_options options;
	struct event_base *base;
	struct evhttp *http;
	struct event *signals[2];
	uint32_t connections;
	struct connection *first;
	size_t output_bytes; /* of all connections */
	char address[ADDRESS_TEXT_MAX + 1];
};

/* ---- connections: counted, and each with an end ---- */

static void set_output(struct connection *connection, size_t bytes)
{
	connection->server->output_bytes += bytes - connection->output_bytes;
	connection->output_bytes = bytes;
}

static void connection_free(struct connection *connection)
{
	set_output(connection, 0);
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
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
	const struct timeval life = {.tv_sec = connection->server->options.connection_seconds};
	void *http = NULL;
	bufferevent_getcb(connection->bufferevent, NULL, NULL, NULL, &http);
	bufferevent_decref(connection->bufferevent);
	if (http == NULL) {
		connection_free(connection);
		return;
	}
	connection->http = http;
	evhttp_connection_set_closecb(http, on_closed, connection);
	if (connection->server->connections > connection->server->options.connections_max)
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
	struct plain_server *server = context;
	struct connection *connection = calloc(1, sizeof *connection);
	struct bufferevent *bufferevent = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct event *timer = connection ? evtimer_new(base, on_timer, connection) : NULL;
	if (timer == NULL || bufferevent == NULL) {
		if (timer)
			event_free(timer);
		free(connection);
		return bufferevent; /* not counted: out of memory for a few bytes, it will not last */
	}
	*connection = (struct connection){
		.server = server, .bufferevent = bufferevent, .timer = timer, .next = server->first, .link = &server->first};
	if (server->first != NULL)
		server->first->link = &connection->next;
	server->first = connection;
	/* evhttp reads on while it writes, also from a client that takes no answers. */
	bufferevent_setwatermark(bufferevent, EV_READ, 0, READ_AHEAD_BYTES_MAX + server->options.body_bytes_max);
	bufferevent_incref(bufferevent);
	server->connections++;
	event_active(timer, EV_TIMEOUT, 0);
	return bufferevent;
}

/* ---- requests ---- */

static void add_header(struct evhttp_request *http, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		evhttp_add_header(evhttp_request_get_output_headers(http), name, value);
}

static struct connection *connection_of(struct plain_server *server, struct evhttp_request *http)
{
	const struct evhttp_connection *wanted = evhttp_request_get_connection(http);
	struct connection *connection = server->first;
	while (connection != NULL && connection->http != wanted)
		connection = connection->next;
	return connection;
}

static void on_written(struct evhttp_request *http, void *context)
{
	(void)http;
	set_output(context, 0);
}

/* Counts what waits for its reader, before it waits. */
static bool take_room(struct plain_server *server, struct evhttp_request *http, size_t bytes)
{
	struct connection *connection = connection_of(server, http);
	if (connection == NULL || bytes > OUTPUT_BYTES_MAX - server->output_bytes)
		return false;
	set_output(connection, bytes);
	evhttp_request_set_on_complete_cb(http, on_written, connection);
	return true;
}

/* A HEAD gets the length and no body: evhttp would send the body too. */
static void reply(struct evhttp_request *http, const struct plain_answer *answer)
{
	struct evbuffer *body = evhttp_request_get_output_buffer(http);
	bool bodiless = evhttp_request_get_command(http) == EVHTTP_REQ_HEAD || answer->status == 304;
	char length[24];
	snprintf(length, sizeof length, "%zu", answer->body.len);
	if (answer->status != 304)
		add_header(http, "Content-Length", length);
	add_header(http, "Content-Type", answer->content_type);
	add_header(http, "Allow", answer->allow);
	add_header(http, "Cache-Control", answer->cache_control);
	add_header(http, "Content-Encoding", answer->encoding);
	add_header(http, "Vary", answer->vary);
	add_header(http, "ETag", answer->tag);
	if (!bodiless && evbuffer_add(body, answer->body.data, answer->body.len) != 0)
		evhttp_send_error(http, HTTP_SERVUNAVAIL, NULL); /* out of memory */
	else
		evhttp_send_reply(http, answer->status, NULL, NULL);
}

static enum plain_method method_of(enum evhttp_cmd_type command)
{
	switch (command) {
	case EVHTTP_REQ_GET:
		return PLAIN_GET;
	case EVHTTP_REQ_HEAD:
		return PLAIN_HEAD;
	case EVHTTP_REQ_POST:
		return PLAIN_POST;
	default:
		return PLAIN_OTHER;
	}
}

/* Only what takes bodies gets one: a proxy could make out another end of the request than evhttp. */
static bool end_clear(const struct plain_server *server, struct evhttp_request *http, enum plain_method method)
{
	enum request_end end = request_end(http);
	return end == REQUEST_BODILESS ||
		   (end == REQUEST_BODY && method == PLAIN_POST && server->options.body_bytes_max > 0);
}

static void on_request(struct evhttp_request *http, void *context)
{
	struct plain_server *server = context;
	struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	struct evbuffer *body = evhttp_request_get_input_buffer(http);
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http));
	const char *accepted = evhttp_find_header(headers, "Accept-Encoding");
	size_t len = evbuffer_get_length(body);
	const struct plain_request request = {.method = method_of(evhttp_request_get_command(http)),
		.path = path != NULL ? path : "",
		.if_none_match = evhttp_find_header(headers, "If-None-Match"),
		.gzip = negotiate_gzip(accepted),
		.body = bytes_of(evbuffer_pullup(body, -1), len)};
	struct plain_answer answer = {.status = 400,
		.content_type = "text/plain; charset=utf-8",
		.body = bytes_text("a body is not taken here, or it is not clear where this request ends\n")};
	if (!end_clear(server, http, request.method)) {
		add_header(http, "Connection", "close");
	} else {
		answer = (struct plain_answer){.status = 0};
		server->options.handler(server->options.context, &request, &answer);
	}
	if (!take_room(server, http, request.method == PLAIN_HEAD ? 0 : answer.body.len)) {
		answer = (struct plain_answer){.status = 503,
			.content_type = "text/plain; charset=utf-8",
			.body = bytes_text("too many answers wait for their readers; try again later\n")};
		add_header(http, "Retry-After", "1");
		add_header(http, "Connection", "close");
	}
	reply(http, &answer);
}

/* ---- life ---- */

static void on_stop(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	event_base_loopexit(context, NULL);
}

static enum error server_events(struct plain_server *server, struct fault *fault)
{
	server->base = event_base_new();
	server->http = server->base ? evhttp_new(server->base) : NULL;
	if (server->http == NULL)
		return fault_set(fault, E_IO, "the event loop cannot be made: %m");
	TRY(server_on_signals(server->base, on_stop, server->base, server->signals, fault));
	evhttp_set_max_headers_size(server->http, REQUEST_HEAD_BYTES_MAX);
	evhttp_set_max_body_size(server->http, (ev_ssize_t)server->options.body_bytes_max);
	evhttp_set_allowed_methods(server->http, UINT16_MAX);
	evhttp_set_bevcb(server->http, on_accept, server);
	evhttp_set_gencb(server->http, on_request, server);
	return E_OK;
}

/* Where a process may not have so many files open, accepting would fail over and over: then there are fewer
 * connections. */
static enum error limit_connections(struct plain_options *options, struct fault *fault)
{
	struct rlimit files;
	const rlim_t wanted = options->connections_max + OTHER_FILES;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return fault_set(fault, E_IO, "the limit of open files cannot be read: %m");
	if (files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &files) != 0)
			return fault_set(fault, E_IO, "the limit of open files cannot be set: %m");
	}
	if (files.rlim_cur <= OTHER_FILES)
		return fault_set(fault, E_IO, "this process may open only %ju files, and needs %ju ('ulimit -n')",
			(uintmax_t)files.rlim_cur, (uintmax_t)wanted);
	if (files.rlim_cur < wanted)
		options->connections_max = (uint32_t)files.rlim_cur - OTHER_FILES;
	return E_OK;
}

enum error plain_server_new(
	const struct address *address, const struct plain_options *options, struct plain_server **out, struct fault *fault)
{
	struct plain_server *server = calloc(1, sizeof *server);
	if (server == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	struct evhttp_bound_socket *bound;
	server->options = *options;
	enum error error = limit_connections(&server->options, fault);
	if (error == E_OK)
		error = server_events(server, fault);
	if (error == E_OK)
		error = server_listen(server->base, server->http, address, LISTEN_BACKLOG, &bound, server->address, fault);
	if (error != E_OK) {
		plain_server_free(server);
		return error;
	}
	*out = server;
	return E_OK;
}

const char *plain_server_address(const struct plain_server *server)
{
	return server->address;
}

enum error plain_server_run(struct plain_server *server, struct fault *fault)
{
	signal(SIGPIPE, SIG_IGN);
	if (event_base_dispatch(server->base) < 0)
		return fault_set(fault, E_IO, "the event loop failed: %m");
	return E_OK;
}

void plain_server_free(struct plain_server *server)
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
