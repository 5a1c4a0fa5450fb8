#include "tools/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536u

enum error lines_open(int fd, size_t max, struct lines *out)
{
	*out = (struct lines){.fd = fd, .max = max};
	out->buffer = malloc(max + READ_BYTES);
	return out->buffer == NULL ? E_NO_MEMORY : E_OK;
}

void lines_close(struct lines *lines)
{
	free(lines->buffer);
	lines->buffer = NULL;
}

static bool blank(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if (strchr(" \t\r", line.data[i]) == NULL || line.data[i] == '\0')
			return false;
	return true;
}

/* Takes `len` bytes and, with `newline`, the line's end off the front. */
static struct bytes take(struct lines *lines, size_t len, bool newline)
{
	struct bytes line = bytes_of(lines->buffer + lines->start, len);
	lines->start += len + newline;
	lines->len -= len + newline;
	return line;
}

enum error lines_next(struct lines *lines, struct bytes *out)
{
	for (;;) {
		const uint8_t *at = lines->buffer + lines->start;
		const uint8_t *end = memchr(at, '\n', lines->len);
		size_t len = end != NULL ? (size_t)(end - at) : lines->len;
		bool whole = end != NULL || (lines->ended && len > 0);
		if (lines->skipping) {
			take(lines, len, end != NULL);
			lines->skipping = end == NULL;
			if (lines->skipping)
				return lines->ended ? E_CLOSED : E_NOT_FOUND;
			continue;
		}
		if (len > lines->max) {
			*out = take(lines, len, end != NULL);
			lines->skipping = end == NULL;
			return E_TOO_LONG;
		}
		if (!whole)
			return lines->ended ? E_CLOSED : E_NOT_FOUND;
		struct bytes line = take(lines, len, end != NULL);
		if (blank(line))
			continue;
		*out = line;
		return E_OK;
	}
}

enum error lines_fill(struct lines *lines)
{
	bool first = lines->start == 0 && lines->len == 0;
	memmove(lines->buffer, lines->buffer + lines->start, lines->len);
	lines->start = 0;
	ssize_t n = 0;
	do
		n = read(lines->fd, lines->buffer + lines->len, lines->max + READ_BYTES - lines->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return E_IO;
	lines->len += (size_t)n;
	lines->ended = n == 0;
	if (first && lines->len >= 3 && memcmp(lines->buffer, "\xef\xbb\xbf", 3) == 0) {
		lines->start = 3;
		lines->len -= 3;
	}
	return E_OK;
}
