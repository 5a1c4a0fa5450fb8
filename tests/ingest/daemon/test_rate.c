#include "ingest/daemon/rate.h"
#include "tests/lib/unit.h"

static struct rate rate;

static void begin(uint32_t events_per_second, uint32_t bytes_per_second)
{
	rate = (struct rate){.events = {0}};
	rate_set(&rate, events_per_second, bytes_per_second, 0);
}

/* Takes what may be taken in batches of one size, looking as often as the daemon's beat; gives how many. */
static unsigned taken_in(unsigned seconds, uint64_t *now_us, uint32_t events, uint64_t bytes)
{
	unsigned count = 0;
	for (uint64_t end_us = *now_us + seconds * 1000000ull; *now_us < end_us; *now_us += 250000)
		for (; !rate_is_spent(&rate, *now_us); count++)
			rate_take(&rate, events, bytes, *now_us);
	return count;
}

/* FRM-30: in the long run it is the limit, however large batches are, and a second's worth more at first. */
START_TEST(keeps_to_each_limit)
{
	uint64_t now_us = 5000000;
	begin(100, 0);
	ck_assert_uint_ge(taken_in(100, &now_us, 1, 1000000), 100 * 100);
	ck_assert_uint_le(taken_in(100, &now_us, 1, 1000000), 100 * 100 + 1);
	begin(100, 0);
	ck_assert_uint_le(taken_in(1000, &now_us, 4096, 0), 1000 * 100 / 4096 + 2);
	begin(0, 1000);
	ck_assert_uint_le(taken_in(100, &now_us, 4096, 500), 2 * 101 + 1);
	begin(100000, 1000);
	ck_assert_uint_le(taken_in(100, &now_us, 1, 500), 2 * 101 + 1);
	begin(1, 1);
	rate_take(&rate, 4096, 1048576, now_us);
	ck_assert(rate_is_spent(&rate, now_us + 1048574ull * 1000000));
	ck_assert(!rate_is_spent(&rate, now_us + 1048575ull * 1000000));
}
END_TEST

/* FRM-30: silence saves a second and no more. */
START_TEST(silence_saves_a_second)
{
	uint64_t now_us = 5000000;
	begin(10, 0);
	for (unsigned i = 0; i < 10; i++, now_us += 3600ull * 1000000) {
		uint64_t then_us = now_us;
		unsigned count = 0;
		for (; !rate_is_spent(&rate, then_us); count++)
			rate_take(&rate, 1, 0, then_us);
		ck_assert_uint_eq(count, 11);
	}
}
END_TEST

/* A registration that has no limits holds nobody up, and takes away what was owed. */
START_TEST(no_limit_is_none)
{
	begin(0, 0);
	for (unsigned i = 0; i < 1000; i++)
		rate_take(&rate, 4096, 1048576, 1);
	ck_assert(!rate_is_spent(&rate, 1));
	begin(1, 1);
	rate_take(&rate, 4096, 1048576, 1);
	rate_set(&rate, 1, 1, 1);
	ck_assert(rate_is_spent(&rate, 1));
	rate_set(&rate, 0, 0, 1);
	ck_assert(!rate_is_spent(&rate, 1));
}
END_TEST

/* FRM-30: a change counts at once, also for what came before it: a limit that was too low by a slip is mended. */
START_TEST(what_is_owed_is_paid_at_the_new_speed)
{
	uint64_t now_us = 5000000;
	begin(1, 1);
	rate_take(&rate, 4096, 1048577, now_us);
	rate_set(&rate, 4095, 1048576, now_us);
	ck_assert(rate_is_spent(&rate, now_us + 999999));
	ck_assert(!rate_is_spent(&rate, now_us + 1000000));
	now_us += 500000;
	rate_set(&rate, 1, 1, now_us); /* and the other way */
	ck_assert(rate_is_spent(&rate, now_us + 524287ull * 1000000));
	ck_assert(!rate_is_spent(&rate, now_us + 524288ull * 1000000));
	rate_set(&rate, 1, 1, now_us + 1);
	ck_assert(rate_is_spent(&rate, now_us + 524287ull * 1000000));
}
END_TEST

UNIT_MAIN("rate", keeps_to_each_limit, silence_saves_a_second, no_limit_is_none, what_is_owed_is_paid_at_the_new_speed)
