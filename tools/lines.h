/* Lines of an input, one at a time, of any size up to a limit. */
#pragma once

#include "ledger/bytes.h"

struct lines {
	int fd;
	size_t max; /* longer lines are skipped to their end and reported as too long */
	uint8_t *buffer;
	size_t start;
	size_t len;
	bool ended;
	bool skipping; /* the rest of a line that was too long */
};

enum error lines_open(int fd, size_t max, struct lines *out) MUST_USE;
/* Frees the buffer; the descriptor stays the caller's. */
void lines_close(struct lines *lines);
/* The next line without its end, borrowed until the next call; the last one may lack its newline. Lines of white space
 * only are left out, and so is a byte order mark at the start. E_NOT_FOUND: read more first. E_CLOSED: there are no
 * more. E_TOO_LONG: it was longer than `max`; `out` is its beginning. */
enum error lines_next(struct lines *lines, struct bytes *out) MUST_USE;
/* One read(2). E_IO. */
enum error lines_fill(struct lines *lines) MUST_USE;
