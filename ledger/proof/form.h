/* Reading closed JSON: an object has exactly the members that its format gives it, bytes are in canonical base64,
 * numbers are whole and not negative, times have one spelling.
 *
 * The first thing that is wrong sticks, as with every cursor. What is missing or of another type yields 0, an empty
 * range or something without members, so the code in between needs no checks to be safe, and the reader asks once at
 * the end (form_done). What is decoded goes
 * into one block as large as the text: decoded bytes are shorter than the text they come from, and each is decoded
 * once.
 *
 * Names of parts and members in a finding are those of the format, never those of the file. */
#pragma once

#include "ledger/log/finding.h"
#include "ledger/tree/merkle.h"

#include <jansson.h>

struct form {
	json_t *document;
	uint8_t *memory; /* owned: everything that was decoded */
	size_t used;
	size_t capacity;
	const char *part; /* what is being read, for the finding */
	uint64_t item;    /* which of them, or FINDING_NO_INDEX */
	struct finding *finding;
	enum error error; /* the first one, or E_OK */
};

/* The member `type` of the JSON object that the text begins with, however it is spelled; nothing else is judged. One
 * that is no text, or longer than any of this project's, is empty. E_NOT_FOUND: there is none; E_BAD_VALUE: no object;
 * E_NO_MEMORY. */
#define FORM_TYPE_MAX 31
enum error form_type(struct bytes text, char out[FORM_TYPE_MAX + 1]) MUST_USE;

/* Parses the text: one JSON value, no duplicate members, at most `bytes_max`. E_BAD_VALUE (and the finding),
 * E_NO_MEMORY. On success the caller calls form_close. */
enum error form_open(struct bytes text, size_t bytes_max, struct form *out, struct finding *finding) MUST_USE;
/* Frees the document and, unless it was taken over, the memory. */
void form_close(struct form *form);
/* The decoded bytes are the caller's from here on, to free(). */
uint8_t *form_take(struct form *form);
/* The first error. */
enum error form_done(const struct form *form) MUST_USE;

/* Names the part that is read next. */
void form_part(struct form *form, const char *part, uint64_t item);
void form_fail(struct form *form, const char *member, const char *why);

/* The members that `object` must have, separated by spaces; one with '?' before it may be missing. Anything else is a
 * failure, so is something that is no object. */
void form_members(struct form *form, const json_t *object, const char *names);

bool form_has(const json_t *object, const char *name);
/* The object that is the document's member `name`, which is the part that is read next. */
const json_t *form_enter(struct form *form, const char *name);
/* Zeroed room for `count` items, to free(); NULL after a failure. */
void *form_room(struct form *form, size_t count, size_t size);
/* Objects and arrays, at most `max` elements; after a failure an array is empty, and an object that is none has no
 * members. */
const json_t *form_object(struct form *form, const json_t *object, const char *name);
const json_t *form_array(struct form *form, const json_t *object, const char *name, size_t max);
uint64_t form_number(struct form *form, const json_t *object, const char *name);
bool form_bool(struct form *form, const json_t *object, const char *name);
/* Borrowed from the document. */
struct bytes form_text(struct form *form, const json_t *object, const char *name, size_t max);
/* The text must be `wanted`. */
void form_constant(struct form *form, const json_t *object, const char *name, const char *wanted);
/* Seconds since 1970, spelled as timestamp_format_s does. */
uint64_t form_time(struct form *form, const json_t *object, const char *name);
/* Decoded base64: borrowed from `memory`, or copied into `out`. */
struct bytes form_bytes(struct form *form, const json_t *object, const char *name, size_t max);
void form_fixed(struct form *form, const json_t *object, const char *name, void *out, size_t len);

/* Hashes next to each other, borrowed from `memory`. */
struct hashes {
	const struct hash *at;
	size_t count;
};

struct hashes form_hashes(struct form *form, const json_t *object, const char *name, size_t max);
/* The same for a list that stands alone. */
struct hashes form_hash_list(struct form *form, const json_t *list, const char *name, size_t max);
