/* A person's canonical id as a FHIR identifier, and back. spec/fhir.md
 *
 *   cpr:X                urn:oid:1.2.208.176.1.2|X
 *   oid:OID:X            urn:oid:OID|X
 *   uri:SYSTEM|X         SYSTEM|X
 *   ref:ORG/Patient/ID   TERMS_REFERENCE|ORG/Patient/ID
 *
 * A list of somebody's grants or mandates is shown as that person. */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

/* {"system", "value"} of a canonical id; a new reference, or NULL. */
json_t *person_identifier(struct bytes subject);
/* The canonical id of `system|value`, both as they stand in an identifier: `out` has SUBJECT_BYTES_MAX + 1 bytes and
 * gets an end mark. E_BAD_SUBJECT; the fault never holds the value. */
enum error person_of(struct bytes system, struct bytes value, char *out, struct fault *fault) MUST_USE;
