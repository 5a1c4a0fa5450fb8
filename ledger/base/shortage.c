/* One count for the whole process, which only goes up, and in each thread what it was when that thread asked last: so
 * no thread takes away from another what it has to hear of. Whoever calls a library asks once before, to forget what
 * was before, and once behind it; what another thread had no memory for makes a good result "out of memory", which is
 * tried again, while the other way about a cut-off text would be taken for somebody's words. */
#include "ledger/base/shortage.h"

#include <assert.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_ullong failures;
static _Thread_local unsigned long long asked;

static void *note(void *memory)
{
	if (memory == NULL)
		atomic_fetch_add(&failures, 1);
	return memory;
}

bool shortage_seen(void)
{
	unsigned long long before = asked;
	asked = atomic_load(&failures);
	return asked != before;
}

/* ---- what a guarded call holds ---- */

#define HELD_FEW 64u /* slots; a power of two */

/* Addresses of what this thread's guarded call has allocated and not freed, by a hash of them: linear probing, never
 * more than half full. */
static _Thread_local struct {
	jmp_buf *way_out; /* NULL: nothing is guarded */
	void **slots;
	size_t capacity, count;
	void *few[HELD_FEW];
} held;

/* Its slot, or the empty one where it belongs. */
static void **slot_of(const void *memory)
{
	size_t at = (size_t)(((uint64_t)(uintptr_t)memory >> 4) * 0x9E3779B97F4A7C15u >> 32);
	while (held.slots[at & (held.capacity - 1)] != NULL && held.slots[at & (held.capacity - 1)] != memory)
		at++;
	return &held.slots[at & (held.capacity - 1)];
}

static void free_slots(void **slots)
{
	if (slots != held.few)
		free(slots);
}

static bool held_grow(void)
{
	void **old = held.slots;
	size_t count = held.capacity;
	void **slots = calloc(2 * count, sizeof *slots);
	if (slots == NULL)
		return false;
	held.slots = slots;
	held.capacity = 2 * count;
	for (size_t i = 0; i < count; i++)
		if (old[i] != NULL)
			*slot_of(old[i]) = old[i];
	free_slots(old);
	return true;
}

static bool hold(void *memory)
{
	if (2 * (held.count + 1) > held.capacity && !held_grow())
		return false;
	*slot_of(memory) = memory;
	held.count++;
	return true;
}

/* False: it was there before the call. What stands behind it without a gap may belong where it stood. */
static bool let_go(const void *memory)
{
	void **slot = slot_of(memory);
	if (*slot == NULL)
		return false;
	*slot = NULL;
	held.count--;
	for (size_t at = (size_t)(slot - held.slots) + 1; held.slots[at & (held.capacity - 1)] != NULL; at++) {
		void *moved = held.slots[at & (held.capacity - 1)];
		held.slots[at & (held.capacity - 1)] = NULL;
		*slot_of(moved) = moved;
	}
	return true;
}

static void held_end(bool give_back)
{
	held.way_out = NULL;
	for (size_t i = 0; give_back && i < held.capacity; i++)
		free(held.slots[i]);
	free_slots(held.slots);
	held.slots = NULL;
}

bool shortage_guard(void (*call)(void *context), void *context)
{
	jmp_buf here;
	assert(held.way_out == NULL);
	memset(held.few, 0, sizeof held.few);
	held.slots = held.few;
	held.capacity = HELD_FEW;
	held.count = 0;
	held.way_out = &here;
	if (setjmp(here) != 0) {
		held_end(true);
		return false;
	}
	call(context);
	held_end(false);
	return true;
}

/* ---- for libraries ---- */

/* What the guarded call has got, or it is left. */
static void *held_or_left(void *memory)
{
	if (memory != NULL && hold(memory))
		return memory;
	free(memory);
	(void)note(NULL);
	longjmp(*held.way_out, 1);
}

/* One byte at least: NULL says that there was no memory, and nothing else. */
void *shortage_malloc(size_t size)
{
	void *memory = note(malloc(size > 0 ? size : 1));
	return held.way_out != NULL ? held_or_left(memory) : memory;
}

void shortage_free(void *memory)
{
	if (held.way_out != NULL && memory != NULL)
		(void)let_go(memory);
	free(memory);
}

void *shortage_calloc(size_t count, size_t size)
{
	return note(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

/* What was there before the guarded call is not its own, also where it has moved, and stays where it cannot. */
void *shortage_realloc(void *memory, size_t size)
{
	bool own = held.way_out != NULL && (memory == NULL || let_go(memory));
	void *moved = note(realloc(memory, size > 0 ? size : 1));
	if (held.way_out == NULL || (moved != NULL && !own))
		return moved;
	if (moved == NULL && own)
		free(memory);
	return held_or_left(moved);
}

char *shortage_strdup(const char *text)
{
	return note(strdup(text));
}

/* ---- jansson ---- */

/* Before anything of jansson's is made, and so before main. */
__attribute__((constructor)) static void begin(void)
{
	json_set_alloc_funcs(shortage_malloc, shortage_free);
}
