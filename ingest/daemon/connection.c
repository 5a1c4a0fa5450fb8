#include "ingest/daemon/server_state.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define READ_AHEAD_BYTES 32768u /* what libevent may hold of one connection beside the frame's own buffer */
#define LINGER_MS 2000          /* for a client to read what was written, again and again while it does, */
#define LINGER_TOTAL_MS 10000   /* but not longer than this */

uint64_t server_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct connection *connection_find(struct server *server, uint64_t id)
{
	struct connection *c = server->by_id[id % HASH_SLOTS];
	while (c != NULL && c->id != id)
		c = c->hash_next;
	return c;
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

static void unlink_connection(struct server *server, struct connection *c)
{
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
}

/* Frees what there is of it; `fd` belongs to the stream. */
static void free_connection(struct connection *c)
{
	if (c->stream != NULL)
		bufferevent_free(c->stream);
	if (c->deadline != NULL)
		event_free(c->deadline);
	seat_release(c->seat);
	free(c);
}

void connection_close(struct connection *c)
{
	room_leave(c);
	unlink_connection(c->server, c);
	reading_drop(c);
	door_leave(c);
	free_connection(c);
}

void connection_set_reading(struct connection *c, bool reading)
{
	if (c->reading == reading)
		return;
	c->reading = reading;
	if (reading)
		bufferevent_enable(c->stream, EV_READ);
	else
		bufferevent_disable(c->stream, EV_READ);
}

void connection_start_deadline(struct connection *c, unsigned timeout_ms)
{
	struct timeval limit = {timeout_ms / 1000, (suseconds_t)(timeout_ms % 1000) * 1000};
	evtimer_add(c->deadline, &limit);
}

size_t connection_output_bytes(const struct connection *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->stream));
}

/* ---- sending and ending ---- */

struct writer connection_writer(struct server *server)
{
	return writer_of(server->output, sizeof server->output);
}

/* What a closing client still sends is thrown away for a moment: closing at once would make TCP throw away the error
 * frame instead. */
static void begin_end(struct connection *c)
{
	c->ending = true;
	c->ending_ms = server_now_ms();
	c->ending_left = connection_output_bytes(c);
	room_leave(c);
	reading_drop(c);
	door_leave(c);
	connection_set_reading(c, true);
	connection_start_deadline(c, LINGER_MS);
}

void connection_send(struct connection *c, const struct writer *w)
{
	if (writer_len(w) > 0)
		bufferevent_write(c->stream, w->start, writer_len(w));
	if (c->session.state == SESSION_CLOSING && !c->ending)
		begin_end(c);
}

void connection_end(struct connection *c, enum error error, const char *text)
{
	struct writer w = connection_writer(c->server);
	session_end(&c->session, error, text, &w);
	connection_send(c, &w);
}

/* ---- libevent's callbacks ---- */

/* A client that reads its last answers slowly gets them; one that does not read is closed. */
static void linger(struct connection *c)
{
	size_t left = connection_output_bytes(c);
	bool reads = left > 0 && left < c->ending_left;
	c->ending_left = left;
	if (reads && server_now_ms() - c->ending_ms < LINGER_TOTAL_MS)
		connection_start_deadline(c, LINGER_MS);
	else
		connection_close(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct connection *c = context;
	char text[128];
	(void)fd;
	(void)what;
	if (c->ending) {
		linger(c);
		return;
	}
	uint64_t left_ms = reading_time_left(c);
	if (left_ms > 0) {
		connection_start_deadline(c, (unsigned)left_ms);
		return;
	}
	snprintf(text, sizeof text, "a frame must be complete within %u ms, and a second more for each %u bytes of a batch",
		c->server->options->frame_timeout_ms, PACE_STEP_BYTES);
	connection_end(c, E_TIMEOUT, text);
}

static void on_read(struct bufferevent *stream, void *context)
{
	(void)stream;
	reading_go_on(context);
}

static void on_write(struct bufferevent *stream, void *context)
{
	struct connection *c = context;
	(void)stream;
	if (c->ending && connection_output_bytes(c) == 0)
		shutdown(bufferevent_getfd(c->stream), SHUT_WR); /* the client ends it, or the deadline does */
	else
		reading_resume(c);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
	(void)stream;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		connection_close(context);
}

/* ---- opening ---- */

static void set_socket(evutil_socket_t fd)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

struct connection *connection_open(struct server *server, evutil_socket_t fd)
{
	struct connection *c = calloc(1, sizeof *c);
	if (c != NULL)
		c->stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->stream == NULL) {
		evutil_closesocket(fd);
		free(c);
		return NULL;
	}
	c->server = server;
	c->deadline = evtimer_new(server->base, on_deadline, c);
	c->seat = seat_new();
	if (c->deadline == NULL || c->seat == NULL) {
		free_connection(c);
		return NULL;
	}
	set_socket(fd);
	link_connection(server, c);
	bufferevent_setcb(c->stream, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->stream, EV_READ, 0, READ_AHEAD_BYTES);
	struct timeval write_limit = {
		server->options->write_timeout_ms / 1000, (suseconds_t)(server->options->write_timeout_ms % 1000) * 1000};
	bufferevent_set_timeouts(c->stream, NULL, &write_limit);
	bufferevent_enable(c->stream, EV_WRITE);
	struct writer w = connection_writer(server);
	session_init(&c->session, ledger_vkey(server->ledger), &w);
	connection_send(c, &w);
	return c;
}
