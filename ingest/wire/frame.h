/* Frames: what travels between a sender and indsigt-ingestd. spec/frame.md
 *
 * A frame is length (4, of what follows) || type (1) || body. The length counts the type byte and is at
 * least 1 and at most FRAME_BYTES_MAX. Encoders and decoders are pure; texts are borrowed from the body. */
#pragma once

#include "ingest/wire/limits.h"
#include "ledger/event/batch.h"
#include "ledger/mandate/source.h"

#define FRAME_HEAD_BYTES 5
#define PROTOCOL_VERSION 5 /* 2 and 4 had other commitments, 3 no source in its welcome */

enum frame_type {
	FRAME_HELLO = 1,     /* sender: who it is, what it last saw, and that it has the key */
	FRAME_WELCOME = 2,   /* ledger: where to go on, under which policy and limits */
	FRAME_BATCH = 3,     /* sender: body as in batch.h */
	FRAME_RECEIPT = 4,   /* ledger: body as in receipt.h */
	FRAME_REFUSAL = 5,   /* ledger: this batch was not taken, and why; it used up no sequence */
	FRAME_PING = 6,      /* either: any body up to 64 bytes */
	FRAME_PONG = 7,      /* the same body back */
	FRAME_ERROR = 8,     /* ledger: this connection ends, and why */
	FRAME_CHALLENGE = 9, /* ledger: the first frame of a connection: which log it is, and what a hello must sign */
};

/* version (2) || nonce (32) || log key (32) || origin (range16). What anybody may know: it lets a sender turn away from
 * another ledger before it has said who it is; what answers is proven by the welcome only. */
struct frame_challenge {
	uint16_t version;
	uint8_t nonce[NONCE_BYTES]; /* drawn for this connection */
	uint8_t log_key[32];
	struct bytes origin;
};

/* version (2) || sender (4) || origin (range16) || checkpoint of the last receipt (range16, may be empty) || nonce (32)
 * || signature (64) */
struct frame_hello {
	uint16_t version;
	uint32_t sender;
	struct bytes origin;
	struct bytes checkpoint;
	uint8_t nonce[NONCE_BYTES]; /* drawn for this connection */
	uint8_t signature[64];      /* by the sender's key (handshake.h) */
};

/* version (2) || next sequence (8) || ledger time (8) || batch events (4) || batch bytes (4) || window batches (4) ||
 * window bytes (4) || policy || source (range16) || signature (64) */
struct frame_welcome {
	uint16_t version;
	uint64_t next_sequence;
	uint64_t ledger_time_s;
	uint32_t batch_events_max;
	uint32_t batch_bytes_max;
	uint32_t window_batches; /* batches that may wait for their answer at once */
	uint32_t window_bytes;
	struct policy policy;
	struct source source;  /* what the sender's messages mean by their own words */
	uint8_t signature[64]; /* by the log's key (handshake.h) */
};

/* first sequence (8) || expected sequence (8) || error (2) || event offset (4, or all ones) || text (range16).
 * Every batch gets exactly one answer, in order: receipt or refusal. */
struct frame_refusal {
	uint64_t first_sequence;
	uint64_t expected_sequence;
	enum error error;
	uint32_t event;
	struct bytes text;
};

/* error (2) || text (range16) */
struct frame_error {
	enum error error;
	struct bytes text;
};

/* Writes the head of a frame whose body has `body_bytes`. */
void frame_head_encode(enum frame_type type, size_t body_bytes, struct writer *out);
/* From the first FRAME_HEAD_BYTES: E_FRAME_TOO_LONG, E_FRAME_TYPE, E_TRUNCATED (length 0). */
enum error frame_head_decode(struct bytes head, enum frame_type *type, size_t *body_bytes) MUST_USE;

/* Whole frames, head included. */
enum error frame_challenge_encode(const struct frame_challenge *challenge, struct writer *out) MUST_USE;
enum error frame_hello_encode(const struct frame_hello *hello, struct writer *out) MUST_USE;
enum error frame_welcome_encode(const struct frame_welcome *welcome, struct writer *out) MUST_USE;
/* The welcome's body, but for its signature. */
void frame_welcome_fields(const struct frame_welcome *welcome, struct writer *out);
enum error frame_refusal_encode(const struct frame_refusal *refusal, struct writer *out) MUST_USE;
enum error frame_error_encode(const struct frame_error *error, struct writer *out) MUST_USE;

/* Bodies; what is in `out` after an error is not to be used. */
enum error frame_challenge_decode(struct bytes body, struct frame_challenge *out) MUST_USE;
enum error frame_hello_decode(struct bytes body, struct frame_hello *out) MUST_USE;
enum error frame_welcome_decode(struct bytes body, struct frame_welcome *out) MUST_USE;
enum error frame_refusal_decode(struct bytes body, struct frame_refusal *out) MUST_USE;
enum error frame_error_decode(struct bytes body, struct frame_error *out) MUST_USE;
