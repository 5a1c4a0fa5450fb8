/* Who a FHIR AuditEvent is about. spec/adapters.md
 *
 *   fhir_check_types ─► fhir_subjects ─► fhir.c maps the rest ─► fhir_check_mentions
 *
 * People are named in many places: an entity by its role, its type, its reference or its number; the patient of R5 and
 * the extension that stands for it in R4; an agent who is a patient; a contained resource. Who is found there becomes a
 * subject. After that the whole resource is walked once more, extensions and unknown members too: a patient who is
 * mentioned somewhere and is no subject refuses the message, and names the place. A message is about nobody only if
 * each entity says that it is no person. */
#pragma once

#include "ingest/fhir/fhir_json.h"
#include "ingest/message/audit_message.h"

struct fhir_reader {
	const struct fhir_document *document;
	const json_t *root; /* of the document */
	struct audit_message *message;
	const struct adapter_context *context;
	struct fault *fault;
	struct texts known; /* references of people who became subjects, as they are spelled; borrowed from `root` */
	struct texts left;  /* names of people beside those that became subjects; borrowed from `root` */
	size_t people;      /* of whom something became a subject */
};

enum fhir_person {
	FHIR_PERSON_NO,      /* something else, and the entity says so */
	FHIR_PERSON_UNCLEAR, /* could be a person: an object, unless the message would be about nobody then */
	FHIR_PERSON_YES,
};

/* What an entity is. */
enum fhir_person fhir_entity_person(const struct fhir_document *document, const json_t *entity);

/* The target of an entity: `what`, in STU3 `reference`. */
const json_t *fhir_entity_what(const json_t *entity);
/* The identifier of an entity's target. */
const json_t *fhir_entity_identifier(const json_t *entity);
/* Whether its kind is one that patients have, or one that things have. */
bool fhir_is_patient_number(const json_t *identifier);
bool fhir_is_thing_number(const json_t *identifier);
/* Whether its kind is one that patients alone have, and nobody as one at work. */
bool fhir_is_record_number(const json_t *identifier);
/* The agent is the patient. */
bool fhir_agent_is_patient(const struct fhir_document *document, const json_t *agent);

/* The agent has a number, and a role whose words speak of the patient and of something else. */
bool fhir_agent_may_be_patient(const json_t *agent);

void fhir_reader_free(struct fhir_reader *reader);
/* Adds everybody that the resource is about. What a name of one person is that cannot be a subject becomes an object if
 * there is one person only: objects are told to all of them. E_BAD_SUBJECT names the place of one who cannot be
 * identified. */
enum error fhir_subjects(struct fhir_reader *reader) MUST_USE;

/* Whether the one that `who` refers to or that a contained resource is is a subject already, under each of the names
 * that stand there. E_NO_MEMORY. */
enum error fhir_is_subject(const struct fhir_reader *reader, const json_t *who, bool *out) MUST_USE;
/* Whether the contained resource with this id was referred to by a subject. */
bool fhir_is_known(const struct fhir_reader *reader, struct bytes id);
/* What `who` points to is a Patient, by its type, its reference or what is contained. */
bool fhir_is_patient(const struct fhir_document *document, const json_t *who);

/* E_BAD_SUBJECT, with the place and the reason. */
enum error fhir_refuse(const struct fhir_reader *reader, const struct fhir_path *path, const char *reason) MUST_USE;
/* Looks for people in every place of the resource. E_BAD_SUBJECT names the place of a patient who is no subject, or of
 * an entity that could be a person in a message that would be about nobody. */
enum error fhir_check_mentions(const struct fhir_reader *reader) MUST_USE;
