/* How often each message came on a line, beside a naive count of all that came. */
#include "ingest/spool/equals.h"

#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

#define CONTENTS 3000u
#define MESSAGES 200000u

static uint64_t state;

static uint32_t next(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static uint64_t hash_of(uint32_t content)
{
	uint64_t mixed = (content + 1) * 0x9E3779B97F4A7C15u;
	return mixed ^ mixed >> 29;
}

/* Fewer contents than the window has are all counted for good. */
START_TEST(each_is_counted)
{
	struct equals equals = {0};
	uint32_t *naive = calloc(CONTENTS, sizeof *naive);
	ck_assert_ptr_nonnull(naive);
	state = (uint64_t)_i;
	for (uint32_t i = 0; i < MESSAGES; i++) {
		uint32_t content = next() % CONTENTS;
		uint32_t nth;
		ck_ok(equals_count(&equals, hash_of(content), &nth));
		ck_assert_uint_eq(nth, ++naive[content]);
	}
	equals_free(&equals);
	free(naive);
}
END_TEST

/* Of many more, each is counted as long as no more than the window came since. */
START_TEST(the_window_slides)
{
	struct equals equals = {0};
	uint32_t nth;
	for (uint32_t content = 0; content < 20 * EQUALS_WINDOW; content++) {
		ck_ok(equals_count(&equals, hash_of(content), &nth));
		ck_assert_uint_eq(nth, 1);
		if (content < EQUALS_WINDOW)
			continue;
		ck_ok(equals_count(&equals, hash_of(content - EQUALS_WINDOW / 2), &nth));
		ck_assert_uint_eq(nth, 2);
	}
	ck_assert_uint_le(equals.newer.places + equals.older.places, 4 * EQUALS_WINDOW);
	equals_free(&equals);
}
END_TEST

/* A line that has said nothing costs nothing. */
START_TEST(silence_is_free)
{
	struct equals equals = {0};
	equals_free(&equals);
	ck_assert_ptr_null(equals.newer.items);
}
END_TEST

START_TEST(a_moment_is_a_fraction_of_a_second)
{
	static const char *const moments[] = {"2026-11-20T08:00:00.001Z", "<85>1 2026-11-20T08:00:00.5+01:00 host",
		"x.y 1.2 08:00:00.1", "...08:00:00.0 08:00:00.010"};
	static const char *const others[] = {"", ".", "08:00:00", "2026-11-20T08:00:00Z 1.5", "08:00:00.", "8:00:00.1",
		"08:00:00.x", "08.00.00.0", ":00:00.1", "2026-11-20T08:00:00.000Z", "08:00:00.0"};
	for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
		ck_assert(equals_says_moment(bytes_text(moments[i])));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		ck_assert(!equals_says_moment(bytes_text(others[i])));
	ck_assert(!equals_says_moment(BYTES_EMPTY));
}
END_TEST

UNIT_MAIN("equals", a_moment_is_a_fraction_of_a_second, each_is_counted, the_window_slides, silence_is_free)
