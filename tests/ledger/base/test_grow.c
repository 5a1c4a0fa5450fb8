#include "ledger/base/grow.h"
#include "tests/lib/unit.h"

#include <stdint.h>
#include <stdlib.h>

START_TEST(an_array_grows_and_keeps_what_it_has)
{
	uint32_t *items = NULL;
	uint32_t capacity = 0;
	unsigned moves = 0;
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t before = capacity;
		ck_ok(GROW(items, capacity, i + 1));
		ck_assert_uint_gt(capacity, i);
		moves += capacity != before;
		items[i] = i;
	}
	for (uint32_t i = 0; i < 100000; i++)
		ck_assert_uint_eq(items[i], i);
	ck_assert_uint_lt(moves, 20);
	free(items);
}
END_TEST

START_TEST(what_cannot_be_had_leaves_the_array_as_it_was)
{
	uint64_t *items = NULL;
	size_t capacity = 0;
	ck_ok(GROW(items, capacity, 3));
	uint64_t *before = items;
	size_t had = capacity;
	ck_error(GROW(items, capacity, SIZE_MAX), E_NO_MEMORY);
	ck_error(GROW(items, capacity, SIZE_MAX / 8), E_NO_MEMORY);
	ck_assert_ptr_eq(items, before);
	ck_assert_uint_eq(capacity, had);
	free(items);
}
END_TEST

UNIT_MAIN("grow", an_array_grows_and_keeps_what_it_has, what_cannot_be_had_leaves_the_array_as_it_was)
