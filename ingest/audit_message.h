/* What FHIR AuditEvent and DICOM audit messages have in common: fhir.c and dicom.c fill it in, adapter.c makes events
 * of it. Texts are owned by the message (audit_message_copy). */
#pragma once

#include "ingest/adapter.h"

#define MESSAGE_OBJECTS_MAX EVENT_LIST_MAX

struct chunk;

struct audit_message {
	struct chunk *chunks; /* memory of the texts below */

	const char *format; /* source.format: "fhir-r4", "fhir-r5", "dicom" */
	struct bytes time;
	uint8_t action;  /* C R U D E, or 0 */
	uint8_t outcome; /* OUTCOME_... */
	bool query;      /* the action is a search */
	bool emergency;
	bool has_actor;
	uint8_t actor_kind; /* ACTOR_... */
	struct bytes actor_id;
	struct bytes actor_name;
	struct bytes actor_role;
	struct bytes system;
	struct bytes activity;
	struct bytes purpose;
	struct bytes access_point;
	struct bytes consent;
	size_t object_count;
	struct bytes objects[MESSAGE_OBJECTS_MAX];
	size_t subject_count;
	struct bytes subjects[EVENT_SUBJECTS_MAX]; /* canonical, each once */
};

/* A copy in the message's own memory. E_NO_MEMORY. */
enum error audit_message_copy(struct audit_message *message, struct bytes text, struct bytes *out) MUST_USE;
/* Texts put together,. */
enum error audit_message_join(
	struct audit_message *message, const struct bytes *parts, size_t count, struct bytes *out) MUST_USE;
enum error audit_message_object(struct audit_message *message, struct bytes object, struct fault *fault) MUST_USE;

/* Adds the person or people that an identifier of a sender's names; empty and "<none>" name nobody.
 *   one or more HL7 CX, separated by '~'   X^^^NS&OID&ISO^PI   ─► oid:OID:X
 *   urn:oid:OID|X                                              ─► oid:OID:X
 *   SYSTEM|X                                                   ─► uri:SYSTEM|X
 *   [anything/]Patient/ID                                      ─► ref:ORG/Patient/ID
 *   ORG is `org_id`; the OID of Danish person numbers gives cpr:
 * An identifier without an authority is refused: it could be anybody. */
enum error audit_message_subject(
	struct audit_message *message, struct bytes identifier, const char *org_id, struct fault *fault) MUST_USE;
/* A FHIR identifier; `system` may be empty (refused, as above). */
enum error audit_message_identifier(
	struct audit_message *message, struct bytes system, struct bytes value, struct fault *fault) MUST_USE;

void audit_message_free(struct audit_message *message);

enum error fhir_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault) MUST_USE;
enum error dicom_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault) MUST_USE;
