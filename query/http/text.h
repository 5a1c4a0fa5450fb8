/* A JSON text while it is made: written piece by piece, because a tree of the same answer is several times as large and
 * takes ten times as long. What it has of memory is taken from a room (room.h) before it grows. With `gzip` a text that
 * gets longer than TEXT_GZIP_BYTES is compressed as it comes, and takes the memory of what it is compressed to.
 *
 * Values in an object have a name, which needs no escapes; in a list, and at the top, it is NULL. Commas come by
 * themselves. That what is opened is ended is the writer's business, as is that no name comes twice. */
#pragma once

#include "ledger/base/hash.h"
#include "query/http/room.h"

#include <jansson.h>

#define TEXT_GZIP_BYTES (256u << 10)

struct packing;

/* Invariant: `held` is at least `capacity`. */
struct text {
	char *data; /* the caller's, with a NUL behind it, from the first value on */
	size_t len;
	size_t capacity;
	struct room *room; /* or NULL */
	size_t held;       /* of the room */
	enum error error;  /* the first one sticks: E_NO_MEMORY, E_TOO_MANY where there is no room now, E_TOO_LONG
						  where there never is, E_CORRUPT for a string that is not UTF-8 */
	bool gzip;         /* before: may be compressed; when it is done: is */
	struct packing *packing;
};

/* Room for `bytes` more, so that they are not copied when they come; E_TOO_LONG at once where they will never fit. */
void text_grow(struct text *text, size_t bytes);
/* How long it is so far, not compressed. */
size_t text_written(const struct text *text);

void text_object(struct text *text, const char *name);
void text_object_end(struct text *text);
void text_list(struct text *text, const char *name);
void text_list_end(struct text *text);

void text_string(struct text *text, const char *name, struct bytes value);
void text_number(struct text *text, const char *name, uint64_t value);
void text_flag(struct text *text, const char *name, bool value);
void text_null(struct text *text, const char *name);
/* As timestamp_format_s writes it. */
void text_time(struct text *text, const char *name, uint64_t time_s);
/* With the standard alphabet and padding. */
void text_base64(struct text *text, const char *name, struct bytes value);
/* A list of such. */
void text_hashes(struct text *text, const char *name, const struct hash *hashes, size_t count);
/* A value that is JSON already. */
void text_made(struct text *text, const char *name, struct bytes value);
/* `json` is borrowed; NULL is E_NO_MEMORY. */
void text_json(struct text *text, const char *name, const json_t *json);

/* Gives back what it has too much; the first error. */
enum error text_done(struct text *text) MUST_USE;
/* Frees the text and gives back its room. */
void text_release(struct text *text);
