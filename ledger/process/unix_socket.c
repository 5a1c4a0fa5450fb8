#include "ledger/process/unix_socket.h"

#include "ledger/base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* False with ENAMETOOLONG: a name may have some 80 bytes. */
static bool address_of(int dir_fd, const char *name, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	int len = snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
	errno = ENAMETOOLONG;
	return len < (int)sizeof out->sun_path;
}

int unix_connect(int fd, int dir_fd, const char *name)
{
	struct sockaddr_un address;
	return address_of(dir_fd, name, &address) ? connect(fd, (const struct sockaddr *)&address, sizeof address) : -1;
}

static bool may_be_taken(int dir_fd, const char *name)
{
	struct stat info;
	if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	errno = EEXIST;
	return S_ISSOCK(info.st_mode);
}

int unix_listen(int dir_fd, const char *name, mode_t mode, int backlog)
{
	char new_name[128];
	struct sockaddr_un address;
	snprintf(new_name, sizeof new_name, "%.100s.new", name);
	OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || !may_be_taken(dir_fd, name) || !may_be_taken(dir_fd, new_name) ||
		!address_of(dir_fd, new_name, &address))
		return -1;
	unlinkat(dir_fd, new_name, 0); /* of somebody who was killed here */
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return -1;
	if (fchmodat(dir_fd, new_name, mode, 0) != 0 || listen(fd, backlog) != 0 ||
		renameat(dir_fd, new_name, dir_fd, name) != 0) {
		int failed = errno;
		unlinkat(dir_fd, new_name, 0);
		errno = failed;
		return -1;
	}
	int made = fd;
	fd = -1;
	return made;
}
