/* One flag for the whole process, which whoever asks takes down. It is asked once before a library is called, to forget
 * what was before, and once behind it; a flag that another thread has raised makes a good result "out of memory", which
 * is tried again, while the other way about a cut-off text would be taken for somebody's words. */
#include "ledger/base/shortage.h"

#include <setjmp.h>
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

/* ---- jansson ---- */

static _Thread_local jmp_buf *way_out; /* of a text that is being read; NULL: none is */

static void *for_jansson(size_t size)
{
	void *memory = shortage_malloc(size);
	if (memory == NULL && way_out != NULL)
		longjmp(*way_out, 1);
	return memory;
}

json_t *shortage_json_load(const char *text, size_t len, size_t flags, json_error_t *detail)
{
	jmp_buf here;
	json_t *volatile json = NULL;
	if (setjmp(here) == 0) {
		way_out = &here;
		json = json_loadb(text, len, flags, detail);
	}
	way_out = NULL;
	return json;
}

/* Before anything of jansson's is made, and so before main. */
__attribute__((constructor)) static void begin(void)
{
	json_set_alloc_funcs(for_jansson, free);
}
