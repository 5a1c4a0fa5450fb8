/* Whether memory was short: libraries that parse and fetch tell it as if the input were at fault ("invalid token"), or
 * do not tell it at all. Their allocations go through here, so that whoever got nothing from them can tell a text that
 * is malformed from one that could not be looked at. Jansson's do from the start of the program, libcurl's when these
 * functions are given to it (ingest/net/web.c). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether one of these allocations has failed since this was last asked. Any thread: what failed in another may be
 * told here too, which errs on the side of "could not be looked at". */
bool shortage_seen(void);

void *shortage_malloc(size_t size);
void *shortage_calloc(size_t count, size_t size);
void *shortage_realloc(void *memory, size_t size);
char *shortage_strdup(const char *text);

/* json_loadb, whose text nothing but this reads: where memory is short jansson (up to 2.14.1 at least) goes on without
 * the sign that it had no room for, and if that is the quotation mark at the end of a string it reads and writes behind
 * its buffer. This one is left at once: NULL, and shortage_seen says why. What had been read by then is not given back.
 */
json_t *shortage_json_load(const char *text, size_t len, size_t flags, json_error_t *detail);
