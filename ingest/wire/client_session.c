/* What a frame means is judged here, and nothing is done about it: the caller acts on the answer, and on the verdict
 * of an error.
 *
 * Only the oldest batch without an answer can be answered. After a refusal those behind it are refused as well,
 * because their sequences do not follow on: that says nothing of their own, so it is swallowed, and the caller acts
 * once nothing is in flight. What can fail: any frame that does not fit, which closes the session; the batches in
 * flight are forgotten here and stay in the spool. Which errors pass by themselves is one list for both sources,
 * refusals and error frames; an error that is not in it stops the sender, or moves a message aside where it is about
 * one event. */
#include "ingest/wire/client_session.h"

#include <assert.h>
#include <inttypes.h>

enum error client_session_init(
	struct client_session *session, const struct vkey *log, uint32_t sender, struct bytes note)
{
	memset(session, 0, sizeof *session);
	session->log = log;
	session->sender = sender;
	return note.len == 0 ? E_OK : receipt_position_load(note, log, &session->position);
}

/* Every change of state that there is; another one is a mistake in the program. All lead to CLOSED. */
static void move(struct client_session *session, enum client_state to)
{
	static const bool moves[5][5] = {
		[CLIENT_CLOSED] = {[CLIENT_CLOSED] = true, [CLIENT_CONNECTED] = true},
		[CLIENT_CONNECTED] = {[CLIENT_CLOSED] = true, [CLIENT_GREETED] = true},
		[CLIENT_GREETED] = {[CLIENT_CLOSED] = true, [CLIENT_OPEN] = true},
		[CLIENT_OPEN] = {[CLIENT_CLOSED] = true, [CLIENT_OPEN] = true, [CLIENT_DRAINING] = true},
		[CLIENT_DRAINING] = {[CLIENT_CLOSED] = true, [CLIENT_OPEN] = true, [CLIENT_DRAINING] = true},
	};
	assert(moves[session->state][to]);
	session->state = to;
}

/* A new connection begins with a window of one, whatever the last one had: the line may be another. */
void client_session_start(struct client_session *session, uint64_t now_ms)
{
	move(session, CLIENT_CONNECTED);
	session->flight_first = 0;
	session->flight_count = 0;
	session->flight_bytes = 0;
	session->slow = 1;
	session->heard_ms = now_ms;
	session->moved = 0;
	session->pinged = false;
	session->pinged_first = false;
}

enum error client_session_hello(struct client_session *session, const uint8_t secret_key[64], struct writer *out)
{
	assert(session->state == CLIENT_CONNECTED);
	struct frame_hello hello = {
		.version = PROTOCOL_VERSION,
		.sender = session->sender,
		.origin = bytes_text(session->log->name),
		.checkpoint = bytes_of(session->position.note, session->position.note_len),
	};
	hello_sign(&session->challenge, secret_key, &hello);
	memcpy(session->nonce, hello.nonce, sizeof session->nonce);
	TRY(frame_hello_encode(&hello, out));
	move(session, CLIENT_GREETED);
	return E_OK;
}

void client_session_close(struct client_session *session)
{
	move(session, CLIENT_CLOSED);
}

/* ---- window ---- */

bool client_session_may_send(const struct client_session *session, size_t bytes)
{
	if (session->state != CLIENT_OPEN)
		return false;
	if (session->flight_count == 0) /* one batch always goes, or the sender would never move */
		return true;
	return session->flight_count < session->slow && session->flight_count < CONNECTION_BATCHES_MAX &&
		   session->flight_count < session->welcome.window_batches &&
		   session->flight_bytes + bytes <= session->welcome.window_bytes;
}

void client_session_sent(struct client_session *session, const struct batch_head *head, uint32_t bytes)
{
	assert(client_session_may_send(session, bytes));
	uint32_t at = (session->flight_first + session->flight_count) % CONNECTION_BATCHES_MAX;
	session->flight[at].head = *head;
	session->flight[at].bytes = bytes;
	session->flight_count++;
	session->flight_bytes += bytes;
}

/* Always the oldest: the ledger answers in the order in which batches came. */
static void answered(struct client_session *session, struct batch_head *head)
{
	assert(session->flight_count > 0);
	*head = session->flight[session->flight_first].head;
	session->flight_bytes -= session->flight[session->flight_first].bytes;
	session->flight_first = (session->flight_first + 1) % CONNECTION_BATCHES_MAX;
	session->flight_count--;
	assert(session->flight_count > 0 || session->flight_bytes == 0);
}

/* ---- frames ---- */

static enum error unexpected(enum frame_type type, struct fault *fault)
{
	return fault_set(fault, E_FRAME_TYPE, "the ledger sent a frame of type %d that is not expected here", (int)type);
}

static enum error other_version(struct fault *fault)
{
	return fault_set(fault, E_VERSION,
		"the ledger speaks another version of the protocol than %u: upgrade whichever of the two is older",
		(unsigned)PROTOCOL_VERSION);
}

/* Who another ledger is, or one of another version, does not hear who this is. */
static enum error challenge(
	struct client_session *session, struct bytes body, struct client_answer *out, struct fault *fault)
{
	struct frame_challenge frame;
	if (session->state != CLIENT_CONNECTED)
		return unexpected(FRAME_CHALLENGE, fault);
	enum error error = frame_challenge_decode(body, &frame);
	if (error == E_VERSION)
		return other_version(fault);
	TRY(fault_set(fault, error, "the ledger's challenge: %s", error_text(error)));
	if (!bytes_equal(frame.origin, bytes_text(session->log->name)))
		return fault_set(fault, E_WRONG_ORIGIN, "");
	if (memcmp(frame.log_key, session->log->public_key, sizeof frame.log_key) != 0)
		return fault_set(fault, E_WRONG_ORIGIN,
			"this is another ledger than the key file names: it has the same name, and another key");
	session->challenge = frame;
	session->challenge.origin = bytes_text(session->log->name);
	out->meaning = CLIENT_CHALLENGED;
	return E_OK;
}

static enum error welcome(
	struct client_session *session, struct bytes body, struct client_answer *out, struct fault *fault)
{
	if (session->state != CLIENT_GREETED)
		return unexpected(FRAME_WELCOME, fault);
	struct frame_welcome frame;
	enum error error = frame_welcome_decode(body, &frame);
	if (error == E_VERSION)
		return other_version(fault);
	TRY(fault_set(fault, error, "the ledger's welcome: %s", error_text(error)));
	if (welcome_verify(&session->challenge, session->nonce, session->sender, &frame, session->log->public_key) != E_OK)
		return fault_set(fault, E_WRONG_ORIGIN,
			"what answers is not the ledger that the key file names: its welcome is not signed by the log's key for "
			"this connection; nothing was told");
	session->welcome = frame;
	move(session, CLIENT_OPEN);
	out->meaning = CLIENT_WELCOMED;
	return E_OK;
}

/* Checked before it counts: one that does not hold leaves the batch in flight, in the spool, and as evidence. */
static enum error receipt(
	struct client_session *session, struct bytes body, struct client_answer *out, struct fault *fault)
{
	if (session->state != CLIENT_OPEN || session->flight_count == 0)
		return unexpected(FRAME_RECEIPT, fault);
	enum error error = receipt_decode(body, &out->receipt);
	TRY(fault_set(fault, error, "the ledger's receipt: %s", error_text(error)));
	const struct batch_head *head = &session->flight[session->flight_first].head;
	TRY(receipt_verify(&out->receipt, session->log, head, &session->position, fault));
	answered(session, &out->batch);
	if (session->slow < CONNECTION_BATCHES_MAX)
		session->slow++;
	out->meaning = CLIENT_RECEIPT;
	return E_OK;
}

/* The sequence tells whether both ends speak of the same batch; if they do not, nothing that follows could be
 * believed. */
static enum error refusal(
	struct client_session *session, struct bytes body, struct client_answer *out, struct fault *fault)
{
	if ((session->state != CLIENT_OPEN && session->state != CLIENT_DRAINING) || session->flight_count == 0)
		return unexpected(FRAME_REFUSAL, fault);
	enum error error = frame_refusal_decode(body, &out->refusal);
	TRY(fault_set(fault, error, "the ledger's refusal: %s", error_text(error)));
	const struct batch_head *head = &session->flight[session->flight_first].head;
	if (out->refusal.first_sequence != head->first_sequence)
		return fault_set(fault, E_BAD_VALUE,
			"the ledger refused a batch from sequence %" PRIu64 ", the oldest without an answer starts at %" PRIu64,
			out->refusal.first_sequence, head->first_sequence);
	out->meaning = session->state == CLIENT_OPEN ? CLIENT_REFUSED : CLIENT_NOTHING;
	answered(session, &out->batch);
	move(session, session->flight_count > 0 ? CLIENT_DRAINING : CLIENT_OPEN);
	return E_OK;
}

static enum error ended(
	struct client_session *session, struct bytes body, struct client_answer *out, struct fault *fault)
{
	enum error error = frame_error_decode(body, &out->error);
	TRY(fault_set(fault, error, "the ledger's error frame: %s", error_text(error)));
	if (session->state == CLIENT_CONNECTED && session->pinged_first && out->error.error == E_FRAME_TYPE)
		return other_version(fault);
	move(session, CLIENT_CLOSED);
	out->meaning = CLIENT_ENDED;
	return E_OK;
}

static enum error receive(struct client_session *session, enum frame_type type, struct bytes body,
	struct client_answer *out, struct fault *fault)
{
	switch (type) {
	case FRAME_CHALLENGE:
		return challenge(session, body, out, fault);
	case FRAME_WELCOME:
		return welcome(session, body, out, fault);
	case FRAME_RECEIPT:
		return receipt(session, body, out, fault);
	case FRAME_REFUSAL:
		return refusal(session, body, out, fault);
	case FRAME_PING:
		out->meaning = CLIENT_PING;
		out->body = body;
		return body.len <= PING_BYTES_MAX
				   ? E_OK
				   : fault_set(fault, E_TOO_LONG, "the ledger's ping is longer than %d bytes", PING_BYTES_MAX);
	case FRAME_PONG:
		return E_OK;
	case FRAME_ERROR:
		return ended(session, body, out, fault);
	case FRAME_HELLO:
	case FRAME_BATCH:
		break;
	}
	return unexpected(type, fault);
}

enum error client_session_receive(struct client_session *session, enum frame_type type, struct bytes body,
	uint64_t now_ms, struct client_answer *out, struct fault *fault)
{
	assert(session->state != CLIENT_CLOSED);
	session->heard_ms = now_ms;
	session->pinged = false;
	out->meaning = CLIENT_NOTHING;
	enum error error = receive(session, type, body, out, fault);
	if (error != E_OK)
		move(session, CLIENT_CLOSED);
	return error;
}

/* Only while something is in flight: bytes of a ping say nothing about a batch. */
void client_session_moved(struct client_session *session, uint64_t bytes, uint64_t now_ms)
{
	if (bytes > session->moved && session->flight_count > 0)
		session->heard_ms = now_ms;
	session->moved = bytes;
}

bool client_session_timer(struct client_session *session, uint64_t now_ms, bool *give_up, uint32_t *next_ms)
{
	*give_up = false;
	*next_ms = UINT32_MAX;
	if (session->state == CLIENT_CLOSED)
		return false;
	if (session->state == CLIENT_OPEN && session->flight_count == 0) {
		session->heard_ms = now_ms; /* silence counts from the next batch on */
		return false;
	}
	uint64_t silent = now_ms - session->heard_ms;
	bool first = session->state == CLIENT_CONNECTED;
	uint32_t give_up_ms = first ? CLIENT_CONNECTED_GIVE_UP_MS : CLIENT_GIVE_UP_MS;
	*give_up = silent >= give_up_ms;
	if (*give_up)
		return false;
	uint32_t ping_ms = first || session->state == CLIENT_GREETED ? CLIENT_GREETED_PING_MS : CLIENT_PING_MS;
	bool ping = silent >= ping_ms && !session->pinged;
	session->pinged = session->pinged || ping;
	session->pinged_first = session->pinged_first || (ping && first);
	*next_ms = (uint32_t)((session->pinged ? give_up_ms : ping_ms) - silent);
	return ping;
}

/* ---- errors ---- */

enum client_verdict client_error_verdict(enum error error)
{
	switch (error) {
	case E_TIMEOUT:       /* the network was slow */
	case E_TOO_MANY:      /* connections */
	case E_CLOSED:        /* the network, or a restart */
	case E_PERIOD_PASSED: /* the ledger seals it again */
	case E_SEQUENCE_HOLE: /* the next welcome says where to go on */
	case E_FULL:
	case E_IO:
	case E_NO_MEMORY:
	case E_STOPPED:
	case E_LOCKED:
	case E_READERS:
	case E_REPLACED:
	case E_READ_ONLY:
	case E_CLOCK: /* of the ledger: nothing is judged before somebody has looked at it */
	case E_UNFILED:
	case E_CORRUPT: /* the ledger's own store: what waits here may be what it is mended from */
		return CLIENT_RETRY;
	default:
		return CLIENT_STOP;
	}
}

enum client_verdict client_refusal_verdict(const struct frame_refusal *refusal)
{
	enum client_verdict verdict = client_error_verdict(refusal->error);
	if (refusal->error == E_POLICY && refusal->event == FAULT_NO_EVENT)
		return CLIENT_RETRY; /* the registration changed meanwhile: the next welcome brings the newest */
	return verdict == CLIENT_STOP && refusal->event != FAULT_NO_EVENT ? CLIENT_ASIDE : verdict;
}

uint32_t client_backoff_ms(unsigned attempt, uint32_t chance)
{
	uint32_t wait = CLIENT_BACKOFF_MIN_MS;
	for (unsigned i = 0; i < attempt && wait < CLIENT_BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (wait > CLIENT_BACKOFF_MAX_MS)
		wait = CLIENT_BACKOFF_MAX_MS;
	return wait / 2 + chance % (wait / 2 + 1); /* senders that lost the same ledger do not come back at once */
}
