/* What FHIR AuditEvent and DICOM audit messages have in common: fhir.c and dicom.c fill it in, adapter.c makes events
 * of it. Texts are owned by the message (audit_message_copy). */
#pragma once

#include "ingest/message/adapter.h"
#include "ingest/message/identifier.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"

struct chunk;
struct mapping_code;

/* A list that grows; a message of 64 KiB bounds it. Texts are borrowed. */
struct texts {
	size_t count;
	size_t room;
	struct bytes *items;
};

/* Texts that are empty or hold nothing but spaces are not added. E_NO_MEMORY. */
enum error texts_add(struct texts *texts, struct bytes text) MUST_USE;
void texts_free(struct texts *texts);

/* How the sender ended its report: the four codes of RFC 3881 that both formats use. */
enum severity {
	SEVERITY_NONE = 0,  /* success */
	SEVERITY_MINOR = 4, /* something did not work: a warning, a retry, or a refusal */
	SEVERITY_SERIOUS = 8,
	SEVERITY_MAJOR = 12
};

/* What the message says that the participant is; what it does not say counts as human when it acts. */
enum participant_nature { PARTICIPANT_UNSAID, PARTICIPANT_MACHINE, PARTICIPANT_HUMAN };

/* Texts may be empty, each by itself: a program without a name, a person without an id. */
struct participant {
	bool requestor;
	enum participant_nature nature; /* machine: an application, a device, or an organisation */
	bool destination;               /* where the data went */
	bool principal;                 /* the one for whom the requestor acted */
	/* Texts of the message's own memory, empty when absent. */
	struct bytes id;
	struct bytes name;
	struct bytes role;
	struct bytes access_point;
};

struct audit_message {
	struct chunk *chunks; /* memory of the texts below */

	/* What a reader fills in. */

	const char *format; /* source.format: "fhir-r4", "fhir-r5", "fhir-r6", "dicom", "otlp-log", "otlp-span", "cadf" */
	struct bytes time;
	struct bytes end_time; /* optional */
	uint8_t action;        /* C R U D E, or 0 */
	enum severity severity;
	bool denial; /* something says that the access was refused: with a severity it is denied, without a sign failed */
	bool query;  /* the action is a search */
	bool disclosed; /* given to somebody outside: the action is disclose, and a destination is a recipient */
	bool exported;  /* taken out of the system: the same with the action export */
	bool emergency;
	const struct mapping_code *patient_event; /* is about a patient by its definition; NULL: it need not be */
	bool transfer; /* an import or export: of patients' data, unless an object says of what else */
	bool things;   /* an object that says that it is no person, and what it is */
	bool nobody;   /* the sender's word for nobody stands where the patient is named */
	struct bytes system;
	struct bytes activity;
	struct bytes purpose;
	struct bytes consent;
	struct texts objects;
	struct event own;         /* fields that neither format has, as the event has them: texts, enumerations and lists */
	size_t participant_count; /* participants_add */
	size_t participant_room;
	struct participant *participants;
	size_t subject_count;
	struct bytes subjects[EVENT_SUBJECTS_MAX]; /* canonical, each once */

	/* What participants_settle fills in. */
	uint8_t actor_kind; /* ACTOR_... */
	struct participant actor;
	struct participant principal; /* empty when nobody is */
	struct bytes recipient;
};

/* By what the sender's identifiers are read. */
struct identifier_scope audit_message_scope(const struct adapter_context *context);
/* A copy in the message's own memory. E_NO_MEMORY. */
enum error audit_message_copy(struct audit_message *message, struct bytes text, struct bytes *out) MUST_USE;
/* Texts put together. */
enum error audit_message_join(
	struct audit_message *message, const struct bytes *parts, size_t count, struct bytes *out) MUST_USE;
/* "KIND: NAME (ID)", as much of it as there is. */
enum error audit_message_describe(
	struct audit_message *message, struct bytes kind, struct bytes name, struct bytes id, struct bytes *out) MUST_USE;
/* Adds a copy to the objects, unless it says nothing. */
enum error audit_message_object(struct audit_message *message, struct bytes object) MUST_USE;
/* How it ended, by what the table of codes says of its code; false: the code is none of an outcome. */
bool audit_message_severity(unsigned says, enum severity *out);
/* Looks for a sign of refusal in a code (the table of codes has which) or in words. */
void audit_message_denial_code(struct audit_message *message, struct bytes code);
void audit_message_denial_words(struct audit_message *message, struct bytes words);

/* Looks whether a code of what happened is one of DICOM PS3.15 A.5.3 that is about patients by its definition. */
void audit_message_event_code(struct audit_message *message, struct bytes code);
/* Refuses a message about nobody that is about patients by its definition, unless it names nobody in words. `how` says
 * what to do. E_BAD_SUBJECT. */
enum error audit_message_check_nobody(
	const struct audit_message *message, const char *how, struct fault *fault) MUST_USE;

/* Adds the person or people that an identifier in text names (ingest/message/identifier.h), several HL7 CX separated by
 * '~'. A text that names nobody adds nobody; an
 * empty one is refused. E_BAD_SUBJECT, E_TOO_LONG. */
enum error audit_message_subject(struct audit_message *message, struct bytes identifier,
	const struct identifier_scope *scope, struct fault *fault) MUST_USE;
/* The same for a FHIR identifier. Without `system` the value must bring its own authority. */
enum error audit_message_identifier(struct audit_message *message, struct bytes system, struct bytes value,
	const struct identifier_scope *scope, struct fault *fault) MUST_USE;

void audit_message_free(struct audit_message *message);

enum error fhir_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault) MUST_USE;
enum error dicom_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault) MUST_USE;

enum error otlp_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault) MUST_USE;
enum error cadf_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault) MUST_USE;

/* What a syslog message carries, and the format of that. */
struct carried {
	enum adapter_format format;
	struct bytes text; /* borrowed from the message, or from `memory` */
	uint8_t *memory;   /* the caller's to free, also when it was refused; NULL: nothing was undone */
};
enum error syslog_read(struct bytes message, struct carried *out, struct fault *fault) MUST_USE;
/* Why what it carries is refused: `error` and its fault as its reader gave them, unless it was cut on the way.
 * E_NO_MEMORY: that could not be found out. */
enum error syslog_refuse(
	struct bytes message, const struct carried *carried, enum error error, struct fault *fault) MUST_USE;
