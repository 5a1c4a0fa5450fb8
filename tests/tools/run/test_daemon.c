/* When a process that 'indsigt serve' keeps running is started again. Only how it ended counts: none is started. */
#include "ledger/base/clock.h"
#include "ledger/base/error.h"
#include "tests/lib/unit.h"
#include "tools/run/daemon.h"

#include <signal.h>

#define ENDED(code) ((code) << 8) /* as wait(2) has it */
#define ENDS 16

static struct daemon running(const char *command)
{
	uint64_t now_ms = clock_ms();
	return (struct daemon){.program = "indsigt-some",
		.command = command,
		.state = STATE_RUNNING,
		.listened = true,
		.first_ms = now_ms,
		.started_ms = now_ms,
		.child = CHILD_NONE};
}

/* At least and at most so long does it wait at last, of one that always ends so; the first time not at all. */
static void check_wait(const char *command, int status, uint64_t least_ms, uint64_t most_ms)
{
	struct daemon daemon = running(command);
	struct fault fault;
	for (unsigned i = 0; i < ENDS; i++) {
		uint64_t before_ms = daemon.started_ms = clock_ms();
		daemon.state = STATE_RUNNING;
		ck_assert_int_eq(daemon_ended(&daemon, status, &fault), E_OK);
		ck_assert_int_eq(daemon.state, STATE_WAITING);
		uint64_t after_ms = clock_ms();
		ck_assert(i > 0 || daemon.again_ms <= after_ms);
		ck_assert(i + 1 < ENDS || daemon.again_ms >= before_ms + least_ms);
		ck_assert(daemon.again_ms <= after_ms + most_ms);
	}
	ck_assert_uint_eq(daemon.restarts, ENDS);
}

START_TEST(a_daemon_that_dies_is_back_within_a_second)
{
	check_wait(NULL, SIGKILL, 0, 500);
	check_wait(NULL, ENDED(EXIT_NOT_LOOKED), 0, 500);
	check_wait("gateway", SIGSEGV, 0, 500);
}
END_TEST

/* Its sender is revoked, say: nothing is better in half a second. */
START_TEST(a_command_that_ends_by_itself_is_tried_less_and_less_often)
{
	check_wait("gateway", ENDED(EXIT_REFUSED), 5000, 5000);
	check_wait("send", ENDED(EXIT_PARTLY), 5000, 5000);
}
END_TEST

START_TEST(one_that_was_told_to_end_before_it_listened_begins_anew_at_once)
{
	struct daemon daemon = running("gateway");
	struct fault fault;
	daemon.state = STATE_STARTING;
	daemon.listened = false;
	daemon.reloads = true;
	daemon.backoff_ms = 400;
	ck_assert_int_eq(daemon_ended(&daemon, SIGTERM, &fault), E_OK);
	ck_assert(daemon.again_ms <= clock_ms() && !daemon.reloads);
	daemon.state = STATE_STARTING;
	ck_assert_int_eq(daemon_ended(&daemon, SIGTERM, &fault), E_STOPPED); /* nobody told it */
}
END_TEST

UNIT_MAIN("daemon", a_daemon_that_dies_is_back_within_a_second,
	a_command_that_ends_by_itself_is_tried_less_and_less_often,
	one_that_was_told_to_end_before_it_listened_begins_anew_at_once)
