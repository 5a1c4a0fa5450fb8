/* Our event as a FHIR R4 AuditEvent, by the profiles of IHE BALP. spec/fhir.md
 *
 * What FHIR has an element for stands there; every other field of the event that is present is an extension of ours
 * with the field's name, so that nothing is left out and new fields come by themselves. What is required and not known
 * (or not shown) says so (data-absent-reason). */
#pragma once

#include "ledger/entry/sender.h"
#include "ledger/event/event.h"

#include <jansson.h>

struct audit_event {
	const struct event *event; /* about a person; as much of it as whoever asks may see */
	uint64_t index;            /* in the log, which is the resource's id */
	uint64_t ledger_time_s;
	const struct sender *sender; /* who reported it */
};

/* A new reference. E_NO_MEMORY, which a text that is no UTF-8 gives too (the schema has let none in). */
enum error audit_event_json(const struct audit_event *from, json_t **out) MUST_USE;
/* The BALP profile that an event of this action has when it went well; NULL: none. The last part of its address. */
const char *audit_event_profile(uint64_t action);
