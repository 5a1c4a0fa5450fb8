/* Preloaded into a program that is tested: the FAILING_MALLOC_AT-th allocation fails, and no other. The file
 * FAILING_MALLOC_MARK is made then, so that whoever runs it learns when there were fewer. Allocations are counted in
 * all threads and in children. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_ulong count;
static unsigned long at;
static const char *mark;
static bool counting;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAILING_MALLOC_AT");
	mark = getenv("FAILING_MALLOC_MARK");
	at = text ? strtoul(text, NULL, 10) : 0;
	counting = true;
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
