/* FHIR AuditEvent in JSON, R4 and R5 by shape. spec/adapters.md */
#include "ingest/participants.h"

#include <jansson.h>
#include <string.h>

static struct bytes text_at(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) ? bytes_of(json_string_value(value), json_string_length(value)) : BYTES_EMPTY;
}

static struct bytes first_of(struct bytes a, struct bytes b)
{
	return a.len > 0 ? a : b;
}

/* The element itself, or the first of an array of them. */
static const json_t *first_element(const json_t *value)
{
	return json_is_array(value) ? json_array_get(value, 0) : value;
}

/* Display, then text, then code: of a Coding, or of a CodeableConcept's first coding that has one. */
static struct bytes words_of(const json_t *concept)
{
	const json_t *coding;
	size_t i;
	struct bytes code = BYTES_EMPTY;
	json_array_foreach(json_object_get(concept, "coding"), i, coding)
	{
		if (text_at(coding, "display").len > 0)
			return text_at(coding, "display");
		code = first_of(code, text_at(coding, "code"));
	}
	struct bytes words = first_of(text_at(concept, "display"), text_at(concept, "text"));
	return first_of(words, first_of(text_at(concept, "code"), code));
}

/* The code of a Coding, a CodeableConcept, or a plain code. */
static struct bytes code_of(const json_t *value)
{
	if (json_is_string(value))
		return bytes_of(json_string_value(value), json_string_length(value));
	struct bytes code = text_at(value, "code");
	const json_t *coding = first_element(json_object_get(value, "coding"));
	return first_of(code, text_at(coding, "code"));
}

/* What names a person or device in an element like `who`: its name, and its id. */
static struct bytes name_of(const json_t *who)
{
	return text_at(who, "display");
}

static enum error id_of(struct audit_message *message, const json_t *who, struct bytes *out)
{
	const json_t *identifier = json_object_get(who, "identifier");
	struct bytes value = text_at(identifier, "value");
	struct bytes system = text_at(identifier, "system");
	struct bytes parts[] = {system, system.len ? BYTES_LITERAL("|") : BYTES_EMPTY, value};
	*out = text_at(who, "reference");
	return value.len > 0 ? audit_message_join(message, parts, 3, out) : E_OK;
}

/* ---- parts of the message ---- */

static bool has_code(const json_t *concept, const char *wanted)
{
	const json_t *coding;
	size_t i;
	if (bytes_equal(code_of(concept), bytes_text(wanted)))
		return true;
	json_array_foreach(json_object_get(concept, "coding"), i, coding)
	{
		if (bytes_equal(text_at(coding, "code"), bytes_text(wanted)))
			return true;
	}
	return false;
}

static void read_purposes(struct audit_message *message, const json_t *purposes)
{
	const json_t *purpose;
	size_t i;
	json_array_foreach(purposes, i, purpose)
	{
		message->purpose = first_of(message->purpose, words_of(purpose));
		message->emergency |= has_code(purpose, "BTG") || has_code(purpose, "ETREAT");
	}
}

/* The last segment but one of a reference: the type of what it points to. */
static bool refers_to(struct bytes reference, const char *type)
{
	size_t len = strlen(type);
	for (size_t at = 0; at + len < reference.len; at++)
		if ((at == 0 || reference.data[at - 1] == '/') && memcmp(reference.data + at, type, len) == 0 &&
			reference.data[at + len] == '/')
			return true;
	return false;
}

static enum participant_nature nature_of(const json_t *who)
{
	static const char *const machines[] = {"Device", "Organization", "HealthcareService", "Endpoint"};
	static const char *const humans[] = {"Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person"};
	for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
		if (refers_to(text_at(who, "reference"), machines[i]) ||
			bytes_equal(text_at(who, "type"), bytes_text(machines[i])))
			return PARTICIPANT_MACHINE;
	for (size_t i = 0; i < sizeof humans / sizeof humans[0]; i++)
		if (refers_to(text_at(who, "reference"), humans[i]) || bytes_equal(text_at(who, "type"), bytes_text(humans[i])))
			return PARTICIPANT_HUMAN;
	return PARTICIPANT_UNSAID;
}

static void read_role_codes(struct participant *participant, const json_t *concept)
{
	const json_t *coding;
	size_t i;
	participant_role_code(participant, code_of(concept));
	json_array_foreach(json_object_get(concept, "coding"), i, coding)
		participant_role_code(participant, text_at(coding, "code"));
}

static enum error read_agent(struct audit_message *message, const json_t *agent)
{
	const json_t *who = json_object_get(agent, "who");
	const json_t *role;
	size_t i;
	struct participant participant = {
		.requestor = json_is_true(json_object_get(agent, "requestor")), .nature = nature_of(who)};
	read_role_codes(&participant, json_object_get(agent, "type"));
	participant.role = words_of(json_object_get(agent, "type"));
	json_array_foreach(json_object_get(agent, "role"), i, role)
	{
		read_role_codes(&participant, role);
		participant.role = first_of(participant.role, words_of(role));
	}
	participant.name = first_of(name_of(who), text_at(agent, "name"));
	TRY(id_of(message, who, &participant.id));
	participant.id = first_of(participant.id, text_at(agent, "altId"));
	const json_t *network = json_object_get(agent, "network");
	participant.access_point =
		first_of(text_at(network, "address"), first_of(text_at(agent, "networkString"), text_at(agent, "networkUri")));
	struct bytes *const texts[] = {&participant.id, &participant.name, &participant.role, &participant.access_point};
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		TRY(audit_message_copy(message, *texts[i], texts[i]));
	return participants_add(message, &participant);
}

static enum error read_agents(struct audit_message *message, const json_t *agents, struct fault *fault)
{
	const json_t *agent;
	size_t i;
	if (json_array_size(agents) == 0)
		return fault_set(fault, E_MISSING_FIELD, "agent: required and missing");
	json_array_foreach(agents, i, agent)
	{
		TRY(read_agent(message, agent));
		read_purposes(message, json_object_get(agent, "purposeOfUse"));
		read_purposes(message, json_object_get(agent, "authorization"));
	}
	return E_OK;
}

static enum error read_subject(
	struct audit_message *message, const json_t *what, const struct adapter_context *context, struct fault *fault)
{
	const json_t *identifier = json_object_get(what, "identifier");
	struct bytes value = text_at(identifier, "value");
	if (value.len > 0)
		return audit_message_identifier(message, text_at(identifier, "system"), value, fault);
	struct bytes reference = text_at(what, "reference");
	if (reference.len > 0)
		return audit_message_subject(message, reference, context->org_id, fault);
	return fault_set(fault, E_BAD_SUBJECT, "entity.what: a patient without identifier or reference");
}

static enum error read_object(struct audit_message *message, const json_t *what)
{
	struct bytes id;
	TRY(id_of(message, what, &id));
	return audit_message_object(message, first_of(id, text_at(what, "display")));
}

static enum error read_entities(
	struct audit_message *message, const json_t *entities, const struct adapter_context *context, struct fault *fault)
{
	const json_t *entity;
	size_t i;
	json_array_foreach(entities, i, entity)
	{
		const json_t *what = json_object_get(entity, "what");
		struct bytes role = code_of(json_object_get(entity, "role"));
		bool consent = bytes_equal(code_of(json_object_get(entity, "type")), BYTES_LITERAL("Consent"));
		message->query |= json_object_get(entity, "query") != NULL || bytes_equal(role, BYTES_LITERAL("24"));
		if (bytes_equal(role, BYTES_LITERAL("1")))
			TRY(read_subject(message, what, context, fault));
		else if (consent && message->consent.len == 0)
			TRY(id_of(message, what, &message->consent));
		else
			TRY(read_object(message, what));
	}
	return E_OK;
}

static enum error read_outcome(struct audit_message *message, const json_t *root, struct fault *fault)
{
	const json_t *value = json_object_get(root, "outcome");
	struct bytes code = code_of(json_is_object(value) && json_object_get(value, "code") != NULL &&
										!json_is_string(json_object_get(value, "code"))
									? json_object_get(value, "code")
									: value);
	static const struct {
		const char *code;
		enum severity severity;
	} known[] = {{"", SEVERITY_NONE}, {"0", SEVERITY_NONE}, {"success", SEVERITY_NONE},
		{"informational", SEVERITY_NONE}, {"information", SEVERITY_NONE}, {"warning", SEVERITY_NONE},
		{"4", SEVERITY_MINOR}, {"error", SEVERITY_SERIOUS}, {"8", SEVERITY_SERIOUS}, {"12", SEVERITY_MAJOR},
		{"fatal", SEVERITY_MAJOR}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (bytes_equal(code, bytes_text(known[i].code))) {
			message->severity = known[i].severity;
			return E_OK;
		}
	return fault_set(fault, E_BAD_VALUE, "outcome: not one of 0, 4, 8, 12 (R4) or success, warning, error, fatal (R5)");
}

static void read_denial(struct audit_message *message, const json_t *concept)
{
	const json_t *coding;
	size_t i;
	audit_message_denial_code(message, code_of(concept));
	json_array_foreach(json_object_get(concept, "coding"), i, coding)
		audit_message_denial_code(message, text_at(coding, "code"));
}

static enum error read_root(
	struct audit_message *message, const json_t *root, const struct adapter_context *context, struct fault *fault)
{
	if (!bytes_equal(text_at(root, "resourceType"), BYTES_LITERAL("AuditEvent")))
		return fault_set(fault, E_BAD_VALUE, "resourceType: must be AuditEvent");
	bool r5 = json_object_get(root, "code") != NULL;
	const json_t *subtype = first_element(json_object_get(root, r5 ? "code" : "subtype"));
	const json_t *type = first_element(json_object_get(root, r5 ? "category" : "type"));
	const json_t *source = json_object_get(root, "source");
	const json_t *observer = json_object_get(source, "observer");
	struct bytes action = text_at(root, "action");
	struct bytes observer_id;
	message->format = r5 ? "fhir-r5" : "fhir-r4";
	message->time = text_at(root, "recorded");
	if (action.len > 1)
		return fault_set(fault, E_BAD_VALUE, "action: must be one of C, R, U, D, E");
	message->action = action.len == 1 ? action.data[0] : 0;
	message->activity = first_of(words_of(subtype), words_of(type));
	message->query = bytes_equal(code_of(subtype), BYTES_LITERAL("search-type")) ||
					 bytes_equal(code_of(subtype), BYTES_LITERAL("search"));
	TRY(read_outcome(message, root, fault));
	read_denial(message, subtype);
	read_denial(message, type);
	audit_message_denial_words(message, text_at(root, "outcomeDesc"));
	TRY(id_of(message, observer, &observer_id));
	message->system = first_of(first_of(name_of(observer), observer_id), text_at(source, "site"));
	read_purposes(message, json_object_get(root, "purposeOfEvent"));
	read_purposes(message, json_object_get(root, "authorization"));
	TRY(read_agents(message, json_object_get(root, "agent"), fault));
	const json_t *patient = json_object_get(root, "patient");
	if (patient != NULL)
		TRY(read_subject(message, patient, context, fault));
	return read_entities(message, json_object_get(root, "entity"), context, fault);
}

/* Texts must outlive the document: every one of the message's is copied. */
static enum error keep_texts(struct audit_message *message)
{
	struct bytes *const texts[] = {
		&message->time, &message->system, &message->activity, &message->purpose, &message->consent};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		TRY(audit_message_copy(message, *texts[i], texts[i]));
	return E_OK;
}

enum error fhir_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault)
{
	json_error_t json_error;
	json_t *root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &json_error);
	if (root == NULL)
		return fault_set(
			fault, E_BAD_JSON, "not valid JSON at byte %d (duplicate names are refused too)", json_error.position);
	enum error error = read_root(out, root, context, fault);
	if (error == E_OK)
		error = keep_texts(out);
	json_decref(root);
	return error;
}
