#include "ledger/witness/witness_policy.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

static void check_case(const struct witness_policy *policy, const json_t *one, const char *path, size_t number)
{
	uint64_t times[POLICY_WITNESSES_MAX] = {0};
	const json_t *given = json_object_get(one, "times");
	struct quorum quorum;
	for (size_t i = 0; i < json_array_size(given); i++)
		times[i] = (uint64_t)json_integer_value(json_array_get(given, i));
	witness_policy_judge(policy, times, &quorum);
	ck_assert_msg(quorum.reached == json_is_true(json_object_get(one, "reached")), "%s: case %zu", path, number);
	ck_assert_msg(quorum.time_s == vector_number(one, "time"), "%s: case %zu: time %llu", path, number,
		(unsigned long long)quorum.time_s);
	uint32_t count = 0;
	for (size_t i = 0; i < policy->witness_count; i++)
		count += times[i] != 0;
	ck_assert_uint_eq(quorum.count, count);

	/* POL-10, as it is written: from the quorum's time on the quorum is reached, from a second later it is not. */
	for (uint64_t from = quorum.time_s; quorum.time_s != 0 && from <= quorum.time_s + 1; from++) {
		uint64_t later[POLICY_WITNESSES_MAX] = {0};
		struct quorum again;
		for (size_t i = 0; i < policy->witness_count; i++)
			later[i] = times[i] >= from ? times[i] : 0;
		witness_policy_judge(policy, later, &again);
		ck_assert_msg(again.reached == (from == quorum.time_s), "%s: case %zu", path, number);
	}
}

/* POL-1, POL-2, POL-3, POL-4, POL-5, POL-6, POL-7, POL-8, POL-9, POL-10, one file a policy. */
static void check_vector(const json_t *vector, const char *path)
{
	uint8_t buffer[VECTOR_BYTES_MAX];
	struct bytes text = json_object_get(vector, "policy_hex") ? vector_hex(vector, "policy_hex", buffer)
															  : bytes_text(vector_text(vector, "policy"));
	struct witness_policy *policy = NULL;
	struct fault fault = {0};
	enum error error = witness_policy_parse(text, &policy, &fault);
	ck_assert_msg((error == E_OK) == (policy != NULL), "%s", path);
	if (error == E_OK && strcmp(vector_text(vector, "expect"), "ok") != 0)
		ck_abort_msg("%s was accepted", path);
	ck_assert_msg(strcmp(vector_text(vector, "expect"), error_name(error)) == 0, "%s: %s", path, fault.text);
	if (json_object_get(vector, "line") != NULL) {
		char front[32];
		snprintf(front, sizeof front, "line %u: ", (unsigned)vector_number(vector, "line"));
		ck_assert_msg(strncmp(fault.text, front, strlen(front)) == 0, "%s: %s", path, fault.text);
	}
	if (json_object_get(vector, "log") != NULL) { /* POL-11 */
		struct vkey log;
		ck_ok(vkey_parse(bytes_text(vector_text(vector, "log")), &log));
		ck_assert_msg(
			witness_policy_has_log(policy, &log) == json_is_true(json_object_get(vector, "names_log")), "%s", path);
	}
	const json_t *cases = json_object_get(vector, "cases");
	ck_assert_uint_eq(json_array_size(cases) > 0, error == E_OK);
	for (size_t i = 0; i < json_array_size(cases); i++)
		check_case(policy, json_array_get(cases, i), path, i);
	free(policy);
}

START_TEST(our_policy_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/policy", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 50);
}
END_TEST

/* POL-8 */
START_TEST(what_is_too_long_is_refused)
{
	static char text[POLICY_BYTES_MAX + 2];
	struct witness_policy *policy;
	struct fault fault;
	const char quorum[] = "quorum none\n";
	memset(text, ' ', POLICY_BYTES_MAX + 1);
	memcpy(text, quorum, strlen(quorum));
	text[POLICY_BYTES_MAX] = '\n';
	ck_error(witness_policy_parse(bytes_text(text), &policy, &fault), E_TOO_LONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "65536"));
	text[POLICY_BYTES_MAX - 1] = '\n';
	text[POLICY_BYTES_MAX] = '\0';
	ck_ok(witness_policy_parse(bytes_text(text), &policy, NULL));
	free(policy);
}
END_TEST

/* POL-11, and where what was parsed stands. */
START_TEST(logs_are_named_in_it)
{
	uint8_t key[32] = {3};
	struct vkey log, renamed, other;
	char vkey[VKEY_TEXT_MAX + 1], text[600];
	struct witness_policy *policy;
	ck_ok(vkey_make("a/log", NOTE_KEY_ED25519, key, &log));
	ck_ok(vkey_make("another/log", NOTE_KEY_ED25519, key, &renamed));
	key[0] = 2;
	ck_ok(vkey_make("a/log", NOTE_KEY_ED25519, key, &other));
	ck_ok(witness_policy_parse(BYTES_LITERAL("quorum none\n"), &policy, NULL));
	ck_assert(witness_policy_has_log(policy, &log) && witness_policy_has_log(policy, &other));
	free(policy);
	vkey_format(&log, vkey);
	snprintf(text, sizeof text, "log %s https://log.example/\nquorum none\n", vkey);
	ck_ok(witness_policy_parse(bytes_text(text), &policy, NULL));
	ck_assert(witness_policy_has_log(policy, &log));
	ck_assert(!witness_policy_has_log(policy, &renamed));
	ck_assert(!witness_policy_has_log(policy, &other));
	ck_assert_str_eq(policy->logs[0].url, "https://log.example/");
	free(policy);
}
END_TEST

/* A note is read and judged in one. */
START_TEST(a_note_is_judged_in_one)
{
	uint8_t seed[32] = {3}, public_key[32], secret_key[64], buffer[600];
	const char *body = "ledger.example/2026\n7\n+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n";
	char vkey_text[VKEY_TEXT_MAX + 1], text[600];
	struct vkey vkey;
	struct witness_policy *policy;
	struct note note;
	struct quorum quorum;
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	ck_ok(vkey_make("w/1", NOTE_KEY_COSIGNATURE, public_key, &vkey));
	vkey_format(&vkey, vkey_text);
	snprintf(text, sizeof text, "witness w %s\nquorum w\n", vkey_text);
	ck_ok(witness_policy_parse(bytes_text(text), &policy, NULL));
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, bytes_text(body));
	writer_bytes(&w, BYTES_LITERAL("\n"));
	ck_ok(cosignature_sign(bytes_text(body), &vkey, secret_key, 1795420000, &w));
	ck_ok(note_split(bytes_of(buffer, writer_len(&w)), NOTE_BYTES_MAX, &note));
	ck_ok(witness_policy_read(policy, &note, &quorum));
	ck_assert(quorum.reached && quorum.time_s == 1795420000 && quorum.count == 1);
	buffer[0] ^= 1;
	ck_error(witness_policy_read(policy, &note, &quorum), E_BAD_SIGNATURE);
	free(policy);
}
END_TEST

UNIT_MAIN("witness_policy", our_policy_vectors_hold, what_is_too_long_is_refused, logs_are_named_in_it,
	a_note_is_judged_in_one)
