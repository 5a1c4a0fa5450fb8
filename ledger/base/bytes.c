/* Every cursor is bounded by two pointers and moves only forward, so that no length out of a file is ever added to a
 * pointer before it was compared with what is left. The first error empties the cursor: a loop over what remains ends
 * by itself, and zeros that come out of it are never judged, because the error is asked about first. */
#include "ledger/base/bytes.h"

#include <string.h>

struct bytes bytes_text(const char *text)
{
	return bytes_of(text, strlen(text));
}

bool bytes_begin(struct bytes text, const char *front)
{
	size_t len = strlen(front);
	return text.len >= len && memcmp(text.data, front, len) == 0;
}

struct bytes bytes_after(struct bytes text, size_t skip)
{
	/* Of no bytes there is no address to add to. */
	return skip > 0 ? bytes_of(text.data + skip, text.len - skip) : text;
}

struct bytes bytes_cut(struct bytes *rest, char mark)
{
	const uint8_t *at = rest->len > 0 ? memchr(rest->data, mark, rest->len) : NULL;
	struct bytes piece = at != NULL ? bytes_of(rest->data, (size_t)(at - rest->data)) : *rest;
	size_t skip = at != NULL ? piece.len + 1 : piece.len;
	*rest = skip > 0 ? bytes_after(*rest, skip) : *rest;
	return piece;
}

int bytes_compare(struct bytes a, struct bytes b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The length of the well-formed sequence at `p`, or 0 (Unicode 15, table 3-7). */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	if (p[0] < 0x80)
		return 1;
	size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
	if (p[0] < 0xC2 || p[0] > 0xF4 || len > left)
		return 0;
	uint8_t low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
	uint8_t high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

/* Nearly all texts are: eight bytes at a time, the last of them once more where they are no multiple. */
static bool ascii(struct bytes text)
{
	uint64_t eight, all = 0;
	size_t i = 0;
	for (; text.len - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, text.data + i, sizeof eight);
		all |= eight;
	}
	if (text.len >= sizeof eight) {
		memcpy(&eight, text.data + text.len - sizeof eight, sizeof eight);
		all |= eight;
	} else {
		for (; i < text.len; i++)
			all |= text.data[i];
	}
	return (all & 0x8080808080808080) == 0;
}

bool bytes_utf8(struct bytes text)
{
	if (ascii(text))
		return true;
	for (size_t i = 0; i < text.len;) {
		if (text.len - i >= 8 && ascii(bytes_of(text.data + i, 8))) {
			i += 8;
			continue;
		}
		size_t len = utf8_sequence(text.data + i, text.len - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

struct reader reader_of(struct bytes input)
{
	static const uint8_t nothing[1];
	const uint8_t *start = input.len ? input.data : nothing;
	return (struct reader){start, start + input.len, E_OK};
}

size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

void reader_fail(struct reader *r, enum error error)
{
	if (r->error == E_OK)
		r->error = error;
	r->at = r->end;
}

void reader_require(struct reader *r, bool holds)
{
	if (!holds)
		reader_fail(r, E_BAD_VALUE);
}

bool reader_flag(struct reader *r)
{
	uint8_t flag = reader_u8(r);
	reader_require(r, flag <= 1);
	return flag == 1;
}

struct bytes reader_bytes(struct reader *r, size_t len)
{
	if (r->error != E_OK || reader_left(r) < len) {
		reader_fail(r, E_TRUNCATED);
		return BYTES_EMPTY;
	}
	struct bytes range = {r->at, len};
	r->at += len;
	return range;
}

void reader_copy(struct reader *r, void *out, size_t len)
{
	struct bytes range = reader_bytes(r, len);
	if (range.len == len && len > 0)
		memcpy(out, range.data, len);
	else
		memset(out, 0, len);
}

uint8_t reader_u8(struct reader *r)
{
	struct bytes b = reader_bytes(r, 1);
	return b.len ? b.data[0] : 0;
}

uint16_t reader_u16(struct reader *r)
{
	struct bytes b = reader_bytes(r, 2);
	return b.len ? get_u16(b.data) : 0;
}

uint32_t reader_u32(struct reader *r)
{
	struct bytes b = reader_bytes(r, 4);
	return b.len ? get_u32(b.data) : 0;
}

uint64_t reader_u64(struct reader *r)
{
	struct bytes b = reader_bytes(r, 8);
	return b.len ? get_u64(b.data) : 0;
}

static struct bytes reader_range(struct reader *r, size_t len, size_t max)
{
	if (r->error == E_OK && len > max) {
		reader_fail(r, E_TOO_LONG);
		return BYTES_EMPTY;
	}
	return reader_bytes(r, len);
}

struct bytes reader_range16(struct reader *r, size_t max)
{
	size_t len = reader_u16(r);
	return reader_range(r, len, max);
}

struct bytes reader_range32(struct reader *r, size_t max)
{
	size_t len = reader_u32(r);
	return reader_range(r, len, max);
}

enum error reader_done(const struct reader *r)
{
	if (r->error != E_OK)
		return r->error;
	return r->at == r->end ? E_OK : E_TRAILING;
}

struct writer writer_of(void *buffer, size_t capacity)
{
	return (struct writer){buffer, buffer, (uint8_t *)buffer + capacity, E_OK};
}

size_t writer_len(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

void writer_fail(struct writer *w, enum error error)
{
	if (w->error == E_OK)
		w->error = error;
}

uint8_t *writer_skip(struct writer *w, size_t len)
{
	if (w->error != E_OK || (size_t)(w->end - w->at) < len) {
		writer_fail(w, E_NO_ROOM);
		return NULL;
	}
	uint8_t *place = w->at;
	w->at += len;
	return place;
}

void writer_bytes(struct writer *w, struct bytes value)
{
	uint8_t *place = writer_skip(w, value.len);
	if (place != NULL && value.len > 0)
		memcpy(place, value.data, value.len);
}

void writer_u8(struct writer *w, uint8_t value)
{
	uint8_t *place = writer_skip(w, 1);
	if (place != NULL)
		*place = value;
}

void writer_u16(struct writer *w, uint16_t value)
{
	uint8_t *place = writer_skip(w, 2);
	if (place != NULL)
		put_u16(place, value);
}

void writer_u32(struct writer *w, uint32_t value)
{
	uint8_t *place = writer_skip(w, 4);
	if (place != NULL)
		put_u32(place, value);
}

void writer_u64(struct writer *w, uint64_t value)
{
	uint8_t *place = writer_skip(w, 8);
	if (place != NULL)
		put_u64(place, value);
}

void writer_range16(struct writer *w, struct bytes value)
{
	if (value.len > UINT16_MAX) {
		writer_fail(w, E_TOO_LONG);
		return;
	}
	writer_u16(w, (uint16_t)value.len);
	writer_bytes(w, value);
}

void writer_range32(struct writer *w, struct bytes value)
{
	if (value.len > UINT32_MAX) {
		writer_fail(w, E_TOO_LONG);
		return;
	}
	writer_u32(w, (uint32_t)value.len);
	writer_bytes(w, value);
}

enum error writer_done(const struct writer *w, struct bytes *out)
{
	if (w->error != E_OK)
		return w->error;
	*out = bytes_of(w->start, writer_len(w));
	return E_OK;
}
