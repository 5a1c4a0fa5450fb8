#include "ledger/text/timestamp.h"
#include "tests/lib/unit.h"

#include <string.h>

static const struct {
	const char *text;
	int64_t ns;
	const char *shown;
} good[] = {
	{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
	{"2026-11-23T08:15:30.120Z", 1795421730120000000, "2026-11-23T08:15:30.120Z"},
	{"2026-11-23T09:15:30.12+01:00", 1795421730120000000, "2026-11-23T08:15:30.120Z"},
	{"2026-11-22T23:45:30-08:30", 1795421730000000000, "2026-11-23T08:15:30Z"},
	{"2024-02-29t12:00:00.000001z", 1709208000000001000, "2024-02-29T12:00:00.000001Z"},
	{"2024-02-29T12:00:00.123456789Z", 1709208000123456789, "2024-02-29T12:00:00.123456789Z"},
	{"2261-12-31T23:59:59.999999999Z", 9214646399999999999, "2261-12-31T23:59:59.999999999Z"},
};

/* EVT-4 */
START_TEST(times_are_read_exactly)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		int64_t ns;
		char text[TIMESTAMP_TEXT_MAX];
		ck_assert_msg(timestamp_parse(bytes_text(good[i].text), &ns) == E_OK, "%s", good[i].text);
		ck_assert_msg(ns == good[i].ns, "%s: %lld", good[i].text, (long long)ns);
		timestamp_format(ns, text);
		ck_assert_str_eq(text, good[i].shown);
	}
}
END_TEST

/* EVT-4 */
START_TEST(what_is_no_time_is_refused)
{
	static const char *const bad[] = {"", "2026-11-23", "2026-11-23T08:15Z", "2026-11-23T08:15:30",
		"2026-11-23 08:15:30Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+0100", "2026-01-01T00:00:00ZZ", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
		"2262-05-01T00:00:00Z", "-026-01-01T00:00:00Z", "2O26-01-01T00:00:00Z"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int64_t ns = 77;
		ck_assert_msg(timestamp_parse(bytes_text(bad[i]), &ns) == E_BAD_VALUE, "%s", bad[i]);
		ck_assert(ns == 77);
	}
}
END_TEST

/* Which rule a time breaks. */
START_TEST(the_broken_rule_is_named)
{
	static const char *const cases[][2] = {{"2016-12-31T23:59:60Z", "leap second"},
		{"2026-01-01T00:00:00.1234567890Z", "9 decimals"}, {"2026-01-01T00:00:00", "zone"},
		{"2026-01-01T00:00:00+0100", "zone"}, {"2026-01-01T00:00:00+24:00", "zone"}, {"2026-01-01", "without a time"},
		{"2026-01-01T08:15Z", "without seconds"}, {"2026-02-29T00:00:00Z", "date does not exist"},
		{"2026-01-01T24:00:00Z", "time of day"}, {"1969-12-31T23:59:59Z", "before 1970"},
		{"2262-04-11T23:47:16Z", "after 2262-04-11"}, {"20260101T000000Z", "RFC 3339"},
		{"2026-01-01T00:00:00.Z", "RFC 3339"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *why = timestamp_fault(bytes_text(cases[i][0]));
		ck_assert_ptr_nonnull(why);
		ck_assert_msg(strstr(why, cases[i][1]) != NULL, "%s: %s", cases[i][0], why);
	}
	ck_assert_ptr_null(timestamp_fault(BYTES_LITERAL("2026-01-01T00:00:00Z")));
}
END_TEST

/* ADP-20 */
START_TEST(leap_seconds_are_said_to_be_that)
{
	static const char *const leap[] = {
		"2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2017-01-01T00:59:60+01:00", "2012-06-30T23:59:60Z"};
	static const char *const none[] = {"2016-12-31T23:58:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:59:60+01:00",
		"2016-12-31T23:59:61Z", "2016-12-31T23:59:60"};
	int64_t ns;
	int64_t plain;
	for (size_t i = 0; i < sizeof leap / sizeof leap[0]; i++) {
		ck_ok(timestamp_parse_leap(bytes_text(leap[i]), &ns));
		ck_assert_msg(ns == (i < 3 ? 1483228799999999999 : 1341100799999999999), "%s: %lld", leap[i], (long long)ns);
	}
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		ck_assert_msg(timestamp_parse_leap(bytes_text(none[i]), &ns) == E_BAD_VALUE, "%s", none[i]);
	ck_ok(timestamp_parse_leap(bytes_text(good[1].text), &plain));
	ck_assert(plain == good[1].ns);
}
END_TEST

START_TEST(random_times_come_back)
{
	for (int i = 0; i < 100000; i++) {
		int64_t back;
		char text[TIMESTAMP_TEXT_MAX];
		uint64_t random;
		randombytes_buf(&random, sizeof random);
		int64_t ns = (int64_t)(random % 9214646400000000000ull);
		ns -= ns % (i % 4 == 0 ? 1 : i % 4 == 1 ? 1000 : i % 4 == 2 ? 1000000 : 1000000000);
		timestamp_format(ns, text);
		ck_ok(timestamp_parse(bytes_text(text), &back));
		ck_assert(back == ns);
	}
}
END_TEST

START_TEST(months_are_told_apart)
{
	ck_assert_uint_eq(timestamp_month(0), 0);
	ck_assert_uint_eq(timestamp_month(31 * 86400 - 1), 0);
	ck_assert_uint_eq(timestamp_month(31 * 86400), 1);
	ck_assert_uint_eq(timestamp_month(1795392000), 682); /* 2026-11-23 */
}
END_TEST

UNIT_MAIN("timestamp", times_are_read_exactly, what_is_no_time_is_refused, the_broken_rule_is_named,
	leap_seconds_are_said_to_be_that, random_times_come_back, months_are_told_apart)
