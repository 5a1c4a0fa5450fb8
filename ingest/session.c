#include "ingest/session.h"

#include "ledger/wrong.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HELLO_BYTES_MAX (2 + 4 + 2 + ORIGIN_BYTES_MAX + 2 + NOTE_BYTES_MAX)

void session_init(struct session *session, const char *origin)
{
	*session = (struct session){.state = SESSION_GREETING, .origin = origin};
}

void session_end(struct session *session, enum error error, const char *text, struct writer *out)
{
	if (session->state == SESSION_CLOSING)
		return;
	session->state = SESSION_CLOSING;
	struct frame_error frame = {error, bytes_text(text ? text : error_text(error))};
	enum error written = frame_error_encode(&frame, out);
	assert(written == E_OK);
	(void)written;
}

static size_t body_limit(enum frame_type type)
{
	return type == FRAME_BATCH ? BATCH_BYTES_MAX : type == FRAME_HELLO ? HELLO_BYTES_MAX : PING_BYTES_MAX;
}

void session_bad_head(struct session *session, enum error error, struct writer *out)
{
	char text[128];
	if (error == E_FRAME_TOO_LONG)
		snprintf(text, sizeof text, "the frame's length is over the limit of %u bytes", FRAME_BYTES_MAX);
	else if (error == E_FRAME_TYPE)
		snprintf(text, sizeof text, "the frame's type is unknown; types are %d to %d", FRAME_HELLO, FRAME_ERROR);
	else
		snprintf(text, sizeof text, "the frame's length is 0; it counts at least the type");
	session_end(session, error, text, out);
}

enum error session_head(struct session *session, enum frame_type type, size_t body_bytes, struct writer *out)
{
	char text[128];
	bool expected = (session->state == SESSION_GREETING && type == FRAME_HELLO) ||
					(session->state == SESSION_OPEN && (type == FRAME_BATCH || type == FRAME_PING));
	if (WRONG(!expected)) {
		snprintf(text, sizeof text, "frame type %d is not expected %s", (int)type,
			session->state == SESSION_OPEN ? "after the welcome; send batches"
										   : "before the welcome; send hello first");
		session_end(session, E_FRAME_TYPE, text, out);
		return E_FRAME_TYPE;
	}
	if (WRONG(body_bytes > body_limit(type))) {
		snprintf(text, sizeof text, "the frame's body has %zu bytes, the limit is %zu; send smaller batches",
			body_bytes, body_limit(type));
		session_end(session, E_FRAME_TOO_LONG, text, out);
		return E_FRAME_TOO_LONG;
	}
	return E_OK;
}

static enum session_request greet(
	struct session *session, struct bytes body, struct frame_hello *hello, struct writer *out)
{
	char text[192];
	enum error error = frame_hello_decode(body, hello);
	if (error == E_VERSION) {
		snprintf(
			text, sizeof text, "protocol version %d is spoken here; update the sender or the ledger", PROTOCOL_VERSION);
		session_end(session, E_VERSION, text, out);
		return SESSION_NOTHING;
	}
	if (error != E_OK) {
		snprintf(text, sizeof text, "hello: %s (origin at most %u bytes, checkpoint at most %u)", error_text(error),
			ORIGIN_BYTES_MAX, NOTE_BYTES_MAX);
		session_end(session, error, text, out);
		return SESSION_NOTHING;
	}
	if (!bytes_equal(hello->origin, bytes_text(session->origin))) {
		session_end(session, E_WRONG_ORIGIN, NULL, out);
		return SESSION_NOTHING;
	}
	session->state = SESSION_LOOKING;
	session->sender = hello->sender;
	return SESSION_LOOK_UP;
}

enum session_request session_frame(
	struct session *session, enum frame_type type, struct bytes body, struct frame_hello *hello, struct writer *out)
{
	if (session->state == SESSION_CLOSING)
		return SESSION_NOTHING;
	if (session_head(session, type, body.len, out) != E_OK)
		return SESSION_NOTHING;
	if (type == FRAME_HELLO)
		return greet(session, body, hello, out);
	if (type == FRAME_PING) {
		frame_head_encode(FRAME_PONG, body.len, out);
		writer_bytes(out, body);
		return SESSION_NOTHING;
	}
	assert(session_has_room(session, body.len));
	session->waiting++;
	session->waiting_bytes += body.len;
	return SESSION_SUBMIT;
}

void session_looked_up(
	struct session *session, enum error error, const struct sender *sender, uint64_t ledger_time_s, struct writer *out)
{
	if (session->state == SESSION_CLOSING)
		return;
	assert(session->state == SESSION_LOOKING);
	if (error != E_OK) {
		session_end(session, error, NULL, out);
		return;
	}
	session->state = SESSION_OPEN;
	struct frame_welcome welcome = {.version = PROTOCOL_VERSION,
		.next_sequence = sender->next_sequence,
		.ledger_time_s = ledger_time_s,
		.batch_events_max = BATCH_EVENTS_MAX,
		.batch_bytes_max = BATCH_BYTES_MAX,
		.window_batches = CONNECTION_BATCHES_MAX,
		.window_bytes = CONNECTION_BYTES_MAX,
		.policy = sender->policy};
	enum error written = frame_welcome_encode(&welcome, out);
	assert(written == E_OK);
	(void)written;
}

/* An answer is owed for every batch that was submitted, and for no other. */
static bool owed(struct session *session, size_t batch_bytes)
{
	assert(session->waiting > 0 && session->waiting_bytes >= batch_bytes);
	session->waiting--;
	session->waiting_bytes -= batch_bytes;
	return session->state == SESSION_OPEN;
}

void session_receipt(struct session *session, struct bytes receipt, size_t batch_bytes, struct writer *out)
{
	if (!owed(session, batch_bytes))
		return;
	frame_head_encode(FRAME_RECEIPT, receipt.len, out);
	writer_bytes(out, receipt);
}

void session_refusal(
	struct session *session, const struct frame_refusal *refusal, size_t batch_bytes, struct writer *out)
{
	if (!owed(session, batch_bytes))
		return;
	struct frame_refusal sent = *refusal;
	if (!bytes_utf8(sent.text)) /* a fault's text is cut at its limit, which may be inside a character */
		sent.text = bytes_text(error_text(sent.error));
	enum error written = frame_refusal_encode(&sent, out);
	assert(written == E_OK);
	(void)written;
}

bool session_has_room(const struct session *session, size_t batch_bytes)
{
	return session->waiting < CONNECTION_BATCHES_MAX && session->waiting_bytes + batch_bytes <= CONNECTION_BYTES_MAX;
}

bool session_may_read(const struct session *session)
{
	return session->state != SESSION_LOOKING && session_has_room(session, 1);
}
