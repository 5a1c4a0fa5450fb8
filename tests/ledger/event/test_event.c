#include "ledger/event/dcbor.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"
#include "ledger/text/visible.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct policy policy;
static struct fault fault;
static uint8_t disclosed_buffer[EVENT_BYTES_MAX];
static uint8_t restricted_buffer[EVENT_BYTES_MAX];
static struct bytes disclosed;
static struct bytes restricted;

static void put_text(struct event *event, unsigned field, const char *text)
{
	event->values[field].text = bytes_text(text);
	event->present |= 1ull << field;
}

static void put_number(struct event *event, unsigned field, uint64_t number)
{
	event->values[field].number = number;
	event->present |= 1ull << field;
}

static struct event sample(void)
{
	struct event event = {.header = {.retention_years = 5}};
	put_text(&event, EVENT_SUBJECT, "cpr:0101701234");
	put_number(&event, EVENT_TIME, 1795421730120000000);
	put_number(&event, EVENT_ACTION, ACTION_READ);
	put_number(&event, EVENT_OUTCOME, OUTCOME_OK);
	put_text(&event, EVENT_ORG_ID, "cvr:55133018");
	put_text(&event, EVENT_ORG_NAME, "Aarhus Kommune");
	put_text(&event, EVENT_SYSTEM, "KSD Sygedagpenge");
	put_text(&event, EVENT_ACTIVITY, "Opslag i sag");
	put_text(&event, EVENT_PURPOSE, "sagsbehandling");
	put_number(&event, EVENT_ACTOR_KIND, ACTOR_HUMAN);
	put_text(&event, EVENT_ACTOR_ROLE, "sagsbehandler");
	return event;
}

static enum error encode(const struct event *event)
{
	struct writer d = writer_of(disclosed_buffer, sizeof disclosed_buffer);
	struct writer r = writer_of(restricted_buffer, sizeof restricted_buffer);
	TRY(event_encode(event, &policy, &d, &r, &fault));
	TRY(writer_done(&d, &disclosed));
	return writer_done(&r, &restricted);
}

static enum error decode(struct bytes d, struct bytes r)
{
	static struct event event;
	return event_decode(d, r, &policy, false, &event, &fault);
}

/* EVT-1, EVT-7 */
START_TEST(split_by_policy)
{
	static struct event back;
	policy_default(&policy);
	struct event event = sample();
	ck_ok(encode(&event));
	ck_assert_uint_eq(restricted.len, 0);
	ck_ok(decode(disclosed, restricted));
	put_text(&event, EVENT_ACTOR_NAME, "A. Jensen");
	ck_ok(encode(&event));
	ck_assert_ptr_null(memmem(disclosed.data, disclosed.len, "Jensen", 6));
	ck_assert_ptr_nonnull(memmem(restricted.data, restricted.len, "Jensen", 6));
	ck_ok(decode(disclosed, restricted));

	/* What a subject sees: the disclosed part alone. */
	ck_ok(event_decode(disclosed, BYTES_EMPTY, NULL, true, &back, &fault));
	ck_assert(back.present == (event.present & ~policy.restricted));

	/* The same parts under another policy are refused, in either part. */
	ck_ok(policy_apply(&policy, "open=actor.name", NULL));
	ck_error(decode(disclosed, restricted), E_POLICY);
	ck_ok(encode(&event));
	policy_default(&policy);
	ck_error(decode(disclosed, restricted), E_POLICY);
}
END_TEST

/* EVT-2, EVT-6 */
START_TEST(required_and_bad_values)
{
	policy_default(&policy);
	for (unsigned field = 1; field <= EVENT_FIELD_LAST; field++) {
		struct event event = sample();
		if ((event.present >> field & 1) == 0)
			continue;
		event.present &= ~(1ull << field);
		ck_error(encode(&event), E_MISSING_FIELD);
		ck_assert_int_eq(strncmp(fault.text, event_field(field)->path, strlen(event_field(field)->path)), 0);
	}
	struct event event = sample();
	put_number(&event, EVENT_SUBJECTS, 3);
	ck_error(encode(&event), E_BAD_VALUE);
	event = sample();
	put_text(&event, EVENT_REASON, "line\nbreak");
	ck_error(encode(&event), E_BAD_VALUE);
	put_text(&event, EVENT_REASON, "");
	ck_error(encode(&event), E_BAD_VALUE);
	put_text(&event, EVENT_REASON, "\xE6");
	ck_error(encode(&event), E_NOT_UTF8);
	char long_text[EVENT_TEXT_BYTES_MAX + 2];
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	put_text(&event, EVENT_REASON, long_text);
	ck_error(encode(&event), E_TOO_LONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "reason: 1025 bytes, the limit is 1024"));
	long_text[EVENT_TEXT_BYTES_MAX] = '\0';
	put_text(&event, EVENT_REASON, long_text);
	ck_ok(encode(&event));
	event = sample();
	put_text(&event, EVENT_SOURCE_SHA256, "ABC");
	ck_error(encode(&event), E_BAD_VALUE);
	event = sample();
	put_number(&event, EVENT_END_TIME, 5);
	ck_error(encode(&event), E_BAD_VALUE);
	event = sample();
	put_number(&event, EVENT_ACTION, 9);
	ck_error(encode(&event), E_BAD_VALUE);
	event = sample();
	event.header.withheld_until_s = 5;
	ck_error(encode(&event), E_BAD_VALUE);
	event.header.basis_len = 1;
	event.header.basis[0] = 'x';
	ck_error(encode(&event), E_POLICY);
	policy.flags = POLICY_WITHHOLD;
	ck_ok(encode(&event));
	event.header.retention_years = 0;
	ck_error(encode(&event), E_BAD_VALUE);
}
END_TEST

/* EVT-3: whatever decodes is the one encoding of what it says. */
START_TEST(only_one_encoding)
{
	static uint8_t changed[EVENT_BYTES_MAX];
	static struct event event;
	policy_default(&policy);
	struct event original = sample();
	put_text(&original, EVENT_CONSENT, "samtykke");
	put_number(&original, EVENT_EMERGENCY, 1);
	original.lists[0] = (struct event_list){2, {BYTES_LITERAL("helbred"), BYTES_LITERAL("job")}};
	original.present |= 1ull << EVENT_CATEGORIES;
	ck_ok(encode(&original));
	struct bytes valid = bytes_of(memcpy(changed, disclosed.data, disclosed.len), disclosed.len);
	for (size_t cut = 0; cut < valid.len; cut++)
		ck_assert_int_ne(decode(bytes_of(valid.data, cut), BYTES_EMPTY), E_OK);
	for (int round = 0; round < 200000; round++) {
		size_t at = randombytes_uniform((uint32_t)valid.len);
		uint8_t before = changed[at];
		changed[at] ^= (uint8_t)(1 + randombytes_uniform(255));
		if (event_decode(valid, BYTES_EMPTY, &policy, false, &event, &fault) == E_OK) {
			ck_ok(encode(&event));
			ck_assert(bytes_equal(disclosed, valid));
		}
		changed[at] = before;
	}
}
END_TEST

/* EVT-3 */
START_TEST(other_spellings_are_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum error error;
	} cases[] = {
		{"\xA1\x18\x02\x01", 4, E_NOT_DETERMINISTIC},         /* 2 in two bytes */
		{"\xB8\x01\x02\x01", 4, E_NOT_DETERMINISTIC},         /* one pair in two bytes */
		{"\xBF\x02\x01\xFF", 4, E_NOT_DETERMINISTIC},         /* indefinite map */
		{"\xA2\x03\x01\x02\x01", 5, E_NOT_DETERMINISTIC},     /* descending */
		{"\xA2\x03\x01\x03\x01", 5, E_NOT_DETERMINISTIC},     /* twice */
		{"\xA1\x09\x78\x01\x61", 5, E_NOT_DETERMINISTIC},     /* text length in two bytes */
		{"\xA1\x09\x7F\x61\x61\xFF", 6, E_NOT_DETERMINISTIC}, /* indefinite text */
		{"\xA1\x09\x61\xE6", 4, E_NOT_UTF8},
		{"\xA1\x09\x41\x61", 4, E_BAD_VALUE},                       /* a byte string */
		{"\xA1\x09\xF6", 3, E_BAD_VALUE},                           /* null */
		{"\xA1\x03\xC1\x01", 4, E_BAD_VALUE},                       /* a tag */
		{"\xA1\x03\x20", 3, E_BAD_VALUE},                           /* negative */
		{"\xA1\x03\xF9\x00\x00", 5, E_BAD_VALUE},                   /* a float */
		{"\xA1\x18\x3F\x01", 4, E_UNKNOWN_FIELD},                   /* field 63 */
		{"\xA1\x1A\x00\x01\x00\x00\x01", 7, E_UNKNOWN_FIELD},       /* field 65536 */
		{"\xA1\x00\x01", 3, E_NOT_DETERMINISTIC},                   /* field 0 */
		{"\xBB\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9, E_TRUNCATED},   /* a map of 2^64 - 1 pairs */
		{"\xA2\x01\x6E\x63pr:0101701234\x02\x01", 19, E_BAD_VALUE}, /* about one, and about 1. EVT-2 */
		{"\x80", 1, E_BAD_VALUE},
		{"", 0, E_TRUNCATED},
	};
	static struct event event;
	policy_default(&policy);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(event_decode(bytes_of(cases[i].bytes, cases[i].len), BYTES_EMPTY, NULL, true, &event, &fault) ==
						  cases[i].error,
			"case %zu: %s", i, fault.text);
	struct event original = sample();
	ck_ok(encode(&original));
	ck_error(decode(disclosed, BYTES_LITERAL("\xA0")), E_NOT_DETERMINISTIC);
	disclosed.len++;
	ck_error(decode(disclosed, BYTES_EMPTY), E_TRAILING);
}
END_TEST

/* EVT-8 */
START_TEST(headers_are_read_exactly)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool good;
	} cases[] = {
		{"\0\0\0\0\0\0\0\0\5\0", 10, true},
		{"\0\0\0\0\x70\0\0\0\5\3law", 13, true},
		{"\0\0\0\0\0\0\0\0\0\0", 10, false},         /* no retention */
		{"\0\0\0\0\0\0\0\0\x64\0", 10, false},       /* 100 years */
		{"\0\0\0\0\0\0\0\0\5\3law", 13, false},      /* basis without a date */
		{"\0\0\0\0\x70\0\0\0\5\0", 10, false},       /* date without a basis */
		{"\xFF\0\0\0\0\0\0\0\5\3law", 13, false},    /* out of range */
		{"\0\0\0\2\x25\xC1\x7D\3\5\3law", 13, true}, /* 2262-04-11T23:47:15Z */
		{"\0\0\0\2\x25\xC1\x7D\4\5\3law", 13, false},
		{"\0\0\0\0\x70\0\0\0\5\3la\n", 13, false},
		{"\0\0\0\0\x70\0\0\0\5\3la", 12, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct event_header header;
		struct reader r = reader_of(bytes_of(cases[i].bytes, cases[i].len));
		event_header_decode(&r, &header);
		ck_assert_msg((reader_done(&r) == E_OK) == cases[i].good, "case %zu", i);
		if (!cases[i].good)
			continue;
		uint8_t buffer[HEADER_BYTES_MAX];
		struct bytes encoded;
		struct writer w = writer_of(buffer, sizeof buffer);
		event_header_encode(&header, &w);
		ck_ok(writer_done(&w, &encoded));
		ck_assert(bytes_equal(encoded, bytes_of(cases[i].bytes, cases[i].len)));
	}
}
END_TEST

/* EVT-6, EVT-13: the short way says yes to what has no fault, and to nothing else. */
START_TEST(plain_texts_have_no_fault)
{
	static const uint8_t edges[] = {
		0x00, 0x1F, 0x20, 0x20, 0x21, 'a', 'a', 'a', 'a', 0x7E, 0x7F, 0x80, 0xA0, 0xC3, 0xFF};
	for (unsigned round = 0; round < 300000; round++) {
		uint8_t text[20];
		size_t len = randombytes_uniform(sizeof text + 1);
		bool plain = len > 0;
		uint32_t kinds = round % 2 == 0 ? sizeof edges : 4;
		for (size_t i = 0; i < len; i++) {
			text[i] = edges[(kinds == 4 ? 4 : 0) + randombytes_uniform(kinds)];
			plain = plain && text[i] >= 0x20 && text[i] <= 0x7E;
		}
		if (plain && len > 1 && round % 3 == 0)
			text[1 + randombytes_uniform((uint32_t)len - 1)] = ' ';
		plain = plain && text[0] != ' ';
		struct bytes whole = bytes_of(text, len);
		bool good = bytes_utf8(whole) && visible_clean(whole) && !visible_blank(whole);
		if (visible_plain(whole) != plain || (plain && !good))
			ck_abort_msg("%zu bytes from 0x%02X are %splain", len, text[0], plain ? "" : "not ");
	}
}
END_TEST

UNIT_MAIN("event", plain_texts_have_no_fault, split_by_policy, required_and_bad_values, only_one_encoding,
	other_spellings_are_refused, headers_are_read_exactly)
