/* What a person asks about, as several commands take it from their command line. */
#pragma once

#include "ledger/base/limits.h"
#include "ledger/options/options.h"
#include "ledger/text/timestamp.h"

/* The two forms in which a command is told about whom: SUBJECT, or --subject-file FILE. */
struct asked_whom {
	const char *argument;
	const char *file;
};
#define ASKED_WHOM_ROWS(T, member)                                                                 \
	ARGUMENT(T, member.argument, "SUBJECT", .forms = FORM(0)),                                     \
		OPTION_TEXT(T, member.file, "subject-file", "FILE", .forms = FORM(1), .required = FORM(1), \
			.help = "the subject stands in this file, in one line, and not among the arguments")

/* The canonical subject. "-" reads it from standard input, one line, and so does a file: arguments stand in the list of
 * processes and in shell histories. E_USAGE and the fault, which never holds the value; E_NOT_FOUND, E_IO. */
enum error asked_subject(const struct asked_whom *whom, char out[SUBJECT_BYTES_MAX + 1], struct fault *fault) MUST_USE;

/* A window over the time of reporting, half-open, in whole seconds; and its ends as the ledger is asked for them, in
 * UTC. */
struct asked_window {
	uint64_t from_s;               /* 0: from the beginning */
	uint64_t to_s;                 /* UINT64_MAX: to the end */
	char from[TIMESTAMP_TEXT_MAX]; /* empty: open */
	char to[TIMESTAMP_TEXT_MAX];
};

/* From --from and --to (NULL: not given): RFC 3339 with a zone, or a date, which is its midnight here (TZ), as times
 * are shown; rounded up. E_USAGE and the fault. */
enum error asked_window(const char *from, const char *to, struct asked_window *out, struct fault *fault) MUST_USE;

/* The token for an address: what was given, or what the environment has; NULL for a directory, which takes none.
 * E_USAGE where there is none. */
enum error asked_token(const char *ledger, const char **token, struct fault *fault) MUST_USE;
