/* Preloaded into a program that is tested: while the file FAILING_WRITE exists the disk is full for it (pwrite and
 * fdatasync: ENOSPC), and while FAILING_READ exists read(2) of a file fails (EIO), which pread does not. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
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

static int is_file(int fd)
{
	struct stat info;
	return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

WRAP(ssize_t, pwrite, (int fd, const void *data, size_t len, off_t place), (fd, data, len, place),
	is_failing("FAILING_WRITE"), ENOSPC)
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t len, off64_t place), (fd, data, len, place),
	is_failing("FAILING_WRITE"), ENOSPC)
WRAP(int, fdatasync, (int fd), (fd), is_failing("FAILING_WRITE"), ENOSPC)
WRAP(ssize_t, read, (int fd, void *space, size_t len), (fd, space, len), is_failing("FAILING_READ") && is_file(fd), EIO)
