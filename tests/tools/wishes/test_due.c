/* When somebody is told: hours and quiet hours in their own zone, over changes of the clocks. */
#include "ledger/text/timestamp.h"
#include "tests/lib/unit.h"
#include "tools/wishes/due.h"

#include <stdio.h>
#include <string.h>

static uint64_t at(const char *text)
{
	int64_t ns;
	ck_ok(timestamp_parse(bytes_text(text), &ns));
	return (uint64_t)(ns / 1000000000);
}

static struct wishes wishes(enum wish_when when, unsigned hour, const char *zone)
{
	struct wishes out = {.when = (uint8_t)when, .hour = (uint8_t)hour, .weekday = 1, .language = "da"};
	strcpy(out.zone, zone);
	return out;
}

static void quiet(struct wishes *of, unsigned from, unsigned to)
{
	of->quiet_from = (uint16_t)from;
	of->quiet_to = (uint16_t)to;
}

static void told(const struct wishes *of, const char *new, const char *due)
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(due_time(of, at(new), 0, 900), text);
	ck_assert_str_eq(text, due);
}

/* NTF-12 */
START_TEST(at_once_is_at_once)
{
	struct wishes of = wishes(WISH_AT_ONCE, 0, "UTC");
	told(&of, "2026-11-28T12:00:07Z", "2026-11-28T12:00:07Z");
	uint64_t now = at("2026-11-28T12:00:00Z");
	ck_assert_uint_eq(due_time(&of, now, now - 100, 900), now + 800); /* the gap since the last one */
	ck_assert_uint_eq(due_time(&of, now, now - 900, 900), now);
	ck_assert_uint_eq(due_time(&of, now, now + 50, 900), now); /* told in the future: the clock was set back */
}
END_TEST

/* NTF-13 */
START_TEST(daily_is_the_next_such_hour)
{
	struct wishes of = wishes(WISH_DAILY, 8, "Europe/Copenhagen");
	told(&of, "2026-11-28T06:59:59Z", "2026-11-28T07:00:00Z");
	told(&of, "2026-11-28T07:00:00Z", "2026-11-28T07:00:00Z");
	told(&of, "2026-11-28T07:00:01Z", "2026-11-29T07:00:00Z");
	told(&of, "2026-12-31T09:00:00Z", "2027-01-01T07:00:00Z");
	told(&of, "2026-07-01T09:00:00Z", "2026-07-02T06:00:00Z"); /* summer */
	told(&of, "2026-03-28T09:00:00Z", "2026-03-29T06:00:00Z"); /* the night between is an hour shorter */
	told(&of, "2026-10-24T09:00:00Z", "2026-10-25T07:00:00Z");
}
END_TEST

START_TEST(weekly_is_that_day)
{
	struct wishes of = wishes(WISH_WEEKLY, 8, "Europe/Copenhagen");
	told(&of, "2026-11-28T09:00:00Z", "2026-11-30T07:00:00Z"); /* a Saturday */
	told(&of, "2026-11-30T07:00:00Z", "2026-11-30T07:00:00Z");
	told(&of, "2026-11-30T07:00:01Z", "2026-12-07T07:00:00Z");
	of.weekday = 7;
	told(&of, "2026-11-28T09:00:00Z", "2026-11-29T07:00:00Z");
	told(&of, "2026-10-18T09:00:00Z", "2026-10-25T07:00:00Z");
}
END_TEST

/* NTF-14: 02:30 is not there on 29 March 2026 and comes twice on 25 October. */
START_TEST(hours_over_a_change_of_clocks)
{
	struct wishes of = wishes(WISH_DAILY, 2, "Europe/Copenhagen");
	told(&of, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"); /* 02:00 is skipped: 03:00 summer time */
	told(&of, "2026-10-24T12:00:00Z", "2026-10-25T00:00:00Z"); /* 02:00 for the first time */
	told(&of, "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"); /* and not once more */
	of = wishes(WISH_DAILY, 2, "Australia/Lord_Howe");         /* half an hour: 02:00 to 02:30 on 4 October 2026 */
	told(&of, "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z");
	of = wishes(WISH_DAILY, 0, "America/Sao_Paulo"); /* at midnight, until 2019: 4 November 2018 began at 01:00 */
	told(&of, "2018-11-03T20:00:00Z", "2018-11-04T03:00:00Z");
	of = wishes(WISH_DAILY, 9, "Asia/Kathmandu"); /* 05:45 ahead */
	told(&of, "2026-11-28T00:00:00Z", "2026-11-28T03:15:00Z");
}
END_TEST

/* NTF-15 */
START_TEST(quiet_hours_wait_for_their_end)
{
	struct wishes of = wishes(WISH_AT_ONCE, 0, "Europe/Copenhagen");
	quiet(&of, 22 * 60, 7 * 60);
	told(&of, "2026-11-28T20:59:59Z", "2026-11-28T20:59:59Z");
	told(&of, "2026-11-28T21:00:00Z", "2026-11-29T06:00:00Z");
	told(&of, "2026-11-29T05:59:00Z", "2026-11-29T06:00:00Z");
	told(&of, "2026-11-29T06:00:00Z", "2026-11-29T06:00:00Z");
	told(&of, "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z");
	told(&of, "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z");
	told(&of, "2026-12-31T22:30:00Z", "2027-01-01T06:00:00Z");
	quiet(&of, 60, 2 * 60 + 30);
	told(&of, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"); /* 02:30 is skipped */
	quiet(&of, 12 * 60, 13 * 60);
	told(&of, "2026-11-28T11:30:00Z", "2026-11-28T12:00:00Z");
	told(&of, "2026-11-28T12:00:00Z", "2026-11-28T12:00:00Z");
	of = wishes(WISH_DAILY, 23, "Europe/Copenhagen"); /* an hour that is quiet waits, too */
	quiet(&of, 22 * 60, 7 * 60);
	told(&of, "2026-11-28T12:00:00Z", "2026-11-29T06:00:00Z");
}
END_TEST

START_TEST(zones_are_names)
{
	ck_assert(zone_known("UTC"));
	ck_assert(zone_known("Europe/Copenhagen"));
	const char *none[] = {"", "Europe", "Europe/Nowhere", "../zoneinfo/UTC", "/usr/share/zoneinfo/UTC", ":UTC",
		"Europe/../UTC", "tzdata.zi", "CET-1CEST,M3.5.0", "A234567890123456789012345678901234567890B"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ck_assert_msg(!zone_known(none[i]), "%s", none[i]);
}
END_TEST

/* NTF-13, NTF-14: never earlier than it came, never later than a week and a day; every quarter of an hour of a year. */
START_TEST(every_time_of_a_year)
{
	static const char *const zones[] = {"Europe/Copenhagen", "America/St_Johns", "Pacific/Apia"};
	for (unsigned i = 0; i < 3 * 24; i++) {
		struct wishes of = wishes(WISH_DAILY, i % 24, zones[i / 24]);
		quiet(&of, 21 * 60 + 15, 6 * 60 + 45);
		uint64_t before = 0;
		for (uint64_t new = at("2026-01-01T00:00:00Z"); new < at("2027-01-01T00:00:00Z"); new += 4 * 3600 + 900) {
			uint64_t due = due_time(&of, new, 0, 0);
			ck_assert(due >= new &&due < new + 2 * 86400);
			ck_assert(due >= before);
			before = due;
		}
	}
}
END_TEST

int main(void)
{
	if (!zone_known("Europe/Copenhagen")) {
		puts("1..0 # SKIP there is no tzdata here");
		return 0;
	}
	TCase *tcase = tcase_create("due");
	const TTest *const tests[] = {at_once_is_at_once, daily_is_the_next_such_hour, weekly_is_that_day,
		hours_over_a_change_of_clocks, quiet_hours_wait_for_their_end, zones_are_names, every_time_of_a_year};
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(tcase, tests[i]);
	return unit_run("due", tcase);
}
