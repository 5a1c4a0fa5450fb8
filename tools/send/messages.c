/* One buffer, off which framing cuts pieces. It grows with the longest message; one that is too long for memory comes
 * in parts. A piece that is a Bundle gives its entries one after the other, all from the same bytes, which are
 * not moved before more is read. */
#include "tools/send/messages.h"

#include "ledger/base/grow.h"
#include "tools/send/rejected_row.h"

#include <assert.h>
#include <sys/stat.h>

enum error messages_open(int fd, enum adapter_format format, struct messages *out)
{
	*out = (struct messages){.fd = fd, .capacity = 2 * MESSAGES_READ_BYTES, .left = UINT64_MAX};
	framing_begin(&out->framing, format);
	out->buffer = malloc(out->capacity);
	out->data = out->buffer;
	return out->buffer == NULL ? E_NO_MEMORY : E_OK;
}

void messages_limit(struct messages *messages)
{
	struct stat info;
	if (fstat(messages->fd, &info) == 0 && S_ISREG(info.st_mode))
		messages->left = (uint64_t)info.st_size;
}

void messages_open_text(struct bytes text, enum adapter_format format, struct messages *out)
{
	*out = (struct messages){.fd = -1, .data = text.data, .len = text.len, .ended = true};
	framing_begin(&out->framing, format);
	framing_whole(&out->framing);
}

void messages_close(struct messages *messages)
{
	free(messages->buffer);
	messages->buffer = NULL;
	otlp_parts_end(&messages->parts);
	messages->in_parts = false;
}

static void drop(struct messages *messages, size_t len)
{
	assert(len <= messages->len);
	messages->start += len;
	messages->len -= len;
	messages->at = messages->given;
	messages->given += len;
}

/* True with the next message of the Bundle. */
static bool next_entry(struct messages *messages, struct message *out)
{
	struct bundle_entry entry;
	messages->in_bundle = bundle_next(&messages->bundle, &entry);
	if (messages->in_bundle)
		*out = (struct message){.text = entry.text, .error = entry.fault.error, .fault = entry.fault};
	return messages->in_bundle;
}

/* True with the next record of the line. */
static bool next_part(struct messages *messages, struct message *out)
{
	struct bytes text;
	struct fault fault;
	messages->in_parts = otlp_parts_next(&messages->parts, &text, &fault);
	if (messages->in_parts)
		*out = (struct message){.text = text, .error = fault.error, .fault = fault};
	else
		otlp_parts_end(&messages->parts);
	return messages->in_parts;
}

/* Without the declaration outside it, only what is ASCII anyway can be read. */
static bool needs_declaration(const struct framing_piece *piece)
{
	for (size_t i = 0; i < piece->text.len; i++)
		if (piece->text.data[i] >= 0x80 || piece->text.data[i] == '\x1B')
			return piece->encoded;
	return false;
}

/* What one that is refused must have with it, to be read again. */
static struct bytes mark_of(const struct framing_piece *piece)
{
	if (piece->width == XML_BYTES || !piece->sure)
		return BYTES_EMPTY;
	return piece->width == XML_BIG ? BYTES_LITERAL("\xFE\xFF") : BYTES_LITERAL("\xFF\xFE");
}

/* In UTF-16 of an order that nothing says, names might come out as others. */
static bool needs_mark(const struct framing_piece *piece)
{
	return piece->width != XML_BYTES && !piece->sure && xml_order_matters(piece->text, piece->width);
}

/* True if the piece is a message, or begins a Bundle. */
static bool take(struct messages *messages, const struct framing_piece *piece, struct message *out)
{
	static const enum message_kind kinds[] = {
		[FRAMING_MESSAGE] = MESSAGE_WHOLE, [FRAMING_PART] = MESSAGE_PART, [FRAMING_LAST] = MESSAGE_LAST};
	if (piece->kind == FRAMING_BETWEEN)
		return false;
	*out = (struct message){.kind = kinds[piece->kind], .text = piece->text, .mark = mark_of(piece), .cut = piece->cut};
	if (piece->kind == FRAMING_MESSAGE && needs_declaration(piece))
		out->error = fault_set(&out->fault, E_BAD_XML,
			"its encoding is declared outside of it, for all messages in the file: convert the file to UTF-8");
	else if (piece->kind == FRAMING_MESSAGE && needs_mark(piece))
		out->error = fault_set(&out->fault, E_BAD_XML,
			"UTF-16 of which nothing says which byte comes first, so that names in it could come out as others; begin "
			"the "
			"input with a byte order mark, or convert it to UTF-8");
	if (piece->kind == FRAMING_MESSAGE && messages->framing.format == ADAPTER_SYSLOG)
		out->error = framing_syslog_why(piece, &out->fault);
	if (piece->kind == FRAMING_MESSAGE && messages->framing.format == ADAPTER_OTLP &&
		!rejected_row_begins(piece->text)) {
		out->error = otlp_parts_begin(piece->text, &messages->parts, &out->fault);
		return out->error != E_OK || next_part(messages, out);
	}
	if (!piece->bundle)
		return true;
	out->error = bundle_begin(piece->text, &messages->bundle, &out->fault);
	return out->error != E_OK || next_entry(messages, out);
}

struct bytes messages_window(const struct messages *messages)
{
	return bytes_after(bytes_of(messages->data, messages->start + messages->len), messages->start);
}

void messages_reframe(struct messages *messages, enum adapter_format format)
{
	framing_begin(&messages->framing, format);
}

struct bytes messages_take_window(struct messages *messages)
{
	struct bytes window = messages_window(messages);
	drop(messages, window.len);
	return window;
}

enum error messages_next(struct messages *messages, struct message *out)
{
	if (messages->in_bundle && next_entry(messages, out))
		return E_OK;
	if (messages->in_parts && next_part(messages, out))
		return E_OK;
	for (;;) {
		struct framing_piece piece;
		enum framing_more more = messages->ended ? FRAMING_ENDED : messages->idle ? FRAMING_IDLE : FRAMING_MORE;
		framing_next(&messages->framing, messages_window(messages), more, &piece);
		if (piece.kind == FRAMING_NOTHING)
			return messages->ended ? E_CLOSED : E_NOT_FOUND;
		drop(messages, piece.text.len);
		if (take(messages, &piece, out))
			return E_OK;
	}
}

bool messages_resumable(const struct messages *messages)
{
	if (messages->in_bundle || messages->in_parts || !framing_is_fresh(&messages->framing))
		return false;
	enum adapter_format format = messages->framing.format;
	if (format == ADAPTER_JSON || format == ADAPTER_SYSLOG || messages->given == 0)
		return true;
	return messages->start > 0 && messages->data[messages->start - 1] == '\n';
}

struct bytes messages_before(const struct messages *messages)
{
	return bytes_of(messages->data, messages->start);
}

void messages_end(struct messages *messages)
{
	messages->ended = true;
}

void messages_idle(struct messages *messages)
{
	messages->idle = true;
}

/* A document is kept in memory as a whole: the buffer grows with the longest. */
static enum error make_room(struct messages *messages)
{
	if (messages->start > 0)
		memmove(messages->buffer, messages->buffer + messages->start, messages->len);
	messages->start = 0;
	if (messages->capacity - messages->len >= MESSAGES_READ_BYTES)
		return E_OK;
	TRY(GROW(messages->buffer, messages->capacity, 2 * (messages->len + MESSAGES_READ_BYTES)));
	messages->data = messages->buffer;
	return E_OK;
}

uint8_t *messages_space(struct messages *messages)
{
	messages->idle = false;
	return make_room(messages) == E_OK ? messages->buffer + messages->len : NULL;
}

void messages_took(struct messages *messages, size_t n)
{
	messages->len += n;
	messages->ended = n == 0;
}

void messages_rest(struct messages *messages)
{
	if (messages->in_bundle)
		return;
	if (messages->len == 0) {
		free(messages->buffer);
		messages->buffer = NULL;
		messages->capacity = 0;
	} else if (messages->capacity <= 2 * messages->len) {
		return;
	} else {
		memmove(messages->buffer, messages->buffer + messages->start, messages->len);
		uint8_t *less = realloc(messages->buffer, messages->len);
		messages->buffer = less != NULL ? less : messages->buffer;
		messages->capacity = less != NULL ? messages->len : messages->capacity;
	}
	messages->data = messages->buffer;
	messages->start = 0;
}

enum error messages_fill(struct messages *messages)
{
	uint8_t *space = messages_space(messages);
	TRY(allocated(space));
	size_t wanted = messages->left < MESSAGES_READ_BYTES ? (size_t)messages->left : MESSAGES_READ_BYTES;
	ssize_t n = 0;
	do
		n = read(messages->fd, space, wanted);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return E_IO;
	messages->left -= (size_t)n;
	messages_took(messages, (size_t)n);
	return E_OK;
}
