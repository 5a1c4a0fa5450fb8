#include "ledger/base/file.h"
#include "ledger/keys/keyfile.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Every read of the project comes here: so many bytes are given, then none. */
static size_t readable = SIZE_MAX;

ssize_t read(int fd, void *buffer, size_t len)
{
	ssize_t n = syscall(SYS_read, fd, buffer, len < readable ? len : readable);
	readable -= n > 0 && readable != SIZE_MAX ? (size_t)n : 0;
	return n;
}

static int temporary_dir(char *path)
{
	strcpy(path, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(a_key_comes_back_as_written)
{
	char path[64];
	int dir = temporary_dir(path);
	struct key key;
	struct key back;
	randombytes_buf(key.b, sizeof key.b);
	ck_ok(keyfile_create(dir, "k", KEYFILE_OWNER, &key, NULL));
	ck_ok(keyfile_read(dir, "k", KEYFILE_OWNER, &back, NULL));
	ck_assert_mem_eq(key.b, back.b, sizeof key.b);
	struct stat info;
	ck_assert_int_eq(fstatat(dir, "k", &info, 0), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	ck_error(keyfile_create(dir, "k", KEYFILE_OWNER, &key, NULL), E_EXISTS);
	unlinkat(dir, "k", 0);
	rmdir(path);
}
END_TEST

/* STO-1 */
START_TEST(what_is_no_key_is_refused)
{
	char path[64];
	int dir = temporary_dir(path);
	struct key key = {{1}};
	struct fault fault;
	ck_error(keyfile_read(dir, "none", KEYFILE_OWNER, &key, &fault), E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fault.text, "none"));
	ck_ok(keyfile_create(dir, "k", KEYFILE_OWNER, &key, NULL));
	fchmodat(dir, "k", 0640, 0);
	ck_error(keyfile_read(dir, "k", KEYFILE_OWNER, &key, &fault), E_PERMISSION);
	ck_ok(file_write_atomic(dir, "k", BYTES_LITERAL("00ff\n"), 0600));
	ck_error(keyfile_read(dir, "k", KEYFILE_OWNER, &key, NULL), E_BAD_KEY);
	char zeros[65 + 1];
	memset(zeros, '0', 64);
	zeros[64] = '\n';
	zeros[65] = '\n';
	ck_ok(file_write_atomic(dir, "k", bytes_of(zeros, 66), 0600));
	ck_error(keyfile_read(dir, "k", KEYFILE_OWNER, &key, NULL), E_BAD_KEY);
	ck_ok(file_write_atomic(dir, "k", bytes_of(zeros, 65), 0600));
	ck_ok(keyfile_read(dir, "k", KEYFILE_OWNER, &key, NULL));
	ck_assert_int_eq(key.b[0], 0);
	unlinkat(dir, "k", 0);
	rmdir(path);
}
END_TEST

/* A directory that was given to a group hands it on: what that group may read by its role it may, and nothing more.
 * STO-63 */
START_TEST(a_group_reads_what_it_was_given)
{
	char path[64];
	int dir = temporary_dir(path);
	struct key key = {{1}};
	struct stat info;
	ck_assert_int_eq(fchmod(dir, 02750), 0);
	ck_ok(keyfile_create(dir, "k", KEYFILE_GROUP, &key, NULL));
	ck_assert_int_eq(fstatat(dir, "k", &info, 0), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0640);
	ck_ok(keyfile_read(dir, "k", KEYFILE_GROUP, &key, NULL));
	ck_error(keyfile_read(dir, "k", KEYFILE_OWNER, &key, NULL), E_PERMISSION);
	static const mode_t too_much[] = {0660, 0644, 0641, 0650};
	for (size_t i = 0; i < sizeof too_much / sizeof too_much[0]; i++) {
		fchmodat(dir, "k", too_much[i], 0);
		ck_error(keyfile_read(dir, "k", KEYFILE_GROUP, &key, NULL), E_PERMISSION);
	}
	fchmodat(dir, "k", 0640, 0);
	ck_assert_int_eq(fchmod(dir, 0750), 0); /* nobody gave it to anybody */
	ck_error(keyfile_read(dir, "k", KEYFILE_GROUP, &key, NULL), E_PERMISSION);
	if (geteuid() == 0) { /* of another group than the directory's */
		ck_assert_int_eq(fchownat(dir, "k", 0, 12345, 0), 0);
		ck_assert_int_eq(fchmodat(dir, "k", 0640, 0), 0);
		ck_assert_int_eq(fchmod(dir, 02750), 0);
		ck_error(keyfile_read(dir, "k", KEYFILE_GROUP, &key, NULL), E_PERMISSION);
	}
	ck_ok(keyfile_create(dir, "log", KEYFILE_OWNER, &key, NULL));
	ck_assert_int_eq(fstatat(dir, "log", &info, 0), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	unlinkat(dir, "k", 0);
	unlinkat(dir, "log", 0);
	rmdir(path);
}
END_TEST

START_TEST(files_are_written_whole)
{
	char path[64];
	int dir = temporary_dir(path);
	uint8_t *content = NULL;
	size_t len = 0;
	ck_error(file_read_all(dir, "f", 10, &content, &len), E_NOT_FOUND);
	ck_ok(file_write_atomic(dir, "f", BYTES_LITERAL("hello"), 0644));
	ck_error(file_read_all(dir, "f", 4, &content, &len), E_TOO_LONG);
	ck_ok(file_read_all(dir, "f", 5, &content, &len));
	ck_assert_uint_eq(len, 5);
	ck_assert_str_eq((char *)content, "hello");
	free(content);
	unlinkat(dir, "f", 0);
	rmdir(path);
}
END_TEST

/* What cannot be read is not judged, and the system's reason is told. */
START_TEST(reads_that_fail)
{
	char path[64];
	int dir = temporary_dir(path);
	struct key key = {{1}};
	struct fault fault;
	uint8_t *content;
	size_t len;
	ck_ok(keyfile_create(dir, "k", KEYFILE_OWNER, &key, NULL));
	for (size_t given = 0; given < 65; given += 13) {
		readable = given;
		ck_error(keyfile_read(dir, "k", KEYFILE_OWNER, &key, &fault), E_IO);
		ck_assert_msg(strstr(fault.text, "Input/output error") != NULL, "%s", fault.text);
		errno = 0;
		readable = given;
		ck_error(file_read_all(dir, "k", 100, &content, &len), E_IO);
		ck_assert_str_eq(error_reason(E_IO), "Input/output error");
	}
	readable = SIZE_MAX;
	ck_ok(keyfile_read(dir, "k", KEYFILE_OWNER, &key, &fault));
	ck_assert_int_eq(mkdirat(dir, "d", 0700), 0);
	ck_error(keyfile_read(dir, "d", KEYFILE_OWNER, &key, &fault), E_IO);
	ck_assert_msg(strstr(fault.text, "Is a directory") != NULL, "%s", fault.text);
	unlinkat(dir, "k", 0);
	unlinkat(dir, "d", AT_REMOVEDIR);
	rmdir(path);
}
END_TEST

UNIT_MAIN("keyfile", reads_that_fail, a_key_comes_back_as_written, what_is_no_key_is_refused,
	a_group_reads_what_it_was_given, files_are_written_whole)
