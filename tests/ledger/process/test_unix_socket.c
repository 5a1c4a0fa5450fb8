/* Sockets by name: who sees one can connect, in a directory however deep. */
#include "ledger/process/unix_socket.h"

#include "ledger/base/own.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static struct place place;
static int dir_fd;
static bool named; /* when listen was called */

static void setup(void)
{
	place_make(&place);
	dir_fd = open(place.path, O_RDONLY | O_DIRECTORY);
	for (int depth = 0; depth < 8; depth++) { /* longer than sun_path */
		ck_assert_int_eq(mkdirat(dir_fd, "a-directory-of-some-length", 0700), 0);
		int below = openat(dir_fd, "a-directory-of-some-length", O_RDONLY | O_DIRECTORY);
		close(dir_fd);
		dir_fd = below;
	}
}

static void teardown(void)
{
	close(dir_fd);
	place_remove(&place);
}

/* 0, or errno. */
static int call(void)
{
	OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return unix_connect(fd, dir_fd, "s") == 0 ? 0 : errno;
}

START_TEST(it_has_its_name_and_mode)
{
	struct stat info;
	setup();
	OWNED_FD fd = unix_listen(dir_fd, "s", 0660, 5);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(call(), 0);
	ck_assert_int_eq(fstatat(dir_fd, "s", &info, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(info.st_mode & 07777, 0660);
	ck_assert_int_eq(fstatat(dir_fd, "s.new", &info, 0), -1);
	teardown();
}
END_TEST

START_TEST(a_socket_gives_way_and_a_file_does_not)
{
	setup();
	ck_assert_int_eq(call(), ENOENT);
	int left = unix_listen(dir_fd, "s", 0600, 5);
	close(left);
	ck_assert_int_eq(call(), ECONNREFUSED);
	OWNED_FD fd = unix_listen(dir_fd, "s", 0600, 5);
	ck_assert_int_eq(call(), 0);
	ck_assert_int_eq(unlinkat(dir_fd, "s", 0), 0);
	OWNED_FD file = openat(dir_fd, "s", O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(unix_listen(dir_fd, "s", 0600, 5), -1);
	ck_assert_int_eq(errno, EEXIST);
	teardown();
}
END_TEST

/* Stands before the C library's. Whoever sees the name can connect: nothing has it before there is a listener. */
int listen(int fd, int backlog)
{
	named = faccessat(dir_fd, "s", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return (int)syscall(SYS_listen, fd, backlog);
}

START_TEST(whoever_sees_it_can_connect)
{
	setup();
	named = true;
	OWNED_FD fd = unix_listen(dir_fd, "s", 0600, 5);
	ck_assert_int_ge(fd, 0);
	ck_assert(!named);
	ck_assert_int_eq(call(), 0);
	teardown();
}
END_TEST

UNIT_MAIN("unix_socket", it_has_its_name_and_mode, a_socket_gives_way_and_a_file_does_not, whoever_sees_it_can_connect)
