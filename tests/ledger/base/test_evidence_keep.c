#include "ledger/base/evidence.h"
#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/indsigt-evidence-XXXXXX";
static int dir_fd;
static int folder_fd;

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder_fd = evidence_folder(dir_fd);
	ck_assert_int_ge(folder_fd, 0);
}

static void end(void)
{
	(void)unlinkat(folder_fd, "fork-1-2", 0);
	(void)unlinkat(folder_fd, "fork-1-2.newest", 0);
	ck_assert_int_eq(unlinkat(dir_fd, EVIDENCE_FOLDER, AT_REMOVEDIR), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	close(folder_fd);
	close(dir_fd);
}

static void keep(const char *content, const char *kept_as)
{
	char name[32] = "fork-1-2";
	ck_ok(evidence_keep(folder_fd, name, sizeof name, bytes_text(content)));
	ck_assert_str_eq(name, kept_as);
}

static void holds(const char *name, const char *content)
{
	OWNED_MEMORY uint8_t *there = NULL;
	size_t len = 0;
	struct stat info;
	ck_ok(file_read_all(folder_fd, name, 100, &there, &len));
	ck_assert(bytes_equal(bytes_of(there, len), bytes_text(content)));
	ck_assert_int_eq(fstatat(folder_fd, name, &info, 0), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0600);
}

START_TEST(the_first_and_the_newest_are_kept)
{
	begin();
	keep("first", "fork-1-2");
	keep("first", "fork-1-2"); /* nothing new */
	ck_assert_int_ne(faccessat(folder_fd, "fork-1-2.newest", F_OK, 0), 0);
	keep("second", "fork-1-2.newest");
	keep("third", "fork-1-2.newest");
	keep("third", "fork-1-2.newest");
	keep("first", "fork-1-2");
	holds("fork-1-2", "first");
	holds("fork-1-2.newest", "third");
	end();
}
END_TEST

/* A file of that name is no evidence of anything by itself. */
START_TEST(what_has_the_name_is_not_taken_for_it)
{
	begin();
	OWNED_FD empty = openat(folder_fd, "fork-1-2", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(empty, 0);
	keep("evidence", "fork-1-2.newest");
	holds("fork-1-2.newest", "evidence");
	ck_assert_int_eq(unlinkat(folder_fd, "fork-1-2", 0), 0);
	ck_assert_int_eq(symlinkat("nowhere", folder_fd, "fork-1-2"), 0);
	keep("other", "fork-1-2.newest");
	holds("fork-1-2.newest", "other");
	char narrow[] = "fork-1-2";
	ck_error(evidence_keep(folder_fd, narrow, sizeof narrow, BYTES_LITERAL("more")), E_TOO_LONG);
	end();
}
END_TEST

START_TEST(evidence_is_its_owners)
{
	struct stat info;
	begin();
	ck_assert_int_eq(fstat(folder_fd, &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0700);
	OWNED_FD again_fd = evidence_folder(dir_fd);
	ck_assert_int_ge(again_fd, 0);
	ck_assert_int_eq(evidence_folder(-1), -1);
	end();
}
END_TEST

UNIT_MAIN(
	"evidence_keep", the_first_and_the_newest_are_kept, what_has_the_name_is_not_taken_for_it, evidence_is_its_owners)
