/* First the room, then the memory: what is not given does not grow. The first error sticks and further additions do
 * nothing, so who writes a long text asks once, now and then. Why there is no room is told apart: E_TOO_MANY passes
 * when other answers are taken, E_TOO_LONG never does. */
#include "query/statement/text.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 4096u

static enum error why_not(const struct text *text, size_t bytes)
{
	return room_possible(text->room, bytes) ? E_TOO_MANY : E_TOO_LONG;
}

static bool set_capacity(struct text *text, size_t capacity)
{
	if (!room_set(text->room, &text->held, capacity + text->beside)) {
		text->error = why_not(text, capacity + text->beside);
		return false;
	}
	char *larger = realloc(text->data, capacity);
	if (larger == NULL) {
		text->error = E_NO_MEMORY;
		return false;
	}
	text->data = larger;
	text->capacity = capacity;
	assert(text->len < capacity && text->held >= capacity + text->beside);
	return true;
}

/* Makes sure that `bytes` and a NUL fit. Large ones grow by a quarter: they are moved as pages, not copied. */
static bool make_room(struct text *text, size_t bytes)
{
	if (text->error != E_OK)
		return false;
	if (text->len + bytes < text->capacity)
		return true;
	size_t more = text->capacity / 4 > FIRST_BYTES ? text->capacity / 4 : FIRST_BYTES;
	return set_capacity(text, text->len + bytes + more);
}

void text_grow(struct text *text, size_t bytes)
{
	if (text->error == E_OK && text->len + bytes >= text->capacity)
		set_capacity(text, text->len + bytes + 1);
}

void text_reserve(struct text *text, size_t bytes)
{
	if (text->error != E_OK)
		return;
	if (room_set(text->room, &text->held, text->capacity + text->beside + bytes))
		text->beside += bytes;
	else
		text->error = why_not(text, text->capacity + text->beside + bytes);
}

static void add(struct text *text, const char *piece, size_t len)
{
	if (!make_room(text, len))
		return;
	memcpy(text->data + text->len, piece, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_add(struct text *text, const char *piece)
{
	add(text, piece, strlen(piece));
}

static void add_name(struct text *text, const char *name)
{
	add(text, "\"", 1);
	text_add(text, name);
	add(text, "\":", 2);
}

void text_base64(struct text *text, const char *name, struct bytes value)
{
	size_t len = (value.len + 2) / 3 * 4;
	add_name(text, name);
	add(text, "\"", 1);
	if (!make_room(text, len + 1))
		return;
	sodium_bin2base64(text->data + text->len, len + 1, value.data, value.len, sodium_base64_VARIANT_ORIGINAL);
	text->len += len;
	add(text, "\"", 1);
}

void text_number(struct text *text, const char *name, uint64_t value)
{
	char digits[24];
	snprintf(digits, sizeof digits, "%" PRIu64, value);
	add_name(text, name);
	text_add(text, digits);
}

static int dump(const char *piece, size_t len, void *context)
{
	struct text *text = context;
	add(text, piece, len);
	return text->error == E_OK ? 0 : -1;
}

void text_json(struct text *text, const json_t *json)
{
	if (json == NULL || json_dump_callback(json, dump, text, JSON_COMPACT | JSON_PRESERVE_ORDER) != 0)
		text->error = text->error != E_OK ? text->error : E_NO_MEMORY;
}

enum error text_done(struct text *text)
{
	text->beside = 0;
	if (text->error == E_OK)
		set_capacity(text, text->len + 1);
	return text->error;
}

void text_release(struct text *text)
{
	free(text->data);
	room_set(text->room, &text->held, 0);
	*text = (struct text){.data = NULL};
}
