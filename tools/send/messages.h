/* Messages of an input in one of the senders' formats, one at a time, as they come. */
#pragma once

#include "ingest/framing/bundle.h"
#include "ingest/framing/framing.h"
#include "ingest/otlp/otlp_parts.h"

#define MESSAGES_READ_BYTES 65536u /* at most, at once */

enum message_kind {
	MESSAGE_WHOLE,
	MESSAGE_PART, /* of one that is too long for memory: the next one goes on with it */
	MESSAGE_LAST  /* its end; may be empty */
};

/* Borrowed, with its text, until the next one is asked for. */
struct message {
	enum message_kind kind;
	struct bytes text;
	struct bytes mark;  /* the byte order mark that stood before it, or before all that it came with; is kept with it */
	bool cut;           /* it did not end: another message began, or the input ended */
	enum error error;   /* E_OK: to be read */
	struct fault fault; /* else why not */
};

/* Invariant: what was read and not given out is `len` bytes from data + start on; `data` is the buffer, or a text of
 * the caller's. While `in_bundle` nothing is moved, since a Bundle's entries are given out of the same bytes. */
struct messages {
	int fd;
	struct framing framing;
	uint8_t *buffer; /* NULL: the text is the caller's */
	size_t capacity;
	const uint8_t *data;
	size_t start;
	size_t len;
	uint64_t left;  /* bytes that may still be read */
	uint64_t given; /* bytes of the input that were given out: the window begins there, */
	uint64_t at;    /* and what was given out last at this place */
	bool ended;
	bool idle;
	bool in_bundle;
	struct bundle bundle;
	bool in_parts; /* of a line of OTLP */
	struct otlp_parts parts;
};

enum error messages_open(int fd, enum adapter_format format, struct messages *out) MUST_USE;
/* Reads a regular file only as far as it is long now. */
void messages_limit(struct messages *messages);
/* Messages of a text in memory, which must live as long; one of syslog is one message, without its frame. */
void messages_open_text(struct bytes text, enum adapter_format format, struct messages *out);
/* Frees the buffer, and what a line of OTLP was cut with; the descriptor stays the caller's. */
void messages_close(struct messages *messages);
/* The next message, borrowed until the next call. What stands between messages is left out, and so are the parts of a
 * Bundle that are no entries, and entries that it marks as mere company. E_NOT_FOUND: read more first. E_CLOSED: there
 * are no more. */
enum error messages_next(struct messages *messages, struct message *out) MUST_USE;
/* What has been read and not given out yet: the beginning of the input, before the first message. */
struct bytes messages_window(const struct messages *messages);
/* Before the first message: the input is in another format. */
void messages_reframe(struct messages *messages, enum adapter_format format);
/* Gives the window out as it is. */
struct bytes messages_take_window(struct messages *messages);
/* True if another reader that begins where the window does would give the same messages from here on. */
bool messages_resumable(const struct messages *messages);
/* What was given out and is still in memory: it ends where the window begins. */
struct bytes messages_before(const struct messages *messages);
/* Nothing more will be read. */
void messages_end(struct messages *messages);
/* There is nothing to read at the time: a document that is closed is given out by the next call of messages_next. */
void messages_idle(struct messages *messages);
/* Where MESSAGES_READ_BYTES may be put that come from elsewhere, of which messages_took is told then (0: nothing more
 * will come). NULL: no memory. */
uint8_t *messages_space(struct messages *messages) MUST_USE;
void messages_took(struct messages *messages, size_t n);
/* Nothing may come for long: memory is given back but for what waits in it. */
void messages_rest(struct messages *messages);
/* One read(2), of MESSAGES_READ_BYTES. E_IO, E_NO_MEMORY. */
enum error messages_fill(struct messages *messages) MUST_USE;
