/* One table: what an escape begins with decides how it is read, and the first row that fits counts. Each escape is
 * longer than the byte that it stands for, so it is written over in its place. */
#include "ingest/message/escapes.h"

#include "ingest/message/words.h"

#include <string.h>

/* What escapes begin with, in any letter case, and how many digits of which base are behind it; with `end` they may be
 * fewer, and it stands behind them. Base 0: it is the character by itself. */
static const struct escape {
	const char *mark;
	uint8_t base;
	uint8_t digits;
	uint8_t end; /* 0: none */
	uint8_t max; /* what is higher is a letter of some language, in which no sign is written */
	uint8_t byte;
} escapes[] = {
	{"%u", 16, 4, 0, 0x7F, 0}, /* of JavaScript's escape() */
	{"%", 16, 2, 0, 0xFF, 0},
	{"\\u", 16, 4, 0, 0x7F, 0},
	{"\\/", 0, 0, 0, 0, '/'},
	{"&#x", 16, 7, ';', 0x7F, 0},
	{"&#", 10, 7, ';', 0x7F, 0},
	{"&amp;", 0, 0, 0, 0, '&'},
	{"&quot;", 0, 0, 0, 0, '"'},
	{"&apos;", 0, 0, 0, 0, '\''},
	{"&lt;", 0, 0, 0, 0, '<'},
	{"&gt;", 0, 0, 0, 0, '>'},
};

/* Behind the mark: the escape's length from there on, and the byte that it is; 0 for none. */
static size_t digits_of(const struct escape *escape, struct bytes rest, uint8_t *out)
{
	unsigned value = 0;
	size_t at = 0;
	for (; at < escape->digits && at < rest.len; at++) {
		int digit = words_hex(rest.data[at]);
		if (digit < 0 || digit >= escape->base)
			break;
		value = value * escape->base + (unsigned)digit;
	}
	bool whole = escape->end == 0 ? at == escape->digits : at > 0 && at < rest.len && rest.data[at] == escape->end;
	if (!whole || value > escape->max)
		return 0;
	*out = (uint8_t)value;
	return at + (escape->end != 0);
}

/* The escape that stands here, and its bytes; 0 for none. */
static size_t escape_at(struct bytes rest, uint8_t *out)
{
	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		size_t mark = strlen(escapes[i].mark);
		if (!words_begin(rest, escapes[i].mark))
			continue;
		if (escapes[i].base == 0) {
			*out = escapes[i].byte;
			return mark;
		}
		size_t digits = digits_of(&escapes[i], bytes_after(rest, mark), out);
		if (digits > 0)
			return mark + digits;
	}
	return 0;
}

size_t escapes_take_off(uint8_t *text, size_t len)
{
	size_t out = 0;
	for (size_t i = 0; i < len;) {
		uint8_t byte = text[i];
		size_t taken = byte == '%' || byte == '\\' || byte == '&' ? escape_at(bytes_of(text + i, len - i), &byte) : 0;
		text[out++] = byte;
		i += taken > 0 ? taken : 1;
	}
	return out;
}

size_t escapes_drop_nul(uint8_t *text, size_t len)
{
	size_t out = 0;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\0')
			text[out++] = text[i];
	return out;
}
