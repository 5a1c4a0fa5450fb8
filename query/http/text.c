/* First the room, then the memory: what is not given does not grow. The first error sticks and further additions do
 * nothing, so who writes a long text asks once, now and then. Why there is no room is told apart: E_TOO_MANY passes
 * when other answers are taken, E_TOO_LONG never does.
 *
 * What stands last says whether a comma is due: none behind what opens, or behind a name. Of strings only that is
 * escaped which has to be (RFC 8259 section 7).
 *
 *   value ─► data ─┬─ short, or not to be compressed ──────────► the text
 *                  └─ over TEXT_GZIP_BYTES: all but its last letter ─► deflate ─► packing.out, which is the text at the
 * end
 *
 * However well it is compressed, it may not be longer than one that is not: whoever reads it has to hold all of it. */
#include "query/http/text.h"

#include "ledger/base/shortage.h"
#include "ledger/text/base64.h"
#include "ledger/text/timestamp.h"

#include <assert.h>
#include <zlib.h>

#define FIRST_BYTES 8192u
#define DOUBLED_BYTES (1u << 20) /* larger ones are moved as pages, not copied */
#define NUMBER_BYTES 20          /* of the largest */

#define PACKING_BYTES (268u << 10) /* what deflate has of memory */
#define PACKED_BYTES 4096u         /* at least for each step of it */

/* Invariant: `out` has no packing of its own; `held` is PACKING_BYTES. */
struct packing {
	z_stream stream;
	size_t held;
	size_t taken; /* of the text, so far */
	struct text out;
};

static void pack(struct text *text, bool last);

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
	if (text->gzip && text->len >= TEXT_GZIP_BYTES)
		pack(text, false);
	if (text->error != E_OK)
		return false;
	if (text->len + bytes < text->capacity)
		return true;
	size_t more = text->capacity < DOUBLED_BYTES ? text->capacity : text->capacity / 4;
	size_t least = text->len + bytes + 1;
	return set_capacity(text, least, least + (more > FIRST_BYTES ? more : FIRST_BYTES));
}

size_t text_written(const struct text *text)
{
	return text->len + (text->packing != NULL ? text->packing->taken : 0);
}

void text_grow(struct text *text, size_t bytes)
{
	if (text->error == E_OK && !room_possible(text->room, text_written(text) + bytes))
		text->error = E_TOO_LONG;
	if (text->error == E_OK && !text->gzip && text->len + bytes >= text->capacity)
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

/* ---- compressing ---- */

static void packing_end(struct text *text)
{
	struct packing *packing = text->packing;
	if (packing == NULL)
		return;
	deflateEnd(&packing->stream);
	text_release(&packing->out);
	room_set(text->room, &packing->held, 0);
	free(packing);
	text->packing = NULL;
}

/* Level 1: on proofs the others gain a twentieth and take up to twice the time. */
static enum error packing_begin(struct text *text)
{
	struct packing *packing = calloc(1, sizeof *packing);
	TRY(allocated(packing));
	packing->out.room = text->room;
	enum error error = room_set(text->room, &packing->held, PACKING_BYTES) ? E_OK : why_not(text, PACKING_BYTES);
	if (error == E_OK && deflateInit2(&packing->stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		error = E_NO_MEMORY;
	text->packing = packing;
	if (error != E_OK)
		packing_end(text);
	return error;
}

static enum error deflate_all(struct packing *packing, struct bytes content, bool last)
{
	z_stream *stream = &packing->stream;
	struct text *out = &packing->out;
	int status = Z_OK;
	stream->next_in = (Bytef *)(uintptr_t)content.data;
	stream->avail_in = (uInt)content.len;
	while (stream->avail_in > 0 || (last && status != Z_STREAM_END)) {
		if (!make_room(out, PACKED_BYTES))
			return out->error;
		stream->next_out = (Bytef *)out->data + out->len;
		stream->avail_out = (uInt)(out->capacity - out->len - 1);
		status = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
		out->len = (size_t)((char *)stream->next_out - out->data);
	}
	return E_OK;
}

/* The last letter stays, for whoever wants to know whether a comma is due. */
static void pack(struct text *text, bool last)
{
	size_t kept = last ? 0 : 1;
	if (text->error == E_OK && text->packing == NULL)
		text->error = packing_begin(text);
	if (text->error != E_OK)
		return;
	text->error = deflate_all(text->packing, bytes_of(text->data, text->len - kept), last);
	text->packing->taken += text->len - kept;
	text->data[0] = text->data[text->len - 1];
	text->len = kept;
	if (text->error == E_OK && !room_possible(text->room, text_written(text)))
		text->error = E_TOO_LONG;
}

/* What it was compressed to takes the text's place, with what it has of the room. */
static void take_packed(struct text *text)
{
	struct text *out = &text->packing->out;
	free(text->data);
	room_set(text->room, &text->held, 0);
	text->data = OWN_TAKE(out->data);
	text->len = out->len;
	text->capacity = out->capacity;
	text->held = out->held;
	out->held = 0;
	packing_end(text);
}

/* ---- the whole ---- */

enum error text_done(struct text *text)
{
	text->gzip = text->packing != NULL;
	if (text->gzip)
		pack(text, true);
	if (text->gzip && text->error == E_OK)
		take_packed(text);
	if (text->error == E_OK)
		set_capacity(text, text->len + 1, text->len + 1);
	return text->error;
}

void text_release(struct text *text)
{
	packing_end(text);
	free(text->data);
	room_set(text->room, &text->held, 0);
	*text = (struct text){.data = NULL};
}
