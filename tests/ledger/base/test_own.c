#include "ledger/base/own.h"
#include "tests/lib/unit.h"

/* They are let go of with a descriptor that is closed already, so that closing fails with EBADF. */
START_TEST(the_reason_of_an_error_outlives_what_was_opened)
{
	int fd = dup(STDERR_FILENO);
	close(fd);
	errno = ENOSPC;
	{
		OWNED_FD file = fd;
	}
	ck_assert_int_eq(errno, ENOSPC);
	DIR *opened = opendir(".");
	ck_assert_ptr_nonnull(opened);
	close(dirfd(opened));
	errno = ENOSPC;
	{
		OWNED_DIR *dir = opened;
	}
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

UNIT_MAIN("own", the_reason_of_an_error_outlives_what_was_opened)
