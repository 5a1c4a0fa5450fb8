/* Whose: an identifier beside the name of its kind, "BSN" and the like, as the Dutch processing log has them.
 * spec/otlp.md
 *
 * What the registration says of the name comes first (ledger/mandate/source.h), then the kinds that are known by their
 * names, then it is a system or nothing. */
#pragma once

#include "ingest/message/audit_message.h"

/* Adds whom it names. `kind` may be empty: then the identifier brings its own authority. E_BAD_SUBJECT, E_TOO_LONG. */
enum error kind_subject(struct audit_message *message, struct bytes kind, struct bytes value,
	const struct identifier_scope *scope, struct fault *fault) MUST_USE;
