/* The sender's side of a session, as a state machine: frames and times in, answers out; no socket, no clock of
 * its own. Only the nonce of the hello is drawn. spec/frame.md
 *
 *           connected            challenge, hello sent          welcome         refusal, others in flight
 *   CLOSED ──────────► CONNECTED ──────────────────────► GREETED ─────────► OPEN ───────────────────────────► DRAINING
 *      ▲                   │                                │                │ ◄───── last of them answered ─────┘ │
 *      └─── error frame ───┴────────────────────────────────┴────────────────┴─────────────────────────────────────┘
 *
 *   frame      CONNECTED             GREETED           OPEN                           DRAINING
 *   challenge  checked, then hello   unexpected        unexpected                     unexpected
 *   welcome    unexpected            checked ─► OPEN   unexpected                     unexpected
 *   receipt    unexpected            unexpected        checked, for the oldest        unexpected
 *   refusal    unexpected            unexpected        for the oldest ─► DRAINING     for the oldest, swallowed
 *   ping       answered              answered          answered                       answered
 *   pong       taken                 taken             taken                          taken
 *   error      ─► CLOSED             ─► CLOSED         ─► CLOSED                      ─► CLOSED
 *
 * Nothing behind a refused batch is taken, so no receipt comes in DRAINING; where nothing else is in flight a refusal
 * leaves the session OPEN.
 *
 * Nothing is told before it is asked for: not who this is before the challenge of the right log, no event before a
 * welcome that the log's key has signed for this connection (E_WRONG_ORIGIN). A ledger of version 1 says nothing first,
 * and refuses the ping that is sent after a silence: E_VERSION.
 *
 * An unexpected frame is E_FRAME_TYPE, a malformed one has its decoder's error, a receipt that does not hold
 * E_BAD_PROOF or E_BAD_CHECKPOINT: after any of them the session is CLOSED. Batches are answered in the order in
 * which they were sent. */
#pragma once

#include "ingest/wire/handshake.h"

enum client_state { CLIENT_CLOSED, CLIENT_CONNECTED, CLIENT_GREETED, CLIENT_OPEN, CLIENT_DRAINING };

/* Invariant: flight_bytes is the sum of what is in flight; DRAINING only while something is. */
struct client_session {
	enum client_state state;
	const struct vkey *log; /* borrowed */
	uint32_t sender;
	struct frame_challenge challenge; /* from CONNECTED on; its origin is the log's */
	uint8_t nonce[NONCE_BYTES];       /* of the hello; from GREETED on */
	struct receipt_position position;
	struct frame_welcome welcome; /* from OPEN on */
	/* batches without an answer, a ring */
	struct {
		struct batch_head head;
		uint32_t bytes;
	} flight[CONNECTION_BATCHES_MAX];
	uint32_t flight_first;
	uint32_t flight_count;
	size_t flight_bytes;
	uint32_t slow; /* batches that may be in flight: from 1, one more with each receipt */
	uint64_t heard_ms;
	uint64_t moved; /* bytes that the other end has */
	bool pinged;
	bool pinged_first; /* before the challenge */
};

/* What a frame meant. */
enum client_meaning {
	CLIENT_NOTHING,
	CLIENT_CHALLENGED, /* the hello is to be written now */
	CLIENT_WELCOMED,   /* session->welcome holds it */
	CLIENT_RECEIPT,    /* checked; `batch` and `receipt` */
	CLIENT_REFUSED,    /* `batch` and `refusal`; act on it once the state is OPEN again */
	CLIENT_PING,       /* `body` is to be sent back in a pong */
	CLIENT_ENDED,      /* `error`: the ledger ends the connection */
};

struct client_answer {
	enum client_meaning meaning;
	struct batch_head batch;
	struct receipt receipt; /* checkpoint borrowed from the frame */
	struct frame_refusal refusal;
	struct frame_error error;
	struct bytes body; /* borrowed from the frame */
};

/* A session of `sender` with the log `log`, CLOSED. `note` is the checkpoint of the last receipt, or empty.
 * E_BAD_CHECKPOINT when it is not the log's. */
enum error client_session_init(
	struct client_session *session, const struct vkey *log, uint32_t sender, struct bytes note) MUST_USE;
/* A new connection is there, and the last one is CLOSED: the state is CONNECTED, nothing is in flight, and the ledger
 * has the first word. */
void client_session_start(struct client_session *session, uint64_t now_ms);
/* After CLIENT_CHALLENGED: writes the hello frame, signed with this key; the state is GREETED. */
enum error client_session_hello(
	struct client_session *session, const uint8_t secret_key[64], struct writer *out) MUST_USE;
/* The connection is gone. */
void client_session_close(struct client_session *session);

/* May a batch with a body of `bytes` be sent now? In the state OPEN, within the window of the welcome. A connection
 * begins with one batch, and takes one more at a time with each receipt: on a line that is cut again and again a whole
 * window would be sent in vain each time, where one batch gets its receipt. */
bool client_session_may_send(const struct client_session *session, size_t bytes);
/* It was sent (or will be, before any other). */
void client_session_sent(struct client_session *session, const struct batch_head *head, uint32_t bytes);

/* One frame from the ledger. */
enum error client_session_receive(struct client_session *session, enum frame_type type, struct bytes body,
	uint64_t now_ms, struct client_answer *out, struct fault *fault) MUST_USE;

/* How many bytes of this connection the other end has by now. While they become more a batch is still on its way, and
 * silence means nothing: 1 MiB on a line of 64 kbit/s takes two minutes. */
void client_session_moved(struct client_session *session, uint64_t bytes, uint64_t now_ms);

/* True when it is time for a ping (then it counts as sent). `*give_up`: the connection is dead. `*next_ms`: how long to
 * wait for the next look, UINT32_MAX when nothing is expected. */
bool client_session_timer(struct client_session *session, uint64_t now_ms, bool *give_up, uint32_t *next_ms);

/* ---- what to do about errors ---- */

enum client_verdict {
	CLIENT_STOP,  /* a person must look at it */
	CLIENT_RETRY, /* it may pass: connect again, later */
	CLIENT_ASIDE, /* it is about one event: move its message aside, send the rest again */
};

/* Of a refusal. */
enum client_verdict client_refusal_verdict(const struct frame_refusal *refusal);
/* Of an error frame, or an error of the session itself. */
enum client_verdict client_error_verdict(enum error error);
/* How long to wait before connection attempt `attempt` (from 0) after a failure; `chance` is any random number. */
uint32_t client_backoff_ms(unsigned attempt, uint32_t chance);
