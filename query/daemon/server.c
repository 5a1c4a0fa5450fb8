#include "query/daemon/server.h"

#include "ledger/db/db.h"
#include "query/daemon/server_listen.h"
#include "query/daemon/server_request.h"
#include "query/http/negotiate.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define FD_TABLE (QUERY_CONNECTIONS_MAX + 256u) /* connections, and everything else that is open */
#define READ_AHEAD_BYTES_MAX (4 * SERVER_HEADER_BYTES_MAX)
#define STOP_SECONDS 5u
#define LISTEN_BACKLOG 512

/* All methods: the routes refuse what they do not take, with an Allow header. */
#define ALL_METHODS                                                                                                 \
	(EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | \
		EVHTTP_REQ_PATCH | EVHTTP_REQ_CONNECT)

enum phase { PHASE_NEW, PHASE_READING, PHASE_WORKING, PHASE_WRITING };

struct connection {
	struct server *server;
	struct bufferevent *bufferevent; /* held until the connection is known */
	struct evhttp_connection *http;
	struct event *timer;
	enum phase phase;
	int fd;
	size_t held; /* of the room, for the answer that is being taken */
};

/* A request on its way to a worker and back. */
struct job {
	struct job *next;
	struct connection *connection;
	struct evhttp_request *http;
	struct request request;
	struct response response;
	bool head;
	struct timespec begun;
	char text[]; /* what `request` points into */
};

struct jobs {
	struct job *first;
	struct job **last;
};

struct server {
	const struct routes *routes;
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct event *wake;
	struct event *signals[2];
	struct event *stop_timer;
	int wake_fd;
	bool stopping;
	uint32_t connections;
	uint32_t busy; /* connections that are WORKING or WRITING */
	struct room room;
	struct connection *table[FD_TABLE];
	char address[ADDRESS_TEXT_MAX + 1];

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t more;
	struct jobs todo;
	struct jobs done;
	bool closing;
	uint32_t workers;
	pthread_t threads[SERVER_WORKERS];
};

static void jobs_push(struct jobs *jobs, struct job *job)
{
	job->next = NULL;
	*jobs->last = job;
	jobs->last = &job->next;
}

static struct job *jobs_pop(struct jobs *jobs)
{
	struct job *job = jobs->first;
	if (job) {
		jobs->first = job->next;
		if (jobs->first == NULL)
			jobs->last = &jobs->first;
	}
	return job;
}

static void job_free(struct job *job)
{
	response_release(&job->response);
	free(job);
}

/* ---- workers ---- */

/* What the answer was made of may have been anything, and no other would be better: whoever started this starts it
 * again. */
static _Noreturn void end_replaced(void)
{
	fprintf(stderr, "indsigt-queryd: %s; ending, the next start opens them anew\n", error_text(E_REPLACED));
	_exit(EXIT_NOT_LOOKED);
}

static void *worker(void *context)
{
	struct server *server = context;
	const uint64_t one = 1;
	pthread_mutex_lock(&server->lock);
	for (;;) {
		struct job *job = jobs_pop(&server->todo);
		if (job == NULL) {
			if (server->closing)
				break;
			pthread_cond_wait(&server->more, &server->lock);
			continue;
		}
		pthread_mutex_unlock(&server->lock);
		routes_answer(server->routes, &job->request, (uint64_t)time(NULL), &job->response);
		if (db_was_replaced())
			end_replaced();
		pthread_mutex_lock(&server->lock);
		jobs_push(&server->done, job);
		if (write(server->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
			abort(); /* an eventfd takes eight bytes or is full, and then it is awake */
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

/* ---- connections ---- */

static void stop_if_idle(struct server *server)
{
	if (server->stopping && server->busy == 0)
		event_base_loopbreak(server->base);
}

static bool is_busy(enum phase phase)
{
	return phase == PHASE_WORKING || phase == PHASE_WRITING;
}

/* Moves a connection on, with the deadline of its new phase. */
static void connection_enter(struct connection *connection, enum phase phase)
{
	struct server *server = connection->server;
	const struct timeval deadline = {.tv_sec = phase == PHASE_READING ? SERVER_READ_SECONDS : SERVER_WRITE_SECONDS};
	server->busy += (uint32_t)is_busy(phase) - (uint32_t)is_busy(connection->phase);
	connection->phase = phase;
	if (phase == PHASE_WORKING)
		evtimer_del(connection->timer);
	else
		evtimer_add(connection->timer, &deadline);
}

static void connection_free(struct connection *connection)
{
	struct server *server = connection->server;
	if (is_busy(connection->phase))
		server->busy--;
	room_set(&server->room, &connection->held, 0);
	if (connection->fd >= 0)
		server->table[connection->fd] = NULL;
	server->connections--;
	event_free(connection->timer);
	free(connection);
	stop_if_idle(server);
}

static void on_closed(struct evhttp_connection *http, void *context)
{
	(void)http;
	connection_free(context);
}

/* First thing after accept: evhttp has made its own object around the bufferevent, which is the argument of the
 * callbacks it has set there. From here on the connection is counted and has a deadline. */
static void connection_begin(struct connection *connection)
{
	static const char refusal[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
								  "Content-Length: 0\r\n\r\n";
	struct server *server = connection->server;
	void *http = NULL;
	bufferevent_getcb(connection->bufferevent, NULL, NULL, NULL, &http);
	int fd = bufferevent_getfd(connection->bufferevent);
	bufferevent_decref(connection->bufferevent);
	if (http == NULL) {
		connection_free(connection);
		return;
	}
	connection->http = http;
	evhttp_connection_set_closecb(http, on_closed, connection);
	if (fd < 0 || (uint32_t)fd >= FD_TABLE || server->connections > QUERY_CONNECTIONS_MAX) {
		send(fd, refusal, sizeof refusal - 1, MSG_DONTWAIT | MSG_NOSIGNAL); /* turned away, heard or not */
		evhttp_connection_free(http);
		return;
	}
	const int at_once = 1; /* an answer's last segment does not wait for the client's acknowledgement */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
	connection->fd = fd;
	server->table[fd] = connection;
	connection_enter(connection, PHASE_READING);
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct connection *connection = context;
	if (connection->phase == PHASE_NEW)
		connection_begin(connection);
	else
		evhttp_connection_free(connection->http);
}

static struct bufferevent *on_accept(struct event_base *base, void *context)
{
	struct server *server = context;
	struct connection *connection = calloc(1, sizeof *connection);
	struct bufferevent *bufferevent = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct event *timer = connection ? evtimer_new(base, on_timer, connection) : NULL;
	if (timer == NULL || bufferevent == NULL) {
		if (timer)
			event_free(timer);
		free(connection);
		return bufferevent; /* not known here, so its requests will be refused */
	}
	*connection =
		(struct connection){.server = server, .bufferevent = bufferevent, .timer = timer, .phase = PHASE_NEW, .fd = -1};
	bufferevent_setwatermark(bufferevent, EV_READ, 0, READ_AHEAD_BYTES_MAX);
	bufferevent_incref(bufferevent);
	server->connections++;
	event_active(timer, EV_TIMEOUT, 0);
	return bufferevent;
}

/* ---- answers ---- */

static void on_written(struct evhttp_request *http, void *context)
{
	(void)http;
	struct connection *connection = context;
	room_set(&connection->server->room, &connection->held, 0);
	connection_enter(connection, PHASE_READING);
	stop_if_idle(connection->server);
}

static void body_release(const void *data, size_t len, void *body)
{
	(void)data, (void)len;
	free(body);
}

/* Hands the response's body over, without copying it. */
static bool add_body(struct evbuffer *body, struct response *response)
{
	if (body == NULL || evbuffer_add_reference(body, response->body, response->body_len, body_release, response->body))
		return false;
	response->body = NULL;
	return true;
}

/* Method, route pattern, what the route notes of it, status and duration: nothing personal. */
static void log_answer(const struct job *job)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double ms = (double)(now.tv_sec - job->begun.tv_sec) * 1e3 + (double)(now.tv_nsec - job->begun.tv_nsec) / 1e6;
	fprintf(stderr, "%s %s%s %d %.2fms\n", job->request.method, job->response.route, job->response.note,
		job->response.status, ms);
}

/* A HEAD gets the length and no body: evhttp would send the body too. */
static void answer(struct job *job)
{
	struct response *response = &job->response;
	struct connection *connection = job->connection;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(job->http);
	char length[24];
	snprintf(length, sizeof length, "%zu", response->body_len);
	if (response->status != 304) /* its length would be that of what is not sent */
		evhttp_add_header(headers, "Content-Length", length);
	for (size_t i = 0; i < response->header_count; i++)
		evhttp_add_header(headers, response->headers[i].name, response->headers[i].value);
	if (connection->server->stopping)
		evhttp_add_header(headers, "Connection", "close");
	bool empty = job->head || response->body_len == 0;
	struct evbuffer *body = empty ? NULL : evbuffer_new();
	connection_enter(connection, PHASE_WRITING);
	log_answer(job);
	if (!empty && !add_body(body, response)) {
		evhttp_connection_free(connection->http); /* no memory: better no answer than half of one */
	} else {
		if (!empty) { /* the room goes with the body */
			connection->held = response->held;
			response->held = 0;
		}
		evhttp_request_set_on_complete_cb(job->http, on_written, connection);
		evhttp_send_reply(job->http, response->status, NULL, body);
	}
	if (body)
		evbuffer_free(body);
	job_free(job);
}

static void on_wake(evutil_socket_t fd, short events, void *context)
{
	(void)events;
	struct server *server = context;
	uint64_t count;
	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
		event_base_loopbreak(server->base);
	pthread_mutex_lock(&server->lock);
	struct job *job = server->done.first;
	server->done = (struct jobs){NULL, &server->done.first};
	pthread_mutex_unlock(&server->lock);
	while (job) {
		struct job *next = job->next;
		answer(job);
		job = next;
	}
}

/* ---- requests ---- */

static const char *method_name(struct evhttp_request *http)
{
	switch (evhttp_request_get_command(http)) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	case EVHTTP_REQ_OPTIONS:
		return "OPTIONS";
	case EVHTTP_REQ_PATCH:
		return "PATCH";
	default:
		return "OTHER";
	}
}

/* The next place in `at`, where a copy of `text` (which may be NULL) was put. */
static const char *keep(char **at, const char *text)
{
	if (text == NULL)
		return NULL;
	char *kept = *at;
	*at = stpcpy(kept, text) + 1;
	return kept;
}

static size_t kept_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static struct job *job_new(struct evhttp_request *http, struct connection *connection)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	const char *authorization = evhttp_find_header(headers, "Authorization");
	const char *tags = evhttp_find_header(headers, "If-None-Match");
	struct job *job =
		calloc(1, sizeof *job + kept_bytes(path) + kept_bytes(query) + kept_bytes(authorization) + kept_bytes(tags));
	if (job == NULL)
		return NULL;
	char *at = job->text;
	clock_gettime(CLOCK_MONOTONIC, &job->begun);
	job->connection = connection;
	job->http = http;
	job->head = evhttp_request_get_command(http) == EVHTTP_REQ_HEAD;
	job->response.route = "-";
	job->request.room = &connection->server->room;
	job->request.method = method_name(http);
	job->request.path = path ? keep(&at, path) : "";
	job->request.query = keep(&at, query);
	job->request.authorization = keep(&at, authorization);
	job->request.if_none_match = keep(&at, tags);
	job->request.gzip = negotiate_gzip(evhttp_find_header(headers, "Accept-Encoding"));
	char *peer = NULL;
	evhttp_connection_get_peer(connection->http, &peer, &(uint16_t){0});
	job->request.local = peer && (strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0);
	return job;
}

static void refuse(struct job *job, int status, enum error error, const char *detail)
{
	evhttp_add_header(evhttp_request_get_output_headers(job->http), "Connection", "close");
	routes_problem(status, error_name(error), detail, &job->response);
	answer(job);
}

static void on_request(struct evhttp_request *http, void *context)
{
	struct server *server = context;
	struct evhttp_connection *evcon = evhttp_request_get_connection(http);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	struct connection *connection = fd >= 0 && (uint32_t)fd < FD_TABLE ? server->table[fd] : NULL;
	struct job *job = connection ? job_new(http, connection) : NULL;
	if (job == NULL) {
		evhttp_send_error(http, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	connection_enter(connection, PHASE_WORKING);
	if (server->stopping) {
		refuse(job, 503, E_STOPPED, error_text(E_STOPPED));
	} else if (request_end(http) != REQUEST_BODILESS) {
		refuse(job, 400, E_BAD_VALUE, "no address here takes a body, and where a request ends must be clear");
	} else {
		pthread_mutex_lock(&server->lock);
		jobs_push(&server->todo, job);
		pthread_cond_signal(&server->more);
		pthread_mutex_unlock(&server->lock);
	}
}

/* ---- life ---- */

static void on_stop(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct server *server = context;
	const struct timeval patience = {.tv_sec = STOP_SECONDS};
	if (server->stopping) { /* asked again, or the answers were not taken in time */
		event_base_loopbreak(server->base);
		return;
	}
	server->stopping = true;
	evconnlistener_disable(evhttp_bound_socket_get_listener(server->bound));
	evtimer_add(server->stop_timer, &patience);
	stop_if_idle(server);
}

static enum error server_events(struct server *server, struct fault *fault)
{
	server->base = event_base_new();
	server->http = server->base ? evhttp_new(server->base) : NULL;
	server->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (server->http == NULL || server->wake_fd < 0)
		return fault_set(fault, E_IO, "the event loop cannot be made: %m");
	server->wake = event_new(server->base, server->wake_fd, EV_READ | EV_PERSIST, on_wake, server);
	server->stop_timer = evtimer_new(server->base, on_stop, server);
	if (server->wake == NULL || server->stop_timer == NULL || event_add(server->wake, NULL) != 0)
		return fault_set(fault, E_NO_MEMORY, "");
	TRY(server_on_signals(server->base, on_stop, server, server->signals, fault));
	evhttp_set_max_headers_size(server->http, SERVER_HEADER_BYTES_MAX);
	evhttp_set_max_body_size(server->http, SERVER_BODY_BYTES_MAX);
	evhttp_set_allowed_methods(server->http, ALL_METHODS);
	evhttp_set_bevcb(server->http, on_accept, server);
	evhttp_set_gencb(server->http, on_request, server);
	return E_OK;
}

enum error server_new(
	const struct address *address, const struct routes *routes, struct server **out, struct fault *fault)
{
	struct server *server = calloc(1, sizeof *server);
	if (server == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	server->routes = routes;
	server->wake_fd = -1;
	server->todo.last = &server->todo.first;
	server->done.last = &server->done.first;
	room_init(&server->room, SERVER_OUTPUT_BYTES_MAX - SERVER_WORK_BYTES, SERVER_LARGE_OUTPUT_BYTES_MAX);
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->more, NULL);
	enum error error = server_events(server, fault);
	if (error == E_OK)
		error =
			server_listen(server->base, server->http, address, LISTEN_BACKLOG, &server->bound, server->address, fault);
	if (error != E_OK) {
		server_free(server);
		return error;
	}
	*out = server;
	return E_OK;
}

const char *server_address(const struct server *server)
{
	return server->address;
}

static void workers_end(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	server->closing = true;
	pthread_cond_broadcast(&server->more);
	pthread_mutex_unlock(&server->lock);
	for (uint32_t i = 0; i < server->workers; i++)
		pthread_join(server->threads[i], NULL);
	server->workers = 0;
}

/* The signals are for the loop's thread. */
static enum error workers_begin(struct server *server, struct fault *fault)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = 0;
	while (server->workers < SERVER_WORKERS && failed == 0) {
		failed = pthread_create(&server->threads[server->workers], NULL, worker, server);
		server->workers += failed == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed == 0 ? E_OK : fault_set(fault, E_IO, "a thread cannot be made: %s", strerror(failed));
}

enum error server_run(struct server *server, struct fault *fault)
{
	signal(SIGPIPE, SIG_IGN);
	enum error error = workers_begin(server, fault);
	if (error == E_OK && event_base_dispatch(server->base) < 0)
		error = fault_set(fault, E_IO, "the event loop failed: %m");
	workers_end(server);
	return error;
}

static void event_release(struct event *event)
{
	if (event)
		event_free(event);
}

void server_free(struct server *server)
{
	struct job *job;
	if (server->http)
		evhttp_free(server->http); /* with its connections and their requests */
	while ((job = jobs_pop(&server->todo)) || (job = jobs_pop(&server->done)))
		job_free(job);
	event_release(server->wake);
	event_release(server->stop_timer);
	event_release(server->signals[0]);
	event_release(server->signals[1]);
	if (server->wake_fd >= 0)
		close(server->wake_fd);
	if (server->base)
		event_base_free(server->base);
	pthread_cond_destroy(&server->more);
	pthread_mutex_destroy(&server->lock);
	room_release(&server->room);
	free(server);
}
