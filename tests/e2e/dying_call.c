/* Preloaded into a program that is tested: the process is killed before its DYING_CALL_AT-th call of a function that
 * changes something on the disk, or opens or maps a file; or gets the signal DYING_CALL_SIGNAL there, and goes on if
 * that was SIGSTOP. Calls are counted in all threads; children die as their parent does. */
/* Both names of what has two: without this one stands for the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_ulong count;
static unsigned long at;
static int number = SIGKILL;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("DYING_CALL_AT");
	const char *other = getenv("DYING_CALL_SIGNAL");
	at = text ? strtoul(text, NULL, 10) : 0;
	number = other ? atoi(other) : SIGKILL;
}

static void *next_call(const char *name)
{
	if (at != 0 && atomic_fetch_add(&count, 1) + 1 == at) {
		kill(getpid(), number);
		while (number != SIGSTOP)
			pause();
	}
	return dlsym(RTLD_NEXT, name);
}

#define WRAP(result, name, parameters, arguments)                                     \
	result name parameters;                                                           \
	result name parameters                                                            \
	{                                                                                 \
		result(*real) parameters = (result(*) parameters)(uintptr_t)next_call(#name); \
		return real arguments;                                                        \
	}

/* The mode is an argument that is not always there, and may be read all the same: it is passed on as it is. */
#define WRAP_OPEN(name, first, passed)                                                \
	int name(first const char *path, int flags, ...);                                 \
	int name(first const char *path, int flags, ...)                                  \
	{                                                                                 \
		va_list list;                                                                 \
		va_start(list, flags);                                                        \
		unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, unsigned) : 0; \
		va_end(list);                                                                 \
		int (*real)(first const char *, int, ...) =                                   \
			(int (*)(first const char *, int, ...))(uintptr_t)next_call(#name);       \
		return real(passed path, flags, mode);                                        \
	}

#define NOTHING
#define AT_FD int dir_fd,
#define PASSED_FD dir_fd,

WRAP_OPEN(open, NOTHING, NOTHING)
WRAP_OPEN(open64, NOTHING, NOTHING)
WRAP_OPEN(openat, AT_FD, PASSED_FD)
WRAP_OPEN(openat64, AT_FD, PASSED_FD)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
WRAP(int, rename, (const char *from, const char *to), (from, to))
WRAP(int, renameat, (int from_dir, const char *from, int to_dir, const char *to), (from_dir, from, to_dir, to))
WRAP(int, renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
	(from_dir, from, to_dir, to, flags))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
WRAP(ssize_t, pwrite, (int fd, const void *data, size_t len, off_t place), (fd, data, len, place))
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t len, off64_t place), (fd, data, len, place))
WRAP(ssize_t, writev, (int fd, const struct iovec *parts, int len), (fd, parts, len))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, ftruncate, (int fd, off_t len), (fd, len))
WRAP(int, ftruncate64, (int fd, off64_t len), (fd, len))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(void *, mmap, (void *address, size_t len, int protection, int flags, int fd, off_t place),
	(address, len, protection, flags, fd, place))
WRAP(void *, mmap64, (void *address, size_t len, int protection, int flags, int fd, off64_t place),
	(address, len, protection, flags, fd, place))
