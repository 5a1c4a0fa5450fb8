/* Patients who are mentioned in words: in a description, in a search, in a name that a sender gave to something.
 *
 * Nothing here says who it is. A message that has a subject is about that one; a message without one that mentions a
 * patient in such a place must not be filed under nobody, and is refused. spec/adapters.md, "Mentions in words" */
#pragma once

#include "ledger/base/bytes.h"

enum mention_where {
	MENTION_ADDRESS, /* Patient/ID alone: texts of people at work, who have numbers too */
	MENTION_TEXT,    /* also a CX and SYSTEM|VALUE with a system that numbers people */
	MENTION_QUERY    /* what was searched for, in base64 or as it is: names of parameters count too */
};

/* Whether the text mentions a patient, with or without % escapes. A Danish person number counts in MENTION_TEXT and
 * MENTION_QUERY. E_NO_MEMORY. */
enum error mention_look(struct bytes text, enum mention_where where, bool *out) MUST_USE;
/* Whether the words speak of a patient: "patientId", "Pasientens journal". */
bool mention_word(struct bytes words);
/* Whether that is all that they say: "Patient", "Pasient". */
bool mention_is_word(struct bytes words);
/* Whether the code, of a role, is one of a patient. */
bool mention_role(struct bytes code);
/* A system that numbers people, in whatever spelling: where it stands no role is needed. */
bool mention_numbers_people(struct bytes system);
/* Whether a CX or SYSTEM|VALUE is a number of such a system. */
bool mention_is_number(struct bytes id);
/* Whether the text has the form of an HL7 CX with an authority, and its kind (HL7 table 0203) is none that things have.
 */
bool mention_is_cx(struct bytes id);
