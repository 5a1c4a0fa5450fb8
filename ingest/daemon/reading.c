/* Frames in: five bytes, then only as much as they say and only once there is room for it.
 *
 *   HEAD ─► window? ─► room? ─► BODY ─► session ─► job
 *             │ no       │ no
 *            HELD      WAITING
 *
 * A frame that has begun is finished: only between frames is a connection held back. */
#include "ingest/daemon/server_state.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void reading_drop(struct connection *c)
{
	size_t reserved = c->reserved;
	if (c->body != NULL)
		sodium_memzero(c->body, c->body_read);
	free(c->body);
	c->body = NULL;
	c->reserved = 0;
	c->phase = PHASE_HEAD;
	room_release(c->server, c->session.sender, reserved);
}

/* ---- whole frames ---- */

/* The body goes with the job, and the reservation of a batch's. */
static void submit(struct connection *c, enum job_kind kind)
{
	struct job *job = job_new(kind, c->id);
	if (job == NULL) {
		connection_end(c, E_NO_MEMORY, NULL);
		return;
	}
	job->sender = c->session.sender;
	memcpy(job->challenge, c->session.challenge.nonce, sizeof job->challenge);
	job->seat = seat_hold(c->seat);
	job->body = c->body;
	job->body_bytes = c->body_bytes;
	c->body = NULL;
	c->reserved = 0;
	sequencer_submit(c->server->sequencer, job);
}

static void take_frame(struct connection *c)
{
	struct writer w = connection_writer(c->server);
	enum session_request request = session_frame(&c->session, c->type, bytes_of(c->body, c->body_bytes), &w);
	/* Until there is a hello the time goes on since the connection was made, whatever else came. */
	if (c->session.state != SESSION_GREETING) {
		evtimer_del(c->deadline);
		c->frame_ms = 0;
	}
	connection_send(c, &w);
	if (request == SESSION_LOOK_UP)
		submit(c, JOB_HELLO);
	else if (request == SESSION_SUBMIT)
		submit(c, JOB_BATCH);
	reading_drop(c);
}

/* ---- heads and bodies ---- */

void reading_start_body(struct connection *c, bool waited)
{
	c->body = malloc(c->body_bytes ? c->body_bytes : 1);
	if (c->body == NULL) {
		connection_end(c, E_NO_MEMORY, NULL);
		return;
	}
	c->body_read = 0;
	c->step_ms = server_now_ms();
	c->phase = PHASE_BODY;
	if (!waited)
		return;
	c->frame_ms = server_now_ms();
	connection_start_deadline(c, c->server->options->frame_timeout_ms);
	connection_set_reading(c, true);
	/* What is buffered already gives no read event of its own. */
	bufferevent_trigger(c->stream, EV_READ, BEV_OPT_DEFER_CALLBACKS);
}

/* Finds a place for the body: window first, then room. */
static void place_body(struct connection *c, bool waited)
{
	if (c->type == FRAME_BATCH && !session_has_room(&c->session, c->body_bytes))
		c->phase = PHASE_HELD;
	else if (c->type != FRAME_BATCH || room_take(c))
		reading_start_body(c, waited);
	if (c->phase == PHASE_HELD || c->phase == PHASE_WAITING)
		evtimer_del(c->deadline); /* it is not the client's fault */
}

/* True when a whole head was taken. */
static bool take_head(struct connection *c, struct evbuffer *input)
{
	uint8_t head[FRAME_HEAD_BYTES];
	struct writer w = connection_writer(c->server);
	size_t there = evbuffer_get_length(input);
	if (there > 0 && c->frame_ms == 0) {
		c->frame_ms = server_now_ms();
		connection_start_deadline(c, c->server->options->frame_timeout_ms);
	}
	if (there < sizeof head)
		return false;
	evbuffer_remove(input, head, sizeof head);
	enum error error = frame_head_decode(BYTES_ARRAY(head), &c->type, &c->body_bytes);
	if (error != E_OK)
		session_bad_head(&c->session, error, &w);
	else
		error = session_head(&c->session, c->type, c->body_bytes, &w);
	connection_send(c, &w);
	if (error == E_OK)
		place_body(c, false);
	return true;
}

/* True when the whole body was taken. */
static bool take_body(struct connection *c, struct evbuffer *input)
{
	while (c->body_read < c->body_bytes) {
		int n = evbuffer_remove(input, c->body + c->body_read, c->body_bytes - c->body_read);
		if (n <= 0)
			return false;
		if ((c->body_read + (size_t)n) / PACE_STEP_BYTES > c->body_read / PACE_STEP_BYTES)
			c->step_ms = server_now_ms();
		c->body_read += (size_t)n;
	}
	take_frame(c);
	return true;
}

/* What comes buys time: a batch is as long as its sender made it before it knew how narrow the line is, and would never
 * arrive otherwise. */
uint64_t reading_time_left(const struct connection *c)
{
	uint64_t bought_ms = c->phase == PHASE_BODY && c->type == FRAME_BATCH ? c->body_read * 1000 / PACE_STEP_BYTES : 0;
	uint64_t until_ms = c->frame_ms + c->server->options->frame_timeout_ms + bought_ms;
	uint64_t now_ms = server_now_ms();
	return c->frame_ms != 0 && until_ms > now_ms ? until_ms - now_ms : 0;
}

static bool may_begin(const struct connection *c)
{
	return !c->server->stopping && session_may_read(&c->session) && connection_output_bytes(c) <= CONNECTION_OUTPUT_MAX;
}

static bool may_read(const struct connection *c)
{
	return c->phase == PHASE_BODY || (c->phase == PHASE_HEAD && (c->frame_ms != 0 || may_begin(c)));
}

void reading_go_on(struct connection *c)
{
	struct evbuffer *input = bufferevent_get_input(c->stream);
	bool more = true;
	while (more && c->session.state != SESSION_CLOSING && may_read(c))
		more = c->phase == PHASE_HEAD ? take_head(c, input) : take_body(c, input);
	if (c->session.state == SESSION_CLOSING)
		evbuffer_drain(input, evbuffer_get_length(input));
	else
		connection_set_reading(c, may_read(c));
}

void reading_resume(struct connection *c)
{
	if (c->session.state == SESSION_CLOSING)
		return;
	if (c->phase == PHASE_HELD && session_has_room(&c->session, c->body_bytes))
		place_body(c, true);
	else if (c->phase == PHASE_HEAD && !c->reading && may_read(c))
		reading_go_on(c);
}
