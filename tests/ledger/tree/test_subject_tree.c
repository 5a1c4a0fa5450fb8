#include "ledger/tree/merkle.h"
#include "ledger/tree/subject_tree.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

/* By the words of the specification. */
static struct hash spelled(const char *domain, const struct bytes *parts, size_t count)
{
	uint8_t buffer[300];
	struct bytes whole;
	struct hash out;
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, bytes_text(domain));
	for (size_t i = 0; i < count; i++)
		writer_bytes(&w, parts[i]);
	ck_ok(writer_done(&w, &whole));
	crypto_hash_sha256(out.b, whole.data, whole.len);
	return out;
}

static struct hash spelled_keyed(const struct key *key, const char *text, struct bytes rest)
{
	uint8_t buffer[300];
	struct bytes whole;
	struct hash out;
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, bytes_text(text));
	writer_bytes(&w, rest);
	ck_ok(writer_done(&w, &whole));
	crypto_generichash(out.b, sizeof out.b, whole.data, whole.len, key->b, sizeof key->b);
	return out;
}

/* EPO-2, EPO-3 */
START_TEST(blinds_are_those_of_the_definition)
{
	struct key secret;
	struct blinding_keys keys, others;
	randombytes_buf(&secret, sizeof secret);
	blinding_keys_derive(&secret, &keys);
	struct hash wanted = spelled_keyed(&secret, "indsigt/v1 blinding key\n", BYTES_LITERAL("subject"));
	ck_assert_mem_eq(keys.subject.b, wanted.b, 32);
	wanted = spelled_keyed(&secret, "indsigt/v1 blinding key\n", BYTES_LITERAL("filing"));
	ck_assert_mem_eq(keys.filing.b, wanted.b, 32);
	secret.b[0] ^= 1;
	blinding_keys_derive(&secret, &others);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t index = i < 10 ? i : (uint64_t)randombytes_random() << 31 ^ randombytes_random();
		uint8_t number[8];
		struct hash blind, filing_blind, other;
		put_u64(number, index);
		blind_make(&keys.subject, index, &blind);
		const struct bytes parts[] = {BYTES_ARRAY(keys.subject.b), BYTES_ARRAY(number)};
		wanted = spelled("indsigt/v2 b\n", parts, 2);
		ck_assert(hash_equal(&blind, &wanted));
		blind_make(&keys.filing, index, &filing_blind);
		ck_assert(!hash_equal(&blind, &filing_blind));
		blind_make(&others.subject, index, &other);
		ck_assert(!hash_equal(&blind, &other));
		blind_make(&keys.subject, index + 1, &other);
		ck_assert(!hash_equal(&blind, &other));
	}
}
END_TEST

/* EPO-4, EPO-7 */
START_TEST(leaves_are_those_of_the_definition)
{
	for (int round = 0; round < 100; round++) {
		struct hash blind, entry_leaf, leaf;
		struct label label;
		uint8_t number[8];
		uint64_t index = round < 3 ? (uint64_t)round : (uint64_t)randombytes_random() << 31 ^ randombytes_random();
		randombytes_buf(&blind, sizeof blind);
		randombytes_buf(&entry_leaf, sizeof entry_leaf);
		randombytes_buf(&label, sizeof label);
		put_u64(number, index);
		struct bytes parts[] = {BYTES_LITERAL("\0"), hash_bytes(&blind), BYTES_ARRAY(number), hash_bytes(&entry_leaf)};
		struct hash wanted = spelled("", parts, 4);
		subject_leaf_hash(&blind, index, &entry_leaf, &leaf);
		ck_assert(hash_equal(&leaf, &wanted));
		parts[3] = BYTES_ARRAY(label.b);
		wanted = spelled("", parts, 4);
		filing_leaf_hash(&blind, index, &label, &leaf);
		ck_assert(hash_equal(&leaf, &wanted));
	}
}
END_TEST

/* EPO-5: count and root both count. */
START_TEST(count_and_root_both_count)
{
	struct hash root, other, value, again;
	randombytes_buf(&root, sizeof root);
	randombytes_buf(&other, sizeof other);
	for (uint64_t count = 1; count < 1000; count++) {
		uint8_t number[8];
		put_u64(number, count);
		struct bytes parts[] = {BYTES_ARRAY(number), hash_bytes(&root)};
		struct hash wanted = spelled("indsigt/v1 subject\n", parts, 2);
		subject_value(count, &root, &value);
		ck_assert(hash_equal(&value, &wanted));
		subject_value(count + 1, &root, &again);
		ck_assert(!hash_equal(&value, &again));
		subject_value(count, &other, &again);
		ck_assert(!hash_equal(&value, &again));
	}
}
END_TEST

/* ---- vectors ---- */

static bool same(const json_t *vector, const char *name, const void *computed)
{
	uint8_t wanted[32];
	vector_fixed(vector, name, wanted, sizeof wanted);
	return memcmp(wanted, computed, sizeof wanted) == 0;
}

static bool check_blinds(const json_t *vector)
{
	struct key secret;
	struct blinding_keys keys;
	struct hash blind, filing_blind;
	uint64_t index = vector_number(vector, "index");
	vector_fixed(vector, "vrf_secret", secret.b, sizeof secret.b);
	blinding_keys_derive(&secret, &keys);
	ck_assert(same(vector, "subject_key", keys.subject.b) && same(vector, "filing_key", keys.filing.b));
	blind_make(&keys.subject, index, &blind);
	blind_make(&keys.filing, index, &filing_blind);
	return same(vector, "blind", &blind) && same(vector, "filing_blind", &filing_blind);
}

static bool check_leaf(const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	struct hash blind, entry_leaf, subject_leaf, filing_leaf;
	struct label label;
	uint64_t index = vector_number(vector, "index");
	merkle_leaf_hash(vector_hex(vector, "entry", buffer), &entry_leaf);
	vector_fixed(vector, "blind", &blind, sizeof blind);
	subject_leaf_hash(&blind, index, &entry_leaf, &subject_leaf);
	vector_fixed(vector, "filing_blind", &blind, sizeof blind);
	vector_fixed(vector, "label", &label, sizeof label);
	filing_leaf_hash(&blind, index, &label, &filing_leaf);
	return same(vector, "subject_leaf", &subject_leaf) && same(vector, "filing_leaf", &filing_leaf);
}

static bool check_value(const json_t *vector)
{
	struct hash root, value;
	vector_fixed(vector, "root", &root, sizeof root);
	subject_value(vector_number(vector, "count"), &root, &value);
	return same(vector, "value", &value);
}

static unsigned checked;

/* Whole logs are for test_audit_labels.c. */
static void check_vector(const json_t *vector, const char *path)
{
	const char *kind = vector_text(vector, "kind");
	bool good;
	if (strcmp(kind, "log") == 0)
		return;
	if (strcmp(kind, "blinds") == 0)
		good = check_blinds(vector);
	else if (strcmp(kind, "leaf") == 0)
		good = check_leaf(vector);
	else {
		ck_assert_str_eq(kind, "value");
		good = check_value(vector);
	}
	vector_expect(vector, path, good ? E_OK : E_BAD_VALUE);
	checked++;
}

START_TEST(our_subject_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/epoch", dir));
	vector_walk(dir, check_vector);
	ck_assert_uint_ge(checked, 12);
}
END_TEST

UNIT_MAIN("subject_tree", blinds_are_those_of_the_definition, leaves_are_those_of_the_definition,
	count_and_root_both_count, our_subject_vectors_hold)
