/* A sender's own rhythm, against a model that walks hour by hour. (QLT-6, QLT-7, QLT-8, QLT-9) */
#include "query/quality/rhythm.h"
#include "tests/lib/unit.h"

#include <string.h>

#define HOUR_S 3600u
#define FIRST 480000u /* hours since 1970; what day it is does not matter */
#define MODEL_HOURS 3000u

/* All hours from FIRST on. */
static bool heard[MODEL_HOURS];

static void forget(void)
{
	memset(heard, 0, sizeof heard);
}

static uint32_t last_heard(uint32_t before)
{
	while (before > 0 && !heard[before - 1])
		before--;
	return before - 1;
}

static uint32_t first_heard(void)
{
	uint32_t hour = 0;
	while (!heard[hour])
		hour++;
	return hour;
}

static struct rhythm_hours hours_of(uint32_t last)
{
	struct rhythm_hours hours = {.last = FIRST + last};
	uint32_t first = first_heard();
	hours.since = last - first + 1 < RHYTHM_HOURS ? last - first + 1 : RHYTHM_HOURS;
	for (uint32_t back = 0; back < hours.since; back++)
		if (heard[last - back])
			rhythm_hear(&hours, back);
	return hours;
}

static struct rhythm find(uint32_t before)
{
	struct rhythm rhythm;
	struct rhythm_hours hours = hours_of(last_heard(before));
	rhythm_find(&hours, &rhythm);
	return rhythm;
}

/* ---- the model: what spec/quality.md says, hour by hour ---- */

static bool usual_at(uint32_t hour, uint32_t last, uint32_t since)
{
	uint32_t weeks = since / RHYTHM_WEEK, count = 0, needed = (3 * weeks + 3) / 4;
	for (uint32_t at = hour % RHYTHM_WEEK; at <= last; at += RHYTHM_WEEK)
		count += heard[at] && at + RHYTHM_WEEK * weeks > last;
	return count >= (needed < 2 ? 2 : needed);
}

/* Whether it is silent at the end of `now`, an hour that has passed. */
static bool model_silent(uint32_t now)
{
	uint32_t last = last_heard(now + 1), first = first_heard();
	uint32_t since = last - first + 1 < RHYTHM_HOURS ? last - first + 1 : RHYTHM_HOURS;
	bool any = false;
	if (since < 2 * RHYTHM_WEEK)
		return false;
	for (uint32_t at = 0; at < RHYTHM_WEEK; at++)
		any |= usual_at(at, last, since);
	uint32_t most = 0, run = 0, gaps = 0, before = UINT32_MAX;
	for (uint32_t at = last + 1 - since; at <= last; at++) {
		if (heard[at]) {
			uint32_t length = any ? run : before == UINT32_MAX ? 0 : at - before;
			most = length > most ? length : most;
			gaps += before != UINT32_MAX;
			before = at;
			run = 0;
		} else {
			run += any && before != UINT32_MAX && usual_at(at, last, since);
		}
	}
	if (!any)
		return gaps >= RHYTHM_GAPS_MIN && now - last >= RHYTHM_GAPS_TIMES * most;
	uint32_t missed = 0;
	for (uint32_t at = last + 1; at <= now; at++)
		missed += usual_at(at, last, since);
	return missed > most && missed >= RHYTHM_MISSED_MIN;
}

/* ---- patterns ---- */

static bool office(uint32_t hour)
{
	return hour / 24 % 7 < 5 && hour % 24 >= 8 && hour % 24 < 16;
}

/* Of so many per mille of the hours that the pattern has. */
static void hear(bool (*pattern)(uint32_t hour), uint32_t from, uint32_t to, uint32_t per_mille)
{
	for (uint32_t hour = from; hour < to; hour++)
		heard[hour] = (pattern == NULL || pattern(hour)) && randombytes_uniform(1000) < per_mille;
}

static uint64_t end_of(uint32_t hour)
{
	return ((uint64_t)FIRST + hour + 1) * HOUR_S;
}

START_TEST(one_that_is_always_heard_is_silent_after_two_hours)
{
	forget();
	hear(NULL, 100, 1000, 1000);
	struct rhythm rhythm = find(1000);
	ck_assert_int_eq(rhythm.kind, RHYTHM_WEEKLY);
	ck_assert_uint_eq(rhythm.usual, RHYTHM_WEEK);
	ck_assert_uint_eq(rhythm.most, 0);
	ck_assert_uint_eq(rhythm.silent_from_s, end_of(1001));
}
END_TEST

/* Hour 0 is a Monday's first. */
START_TEST(a_weekend_is_no_silence_and_a_monday_is)
{
	forget();
	hear(office, 0, 5 * RHYTHM_WEEK, 1000);
	struct rhythm rhythm = find(5 * RHYTHM_WEEK);
	ck_assert_int_eq(rhythm.kind, RHYTHM_WEEKLY);
	ck_assert_uint_eq(rhythm.usual, 40);
	ck_assert_uint_eq(rhythm.silent_from_s, end_of(5 * RHYTHM_WEEK + 9)); /* Monday, ten o'clock */
	heard[3 * RHYTHM_WEEK + 8] = heard[3 * RHYTHM_WEEK + 9] = heard[3 * RHYTHM_WEEK + 10] = false;
	ck_assert_uint_eq(find(5 * RHYTHM_WEEK).silent_from_s, end_of(5 * RHYTHM_WEEK + 11)); /* three were missed once */
}
END_TEST

START_TEST(of_a_new_one_nothing_is_said)
{
	forget();
	hear(NULL, 0, 2 * RHYTHM_WEEK - 1, 1000);
	ck_assert_int_eq(find(2 * RHYTHM_WEEK - 1).kind, RHYTHM_EARLY);
	ck_assert_uint_eq(find(2 * RHYTHM_WEEK - 1).silent_from_s, UINT64_MAX);
	heard[2 * RHYTHM_WEEK - 1] = true;
	ck_assert_int_eq(find(2 * RHYTHM_WEEK).kind, RHYTHM_WEEKLY);
}
END_TEST

START_TEST(of_one_that_is_seldom_heard_the_gaps_speak)
{
	static const uint32_t hours[] = {0, 100, 350, 470, 800, 1021, 1102};
	forget();
	for (size_t i = 0; i < 5; i++)
		heard[hours[i]] = true;
	ck_assert_int_eq(find(900).kind, RHYTHM_EARLY); /* four gaps */
	heard[hours[5]] = heard[hours[6]] = true;
	struct rhythm rhythm = find(1200);
	ck_assert_int_eq(rhythm.kind, RHYTHM_GAPS);
	ck_assert_uint_eq(rhythm.most, 330);
	ck_assert_uint_eq(rhythm.silent_from_s, end_of(1102 + 660));
}
END_TEST

/* What is silent stays silent, however long, until it is heard. */
START_TEST(a_silence_does_not_become_usual)
{
	forget();
	hear(NULL, 0, 800, 1000);
	uint64_t from_s = find(800).silent_from_s;
	for (uint32_t now = 800; now < MODEL_HOURS; now += 100) {
		ck_assert_uint_eq(find(now).silent_from_s, from_s);
		ck_assert(now < 802 || model_silent(now));
	}
}
END_TEST

/* Whatever its habits: at the end of each hour it is what the model says. */
START_TEST(it_is_as_the_model_says)
{
	static bool (*const patterns[])(uint32_t) = {NULL, office};
	uint32_t silent = 0, usual = 0, gaps = 0;
	for (uint32_t round = 0; round < 240; round++) {
		static const uint32_t often[] = {1000, 990, 900, 700, 300, 20, 8, 3};
		uint32_t end = 40 + randombytes_uniform(2200);
		forget();
		hear(patterns[round % 2], randombytes_uniform(30), end, often[round / 2 % 8]);
		heard[30 + randombytes_uniform(10)] = true;
		struct rhythm rhythm = find(end);
		usual += rhythm.kind == RHYTHM_WEEKLY;
		gaps += rhythm.kind == RHYTHM_GAPS;
		for (uint32_t now = last_heard(end); now < end + 700; now += 1 + randombytes_uniform(20)) {
			bool is = rhythm.silent_from_s <= end_of(now);
			ck_assert_msg(is == model_silent(now), "round %u, hour %u of %u", round, now, end);
			silent += is;
		}
	}
	ck_assert(silent > 100 && usual > 50 && gaps > 10);
}
END_TEST

/* Moved on from hour to hour it is the same as looked at anew. */
START_TEST(hours_are_moved_on)
{
	forget();
	hear(NULL, 3, MODEL_HOURS, 100);
	heard[3] = true;
	struct rhythm_hours moved = hours_of(3);
	for (uint32_t hour = 4; hour < MODEL_HOURS; hour++) {
		if (!heard[hour])
			continue;
		rhythm_move(&moved, FIRST + hour);
		struct rhythm_hours anew = hours_of(hour);
		ck_assert_uint_eq(moved.last, anew.last);
		ck_assert_uint_eq(moved.since, anew.since);
		ck_assert_mem_eq(moved.heard, anew.heard, sizeof moved.heard);
	}
	rhythm_move(&moved, moved.last + 5 * RHYTHM_HOURS);
	ck_assert_uint_eq(moved.since, RHYTHM_HOURS);
	ck_assert_uint_eq(moved.heard[0], 1);
	ck_assert_uint_eq(moved.heard[1], 0);
}
END_TEST

UNIT_MAIN("rhythm", one_that_is_always_heard_is_silent_after_two_hours, a_weekend_is_no_silence_and_a_monday_is,
	of_a_new_one_nothing_is_said, of_one_that_is_seldom_heard_the_gaps_speak, a_silence_does_not_become_usual,
	it_is_as_the_model_says, hours_are_moved_on)
