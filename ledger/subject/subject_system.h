/* Systems of identifiers, the SYSTEM of "uri:SYSTEM|VALUE": one spelling for each, because the system is a part of who
 * a person is. spec/event.md
 *
 * A system is an absolute URI in ASCII. RFC 3986 and RFC 8141 know many spellings that mean the same; of each only the
 * one below is canonical. What is none (a code system, a local name that every hospital has) is told with its reason.
 */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/limits.h"

/* The system in its one spelling: scheme, host and URN namespace in lower case, a UUID too, no port that is the
 * scheme's own, no slash at the end. NULL, or why it is no system: a constant text that continues "subject: ".
 * `out` has SUBJECT_BYTES_MAX + 1 bytes and gets an end mark. */
const char *subject_system_canonical(struct bytes system, char *out);

/* Whether the system is an OID, in whatever spelling: urn:oid:1.2.3 (in any case), oid:1.2.3, 1.2.3. `oid` is borrowed
 * from it and may yet be malformed (leading zeros). */
bool subject_system_oid(struct bytes system, struct bytes *oid);

/* Numbers without leading zeros, two or more, joined by dots, the first 0, 1 or 2. */
bool subject_oid_valid(struct bytes oid);
/* OIDs under which codes are numbered, never people: an identifier with one is nobody's. */
bool subject_oid_is_codes(struct bytes oid);
