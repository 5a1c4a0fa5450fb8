/* Canonical subject ids: one spelling for each person, because proofs are about bytes. spec/event.md
 *
 *   cpr:DDDDDDDDDD              ten digits
 *   oid:OID:VALUE               any other identifier with an OID (OID 1.2.208.176.1.2 is spelled cpr)
 *   uri:SYSTEM|VALUE            FHIR identifiers with another system
 *   ref:ORG/Patient/ID          a bare FHIR reference, scoped to the sender's organisation
 *
 * And lists that are no person: grants: and a person's id, for what says who may read in their place; mandates: and a
 * person's id, for whom that person may read; reports: and an organisation, for the reports about its accesses. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/limits.h"

/* E_OK if `id` is in canonical form, else E_BAD_SUBJECT. */
enum error subject_check(struct bytes id) MUST_USE;
/* The same, with the rule that is broken; the fault never holds the value. */
enum error subject_judge(struct bytes id, struct fault *fault) MUST_USE;
/* The ID of ref: is a FHIR id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'. */
bool subject_ref_id_valid(struct bytes id);
/* An organisation's SCHEME:ID: a letter, then letters, digits, '-', '.' and '+', all small; an ID without spaces and
 * characters that nobody sees. */
bool subject_org_valid(struct bytes org);
/* Brings what a person or a JSON sender wrote into canonical form: drops the hyphen of a CPR number, spells
 * the CPR OID as cpr, the system of uri: as subject_system.h and national numbers as subject_number.h say; checks the
 * rest. `out` has SUBJECT_BYTES_MAX + 1 bytes and gets an end mark. The fault names the rule and never the value. */
enum error subject_canonical(struct bytes text, char *out, struct fault *fault) MUST_USE;
/* The same of somebody who is reported now: E_BAD_SUBJECT also for what only stands where an id should
 * (subject_placeholder.h). Whoever was filed under such a one before can still be asked about. */
enum error subject_reported(struct bytes text, char *out, struct fault *fault) MUST_USE;

/* Whose events stand in the list that an id names. */
enum subject_list {
	LIST_OF_PERSON,
	LIST_OF_GRANTS,   /* given by a person */
	LIST_OF_MANDATES, /* held by a person: the same from the other side */
	LIST_OF_REPORTS,  /* of suspicion, about an organisation's accesses */
};

enum subject_list subject_list(struct bytes id);
/* Whose list it is, a person or an organisation; the id itself where it is a person's. */
struct bytes subject_principal(struct bytes id);
/* The id of a list: `out` has SUBJECT_BYTES_MAX + 1 bytes and gets an end mark. False: the id is too long, so the list
 * has nothing in it. */
bool subject_of_list(enum subject_list list, struct bytes whose, char *out);
