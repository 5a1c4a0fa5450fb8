/* A file that is written whole is there after a power cut: it is synced, and so is the directory that it has its name
 * in, wherever that is. */
#include "ledger/base/file.h"

#include "ledger/base/own.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct place place;
static char synced[4][PATH_BYTES_MAX]; /* the last is what was synced last */
static size_t synced_count;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	char link[64];
	ck_assert_uint_lt(synced_count, 4);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, synced[synced_count], PATH_BYTES_MAX - 1);
	ck_assert_int_gt(len, 0);
	synced[synced_count++][len] = '\0';
	return __real_fsync(fd);
}

static void check_write(int dir_fd, const char *name, const char *directory)
{
	uint8_t *content = NULL;
	size_t len;
	synced_count = 0;
	ck_ok(file_write_atomic(dir_fd, name, bytes_text("whole"), 0600));
	ck_assert_uint_eq(synced_count, 2);
	ck_assert_ptr_nonnull(strstr(synced[0], ".tmp"));
	ck_assert_str_eq(synced[1], directory);
	ck_ok(file_read_all(dir_fd, name, 100, &content, &len));
	ck_assert(len == 5 && memcmp(content, "whole", 5) == 0);
	free(content);
}

START_TEST(a_file_and_its_directory_are_synced)
{
	char dir[80];
	char inner[120];
	char path[160];
	place_make(&place);
	ck_assert_ptr_nonnull(realpath(place.path, dir));
	snprintf(inner, sizeof inner, "%s/inner", dir);
	snprintf(path, sizeof path, "%s/file", inner);
	ck_assert_int_eq(mkdir(inner, 0700), 0);
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check_write(dir_fd, "file", dir);
	check_write(dir_fd, "inner/file", inner);
	check_write(AT_FDCWD, path, inner);
	close(dir_fd);
	place_remove(&place);
}
END_TEST

/* As long as a system takes it. */
START_TEST(a_long_path_is_no_reason)
{
	char path[1000];
	place_make(&place);
	int len = snprintf(path, sizeof path, "%s", place.path);
	for (int i = 0; i < 3; i++) {
		len += snprintf(path + len, sizeof path - (size_t)len, "/%0200d", i);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	snprintf(path + len, sizeof path - (size_t)len, "/file");
	synced_count = 0;
	ck_ok(file_write_atomic(AT_FDCWD, path, bytes_text("whole"), 0600));
	place_remove(&place);
}
END_TEST

/* With its end mark it fits, or it is none. */
START_TEST(a_name_is_looked_for_in_its_directory)
{
	char path[PATH_BYTES_MAX];
	char dir[PATH_BYTES_MAX];
	place_make(&place);
	memset(dir, 'd', sizeof dir);
	dir[PATH_BYTES_MAX - 3] = '\0';
	ck_ok(file_path(dir, "f", path));
	ck_assert_uint_eq(strlen(path), PATH_BYTES_MAX - 1);
	ck_error(file_path(dir, "fi", path), E_TOO_LONG);
	ck_assert(!file_is_there(dir, "fi"));
	ck_assert(!file_is_there(place.path, "inner"));
	ck_ok(file_path(place.path, "inner", path));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert(file_is_there(place.path, "inner"));
	place_remove(&place);
}
END_TEST

/* A part that is exchanged for a link leads nobody elsewhere, wherever it stands. */
START_TEST(a_folder_is_found_through_no_link)
{
	char path[PATH_BYTES_MAX];
	place_make(&place);
	OWNED_FD dir = open(place.path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(mkdirat(dir, "keys", 0700) | mkdirat(dir, "keys/env", 0700), 0);
	OWNED_FD good = file_open_folder(dir, "keys/env");
	OWNED_FD here = file_open_folder(dir, ".");
	ck_assert_int_ge(good, 0);
	ck_assert_int_ge(here, 0);
	ck_ok(file_path(place.path, "keys", path));
	ck_assert_int_eq(symlinkat(path, dir, "first") | symlinkat("env", dir, "keys/last"), 0);
	ck_assert_int_eq(file_open_folder(dir, "first"), -1);
	ck_assert_int_eq(file_open_folder(dir, "first/env"), -1);
	ck_assert_int_eq(file_open_folder(dir, "keys/last"), -1);
	ck_assert_int_eq(file_open_folder(dir, "keys/none"), -1);
	ck_assert_int_eq(errno, ENOENT);
	place_remove(&place);
}
END_TEST

/* A pipe that nobody writes to keeps nobody waiting. */
START_TEST(a_pipe_is_no_file)
{
	uint8_t *content = NULL;
	size_t len;
	place_make(&place);
	OWNED_FD dir = open(place.path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(mkfifoat(dir, "key", 0600), 0);
	ck_assert_int_eq(file_read_all(dir, "key", 100, &content, &len), E_IO);
	place_remove(&place);
}
END_TEST

UNIT_MAIN("file", a_file_and_its_directory_are_synced, a_long_path_is_no_reason, a_name_is_looked_for_in_its_directory,
	a_folder_is_found_through_no_link, a_pipe_is_no_file)
