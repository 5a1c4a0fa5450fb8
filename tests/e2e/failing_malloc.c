/* Preloaded into a program that is tested: the FAILING_MALLOC_AT-th allocation fails, and no other. The file
 * FAILING_MALLOC_MARK is made then, so that whoever runs it learns when there were fewer. Allocations are counted in
 * all threads and in children. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_ulong count;
static unsigned long at;
static const char *mark;
static bool counting;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static int (*real_main)(int, char **, char **);

/* Counting begins where the program does: what libraries do while they are loaded is theirs, and some wait for ever
 * when that fails. */
static int counted_main(int argc, char **argv, char **environment)
{
	const char *text = getenv("FAILING_MALLOC_AT");
	mark = getenv("FAILING_MALLOC_MARK");
	at = text ? strtoul(text, NULL, 10) : 0;
	counting = true;
	return real_main(argc, argv, environment);
}

typedef int start(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
	void (*rtld_fini)(void), void *stack_end);

start __libc_start_main;
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
	void (*rtld_fini)(void), void *stack_end)
{
	start *real = (start *)(uintptr_t)dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = main;
	return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

static bool fails(void)
{
	if (!counting || at == 0 || atomic_fetch_add(&count, 1) + 1 != at)
		return false;
	int fd = mark ? open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		close(fd);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
	return fails() ? NULL : __libc_calloc(items, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}
