/* The last line of an audit: for people, or as one JSON object. spec/audit.md */
#pragma once

#include "ledger/audit/audit.h"

/* What was audited, and so which members of the result say something. What an audit did not look at is not shown: a
 * number that is missing says so, a 0 would not. */
enum audit_scope {
	AUDIT_DIRECTORY, /* entries and, where the keys are readable, records */
	AUDIT_LABELS,    /* these, and every epoch */
	AUDIT_TILES,     /* entries, as they are published */
};

/* On stdout. With `error` the audit could not be made, which is not that it failed: the line says so, and why
 * (result->reason). E_IO, E_NO_MEMORY. */
enum error audit_print(const struct audit_result *result, enum error error, enum audit_scope scope, bool json) MUST_USE;
