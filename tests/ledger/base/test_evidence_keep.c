#include "ledger/base/evidence.h"
#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

START_TEST(the_first_evidence_stays_and_is_its_owners)
{
	char dir[] = "/tmp/indsigt-evidence-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(dir));
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWNED_FD folder_fd = evidence_folder(dir_fd);
	ck_assert_int_ge(folder_fd, 0);
	ck_ok(evidence_keep(folder_fd, "fork-1-2", BYTES_LITERAL("first")));
	ck_ok(evidence_keep(folder_fd, "fork-1-2", BYTES_LITERAL("second")));
	OWNED_FD again_fd = evidence_folder(dir_fd);
	OWNED_MEMORY uint8_t *content = NULL;
	size_t len = 0;
	struct stat info;
	ck_ok(file_read_all(again_fd, "fork-1-2", 100, &content, &len));
	ck_assert_uint_eq(len, 5);
	ck_assert_mem_eq(content, "first", 5);
	ck_assert_int_eq(fstatat(folder_fd, "fork-1-2", &info, 0), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0600);
	ck_assert_int_eq(fstat(folder_fd, &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0700);
	ck_assert_int_eq(unlinkat(folder_fd, "fork-1-2", 0), 0);
	ck_assert_int_eq(unlinkat(dir_fd, EVIDENCE_FOLDER, AT_REMOVEDIR), 0);
	ck_assert_int_eq(evidence_folder(-1), -1);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

UNIT_MAIN("evidence_keep", the_first_evidence_stays_and_is_its_owners)
