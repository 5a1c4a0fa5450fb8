/* An epoch's run on a disk that is full or broken, and in a process that is killed: whatever happens to the file before
 * the commit names it, the next epoch comes to the same roots, and nothing is left of it. */
#include "ledger/filed/runs.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/restored.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* For a run that is written in several pieces. */
#define MANY 1000u

static struct fixture f;
static char base[96];            /* the ledger before the epoch, closed */
static bool many;                /* an audit of it takes long: the roots are compared, and rows read */
static struct entry_epoch right; /* the epoch that nothing happens to */

/* ---- calls that fail ---- */

/* Fails the at-th call for a run from arming on, from 0; `stays`: all that follow, too, and nothing can be taken away.
 * Half of a write is done. What the commit calls is not in question here. */
static struct {
	bool armed;
	bool stays;
	int error;
	unsigned at;
	unsigned calls;
	unsigned writes;
	bool made_folder;
} disk;

/* The folder, what is in it, and the sync of the directory that it stands in, which comes before the first write. */
static bool is_for_run(int fd)
{
	char link[64], path[PATH_MAX] = "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof path - 1) <= 0)
		return false;
	return strstr(path, "/" RUN_FOLDER) != NULL || (disk.writes == 0 && strcmp(path, f.dir) == 0);
}

static bool fails(bool for_run)
{
	if (!disk.armed || !for_run)
		return false;
	bool now = disk.calls == disk.at || (disk.stays && disk.calls > disk.at);
	disk.calls++;
	if (now)
		errno = disk.error;
	return now;
}

int __real_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode)
{
	if (fails(strcmp(path, RUN_FOLDER) == 0))
		return -1;
	int result = __real_mkdirat(dir, path, mode);
	disk.made_folder |= result == 0;
	return result;
}

int __real_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	unsigned mode = va_arg(arguments, unsigned);
	va_end(arguments);
	bool for_run = disk.armed && (strcmp(path, RUN_FOLDER) == 0 || (disk.writes == 0 && is_for_run(dir)));
	return fails(for_run) ? -1 : __real_openat64(dir, path, flags, mode);
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	bool for_run = disk.armed && is_for_run(fd);
	disk.writes += for_run;
	if (!fails(for_run))
		return __real_write(fd, data, len);
	ck_assert_int_eq(__real_write(fd, data, len / 2), (ssize_t)(len / 2));
	errno = disk.error;
	return -1;
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	return fails(disk.armed && is_for_run(fd)) ? -1 : __real_fdatasync(fd);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return fails(disk.armed && is_for_run(fd)) ? -1 : __real_fsync(fd);
}

int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags)
{
	if (disk.armed && disk.stays && disk.calls > disk.at) {
		errno = disk.error;
		return -1;
	}
	return __real_unlinkat(dir, path, flags);
}

/* ---- the ledger ---- */

static void put_base_back(void)
{
	shell("rm -rf %s && cp -a %s %s", f.dir, base, f.dir);
}

static void append(uint64_t sequence, uint32_t first, uint32_t count)
{
	uint32_t subjects[BATCH_EVENTS_MAX];
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = first + i;
	fixture_append(&f, fixture_batch(&f, sequence, subjects, count, 1));
}

/* It is time for it. */
static void look_after(void)
{
	struct fault fault = {.text = ""};
	struct ledger_held held;
	f.ledger->looked_ms = 0;
	ck_ok(ledger_look_after(f.ledger, &held, &fault));
}

/* Something to file, with `epochs` before it. */
static void begin(unsigned epochs, uint32_t first, uint32_t second)
{
	fixture_make(&f);
	snprintf(base, sizeof base, "%s/base", f.place.path);
	for (unsigned i = 0; i < epochs; i++) {
		append(i * (uint64_t)first, i, first);
		fixture_epoch(&f);
	}
	append(epochs * (uint64_t)first, first - second / 2, second);
	look_after();
	fixture_close(&f);
	shell("cp -a %s %s", f.dir, base);
	fixture_open(&f);
	fixture_epoch(&f);
	right = f.ledger->epoch_entry;
	fixture_close(&f);
	put_base_back();
}

static void end(void)
{
	place_remove(&f.place);
}

static bool is_named(const char *file)
{
	char named[RUN_FILE_NAME_BYTES];
	for (uint32_t i = 0; i < f.ledger->filing.run_count; i++) {
		run_file_name(f.ledger->filing.runs[i].number, named);
		if (strcmp(file, named) == 0)
			return true;
	}
	return false;
}

/* How many files there are that nobody names, and the path of one. */
static unsigned left_over(char out[PATH_MAX])
{
	char folder[128];
	unsigned count = 0;
	snprintf(folder, sizeof folder, "%s/%s", f.dir, RUN_FOLDER);
	DIR *files = opendir(folder);
	for (struct dirent *file; files != NULL && (file = readdir(files)) != NULL;)
		if (file->d_name[0] != '.' && !is_named(file->d_name)) {
			count++;
			snprintf(out, PATH_MAX, "%s/%s", folder, file->d_name);
		}
	if (files != NULL)
		closedir(files);
	return count;
}

/* All that is named, by somebody who has not got it open. */
static void check_named(const char *when, unsigned number)
{
	struct run_shelf *shelf;
	struct runs runs;
	ck_ok(run_shelf_new(f.dir, &shelf));
	enum error error = runs_open(shelf, &f.ledger->filing, &runs);
	ck_assert_msg(error == E_OK, "%s %u: %s", when, number, error_name(error));
	for (enum run_table table = 0; table < RUN_TABLES; table++) {
		struct runs_walk walk;
		error = runs_walk_begin(&runs, table, 0, BYTES_EMPTY, &walk);
		while (error == E_OK)
			error = runs_walk_next(&walk);
		ck_assert_msg(error == E_NOT_FOUND, "%s %u: %s", when, number, error_name(error));
		runs_walk_end(&walk);
	}
	runs_close(&runs);
	run_shelf_free(shelf);
}

static void check_right(const char *when, unsigned number)
{
	const struct entry_epoch *entry = &f.ledger->epoch_entry;
	ck_assert_uint_eq(ledger_unfiled(f.ledger), 0);
	ck_assert_msg(entry->size == right.size && hash_equal(&entry->map_root, &right.map_root) &&
					  hash_equal(&entry->filing_root, &right.filing_root),
		"%s %u: other roots", when, number);
}

/* The ledger is open: it files what there is, takes away what nobody names, and holds. It is closed then. */
static void go_on(const char *when, unsigned number)
{
	char path[PATH_MAX];
	check_named(when, number);
	if (ledger_unfiled(f.ledger) > 0)
		fixture_epoch(&f);
	check_right(when, number);
	look_after();
	ck_assert_msg(left_over(path) == 0, "%s %u: %s is left", when, number, path);
	check_named(when, number);
	fixture_close(&f);
	if (many)
		return;
	struct audit_result result = full_audit(&f);
	ck_assert_msg(result.ok, "%s %u: index %lu: %s", when, number, result.index, result.reason);
}

/* As far as the disk goes along. */
static enum error run_epoch(struct fault *fault)
{
	bool started = false, finished = false;
	enum error error = ledger_epoch_start(f.ledger, &started, fault);
	while (error == E_OK && started && !finished)
		error = ledger_epoch_slice(f.ledger, &finished, fault);
	return error;
}

/* ---- the disk ---- */

static const struct {
	int error;
	enum error says;
	bool stays;
	const char *name;
} ways[] = {{ENOSPC, E_FULL, false, "full once, call"}, {ENOSPC, E_FULL, true, "full, call"},
	{EIO, E_IO, false, "broken once, call"}, {EIO, E_IO, true, "broken, call"}};

/* True: it was over before. */
static bool fail_call(size_t way, unsigned at)
{
	struct fault fault = {.text = ""};
	char path[PATH_MAX];
	put_base_back();
	fixture_open(&f);
	memset(&disk, 0, sizeof disk);
	disk.error = ways[way].error;
	disk.stays = ways[way].stays;
	disk.at = at;
	disk.armed = true;
	enum error error = run_epoch(&fault);
	disk.armed = false;
	bool over = disk.calls <= at;
	ck_assert_msg(error == (over ? E_OK : ways[way].says), "%s %u: %s", ways[way].name, at, error_name(error));
	if (!over) {
		ck_assert_msg(strstr(fault.text, "the epoch was given up: ") == fault.text &&
						  strstr(fault.text, error_reason(ways[way].says)) != NULL,
			"%s %u: %s", ways[way].name, at, fault.text);
		ck_assert_msg(left_over(path) == 0 || disk.stays, "%s %u: %s is left", ways[way].name, at, path);
	}
	if (error == E_IO) { /* what a process does then: it ends */
		fixture_close(&f);
		fixture_open(&f);
	}
	go_on(ways[way].name, at);
	return over;
}

static void fail_each(size_t ways_end)
{
	for (size_t way = 0; way < ways_end; way++) {
		unsigned at = 0;
		while (!fail_call(way, at))
			at++;
		ck_assert_uint_ge(at, 9);
	}
}

/* STO-14, STO-62: the first run of a ledger, with its folder, and one that takes older rows over. */
START_TEST(every_call_may_fail)
{
	begin(_i == 0 ? 0 : 2, 30, 20);
	fail_each(sizeof ways / sizeof ways[0]);
	ck_assert(disk.made_folder == (_i == 0));
	end();
}
END_TEST

START_TEST(every_piece_may_fail)
{
	begin(1, MANY, MANY);
	many = true;
	fail_each(1);
	ck_assert_uint_gt(disk.writes, 2);
	end();
}
END_TEST

/* ---- killed ---- */

/* In a process of its own. Its exit code: 1 when the epoch was over before. */
static bool killed_after(unsigned slices)
{
	int status;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct fault fault = {.text = ""};
		bool started, finished = false;
		fixture_open(&f);
		enum error error = ledger_epoch_start(f.ledger, &started, &fault);
		for (unsigned i = 0; error == E_OK && !finished && i < slices; i++)
			error = ledger_epoch_slice(f.ledger, &finished, &fault);
		_exit(error != E_OK ? 2 : finished);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "the ledger ended with %x", (unsigned)status);
	return WEXITSTATUS(status) == 1;
}

enum left { LEFT_AS_IT_IS, LEFT_CUT, LEFT_EMPTY, LEFT_MISSING, LEFT_FORMS };

static const char *const left_names[LEFT_FORMS] = {"as it is, slice", "cut, slice", "empty, slice", "missing, slice"};

static void leave(enum left form, const char *path)
{
	if (form == LEFT_CUT)
		shell("truncate -s $(($(stat -c %%s %s) / 2)) %s", path, path);
	if (form == LEFT_EMPTY)
		shell("truncate -s 0 %s", path);
	if (form == LEFT_MISSING)
		shell("rm %s", path);
}

/* STO-14, STO-19: what a process that was killed has left is not named, so it does not matter what is in it. */
START_TEST(killed_after_every_slice)
{
	enum left form = (enum left)_i;
	unsigned seen = 0;
	bool over = false;
	begin(2, 30, 20);
	for (unsigned slices = 0; !over; slices++) {
		char path[PATH_MAX];
		put_base_back();
		over = killed_after(slices);
		fixture_open(&f);
		ck_assert(over == (ledger_unfiled(f.ledger) == 0));
		unsigned left = left_over(path);
		ck_assert(over || left <= 1);
		if (left == 1 && !over) {
			leave(form, path);
			seen++;
		}
		go_on(left_names[form], slices);
	}
	ck_assert_uint_ge(seen, 5); /* from the end of loading on */
	end();
}
END_TEST

/* Closed without having finished: nothing is left at all. */
START_TEST(closed_after_every_slice)
{
	bool finished = false;
	begin(2, 30, 20);
	for (unsigned slices = 0; !finished; slices++) {
		struct fault fault = {.text = ""};
		char path[PATH_MAX];
		bool started;
		put_base_back();
		fixture_open(&f);
		ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
		for (unsigned i = 0; !finished && i < slices; i++)
			ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
		fixture_close(&f);
		fixture_open(&f);
		ck_assert(finished || left_over(path) == 0);
		go_on("closed, slice", slices);
	}
	end();
}
END_TEST

/* ---- named ---- */

static void spoil_named(enum left form)
{
	char file[RUN_FILE_NAME_BYTES], path[PATH_MAX];
	fixture_open(&f);
	run_file_name(f.ledger->filing.runs[f.ledger->filing.run_count - 1].number, file);
	snprintf(path, sizeof path, "%s/%s/%s", f.dir, RUN_FOLDER, file);
	fixture_close(&f);
	if (form == LEFT_AS_IT_IS)
		shell("rm -r %s/%s", f.dir, RUN_FOLDER);
	leave(form, path);
}

/* STO-61: a run that is named and is cut, or is not there, nor its folder, is made again with all others; the same
 * epoch comes out. */
START_TEST(named_and_gone)
{
	begin(2, 30, 20);
	fixture_open(&f);
	fixture_epoch(&f);
	fixture_close(&f);
	spoil_named((enum left)_i);
	fixture_open(&f);
	ck_assert(f.ledger->filing_lost);
	while (ledger_unfiled(f.ledger) > 0)
		fixture_epoch(&f);
	go_on("named, form", (unsigned)_i);
	end();
}
END_TEST

/* STO-62: where one of the runs is gone the others are still named, until the ledger has committed that nothing is
 * filed: who puts the one back has them all. */
START_TEST(named_beside_one_that_is_gone)
{
	char file[RUN_FILE_NAME_BYTES], path[PATH_MAX];
	struct fault fault = {.text = ""};
	fixture_make(&f);
	append(0, 0, 200);
	fixture_epoch(&f);
	append(200, 0, 3);
	fixture_epoch(&f);
	look_after();
	ck_assert_uint_eq(f.ledger->filing.run_count, 2);
	run_file_name(f.ledger->filing.runs[1].number, file);
	snprintf(path, sizeof path, "%s/%s/%s", f.dir, RUN_FOLDER, file);
	fixture_close(&f);
	shell("mv %s %s/kept", path, f.place.path);
	fixture_open(&f);
	ck_assert(f.ledger->filing_lost);
	look_after();
	fixture_close(&f);
	shell("mv %s/kept %s", f.place.path, path);
	fixture_open(&f);
	ck_assert(!f.ledger->filing_lost);
	check_named("put back", 0);
	ck_ok(ledger_forget_filing(f.ledger, &fault));
	look_after();
	ck_assert_uint_eq(left_over(path), 0);
	fixture_close(&f);
	end();
}
END_TEST

/* What cannot be looked at is no damage, and the store is not said to be what cannot be read, or written. */
START_TEST(named_and_not_to_be_looked_at)
{
	char file[RUN_FILE_NAME_BYTES], path[PATH_MAX];
	struct fault fault = {.text = ""};
	struct kept_log log;
	struct ledger *ledger;
	fixture_make(&f);
	append(0, 0, 30);
	fixture_epoch(&f);
	run_file_name(f.ledger->filing.runs[0].number, file);
	snprintf(path, sizeof path, "%s/%s/%s", f.dir, RUN_FOLDER, file);
	fixture_close(&f);
	kept_log_take(&f, &log);
	shell("mv %s %s/kept && ln -s %s %s", path, f.place.path, file, path);
	ck_error(ledger_open(f.dir, NULL, &ledger, &fault), E_IO);
	ck_assert_msg(strstr(fault.text, RUN_FOLDER "/") != NULL, "%s", fault.text);
	ck_error(try_restore(&f, &log, &fault), E_IO);
	ck_assert_msg(strstr(fault.text, RUN_FOLDER "/") != NULL, "%s", fault.text);
	shell("mv %s/kept %s", f.place.path, path);
	kept_log_free(&log);
	fixture_open(&f);
	ck_assert(!f.ledger->filing_lost);
	fixture_close(&f);
	end();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("filing_runs");
	tcase_add_loop_test(tcase, every_call_may_fail, 0, 2);
	tcase_add_test(tcase, every_piece_may_fail);
	tcase_add_loop_test(tcase, killed_after_every_slice, 0, LEFT_FORMS);
	tcase_add_test(tcase, closed_after_every_slice);
	tcase_add_loop_test(tcase, named_and_gone, 0, LEFT_FORMS);
	tcase_add_test(tcase, named_beside_one_that_is_gone);
	tcase_add_test(tcase, named_and_not_to_be_looked_at);
	return unit_run("filing_runs", tcase);
}
