/* A connection's life, and all that is done with one. What comes in goes through reading.h, which says what is next;
 * this file asks the session, the window and the room, and does it.
 *
 *   bytes ─► reading ─┬─ head ──► session: welcome? ─► window? ─► room? ─► body
 *                     ├─ room ──► room for more of the body?
 *                     └─ frame ─► session ─► job ─► sequencer
 *
 * What fails: a frame that is none, or comes too late, ends the session with an error frame, and the connection when
 * that was read; a batch that was whole is stored all the same. Room that becomes free is given to others once the
 * callback is done (connections_let_in), so nothing here is entered twice. */
#include "ingest/daemon/server_state.h"

#include "ledger/base/clock.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

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

/* From both lists: whoever looks for a connection by its number must not find one that is being freed. */
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

/* The frame that is being read, and what it holds. */
static void drop_frame(struct connection *c, bool in_time)
{
	room_leave(&c->server->room, &c->claim);
	reading_end(&c->in, in_time);
	c->front_ms = 0;
}

void connection_close(struct connection *c)
{
	unlink_connection(c->server, c);
	drop_frame(c, true);
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

/* A connection has one time limit at a time, and a new one replaces the old. */
static void start_deadline(struct connection *c, unsigned timeout_ms)
{
	struct timeval limit = {timeout_ms / 1000, (suseconds_t)(timeout_ms % 1000) * 1000};
	evtimer_add(c->deadline, &limit);
}

size_t connection_output_bytes(const struct connection *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->stream));
}

/* By TLS, and the handshake is not done. */
static bool is_shaking(const struct connection *c)
{
	const struct ssl_st *line = bufferevent_openssl_get_ssl(c->stream);
	return line != NULL && !tls_is_open(line);
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
	assert(c->session.state == SESSION_CLOSING);
	c->ending = true;
	c->ending_ms = clock_ms();
	c->ending_left = connection_output_bytes(c);
	drop_frame(c, true);
	door_leave(c);
	connection_set_reading(c, true);
	start_deadline(c, is_shaking(c) ? 0 : LINGER_MS); /* there is nobody yet whom anything could be told */
}

void connection_send(struct connection *c, const struct writer *w)
{
	if (writer_len(w) > 0)
		bufferevent_write(c->stream, w->start, writer_len(w));
	if (c->session.state == SESSION_CLOSING && !c->ending)
		begin_end(c);
}

/* May be called for any connection, also for another than the one whose callback runs: nothing is freed here. */
void connection_end(struct connection *c, enum error error, const char *text)
{
	struct writer w = connection_writer(c->server);
	session_end(&c->session, error, text, &w);
	connection_send(c, &w);
}

/* ---- whole frames ---- */

/* The body goes with the job, and the room of a batch's. */
static void submit(struct connection *c, enum job_kind kind)
{
	struct job *job = job_new(kind, c->id);
	if (job == NULL) {
		connection_end(c, E_NO_MEMORY, NULL);
		return;
	}
	job->sender = c->session.sender;
	memcpy(job->challenge, c->session.challenge.nonce, sizeof job->challenge);
	const struct ssl_st *line = bufferevent_openssl_get_ssl(c->stream);
	if (kind == JOB_HELLO && line != NULL)
		job->has_certificate = tls_peer_key(line, &job->certificate);
	job->seat = seat_hold(c->seat);
	job->body_bytes = c->in.body_bytes;
	job->body = reading_hand_over(&c->in);
	if (kind == JOB_BATCH)
		door_took(c, job);
	room_hand_over(&c->server->room, &c->claim);
	sequencer_submit(c->server->sequencer, job);
}

/* Its look-up has the frame timeout, too: whoever does it may be busy for long. */
static void look_up(struct connection *c)
{
	submit(c, JOB_HELLO);
	if (!c->ending)
		start_deadline(c, c->server->options->frame_timeout_ms);
}

static void take_frame(struct connection *c)
{
	struct writer w = connection_writer(c->server);
	enum session_request request = session_frame(&c->session, c->in.type, bytes_of(c->in.body, c->in.body_bytes), &w);
	/* Until there is a hello the time goes on since the connection was made, whatever else came. */
	bool in_time = c->session.state != SESSION_GREETING;
	if (in_time)
		evtimer_del(c->deadline);
	connection_send(c, &w);
	if (request == SESSION_LOOK_UP)
		look_up(c);
	else if (request == SESSION_SUBMIT)
		submit(c, JOB_BATCH);
	if (!c->ending)
		drop_frame(c, in_time);
}

/* ---- heads and bodies ---- */

/* It may go on with this much of its body. */
static void go_on(struct connection *c, size_t room)
{
	bool waited = c->in.paused_ms != 0;
	if (reading_grow(&c->in, room, clock_ms()) != E_OK) {
		connection_end(c, E_NO_MEMORY, NULL);
		return;
	}
	if (!waited)
		return;
	start_deadline(c, (unsigned)reading_time_left(&c->in, c->server->options->frame_timeout_ms, clock_ms()));
	connection_set_reading(c, true);
	/* What is buffered already gives no read event of its own. */
	bufferevent_trigger(c->stream, EV_READ, BEV_OPT_DEFER_CALLBACKS);
}

static void hold(struct connection *c, enum phase phase)
{
	reading_pause(&c->in, phase, clock_ms());
	evtimer_del(c->deadline); /* it is not the client's fault */
}

/* A batch's first step, then as much again as is there; what is no batch is short. */
static void find_room(struct connection *c)
{
	size_t more = c->in.room > 0 ? c->in.room : ROOM_STEP_BYTES;
	size_t left = c->in.body_bytes - c->in.room;
	if (c->in.type != FRAME_BATCH || left == 0)
		go_on(c, c->in.body_bytes);
	else if (room_claim(&c->server->room, &c->claim, more < left ? more : left))
		go_on(c, c->claim.held);
	else
		hold(c, PHASE_WAITING);
}

static void place_body(struct connection *c)
{
	if (c->in.type == FRAME_BATCH && !session_has_room(&c->session, c->in.body_bytes))
		hold(c, PHASE_HELD);
	else
		find_room(c);
}

static void take_head(struct connection *c)
{
	struct writer w = connection_writer(c->server);
	enum error error = frame_head_decode(BYTES_ARRAY(c->in.head), &c->in.type, &c->in.body_bytes);
	if (error != E_OK)
		session_bad_head(&c->session, error, &w);
	else
		error = session_head(&c->session, c->in.type, c->in.body_bytes, &w);
	connection_send(c, &w);
	if (error == E_OK)
		place_body(c);
}

/* Between frames is where a sender is slowed: it keeps what it has begun, and begins nothing while it does not read
 * its answers. */
static bool may_begin(const struct connection *c)
{
	return !c->server->stopping && session_may_read(&c->session) && !door_is_spent(c) &&
		   connection_output_bytes(c) <= CONNECTION_OUTPUT_MAX;
}

static bool may_read(const struct connection *c)
{
	return c->in.phase == PHASE_BODY || (c->in.phase == PHASE_HEAD && (c->in.frame_ms != 0 || may_begin(c)));
}

/* libevent takes 4 kB at a time, asks before each how much there is, and it is copied once more. So once it holds
 * nothing, the rest of a body goes from the socket to its place; that the other side has closed, or fails, libevent
 * finds out when it reads next. */
static ssize_t receive(struct connection *c, uint8_t *to, size_t len)
{
	struct evbuffer *input = bufferevent_get_input(c->stream);
	if (c->in.phase == PHASE_BODY && evbuffer_get_length(input) == 0 && c->server->tls == NULL)
		return recv(bufferevent_getfd(c->stream), to, len, MSG_DONTWAIT);
	return evbuffer_remove(input, to, len);
}

/* Takes what has come, up to `len` bytes to where they go; false: nothing more is there. */
static bool take_bytes(struct connection *c)
{
	size_t len;
	uint8_t *to = reading_space(&c->in, &len);
	ssize_t n = len > 0 ? receive(c, to, len) : 0;
	if (len > 0 && n <= 0)
		return false;
	bool begins = c->in.frame_ms == 0;
	enum reading_next next = reading_took(&c->in, (size_t)n, clock_ms());
	if (begins)
		start_deadline(c, c->server->options->frame_timeout_ms);
	if (next == READING_HEAD)
		take_head(c);
	else if (next == READING_ROOM)
		find_room(c);
	else if (next == READING_FRAME)
		take_frame(c);
	return true;
}

/* Until nothing may be read: what libevent holds of a connection gives no event of its own. */
static void read_on(struct connection *c)
{
	struct evbuffer *input = bufferevent_get_input(c->stream);
	while (c->session.state != SESSION_CLOSING && may_read(c) && take_bytes(c))
		continue;
	if (c->session.state == SESSION_CLOSING)
		evbuffer_drain(input, evbuffer_get_length(input));
	else
		connection_set_reading(c, may_read(c));
}

void connection_resume(struct connection *c)
{
	if (c->session.state == SESSION_CLOSING)
		return;
	if (c->in.phase == PHASE_HELD && session_has_room(&c->session, c->in.body_bytes))
		find_room(c);
	else if (c->in.phase == PHASE_HEAD && !c->reading && may_read(c))
		read_on(c);
}

/* Nothing else wakes those that waited for time alone. */
void connections_go_on(struct server *server)
{
	for (struct connection *c = server->connections; c != NULL; c = c->next)
		if (c->share != NULL && !c->reading)
			connection_resume(c);
}

/* ---- room among all ---- */

void connections_let_in(struct server *server)
{
	for (struct claim *claim; (claim = room_next(&server->room)) != NULL;) {
		struct connection *c = (struct connection *)(void *)((char *)claim - offsetof(struct connection, claim));
		go_on(c, claim->held);
	}
}

/* Since when it keeps all others waiting, as the one that the last room is for. */
static void time_front(struct connection *c, bool all_wait, uint64_t now_ms)
{
	if (!all_wait || c->server->room.all.front != &c->claim || c->in.phase != PHASE_BODY)
		c->front_ms = 0;
	else if (c->front_ms == 0)
		c->front_ms = now_ms;
}

/* Who holds little, and goes on bringing what it announced, has a narrow line and no wish to keep others waiting. */
static bool is_in_the_way(const struct connection *c, uint64_t now_ms)
{
	if (c->front_ms != 0 && now_ms - c->front_ms > EVICT_FRONT_MS)
		return true;
	if (c->share->pool.bytes > BATCH_BYTES_MAX || c->in.body_read < PACE_STEP_BYTES)
		return now_ms - c->in.frame_ms > EVICT_AFTER_MS;
	return now_ms - c->in.step_ms > EVICT_STALLED_MS;
}

/* All are looked at, not only the one in front: who is evicted now frees room for several. */
void connections_evict(struct server *server)
{
	static const char text[] =
		"others wait for the room that this batch has, and it comes too slowly; send smaller batches";
	uint64_t now_ms = clock_ms();
	bool all = room_all_wait(&server->room);
	for (struct connection *c = server->connections; c != NULL; c = c->next) {
		time_front(c, all, now_ms);
		if (c->in.phase == PHASE_BODY && c->claim.held > 0 && (all || room_own_wait(&server->room, c->claim.own)) &&
			is_in_the_way(c, now_ms))
			connection_end(c, E_TIMEOUT, text);
	}
}

/* ---- libevent's callbacks ---- */

/* A client that reads its last answers slowly gets them; one that does not read is closed. */
static void linger(struct connection *c)
{
	size_t left = connection_output_bytes(c);
	bool reads = left > 0 && left < c->ending_left;
	c->ending_left = left;
	if (reads && clock_ms() - c->ending_ms < LINGER_TOTAL_MS)
		start_deadline(c, LINGER_MS);
	else
		connection_close(c);
}

static void end_late(struct connection *c)
{
	char text[128];
	if (c->ending) {
		linger(c);
		return;
	}
	if (is_shaking(c)) {
		connection_close(c);
		return;
	}
	if (c->session.state == SESSION_LOOKING) {
		connection_end(c, E_TOO_MANY, "the ledger is busy, and has not looked this sender up; try again later");
		return;
	}
	uint64_t left_ms = reading_time_left(&c->in, c->server->options->frame_timeout_ms, clock_ms());
	if (left_ms > 0) {
		start_deadline(c, (unsigned)left_ms);
		return;
	}
	snprintf(text, sizeof text, "a frame must be complete within %u ms, and a second more for each %u bytes of a batch",
		c->server->options->frame_timeout_ms, PACE_STEP_BYTES);
	connection_end(c, E_TIMEOUT, text);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct connection *c = context;
	struct server *server = c->server;
	(void)fd;
	(void)what;
	end_late(c);
	connections_let_in(server);
}

static void on_read(struct bufferevent *stream, void *context)
{
	struct connection *c = context;
	(void)stream;
	read_on(c);
	connections_let_in(c->server);
}

/* The client ends the connection then, or the deadline does. */
static void end_writing(struct connection *c)
{
	struct ssl_st *line = bufferevent_openssl_get_ssl(c->stream);
	if (line != NULL)
		tls_say_end(line);
	shutdown(bufferevent_getfd(c->stream), SHUT_WR);
}

static void on_write(struct bufferevent *stream, void *context)
{
	struct connection *c = context;
	(void)stream;
	if (c->ending && connection_output_bytes(c) == 0)
		end_writing(c);
	else
		connection_resume(c);
	connections_let_in(c->server);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
	struct connection *c = context;
	struct server *server = c->server;
	(void)stream;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		connection_close(c);
	connections_let_in(server);
}

/* ---- opening ---- */

/* Answers are short and waited for; and a client whose machine is gone must be noticed while nothing is sent. */
static void set_socket(evutil_socket_t fd)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static struct bufferevent *new_stream(struct server *server, evutil_socket_t fd)
{
	if (server->tls == NULL)
		return bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	struct ssl_st *line = tls_server_line(server->tls);
	return line != NULL ? bufferevent_openssl_socket_new(
							  server->base, fd, line, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
						: NULL;
}

/* The challenge is written before anything is read, so that a client hears at once what it has reached. */
struct connection *connection_open(struct server *server, evutil_socket_t fd)
{
	struct connection *c = calloc(1, sizeof *c);
	if (c != NULL)
		c->stream = new_stream(server, fd);
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

void connection_welcome(struct connection *c)
{
	connection_set_reading(c, true);
	c->in.frame_ms = clock_ms();
	unsigned limit_ms = c->server->options->frame_timeout_ms;
	if (c->server->tls != NULL && limit_ms > TLS_HANDSHAKE_SECONDS * 1000)
		limit_ms = TLS_HANDSHAKE_SECONDS * 1000; /* of the handshake first: end_late gives the rest */
	start_deadline(c, limit_ms);
}

void connection_end_deadline(struct connection *c)
{
	if (!c->ending)
		evtimer_del(c->deadline);
}
