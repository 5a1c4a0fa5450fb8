#include "ingest/server.h"

#include "ingest/control.h"
#include "ingest/sequencer.h"
#include "ingest/session.h"
#include "ledger/address.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define READ_AHEAD_BYTES 32768u /* what libevent may hold of one connection beside the frame's own buffer */
#define EVICT_AFTER_MS 1000
#define EVICT_BEAT_MS 250
#define LINGER_MS 2000 /* for a client to read the error frame */

enum phase { PHASE_HEAD, PHASE_WAITING, PHASE_BODY };

struct server;

struct connection {
	struct server *server;
	uint64_t id;
	struct bufferevent *stream;
	struct event *deadline; /* of the frame that is being read, or of the hello */
	struct session session;
	struct seat *seat;
	enum phase phase;
	enum frame_type type;
	uint8_t *body;
	size_t body_bytes;
	size_t body_read;
	uint64_t frame_ms; /* when its first byte was seen; 0: none yet */
	size_t reserved;
	bool reading;
	struct connection *previous, *next; /* all connections */
	struct connection *waiting_next;    /* for room */
	struct connection *hash_next;
};

#define HASH_SLOTS 2048

struct server {
	const struct server_options *options;
	struct ledger *ledger;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *wake;
	struct event *stop[2];
	struct event *beat;
	int wake_fd;
	struct sequencer *sequencer;
	struct control *control;
	struct connection *connections;
	unsigned connection_count;
	struct connection *by_id[HASH_SLOTS];
	struct connection *waiting_first;
	struct connection **waiting_last;
	size_t inflight_bytes;
	uint64_t next_id;
	bool stopping;
	uint8_t output[SESSION_OUTPUT_MAX];
};

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- connections ---- */

static struct connection *find_connection(struct server *server, uint64_t id)
{
	struct connection *c = server->by_id[id % HASH_SLOTS];
	while (c != NULL && c->id != id)
		c = c->hash_next;
	return c;
}

static void unlink_waiting(struct server *server, const struct connection *gone)
{
	struct connection **link = &server->waiting_first;
	while (*link != NULL && *link != gone)
		link = &(*link)->waiting_next;
	if (*link == NULL)
		return;
	*link = gone->waiting_next;
	if (server->waiting_last == &gone->waiting_next)
		server->waiting_last = link;
}

static void release_room(struct server *server, size_t bytes);

static void drop_frame(struct connection *c)
{
	size_t reserved = c->reserved;
	if (c->body != NULL)
		sodium_memzero(c->body, c->body_read);
	free(c->body);
	c->body = NULL;
	c->reserved = 0;
	c->phase = PHASE_HEAD;
	release_room(c->server, reserved);
}

static void close_connection(struct connection *c)
{
	struct server *server = c->server;
	if (c->phase == PHASE_WAITING)
		unlink_waiting(server, c);
	if (c->next != NULL)
		c->next->previous = c->previous;
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		server->connections = c->next;
	struct connection **link = &server->by_id[c->id % HASH_SLOTS];
	while (*link != c)
		link = &(*link)->hash_next;
	*link = c->hash_next;
	server->connection_count--;
	drop_frame(c);
	bufferevent_free(c->stream);
	event_free(c->deadline);
	seat_release(c->seat);
	free(c);
}

static void set_reading(struct connection *c, bool reading)
{
	if (c->reading == reading)
		return;
	c->reading = reading;
	if (reading)
		bufferevent_enable(c->stream, EV_READ);
	else
		bufferevent_disable(c->stream, EV_READ);
}

static void start_deadline(struct connection *c, unsigned timeout_ms)
{
	struct timeval limit = {timeout_ms / 1000, (suseconds_t)(timeout_ms % 1000) * 1000};
	evtimer_add(c->deadline, &limit);
}

static size_t output_bytes(const struct connection *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->stream));
}

/* Sends what the session wrote. What a closing client still sends is thrown away for a moment: closing at once would
 * make TCP throw away the error frame instead. */
static void send_output(struct connection *c, const struct writer *w)
{
	if (writer_len(w) > 0)
		bufferevent_write(c->stream, w->start, writer_len(w));
	if (c->session.state != SESSION_CLOSING)
		return;
	if (c->phase == PHASE_WAITING)
		unlink_waiting(c->server, c);
	drop_frame(c);
	set_reading(c, true);
	start_deadline(c, LINGER_MS);
}

static struct writer output_of(struct server *server)
{
	return writer_of(server->output, sizeof server->output);
}

static void end_session(struct connection *c, enum error error, const char *text)
{
	struct writer w = output_of(c->server);
	session_end(&c->session, error, text, &w);
	send_output(c, &w);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct connection *c = context;
	char text[128];
	(void)fd;
	(void)what;
	if (c->session.state == SESSION_CLOSING) {
		close_connection(c);
		return;
	}
	snprintf(text, sizeof text, "a frame must be complete within %u ms of its first byte",
		c->server->options->frame_timeout_ms);
	end_session(c, E_TIMEOUT, text);
}

/* ---- room for bodies ---- */

static bool reserve(struct connection *c)
{
	struct server *server = c->server;
	if (c->type == FRAME_BATCH) {
		if (server->inflight_bytes + c->body_bytes > INFLIGHT_BYTES_MAX)
			return false;
		server->inflight_bytes += c->body_bytes;
		c->reserved = c->body_bytes;
	}
	return true;
}

static bool start_body(struct connection *c)
{
	c->body = malloc(c->body_bytes ? c->body_bytes : 1);
	if (c->body == NULL) {
		end_session(c, E_NO_MEMORY, NULL);
		return false;
	}
	c->body_read = 0;
	c->phase = PHASE_BODY;
	return true;
}

static void release_room(struct server *server, size_t bytes)
{
	server->inflight_bytes -= bytes;
	while (server->waiting_first != NULL && reserve(server->waiting_first)) {
		struct connection *c = server->waiting_first;
		unlink_waiting(server, c);
		if (!start_body(c))
			continue;
		c->frame_ms = now_ms();
		set_reading(c, true);
		/* What is buffered already gives no read event of its own. */
		bufferevent_trigger(c->stream, EV_READ, BEV_OPT_DEFER_CALLBACKS);
	}
}

/* While others wait for room, a frame may not keep it for long. */
static void on_beat(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;
	uint64_t now = now_ms();
	(void)fd;
	(void)what;
	if (server->waiting_first == NULL)
		return;
	for (struct connection *c = server->connections, *next; c != NULL; c = next) {
		next = c->next;
		if (c->phase == PHASE_BODY && c->reserved > 0 && now - c->frame_ms > EVICT_AFTER_MS)
			end_session(c, E_TIMEOUT, "the frame came too slowly while others waited for room; send smaller batches");
	}
}

/* ---- reading ---- */

static void submit_hello(struct connection *c, const struct frame_hello *hello)
{
	struct job *job = job_new(JOB_HELLO, c->id);
	if (job != NULL && hello->checkpoint.len > 0 && (job->body = malloc(hello->checkpoint.len)) != NULL) {
		memcpy(job->body, hello->checkpoint.data, hello->checkpoint.len);
		job->body_bytes = hello->checkpoint.len;
	}
	if (job == NULL || job->body_bytes != hello->checkpoint.len) {
		job_free(job);
		end_session(c, E_NO_MEMORY, NULL);
		return;
	}
	job->sender = hello->sender;
	job->seat = seat_hold(c->seat);
	sequencer_submit(c->server->sequencer, job);
}

/* Body and reservation go with the job. */
static void submit_batch(struct connection *c)
{
	struct job *job = job_new(JOB_BATCH, c->id);
	if (job == NULL) {
		end_session(c, E_NO_MEMORY, NULL);
		return;
	}
	job->sender = c->session.sender;
	job->seat = seat_hold(c->seat);
	job->body = c->body;
	job->body_bytes = c->body_bytes;
	c->body = NULL;
	c->reserved = 0;
	sequencer_submit(c->server->sequencer, job);
}

static void take_frame(struct connection *c)
{
	struct frame_hello hello;
	struct writer w = output_of(c->server);
	evtimer_del(c->deadline);
	c->frame_ms = 0;
	enum session_request request = session_frame(&c->session, c->type, bytes_of(c->body, c->body_bytes), &hello, &w);
	if (request == SESSION_LOOK_UP)
		submit_hello(c, &hello);
	else if (request == SESSION_SUBMIT)
		submit_batch(c);
	drop_frame(c);
	send_output(c, &w);
}

/* True when a whole head was read and its body may be. */
static bool take_head(struct connection *c, struct evbuffer *input)
{
	uint8_t head[FRAME_HEAD_BYTES];
	struct writer w = output_of(c->server);
	size_t there = evbuffer_get_length(input);
	if (there > 0 && c->frame_ms == 0) {
		c->frame_ms = now_ms();
		start_deadline(c, c->server->options->frame_timeout_ms);
	}
	if (there < sizeof head)
		return false;
	evbuffer_remove(input, head, sizeof head);
	enum error error = frame_head_decode(BYTES_ARRAY(head), &c->type, &c->body_bytes);
	if (error != E_OK) {
		session_bad_head(&c->session, error, &w);
		send_output(c, &w);
		return false;
	}
	if (session_head(&c->session, c->type, c->body_bytes, &w) != E_OK) {
		send_output(c, &w);
		return false;
	}
	if (c->server->waiting_first != NULL || !reserve(c)) {
		if (c->type == FRAME_BATCH) {
			c->phase = PHASE_WAITING;
			c->waiting_next = NULL;
			*c->server->waiting_last = c;
			c->server->waiting_last = &c->waiting_next;
			evtimer_del(c->deadline); /* it is not the client's fault */
			set_reading(c, false);
			return false;
		}
	}
	return start_body(c);
}

static bool take_body(struct connection *c, struct evbuffer *input)
{
	while (c->body_read < c->body_bytes) {
		int n = evbuffer_remove(input, c->body + c->body_read, c->body_bytes - c->body_read);
		if (n <= 0)
			return false;
		c->body_read += (size_t)n;
	}
	return true;
}

static bool may_read(const struct connection *c)
{
	return !c->server->stopping && session_may_read(&c->session) && output_bytes(c) <= CONNECTION_OUTPUT_MAX;
}

static void read_more(struct connection *c)
{
	struct evbuffer *input = bufferevent_get_input(c->stream);
	if (c->session.state == SESSION_CLOSING) {
		evbuffer_drain(input, evbuffer_get_length(input));
		return;
	}
	while (c->session.state != SESSION_CLOSING) {
		/* A frame that has begun is finished: only between frames is a connection held back. */
		if (c->phase == PHASE_HEAD && !may_read(c)) {
			set_reading(c, false);
			return;
		}
		if (c->phase == PHASE_WAITING)
			return;
		if (c->phase == PHASE_HEAD && !take_head(c, input))
			break;
		if (c->phase == PHASE_BODY && c->frame_ms == 0)
			c->frame_ms = now_ms();
		if (c->phase == PHASE_BODY && evtimer_pending(c->deadline, NULL) == 0)
			start_deadline(c, c->server->options->frame_timeout_ms);
		if (c->phase != PHASE_BODY || !take_body(c, input))
			break;
		take_frame(c);
	}
	if (c->session.state != SESSION_CLOSING && c->phase != PHASE_WAITING)
		set_reading(c, true);
}

/* Reading goes on when a window has opened or output has drained. */
static void resume(struct connection *c)
{
	if (!c->reading && c->phase == PHASE_HEAD && may_read(c))
		read_more(c);
}

/* ---- libevent's callbacks ---- */

static void on_read(struct bufferevent *stream, void *context)
{
	(void)stream;
	read_more(context);
}

static void on_write(struct bufferevent *stream, void *context)
{
	struct connection *c = context;
	(void)stream;
	if (c->session.state == SESSION_CLOSING && output_bytes(c) == 0)
		shutdown(bufferevent_getfd(c->stream), SHUT_WR); /* the client ends it, or the deadline does */
	else
		resume(c);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
	(void)stream;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		close_connection(context);
}

static void link_connection(struct server *server, struct connection *c)
{
	c->id = ++server->next_id;
	c->next = server->connections;
	if (c->next != NULL)
		c->next->previous = c;
	server->connections = c;
	c->hash_next = server->by_id[c->id % HASH_SLOTS];
	server->by_id[c->id % HASH_SLOTS] = c;
	server->connection_count++;
}

static void set_socket(evutil_socket_t fd)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void on_accept(
	struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int address_len, void *context)
{
	struct server *server = context;
	(void)listener;
	(void)address;
	(void)address_len;
	struct connection *c = calloc(1, sizeof *c);
	if (c != NULL) {
		c->server = server;
		c->stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
		c->deadline = evtimer_new(server->base, on_deadline, c);
		c->seat = seat_new();
	}
	if (c == NULL || c->stream == NULL || c->deadline == NULL || c->seat == NULL) {
		evutil_closesocket(fd);
		free(c);
		return;
	}
	set_socket(fd);
	link_connection(server, c);
	session_init(&c->session, ledger_origin(server->ledger));
	bufferevent_setcb(c->stream, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->stream, EV_READ, 0, READ_AHEAD_BYTES);
	struct timeval write_limit = {
		server->options->write_timeout_ms / 1000, (suseconds_t)(server->options->write_timeout_ms % 1000) * 1000};
	bufferevent_set_timeouts(c->stream, NULL, &write_limit);
	bufferevent_enable(c->stream, EV_WRITE);
	if (server->connection_count > server->options->connections_max) {
		char text[128];
		snprintf(text, sizeof text, "%u connections are open, which is the limit; try again later",
			server->options->connections_max);
		end_session(c, E_TOO_MANY, text);
		return;
	}
	set_reading(c, true);
	c->frame_ms = now_ms();
	start_deadline(c, server->options->frame_timeout_ms); /* of the hello */
}

/* ---- answers ---- */

static void answer_batch(struct connection *c, const struct job *job)
{
	struct writer w = output_of(c->server);
	struct frame_refusal refusal = {
		job->first_sequence, job->expected_sequence, job->error, job->fault.event, bytes_text(job->fault.text)};
	if (job->error == E_OK)
		session_receipt(&c->session, bytes_of(job->receipt, job->receipt_bytes), job->body_bytes, &w);
	else
		session_refusal(&c->session, &refusal, job->body_bytes, &w);
	send_output(c, &w);
}

static void answer(struct server *server, struct job *job)
{
	if (job->kind != JOB_HELLO && job->kind != JOB_BATCH) {
		control_answer(server->control, job);
		return;
	}
	struct connection *c = find_connection(server, job->connection);
	if (job->kind == JOB_BATCH)
		release_room(server, job->body_bytes);
	if (c == NULL)
		return;
	if (job->kind == JOB_BATCH) {
		answer_batch(c, job);
	} else {
		struct writer w = output_of(server);
		session_looked_up(&c->session, job->error, job->found, job->ledger_time_s, &w);
		send_output(c, &w);
	}
	resume(c);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;
	uint64_t count;
	(void)what;
	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
		return;
	struct job *jobs = sequencer_take_done(server->sequencer);
	while (jobs != NULL) {
		struct job *job = jobs;
		jobs = job->next;
		answer(server, job);
		job_free(job);
	}
}

static void wake_loop(void *context)
{
	struct server *server = context;
	uint64_t one = 1;
	(void)!write(server->wake_fd, &one, sizeof one);
}

/* ---- starting and stopping ---- */

/* Stops taking; what was submitted is finished and answered; then the loop ends. */
static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;
	(void)fd;
	(void)what;
	server->stopping = true;
	event_base_loopexit(server->base, NULL);
}

static void submit_control(void *context, struct job *job)
{
	struct server *server = context;
	sequencer_submit(server->sequencer, job);
}

static enum error open_listener(struct server *server, void (*listening)(const char *address), struct fault *fault)
{
	int fd;
	struct address address;
	char text[ADDRESS_TEXT_MAX + 1];
	TRY(address_listen(server->options->listen, &fd, &address, fault));
	server->listener =
		evconnlistener_new(server->base, on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (server->listener == NULL) {
		close(fd);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	address_format(&address, text);
	listening(text);
	return E_OK;
}

static enum error start(struct server *server, void (*listening)(const char *address), struct fault *fault)
{
	if ((server->base = event_base_new()) == NULL)
		return fault_set(fault, E_NO_MEMORY, "the event loop cannot be made");
	server->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	server->wake = event_new(server->base, server->wake_fd, EV_READ | EV_PERSIST, on_wake, server);
	server->stop[0] = evsignal_new(server->base, SIGTERM, on_stop, server);
	server->stop[1] = evsignal_new(server->base, SIGINT, on_stop, server);
	server->beat = event_new(server->base, -1, EV_PERSIST, on_beat, server);
	if (!server->wake || !server->stop[0] || !server->stop[1] || !server->beat)
		return fault_set(fault, E_NO_MEMORY, "");
	struct timeval beat = {0, EVICT_BEAT_MS * 1000};
	event_add(server->wake, NULL);
	event_add(server->stop[0], NULL);
	event_add(server->stop[1], NULL);
	event_add(server->beat, &beat);
	struct sequencer_options sequencing = {
		server->ledger, server->options->dir, server->options->epoch_seconds, wake_loop, server};
	TRY(sequencer_start(&sequencing, &server->sequencer, fault));
	TRY(control_open(server->base, server->options->dir, submit_control, server, &server->control, fault));
	return open_listener(server, listening, fault);
}

static void stop(struct server *server)
{
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	if (server->sequencer != NULL) {
		sequencer_stop(server->sequencer);
		on_wake(server->wake_fd, EV_READ, server);
		/* One round, without waiting, to write out the last answers. */
		event_base_loop(server->base, EVLOOP_NONBLOCK);
	}
	while (server->connections != NULL)
		close_connection(server->connections);
	control_close(server->control);
	sequencer_free(server->sequencer);
	struct event *events[] = {server->wake, server->stop[0], server->stop[1], server->beat};
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (server->base != NULL)
		event_base_free(server->base);
	if (server->wake_fd >= 0)
		close(server->wake_fd);
}

enum error server_run(struct ledger *ledger, const struct server_options *options,
	void (*listening)(const char *address), struct fault *fault)
{
	struct server *server = calloc(1, sizeof *server);
	if (server == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	server->options = options;
	server->ledger = ledger;
	server->wake_fd = -1;
	server->waiting_last = &server->waiting_first;
	enum error error = start(server, listening, fault);
	if (error == E_OK && event_base_dispatch(server->base) < 0)
		error = fault_set(fault, E_IO, "the event loop failed");
	stop(server);
	free(server);
	return error;
}
