/* Followed files that are looked for, where the disk does not tell, or tells of another file. */
#include "tests/lib/followed_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char taken[4096]; /* all that was taken, in order */

/* A server of files has forgotten the handle of a descriptor that stands here. */
#define STALE_AT 12345

int fstat(int fd, struct stat *info)
{
	if (lseek(fd, 0, SEEK_CUR) != STALE_AT)
		return fstatat(fd, "", info, AT_EMPTY_PATH);
	errno = ESTALE;
	return -1;
}

static void take(struct followed *file)
{
	enum following_end end;
	size_t had = strlen(taken);
	if (file->cut) {
		ck_ok(following_cut(following, file, &end));
		return;
	}
	if (file->read_at < file->now.offset)
		file->read_at = file->now.offset;
	ssize_t n = pread(file->fd, taken + had, sizeof taken - 1 - had, (off_t)file->read_at);
	ck_assert_int_ge(n, 0);
	taken[had + (size_t)n] = '\0';
	ck_ok(following_check(following, file));
	struct bytes text = bytes_of((const uint8_t *)taken + had, (size_t)n);
	following_read(following, file, text, text.len);
	following_took(following, file, file->read_at, file->now.number + 1, text);
}

static void read_all(void)
{
	struct followed *file;
	look();
	for (unsigned i = 0; (file = following_next(following)) != NULL; i++) {
		ck_assert_uint_lt(i, 1000);
		take(file);
		look();
	}
	following_durable(following);
	ck_ok(following_save(following));
}

/* Its name is no longer new. */
static void begin(void)
{
	begin_place();
	taken[0] = '\0';
	read_all();
	said[0] = '\0';
}

static void make_stale(size_t number)
{
	ck_assert_int_eq(lseek(following_file(following, number)->fd, STALE_AT, SEEK_SET), STALE_AT);
}

static unsigned count_said(const char *what)
{
	unsigned count = 0;
	for (const char *at = said; (at = strstr(at, what)) != NULL; at++)
		count++;
	return count;
}

#define LONG "a line that is long enough to be known again\n"

/* SND-37: what was rotated while nobody ran, into a directory that cannot be listed for now, or under a name that
 * cannot be opened. */
START_TEST(a_file_whose_place_cannot_be_read_is_waited_for)
{
	char hidden[128];
	if (geteuid() == 0)
		ck_assert_int_eq(setuid(65534), 0);
	begin();
	shell("printf '" LONG "' > %s", path);
	read_all();
	stop();
	shell("printf 'two\n' >> %s; mv %s %s.1; printf 'three\n' > %s", path, path, path, path);
	snprintf(hidden, sizeof hidden, _i == 0 ? "%s/log" : "%s/log/audit.log.1", where.path);
	ck_assert_int_eq(chmod(hidden, _i == 0 ? 0311 : 0), 0);
	start();
	for (unsigned i = 0; i < 3; i++)
		read_all();
	ck_assert_msg(lost_said == 0, "%s", said);
	ck_assert_uint_eq(count_said("looks for the file that was"), 1);
	ck_assert(following_behind(following));
	ck_assert_str_eq(taken, LONG "three\n");
	ck_assert_int_eq(chmod(hidden, 0700), 0);
	read_all();
	ck_assert_msg(lost_said == 0, "%s", said);
	ck_assert(!following_behind(following));
	ck_assert_str_eq(taken, LONG "three\ntwo\n");
	end_place();
}
END_TEST

/* SND-36: of a file that was empty only the inode is known. It may be another file's by now, unless that is called as
 * rotation calls it, or was there before. */
START_TEST(an_inode_alone_is_no_file)
{
	const char *name = _i == 1 ? "audit.log.1" : "other.txt";
	begin();
	shell("touch %s %s", _i == 2 ? "" : "-d '1 hour ago'", path);
	read_all();
	stop();
	shell("mv %s %s/log/%s; printf 'two\n' >> %s/log/%s; printf 'three\n' > %s", path, where.path, name, where.path,
		name, path);
	start();
	read_all();
	ck_assert_uint_eq(lost_said, 0); /* one look may pass it by */
	now_ms += FOLLOWING_BESIDE_MS;
	read_all();
	ck_assert_str_eq(taken, _i == 0 ? "three\n" : taken[1] == 'w' ? "two\nthree\n" : "three\ntwo\n");
	ck_assert_uint_eq(lost_said, _i == 0);
	end_place();
}
END_TEST

/* ESTALE: what was removed at the server is let go of, with a word if something of it was never read; what is only
 * called by another handle is opened again. */
START_TEST(a_stale_file_is_looked_for)
{
	begin();
	shell("printf '" LONG "' > %s", path);
	read_all();
	shell("mv %s %s.1; printf 'two\n' > %s", path, path, path);
	read_all();
	make_stale(0);
	if (_i == 0)
		shell("rm %s.1", path);
	else
		shell("printf 'three\n' >> %s.1", path);
	read_all();
	now_ms += FOLLOWING_BESIDE_MS;
	read_all();
	ck_assert_str_eq(taken, _i == 0 ? LONG "two\n" : LONG "two\nthree\n");
	ck_assert_msg(lost_said == 0 && said[0] == '\0', "%s", said);
	ck_assert((following_file(following, 1) == NULL) == (_i == 0));
	end_place();
}
END_TEST

START_TEST(what_a_stale_file_had_is_told)
{
	begin();
	shell("printf '" LONG "' > %s", path);
	read_all();
	shell("printf 'two\n' >> %s", path);
	look();
	make_stale(0);
	shell("rm %s; printf 'three\n' > %s", path, path);
	read_all();
	now_ms += FOLLOWING_BESIDE_MS;
	read_all();
	ck_assert_str_eq(taken, LONG "three\n");
	ck_assert_uint_eq(lost_said, 1);
	ck_assert_msg(strstr(said, "at least 4 bytes behind them were never read") != NULL, "%s", said);
	end_place();
}
END_TEST

/* What waits for ever, and is not meant. */
START_TEST(a_directory_is_told_with_what_to_give)
{
	begin();
	shell("mkdir %s", path);
	read_all();
	ck_assert_uint_eq(count_said("is a directory; for its files give a pattern"), 1);
	end_place();
}
END_TEST

START_TEST(standard_input_is_no_file)
{
	char dash[] = "-";
	char *names[] = {dash, NULL};
	struct fault fault = {.text = ""};
	begin();
	stop();
	ck_error(following_open(spool_fd, names, &following_calls, &following, &fault), E_USAGE);
	ck_assert_msg(strstr(fault.text, "standard input") != NULL, "%s", fault.text);
	end_place();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("finding");
	tcase_add_loop_test(tcase, a_file_whose_place_cannot_be_read_is_waited_for, 0, 2);
	tcase_add_loop_test(tcase, an_inode_alone_is_no_file, 0, 3);
	tcase_add_loop_test(tcase, a_stale_file_is_looked_for, 0, 2);
	tcase_add_test(tcase, what_a_stale_file_had_is_told);
	tcase_add_test(tcase, a_directory_is_told_with_what_to_give);
	tcase_add_test(tcase, standard_input_is_no_file);
	return unit_run("finding", tcase);
}
