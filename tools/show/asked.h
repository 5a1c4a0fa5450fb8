/* What a person asks about, as several commands take it from their command line. */
#pragma once

#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/note/note.h"
#include "ledger/options/options.h"

/* The canonical subject. "-" reads it from standard input, one line: arguments stand in the list of processes and in
 * shell histories. E_USAGE and the fault, which never holds the value; E_IO. */
enum error asked_subject(const char *argument, char out[SUBJECT_BYTES_MAX + 1], struct fault *fault) MUST_USE;

/* A window's end, `name` being its option: RFC 3339 with a zone, or a date, which is its midnight here (TZ), as times
 * are shown. In whole seconds, rounded up. E_USAGE and the fault. */
enum error asked_time(const char *name, const char *text, uint64_t *out, struct fault *fault) MUST_USE;

/* --vkey, the verification key of a log that signs, into a struct vkey; without it that has no name. E_USAGE and the
 * fault. */
enum error asked_vkey(void *vkey, const char *text, struct fault *fault) MUST_USE;
#define OPTION_VKEY(T, member, ...) OPTION_TAKEN(asked_vkey, "vkey", "VKEY", .offset = offsetof(T, member), __VA_ARGS__)
