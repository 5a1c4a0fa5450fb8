#include "ledger/base/domain.h"
#include "ledger/event/batch.h"
#include "ledger/tree/merkle.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

static struct batch_head sample(void)
{
	return (struct batch_head){
		.kind = BATCH_MASS, .sender = 0x01020304, .first_sequence = 77, .count = 3, .filing_checked = 76};
}

/* BATCH-3, BATCH-4: the signature stands for every field of the message. */
START_TEST(a_signature_covers_every_field)
{
	uint8_t public_key[32], secret_key[64];
	crypto_sign_keypair(public_key, secret_key);
	struct batch_head head = sample(), other;
	struct hash root = {{9}}, other_root = {{8}};
	batch_sign("origin.example", &root, secret_key, &head);
	ck_ok(batch_check_signature("origin.example", &head, &root, public_key));
	ck_error(batch_check_signature("origin.exampl", &head, &root, public_key), E_BAD_SIGNATURE);
	ck_error(batch_check_signature("origin.example", &head, &other_root, public_key), E_BAD_SIGNATURE);
	other = head, other.kind = BATCH_EVENT;
	ck_error(batch_check_signature("origin.example", &other, &root, public_key), E_BAD_SIGNATURE);
	other = head, other.sender++;
	ck_error(batch_check_signature("origin.example", &other, &root, public_key), E_BAD_SIGNATURE);
	other = head, other.first_sequence++;
	ck_error(batch_check_signature("origin.example", &other, &root, public_key), E_BAD_SIGNATURE);
	other = head, other.count++;
	ck_error(batch_check_signature("origin.example", &other, &root, public_key), E_BAD_SIGNATURE);
	other = head, other.filing_checked++;
	ck_error(batch_check_signature("origin.example", &other, &root, public_key), E_BAD_SIGNATURE);
	other = head, other.signature[40] ^= 1;
	ck_error(batch_check_signature("origin.example", &other, &root, public_key), E_BAD_SIGNATURE);
	public_key[3] ^= 1;
	ck_error(batch_check_signature("origin.example", &head, &root, public_key), E_BAD_SIGNATURE);
}
END_TEST

START_TEST(the_longest_origin_fits)
{
	char origin[ORIGIN_BYTES_MAX + 1] = {0};
	memset(origin, 'o', ORIGIN_BYTES_MAX);
	uint8_t public_key[32], secret_key[64], buffer[sizeof DOMAIN_BATCH - 1 + ORIGIN_BYTES_MAX + 64];
	crypto_sign_keypair(public_key, secret_key);
	struct batch_head head = sample();
	struct hash root = {{9}};
	struct writer w = writer_of(buffer, sizeof buffer);
	batch_message(origin, &head, &root, &w);
	ck_ok(w.error);
	batch_sign(origin, &root, secret_key, &head);
	ck_ok(batch_check_signature(origin, &head, &root, public_key));
}
END_TEST

/* BATCH-5, BATCH-6 */
START_TEST(sequences_fit_their_range)
{
	ck_ok(batch_check_range(0, 1, 0));
	ck_ok(batch_check_range(UINT64_MAX - BATCH_EVENTS_MAX, BATCH_EVENTS_MAX, UINT64_MAX - BATCH_EVENTS_MAX));
	ck_error(batch_check_range(0, 0, 0), E_EMPTY_BATCH);
	ck_error(batch_check_range(0, BATCH_EVENTS_MAX + 1, 0), E_BATCH_TOO_LARGE);
	ck_error(batch_check_range(UINT64_MAX, 1, 0), E_BAD_VALUE);
	ck_error(batch_check_range(UINT64_MAX - 4, 5, 0), E_BAD_VALUE);
	ck_error(batch_check_range(7, 1, 8), E_BAD_VALUE);
}
END_TEST

START_TEST(a_batch_comes_back_as_written)
{
	struct batch_head head = sample(), got;
	memset(head.signature, 0xAB, sizeof head.signature);
	uint8_t buffer[BATCH_HEAD_BYTES + 200];
	struct writer w = writer_of(buffer, sizeof buffer);
	batch_head_encode(&head, &w);
	ck_assert_uint_eq(writer_len(&w), BATCH_HEAD_BYTES);
	struct batch_event event = {.commitment = {{5}},
		.header = BYTES_LITERAL("header"),
		.disclosed = BYTES_LITERAL("disclosed"),
		.restricted = BYTES_LITERAL("restricted")};
	batch_event_encode(&event, &w);
	struct bytes encoded;
	ck_ok(writer_done(&w, &encoded));

	struct reader r = reader_of(encoded);
	struct batch_event got_event;
	batch_head_decode(&r, &got);
	batch_event_decode(&r, &got_event);
	ck_ok(reader_done(&r));
	ck_assert(got.kind == head.kind && got.sender == head.sender && got.first_sequence == head.first_sequence);
	ck_assert(got.count == head.count && got.filing_checked == head.filing_checked);
	ck_assert_mem_eq(got.signature, head.signature, sizeof got.signature);
	ck_assert(hash_equal(&got_event.commitment, &event.commitment));
	ck_assert(bytes_equal(got_event.header, event.header) && bytes_equal(got_event.disclosed, event.disclosed));
	ck_assert(bytes_equal(got_event.restricted, event.restricted));

	/* Cut anywhere: an error and zeros. */
	for (size_t len = 0; len < encoded.len; len++) {
		r = reader_of(bytes_of(buffer, len));
		batch_head_decode(&r, &got);
		batch_event_decode(&r, &got_event);
		ck_error(reader_done(&r), E_TRUNCATED);
		ck_assert(got_event.disclosed.data == NULL && got_event.disclosed.len == 0);
		ck_assert(len >= BATCH_HEAD_BYTES || got.count == 0);
	}
}
END_TEST

/* BATCH-7: exactly at the limit is taken, one byte more is not. */
START_TEST(event_limits_are_exact)
{
	static uint8_t buffer[2 * EVENT_BYTES_MAX], part[EVENT_BYTES_MAX];
	for (size_t restricted = 0; restricted <= 1; restricted++)
		for (size_t over = 0; over <= 1; over++) {
			struct batch_event event = {.disclosed = bytes_of(part, EVENT_BYTES_MAX - restricted),
				.restricted = bytes_of(part, restricted + over)};
			struct writer w = writer_of(buffer, sizeof buffer);
			batch_event_encode(&event, &w);
			struct reader r = reader_of(bytes_of(buffer, writer_len(&w)));
			batch_event_decode(&r, &event);
			ck_error(reader_done(&r), over ? E_TOO_LONG : E_OK);
		}
}
END_TEST

/* BATCH-1, BATCH-2 and the rules above, one case a file. */
static enum error check_head(const json_t *vector, struct reader *in)
{
	struct batch_head head;
	batch_head_decode(in, &head);
	TRY(reader_done(in));
	const json_t *list = json_object_get(vector, "commitments");
	struct hash commitments[64], root;
	size_t count = json_array_size(list);
	ck_assert_uint_lt(count, 64);
	for (size_t i = 0; i < count; i++) {
		uint8_t buffer[VECTOR_BYTES_MAX];
		struct bytes commitment = vector_unhex(json_string_value(json_array_get(list, i)), buffer);
		ck_assert_uint_eq(commitment.len, HASH_BYTES);
		memcpy(commitments[i].b, commitment.data, HASH_BYTES);
	}
	merkle_root_of_leaves(commitments, count, &root);
	const char *origin = vector_text(vector, "origin");
	uint8_t public_key[32];
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	TRY(batch_check_signature(origin, &head, &root, public_key));

	uint8_t wanted[VECTOR_BYTES_MAX], buffer[1024];
	ck_assert(bytes_equal(vector_hex(vector, "root", wanted), hash_bytes(&root)));
	struct writer w = writer_of(buffer, sizeof buffer);
	batch_message(origin, &head, &root, &w);
	ck_assert(bytes_equal(vector_hex(vector, "message", wanted), bytes_of(buffer, writer_len(&w))));
	w = writer_of(buffer, sizeof buffer);
	batch_head_encode(&head, &w);
	ck_assert(bytes_equal(vector_hex(vector, "head", wanted), bytes_of(buffer, writer_len(&w))));
	return E_OK;
}

static enum error check_event(const json_t *vector, struct reader *in)
{
	struct batch_event event;
	batch_event_decode(in, &event);
	TRY(reader_done(in));
	uint8_t wanted[VECTOR_BYTES_MAX];
	ck_assert(bytes_equal(vector_hex(vector, "commitment", wanted), hash_bytes(&event.commitment)));
	ck_assert(bytes_equal(vector_hex(vector, "header", wanted), event.header));
	ck_assert(bytes_equal(vector_hex(vector, "disclosed", wanted), event.disclosed));
	ck_assert(bytes_equal(vector_hex(vector, "restricted", wanted), event.restricted));
	return E_OK;
}

static void check_vector(const json_t *vector, const char *path)
{
	uint8_t buffer[VECTOR_BYTES_MAX];
	bool head = strcmp(vector_text(vector, "kind"), "head") == 0;
	struct reader in = reader_of(vector_hex(vector, head ? "head" : "encoded", buffer));
	vector_expect(vector, path, head ? check_head(vector, &in) : check_event(vector, &in));
}

START_TEST(our_batch_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/batch", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 25);
}
END_TEST

UNIT_MAIN("batch", a_signature_covers_every_field, the_longest_origin_fits, sequences_fit_their_range,
	a_batch_comes_back_as_written, event_limits_are_exact, our_batch_vectors_hold)
