/* A batch that begins below its sender's next sequence: the stored entries decide, whatever key, policy or revocation
 * holds today. spec/store.md
 *
 *   own damage   what should be the answer is not what the tree commits to: E_CORRUPT, and nobody is accused
 *   the same     its first index and count again; E_LOST when the content of any of its events is gone
 *   another      under the sender's signature: evidence against it; under none, a question: no, and nothing is kept;
 *                else E_BAD_SIGNATURE
 *
 * The log looks at itself before it judges: each entry that is compared is first shown to be the one in the tree. */
#include "ledger/db/db_put.h"
#include "ledger/store/log_put.h"
#include "ledger/write/ledger_state.h"

#include <inttypes.h>

/* The sender's batch that holds the sequence, as it was stored. */
struct stored_batch {
	struct store_batch row;
	struct entry_batch entry;
};

static enum error own_entry(struct db_txn *txn, uint64_t index, struct entry *out)
{
	struct hash leaf;
	struct hash wanted;
	struct bytes encoded;
	TRY(log_entry(txn, index, &encoded));
	TRY(log_node(txn, 0, index, &wanted));
	merkle_leaf_hash(encoded, &leaf);
	return hash_equal(&leaf, &wanted) ? entry_decode(encoded, out) : E_CORRUPT;
}

/* E_CORRUPT also when there is none: every sequence below the next one was taken in some batch. */
static enum error find_batch(
	const struct ledger *ledger, struct db_txn *txn, const struct batch_head *head, struct stored_batch *out)
{
	struct entry entry;
	struct store_batch *row = &out->row;
	TRY(db_must(store_batch_get(txn, head->sender, head->first_sequence, row)));
	uint64_t size = log_frontier(ledger->log)->size;
	if (head->first_sequence - row->first_sequence >= row->count || row->first_index >= size ||
		row->count >= size - row->first_index)
		return E_CORRUPT;
	TRY(own_entry(txn, row->first_index + row->count, &entry));
	if (entry.kind != ENTRY_BATCH || entry.batch.sender != head->sender ||
		entry.batch.first_sequence != row->first_sequence || entry.batch.count != row->count)
		return E_CORRUPT;
	out->entry = entry.batch;
	return E_OK;
}

/* Commitments and not records: content may be erased by now, and the answer must be the same. */
static enum error same_events(
	struct db_txn *txn, const struct prepared *prepared, const struct stored_batch *stored, bool *same)
{
	const struct batch_head *head = &prepared->head;
	struct entry entry;
	*same = true;
	for (uint32_t i = 0; i < head->count && *same; i++) {
		TRY(own_entry(txn, stored->row.first_index + i, &entry));
		if ((entry.kind != ENTRY_EVENT && entry.kind != ENTRY_MASS) || entry.event.sender != head->sender ||
			entry.event.sequence != stored->row.first_sequence + i)
			return E_CORRUPT;
		*same = (entry.kind == ENTRY_MASS) == (head->kind == BATCH_MASS) &&
				hash_equal(&entry.event.commitment, &prepared->commitments[i]);
	}
	return E_OK;
}

/* A question bears no signature, so none is compared: it only asks what the log has. */
static enum error is_same(
	struct db_txn *txn, const struct prepared *prepared, const struct stored_batch *stored, bool *same)
{
	const struct batch_head *head = &prepared->head;
	*same = head->first_sequence == stored->row.first_sequence && head->count == stored->row.count &&
			head->filing_checked == stored->entry.filing_checked &&
			(batch_is_question(head) || memcmp(head->signature, stored->entry.signature, sizeof head->signature) == 0);
	return *same ? same_events(txn, prepared, stored, same) : E_OK;
}

/* ---- whose signature ---- */

/* The key that the sender had when the entry at `index` was written. */
static enum error key_at(struct db_txn *txn, uint32_t sender, uint64_t index, uint8_t out[32])
{
	OWNED_WALK walk = {0};
	struct entry entry;
	TRY(db_walk_begin(txn, STORE_CHANGE, &walk));
	TRY(db_must(db_walk_upto(&walk, DB_KEY_PAIR(sender, index))));
	for (;;) {
		if (walk.key.len != 12 || get_u32(walk.key.data) != sender)
			return E_CORRUPT;
		TRY(db_must(own_entry(txn, get_u64(walk.key.data + 4), &entry)));
		if (entry.kind != ENTRY_SENDER || entry.sender.sender != sender)
			return E_CORRUPT;
		if (entry.sender.action != SENDER_REVOKE)
			break;
		TRY(db_must(db_walk_previous(&walk)));
	}
	memcpy(out, entry.sender.public_key, 32);
	return E_OK;
}

/* Does the sender's key verify it: the one of that place in the log, or today's? */
static enum error is_signed(struct ledger *ledger, struct db_txn *txn, const struct prepared *prepared,
	const struct stored_batch *stored, bool *good)
{
	const struct batch_head *head = &prepared->head;
	const struct sender *sender = registry_working(ledger->registry, head->sender, false);
	uint8_t then[32];
	struct hash root;
	merkle_root_of_leaves(prepared->commitments, head->count, &root);
	TRY(key_at(txn, head->sender, stored->row.first_index, then));
	*good = batch_check_signature(ledger->vkey.name, head, &root, then) == E_OK ||
			batch_check_signature(ledger->vkey.name, head, &root, sender->public_key) == E_OK;
	return E_OK;
}

/* Both signed batches are kept: the first is in the log, the second goes to the evidence table. */
static enum error keep_evidence(struct ledger *ledger, const struct prepared *prepared)
{
	struct bytes existing;
	struct bytes key = DB_KEY_PAIR(prepared->head.sender, prepared->head.first_sequence);
	size_t commitments = (size_t)prepared->head.count * HASH_BYTES;
	enum error error = db_get(&ledger->tick, STORE_EVIDENCE, key, &existing);
	if (error != E_NOT_FOUND)
		return error;
	OWNED_MEMORY uint8_t *evidence = malloc(BATCH_HEAD_BYTES + commitments);
	TRY(allocated(evidence));
	struct writer w = writer_of(evidence, BATCH_HEAD_BYTES + commitments);
	batch_head_encode(&prepared->head, &w);
	writer_bytes(&w, bytes_of(prepared->commitments, commitments));
	db_put_writer(&ledger->tick, STORE_EVIDENCE, key, &w);
	return ledger->tick.error;
}

static enum error own_fault(struct fault *fault, const struct batch_head *head, enum error error)
{
	return fault_set(fault, db_must(error),
		"what the log holds of sender %" PRIu32 " at sequence %" PRIu64 " cannot be compared: %s", head->sender,
		head->first_sequence, error_text(db_must(error)));
}

/* What the log says of the batch; whom it speaks against is decided outside, where it can be told. */
struct comparison {
	struct stored_batch stored;
	bool same;
	bool good; /* if it is another one, and no question: the sender's signature */
};

/* The signature only where it decides something: verifying costs more than all the rest. */
static enum error compare_in(
	struct ledger *ledger, struct db_txn *txn, const struct prepared *prepared, struct comparison *out)
{
	TRY(find_batch(ledger, txn, &prepared->head, &out->stored));
	TRY(is_same(txn, prepared, &out->stored, &out->same));
	if (out->same || batch_is_question(&prepared->head))
		return E_OK;
	return is_signed(ledger, txn, prepared, &out->stored, &out->good);
}

/* What is committed is compared in a snapshot of its own: if reading it fails the tick is still good. Only a batch of
 * this very tick is looked for in it. */
static enum error compare(struct ledger *ledger, const struct prepared *prepared, struct comparison *out)
{
	struct sender committed;
	OWNED_TXN txn = {0};
	*out = (struct comparison){.same = false};
	if (registry_get(ledger->registry, prepared->head.sender, &committed) != E_OK ||
		prepared->head.first_sequence >= committed.next_sequence) {
		TRY(log_flush(ledger->log, &ledger->tick));
		return compare_in(ledger, &ledger->tick, prepared, out);
	}
	TRY(db_begin(ledger->store, false, &txn));
	return compare_in(ledger, &txn, prepared, out);
}

/* Losses are asked about after sameness: for another batch it does not matter whether the first one is lost. */
enum error ledger_answer_repeated(
	struct ledger *ledger, const struct prepared *prepared, struct appended *out, struct fault *fault)
{
	const struct batch_head *head = &prepared->head;
	struct comparison found;
	enum error error = compare(ledger, prepared, &found);
	if (error != E_OK)
		return own_fault(fault, head, error);
	const struct store_batch *row = &found.stored.row;
	if (found.same && losses_among(&ledger->state.losses, row->first_index, row->first_index + row->count) != NULL)
		return fault_set(fault, E_LOST, "");
	if (found.same) {
		*out = (struct appended){head->sender, head->first_sequence, head->count, row->first_index, true};
		return E_OK;
	}
	if (batch_is_question(head))
		return fault_set(
			fault, E_EQUIVOCATION, "sequence %" PRIu64 ": the log has other events there", head->first_sequence);
	if (!found.good)
		return fault_set(fault, E_BAD_SIGNATURE, "");
	TRY(keep_evidence(ledger, prepared));
	return fault_set(
		fault, E_EQUIVOCATION, "sequence %" PRIu64 ": %s", head->first_sequence, error_text(E_EQUIVOCATION));
}
