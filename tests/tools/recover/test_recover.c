/* The command over a log that no writer of today would sign. */
#include "ledger/audit/audit.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/fixture.h"
#include "tests/lib/restored.h"
#include "tools/command/command.h"

#include <unistd.h>

static struct fixture f;
static uint64_t sequence;

static void append_after(uint64_t seconds)
{
	f.now_s += seconds;
	fixture_append(&f, fixture_batch(&f, sequence, (const uint32_t[]){1, 2}, 2, (uint32_t)sequence));
	sequence += 2;
}

/* What it prints is no part of what is said of the test. */
static int run(const struct command *command, int argc, char **argv)
{
	fflush(stdout);
	int results = dup(STDOUT_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	int code = command_run(command, command->work, argc, argv);
	fflush(stdout);
	dup2(results, STDOUT_FILENO);
	close(results);
	return code;
}

/* REC-6: an event that was filed too late says nothing about which history it is. The log is put back as it was signed,
 * goes on, and audits say what they said. */
START_TEST(a_late_event_is_no_reason_to_lose_the_log)
{
	struct fault fault = {.text = ""};
	struct audit_result result;
	char recover[] = "recover", export[] = "export", mirror[] = "--mirror", accept[] = "--accept-loss", out[100];
	fixture_make(&f);
	append_after(0);
	fixture_close(&f);
	copy_store(&f, "old", false);
	fixture_open(&f);
	f.ledger->state.lag.lag_s = UINT64_MAX; /* a writer that does not obey EPO-9 */
	append_after(10);
	append_after(400);
	fixture_epoch(&f);
	const uint64_t size = f.ledger->checkpoint.size;
	fixture_close(&f);
	snprintf(out, sizeof out, "%s/out", f.place.path);
	ck_assert_int_eq(run(&command_export, 3, (char *[]){export, f.dir, out, NULL}), EXIT_DONE);
	copy_store(&f, "old", true);
	ck_error(ledger_open(f.dir, NULL, &f.ledger, &fault), E_GUARD);
	ck_assert_int_eq(run(&command_recover, 5, (char *[]){recover, f.dir, mirror, out, accept, NULL}), EXIT_DONE);
	fixture_open(&f);
	ck_assert_uint_ge(f.ledger->checkpoint.size, size);
	append_after(0);
	fixture_epoch(&f);
	fixture_close(&f);
	const struct audit_options options = {.records = true};
	ck_ok(audit_directory(f.dir, &f.vkey, &options, &result, &fault));
	ck_assert(!result.ok);
	ck_assert_msg(strstr(result.reason, "filed too late") != NULL, "%s", result.reason);
	place_remove(&f.place);
}
END_TEST

UNIT_MAIN("recover", a_late_event_is_no_reason_to_lose_the_log)
