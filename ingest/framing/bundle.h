/* A FHIR Bundle: each entry's AuditEvent is a message of its own, byte for byte as it stands there. spec/adapters.md
 *
 *   bundle_begin (is it one, from end to end?) ─► bundle_next ─► entry ─► bundle_next ...
 *
 * An entry without an AuditEvent is refused, unless the Bundle says with search.mode `include` or `outcome` that it is
 * mere company. Borrows the text. */
#pragma once

#include "ingest/framing/json_scan.h"
#include "ledger/base/bytes.h"

struct bundle {
	struct bytes text;
	struct json_scan scan;
	size_t at;
	uint64_t number; /* of the entry, from 1 */
	bool in_entries;
	bool in_entry;
	bool in_resource;
	bool has_entries; /* the member was there */
	size_t entry;     /* where it begins */
	size_t resource;  /* where the resource begins and ends */
	size_t resource_end;
	bool is_object;
	unsigned resources; /* members of this name */
	bool audit_event;
};

struct bundle_entry {
	struct bytes text;  /* the AuditEvent; of one that is refused the entry */
	struct fault fault; /* its error is E_OK if the entry is to be read; E_NO_MEMORY: that could not be found out */
};

/* `text` is an object whose brackets close. E_BAD_VALUE: it is not built as a Bundle is. */
enum error bundle_begin(struct bytes text, struct bundle *out, struct fault *fault) MUST_USE;
/* False: there are no more. */
bool bundle_next(struct bundle *bundle, struct bundle_entry *out);
