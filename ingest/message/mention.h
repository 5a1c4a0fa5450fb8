/* Patients who are mentioned in words: in a description, in a search, in a name that a sender gave to something.
 *
 * Nothing here says who it is. A message that has a subject is about that one; a message without one that mentions a
 * patient in such a place must not be filed under nobody, and is refused. spec/adapters.md, "Mentions in words" */
#pragma once

#include "ledger/base/bytes.h"

enum mention_where {
	MENTION_ADDRESS, /* Patient/ID and ?patient=ID: texts of people at work, who have numbers too */
	MENTION_TEXT,    /* also any search for one, a CX, and SYSTEM|VALUE with a system that numbers people */
	MENTION_QUERY    /* what was searched for, in base64 or as it is, DICOM's attributes too */
};

/* Whether the text mentions a patient, with or without escapes. A Danish person number counts in MENTION_TEXT and
 * MENTION_QUERY. E_NO_MEMORY. */
enum error mention_look(struct bytes text, enum mention_where where, bool *out) MUST_USE;
/* Whether the words speak of a patient: "patientId", "Pasientens journal". */
bool mention_word(struct bytes words);
enum mention_words {
	MENTION_WORDS_NO,
	MENTION_WORDS_UNCLEAR, /* of a patient, and of something else: "the patient's mother" */
	MENTION_WORDS_PATIENT, /* of nobody else: "Patienten", "patient (self)" */
};

/* Whom the words of a role mean, taken one by one: "patientansvarlig" is another word. */
enum mention_words mention_words_are(struct bytes words);
/* Whether they mean the patient and nobody else. */
bool mention_is_word(struct bytes words);
/* Whether it is the name of a number that people have: "mrn", "cpr". */
bool mention_numbers(struct bytes name);
/* Whether a member, an attribute, an extension or a detail of this name is about a patient: one of these names, the
 * word in some form, or a name that has it in it. */
bool mention_names(struct bytes name);
/* Whether `name`, set to `value` in this text, is of a program: "worker pid=4711", "subject: CN=a.example, O=B". Both
 * name patients too, so this is told only by what spec/adapters.md has for it, "Technical texts"; the name is `pid` or
 * `subject`, and stands in the text. */
bool mention_technical(struct bytes text, struct bytes name, struct bytes value);
/* Whether the code, of a role, is one of a patient. */
bool mention_role(struct bytes code);
/* A system that numbers people, in whatever spelling: where it stands no role is needed. */
bool mention_numbers_people(struct bytes system);
/* Whether a CX or SYSTEM|VALUE is a number of such a system. */
bool mention_is_number(struct bytes id);
/* Whether the text has the form of an HL7 CX with an authority, and its kind (HL7 table 0203) is none that things have.
 */
bool mention_is_cx(struct bytes id);
