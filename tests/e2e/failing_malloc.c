/* Preloaded into a program that is tested: the FAILING_MALLOC_AT-th allocation fails, and no other. The file
 * FAILING_MALLOC_MARK is made then, so that whoever runs it learns when there were fewer. Allocations are counted in
 * all threads and in children. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static atomic_ulong count;
static unsigned long at;
static const char *mark;
static bool counting;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static int (*real_main)(int, char **, char **);

/* jansson 2.14 (Debian 12) follows a null pointer where memory ends in the middle of a long text that it reads: it says
 * nothing of the program that calls it, which has no say in it, and counts as "no memory". Any other crash is a crash.
 */
static void on_crash(int number, siginfo_t *about, void *context)
{
	(void)about;
	Dl_info where = {.dli_fname = NULL};
#ifdef __x86_64__
	const ucontext_t *at_crash = context;
	(void)dladdr((const void *)(uintptr_t)at_crash->uc_mcontext.gregs[REG_RIP], &where);
#else
	(void)context;
#endif
	if (where.dli_fname != NULL && strstr(where.dli_fname, "libjansson") != NULL)
		_exit(4);
	signal(number, SIG_DFL); /* it happens again at once, and ends the program as it would have */
}

/* Counting begins where the program does: what libraries do while they are loaded is theirs, and some wait for ever
 * when that fails. */
static int counted_main(int argc, char **argv, char **environment)
{
	const char *text = getenv("FAILING_MALLOC_AT");
	mark = getenv("FAILING_MALLOC_MARK");
	at = text ? strtoul(text, NULL, 10) : 0;
	const struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO};
	sigaction(SIGSEGV, &crash, NULL);
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
