/* Receipts: the ledger's answer to a batch, which is a proof and not a promise. spec/receipt.md
 *
 * A receipt shows that the sender's batch entry (and with its signed root every event of the batch) stands at a
 * place in the log under a signed checkpoint, and that this checkpoint extends the one of the sender's
 * previous receipt. */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/note/note.h"
#include "ledger/tree/merkle.h"

struct receipt {
	uint64_t first_sequence;
	uint32_t count;
	uint64_t first_index; /* of the first event; the batch entry is at first_index + count */
	uint64_t old_size;    /* size of the checkpoint that the consistency proof starts from; 0: none */
	struct merkle_proof inclusion;
	struct merkle_proof consistency;
	struct bytes checkpoint; /* the signed note, borrowed */
};

#define RECEIPT_BYTES_MAX (8 + 4 + 8 + 8 + 2 * (2 + MERKLE_PROOF_MAX * 32) + 2 + NOTE_BYTES_MAX)

/* first sequence (8) || count (4) || first index (8) || old size (8) || inclusion (count (2), hashes) || consistency
 * (count (2), hashes) || checkpoint (range16) */
enum error receipt_encode(const struct receipt *receipt, struct writer *out) MUST_USE;
/* Checks the form only. E_TOO_LONG for more hashes than a proof can have or a note over NOTE_BYTES_MAX. */
enum error receipt_decode(struct bytes encoded, struct receipt *out) MUST_USE;

/* What the receiver remembers between receipts of one log. All zero at the start. */
struct receipt_position {
	struct checkpoint checkpoint; /* of the last good receipt; size 0 at the start */
	uint8_t log_key[32];          /* the key that verified `note` */
	uint32_t note_len;            /* 0: none is remembered */
	uint8_t note[NOTE_BYTES_MAX]; /* the signed checkpoint, to present in the next hello */
};

/* Goes on from a kept note, after a restart: checks it and fills in `out`. E_BAD_CHECKPOINT. */
enum error receipt_position_load(struct bytes note, const struct vkey *log, struct receipt_position *out) MUST_USE;

/* Checks all that a receipt claims about the batch that was sent: sequence and count, the log's signature, inclusion
 * of the batch entry, consistency with `position`, which moves on only on success. E_BAD_PROOF or E_BAD_CHECKPOINT;
 * `fault` says which part does not hold. The verified note is remembered in `position`, so that the receipts of one
 * tick cost one signature check. */
enum error receipt_verify(const struct receipt *receipt, const struct vkey *log, const struct batch_head *batch,
	struct receipt_position *position, struct fault *fault) MUST_USE;
