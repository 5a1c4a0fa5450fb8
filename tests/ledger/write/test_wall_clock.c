/* Which readings of the clock are signed by. spec/clock.md */
#include "ledger/base/file.h"
#include "ledger/base/limits.h"
#include "ledger/write/wall_clock.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define DAY 86400u
#define LIMIT CLOCK_JUMP_SECONDS_MAX
#define T 1796000000u

/* CLK-3 */
START_TEST(the_clock_keeps_its_rule)
{
	ck_assert(wall_clock_good(T, T, 0));
	ck_assert(wall_clock_good(0, T, 0)); /* behind the log, however far */
	ck_assert(wall_clock_good(T + 3 * DAY, T, 0));
	ck_assert(wall_clock_good(T + LIMIT, T, 0));
	ck_assert(!wall_clock_good(T + LIMIT + 1, T, 0));
	ck_assert(!wall_clock_good(T + 3650 * DAY, T, 0));
	ck_assert(!wall_clock_good(UINT64_MAX, T, 0));

	/* What was confirmed is one time, not everything that lies before it, nor after. */
	ck_assert(wall_clock_good(T + 35 * DAY, T, T + 35 * DAY));
	ck_assert(wall_clock_good(T + 35 * DAY, T, T + 35 * DAY - LIMIT));
	ck_assert(!wall_clock_good(T + 35 * DAY, T, T + 35 * DAY - LIMIT - 1));
	ck_assert(!wall_clock_good(T + 35 * DAY, T, T + 3650 * DAY));
	ck_assert(!wall_clock_good(T + 3650 * DAY, T, T + 35 * DAY));
}
END_TEST

static struct place place;
static int dir_fd;

static void begin(void)
{
	place_make(&place);
	dir_fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void end(void)
{
	close(dir_fd);
	place_remove(&place);
}

static void write_clock(const char *text)
{
	ck_ok(file_write_atomic(dir_fd, "clock", bytes_text(text), 0644));
}

/* CLK-5 */
START_TEST(the_file_remembers_the_operator)
{
	uint64_t time_s = 0;
	begin();
	ck_error(wall_clock_confirmed(dir_fd, &time_s), E_NOT_FOUND);
	ck_ok(wall_clock_confirm(dir_fd, T));
	ck_ok(wall_clock_confirmed(dir_fd, &time_s));
	ck_assert_uint_eq(time_s, T);
	static const char *const malformed[] = {"", "\n", "1796000000\n", "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z \n",
		"2026-11-30T00:00:00.000000000000000000Z\n", "2026-11-30T00:00:00Zx", "1969-12-31T23:59:59Z\n"};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
		write_clock(malformed[i]);
		ck_error(wall_clock_confirmed(dir_fd, &time_s), E_BAD_VALUE);
	}
	ck_assert_uint_eq(time_s, T);
	end();
}
END_TEST

static enum error now(struct wall_clock *clock, uint64_t *out_s, const char *needle)
{
	struct fault fault = {.text = ""};
	enum error error = wall_clock_now(clock, out_s, &fault);
	if (needle != NULL)
		ck_assert_msg(strstr(fault.text, needle) != NULL, "%s", fault.text);
	return error;
}

/* CLK-1, CLK-3, CLK-5 */
START_TEST(one_clock_decides_all)
{
	struct wall_clock clock;
	uint64_t time_s = 0;
	uint64_t start_s = (uint64_t)time(NULL);
	begin();
	wall_clock_init(&clock, dir_fd);
	ck_ok(now(&clock, &time_s, NULL)); /* a log without an entry takes the first time as it comes */
	ck_assert_uint_ge(time_s, start_s);
	wall_clock_destroy(&clock);

	wall_clock_init(&clock, dir_fd);
	wall_clock_follow(&clock, start_s + 7200); /* the log is ahead: its time is what an entry bears */
	ck_ok(now(&clock, &time_s, NULL));
	ck_assert_uint_eq(time_s, start_s + 7200);
	wall_clock_destroy(&clock);

	wall_clock_init(&clock, dir_fd);
	wall_clock_follow(&clock, start_s - 35 * DAY); /* the machine's clock has jumped, or nobody reported for long */
	ck_error(now(&clock, &time_s, "indsigt clock DIR --confirm"), E_CLOCK);
	write_clock("tomorrow\n");
	ck_error(now(&clock, &time_s, "cannot be read"), E_CLOCK);
	ck_assert_uint_eq(time_s, start_s + 7200);
	ck_ok(wall_clock_confirm(dir_fd, start_s));
	ck_ok(now(&clock, &time_s, NULL));
	ck_assert_uint_ge(time_s, start_s);

	/* What was found good once stays known to the process: a long quiet is no jump. */
	ck_assert_int_eq(unlinkat(dir_fd, "clock", 0), 0);
	ck_ok(now(&clock, &time_s, NULL));
	wall_clock_destroy(&clock);
	end();
}
END_TEST

UNIT_MAIN("wall_clock", the_clock_keeps_its_rule, the_file_remembers_the_operator, one_clock_decides_all)
