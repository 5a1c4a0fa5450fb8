#include "ledger/entry/receipt.h"
#include "ledger/note/note_sign.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define LOG_MAX 64

/* A log in memory, and the key that signs it. */
struct log {
	struct hash leaves[LOG_MAX];
	uint64_t size;
	struct vkey vkey;
	uint8_t secret_key[64];
	uint8_t note[1024];
};

static struct log the_log;
static struct receipt_position position, before;

static enum error log_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const struct log *log = context;
	merkle_root_of_leaves(log->leaves + (index << level), 1ull << level, out);
	return E_OK;
}

static const struct merkle_nodes log_nodes = {log_node, &the_log};

static void log_start(void)
{
	uint8_t public_key[32];
	memset(&the_log, 0, sizeof the_log);
	memset(&position, 0, sizeof position);
	crypto_sign_keypair(public_key, the_log.secret_key);
	ck_ok(vkey_make("ledger.example", NOTE_KEY_ED25519, public_key, &the_log.vkey));
	merkle_leaf_hash(BYTES_LITERAL("genesis"), &the_log.leaves[the_log.size++]);
}

/* Appends the batch: its events, then its entry. */
static uint64_t log_append(const struct batch_head *head)
{
	uint64_t first_index = the_log.size;
	for (uint32_t i = 0; i < head->count; i++)
		merkle_leaf_hash(bytes_of(&i, sizeof i), &the_log.leaves[the_log.size++]);
	uint8_t encoded[ENTRY_BATCH_BYTES];
	struct entry entry = {.kind = ENTRY_BATCH};
	entry.batch = (struct entry_batch){head->sender, head->first_sequence, head->count, head->filing_checked, {0}};
	memcpy(entry.batch.signature, head->signature, 64);
	struct writer w = writer_of(encoded, sizeof encoded);
	ck_ok(entry_encode(&entry, &w));
	merkle_leaf_hash(BYTES_ARRAY(encoded), &the_log.leaves[the_log.size++]);
	return first_index;
}

static void log_receipt(const struct batch_head *head, uint64_t first_index, uint64_t old_size, struct receipt *out)
{
	struct checkpoint checkpoint = {.origin = "ledger.example", .size = the_log.size};
	merkle_root_of_leaves(the_log.leaves, the_log.size, &checkpoint.root);
	struct writer w = writer_of(the_log.note, sizeof the_log.note);
	ck_ok(checkpoint_sign(&checkpoint, &the_log.vkey, the_log.secret_key, &w));
	*out = (struct receipt){
		.first_sequence = head->first_sequence, .count = head->count, .first_index = first_index, .old_size = old_size};
	ck_ok(writer_done(&w, &out->checkpoint));
	ck_ok(merkle_prove_inclusion(&log_nodes, first_index + head->count, the_log.size, &out->inclusion));
	ck_ok(merkle_prove_consistency(&log_nodes, old_size, the_log.size, &out->consistency));
}

static struct batch_head make_head(uint64_t first_sequence, uint32_t count)
{
	struct batch_head head = {
		.kind = BATCH_EVENT, .sender = 3, .first_sequence = first_sequence, .count = count, .filing_checked = 0};
	randombytes_buf(head.signature, sizeof head.signature);
	return head;
}

/* RCPT-1 */
START_TEST(a_receipt_comes_back_as_written)
{
	log_start();
	struct batch_head head = make_head(0, 5);
	struct receipt receipt, got;
	log_receipt(&head, log_append(&head), 1, &receipt);
	static uint8_t buffer[RECEIPT_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes encoded;
	ck_ok(receipt_encode(&receipt, &w));
	ck_ok(writer_done(&w, &encoded));
	ck_ok(receipt_decode(encoded, &got));
	ck_assert(got.first_sequence == receipt.first_sequence && got.count == receipt.count);
	ck_assert(got.first_index == receipt.first_index && got.old_size == receipt.old_size);
	ck_assert_uint_eq(got.inclusion.count, receipt.inclusion.count);
	ck_assert_uint_eq(got.consistency.count, receipt.consistency.count);
	ck_assert_mem_eq(got.inclusion.hashes, receipt.inclusion.hashes, got.inclusion.count * sizeof(struct hash));
	ck_assert_mem_eq(got.consistency.hashes, receipt.consistency.hashes, got.consistency.count * sizeof(struct hash));
	ck_assert(bytes_equal(got.checkpoint, receipt.checkpoint));
	for (size_t len = 0; len < encoded.len; len++)
		ck_error(receipt_decode(bytes_of(buffer, len), &got), E_TRUNCATED);

	/* The largest fits its limit exactly. */
	static uint8_t note[NOTE_BYTES_MAX + 1];
	receipt.inclusion.count = receipt.consistency.count = MERKLE_PROOF_MAX;
	receipt.checkpoint = bytes_of(note, NOTE_BYTES_MAX);
	w = writer_of(buffer, sizeof buffer);
	ck_ok(receipt_encode(&receipt, &w));
	ck_assert_uint_eq(writer_len(&w), RECEIPT_BYTES_MAX);
	ck_ok(receipt_decode(BYTES_ARRAY(buffer), &got));
	w = writer_of(buffer, sizeof buffer);
	receipt.checkpoint.len++;
	ck_error(receipt_encode(&receipt, &w), E_TOO_LONG);
	w = writer_of(buffer, sizeof buffer);
	receipt.checkpoint.len = 0;
	receipt.inclusion.count++;
	ck_error(receipt_encode(&receipt, &w), E_TOO_LONG);
}
END_TEST

/* RCPT-2, RCPT-4, RCPT-5, RCPT-6, RCPT-7: many batches, several under one checkpoint. */
START_TEST(a_stream_of_receipts)
{
	log_start();
	uint64_t sequence = 0;
	for (int tick = 0; tick < 5; tick++) {
		struct batch_head heads[3];
		uint64_t indexes[3];
		for (int i = 0; i < 3; i++) {
			heads[i] = make_head(sequence, (uint32_t)(1 + i));
			sequence += heads[i].count;
			indexes[i] = log_append(&heads[i]);
		}
		for (int i = 0; i < 3; i++) {
			struct receipt receipt;
			struct fault fault;
			log_receipt(&heads[i], indexes[i], position.checkpoint.size, &receipt);
			before = position;
			/* Another batch than the one sent: nothing moves on. */
			struct batch_head other = heads[i];
			other.signature[0] ^= 1;
			ck_error(receipt_verify(&receipt, &the_log.vkey, &other, &position, &fault), E_BAD_PROOF);
			ck_assert_mem_eq(&position, &before, sizeof before);
			ck_ok(receipt_verify(&receipt, &the_log.vkey, &heads[i], &position, &fault));
			ck_assert(position.checkpoint.size == the_log.size);
			ck_assert(bytes_equal(receipt.checkpoint, bytes_of(position.note, position.note_len)));
		}
	}
	/* After a restart. */
	before = position;
	memset(&position, 0, sizeof position);
	ck_ok(receipt_position_load(bytes_of(before.note, before.note_len), &the_log.vkey, &position));
	ck_assert_mem_eq(&position, &before, sizeof before);
	position.note[30] ^= 1;
	ck_error(
		receipt_position_load(bytes_of(position.note, position.note_len), &the_log.vkey, &before), E_BAD_CHECKPOINT);
}
END_TEST

/* RCPT-3: a remembered note saves the signature check only for the very same bytes under the very same key. */
START_TEST(a_remembered_note_is_the_same_bytes)
{
	log_start();
	struct batch_head head = make_head(0, 5);
	struct receipt receipt;
	struct fault fault;
	log_receipt(&head, log_append(&head), 0, &receipt);
	ck_ok(receipt_verify(&receipt, &the_log.vkey, &head, &position, &fault));
	receipt.old_size = the_log.size;
	receipt.consistency.count = 0;
	ck_ok(receipt_verify(&receipt, &the_log.vkey, &head, &position, &fault));

	/* That it was not checked again is seen when the memory is what says so. */
	const uint8_t last = position.note[position.note_len - 10];
	position.note[position.note_len - 10] = the_log.note[position.note_len - 10] = last == 'A' ? 'B' : 'A';
	ck_ok(receipt_verify(&receipt, &the_log.vkey, &head, &position, &fault));

	struct vkey other = the_log.vkey;
	other.public_key[0] ^= 1;
	ck_error(receipt_verify(&receipt, &other, &head, &position, &fault), E_BAD_CHECKPOINT);
	other = the_log.vkey;
	strcpy(other.name, "other.example");
	ck_error(receipt_verify(&receipt, &other, &head, &position, &fault), E_BAD_CHECKPOINT);
	the_log.note[position.note_len - 10] = last;
	ck_ok(receipt_verify(&receipt, &the_log.vkey, &head, &position, &fault));
	the_log.note[position.note_len - 10] = last == 'C' ? 'D' : 'C';
	ck_error(receipt_verify(&receipt, &the_log.vkey, &head, &position, &fault), E_BAD_CHECKPOINT);
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	static uint8_t buffer[VECTOR_BYTES_MAX], head_bytes[VECTOR_BYTES_MAX];
	struct receipt receipt;
	enum error error = receipt_decode(vector_hex(vector, "receipt", buffer), &receipt);
	if (error == E_OK) {
		struct vkey vkey;
		struct batch_head head;
		struct fault fault = {.text = ""};
		ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
		struct reader in = reader_of(vector_hex(vector, "head", head_bytes));
		batch_head_decode(&in, &head);
		ck_ok(reader_done(&in));
		memset(&position, 0, sizeof position);
		if (json_object_get(vector, "old_note") != NULL)
			ck_ok(receipt_position_load(bytes_text(vector_text(vector, "old_note")), &vkey, &position));
		before = position;
		error = receipt_verify(&receipt, &vkey, &head, &position, &fault);
		ck_assert(error == E_OK || strlen(fault.text) > 20);
		ck_assert(error == E_OK || memcmp(&position, &before, sizeof before) == 0);
	}
	vector_expect(vector, path, error);
}

START_TEST(our_receipt_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/receipt", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 25);
}
END_TEST

UNIT_MAIN("receipt", a_receipt_comes_back_as_written, a_stream_of_receipts, a_remembered_note_is_the_same_bytes,
	our_receipt_vectors_hold)
