/* What a portal is sent, against the public vector of Standard Webhooks; what its answers mean; how it is spared. */
#include "tests/lib/unit.h"
#include "tools/notify/hook.h"

#include "ledger/text/base64.h"

#include <string.h>

static struct hook_keys keys_of(const char *seed_base64)
{
	struct hook_keys keys = {.count = 1};
	struct key seed;
	size_t len;
	ck_assert(base64_decode(bytes_text(seed_base64), seed.b, sizeof seed.b, &len) && len == 32);
	hook_key_of(&seed, keys.secret[0]);
	return keys;
}

/* NTF-18. From the scheme's own tests (standard-webhooks, libraries/go, TestAsymmetricWebhookSign). */
START_TEST(the_public_vector)
{
	struct hook_keys keys = keys_of("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=");
	char text[HOOK_HEADER_MAX];
	ck_ok(hook_sign(
		&keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BYTES_LITERAL("{\"test\": 2432232314}"), text, sizeof text));
	ck_assert_str_eq(
		text, "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==");
}
END_TEST

static const struct person *somebody(void)
{
	static union {
		struct person person;
		char room[sizeof(struct person) + 32];
	} some;
	some.person.made_s = 1795901717;
	strcpy(some.person.wishes.language, "da");
	memset(some.person.id, 0xAB, sizeof some.person.id);
	strcpy(some.room + offsetof(struct person, subject), "cpr:0101701234");
	return &some.person;
}

/* NTF-17, NTF-18, NTF-19 */
START_TEST(a_message_says_nothing_else)
{
	struct hook_keys keys = keys_of("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=");
	struct hook_message first, second;
	keys.count = 2;
	memcpy(keys.secret[1], keys_of("V0VCSE9PS0FTWU1NRVRSSUNURVNUUFJJVkFURUtFWTE=").secret[0], 64);
	ck_ok(hook_write(somebody(), &keys, 1795901720, &first));
	ck_assert_str_eq(first.body, "{\"type\":\"indsigt.new\",\"timestamp\":\"2026-11-28T21:35:17Z\",\"data\":{"
								 "\"recipient\":\"cpr:0101701234\",\"language\":\"da\"}}");
	ck_assert_uint_eq(first.body_bytes, strlen(first.body));
	ck_assert_str_eq(first.headers[0], "content-type: application/json");
	ck_assert_str_eq(first.headers[1], "webhook-id: msg_abababababababababababababababab");
	ck_assert_str_eq(first.headers[2], "webhook-timestamp: 1795901720");
	ck_assert_uint_eq(strlen(first.headers[3]), strlen("webhook-signature: v1a, v1a,") + 2 * 88);
	ck_ok(hook_write(somebody(), &keys, 1795901799, &second)); /* later, the same but for its time and signature */
	ck_assert_str_eq(first.body, second.body);
	ck_assert_str_eq(first.headers[1], second.headers[1]);
	ck_assert_str_ne(first.headers[3], second.headers[3]);
}
END_TEST

START_TEST(the_public_key)
{
	char text[HOOK_PUBLIC_TEXT_MAX];
	struct hook_keys keys = keys_of("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=");
	hook_public_text(keys.secret[0], text);
	ck_assert(strncmp(text, "whpk_", 5) == 0 && strlen(text) == 5 + 44);
}
END_TEST

/* NTF-22 */
START_TEST(what_answers_mean)
{
	static const struct {
		long status;
		enum hook_verdict verdict;
	} table[] = {{0, HOOK_AWAY}, {200, HOOK_TAKEN}, {204, HOOK_TAKEN}, {299, HOOK_TAKEN}, {302, HOOK_REFUSED},
		{400, HOOK_REFUSED}, {401, HOOK_REFUSED}, {404, HOOK_REFUSED}, {408, HOOK_AWAY}, {410, HOOK_GONE},
		{429, HOOK_AWAY}, {500, HOOK_REFUSED}, {502, HOOK_AWAY}, {503, HOOK_AWAY}, {504, HOOK_AWAY}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		ck_assert_int_eq((int)hook_judge(table[i].status), (int)table[i].verdict);
}
END_TEST

/* NTF-23 */
START_TEST(waits_grow_and_end)
{
	ck_assert_uint_eq(hook_wait_ms(1, 0), 5000);
	ck_assert_uint_eq(hook_wait_ms(2, 0), 10000);
	ck_assert_uint_eq(hook_wait_ms(1, 1250), 5000 + 1250);
	ck_assert_uint_eq(hook_wait_ms(1, 1251), 5000);
	for (uint32_t count = 0; count < 100; count++)
		ck_assert_uint_le(hook_wait_ms(count, UINT32_MAX), 5u * 3600 * 1000);
}
END_TEST

/* NTF-23 */
START_TEST(a_portal_that_is_away_is_spared)
{
	struct hook_gate gate = HOOK_GATE_FIRST;
	ck_assert(hook_gate_open(&gate, 0, 0) && !hook_gate_open(&gate, 1, 0)); /* the first alone */
	hook_gate_take(&gate, HOOK_TAKEN, 0, 0, 0);
	ck_assert(hook_gate_open(&gate, 5, 0));
	hook_gate_take(&gate, HOOK_AWAY, 0, 0, 100);
	hook_gate_take(&gate, HOOK_AWAY, 0, 0, 101); /* one closing, whoever comes back */
	ck_assert(!hook_gate_open(&gate, 0, 1099) && hook_gate_open(&gate, 0, 1100) && !hook_gate_open(&gate, 1, 1100));
	hook_gate_take(&gate, HOOK_AWAY, 0, 0, 1200);
	ck_assert(!hook_gate_open(&gate, 0, 3199) && hook_gate_open(&gate, 0, 3200));
	hook_gate_take(&gate, HOOK_AWAY, 60, 0, 3200); /* Retry-After */
	ck_assert(!hook_gate_open(&gate, 0, 63199) && hook_gate_open(&gate, 0, 63200));
	hook_gate_take(&gate, HOOK_AWAY, UINT64_MAX, 0, 63200);
	ck_assert(!hook_gate_open(&gate, 0, 63200 + 86399999) && hook_gate_open(&gate, 0, 63200 + 86400000));
	hook_gate_take(&gate, HOOK_TAKEN, 0, 0, 90000000);
	ck_assert(hook_gate_open(&gate, 15, 90000000));
}
END_TEST

START_TEST(one_that_is_refused_closes_nothing)
{
	struct hook_gate gate = HOOK_GATE_FIRST;
	for (unsigned i = 0; i < 10 * GATE_REFUSALS; i++) { /* others are taken between */
		hook_gate_take(&gate, HOOK_REFUSED, 0, 0, 0);
		hook_gate_take(&gate, HOOK_TAKEN, 0, 0, 0);
	}
	ck_assert(hook_gate_open(&gate, 5, 0));
	for (unsigned i = 0; i < GATE_REFUSALS; i++)
		hook_gate_take(&gate, HOOK_REFUSED, 0, 0, 0);
	ck_assert(!hook_gate_open(&gate, 0, 0) && hook_gate_open(&gate, 0, 1000));
}
END_TEST

UNIT_MAIN("hook", the_public_vector, a_message_says_nothing_else, the_public_key, what_answers_mean, waits_grow_and_end,
	a_portal_that_is_away_is_spared, one_that_is_refused_closes_nothing)
