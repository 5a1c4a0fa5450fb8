/* What the ledger's own AuditEvents say in extensions and a coding of ours (spec/fhir.md), read again. spec/adapters.md
 *
 * Fields that FHIR has no element for, by the name that the event's schema gives them; a system that reports in FHIR
 * may say them in the same way. */
#pragma once

#include "ingest/fhir/fhir_people.h"

/* The words of what was done, where they are told from those of the code; else empty. */
struct bytes fhir_own_activity(const json_t *subtypes);
/* Into the message's `own`. E_BAD_VALUE, E_TOO_LONG: the extension is named. */
enum error fhir_read_own(struct fhir_reader *reader) MUST_USE;
