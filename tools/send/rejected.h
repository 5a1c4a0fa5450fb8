/* Refused messages, one JSON object a line, in a file that can be sent as it is (rejected_row.h). spec/sender.md
 *
 * They hold personal data: the file is for its owner alone, and it is never a terminal. */
#pragma once

#include "ingest/message/adapter.h"

#include <jansson.h>
#include <limits.h>

/* A message that was refused. Either text or events: a message that has become events is known by these alone, once the
 * ledger refuses it. */
struct refused {
	struct bytes input; /* name, may be empty */
	uint64_t number;    /* from 0 */
	enum adapter_format format;
	enum error error;
	const char *reason;
	struct bytes mark;          /* the byte order mark that the text is read by, kept before it; may be empty */
	struct bytes text;          /* as it stood in the input, all of it: as text if it is UTF-8, else in base64 */
	const struct event *events; /* instead of text, when only these are left of it */
	size_t count;
	uint64_t identity; /* what the sender's spool recognises the message of the events by; 0: nothing */
	struct bytes run;  /* that refused it; empty: it came through a pipe, once */
};

/* Invariant: opened at most once; `row_at` is where the row that is being written begins, or negative where the file
 * cannot be cut. */
struct rejected {
	char path[PATH_MAX];
	int fd;
	bool is_open; /* else nothing was refused yet */
	bool own;     /* in the spool, which one process holds: nobody else writes to it */
	bool dirty;   /* something is not durable */
	bool torn;    /* something was cut within its last row */
	int64_t row_at;
};

/* `path` is what the user named: opened at once, to be told at once. NULL: "rejected.jsonl" in `spool`, made when it is
 * needed. E_IO, E_USAGE (a terminal, a name that is too long). */
enum error rejected_open(struct rejected *rejected, const char *path, const char *spool, struct fault *fault) MUST_USE;
void rejected_close(struct rejected *rejected);
/* True if `fd` is that very file: what is added to it must not be read as input. */
bool rejected_is(const struct rejected *rejected, int fd);

/* One row, or nothing of it: E_FULL (there may be room again), E_IO, E_NO_MEMORY. */
enum error rejected_write(struct rejected *rejected, const struct refused *refused) MUST_USE;
/* The same of what is a row already, as it stood in the input. */
enum error rejected_write_again(struct rejected *rejected, struct bytes row) MUST_USE;
/* What was written is durable. */
enum error rejected_sync(struct rejected *rejected) MUST_USE;

/* ---- a row in pieces, for kept.h ---- */

/* All but the message itself; NULL when out of memory. */
json_t *rejected_head(const struct refused *refused);
enum error rejected_begin_row(struct rejected *rejected) MUST_USE;
enum error rejected_put(struct rejected *rejected, struct bytes text) MUST_USE;
/* With an error nothing of the row stays; gives it back. */
enum error rejected_end_row(struct rejected *rejected, enum error error) MUST_USE;
/* Before anything is written: takes away a last row that begins with `front` and has no end, if the file is our own. */
enum error rejected_mend(struct rejected *rejected, struct bytes front) MUST_USE;
/* Whether the file ends so; a tail of 64 bytes at most. */
bool rejected_ends_with(struct rejected *rejected, const char *tail);
