/* Whose: the person that an identifier or a reference of a sender's names, as a canonical subject id. spec/adapters.md
 *
 *   X^^^NS&OID&ISO^PI                HL7 CX                        ─► oid:OID:X
 *   X^^^NS&UUID&UUID, X^^^NS&URI&URI                               ─► uri:urn:uuid:UUID|X, uri:URI|X
 *   X^^^OID, X^^^URI                 an authority for a local name ─► as X^^^&OID&ISO, X^^^&URI&URI
 *   urn:oid:OID|X, oid:OID|X, OID|X  a FHIR identifier as a token  ─► oid:OID:X
 *   SYSTEM|X                                                       ─► uri:SYSTEM|X
 *   Patient/ID[/_history/V]          a FHIR reference              ─► ref:ORG/Patient/ID
 *   BASE/Patient/ID[/_history/V]     on another server             ─► uri:BASE/Patient|ID
 *   [BASE/]Patient?identifier=SYSTEM|X                             ─► as SYSTEM|X
 *   <none>, <none>^^^...             a sender's word for nobody    ─► nobody
 *
 * X, X^^^NS, X^^^NS&ID&L           what the registration says of it (ledger/mandate/source.h)
 *
 * OID 1.2.208.176.1.2 gives cpr:. The same person in another spelling gets the same id, or the message is refused with
 * the reason: an identifier without an authority could be anybody's, a placeholder is everybody's, and what cannot be
 * read is nobody's business to guess. Reasons never hold the identifier. */
#pragma once

#include "ledger/mandate/source.h"

/* What a sender's own words mean. */
struct identifier_scope {
	const char *org_id;          /* scopes bare references; NULL: there must be none */
	const struct source *source; /* whose numbers those without an authority are; required */
};

/* Whether this is the reason of a refusal for a local namespace that the registration does not map, and its name, where
 * it may be told; else "NAME". */
#define IDENTIFIER_NAMESPACE_MAX 32u
bool identifier_unmapped(const char *reason, char name[IDENTIFIER_NAMESPACE_MAX + 1]);
/* An identifier in text, one person. `out` has
 * SUBJECT_BYTES_MAX + 1 bytes, gets an end mark, and is empty for nobody. E_BAD_SUBJECT. */
enum error identifier_text(
	struct bytes text, const struct identifier_scope *scope, char *out, struct fault *fault) MUST_USE;
/* A FHIR identifier. Without a system the value must bring its own authority, a CX, or SYSTEM|X, or have one by the
 * registration. */
enum error identifier_fhir(struct bytes system, struct bytes value, const struct identifier_scope *scope, char *out,
	struct fault *fault) MUST_USE;
/* Whether the text is, or was meant to be, a FHIR reference to a patient: Patient/..., Patient?..., in whatever case,
 * with or without a server's address before it. */
bool identifier_is_patient_reference(struct bytes text);
