/* DICOM audit messages in XML (PS3.15 A.5, RFC 3881), both dialects: csd-code and originalText, or code and
 * displayName. spec/adapters.md
 *
 * A message is read by its tree: an element counts only where the schema has it. What the tree does not have is skipped
 * with all that is in it, unless it is one of the four sections or an object: those are never skipped in silence. */
#include "ingest/dicom/dicom_object.h"
#include "ingest/dicom/xml.h"
#include "ingest/message/mention.h"
#include "ingest/message/participants.h"
#include "ingest/message/words.h"
#include "ledger/base/grow.h"
#include "ledger/mapping/mapping.h"

#include <strings.h>

enum node {
	NODE_UNKNOWN,
	NODE_DOCUMENT,
	NODE_MESSAGE,
	NODE_EVENT,
	NODE_OUTCOME_WORDS,
	NODE_PARTICIPANT,
	NODE_OBJECT,
	NODE_NAME,
	NODE_QUERY,
	NODE_LEAF, /* its start tag says all of it */
};

/* Invariants: path[0..depth] are the open elements; `participant` and `object` are those of the innermost section
 * and are begun anew by its start tag; `text` is of the innermost element, since children's text ends with them. */
struct dicom {
	struct audit_message *message;
	const struct adapter_context *context;
	struct fault *fault;
	enum node path[XML_DEPTH_MAX + 1];
	const char *names[XML_DEPTH_MAX + 1]; /* of the elements in `path`, NULL for unknown ones */
	unsigned depth;
	bool has_event;
	bool has_somebody;              /* an object that could be a person, and is not the subject */
	const char *mention;            /* a patient, in a place that is not read: the element that it has; or NULL */
	struct bytes event_words;       /* of EventID */
	struct bytes type_words;        /* of EventTypeCode */
	struct participant participant; /* the one that is being read */
	struct dicom_object object;     /* the one that is being read */
	char *text;                     /* of the element that is being read */
	size_t text_len;
	size_t text_room;
};

/* What an event's handler is given lives as long as the call. */
static enum error keep(struct dicom *dicom, struct bytes text, struct bytes *out)
{
	*out = BYTES_EMPTY;
	return text.len > 0 ? audit_message_copy(dicom->message, text, out) : E_OK;
}

static struct bytes code_of(const char **attributes)
{
	return xml_attribute(attributes, "csd-code", "code");
}

static enum error words_of(struct dicom *dicom, const char **attributes, struct bytes *out)
{
	struct bytes words = xml_attribute(attributes, "originalText", "displayName");
	return keep(dicom, words.len > 0 ? words : code_of(attributes), out);
}

static const char *known_element(const struct dicom *dicom)
{
	unsigned depth = dicom->depth;
	while (depth > 0 && dicom->names[depth] == NULL)
		depth--;
	return depth > 0 ? dicom->names[depth] : "AuditMessage";
}

/* The first is told. */
static void note(struct dicom *dicom, bool mentioned)
{
	if (mentioned && dicom->mention == NULL)
		dicom->mention = known_element(dicom);
}

/* What mentions a patient refuses a message that has no subject. */
static enum error look(struct dicom *dicom, struct bytes text, enum mention_where where)
{
	bool found = false;
	if (dicom->mention == NULL)
		TRY(mention_look(text, where, &found));
	note(dicom, found);
	return E_OK;
}

/* In the section of a participant are people at work, who have numbers too; but not in what the standard has not. */
static enum mention_where where_of(const struct dicom *dicom)
{
	bool known = dicom->depth >= 2 && dicom->path[dicom->depth] != NODE_UNKNOWN;
	return known && dicom->path[2] == NODE_PARTICIPANT ? MENTION_ADDRESS : MENTION_QUERY;
}

/* All attributes, those of the standard too: senders write into each of them. What an object is called is looked at
 * where the object ends, with its type. */
static enum error look_at_attributes(struct dicom *dicom, const char **attributes)
{
	struct bytes name;
	struct bytes value;
	for (size_t at = 0; xml_next_attribute(attributes, &at, &name, &value);) {
		note(dicom, value.len > 0 && mention_names(name));
		if (!bytes_equal(name, BYTES_LITERAL("ParticipantObjectID")))
			TRY(look(dicom, value, where_of(dicom)));
	}
	return E_OK;
}

/* Text of an element that holds none by the standard, or that ends with a child. */
static enum error look_at_text(struct dicom *dicom, struct bytes text)
{
	bool in_detail = dicom->depth >= 3 && dicom->path[2] == NODE_OBJECT && dicom->names[3] != NULL &&
					 strcmp(dicom->names[3], "ParticipantObjectDetail") == 0;
	note(dicom, in_detail && mention_names(text));
	return look(dicom, text, where_of(dicom));
}

static struct bytes take_text(struct dicom *dicom)
{
	struct bytes text = words_trim(bytes_of(dicom->text, dicom->text_len));
	dicom->text_len = 0;
	return text;
}

/* ---- the event ---- */

static enum error read_outcome(struct dicom *dicom, struct bytes outcome)
{
	unsigned says = mapping_effects(MAPPING_OUTCOME, MAPPING_SYSTEM_OUTCOME, outcome);
	if (audit_message_severity(says, &dicom->message->severity))
		return E_OK;
	return fault_set(
		dicom->fault, outcome.len ? E_BAD_VALUE : E_MISSING_FIELD, "EventOutcomeIndicator: must be one of 0, 4, 8, 12");
}

static enum error start_event(struct dicom *dicom, const char **attributes)
{
	struct bytes action = xml_attribute(attributes, "EventActionCode", NULL);
	if (dicom->has_event)
		return fault_set(dicom->fault, E_BAD_VALUE,
			"EventIdentification: more than one, so that nobody can say what happened; send one message for each");
	dicom->has_event = true;
	dicom->message->action = action.len == 1 ? action.data[0] : 0;
	if (action.len > 1)
		return fault_set(dicom->fault, E_BAD_VALUE, "EventActionCode: must be one of C, R, U, D, E");
	TRY(keep(dicom, xml_attribute(attributes, "EventDateTime", NULL), &dicom->message->time));
	return read_outcome(dicom, xml_attribute(attributes, "EventOutcomeIndicator", NULL));
}

/* Codes of DICOM's own alone say what was done; signs of a refusal are of any system. */
static void read_event_code(struct dicom *dicom, const char **attributes)
{
	struct bytes code = code_of(attributes);
	audit_message_denial_code(dicom->message, code);
	audit_message_event_code(dicom->message, code);
	unsigned says = mapping_effects(MAPPING_EVENT, MAPPING_SYSTEM_DCM, code);
	dicom->message->exported |= (says & MAPPING_EXPORT) != 0;
	dicom->message->query |= (says & MAPPING_SEARCH) != 0;
	dicom->message->emergency |= (says & MAPPING_EMERGENCY) != 0;
}

static enum error start_event_id(struct dicom *dicom, const char **attributes)
{
	read_event_code(dicom, attributes);
	return dicom->event_words.len > 0 ? E_OK : words_of(dicom, attributes, &dicom->event_words);
}

/* All of them, one after the other; what does not fit is told among the objects rather than cut. */
static enum error start_event_type(struct dicom *dicom, const char **attributes)
{
	struct bytes words;
	struct bytes before = dicom->type_words;
	read_event_code(dicom, attributes);
	TRY(words_of(dicom, attributes, &words));
	if (words.len == 0 || bytes_equal(words, before))
		return E_OK;
	if (before.len > 0 && before.len + 2 + words.len > EVENT_TEXT_BYTES_MAX)
		return audit_message_object(dicom->message, words);
	struct bytes parts[] = {before, before.len > 0 ? BYTES_LITERAL(", ") : BYTES_EMPTY, words};
	return audit_message_join(dicom->message, parts, 3, &dicom->type_words);
}

static enum error start_purpose(struct dicom *dicom, const char **attributes)
{
	struct bytes code = code_of(attributes);
	dicom->message->emergency |= (mapping_effects(MAPPING_PURPOSE, NULL, code) & MAPPING_EMERGENCY) != 0;
	return dicom->message->purpose.len > 0 ? E_OK : words_of(dicom, attributes, &dicom->message->purpose);
}

/* ---- who took part ---- */

/* An XML boolean; true by the schema when it is absent. */
static enum error read_requestor(struct dicom *dicom, struct bytes text)
{
	bool yes = text.len == 0 || WORDS_LIKE_ONE_OF(text, "1", "true");
	bool no = WORDS_LIKE_ONE_OF(text, "0", "false");
	dicom->participant.requestor = yes;
	return yes || no ? E_OK : fault_set(dicom->fault, E_BAD_VALUE, "UserIsRequestor: must be true, false, 1 or 0");
}

/* A patient who looks at something takes part under the reference to the patient. The same at a server's address may be
 * the server, of whose patient another reference tells. */
static enum error look_at_user(struct dicom *dicom, struct bytes id)
{
	const struct identifier_scope scope = audit_message_scope(dicom->context);
	if (id.len > 8 && memcmp(id.data, "Patient/", 8) == 0)
		return audit_message_subject(dicom->message, id, &scope, dicom->fault);
	return E_OK; /* of another form: looked at with all attributes */
}

static enum error start_participant(struct dicom *dicom, const char **attributes)
{
	struct participant *participant = &dicom->participant;
	*participant = (struct participant){0};
	TRY(read_requestor(dicom, xml_attribute(attributes, "UserIsRequestor", NULL)));
	TRY(keep(dicom, xml_attribute(attributes, "UserID", "AlternativeUserID"), &participant->id));
	TRY(look_at_user(dicom, xml_attribute(attributes, "UserID", NULL)));
	TRY(look_at_user(dicom, xml_attribute(attributes, "AlternativeUserID", NULL)));
	TRY(keep(dicom, xml_attribute(attributes, "UserName", NULL), &participant->name));
	return keep(dicom, xml_attribute(attributes, "NetworkAccessPointID", NULL), &participant->access_point);
}

static enum error start_role(struct dicom *dicom, const char **attributes)
{
	struct bytes code = code_of(attributes);
	participant_role_code(&dicom->participant, code);
	note(dicom, mention_role(code) ||
					mention_words_are(xml_attribute(attributes, "originalText", NULL)) != MENTION_WORDS_NO ||
					mention_words_are(xml_attribute(attributes, "displayName", NULL)) != MENTION_WORDS_NO);
	return dicom->participant.role.len > 0 ? E_OK : words_of(dicom, attributes, &dicom->participant.role);
}

/* The first that names a system. */
static enum error start_source(struct dicom *dicom, const char **attributes)
{
	if (dicom->message->system.len > 0)
		return E_OK;
	return keep(dicom, xml_attribute(attributes, "AuditSourceID", NULL), &dicom->message->system);
}

/* ---- objects ---- */

static enum error start_object(struct dicom *dicom, const char **attributes)
{
	struct dicom_object *object = &dicom->object;
	*object = (struct dicom_object){0};
	TRY(keep(dicom, xml_attribute(attributes, "ParticipantObjectID", NULL), &object->id));
	TRY(keep(dicom, xml_attribute(attributes, "ParticipantObjectTypeCode", NULL), &object->type));
	return keep(dicom, xml_attribute(attributes, "ParticipantObjectTypeCodeRole", NULL), &object->role);
}

static enum error start_id_type(struct dicom *dicom, const char **attributes)
{
	struct dicom_object *object = &dicom->object;
	if (object->id_code.len > 0 || object->id_words.len > 0)
		return E_OK;
	TRY(keep(dicom, code_of(attributes), &object->id_code));
	TRY(keep(dicom, xml_attribute(attributes, "codeSystemName", "codeSystem"), &object->id_system));
	return words_of(dicom, attributes, &object->id_words);
}

static enum error start_detail(struct dicom *dicom, const char **attributes)
{
	note(dicom, mention_names(xml_attribute(attributes, "type", NULL)));
	return E_OK;
}

static enum error end_object(struct dicom *dicom)
{
	const struct dicom_object *object = &dicom->object;
	const struct identifier_scope scope = audit_message_scope(dicom->context);
	struct bytes shown = object->id.len > 0 ? object->id : object->name;
	switch (dicom_object_kind(object)) {
	case DICOM_SUBJECT:
		return audit_message_subject(dicom->message, object->id, &scope, dicom->fault);
	case DICOM_UNCLEAR:
		return fault_set(dicom->fault, E_BAD_SUBJECT,
			"ParticipantObjectIdentification: could be a person, and its type code, role and id type do not say so; "
			"send ParticipantObjectTypeCode and ParticipantObjectTypeCodeRole by the standard");
	case DICOM_OTHER:
		dicom->has_somebody = true;
		break;
	case DICOM_THING:
		dicom->message->things |= shown.len > 0;
		break;
	}
	TRY(look(dicom, object->id, MENTION_ADDRESS));
	return audit_message_object(dicom->message, shown);
}

/* ---- the tree ---- */

static const struct {
	enum node parent;
	const char *name;
	enum node node;
	enum error (*start)(struct dicom *dicom, const char **attributes); /* may be NULL */
} tree[] = {
	{NODE_DOCUMENT, "AuditMessage", NODE_MESSAGE, NULL},
	{NODE_MESSAGE, "EventIdentification", NODE_EVENT, start_event},
	{NODE_EVENT, "EventID", NODE_LEAF, start_event_id},
	{NODE_EVENT, "EventTypeCode", NODE_LEAF, start_event_type},
	{NODE_EVENT, "PurposeOfUse", NODE_LEAF, start_purpose},
	{NODE_EVENT, "EventOutcomeDescription", NODE_OUTCOME_WORDS, NULL},
	{NODE_MESSAGE, "ActiveParticipant", NODE_PARTICIPANT, start_participant},
	{NODE_PARTICIPANT, "RoleIDCode", NODE_LEAF, start_role},
	{NODE_PARTICIPANT, "PurposeOfUse", NODE_LEAF, start_purpose},
	{NODE_MESSAGE, "AuditSourceIdentification", NODE_LEAF, start_source},
	{NODE_MESSAGE, "ParticipantObjectIdentification", NODE_OBJECT, start_object},
	{NODE_OBJECT, "ParticipantObjectIDTypeCode", NODE_LEAF, start_id_type},
	{NODE_OBJECT, "ParticipantObjectName", NODE_NAME, NULL},
	{NODE_OBJECT, "ParticipantObjectQuery", NODE_QUERY, NULL},
	{NODE_OBJECT, "ParticipantObjectDetail", NODE_LEAF, start_detail},
};

/* Whether an element that the tree does not have at this place says what may not be skipped. */
static enum error check_unknown(struct dicom *dicom, const char *name, const char **attributes)
{
	static const char *const sections[] = {
		"EventIdentification", "ActiveParticipant", "AuditSourceIdentification", "ParticipantObjectIdentification"};
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
		if (strcasecmp(name, sections[i]) == 0)
			return fault_set(
				dicom->fault, E_BAD_XML, "%s: in another place or spelling than DICOM PS3.15 A.5 has it", sections[i]);
	if (xml_attribute(attributes, "ParticipantObjectID", "ParticipantObjectTypeCodeRole").len > 0)
		return fault_set(dicom->fault, E_BAD_XML,
			"ParticipantObjectID: in another element than ParticipantObjectIdentification, so that it may be a "
			"person's");
	note(dicom, mention_names(bytes_text(name)));
	return E_OK;
}

static enum error on_start(void *context, const char *name, const char **attributes)
{
	struct dicom *dicom = context;
	enum node parent = dicom->path[dicom->depth];
	TRY(look_at_text(dicom, take_text(dicom)));
	size_t row = 0;
	while (row < sizeof tree / sizeof tree[0] && (tree[row].parent != parent || strcmp(tree[row].name, name) != 0))
		row++;
	bool known = row < sizeof tree / sizeof tree[0];
	dicom->path[++dicom->depth] = known ? tree[row].node : NODE_UNKNOWN;
	dicom->names[dicom->depth] = known ? tree[row].name : NULL;
	TRY(look_at_attributes(dicom, attributes));
	if (known)
		return tree[row].start != NULL ? tree[row].start(dicom, attributes) : E_OK;
	if (parent == NODE_DOCUMENT)
		return fault_set(dicom->fault, E_BAD_XML, "the document's element must be AuditMessage");
	return check_unknown(dicom, name, attributes);
}

/* It comes in pieces, as expat finds them; only the whole is looked at. */
static enum error on_text(void *context, struct bytes text)
{
	struct dicom *dicom = context;
	if (GROW(dicom->text, dicom->text_room, dicom->text_len + text.len) != E_OK)
		return fault_set(dicom->fault, E_NO_MEMORY, "");
	memcpy(dicom->text + dicom->text_len, text.data, text.len);
	dicom->text_len += text.len;
	return E_OK;
}

static enum error end_element(struct dicom *dicom, struct bytes text)
{
	TRY(look_at_text(dicom, text));
	switch (dicom->path[dicom->depth]) {
	case NODE_OUTCOME_WORDS:
		audit_message_denial_words(dicom->message, text);
		return E_OK;
	case NODE_PARTICIPANT:
		return participants_add(dicom->message, &dicom->participant);
	case NODE_NAME:
		return dicom->object.name.len > 0 ? E_OK : keep(dicom, text, &dicom->object.name);
	case NODE_QUERY:
		dicom->message->query = true;
		return E_OK;
	case NODE_OBJECT:
		return end_object(dicom);
	default:
		return E_OK;
	}
}

static enum error on_end(void *context)
{
	struct dicom *dicom = context;
	enum error error = end_element(dicom, take_text(dicom));
	dicom->depth--;
	return error;
}

/* ---- the whole ---- */

/* What only the whole message can tell: which sections it lacks, and whether somebody is meant who is no subject. */
static enum error check(struct dicom *dicom)
{
	struct audit_message *message = dicom->message;
	if (!dicom->has_event)
		return fault_set(dicom->fault, E_MISSING_FIELD, "EventIdentification: required and missing");
	if (message->participant_count == 0)
		return fault_set(dicom->fault, E_MISSING_FIELD, "ActiveParticipant: required and missing");
	if (message->system.len == 0)
		return fault_set(
			dicom->fault, E_MISSING_FIELD, "AuditSourceIdentification: AuditSourceID is required and missing");
	if (message->subject_count == 0 && (dicom->has_somebody || dicom->mention != NULL))
		return fault_set(dicom->fault, E_BAD_SUBJECT,
			"subject: the message speaks of a person or of a patient (%s), and has no object that says whose data it "
			"is "
			"about; send the patient as an object with type code 1 and role 1",
			dicom->mention != NULL ? dicom->mention : "ParticipantObjectIdentification");
	TRY(audit_message_check_nobody(message, "send the patient as an object with type code 1 and role 1", dicom->fault));
	message->activity = dicom->type_words.len > 0 ? dicom->type_words : dicom->event_words;
	return E_OK;
}

enum error dicom_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault)
{
	static const struct xml_events events = {on_start, on_end, on_text};
	struct dicom dicom = {.message = out, .context = context, .fault = fault, .path = {NODE_DOCUMENT}};
	out->format = "dicom";
	enum error error = xml_read(text, &events, &dicom, fault);
	free(dicom.text);
	return error != E_OK ? error : check(&dicom);
}
