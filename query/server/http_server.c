/* evhttp shows a connection to nobody before its first request, reads on as it likes and knows no deadline of a whole
 * request. So the bufferevent is made here, and a timer that is due at once finds the connection which evhttp has built
 * around it:
 *
 *   on_accept ─► peer_begin (counted, deadline, found by its descriptor) ─► by TLS: handshake
 *   on_request ─► exchange, a copy of it ─► worker ─► eventfd ─► on_wake ─► (timed ─►) send_answer ─► on_written
 *
 * What fails: no memory for a peer or an exchange: 503, by evhttp; for an answer's body: the connection ends without
 * one; no room: 503 and its end. One over the limit is turned away after accept, not left in the backlog. After
 * something fatal no answer goes out. A peer is freed in one place (on_closed). An answer that goes on: streams.h. */
#include "query/server/http_server.h"

#include "ledger/base/clock.h"
#include "query/server/asked.h"
#include "query/server/half_open.h"
#include "query/server/listen.h"
#include "query/server/reply.h"
#include "query/server/secure.h"
#include "query/server/streams.h"
#include "query/server/timed.h"
#include "query/server/workers.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>

enum phase { PHASE_NEW, PHASE_SHAKING, PHASE_READING, PHASE_WORKING, PHASE_WRITING, PHASE_STREAMING };

/* A connection. It ends by evhttp's closing it, which is told to on_closed; never otherwise.
 *
 * Invariant: has at most one exchange. While that is with a worker the phase is WORKING, and nobody ends the connection
 * before the exchange has come back or the loop has ended. */
struct peer {
	struct http_server *server;
	struct bufferevent *bufferevent; /* held until the connection is known */
	struct evhttp_connection *http;
	struct event *timer;
	enum phase phase;
	int fd;
	bool expired;      /* its end came while it was WORKING */
	size_t held;       /* of the room, for the answer that is being taken */
	struct flow *flow; /* of PHASE_STREAMING */
	struct half_open half_open;
};

/* A request on its way to a worker and back. */
struct exchange {
	struct work work;
	struct peer *peer;
	struct evhttp_request *http;
	struct request request;
	struct response response;
	bool head;
	bool last;  /* of its connection */
	bool again; /* asked for a second time, because what it reports was on record */
	uint64_t begun_us;
	char *text; /* what `request` points into */
};

enum { SAID_END = 1, SAID_RELOAD = 2 };

struct http_server {
	struct http_options options;
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct secure *secure;
	struct event *wake;
	struct event *signals[LISTEN_SIGNALS];
	struct event *stop_timer;
	struct workers *workers;
	struct timed *timed;
	struct streams *streams;
	bool stopping;
	atomic_uint said; /* by other threads: SAID_... */
	enum error fatal;
	uint32_t connections;
	uint32_t busy; /* connections that are WORKING or WRITING */
	struct room room;
	struct peer **peers; /* by file descriptor */
	struct half_opens half_opens;
	char address[ADDRESS_TEXT_MAX + 1];
};

static void exchange_free(struct exchange *exchange)
{
	response_release(&exchange->response);
	free(exchange->text);
	free(exchange);
}

static void release_work(struct work *work)
{
	if (work->goes_on)
		streams_release(work);
	else
		exchange_free((struct exchange *)work);
}

/* ---- what a worker does, which touches no connection ---- */

static void take_room(struct http_server *server, struct exchange *exchange)
{
	exchange->last |= !http_take_room(&server->options, exchange->head, &exchange->response);
}

static void begin_anew(struct exchange *exchange)
{
	response_release(&exchange->response);
	exchange->response = (struct response){.route = "-", .room = exchange->request.room};
}

/* Nothing of an answer that is not on record goes out, not even its length. */
static void on_recorded(void *context, enum error error, uint64_t index)
{
	struct exchange *exchange = context;
	struct http_server *server = exchange->peer->server;
	if (error == E_EXISTS && !exchange->again) {
		exchange->again = true;
		begin_anew(exchange);
		return workers_give(server->workers, &exchange->work);
	}
	if (error != E_OK || !response_index(&exchange->response, index))
		server->options.refuse(503, E_UNRECORDED, error_text(E_UNRECORDED), &exchange->response);
	take_room(server, exchange);
	workers_done(server->workers, &exchange->work);
}

static void on_told(void *context, struct bytes answer)
{
	struct exchange *exchange = context;
	struct http_server *server = exchange->peer->server;
	exchange->response.answered(&exchange->response, answer);
	take_room(server, exchange);
	workers_done(server->workers, &exchange->work);
}

/* Neither is this server's to do. */
static enum work_end hand_over(const struct http_options *options, struct exchange *exchange)
{
	char *report = exchange->response.report, *question = exchange->response.question;
	exchange->response.report = exchange->response.question = NULL;
	if (report != NULL)
		options->record(options->record_context, report, on_recorded, exchange);
	else
		options->ask(options->ask_context, question, on_told, exchange);
	return WORK_AWAY;
}

/* In a worker. */
static enum work_end work_on(void *context, struct work *work)
{
	struct http_server *server = context;
	struct exchange *exchange = (struct exchange *)work;
	struct response *response = &exchange->response;
	if (work->goes_on) {
		streams_work(work, server->options.judge);
		return WORK_DONE;
	}
	server->options.answer(server->options.context, &exchange->request, response);
	if (server->options.judge != NULL)
		server->options.judge(response);
	if (response->later) {
		begin_anew(exchange);
		return WORK_LATER;
	}
	if (response->report != NULL || response->question != NULL)
		return hand_over(&server->options, exchange);
	take_room(server, exchange);
	return WORK_DONE;
}

/* ---- connections ---- */

/* Asked wherever a connection stops being busy, so that the end comes with the last answer. */
static void stop_if_idle(struct http_server *server)
{
	if (server->stopping && server->busy == 0)
		event_base_loopbreak(server->base);
}

static bool is_busy(enum phase phase)
{
	return phase == PHASE_WORKING || phase == PHASE_WRITING;
}

/* The deadline of a phase, or of the connection's life, which begins behind the handshake and goes on through all. */
static void set_deadline(struct peer *peer, enum phase phase)
{
	int life_s = peer->server->options.connection_seconds;
	const struct timeval deadline = {.tv_sec = phase == PHASE_SHAKING   ? TLS_HANDSHAKE_SECONDS
											   : life_s > 0             ? life_s
											   : phase == PHASE_READING ? HTTP_READ_SECONDS
																		: HTTP_WRITE_SECONDS};
	if (life_s > 0 && peer->phase > PHASE_SHAKING)
		return;
	if ((phase == PHASE_WORKING || phase == PHASE_STREAMING) && life_s == 0)
		evtimer_del(peer->timer);
	else
		evtimer_add(peer->timer, &deadline);
}

static void peer_enter(struct peer *peer, enum phase phase)
{
	peer->server->busy += (uint32_t)is_busy(phase) - (uint32_t)is_busy(peer->phase);
	set_deadline(peer, phase);
	peer->phase = phase;
	stop_if_idle(peer->server);
}

static void peer_free(struct peer *peer)
{
	struct http_server *server = peer->server;
	if (is_busy(peer->phase))
		server->busy--;
	half_open_remove(&peer->half_open);
	room_set(&server->room, &peer->held, 0);
	if (peer->fd >= 0)
		server->peers[peer->fd] = NULL;
	server->connections--;
	event_free(peer->timer);
	free(peer);
	stop_if_idle(server);
}

/* What evhttp refuses by itself goes out without a question, and with none of the headers that were set for it. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context)
{
	const struct peer *peer = context;
	if (info->n_added > 0 && info->orig_size == 0 && !is_busy(peer->phase) && peer->flow == NULL)
		reply_mark(output);
}

static void on_closed(struct evhttp_connection *http, void *context)
{
	struct bufferevent *stream = evhttp_connection_get_bufferevent(http);
	evbuffer_remove_cb(bufferevent_get_output(stream), on_output, context);
	secure_end(stream);
	struct peer *peer = context;
	if (peer->flow != NULL)
		streams_drop(peer->flow);
	peer_free(peer);
}

/* First thing after accept: evhttp has made its own object around the bufferevent, which is the argument of the
 * callbacks it has set there. From here on the connection is counted and has a deadline. */
static void peer_begin(struct peer *peer)
{
	struct http_server *server = peer->server;
	void *http = NULL;
	bufferevent_getcb(peer->bufferevent, NULL, NULL, NULL, &http);
	int fd = bufferevent_getfd(peer->bufferevent);
	bufferevent_decref(peer->bufferevent);
	if (http == NULL) {
		peer_free(peer);
		return;
	}
	peer->http = http;
	evhttp_connection_set_closecb(http, on_closed, peer);
	evbuffer_add_cb(bufferevent_get_output(evhttp_connection_get_bufferevent(http)), on_output, peer);
	if (fd < 0 || (uint32_t)fd >= server->options.files_max || server->connections > server->options.connections_max) {
		if (server->options.turns_away && !secure_speaks_tls(server->secure))
			reply_turn_away(fd);
		evhttp_connection_free(http);
		return;
	}
	const int at_once = 1; /* an answer's last segment does not wait for the client's acknowledgement */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
	peer->fd = fd;
	server->peers[fd] = peer;
	peer_enter(peer, secure_speaks_tls(server->secure) ? PHASE_SHAKING : PHASE_READING);
	if (peer->phase != PHASE_SHAKING)
		return;
	half_open_add(&server->half_opens, &peer->half_open, http);
	http = half_open_too_many(&server->half_opens, server->options.connections_max / HTTP_SHAKING_PART);
	if (http != NULL)
		evhttp_connection_free(http);
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct peer *peer = context;
	if (peer->phase == PHASE_NEW)
		peer_begin(peer);
	else if (peer->phase == PHASE_WORKING)
		peer->expired = true;
	else if (peer->phase == PHASE_SHAKING && !half_open_is(&peer->half_open))
		peer_enter(peer, PHASE_READING);
	else
		evhttp_connection_free(peer->http);
}

static struct bufferevent *on_accept(struct event_base *base, void *context)
{
	struct http_server *server = context;
	struct peer *peer = calloc(1, sizeof *peer);
	struct bufferevent *bufferevent = secure_stream(server->secure, base);
	struct event *timer = peer ? evtimer_new(base, on_timer, peer) : NULL;
	if (timer == NULL || bufferevent == NULL) {
		if (timer)
			event_free(timer);
		free(peer);
		return bufferevent; /* not known here, so its requests will be refused */
	}
	*peer = (struct peer){.server = server, .bufferevent = bufferevent, .timer = timer, .phase = PHASE_NEW, .fd = -1};
	/* evhttp reads on while it writes, also from a client that takes no answers. */
	bufferevent_setwatermark(bufferevent, EV_READ, 0, HTTP_READ_AHEAD_BYTES_MAX + server->options.body_bytes_max);
	bufferevent_incref(bufferevent);
	server->connections++;
	if (secure_is_spent(server->secure))
		listen_pause(evhttp_bound_socket_get_listener(server->bound));
	event_active(timer, EV_TIMEOUT, 0);
	return bufferevent;
}

/* ---- answers ---- */

static void on_written(struct evhttp_request *http, void *context)
{
	(void)http;
	struct peer *peer = context;
	room_set(&peer->server->room, &peer->held, 0);
	peer_enter(peer, PHASE_READING);
}

/* Hands over what is sent, or its first part; false without memory, and then the connection ends: better no answer than
 * half of one. */
static bool give(struct exchange *exchange, struct evbuffer *body)
{
	struct peer *peer = exchange->peer;
	struct response *response = &exchange->response;
	if (peer->expired)
		return false;
	if (response->stream == NULL)
		return body == NULL || reply_body(response, body);
	peer->flow = streams_add(peer->server->streams, exchange->http, response);
	return peer->flow != NULL;
}

/* A HEAD gets the length and no body: evhttp would send the body too. From here on the body is evhttp's, and its room
 * goes back when it was written or the connection has ended. */
static void send_answer(struct exchange *exchange)
{
	struct response *response = &exchange->response;
	struct peer *peer = exchange->peer;
	bool empty = exchange->head || response->status == 304 || response->body_len == 0 || response->stream != NULL;
	struct evbuffer *body = empty ? NULL : evbuffer_new();
	bool given = (empty || body != NULL) && give(exchange, body);
	if (!given)
		response->status = 0;
	peer_enter(peer, peer->flow != NULL ? PHASE_STREAMING : PHASE_WRITING);
	if (peer->server->options.answered != NULL)
		peer->server->options.answered(&exchange->request, response, (double)(clock_us() - exchange->begun_us) / 1e3);
	if (!given) {
		evhttp_connection_free(peer->http);
	} else if (peer->flow == NULL) {
		reply_headers(
			response, exchange->last || peer->server->stopping, evhttp_request_get_output_headers(exchange->http));
		if (!empty) { /* the room goes with the body */
			peer->held = response->held;
			response->held = 0;
		}
		evhttp_request_set_on_complete_cb(exchange->http, on_written, peer);
		evhttp_send_reply(exchange->http, response->status, NULL, body);
	}
	if (body)
		evbuffer_free(body);
	exchange_free(exchange);
}

static void on_time(void *context, struct work *work)
{
	(void)context;
	send_answer((struct exchange *)work);
}

/* What is made after something fatal is not sent: it may be of the same making. */
static void take_back(struct http_server *server, struct work *work)
{
	struct exchange *exchange = (struct exchange *)work;
	enum error fatal = work->goes_on ? streams_back(work) : exchange->response.fatal;
	server->fatal = server->fatal ?: fatal;
	if (work->goes_on)
		return;
	if (server->fatal != E_OK)
		exchange_free(exchange);
	else if (exchange->response.timed)
		timed_add(server->timed, &exchange->work, exchange->begun_us);
	else
		send_answer(exchange);
}

static void on_stop(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct http_server *server = context;
	const struct timeval patience = {.tv_sec = HTTP_STOP_SECONDS};
	if (server->stopping) { /* asked again, or the answers were not taken in time */
		event_base_loopbreak(server->base);
		return;
	}
	server->stopping = true;
	evconnlistener_disable(evhttp_bound_socket_get_listener(server->bound));
	evtimer_add(server->stop_timer, &patience);
	stop_if_idle(server);
}

static void on_hangup(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct http_server *server = context;
	secure_reload(server->secure);
	if (server->options.hangup != NULL)
		server->options.hangup(server->options.context);
}

static void on_wake(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct http_server *server = context;
	for (struct work *next, *work = workers_take(server->workers); work != NULL; work = next) {
		next = work->next;
		take_back(server, work);
	}
	if (server->fatal != E_OK)
		event_base_loopbreak(server->base);
	if ((atomic_fetch_and(&server->said, ~(unsigned)SAID_RELOAD) & SAID_RELOAD) != 0)
		on_hangup(-1, 0, server);
	if ((atomic_load(&server->said) & SAID_END) != 0 && !server->stopping)
		on_stop(-1, 0, server);
}

/* ---- requests ---- */

/* The body stays evhttp's, which keeps it as long as the request. */
static struct exchange *exchange_new(struct evhttp_request *http, struct peer *peer)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);
	if (exchange == NULL)
		return NULL;
	exchange->begun_us = clock_us();
	exchange->peer = peer;
	exchange->http = http;
	exchange->head = evhttp_request_get_command(http) == EVHTTP_REQ_HEAD;
	exchange->response.route = "-";
	exchange->response.room = &peer->server->room;
	if ((exchange->text = asked_read(http, &exchange->request)) == NULL) {
		free(exchange);
		return NULL;
	}
	exchange->request.room = &peer->server->room;
	exchange->request.certificate_ends_s = secure_ends_s(peer->server->secure);
	exchange->request.arrived_ms = exchange->begun_us / 1000;
	return exchange;
}

static void refuse(struct exchange *exchange, int status, enum error error, const char *line)
{
	exchange->peer->server->options.refuse(status, error, line, &exchange->response);
	exchange->last = true;
	send_answer(exchange);
}

static void on_request(struct evhttp_request *http, void *context)
{
	struct http_server *server = context;
	struct evhttp_connection *connection = evhttp_request_get_connection(http);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	bool known = fd >= 0 && (uint32_t)fd < server->options.files_max;
	struct peer *peer = known ? server->peers[fd] : NULL;
	struct exchange *exchange = peer ? exchange_new(http, peer) : NULL;
	if (exchange == NULL) {
		evhttp_send_error(http, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	assert(peer->phase == PHASE_READING || peer->phase == PHASE_SHAKING); /* one exchange at a time */
	peer_enter(peer, PHASE_WORKING);
	if (server->stopping)
		refuse(exchange, 503, E_STOPPED, error_text(E_STOPPED));
	else if (!http_end_clear(&server->options, http, &exchange->request, &exchange->last))
		refuse(exchange, 400, E_BAD_VALUE, HTTP_END_UNCLEAR);
	else
		workers_give(server->workers, &exchange->work);
}

/* ---- life ---- */

static enum error add_events(struct http_server *server, struct fault *fault)
{
	server->base = event_base_new();
	server->http = server->base ? evhttp_new(server->base) : NULL;
	if (server->http == NULL)
		return fault_set(fault, E_IO, "the event loop cannot be made: %m");
	server->wake = event_new(server->base, workers_fd(server->workers), EV_READ | EV_PERSIST, on_wake, server);
	server->stop_timer = evtimer_new(server->base, on_stop, server);
	if (server->wake == NULL || server->stop_timer == NULL || event_add(server->wake, NULL) != 0)
		return fault_set(fault, E_NO_MEMORY, "");
	TRY(fault_set(fault, streams_new(server->base, server->workers, &server->streams), ""));
	TRY(fault_set(fault, timed_new(server->base, on_time, server, release_work, &server->timed), "the timer: %m"));
	if (!server->options.no_signals)
		TRY(fault_set(fault, listen_signals(server->base, on_stop, on_hangup, server, server->signals), ""));
	TRY(http_secure(&server->options, server->base, &server->secure, fault));
	evhttp_set_max_headers_size(server->http, HTTP_HEADER_BYTES_MAX);
	evhttp_set_max_body_size(server->http, (ev_ssize_t)server->options.body_bytes_max);
	evhttp_set_flags(server->http, EVHTTP_SERVER_LINGERING_CLOSE); /* who still sends does not hear the refusal */
	evhttp_set_allowed_methods(server->http, server->options.any_method ? UINT16_MAX : ASKED_METHODS);
	evhttp_set_bevcb(server->http, on_accept, server);
	evhttp_set_gencb(server->http, on_request, server);
	return E_OK;
}

static enum error begin(struct http_server *server, const struct address *address, struct fault *fault)
{
	const struct http_options *options = &server->options;
	server->peers = calloc(options->files_max, sizeof(struct peer *));
	TRY(fault_set(fault, allocated(server->peers), ""));
	TRY(workers_new(options->workers, work_on, server, &server->workers, fault));
	TRY(add_events(server, fault));
	return listen_begin(
		server->base, server->http, address, HTTP_BACKLOG, options->tell, &server->bound, server->address, fault);
}

enum error http_server_new(
	const struct address *address, const struct http_options *options, struct http_server **out, struct fault *fault)
{
	OWNED(http_server_release) struct http_server *server = calloc(1, sizeof *server);
	if (server == NULL && options->release)
		options->release(options->context);
	TRY(fault_set(fault, allocated(server), ""));
	server->options = *options;
	http_fill(&server->options);
	room_init(&server->room, options->output_bytes_max, options->large_output_bytes_max);
	TRY(begin(server, address, fault));
	*out = OWN_TAKE(server);
	return E_OK;
}

void http_server_wake(struct http_server *server)
{
	workers_wake(server->workers);
}

void http_server_stop(struct http_server *server)
{
	atomic_fetch_or(&server->said, SAID_END);
	workers_tell(server->workers);
}

void http_server_reload(struct http_server *server)
{
	atomic_fetch_or(&server->said, SAID_RELOAD);
	workers_tell(server->workers);
}

const char *http_server_address(const struct http_server *server)
{
	return server->address;
}

enum error http_server_run(struct http_server *server, struct fault *fault)
{
	signal(SIGPIPE, SIG_IGN);
	enum error error = workers_start(server->workers, fault);
	if (error == E_OK && listen_loop(server->base) < 0)
		error = fault_set(fault, E_IO, "the event loop failed: %m");
	workers_stop(server->workers);
	if (error == E_OK && server->fatal != E_OK)
		error = fault_set(fault, server->fatal, "%s", error_text(server->fatal));
	return error;
}

OWN(event, event_free);

void http_server_free(struct http_server *server)
{
	if (server->http)
		evhttp_free(server->http); /* with its connections and their requests */
	event_release(&server->wake);  /* before the descriptor that it waits for is closed */
	if (server->workers)
		workers_free(server->workers, release_work);
	streams_free(server->streams);
	timed_release(&server->timed);
	event_release(&server->stop_timer);
	for (size_t i = 0; i < LISTEN_SIGNALS; i++)
		event_release(&server->signals[i]);
	secure_release(&server->secure);
	if (server->base)
		event_base_free(server->base);
	room_release(&server->room);
	free(server->peers);
	if (server->options.release)
		server->options.release(server->options.context);
	free(server);
}
