/* What a person asks about, as several commands take it from their command line. */
#pragma once

#include "ledger/base/error.h"
#include "ledger/base/limits.h"

/* The canonical subject. "-" reads it from standard input, one line: arguments stand in the list of processes and in
 * shell histories. E_USAGE and the fault, which never holds the value; E_IO. */
enum error asked_subject(const char *argument, char out[SUBJECT_BYTES_MAX + 1], struct fault *fault) MUST_USE;

/* A window's end, `name` being its option: RFC 3339 with a zone, or a date, which is its midnight here (TZ), as times
 * are shown. In whole seconds, rounded up. E_USAGE and the fault. */
enum error asked_time(const char *name, const char *text, uint64_t *out, struct fault *fault) MUST_USE;
