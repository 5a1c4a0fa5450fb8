/* Every write, sync and rename fails in turn, lost or done and reported failed; then the ledger is opened as always. */
#include "ledger/audit/audit.h"
#include "tests/lib/faults.h"
#include "tests/lib/restored.h"

static void append(void)
{
	work_open();
	shared->armed = true;
	for (unsigned i = 0; i < WORK_BATCHES; i++)
		work_tick(i);
	fixture_close(&f);
}

static void epoch(void)
{
	work_open();
	work_tick(0);
	shared->armed = true;
	work_epoch();
	work_tick(1);
	work_epoch();
	fixture_close(&f);
}

/* Opening writes the guard when the process before was killed. */
static void reopen(void)
{
	shared->armed = true;
	work_open();
	work_tick(2);
	fixture_close(&f);
}

static void killed(void)
{
	work_open();
	work_tick(0);
	work_tick(1);
	_exit(0);
}

static const struct {
	enum fault_kind kind;
	int error;
	const char *name;
} ways[] = {{FAULT_LOST, EIO, "lost, EIO, call"}, {FAULT_DONE, EIO, "done, EIO, call"},
	{FAULT_LOST, ENOSPC, "lost, ENOSPC, call"}, {FAULT_DONE, ENOSPC, "done, ENOSPC, call"}};

/* Until a run is over before its call fails. */
static void fail_each(void (*before)(void), void (*work)(void))
{
	work_begin();
	for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
		unsigned ended = 0;
		for (unsigned at = 0;; at++) {
			put_base_back();
			forget_work();
			if (before != NULL)
				ck_assert_int_eq(run_worker(before), 0);
			shared->kind = ways[way].kind;
			shared->error = ways[way].error;
			shared->at = at;
			shared->calls = 0;
			ended += (unsigned)run_worker(work);
			shared->kind = FAULT_NONE;
			check_ledger(ways[way].name, at);
			if (shared->calls <= at)
				break;
		}
		ck_assert_msg(ended > 0 || ways[way].error == ENOSPC, "nothing failed");
	}
	work_end();
}

START_TEST(every_write_of_a_tick_may_fail)
{
	fail_each(NULL, append);
}
END_TEST

START_TEST(every_write_of_an_epoch_may_fail)
{
	fail_each(NULL, epoch);
}
END_TEST

START_TEST(every_write_of_opening_may_fail)
{
	fail_each(killed, reopen);
}
END_TEST

/* ---- creating ---- */

/* No call that reads is among those that fail, and nobody is told that one did. */
static void create(void)
{
	struct fault fault = {0};
	shared->armed = true;
	enum error error = ledger_create(f.dir, FIXTURE_ORIGIN, &fault);
	if (error != E_OK && strstr(fault.text, "cannot be read") != NULL) {
		fprintf(stderr, "call %u: %s\n", shared->at, fault.text);
		_exit(2);
	}
	_exit(error == E_OK ? 0 : 1);
}

/* A ledger that was not made whole is refused or complete, never half; and in its place a new one can be made. */
START_TEST(every_write_of_creating_may_fail)
{
	work_begin();
	for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
		for (unsigned at = 0;; at++) {
			struct fault fault = {0};
			shell("rm -rf %s", f.dir);
			forget_work();
			shared->kind = ways[way].kind;
			shared->error = ways[way].error;
			shared->at = at;
			bool made = run_worker(create) == 0;
			bool over = shared->calls <= at;
			ck_assert(made || !over);
			enum error error = ledger_open(f.dir, NULL, &f.ledger, &fault);
			ck_assert_msg(error == E_OK || !made, "%s %u: %s", ways[way].name, at, fault.text);
			if (error == E_OK) {
				struct audit_options options = {.records = true};
				struct audit_result result;
				ledger_close(f.ledger);
				f.ledger = NULL;
				struct vkey vkey;
				ck_ok(place_read_vkey(f.dir, &vkey, &fault));
				ck_ok(audit_directory(f.dir, &vkey, &options, &result, &fault));
				ck_assert_msg(result.ok && result.entries == 1, "%s %u: %s", ways[way].name, at, result.reason);
			}
			if (over)
				break;
		}
	}
	work_end();
}
END_TEST

/* ---- restoring ---- */

static struct kept_log newer;

static void restore_store(void)
{
	struct fault fault = {.text = ""};
	shared->armed = true;
	_exit(try_restore(&f, &newer, &fault) == E_OK ? 0 : 1);
}

static uint64_t opened_size(const char *when, unsigned number)
{
	struct fault fault = {.text = ""};
	struct checkpoint checkpoint;
	struct bytes note;
	enum error error = ledger_open(f.dir, NULL, &f.ledger, &fault);
	ck_assert_msg(error == E_OK, "%s %u: %s", when, number, fault.text);
	ledger_checkpoint(f.ledger, &checkpoint, &note);
	fixture_close(&f);
	return checkpoint.size;
}

/* REC-3: an old store that gets entries back has all of them or none, and doing it again brings the rest. */
START_TEST(every_write_of_restoring_may_fail)
{
	work_begin();
	fixture_open(&f);
	for (unsigned i = 0; i < WORK_BATCHES; i++) {
		struct appended appended;
		struct fault fault = {.text = ""};
		ck_ok(fixture_take(&f, batches[i], &appended, &fault));
	}
	fixture_epoch(&f);
	fixture_close(&f);
	kept_log_take(&f, &newer);
	put_base_back();
	uint64_t old_size = opened_size("before", 0);
	for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
		unsigned untouched = 0;
		for (unsigned at = 0;; at++) {
			put_base_back();
			forget_work();
			shared->kind = ways[way].kind;
			shared->error = ways[way].error;
			shared->at = at;
			bool done = run_worker(restore_store) == 0;
			bool over = shared->calls <= at;
			shared->kind = FAULT_NONE;
			uint64_t size = opened_size(ways[way].name, at);
			ck_assert_msg(
				size == newer.size || (size == old_size && !done), "%s %u: %lu entries", ways[way].name, at, size);
			untouched += size == old_size;
			restore_all(&f, &newer);
			ck_assert_uint_eq(opened_size(ways[way].name, at), newer.size);
			fixture_open(&f);
			fixture_epoch(&f);
			fixture_close(&f);
			struct audit_result result = full_audit(&f);
			ck_assert_msg(result.ok, "%s %u: index %lu: %s", ways[way].name, at, result.index, result.reason);
			ck_assert_uint_eq(result.lost, WORK_BATCHES * WORK_EVENTS);
			if (over)
				break;
		}
		ck_assert_uint_gt(untouched, 0);
	}
	kept_log_free(&newer);
	work_end();
}
END_TEST

UNIT_MAIN("faults", every_write_of_a_tick_may_fail, every_write_of_an_epoch_may_fail, every_write_of_opening_may_fail,
	every_write_of_creating_may_fail, every_write_of_restoring_may_fail)
