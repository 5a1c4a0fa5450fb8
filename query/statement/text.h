/* A long JSON text while it is made: written piece by piece, because a tree of a large answer is several times as large
 * as its text. What it has of memory is taken from a room (room.h) before it grows. */
#pragma once

#include "ledger/base/bytes.h"
#include "query/http/room.h"

#include <jansson.h>

/* Invariant: `held` is at least `capacity` and `beside` together. */
struct text {
	char *data; /* the caller's, with a NUL behind it; see text_take */
	size_t len;
	size_t capacity;
	struct room *room; /* or NULL */
	size_t held;       /* of the room */
	size_t beside;     /* of that, for what is in memory beside the text (text_reserve) */
	enum error error;  /* the first one sticks: E_NO_MEMORY, E_TOO_MANY where there is no room now,
						  E_TOO_LONG where there never is */
};

/* Room for `bytes` more, so that they are not copied when they come. */
void text_grow(struct text *text, size_t bytes);
/* Takes room for `bytes` of other memory that is needed until the text is done. */
void text_reserve(struct text *text, size_t bytes);
void text_add(struct text *text, const char *piece);
/* {"name":"BASE64"} without the braces; `name` needs no escapes. */
void text_base64(struct text *text, const char *name, struct bytes value);
void text_number(struct text *text, const char *name, uint64_t value);
void text_json(struct text *text, const json_t *json);
/* Gives back what it has too much; the first error. */
enum error text_done(struct text *text) MUST_USE;
/* Frees the text and gives back its room. */
void text_release(struct text *text);
