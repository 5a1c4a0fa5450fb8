/*   count and sequence are those sent ─► checkpoint signed ─► batch entry, made again from what was sent, is included
 *                                     ─► the size it goes on from is the remembered one ─► consistent with it
 *
 * Nothing of the receipt is believed: the entry is built from the sender's own batch and signature, and the old root is
 * the one that was remembered. `position` moves only when all of it holds, so a receipt that was refused can be
 * followed by a good one. A note that was verified before is not verified again, if key and name are the same. */
#include "ledger/entry/receipt.h"

#include "ledger/base/wrong.h"

#include <inttypes.h>

/* ---- form ---- */

static void proof_encode(const struct merkle_proof *proof, struct writer *out)
{
	if (proof->count > MERKLE_PROOF_MAX) {
		writer_fail(out, E_TOO_LONG);
		return;
	}
	writer_u16(out, (uint16_t)proof->count);
	writer_bytes(out, bytes_of(proof->hashes, proof->count * sizeof proof->hashes[0]));
}

static void proof_decode(struct reader *in, struct merkle_proof *out)
{
	out->count = reader_u16(in);
	if (WRONG(out->count > MERKLE_PROOF_MAX))
		reader_fail(in, E_TOO_LONG);
	if (in->error != E_OK)
		out->count = 0;
	reader_copy(in, out->hashes, out->count * sizeof out->hashes[0]);
}

#define FIELD_WRITE_PROOF(member) proof_encode(&record->member, out)
#define FIELD_READ_PROOF(member) proof_decode(in, &record->member)
/* clang-format off */
#define RECEIPT_FIELDS(F) \
	F(U64, first_sequence) F(U32, count) F(U64, first_index) F(U64, old_size) \
	F(PROOF, inclusion) F(PROOF, consistency) F(RANGE16, checkpoint, NOTE_BYTES_MAX)
/* clang-format on */

enum error receipt_encode(const struct receipt *record, struct writer *out)
{
	if (record->checkpoint.len > NOTE_BYTES_MAX)
		writer_fail(out, E_TOO_LONG);
	RECEIPT_FIELDS(FIELD_WRITE);
	return out->error;
}

enum error receipt_decode(struct bytes encoded, struct receipt *out)
{
	struct receipt receipt, *record = &receipt;
	struct reader r = reader_of(encoded), *in = &r;
	RECEIPT_FIELDS(FIELD_READ);
	enum error error = reader_done(in);
	if (WRONG(error != E_OK))
		return error;
	*out = receipt;
	return E_OK;
}

/* ---- claims ---- */

static void remember(
	struct receipt_position *position, const struct checkpoint *checkpoint, struct bytes note, const struct vkey *log)
{
	position->checkpoint = *checkpoint;
	memcpy(position->log_key, log->public_key, sizeof position->log_key);
	memmove(
		position->note, note.data, note.len); /* a note that verified keeps NOTE_BYTES_MAX; it may be this very one */
	position->note_len = (uint32_t)note.len;
}

enum error receipt_position_load(struct bytes note, const struct vkey *log, struct receipt_position *out)
{
	struct checkpoint checkpoint;
	TRY(checkpoint_verify(note, log, &checkpoint));
	remember(out, &checkpoint, note, log);
	return E_OK;
}

/* The checkpoint under which the receipt stands; the signature of a remembered note was checked when it came. */
static enum error receipt_checkpoint(const struct receipt *receipt, const struct vkey *log,
	const struct receipt_position *position, struct checkpoint *out)
{
	if (position->note_len > 0 && bytes_equal(receipt->checkpoint, bytes_of(position->note, position->note_len)) &&
		memcmp(position->log_key, log->public_key, sizeof position->log_key) == 0 &&
		strcmp(position->checkpoint.origin, log->name) == 0) {
		*out = position->checkpoint;
		return E_OK;
	}
	return checkpoint_verify(receipt->checkpoint, log, out);
}

static enum error check_inclusion(
	const struct receipt *receipt, const struct batch_head *batch, const struct checkpoint *checkpoint)
{
	uint8_t buffer[ENTRY_BATCH_BYTES];
	struct writer writer = writer_of(buffer, sizeof buffer);
	struct bytes encoded;
	struct hash leaf;
	const struct entry entry = entry_of_batch(batch);
	TRY(entry_encode(&entry, &writer));
	TRY(writer_done(&writer, &encoded));
	merkle_leaf_hash(encoded, &leaf);
	if (WRONG(receipt->first_index >= checkpoint->size)) /* so that the sum below stays in range */
		return E_BAD_PROOF;
	return merkle_verify_inclusion(&leaf, receipt->first_index + receipt->count, checkpoint->size,
		receipt->inclusion.hashes, receipt->inclusion.count, &checkpoint->root);
}

static enum error check_consistency(
	const struct receipt *receipt, const struct receipt_position *position, const struct checkpoint *checkpoint)
{
	struct hash empty;
	merkle_empty_root(&empty);
	const struct hash *old_root = position->checkpoint.size == 0 ? &empty : &position->checkpoint.root;
	return merkle_verify_consistency(position->checkpoint.size, old_root, checkpoint->size, &checkpoint->root,
		receipt->consistency.hashes, receipt->consistency.count);
}

enum error receipt_verify(const struct receipt *receipt, const struct vkey *log, const struct batch_head *batch,
	struct receipt_position *position, struct fault *fault)
{
	struct checkpoint checkpoint = {.size = 0};
	if (WRONG(receipt->first_sequence != batch->first_sequence) || WRONG(receipt->count != batch->count))
		return fault_set(fault, E_BAD_PROOF,
			"the receipt is about %" PRIu32 " events from sequence %" PRIu64 ", the batch has %" PRIu32
			" from %" PRIu64,
			receipt->count, receipt->first_sequence, batch->count, batch->first_sequence);
	if (WRONG(receipt_checkpoint(receipt, log, position, &checkpoint) != E_OK))
		return fault_set(fault, E_BAD_CHECKPOINT, "the receipt's checkpoint is malformed or not signed by the log");
	if (WRONG(check_inclusion(receipt, batch, &checkpoint) != E_OK))
		return fault_set(fault, E_BAD_PROOF,
			"the batch is not in the log at index %" PRIu64 ", or was signed differently", receipt->first_index);
	if (WRONG(receipt->old_size != position->checkpoint.size))
		return fault_set(fault, E_BAD_PROOF,
			"the receipt goes on from size %" PRIu64 ", the receipt before it was for size %" PRIu64, receipt->old_size,
			position->checkpoint.size);
	if (WRONG(check_consistency(receipt, position, &checkpoint) != E_OK))
		return fault_set(fault, E_BAD_PROOF,
			"the log of size %" PRIu64 " does not extend the one of size %" PRIu64 " that was shown before",
			checkpoint.size, position->checkpoint.size);
	remember(position, &checkpoint, receipt->checkpoint, log);
	return E_OK;
}
