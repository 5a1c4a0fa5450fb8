/* Receipts: the ledger's answer to a batch, which is a proof and not a promise. spec/receipt.md
 *
 * A receipt shows that the sender's batch entry (and with its signed root every event of the batch) stands at a
 * place in the log under a signed checkpoint, and that this checkpoint extends the one of the sender's
 * previous receipt. */
#pragma once

#include "ledger/entry.h"
#include "ledger/merkle.h"
#include "ledger/note.h"

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

enum error receipt_encode(const struct receipt *receipt, struct writer *out) MUST_USE;
enum error receipt_decode(struct bytes encoded, struct receipt *out) MUST_USE;

/* What the receiver remembers between receipts. */
struct receipt_position {
	struct checkpoint checkpoint; /* of the last good receipt; size 0 at the start */
};

/* Checks all that a receipt claims about the batch that was sent: sequence and count, the log's signature, inclusion
 * of the batch entry, consistency with `position`, which moves on only on success. `fault` says which part does not
 * hold. The verified note is remembered in `position`, so that the receipts of one tick cost one signature check. */
enum error receipt_verify(const struct receipt *receipt, const struct vkey *log, const struct batch_head *batch,
	struct receipt_position *position, struct fault *fault) MUST_USE;
