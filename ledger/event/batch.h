/* The batch: consecutive events of one sender under one signature. spec/batch.md
 *
 * The sender signs (domain, origin, kind, sender id, first sequence, count, batch root, filing checked up
 * to); the batch root is RFC 6962 interior hashing over the commitments as leaf hashes. */
#pragma once

#include "ledger/event/event.h"

enum batch_kind { BATCH_EVENT = 1, BATCH_MASS = 2 };

/* What the signature covers, but for the origin and the root. */
struct batch_head {
	enum batch_kind kind;
	uint32_t sender;
	uint64_t first_sequence;
	uint32_t count;
	uint64_t filing_checked; /* the sender has checked the filing of its events below this sequence */
	uint8_t signature[64];
};
/* Of a head behind its kind, and of the entry that a batch has in the log. */
#define BATCH_FIELDS(F) F(U32, sender) F(U64, first_sequence) F(U32, count) F(U64, filing_checked) F(BYTES, signature)

/* One event as it travels; all borrowed from the frame. */
struct batch_event {
	struct hash commitment;
	struct bytes header; /* encoded event_header */
	struct bytes disclosed;
	struct bytes restricted;
};

/* The message that is signed: domain || origin (range16) || kind (1) || sender (4) || first sequence (8) || count (4)
 * || root (32) || filing checked (8). `out` needs DOMAIN + origin + 64 bytes; `origin` keeps ORIGIN_BYTES_MAX. */
void batch_message(const char *origin, const struct batch_head *head, const struct hash *root, struct writer *out);
/* A signature of zeros is none: the batch asks whether the log has it, and says nothing that could be held against its
 * sender. */
bool batch_is_question(const struct batch_head *head);
void batch_sign(const char *origin, const struct hash *root, const uint8_t secret_key[64], struct batch_head *head);
enum error batch_check_signature(
	const char *origin, const struct batch_head *head, const struct hash *root, const uint8_t public_key[32]) MUST_USE;

/* ---- body of a batch frame ----
 * kind (1) || sender (4) || first sequence (8) || count (4) || filing checked (8) || signature (64) || batch secret
 * (32) || count times: commitment (32) || header (range16) || disclosed (range16) || restricted (range16) */

#define BATCH_HEAD_BYTES (1 + 4 + 8 + 4 + 8 + 64)

#define BATCH_SIGNATURE_AT (BATCH_HEAD_BYTES - 64)

/* What every batch keeps, on the wire and in its entry: E_EMPTY_BATCH, E_BATCH_TOO_LARGE; E_BAD_VALUE when the
 * sequences do not fit 64 bits, or filing was checked of events that were never sent. */
enum error batch_check_range(uint64_t first_sequence, uint32_t count, uint64_t filing_checked) MUST_USE;

void batch_head_encode(const struct batch_head *head, struct writer *out);
/* Checks kind and range; after an error `out` is all zeros, as with every read of a cursor. */
void batch_head_decode(struct reader *in, struct batch_head *out);
void batch_event_encode(const struct batch_event *event, struct writer *out);
/* Checks the form only, and the limits: HEADER_BYTES_MAX, and EVENT_BYTES_MAX for both parts together (E_TOO_LONG).
 * After an error `out` is all zeros. */
void batch_event_decode(struct reader *in, struct batch_event *out);
