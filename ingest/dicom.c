/* DICOM audit messages in XML (PS3.15 A.5), both dialects: csd-code and originalText, or code and displayName.
 * spec/adapters.md */
#include "ingest/participants.h"

#include <expat.h>
#include <string.h>

#define DEPTH_MAX 16

struct dicom {
	XML_Parser parser;
	struct audit_message *message;
	const struct adapter_context *context;
	struct fault *fault;
	enum error error; /* the first one */
	unsigned depth;
	bool in_message;
	bool in_participant;
	bool has_event;
	bool has_source;
	struct participant current;
	struct bytes alternative_id; /* of the current participant */
};

static void fail(struct dicom *dicom, enum error error)
{
	if (dicom->error == E_OK)
		dicom->error = error;
	XML_StopParser(dicom->parser, XML_FALSE);
}

/* Either of two spellings of an attribute; empty when there is none. */
static struct bytes attribute(const char **attributes, const char *name, const char *other)
{
	for (size_t i = 0; attributes[i] != NULL; i += 2)
		if (strcmp(attributes[i], name) == 0 || (other != NULL && strcmp(attributes[i], other) == 0))
			return bytes_text(attributes[i + 1]);
	return BYTES_EMPTY;
}

/* expat's strings live as long as the call. */
static struct bytes keep(struct dicom *dicom, struct bytes text)
{
	struct bytes copy = BYTES_EMPTY;
	if (text.len > 0) {
		enum error error = audit_message_copy(dicom->message, text, &copy);
		if (error != E_OK)
			fail(dicom, error);
	}
	return copy;
}

static struct bytes words_of(struct dicom *dicom, const char **attributes)
{
	struct bytes words = attribute(attributes, "originalText", "displayName");
	return keep(dicom, words.len > 0 ? words : attribute(attributes, "csd-code", "code"));
}

/* ---- elements ---- */

static void read_event(struct dicom *dicom, const char **attributes)
{
	struct bytes action = attribute(attributes, "EventActionCode", NULL);
	struct bytes outcome = attribute(attributes, "EventOutcomeIndicator", NULL);
	dicom->has_event = true;
	dicom->message->time = keep(dicom, attribute(attributes, "EventDateTime", NULL));
	dicom->message->action = action.len == 1 ? action.data[0] : 0;
	if (action.len > 1)
		fail(dicom, fault_set(dicom->fault, E_BAD_VALUE, "EventActionCode: must be one of C, R, U, D, E"));
	if (bytes_equal(outcome, BYTES_LITERAL("0")))
		dicom->message->severity = SEVERITY_NONE;
	else if (bytes_equal(outcome, BYTES_LITERAL("4")))
		dicom->message->severity = SEVERITY_MINOR;
	else if (bytes_equal(outcome, BYTES_LITERAL("8")))
		dicom->message->severity = SEVERITY_SERIOUS;
	else if (bytes_equal(outcome, BYTES_LITERAL("12")))
		dicom->message->severity = SEVERITY_MAJOR;
	else
		fail(dicom, fault_set(dicom->fault, outcome.len ? E_BAD_VALUE : E_MISSING_FIELD,
						"EventOutcomeIndicator: must be one of 0, 4, 8, 12"));
}

static void read_event_id(struct dicom *dicom, const char **attributes)
{
	/* DCM 110112: Query; 110106: Export; 110113: Security Alert */
	audit_message_denial_code(dicom->message, attribute(attributes, "csd-code", "code"));
	dicom->message->exported |= bytes_equal(attribute(attributes, "csd-code", "code"), BYTES_LITERAL("110106"));
	dicom->message->query |= bytes_equal(attribute(attributes, "csd-code", "code"), BYTES_LITERAL("110112"));
	if (dicom->message->activity.len == 0)
		dicom->message->activity = words_of(dicom, attributes);
}

static void read_purpose(struct dicom *dicom, const char **attributes)
{
	struct bytes code = attribute(attributes, "csd-code", "code");
	dicom->message->emergency |= bytes_equal(code, BYTES_LITERAL("BTG")) || bytes_equal(code, BYTES_LITERAL("ETREAT"));
	if (dicom->message->purpose.len == 0)
		dicom->message->purpose = words_of(dicom, attributes);
}

static void start_participant(struct dicom *dicom, const char **attributes)
{
	struct bytes requestor = attribute(attributes, "UserIsRequestor", NULL);
	struct participant participant = {.requestor = requestor.len == 0 || /* true by the schema when absent */
												   bytes_equal(requestor, BYTES_LITERAL("true")) ||
												   bytes_equal(requestor, BYTES_LITERAL("1"))};
	participant.id = keep(dicom, attribute(attributes, "UserID", NULL));
	dicom->alternative_id = keep(dicom, attribute(attributes, "AlternativeUserID", NULL));
	participant.name = keep(dicom, attribute(attributes, "UserName", NULL));
	participant.access_point = keep(dicom, attribute(attributes, "NetworkAccessPointID", NULL));
	dicom->current = participant;
	dicom->in_participant = true;
}

static void read_role(struct dicom *dicom, const char **attributes)
{
	participant_role_code(&dicom->current, attribute(attributes, "csd-code", "code"));
	if (dicom->current.role.len == 0)
		dicom->current.role = words_of(dicom, attributes);
}

static void end_participant(struct dicom *dicom)
{
	dicom->in_participant = false;
	if (dicom->current.id.len == 0)
		dicom->current.id = dicom->alternative_id;
	enum error error = participants_add(dicom->message, &dicom->current);
	if (error != E_OK)
		fail(dicom, error);
}

static void start_object(struct dicom *dicom, const char **attributes)
{
	struct bytes id = attribute(attributes, "ParticipantObjectID", NULL);
	bool patient = bytes_equal(attribute(attributes, "ParticipantObjectTypeCode", NULL), BYTES_LITERAL("1")) &&
				   bytes_equal(attribute(attributes, "ParticipantObjectTypeCodeRole", NULL), BYTES_LITERAL("1"));
	enum error error = patient ? audit_message_subject(dicom->message, id, dicom->context->org_id, dicom->fault)
							   : audit_message_object(dicom->message, id);
	if (error != E_OK)
		fail(dicom, error);
}

static void read_source(struct dicom *dicom, const char **attributes)
{
	dicom->has_source = true;
	dicom->message->system = keep(dicom, attribute(attributes, "AuditSourceID", NULL));
}

/* ---- expat's callbacks ---- */

static void on_start(void *context, const char *name, const char **attributes)
{
	struct dicom *dicom = context;
	if (++dicom->depth > DEPTH_MAX)
		fail(dicom, fault_set(dicom->fault, E_BAD_XML, "elements are nested more than %u deep", DEPTH_MAX));
	else if (dicom->depth == 1)
		dicom->in_message = strcmp(name, "AuditMessage") == 0;
	else if (strcmp(name, "EventIdentification") == 0)
		read_event(dicom, attributes);
	else if (strcmp(name, "EventTypeCode") == 0)
		dicom->message->activity = words_of(dicom, attributes);
	else if (strcmp(name, "EventID") == 0)
		read_event_id(dicom, attributes);
	else if (strcmp(name, "PurposeOfUse") == 0)
		read_purpose(dicom, attributes);
	else if (strcmp(name, "ActiveParticipant") == 0)
		start_participant(dicom, attributes);
	else if (strcmp(name, "RoleIDCode") == 0 && dicom->in_participant)
		read_role(dicom, attributes);
	else if (strcmp(name, "AuditSourceIdentification") == 0)
		read_source(dicom, attributes);
	else if (strcmp(name, "ParticipantObjectIdentification") == 0)
		start_object(dicom, attributes);
	else if (strcmp(name, "ParticipantObjectQuery") == 0)
		dicom->message->query = true;
}

static void on_end(void *context, const char *name)
{
	struct dicom *dicom = context;
	dicom->depth--;
	if (strcmp(name, "ActiveParticipant") == 0)
		end_participant(dicom);
}

/* A document type can declare entities that grow without end: no audit message has one. */
static void on_doctype(void *context, const char *name, const char *system_id, const char *public_id, int internal)
{
	struct dicom *dicom = context;
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	fail(dicom, fault_set(dicom->fault, E_BAD_XML, "a document type declaration is not allowed"));
}

/* ---- the whole ---- */

static enum error check(struct dicom *dicom)
{
	struct audit_message *message = dicom->message;
	if (!dicom->in_message)
		return fault_set(dicom->fault, E_BAD_XML, "the document's element must be AuditMessage");
	if (!dicom->has_event)
		return fault_set(dicom->fault, E_MISSING_FIELD, "EventIdentification: required and missing");
	if (message->participant_count == 0)
		return fault_set(dicom->fault, E_MISSING_FIELD, "ActiveParticipant: required and missing");
	if (!dicom->has_source || message->system.len == 0)
		return fault_set(
			dicom->fault, E_MISSING_FIELD, "AuditSourceIdentification: AuditSourceID is required and missing");
	return E_OK;
}

static enum error parse(struct dicom *dicom, struct bytes text)
{
	XML_SetUserData(dicom->parser, dicom);
	XML_SetElementHandler(dicom->parser, on_start, on_end);
	XML_SetStartDoctypeDeclHandler(dicom->parser, on_doctype);
	enum XML_Status status = XML_Parse(dicom->parser, (const char *)text.data, (int)text.len, 1);
	if (dicom->error != E_OK)
		return dicom->error;
	if (status != XML_STATUS_OK)
		return fault_set(dicom->fault, E_BAD_XML, "not valid XML at line %lu: %s",
			(unsigned long)XML_GetCurrentLineNumber(dicom->parser), XML_ErrorString(XML_GetErrorCode(dicom->parser)));
	return check(dicom);
}

enum error dicom_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault)
{
	struct dicom dicom = {.message = out, .context = context, .fault = fault};
	out->format = "dicom";
	dicom.parser = XML_ParserCreate(NULL);
	if (dicom.parser == NULL)
		return E_NO_MEMORY;
	enum error error = parse(&dicom, text);
	XML_ParserFree(dicom.parser);
	return error;
}
