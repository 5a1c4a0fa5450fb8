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

static _Thread_local jmp_buf *way_out; /* of the call that is guarded; NULL: none is */

/* One byte at least: NULL says that there was no memory, and nothing else. Jansson has this one from whoever comes last
 * before main, us or cjose, which hands on what it is given. */
void *shortage_malloc(size_t size)
{
	void *memory = note(malloc(size > 0 ? size : 1));
	if (memory == NULL && way_out != NULL)
		longjmp(*way_out, 1);
	return memory;
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

bool shortage_guard(void (*call)(void *context), void *context)
{
	jmp_buf here;
	if (setjmp(here) != 0) {
		way_out = NULL;
		return false;
	}
	way_out = &here;
	call(context);
	way_out = NULL;
	return true;
}

struct load {
	const char *text;
	size_t len;
	size_t flags;
	json_error_t *detail;
	json_t *json;
};

static void load(void *context)
{
	struct load *load = context;
	load->json = json_loadb(load->text, load->len, load->flags, load->detail);
}

json_t *shortage_json_load(const char *text, size_t len, size_t flags, json_error_t *detail)
{
	struct load all = {text, len, flags, detail, NULL};
	return shortage_guard(load, &all) ? all.json : NULL;
}

/* Before anything of jansson's is made, and so before main. */
__attribute__((constructor)) static void begin(void)
{
	json_set_alloc_funcs(shortage_malloc, free);
}
