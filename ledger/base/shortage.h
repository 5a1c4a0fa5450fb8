/* Whether memory was short: libraries that parse and fetch tell it as if the input were at fault ("invalid token"), or
 * do not tell it at all. Their allocations go through here, so that whoever got nothing from them can tell a text that
 * is malformed from one that could not be looked at. Jansson's do from the start of the program, libcurl's when these
 * functions are given to it (ingest/net/web.c). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether one of these allocations has failed since this thread last asked, or ever, if it never did. What failed in
 * another thread is told here too: libcurl has threads of its own that work for this one, and else it errs on the side
 * of "could not be looked at". What one thread is told, others are told all the same. */
bool shortage_seen(void);

void *shortage_malloc(size_t size);
void shortage_free(void *memory);
void *shortage_calloc(size_t count, size_t size);
void *shortage_realloc(void *memory, size_t size);
char *shortage_strdup(const char *text);

/* Calls it, and leaves it at once where shortage_malloc or shortage_realloc have nothing for it: then false, also told
 * by shortage_seen, and what it had of them and not given to shortage_free is freed. For what reads JSON: without
 * memory for the next sign of a string jansson (up to 2.14.1 at least) goes on without it, and if that is the quotation
 * mark at its end it reads and writes behind its buffer.
 *
 * Not within another, and only around calls that hold no lock. Until it ends, what it has from here must hang in
 * nothing that outlives it when it is left (a global, a thread-local, an older container: OpenSSL has all of these),
 * and is freed by shortage_free alone, in this thread: else it would be freed once more. */
bool shortage_guard(void (*call)(void *context), void *context);
