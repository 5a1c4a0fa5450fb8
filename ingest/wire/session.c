/* Whether a frame is welcome is judged when its head is there, so that no body is read for nothing, and by the same
 * function when it is whole, so that no caller is relied on for that.
 *
 *   head ─► session_head ─► body ─► session_frame ─┬─ hello ─► LOOK_UP ─► session_looked_up ─► welcome
 *                                                  ├─ batch ─► SUBMIT ─► session_receipt / session_refusal
 *                                                  └─ ping ─► pong
 *
 * What fails ends in session_end, once: an ended session says nothing more, and results that come later for what it
 * had submitted are only counted off. */
#include "ingest/wire/session.h"

#include "ledger/base/wrong.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

/* Frames whose parts have limits fit into what one call may write (SESSION_OUTPUT_MAX). */
static void must_fit(enum error written)
{
	assert(written == E_OK);
	(void)written;
}

void session_init(struct session *session, const struct vkey *log, struct writer *out)
{
	*session = (struct session){.state = SESSION_GREETING};
	struct frame_challenge *challenge = &session->challenge;
	challenge->version = PROTOCOL_VERSION;
	challenge->origin = bytes_text(log->name);
	memcpy(challenge->log_key, log->public_key, sizeof challenge->log_key);
	randombytes_buf(challenge->nonce, sizeof challenge->nonce);
	must_fit(frame_challenge_encode(challenge, out));
}

/* Every change of state that there is; another one is a mistake in the program. */
static void move(struct session *session, enum session_state to)
{
	static const bool moves[4][4] = {
		[SESSION_GREETING] = {[SESSION_LOOKING] = true, [SESSION_CLOSING] = true},
		[SESSION_LOOKING] = {[SESSION_OPEN] = true, [SESSION_CLOSING] = true},
		[SESSION_OPEN] = {[SESSION_CLOSING] = true},
	};
	assert(moves[session->state][to]);
	session->state = to;
}

/* Once: a second error frame would be read as an answer to something else. */
void session_end(struct session *session, enum error error, const char *text, struct writer *out)
{
	if (session->state == SESSION_CLOSING)
		return;
	move(session, SESSION_CLOSING);
	struct frame_error frame = {error, bytes_text(text ? text : error_text(error))};
	must_fit(frame_error_encode(&frame, out));
}

/* By type, since only a batch may be long: whoever has not proven who it is can make nobody read more than a hello. */
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
		snprintf(text, sizeof text, "the frame's type is unknown; types are %d to %d", FRAME_HELLO, FRAME_CHALLENGE);
	else
		snprintf(text, sizeof text, "the frame's length is 0; it counts at least the type");
	session_end(session, error, text, out);
}

enum error session_head(struct session *session, enum frame_type type, size_t body_bytes, struct writer *out)
{
	char text[128];
	bool expected = (session->state == SESSION_GREETING && type == FRAME_HELLO) ||
					(session->state == SESSION_GREETING && type == FRAME_PING && !session->pinged) ||
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

/* Only the form and the log's name are judged here; whose key it is costs a look into the registry, which is another
 * thread's. */
static enum session_request greet(struct session *session, struct bytes body, struct writer *out)
{
	char text[192];
	struct frame_hello hello;
	enum error error = frame_hello_decode(body, &hello);
	if (error == E_VERSION) {
		snprintf(text, sizeof text,
			"protocol version %d is spoken here; upgrade the sender, or the ledger if the sender is newer",
			PROTOCOL_VERSION);
		session_end(session, E_VERSION, text, out);
		return SESSION_NOTHING;
	}
	if (error != E_OK) {
		snprintf(text, sizeof text, "hello: %s (origin at most %u bytes, checkpoint at most %u)", error_text(error),
			ORIGIN_BYTES_MAX, NOTE_BYTES_MAX);
		session_end(session, error, text, out);
		return SESSION_NOTHING;
	}
	if (!bytes_equal(hello.origin, session->challenge.origin)) {
		session_end(session, E_WRONG_ORIGIN, NULL, out);
		return SESSION_NOTHING;
	}
	move(session, SESSION_LOOKING);
	session->sender = hello.sender;
	return SESSION_LOOK_UP;
}

enum session_request session_frame(struct session *session, enum frame_type type, struct bytes body, struct writer *out)
{
	if (session->state == SESSION_CLOSING)
		return SESSION_NOTHING;
	if (session_head(session, type, body.len, out) != E_OK)
		return SESSION_NOTHING;
	if (type == FRAME_HELLO)
		return greet(session, body, out);
	if (type == FRAME_PING) {
		session->pinged = true;
		frame_head_encode(FRAME_PONG, body.len, out);
		writer_bytes(out, body);
		return SESSION_NOTHING;
	}
	assert(session_has_room(session, body.len));
	session->waiting++;
	session->waiting_bytes += body.len;
	return SESSION_SUBMIT;
}

/* What a limit lets through in WINDOW_SECONDS, at least `least`. A sender that waits longer for an answer takes the
 * connection for dead. */
static uint32_t window(uint32_t per_second, uint32_t each, uint32_t most)
{
	uint64_t allowed = (uint64_t)per_second * WINDOW_SECONDS / each;
	if (per_second == 0 || allowed > most)
		return most;
	return allowed > 0 ? (uint32_t)allowed : 1;
}

void session_welcome(const struct sender *sender, uint64_t ledger_time_s, struct frame_welcome *out)
{
	*out = (struct frame_welcome){.version = PROTOCOL_VERSION,
		.next_sequence = sender->next_sequence,
		.ledger_time_s = ledger_time_s,
		.batch_events_max = BATCH_EVENTS_MAX,
		.batch_bytes_max = BATCH_BYTES_MAX,
		.window_batches = window(sender->mandate.events_per_second, BATCH_EVENTS_MAX, CONNECTION_BATCHES_MAX),
		.window_bytes = window(sender->mandate.bytes_per_second, 1, CONNECTION_BYTES_MAX),
		.policy = sender->policy,
		.source = sender->mandate.source};
}

void session_looked_up(
	struct session *session, enum error error, const char *text, struct bytes welcome, struct writer *out)
{
	if (session->state == SESSION_CLOSING)
		return;
	assert(session->state == SESSION_LOOKING);
	if (error != E_OK) {
		session_end(session, error, text != NULL && text[0] != '\0' ? text : NULL, out);
		return;
	}
	move(session, SESSION_OPEN);
	frame_head_encode(FRAME_WELCOME, welcome.len, out);
	writer_bytes(out, welcome);
}

/* An answer is owed for every batch that was submitted, and for no other. */
static bool owed(struct session *session, size_t batch_bytes)
{
	assert(session->waiting > 0 && session->waiting_bytes >= batch_bytes);
	session->waiting--;
	session->waiting_bytes -= batch_bytes;
	return session->state == SESSION_OPEN;
}

/* Of a session that has ended the answer is counted off and not written: its sender asks for the receipt again. */
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
	must_fit(frame_refusal_encode(&sent, out));
	/* Each costs as much to judge as a good batch. An honest sender has to look for its new key first. */
	if (sent.error != E_BAD_SIGNATURE)
		return;
	session_end(session, E_CLOSED, "a batch's signature does not verify: connect again with the registered key", out);
}

bool session_has_room(const struct session *session, size_t batch_bytes)
{
	return session->waiting < CONNECTION_BATCHES_MAX && session->waiting_bytes + batch_bytes <= CONNECTION_BYTES_MAX;
}

/* Room for one byte is enough to ask: how long the next batch is nobody knows before its head is read. */
bool session_may_read(const struct session *session)
{
	return session->state != SESSION_LOOKING && session_has_room(session, 1);
}
