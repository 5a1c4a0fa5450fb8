/* First the room, then the memory: what is not given does not grow. The first error sticks and further additions do
 * nothing, so who writes a long text asks once, now and then. Why there is no room is told apart: E_TOO_MANY passes
 * when other answers are taken, E_TOO_LONG never does.
 *
 * What stands last says whether a comma is due: none behind what opens, or behind a name. Of strings only that is
 * escaped which has to be (RFC 8259 section 7). */
#include "query/http/text.h"

#include "ledger/base/shortage.h"
#include "ledger/text/base64.h"
#include "ledger/text/timestamp.h"

#include <assert.h>

#define FIRST_BYTES 8192u
#define DOUBLED_BYTES (1u << 20) /* larger ones are moved as pages, not copied */
#define NUMBER_BYTES 20          /* of the largest */

static enum error why_not(const struct text *text, size_t bytes)
{
	return room_possible(text->room, bytes) ? E_TOO_MANY : E_TOO_LONG;
}

/* As much as would be good to have, or as it takes at least. */
static bool set_capacity(struct text *text, size_t least, size_t wanted)
{
	size_t capacity = wanted;
	if (!room_set(text->room, &text->held, capacity) && !room_set(text->room, &text->held, capacity = least)) {
		text->error = why_not(text, least);
		return false;
	}
	char *larger = realloc(text->data, capacity);
	if (larger == NULL) {
		text->error = E_NO_MEMORY;
		return false;
	}
	text->data = larger;
	text->capacity = capacity;
	assert(text->len < capacity && text->held >= capacity);
	return true;
}

/* Makes sure that `bytes` and a NUL fit. */
static bool make_room(struct text *text, size_t bytes)
{
	if (text->error != E_OK)
		return false;
	if (text->len + bytes < text->capacity)
		return true;
	size_t more = text->capacity < DOUBLED_BYTES ? text->capacity : text->capacity / 4;
	size_t least = text->len + bytes + 1;
	return set_capacity(text, least, least + (more > FIRST_BYTES ? more : FIRST_BYTES));
}

void text_grow(struct text *text, size_t bytes)
{
	if (text->error == E_OK && text->len + bytes >= text->capacity)
		set_capacity(text, text->len + bytes + 1, text->len + bytes + 1);
}

/* ---- pieces ---- */

static char *put(char *at, const void *piece, size_t len)
{
	memcpy(at, piece, len);
	return at + len;
}

/* Where a value of at most `bytes` goes, behind its comma and its name; NULL after an error. */
static char *begin_value(struct text *text, const char *name, size_t bytes)
{
	size_t name_len = name != NULL ? strlen(name) : 0;
	if (!make_room(text, sizeof ",\"\":" + name_len + bytes))
		return NULL;
	char *at = text->data + text->len;
	char last = text->len > 0 ? at[-1] : '[';
	if (last != '{' && last != '[')
		*at++ = ',';
	if (name == NULL)
		return at;
	*at++ = '"';
	at = put(at, name, name_len);
	return put(at, "\":", 2);
}

static void end_value(struct text *text, char *end)
{
	*end = '\0';
	text->len = (size_t)(end - text->data);
	assert(text->len < text->capacity);
}

static void word(struct text *text, const char *name, struct bytes value)
{
	char *at = begin_value(text, name, value.len);
	if (at != NULL)
		end_value(text, put(at, value.data, value.len));
}

static void end_bracket(struct text *text, char bracket)
{
	if (!make_room(text, 1))
		return;
	char *at = text->data + text->len;
	*at++ = bracket;
	end_value(text, at);
}

void text_object(struct text *text, const char *name)
{
	word(text, name, BYTES_LITERAL("{"));
}

void text_object_end(struct text *text)
{
	end_bracket(text, '}');
}

void text_list(struct text *text, const char *name)
{
	word(text, name, BYTES_LITERAL("["));
}

void text_list_end(struct text *text)
{
	end_bracket(text, ']');
}

void text_flag(struct text *text, const char *name, bool value)
{
	word(text, name, value ? BYTES_LITERAL("true") : BYTES_LITERAL("false"));
}

void text_null(struct text *text, const char *name)
{
	word(text, name, BYTES_LITERAL("null"));
}

void text_made(struct text *text, const char *name, struct bytes value)
{
	word(text, name, value);
}

void text_number(struct text *text, const char *name, uint64_t value)
{
	char digits[NUMBER_BYTES];
	size_t first = NUMBER_BYTES;
	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	word(text, name, bytes_of(digits + first, NUMBER_BYTES - first));
}

/* ---- strings ---- */

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/* The letter of a short escape, or 0. */
static char short_escape(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

static size_t escaped_len(struct bytes value)
{
	size_t len = value.len;
	for (size_t i = 0; i < value.len; i++)
		if (!is_plain(value.data[i]))
			len += short_escape(value.data[i]) ? sizeof "\\n" - 2 : sizeof "\\u0000" - 2;
	return len;
}

static char *put_escape(char *at, uint8_t c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char letter = short_escape(c);
	*at++ = '\\';
	if (letter) {
		*at++ = letter;
		return at;
	}
	at = put(at, "u00", 3);
	*at++ = digits[c >> 4];
	*at++ = digits[c & 0xF];
	return at;
}

static char *put_escaped(char *at, struct bytes value)
{
	size_t from = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (is_plain(value.data[i]))
			continue;
		at = put_escape(put(at, value.data + from, i - from), value.data[i]);
		from = i + 1;
	}
	return put(at, value.data + from, value.len - from);
}

void text_string(struct text *text, const char *name, struct bytes value)
{
	if (text->error == E_OK && !bytes_utf8(value))
		text->error = E_CORRUPT;
	char *at = begin_value(text, name, escaped_len(value) + 2);
	if (at == NULL)
		return;
	*at++ = '"';
	if (value.len > 0)
		at = put_escaped(at, value);
	*at++ = '"';
	end_value(text, at);
}

void text_time(struct text *text, const char *name, uint64_t time_s)
{
	char time[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(time_s, time);
	text_string(text, name, bytes_text(time));
}

static char *put_base64(char *at, struct bytes value)
{
	*at++ = '"';
	at = base64_encode(value, at);
	*at++ = '"';
	return at;
}

void text_base64(struct text *text, const char *name, struct bytes value)
{
	char *at = begin_value(text, name, BASE64_BYTES(value.len) + 2);
	if (at != NULL)
		end_value(text, put_base64(at, value));
}

void text_hashes(struct text *text, const char *name, const struct hash *hashes, size_t count)
{
	char *at = begin_value(text, name, count * (BASE64_BYTES(HASH_BYTES) + sizeof "\"\"," - 1) + 2);
	if (at == NULL)
		return;
	*at++ = '[';
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*at++ = ',';
		at = put_base64(at, hash_bytes(&hashes[i]));
	}
	*at++ = ']';
	end_value(text, at);
}

/* ---- other trees ---- */

static int dump(const char *piece, size_t len, void *context)
{
	struct text *text = context;
	if (!make_room(text, len))
		return -1;
	end_value(text, put(text->data + text->len, piece, len));
	return 0;
}

void text_json(struct text *text, const char *name, const json_t *json)
{
	const size_t flags = JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY;
	char *at = begin_value(text, name, 0);
	if (at == NULL)
		return;
	end_value(text, at);
	(void)shortage_seen(); /* jansson leaves signs out where memory is short, and does not say so */
	bool whole = json != NULL && json_dump_callback(json, dump, text, flags) == 0;
	if ((shortage_seen() || !whole) && text->error == E_OK)
		text->error = E_NO_MEMORY;
}

/* ---- the whole ---- */

enum error text_done(struct text *text)
{
	if (text->error == E_OK)
		set_capacity(text, text->len + 1, text->len + 1);
	return text->error;
}

void text_release(struct text *text)
{
	free(text->data);
	room_set(text->room, &text->held, 0);
	*text = (struct text){.data = NULL};
}
