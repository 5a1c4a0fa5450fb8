/* Codes of other formats: what each says of the event, and the words that a person is shown for it. spec/mapping.md
 *
 * The table is codes.json, from which the build makes mapping_codes. Readers ask by the code, whatever its system is
 * spelled like, since senders spell systems in many ways; who shows an event asks by the text that it has, which is a
 * code or its display. A code that is not in the table means nothing here, and is shown as it is. */
#pragma once

#include "ledger/base/bytes.h"

#include <stdbool.h>

/* Where a code stands; the same letters may mean something else in another place. */
enum mapping_kind {
	MAPPING_EVENT,   /* what happened */
	MAPPING_ROLE,    /* of a participant */
	MAPPING_PURPOSE, /* why */
	MAPPING_OUTCOME,
};

/* What a code says of the event; bits. */
enum mapping_effect {
	MAPPING_CREATE = 1 << 0,
	MAPPING_READ = 1 << 1,
	MAPPING_UPDATE = 1 << 2,
	MAPPING_DELETE = 1 << 3,
	MAPPING_SEARCH = 1 << 4,
	MAPPING_DISCLOSE = 1 << 5,
	MAPPING_EXPORT = 1 << 6,
	MAPPING_EMERGENCY = 1 << 7,
	MAPPING_DENIED = 1 << 8,            /* with a code of failure: it was refused */
	MAPPING_PATIENT = 1 << 9,           /* is about a patient by its definition */
	MAPPING_PATIENT_OR_THING = 1 << 10, /* the same, unless an object says of what else */
	MAPPING_MACHINE = 1 << 11,          /* the participant is one */
	MAPPING_HUMAN = 1 << 12,
	MAPPING_DESTINATION = 1 << 13, /* the data went there */
	MAPPING_PRINCIPAL = 1 << 14,   /* it was done for them */
	MAPPING_OK = 1 << 15,
	MAPPING_MINOR = 1 << 16,
	MAPPING_SERIOUS = 1 << 17,
	MAPPING_MAJOR = 1 << 18,
};

struct mapping_code {
	enum mapping_kind kind;
	const char *system; /* as FHIR spells it; "" for codes that are used without one */
	const char *code;
	const char *display; /* as the system has it; "" where none is known here */
	unsigned effects;
	const char *danish, *english;
};

/* A field of an event by one format: how it comes about. Without `field` the row begins a format, and says what it is;
 * field "lost": what of a message is told nowhere. */
struct mapping_field {
	const char *format, *field, *how;
};

extern const struct mapping_field mapping_fields[];
extern const size_t mapping_fields_count;
/* Ordered by kind and code; of one code in several systems, as the table has them. */
extern const struct mapping_code mapping_codes[];
extern const size_t mapping_codes_count;

#define MAPPING_SYSTEM_DCM "http://dicom.nema.org/resources/ontology/DCM"
#define MAPPING_SYSTEM_OUTCOME "http://terminology.hl7.org/CodeSystem/audit-event-outcome"

/* The row of this code; `system` NULL: of any, then the first. NULL: there is none. */
const struct mapping_code *mapping_find(enum mapping_kind kind, const char *system, struct bytes code);
/* All that the code's rows say, 0 for one that is not known; `system` as above. */
unsigned mapping_effects(enum mapping_kind kind, const char *system, struct bytes code);
/* The words for a text that is one of the table's codes, or a display in any letter case (of ASCII). NULL: it is
 * neither. */
const char *mapping_words(enum mapping_kind kind, struct bytes text, bool danish);
