/* A copy has everything or is none: every call that it makes fails once, in every way that matters. The file functions
 * are wrapped, and LMDB is linked statically (tests/meson.build). */
#include "tests/lib/fixture.h"
#include "tools/command/command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- file functions ---- */

enum call {
	CALL_OPENAT,
	CALL_FSTATAT,
	CALL_READDIR,
	CALL_MKDIRAT,
	CALL_FCHMOD,
	CALL_WRITE,
	CALL_FSYNC,
	CALL_RENAMEAT,
	CALLS
};

static enum call failing = CALLS;
static int fail_at; /* the call of this number, from 1 on */
static int calls;
static int number;
static const char *failing_name; /* NULL: any */

static bool fails(enum call call, const char *name)
{
	if (call != failing || (failing_name != NULL && (name == NULL || strcmp(name, failing_name) != 0)) ||
		++calls != fail_at)
		return false;
	errno = number;
	return true;
}

int __real_openat64(int at, const char *name, int flags, ...);
int __wrap_openat64(int at, const char *name, int flags, ...);
int __wrap_openat64(int at, const char *name, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	unsigned mode = flags & O_CREAT ? va_arg(list, unsigned) : 0;
	va_end(list);
	return fails(CALL_OPENAT, name) ? -1 : __real_openat64(at, name, flags, mode);
}

int __real_fstatat64(int at, const char *name, struct stat *out, int flags);
int __wrap_fstatat64(int at, const char *name, struct stat *out, int flags);
int __wrap_fstatat64(int at, const char *name, struct stat *out, int flags)
{
	return fails(CALL_FSTATAT, name) ? -1 : __real_fstatat64(at, name, out, flags);
}

struct dirent *__real_readdir64(DIR *names);
struct dirent *__wrap_readdir64(DIR *names);
struct dirent *__wrap_readdir64(DIR *names)
{
	return fails(CALL_READDIR, NULL) ? NULL : __real_readdir64(names);
}

int __real_mkdirat(int at, const char *name, mode_t mode);
int __wrap_mkdirat(int at, const char *name, mode_t mode);
int __wrap_mkdirat(int at, const char *name, mode_t mode)
{
	return fails(CALL_MKDIRAT, name) ? -1 : __real_mkdirat(at, name, mode);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	return fails(CALL_FCHMOD, NULL) ? -1 : __real_fchmod(fd, mode);
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return fails(CALL_WRITE, NULL) ? -1 : __real_write(fd, data, len);
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd) /* nobody cuts the power */
{
	(void)fd;
	return fails(CALL_FSYNC, NULL) ? -1 : 0;
}

int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
	return fails(CALL_RENAMEAT, NULL) ? -1 : __real_renameat(from, a, to, b);
}

/* ---- a ledger and its copy ---- */

static struct fixture f;
static char to[120];
static char said[2048];

static const char *const files[] = {"store/data.mdb", "keys/env/data.mdb", "keys/alias", "keys/log", "keys/master",
	"keys/vrf", "keys/wrapping", "guard", "vkey", "witnesses", "evidence/seen"};
#define FILES (sizeof files / sizeof files[0])

static const char *in(const char *dir, const char *name)
{
	static char path[300];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(in(f.dir, name), "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void begin(void)
{
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, (const uint32_t[]){1, 2, 3}, 3, 1));
	snprintf(to, sizeof to, "%s/copy", f.place.path);
	put("witnesses", "quorum none\n");
	ck_assert_int_eq(mkdir(in(f.dir, "evidence"), 0700), 0);
	put("evidence/seen", "something\n");
}

static void end(void)
{
	fixture_remove(&f);
}

static bool is_there(const char *name)
{
	return access(in(to, name), F_OK) == 0;
}

static void remove_copy(void)
{
	char command[200];
	snprintf(command, sizeof command, "rm -rf %s", to);
	ck_assert_int_eq(system(command), 0);
}

/* Its exit code; what it says goes to `said`. */
static int copy(void)
{
	char name[] = "copy";
	char *argv[] = {name, f.dir, to, NULL};
	int errors = dup(STDERR_FILENO);
	int results = dup(STDOUT_FILENO);
	FILE *text = tmpfile();
	ck_assert_ptr_nonnull(text);
	fflush(stdout);
	dup2(fileno(text), STDERR_FILENO);
	dup2(fileno(text), STDOUT_FILENO);
	calls = 0;
	int code = command_run(&command_copy, command_copy.work, 3, argv);
	failing = CALLS;
	fflush(stdout);
	dup2(errors, STDERR_FILENO);
	dup2(results, STDOUT_FILENO);
	close(errors);
	close(results);
	rewind(text);
	size_t len = fread(said, 1, sizeof said - 1, text);
	said[len] = '\0';
	fclose(text);
	return code;
}

static void copied(void)
{
	for (size_t i = 0; i < FILES; i++)
		ck_assert_msg(is_there(files[i]), "%s is not there: %s", files[i], said);
	remove_copy();
}

/* It is said, and what is there is no ledger. */
static void refused(int code, const char *word)
{
	ck_assert_msg(code == EXIT_NOT_LOOKED, "%d: %s", code, said);
	ck_assert_msg(strstr(said, word) != NULL, "%s: %s", word, said);
	ck_assert_msg(!is_there("vkey"), "%s", said);
	remove_copy();
}

/* ---- tests ---- */

START_TEST(a_copy_is_whole)
{
	begin();
	ck_assert_int_eq(copy(), 0);
	copied();
	end();
}
END_TEST

/* A full disk among them. */
START_TEST(every_call_fails)
{
	static const int numbers[] = {EIO, ENOENT, ENOSPC, EACCES};
	begin();
	for (enum call call = 0; call < CALLS; call++) {
		for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
			bool all = false;
			for (int at = 1; !all; at++) {
				failing = call;
				fail_at = at;
				number = numbers[i];
				int code = copy();
				all = calls < at;
				if (code == 0)
					copied();
				else
					refused(code, "");
				ck_assert_msg(!all || code == 0, "%s", said);
				ck_assert_int_lt(at, 400);
			}
		}
	}
	end();
}
END_TEST

/* What was there when it was listed and is not when it is read: the copy lacks it, and says so. */
START_TEST(what_is_removed_meanwhile_is_said)
{
	static const char *const names[] = {"witnesses", "seen", "log", "wrapping"};
	begin();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (enum call call = CALL_OPENAT; call <= CALL_FSTATAT; call++) {
			failing = call;
			failing_name = names[i];
			fail_at = 1;
			number = ENOENT;
			refused(copy(), names[i]);
		}
	}
	failing_name = NULL;
	end();
}
END_TEST

/* A link is what it leads to. */
START_TEST(links_are_followed)
{
	char there[200];
	struct stat info;
	begin();
	snprintf(there, sizeof there, "%s/elsewhere", f.place.path);
	ck_assert_int_eq(rename(in(f.dir, "witnesses"), there), 0);
	ck_assert_int_eq(symlink(there, in(f.dir, "witnesses")), 0);
	ck_assert_int_eq(copy(), 0);
	ck_assert_int_eq(lstat(in(to, "witnesses"), &info), 0);
	ck_assert(S_ISREG(info.st_mode) && info.st_size == 12);
	copied();
	ck_assert_int_eq(unlink(there), 0);
	refused(copy(), "witnesses");
	end();
}
END_TEST

START_TEST(what_is_no_file_is_named)
{
	begin();
	ck_assert_int_eq(mkfifo(in(f.dir, "pipe"), 0600), 0);
	refused(copy(), "pipe");
	end();
}
END_TEST

/* Nothing is in the way of the next try. */
START_TEST(no_place_no_directory)
{
	begin();
	failing = CALL_FCHMOD;
	fail_at = 1;
	number = EPERM;
	ck_assert_int_eq(copy(), EXIT_NOT_LOOKED);
	ck_assert_int_eq(access(to, F_OK), -1);
	ck_assert_int_eq(copy(), 0);
	end();
}
END_TEST

UNIT_MAIN("copy", a_copy_is_whole, every_call_fails, what_is_removed_meanwhile_is_said, links_are_followed,
	what_is_no_file_is_named, no_place_no_directory)
