/* Messages of an input in one of the senders' formats, one at a time, as they come. */
#pragma once

#include "ingest/adapter.h"

struct messages {
	int fd;
	enum adapter_format format;
	size_t max; /* longer ones are reported as too long */
	uint8_t *buffer;
	size_t start;
	size_t len;
	bool ended;
	bool skipping; /* the rest of a line that was too long */
};

enum error messages_open(int fd, enum adapter_format format, struct messages *out) MUST_USE;
/* Frees the buffer; the descriptor stays the caller's. */
void messages_close(struct messages *messages);
/* The next message, borrowed until the next call; the last line may lack its newline. White space and byte order marks
 * between messages are left out. E_NOT_FOUND: read more first. E_CLOSED: there are no more. E_TOO_LONG: `out` is the
 * beginning of a message that is longer than can be read; a line is skipped to its end, but where the next document
 * begins cannot be told, so of FHIR and DICOM nothing more is read. */
enum error messages_next(struct messages *messages, struct bytes *out) MUST_USE;
/* One read(2). E_IO. */
enum error messages_fill(struct messages *messages) MUST_USE;
