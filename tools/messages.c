#include "tools/messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536u
#define DOCUMENT_BYTES_MAX                                                                    \
	1048576u /* so that one over the message limit is refused by itself, and the rest goes on \
			  */

enum error messages_open(int fd, enum adapter_format format, struct messages *out)
{
	size_t max = format == ADAPTER_JSON ? EVENT_BYTES_MAX_ADAPTER : DOCUMENT_BYTES_MAX;
	*out = (struct messages){.fd = fd, .format = format, .max = max};
	out->buffer = malloc(max + READ_BYTES);
	return out->buffer == NULL ? E_NO_MEMORY : E_OK;
}

void messages_close(struct messages *messages)
{
	free(messages->buffer);
	messages->buffer = NULL;
}

static void drop(struct messages *messages, size_t len)
{
	messages->start += len;
	messages->len -= len;
}

/* The rest of a line that was too long: true once its end was found. */
static bool skip_line(struct messages *messages)
{
	const uint8_t *at = messages->buffer + messages->start;
	const uint8_t *end = memchr(at, '\n', messages->len);
	drop(messages, end != NULL ? (size_t)(end - at) : messages->len);
	messages->skipping = end == NULL && messages->format == ADAPTER_JSON;
	return end != NULL;
}

static enum error too_long(struct messages *messages, struct bytes whole, struct bytes *out)
{
	*out = bytes_of(whole.data, messages->max);
	drop(messages, messages->len);
	messages->skipping = true;
	return E_TOO_LONG;
}

enum error messages_next(struct messages *messages, struct bytes *out)
{
	for (;;) {
		if (messages->skipping && (messages->format != ADAPTER_JSON || !skip_line(messages))) {
			drop(messages, messages->len);
			return messages->ended ? E_CLOSED : E_NOT_FOUND;
		}
		messages->skipping = false;
		struct bytes input = bytes_of(messages->buffer + messages->start, messages->len);
		struct bytes message = BYTES_EMPTY;
		size_t used = input.len > 0 ? adapter_split(messages->format, input, messages->ended, &message) : 0;
		if (used == 0 && input.len > messages->max)
			return too_long(messages, input, out);
		if (used == 0)
			return messages->ended ? E_CLOSED : E_NOT_FOUND;
		drop(messages, used);
		if (message.len == 0)
			continue;
		*out = message;
		return message.len > messages->max ? E_TOO_LONG : E_OK;
	}
}

enum error messages_fill(struct messages *messages)
{
	memmove(messages->buffer, messages->buffer + messages->start, messages->len);
	messages->start = 0;
	ssize_t n = 0;
	do
		n = read(messages->fd, messages->buffer + messages->len, messages->max + READ_BYTES - messages->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return E_IO;
	messages->len += (size_t)n;
	messages->ended = n == 0;
	return E_OK;
}
