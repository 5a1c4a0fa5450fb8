/* Refused messages, one JSON object a line, in a file that can be sent as it is (rejected_row.h). spec/sender.md
 *
 * They hold personal data: the file is for its owner alone, and it is never a terminal. */
#pragma once

#include "ingest/message/adapter.h"

#include <limits.h>
#include <stdio.h>

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

/* Invariant: `file` is opened at most once; `parts` is there only between the first part of a message and its row. */
struct rejected {
	char path[PATH_MAX];
	FILE *file;  /* NULL: nothing was refused yet */
	FILE *parts; /* of a message that is too long for memory */
};

/* `path` is what the user named: opened at once, to be told at once. NULL: "rejected.jsonl" in `spool`, made when it is
 * needed. E_IO, E_USAGE (a terminal, a name that is too long). */
enum error rejected_open(struct rejected *rejected, const char *path, const char *spool, struct fault *fault) MUST_USE;
void rejected_close(struct rejected *rejected);
/* True if `fd` is that very file: what is added to it must not be read as input. */
bool rejected_is(const struct rejected *rejected, int fd);

/* One row. The error of writing is final: E_IO, E_NO_MEMORY. */
enum error rejected_write(struct rejected *rejected, const struct refused *refused) MUST_USE;
/* A message in parts, kept in an unnamed file until its row can be written. */
enum error rejected_part(struct rejected *rejected, struct bytes part) MUST_USE;
/* The row of the parts; `refused->text` is not looked at. With `refused` NULL they are a row already. */
enum error rejected_parts(struct rejected *rejected, const struct refused *refused) MUST_USE;
enum error rejected_flush(struct rejected *rejected) MUST_USE;
