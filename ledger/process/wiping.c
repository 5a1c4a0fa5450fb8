/* What is freed is wiped. A process that faces the network, and one that holds keys, has questions, tokens, events and
 * what keys were read from in buffers of half a
 * dozen libraries (libevent's, OpenSSL's, zlib's, jansson's), which free them as they are; what lies there would be
 * found in a core dump, or by whoever reads memory through a fault, long after the answer went out. So the one place
 * that all of them come by does it: these take the C library's place in this program.
 *
 * Allocation itself is the C library's, by the names that it has for whoever stands before it. Where those are not
 * known (another C library), nothing is wiped here. */
#include <features.h>

#ifdef __GLIBC__

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void __libc_free(void *memory);
extern void *__libc_realloc(void *memory, size_t len);

void free(void *memory)
{
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	__libc_free(memory);
}

/* What would leave a copy behind is moved by hand. A piece that stays where it is, and one that is given back from its
 * end, is the C library's. */
void *realloc(void *memory, size_t len)
{
	size_t had = memory != NULL ? malloc_usable_size(memory) : 0;
	if (memory == NULL || len == 0)
		return __libc_realloc(memory, len);
	if (len <= had) {
		explicit_bzero((char *)memory + len, had - len);
		return __libc_realloc(memory, len);
	}
	void *moved = malloc(len);
	if (moved != NULL) {
		memcpy(moved, memory, had);
		free(memory);
	}
	return moved;
}

#endif
