/* The power fails after every prefix of the writes. What was synced before is there; of what was not, all, nothing or
 * every other write is. Then the ledger is opened as always. */
#include "tests/lib/faults.h"

#include <fcntl.h>

static void day(void)
{
	memset(synchronous, 0, sizeof synchronous);
	shared->recording = true;
	work_open();
	work_tick(0);
	work_tick(1);
	work_epoch();
	work_tick(2);
	fixture_close(&f); /* writes the guard */
	work_open();
	work_tick(3);
	work_epoch();
	_exit(0);
}

enum mercy { EVERYTHING, NOTHING, EVEN, ODD, MERCIES };

/* Was it on the disk for good when operation `end` had not begun? */
static bool durable(unsigned number, unsigned end)
{
	const struct operation *operation = &shared->operations[number];
	char directory[128];
	strcpy(directory, operation->path);
	*strrchr(directory, '/') = '\0';
	const char *synced = operation->kind == OPERATION_RENAME ? directory : operation->path;
	if (operation->durable)
		return true;
	for (unsigned i = number + 1; i < end; i++)
		if (shared->operations[i].kind == OPERATION_SYNC && strcmp(shared->operations[i].path, synced) == 0)
			return true;
	return false;
}

static void replay(unsigned number)
{
	const struct operation *operation = &shared->operations[number];
	if (operation->kind == OPERATION_RENAME) {
		rename(operation->path, operation->to); /* what was not written cannot be renamed */
		return;
	}
	int fd = open(operation->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ssize_t n = pwrite(fd, shared->log + operation->data, operation->len, operation->at);
	ck_assert_int_eq(n, (ssize_t)operation->len);
	close(fd);
}

/* The disk as the power cut before operation `end` leaves it. */
static void replay_all(unsigned end, enum mercy mercy)
{
	put_base_back();
	forget_work();
	for (unsigned i = 0; i < end; i++) {
		const struct operation *operation = &shared->operations[i];
		if (operation->kind == OPERATION_ACKNOWLEDGED) {
			shared->acknowledged = operation->batches;
			shared->note_count++;
		}
		if (operation->kind != OPERATION_WRITE && operation->kind != OPERATION_RENAME)
			continue;
		if (mercy == EVERYTHING || (mercy == EVEN && i % 2 == 0) || (mercy == ODD && i % 2 == 1) || durable(i, end))
			replay(i);
	}
}

START_TEST(every_prefix_of_the_writes_opens)
{
	static const char *const names[MERCIES] = {"everything, cut", "nothing, cut", "even, cut", "odd, cut"};
	unsigned kinds[4] = {0};
	work_begin();
	ck_assert_int_eq(run_worker(day), 0);
	shared->recording = false;
	for (unsigned i = 0; i < shared->operation_count; i++)
		kinds[shared->operations[i].kind]++;
	ck_assert_uint_eq(kinds[OPERATION_ACKNOWLEDGED], 4);
	ck_assert_uint_ge(kinds[OPERATION_RENAME], 2);
	ck_assert_uint_ge(kinds[OPERATION_SYNC], 12);
	for (unsigned end = 0; end <= shared->operation_count; end++) {
		for (enum mercy mercy = EVERYTHING; mercy < MERCIES; mercy++) {
			replay_all(end, mercy);
			check_ledger(names[mercy], end);
		}
	}
	work_end();
}
END_TEST

UNIT_MAIN("powercut", every_prefix_of_the_writes_opens)
