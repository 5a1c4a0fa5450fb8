/* Adapters: messages in the senders' own formats, mapped to events. spec/adapters.md
 *
 *   input ─► framing.h ─► message ─► fhir.c or dicom.c ─► audit_message ─► one event for each subject
 *                            ├► otlp.c or cadf.c ─► audit_message
 *                            └► syslog.c ─► what it carries ─► fhir.c or dicom.c ...
 *
 * A message that names several people becomes one event for each, all in one batch; one that names nobody becomes a
 * mass event about 0 subjects. A message is mapped whole or refused whole; no text is cut. The organisation of the
 * events is that of the sender's key file, or the one that the registration has for the system that the message says it
 * is of, or else for whom it came from. */
#pragma once

#include "ledger/event/event.h"
#include "ledger/mandate/source.h"

enum adapter_format { ADAPTER_JSON, ADAPTER_FHIR, ADAPTER_DICOM, ADAPTER_SYSLOG, ADAPTER_OTLP, ADAPTER_CADF };

/* "json", "fhir", "dicom", "syslog", which carries one of these (spec/syslog.md), "otlp" or "cadf". E_USAGE. */
enum error adapter_format_parse(const char *name, enum adapter_format *out) MUST_USE;
const char *adapter_format_name(enum adapter_format format);
/* Of one message. */
unsigned adapter_bytes_max(enum adapter_format format);

struct adapter_context {
	const char *org_id; /* SCHEME:ID; the registration's own */
	const char *org_name;
	const struct policy *policy;
	const struct source *source;      /* what the messages' own words mean; required */
	const struct source_origin *line; /* who is at the other end of the line; NULL: nothing is said of it */
};

/* What a message became. Texts of the events are borrowed from `memory`. */
struct adapter_events {
	size_t count;
	struct event *events;
	void *memory;
};

/* Maps one message. `out` is to be freed with adapter_events_free, also when it was refused. */
enum error adapter_map(enum adapter_format format, struct bytes message, const struct adapter_context *context,
	struct adapter_events *out, struct fault *fault) MUST_USE;
void adapter_events_free(struct adapter_events *events);
