/* Preloaded into a program that is tested: while the file FAILING_WRITE exists the disk is full for it (pwrite and
 * fdatasync: ENOSPC); while FAILING_READ exists read(2) of a file fails (EIO), which pread does not; and while
 * FAILING_STAT leads to a file fstat of it fails (EIO), unless that is what follows a read of it. */
/* Both names of what has two: without this one stands for the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_failing(const char *name)
{
	const char *path = getenv(name);
	int before = errno;
	int failing = path != NULL && access(path, F_OK) == 0;
	errno = before;
	return failing;
}

#define WRAP(result, name, parameters, arguments, fails, number)                             \
	result name parameters;                                                                  \
	result name parameters                                                                   \
	{                                                                                        \
		result(*real) parameters = (result(*) parameters)(uintptr_t)dlsym(RTLD_NEXT, #name); \
		if (fails) {                                                                         \
			errno = number;                                                                  \
			return -1;                                                                       \
		}                                                                                    \
		return real arguments;                                                               \
	}

static int was_read = -1;

static int is_file(int fd)
{
	struct stat info;
	was_read = fd;
	return fstatat(fd, "", &info, AT_EMPTY_PATH) == 0 && S_ISREG(info.st_mode);
}

static int is_lost(int fd)
{
	struct stat info;
	struct stat lost;
	const char *path = getenv("FAILING_STAT");
	int after_read = was_read == fd;
	was_read = -1;
	return !after_read && path != NULL && fstatat(fd, "", &info, AT_EMPTY_PATH) == 0 && stat(path, &lost) == 0 &&
		   info.st_dev == lost.st_dev && info.st_ino == lost.st_ino;
}

WRAP(ssize_t, pwrite, (int fd, const void *data, size_t len, off_t place), (fd, data, len, place),
	is_failing("FAILING_WRITE"), ENOSPC)
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t len, off64_t place), (fd, data, len, place),
	is_failing("FAILING_WRITE"), ENOSPC)
WRAP(int, fdatasync, (int fd), (fd), is_failing("FAILING_WRITE"), ENOSPC)
WRAP(ssize_t, read, (int fd, void *space, size_t len), (fd, space, len), is_file(fd) && is_failing("FAILING_READ"), EIO)
WRAP(int, fstat, (int fd, struct stat *info), (fd, info), is_lost(fd), EIO)
WRAP(int, fstat64, (int fd, struct stat64 *info), (fd, info), is_lost(fd), EIO)
