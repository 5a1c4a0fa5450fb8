/* A disk that is full while ingest runs: nothing is answered, it is told of, and it goes on by itself. LMDB is linked
 * statically, and its writes are wrapped (tests/meson.build). */
#include "ingest/sequencer/sequencer.h"
#include "ledger/base/clock.h"
#include "tests/lib/newer.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

static struct fixture f;
static struct health *health;
static struct sequencer *sequencer;
static _Atomic bool full;
static _Atomic unsigned failures;
static int wake_fd;

/* Only what makes a file longer fails: the file of the status is written in place. */
static bool fails(int fd)
{
	char link[64];
	char path[512];
	if (!atomic_load(&full))
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof path - 1);
	path[len > 0 ? len : 0] = '\0';
	if (strstr(path, "data.mdb") == NULL)
		return false;
	failures++;
	errno = ENOSPC;
	return true;
}

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	return fails(fd) ? -1 : __real_pwrite(fd, data, len, at);
}

ssize_t __real_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
	return fails(fd) ? -1 : __real_writev(fd, parts, count);
}

static void wake(void *context)
{
	uint64_t one = 1;
	(void)context;
	ck_assert_int_eq(write(wake_fd, &one, sizeof one), sizeof one);
}

static void wait_for(enum status_reason reason, bool wanted)
{
	struct status status;
	do {
		sched_yield();
		health_beat(health);
		ck_ok(status_read(f.dir, clock_ms(), &status));
		ck_assert_uint_eq(status.since_s[STATUS_AWAY], 0);
	} while ((status.since_s[reason] != 0) != wanted);
}

static void begin(void)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	preparer_close(f.preparer);
	f.preparer = NULL;
	wake_fd = eventfd(0, EFD_CLOEXEC);
	ck_ok(health_new(f.dir, &health));
	health_beat(health);
	struct sequencer_options options = {
		.ledger = f.ledger, .dir = f.dir, .epoch_seconds = 100, .health = health, .wake = wake};
	ck_ok(sequencer_start(&options, &sequencer, &fault));
	wait_for(STATUS_DISK_FULL, false);
}

static void end_sequencer(void)
{
	sequencer_stop(sequencer);
	sequencer_free(sequencer);
	sequencer = NULL;
}

static void end(void)
{
	if (sequencer != NULL)
		end_sequencer();
	health_free(health);
	close(wake_fd);
	fixture_remove(&f);
}

/* A batch waits for room. */
static void fill_up(void)
{
	atomic_store(&full, true);
	struct bytes body = fixture_batch(&f, 0, (const uint32_t[]){1, 2, 3}, 3, 1);
	struct job *job = job_new(JOB_BATCH, 1);
	job->seat = seat_new();
	job->sender = 1;
	job->body = (uint8_t *)(uintptr_t)body.data;
	job->body_bytes = body.len;
	sequencer_submit(sequencer, job);
	wait_for(STATUS_DISK_FULL, true);
	ck_assert_uint_gt(failures, 0);
	ck_assert_ptr_null(sequencer_take_done(sequencer));
}

static void answered(enum job_kind kind, enum error wanted)
{
	struct job *job;
	while ((job = sequencer_take_done(sequencer)) == NULL) {
		struct pollfd ready = {.fd = wake_fd, .events = POLLIN};
		uint64_t count;
		ck_assert_int_eq(poll(&ready, 1, 60000), 1);
		ck_assert_int_eq(read(wake_fd, &count, sizeof count), sizeof count);
	}
	ck_assert_int_eq(job->kind, kind);
	ck_assert_msg(job->error == wanted, "%s: %s", error_name(job->error), job->fault.text);
	job_free(job);
}

/* HTTP-34 */
START_TEST(told_and_over)
{
	begin();
	fill_up();
	atomic_store(&full, false);
	wait_for(STATUS_DISK_FULL, false);
	answered(JOB_BATCH, E_OK);
	end();
}
END_TEST

/* FRM-8: whoever shows that the store is an older one stops what waits for room too, and that is kept meanwhile. */
START_TEST(nothing_is_signed_for_room_after_a_halt)
{
	struct checkpoint before;
	struct checkpoint after;
	struct bytes note;
	begin();
	fill_up();
	ledger_checkpoint(f.ledger, &before, &note);
	bar_evidence(&f, true);
	sequencer_submit(sequencer, newer_hello(&f));
	answered(JOB_HELLO, E_ROLLED_BACK);
	answered(JOB_BATCH, E_ROLLED_BACK);
	bar_evidence(&f, false);
	wait_for(STATUS_EVIDENCE, false);
	ck_assert(evidence_is_kept(&f));
	atomic_store(&full, false);
	end_sequencer();
	ledger_checkpoint(f.ledger, &after, &note);
	ck_assert_uint_eq(after.size, before.size);
	end();
}
END_TEST

UNIT_MAIN("full_disk", told_and_over, nothing_is_signed_for_room_after_a_halt)
