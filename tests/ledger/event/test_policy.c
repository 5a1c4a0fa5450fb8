#include "ledger/event/event_schema.h"
#include "ledger/event/policy.h"
#include "tests/lib/unit.h"

#include <string.h>

START_TEST(defaults_keep_what_must_be_kept)
{
	struct policy policy;
	policy_default(&policy);
	ck_assert(policy.restricted == (1ull << EVENT_ACTOR_ID | 1ull << EVENT_ACTOR_NAME | 1ull << EVENT_ON_BEHALF_OF_ID |
									   1ull << EVENT_ACCESS_POINT | 1ull << EVENT_OBJECTS | 1ull << EVENT_ID));
	ck_assert_uint_eq(policy.flags, 0);
	ck_assert_str_eq(policy.purpose, "");
}
END_TEST

/* Words, encoding, and back to the same words. */
START_TEST(words_and_encoding)
{
	static const char *const words[] = {"open=actor.name", "close=system", "purpose=sagsbehandling", "withhold"};
	struct policy policy;
	struct policy back;
	uint8_t buffer[512];
	struct bytes encoded;
	policy_default(&policy);
	for (size_t i = 0; i < 4; i++)
		ck_ok(policy_apply(&policy, words[i], NULL));
	struct writer w = writer_of(buffer, sizeof buffer);
	policy_encode(&policy, &w);
	ck_ok(writer_done(&w, &encoded));
	struct reader r = reader_of(encoded);
	policy_decode(&r, &back);
	ck_ok(reader_done(&r));
	ck_assert_mem_eq(&policy, &back, sizeof policy);
	w = writer_of(buffer, sizeof buffer);
	policy_format(&back, &w);
	writer_u8(&w, 0);
	ck_ok(w.error);
	ck_assert_str_eq((char *)buffer, "close=system\nopen=actor.name\npurpose=sagsbehandling\nwithhold\n");
}
END_TEST

START_TEST(what_may_not_be_kept_is_refused)
{
	static const char *const bad[] = {"open=nothing", "close=subject", "close=subjects", "close=time", "close=action",
		"close=org.id", "close=org.name", "close=actor.kind", "purpose=", "purpose=  ", "purpose=\xC2\xA0",
		"purpose=a\nb", "purpose=\xE6", "other", ""};
	struct policy policy;
	struct fault fault;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		policy_default(&policy);
		ck_assert_msg(policy_apply(&policy, bad[i], &fault) != E_OK, "%s", bad[i]);
		ck_assert_int_eq(strncmp(fault.text, "policy: ", 8), 0);
	}
	uint8_t encoded[12] = {0};
	encoded[7] = 1 << EVENT_SUBJECT; /* may not be closed */
	struct reader r = reader_of(BYTES_ARRAY(encoded));
	policy_decode(&r, &policy);
	ck_error(r.error, E_BAD_VALUE);
	encoded[7] = 0;
	encoded[0] = 0x80; /* field 63 is not there */
	r = reader_of(BYTES_ARRAY(encoded));
	policy_decode(&r, &policy);
	ck_error(r.error, E_BAD_VALUE);
	encoded[0] = 0;
	encoded[8] = 0x80; /* an unknown flag */
	r = reader_of(BYTES_ARRAY(encoded));
	policy_decode(&r, &policy);
	ck_error(r.error, E_BAD_VALUE);
}
END_TEST

UNIT_MAIN("policy", defaults_keep_what_must_be_kept, words_and_encoding, what_may_not_be_kept_is_refused)
