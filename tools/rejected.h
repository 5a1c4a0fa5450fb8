/* Refused messages, one JSON object a line. spec/sender.md */
#pragma once

#include "ledger/event.h"

#include <stdio.h>

/* A message that was refused. */
struct refused {
	struct bytes input; /* name, may be empty */
	uint64_t number;    /* from 0 */
	enum error error;
	const char *reason;
	struct bytes text;          /* as it stood in the input: put in as JSON if it is, else as text, else in base64 */
	const struct event *events; /* instead of text, when only these are left of it */
	size_t count;
};

struct rejected {
	const char *path; /* NULL: stderr */
	FILE *file;
};

/* Opens the file to add to it; for its owner alone, because refused messages hold personal data. */
enum error rejected_open(struct rejected *rejected, struct fault *fault) MUST_USE;
enum error rejected_write(struct rejected *rejected, const struct refused *refused) MUST_USE;
enum error rejected_flush(struct rejected *rejected) MUST_USE;
