#include "ledger/base/domain.h"
#include "ledger/keys/seal.h"
#include "tests/lib/unit.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct seal_keys keys;
static struct key record_key;

static const struct record_place place = {
	.sender = 7, .sequence = 41, .commitment = {{9, 9}}, .period = {682, 5}, .key_id = 1234567};

static struct record sample(void)
{
	return (struct record){.header = BYTES_LITERAL("headheadhd"),
		.c_d = {{1}},
		.secret = {{3}},
		.disclosed = BYTES_LITERAL("what the subject sees"),
		.restricted = BYTES_LITERAL("what it does not")};
}

static size_t seal_sample(uint8_t *out)
{
	struct key master = {{5}};
	struct record record = sample();
	seal_keys_derive(&master, &keys);
	randombytes_buf(record_key.b, 32);
	ck_ok(record_seal(&record, &place, &record_key, &keys, out));
	return record_bytes(&record);
}

/* STO-12 */
START_TEST(record_round_trip)
{
	uint8_t sealed[512];
	uint8_t buffer[512];
	size_t len = seal_sample(sealed);
	struct record_outside outside;
	struct record back;
	struct record wanted = sample();
	ck_ok(record_look(bytes_of(sealed, len), &place.commitment, &keys, &outside));
	ck_assert_uint_eq(outside.key_id, place.key_id);
	ck_assert_uint_eq(outside.period.month, 682);
	ck_assert_uint_eq(outside.period.retention_years, 5);
	ck_assert(bytes_equal(outside.header, wanted.header));
	ck_ok(record_open(&outside, &place, &record_key, buffer, &back));
	ck_assert(bytes_equal(back.disclosed, wanted.disclosed));
	ck_assert(bytes_equal(back.restricted, wanted.restricted));
	ck_assert_mem_eq(back.secret.b, wanted.secret.b, sizeof back.secret.b);
	ck_assert(hash_equal(&back.c_d, &wanted.c_d));
}
END_TEST

/* The nonce follows from the commitment: what is sealed twice says nothing new, and another event has another stream.
 */
START_TEST(one_event_is_sealed_one_way)
{
	uint8_t first[512];
	uint8_t second[512];
	size_t len = seal_sample(first);
	struct record record = sample();
	struct record_place other = place;
	ck_ok(record_seal(&record, &place, &record_key, &keys, second));
	ck_assert_mem_eq(first, second, len);
	other.commitment.b[0] ^= 1;
	ck_ok(record_seal(&record, &other, &record_key, &keys, second));
	size_t alike = 0;
	for (size_t i = RECORD_FIXED_BYTES - 32 - 2 - 16; i < len; i++)
		alike += first[i] == second[i];
	ck_assert_uint_lt(alike, 16);
}
END_TEST

/* The key id is hidden: it stands nowhere in the record, and two records of one subject do not show the same. */
/* STO-11 */
START_TEST(key_id_is_hidden)
{
	uint8_t first[512];
	uint8_t second[512];
	size_t len = seal_sample(first);
	struct record record = sample();
	struct record_place other = place;
	other.commitment.b[31] ^= 1;
	ck_ok(record_seal(&record, &other, &record_key, &keys, second));
	uint8_t plain[8];
	put_u64(plain, place.key_id);
	ck_assert_ptr_null(memmem(first, len, plain, sizeof plain));
	ck_assert_int_ne(memcmp(first + 3, second + 3, 8), 0);
}
END_TEST

/* Any other place, or any changed bit inside the seal, does not open. */
/* STO-9 */
START_TEST(bound_to_its_place)
{
	uint8_t sealed[512];
	uint8_t buffer[512];
	size_t len = seal_sample(sealed);
	struct record_outside outside;
	struct record back;
	ck_ok(record_look(bytes_of(sealed, len), &place.commitment, &keys, &outside));
	struct record_place other = place;
	other.sender = 8;
	ck_error(record_open(&outside, &other, &record_key, buffer, &back), E_UNSEALED);
	other = place;
	other.sequence++;
	ck_error(record_open(&outside, &other, &record_key, buffer, &back), E_UNSEALED);
	other = place;
	other.commitment.b[31] ^= 1;
	ck_error(record_open(&outside, &other, &record_key, buffer, &back), E_UNSEALED);
	other = place;
	other.period.month++;
	ck_error(record_open(&outside, &other, &record_key, buffer, &back), E_UNSEALED);
	other = place;
	other.key_id++;
	ck_error(record_open(&outside, &other, &record_key, buffer, &back), E_UNSEALED);
	for (size_t i = (size_t)(outside.sealed.data - sealed); i < len; i++) {
		sealed[i] ^= 0x10;
		ck_error(record_open(&outside, &place, &record_key, buffer, &back), E_UNSEALED);
		sealed[i] ^= 0x10;
	}
	ck_ok(record_open(&outside, &place, &record_key, buffer, &back));
}
END_TEST

/* STO-9 */
START_TEST(truncated_records_do_not_open)
{
	uint8_t sealed[512];
	uint8_t buffer[512];
	size_t len = seal_sample(sealed);
	for (size_t cut = 0; cut < len; cut++) {
		struct record_outside outside;
		struct record back;
		if (record_look(bytes_of(sealed, cut), &place.commitment, &keys, &outside) == E_OK)
			ck_error(record_open(&outside, &place, &record_key, buffer, &back), E_UNSEALED);
	}
}
END_TEST

START_TEST(small_seals_open_in_their_place)
{
	struct key key = {{1}};
	uint8_t sealed[5 + SEAL_OVERHEAD];
	uint8_t back[5];
	seal_small(&key, DOMAIN_SUBJECT_KEY, BYTES_LITERAL("ctx"), BYTES_LITERAL("hello"), sealed);
	ck_ok(unseal_small(&key, DOMAIN_SUBJECT_KEY, BYTES_LITERAL("ctx"), BYTES_ARRAY(sealed), back));
	ck_assert_mem_eq(back, "hello", 5);
	ck_error(unseal_small(&key, DOMAIN_ALIASES, BYTES_LITERAL("ctx"), BYTES_ARRAY(sealed), back), E_UNSEALED);
	ck_error(unseal_small(&key, DOMAIN_SUBJECT_KEY, BYTES_LITERAL("cty"), BYTES_ARRAY(sealed), back), E_UNSEALED);
	ck_error(unseal_small(&key, DOMAIN_SUBJECT_KEY, BYTES_LITERAL("ctx"), bytes_of(sealed, 39), back), E_UNSEALED);
	sealed[30] ^= 1;
	ck_error(unseal_small(&key, DOMAIN_SUBJECT_KEY, BYTES_LITERAL("ctx"), BYTES_ARRAY(sealed), back), E_UNSEALED);
}
END_TEST

START_TEST(row_seals_open_in_their_place)
{
	struct key key = {{1}}, other = {{2}};
	uint8_t sealed[5 + ROW_SEAL_OVERHEAD], again[5 + ROW_SEAL_OVERHEAD], back[5];
	const struct bytes row = BYTES_LITERAL("row");
	ck_ok(seal_row(&key, DOMAIN_HEAD, row, BYTES_LITERAL("hello"), sealed));
	ck_ok(unseal_row(&key, DOMAIN_HEAD, row, BYTES_ARRAY(sealed), back));
	ck_assert_mem_eq(back, "hello", 5);
	ck_error(unseal_row(&key, DOMAIN_POSTING, row, BYTES_ARRAY(sealed), back), E_UNSEALED);
	ck_error(unseal_row(&key, DOMAIN_HEAD, BYTES_LITERAL("rov"), BYTES_ARRAY(sealed), back), E_UNSEALED);
	ck_error(unseal_row(&other, DOMAIN_HEAD, row, BYTES_ARRAY(sealed), back), E_UNSEALED);
	for (size_t len = 0; len < sizeof sealed; len++)
		ck_error(unseal_row(&key, DOMAIN_HEAD, row, bytes_of(sealed, len), back), E_UNSEALED);
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= 1;
		ck_error(unseal_row(&key, DOMAIN_HEAD, row, BYTES_ARRAY(sealed), back), E_UNSEALED);
		sealed[i] ^= 1;
	}
	ck_ok(seal_row(&key, DOMAIN_HEAD, row, BYTES_LITERAL("hello"), again));
	ck_assert_mem_ne(sealed, again, GCM_NONCE_BYTES);
}
END_TEST

/* As spec/store.md says it, put together by hand. */
START_TEST(row_seals_are_those_of_the_definition)
{
	struct key key = {{1}}, own;
	uint8_t sealed[5 + ROW_SEAL_OVERHEAD], back[5];
	uint8_t whole[16 + 32 + 3] = "indsigt/v2 head\n";
	memcpy(whole + 16, key.b, sizeof key.b);
	memcpy(whole + 48, "row", 3);
	crypto_hash_sha256(own.b, whole, sizeof whole);
	ck_ok(seal_row(&key, DOMAIN_HEAD, BYTES_LITERAL("row"), BYTES_LITERAL("hello"), sealed));
	ck_ok(gcm_open(&own, sealed, BYTES_EMPTY, bytes_of(sealed + 12, sizeof sealed - 12), back));
	ck_assert_mem_eq(back, "hello", 5);
}
END_TEST

/* ---- nonces, which stand before what is sealed ---- */

#define NONCES_EACH 200 /* more than are drawn at once */

struct nonce {
	uint8_t b[24];
};

static void *draw_nonces(void *context)
{
	struct nonce *nonces = context;
	struct key key = {{1}};
	for (size_t i = 0; i < NONCES_EACH; i++) {
		uint8_t sealed[5 + SEAL_OVERHEAD];
		seal_small(&key, DOMAIN_SUBJECT_KEY, BYTES_EMPTY, BYTES_LITERAL("hello"), sealed);
		memcpy(nonces[i].b, sealed, sizeof nonces[i].b);
	}
	return NULL;
}

static int compare_nonces(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct nonce));
}

static void all_differ(struct nonce *nonces, size_t count)
{
	qsort(nonces, count, sizeof *nonces, compare_nonces);
	for (size_t i = 1; i < count; i++)
		ck_assert_int_ne(compare_nonces(&nonces[i - 1], &nonces[i]), 0);
}

START_TEST(no_nonce_comes_twice_in_threads)
{
	static struct nonce nonces[3 * NONCES_EACH];
	pthread_t threads[2];
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, draw_nonces, &nonces[(i + 1) * NONCES_EACH]), 0);
	draw_nonces(nonces);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	all_differ(nonces, 3 * NONCES_EACH);
}
END_TEST

START_TEST(no_nonce_comes_twice_in_a_child_and_its_parent)
{
	size_t bytes = 3 * NONCES_EACH * sizeof(struct nonce);
	struct nonce *nonces = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(nonces, MAP_FAILED);
	draw_nonces(nonces);
	pid_t child = fork();
	if (child == 0) {
		draw_nonces(nonces + NONCES_EACH);
		_exit(0);
	}
	int status = 1;
	draw_nonces(nonces + 2 * NONCES_EACH);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	all_differ(nonces, 3 * NONCES_EACH);
	munmap(nonces, bytes);
}
END_TEST

UNIT_MAIN("seal", one_event_is_sealed_one_way, record_round_trip, key_id_is_hidden, bound_to_its_place,
	truncated_records_do_not_open, small_seals_open_in_their_place, row_seals_open_in_their_place,
	row_seals_are_those_of_the_definition, no_nonce_comes_twice_in_threads,
	no_nonce_comes_twice_in_a_child_and_its_parent)
