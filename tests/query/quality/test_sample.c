/* Which events are looked at. (QLT-3) */
#include "query/quality/sample.h"
#include "tests/lib/unit.h"

START_TEST(few_are_all_looked_at)
{
	ck_assert_uint_eq(sample_level(0, 0), 0);
	ck_assert_uint_eq(sample_level(7, 7 + SAMPLE_EVENTS_MAX), 0);
	ck_assert_uint_eq(sample_level(0, SAMPLE_EVENTS_MAX + 1), 1);
	for (uint64_t sequence = 0; sequence < 1000; sequence++)
		ck_assert_uint_eq(sample_of(3, sequence, 0), sequence);
}
END_TEST

/* One of each block, at most as many as there is room for, and no fewer than a half of it. */
START_TEST(of_many_there_is_one_of_each_block)
{
	for (uint32_t round = 0; round < 2000; round++) {
		uint64_t from = randombytes_random(), end = from + 1 + (randombytes_random() >> randombytes_uniform(32));
		uint32_t level = sample_level(from, end), sender = randombytes_uniform(5000);
		uint64_t first = from >> level, last = (end - 1) >> level;
		ck_assert_uint_le(last - first + 1, SAMPLE_EVENTS_MAX);
		ck_assert(level == 0 || last - first + 1 >= SAMPLE_EVENTS_MAX / 2);
		for (uint64_t block = first; block <= last; block++)
			ck_assert_uint_eq(sample_of(sender, block, level) >> level, block);
	}
}
END_TEST

/* What is left when a sample is thinned was in it. */
START_TEST(a_thinned_sample_is_a_part_of_it)
{
	for (uint32_t level = 1; level < 40; level++)
		for (uint64_t block = 0; block < 200; block++) {
			uint64_t sequence = sample_of(9, block, level), below = sequence >> (level - 1);
			ck_assert_uint_eq(sample_of(9, below, level - 1), sequence);
		}
}
END_TEST

/* By chance: of blocks of two events each half is met, and two senders do not meet the same. */
START_TEST(no_habit_falls_in_step_with_it)
{
	uint32_t odd = 0, other = 0;
	for (uint64_t block = 0; block < 4000; block++) {
		odd += (uint32_t)(sample_of(1, block, 1) & 1);
		other += sample_of(1, block, 1) != sample_of(2, block, 1);
	}
	ck_assert(odd > 1800 && odd < 2200);
	ck_assert(other > 1800 && other < 2200);
}
END_TEST

UNIT_MAIN("sample", few_are_all_looked_at, of_many_there_is_one_of_each_block, a_thinned_sample_is_a_part_of_it,
	no_habit_falls_in_step_with_it)
