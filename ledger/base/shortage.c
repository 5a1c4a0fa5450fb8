/* One flag for the whole process, which whoever asks takes down. It is asked once before a library is called, to forget
 * what was before, and once behind it; a flag that another thread has raised makes a good result "out of memory", which
 * is tried again, while the other way about a cut-off text would be taken for somebody's words. */
#include "ledger/base/shortage.h"

#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

static atomic_bool seen;

static void *note(void *memory)
{
	if (memory == NULL)
		atomic_store(&seen, true);
	return memory;
}

bool shortage_seen(void)
{
	return atomic_exchange(&seen, false);
}

/* One byte at least: NULL says that there was no memory, and nothing else. */
void *shortage_malloc(size_t size)
{
	return note(malloc(size > 0 ? size : 1));
}

void *shortage_calloc(size_t count, size_t size)
{
	return note(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *shortage_realloc(void *memory, size_t size)
{
	return note(realloc(memory, size > 0 ? size : 1));
}

char *shortage_strdup(const char *text)
{
	return note(strdup(text));
}

/* Before anything of jansson's is made, and so before main. */
__attribute__((constructor)) static void begin(void)
{
	json_set_alloc_funcs(shortage_malloc, free);
}
