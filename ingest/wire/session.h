/* The ledger's side of a session, as a state machine: frames and results in, frames and requests out; no socket, no
 * ledger, no clock. Only the nonce of the challenge is drawn. spec/frame.md
 *
 *   Happy path: a challenge goes out, and a hello that is signed over it comes back; that is looked up (is it the
 *   registered key, does the log extend its last checkpoint), and a welcome, signed by the log, goes back; each batch
 * is submitted and gets exactly one answer, in order: receipt or refusal. A sender may have a window of batches
 * waiting; beyond it nothing is read, so it is slowed and never dropped. Failure: whatever breaks the protocol is
 * answered with one error frame, and the connection ends. Batches that were submitted before go on to be stored; the
 * sender asks for their receipts again on its next connection.
 *
 *   challenge     hello                 proven, extends
 *   ─────────► GREETING ───────► LOOKING ────────────────────► OPEN
 *                 │                 │                            │
 *                 └── bad frame ────┴── not proven, rolled back ─┴── bad frame, bad signature ──► CLOSING
 *
 *   frame     GREETING           LOOKING      OPEN        CLOSING
 *   hello     ─► LOOKING         error        error       ignored
 *   batch     error              error        submitted   ignored
 *   ping      pong, once; error  error        pong        ignored
 *   others    error              error        error       ignored
 *
 * The one ping before the hello is for who asks, after a silence, what kind of server this is. */
#pragma once

#include "ingest/wire/frame.h"
#include "ledger/entry/sender.h"

enum session_state { SESSION_GREETING, SESSION_LOOKING, SESSION_OPEN, SESSION_CLOSING };

/* Invariants: `waiting` batches with `waiting_bytes` in all are owed an answer, in every state; more than the window
 * are never submitted; in CLOSING nothing is written any more. */
struct session {
	enum session_state state;
	struct frame_challenge challenge; /* origin borrowed */
	uint32_t sender;
	bool pinged;          /* before the hello */
	uint32_t waiting;     /* batches submitted and not answered */
	size_t waiting_bytes; /* their bodies */
};

/* What one call may write: a receipt is the longest. */
#define SESSION_OUTPUT_MAX (FRAME_HEAD_BYTES + RECEIPT_BYTES_MAX)

enum session_request {
	SESSION_NOTHING,
	SESSION_LOOK_UP, /* the body as a hello: sender, signature, checkpoint */
	SESSION_SUBMIT,  /* the body as a batch */
};

/* Draws the nonce of the connection and writes the challenge. The log's vkey is borrowed. */
void session_init(struct session *session, const struct vkey *log, struct writer *out);

/* Is a frame of this type and length welcome now? Asked before its body is read; when not, an error frame is written
 * and the state is CLOSING. */
enum error session_head(struct session *session, enum frame_type type, size_t body_bytes, struct writer *out) MUST_USE;
/* The first five bytes are no head (frame_head_decode): ends the session with an error frame that says what was wrong.
 */
void session_bad_head(struct session *session, enum error error, struct writer *out);
/* Ends the session with an error frame: also for a timeout, too many connections. `text` NULL: the error's.
 */
void session_end(struct session *session, enum error error, const char *text, struct writer *out);
/* A whole frame. */
enum session_request session_frame(
	struct session *session, enum frame_type type, struct bytes body, struct writer *out);

/* The welcome that answers the hello of a session; its signature is the log's (handshake.h). */
void session_welcome(const struct sender *sender, uint64_t ledger_time_s, struct frame_welcome *out);
/* The result of the look-up: E_OK and the welcome's body, or why not; `text` may be NULL or empty. */
void session_looked_up(
	struct session *session, enum error error, const char *text, struct bytes welcome, struct writer *out);

/* The answer to the oldest waiting batch. After a refusal for a signature that does not verify the session ends. */
void session_receipt(struct session *session, struct bytes receipt, size_t batch_bytes, struct writer *out);
void session_refusal(
	struct session *session, const struct frame_refusal *refusal, size_t batch_bytes, struct writer *out);

/* Does a batch of this length fit the window? Nobody may hand over one that does not. */
bool session_has_room(const struct session *session, size_t batch_bytes);
/* May the next frame be read at all: not before the look-up is done, and not while the window is full. */
bool session_may_read(const struct session *session);
