/* A CADF event (DMTF DSP0262) as OpenStack writes them: alone, as the payload of a notification, or as the text within
 * the envelope of a message; behind the head of a line of a log too. spec/cadf.md
 *
 *   envelopes ─► event ─► when, what, how it ended ─► who (initiator) ─► what (target) ─► whose data?
 *
 * CADF says who did what to which resource, and has no word for whose data that were. So this is told only where the
 * sender names them in an attachment, where the registration says that the accounts of this cloud are people, or where
 * the resource is a thing. All else is refused. */
#include "ingest/cadf/cadf_about.h"
#include "ingest/message/kind.h"
#include "ingest/message/mention_json.h"
#include "ingest/message/participants.h"
#include "ingest/message/words.h"
#include "ledger/json/json_text.h"

#define EVENT_TYPE_FRONT "http://schemas.dmtf.org/cloud/audit/"
#define ACCOUNTS "account/user" /* what the registration calls the numbers of accounts */
#define DATA_SUBJECT "data_subject"

struct cadf_reader {
	const json_t *event;
	const json_t *notification; /* what stands around it; NULL: nothing */
	struct audit_message *message;
	const struct adapter_context *context;
	struct fault *fault;
};

/* ---- texts ---- */

static struct bytes text_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return words_trim(bytes_of(json_string_value(value), json_string_length(value)));
}

/* pycadf's word for what nobody told it. */
static struct bytes known_text(const json_t *object, const char *name)
{
	struct bytes text = text_of(object, name);
	return words_are(text, "unknown") ? BYTES_EMPTY : text;
}

static enum error need_text(const struct cadf_reader *reader, const char *name, struct bytes *out)
{
	const json_t *value = json_object_get(reader->event, name);
	*out = text_of(reader->event, name);
	if (value != NULL && !json_is_string(value))
		return fault_set(reader->fault, E_BAD_VALUE, "%s: must be a text", name);
	return out->len > 0 ? E_OK : fault_set(reader->fault, E_MISSING_FIELD, "%s: required and missing", name);
}

/* ---- envelopes ---- */

/* The text within another message, which takes the place of its root. */
static enum error open_envelope(json_t **root, struct fault *fault)
{
	const json_t *inner = json_object_get(*root, "oslo.message");
	json_t *opened = NULL;
	if (inner == NULL)
		return E_OK;
	if (!json_is_string(inner))
		return fault_set(fault, E_BAD_VALUE, "oslo.message: must be a text");
	TRY(json_text_parse(bytes_of(json_string_value(inner), json_string_length(inner)), &opened, fault));
	json_decref(*root);
	*root = opened;
	return E_OK;
}

static enum error find_event(struct cadf_reader *reader, const json_t *root)
{
	const json_t *payload = json_object_get(root, "payload");
	reader->notification = payload != NULL ? root : NULL;
	reader->event = payload != NULL ? payload : root;
	struct bytes type = text_of(reader->event, "typeURI");
	if (!bytes_begin(type, EVENT_TYPE_FRONT) || type.len < 6 || memcmp(type.data + type.len - 6, "/event", 6) != 0)
		return fault_set(reader->fault, E_BAD_VALUE,
			"typeURI: this is no CADF event (" EVENT_TYPE_FRONT "1.0/event); have the service notify in CADF "
			"(notification_format = cadf)");
	return E_OK;
}

/* ---- when, what, how it ended ---- */

/* pycadf writes a zone without its colon. */
static enum error read_time(const struct cadf_reader *reader)
{
	struct bytes text;
	TRY(need_text(reader, "eventTime", &text));
	size_t at = text.len > 5 ? text.len - 5 : 0;
	bool bare = at > 0 && (text.data[at] == '+' || text.data[at] == '-') && words_digit(text.data[at - 1]) &&
				memchr(text.data + at, ':', 5) == NULL && memchr(text.data, 'T', at) != NULL;
	struct bytes parts[] = {bytes_of(text.data, bare ? text.len - 2 : text.len),
		bare ? BYTES_LITERAL(":") : BYTES_EMPTY, bare ? bytes_of(text.data + text.len - 2, 2) : BYTES_EMPTY};
	return audit_message_join(reader->message, parts, 3, &reader->message->time);
}

static enum error check_type(const struct cadf_reader *reader)
{
	struct bytes type;
	TRY(need_text(reader, "eventType", &type));
	if (words_are(type, "monitor"))
		return fault_set(reader->fault, E_BAD_VALUE, "eventType: a measurement (monitor) is no access");
	return WORDS_LIKE_ONE_OF(type, "activity", "control")
			   ? E_OK
			   : fault_set(reader->fault, E_BAD_VALUE, "eventType: must be activity or control");
}

static enum error read_outcome(const struct cadf_reader *reader)
{
	const json_t *reason = json_object_get(reader->event, "reason");
	struct bytes outcome;
	TRY(need_text(reader, "outcome", &outcome));
	outcome = cadf_path(outcome, "outcome");
	if (words_are(outcome, "pending"))
		return fault_set(reader->fault, E_BAD_VALUE,
			"outcome: pending says that it goes on; the event that says how it ended is the access");
	if (!WORDS_LIKE_ONE_OF(outcome, "success", "failure"))
		return fault_set(reader->fault, E_BAD_VALUE, "outcome: must be success or failure");
	reader->message->severity = words_are(outcome, "success") ? SEVERITY_NONE : SEVERITY_SERIOUS;
	audit_message_denial_code(reader->message, text_of(reason, "reasonCode"));
	audit_message_denial_words(reader->message, text_of(reason, "reasonType"));
	return E_OK;
}

/* The first word of the action, in the forms of CADF and of keystone: "update/reboot", "updated.user". */
static void read_word(struct audit_message *message, struct bytes word)
{
	static const struct {
		const char *word;
		uint8_t action;
	} known[] = {{"read", 'R'}, {"create", 'C'}, {"created", 'C'}, {"update", 'U'}, {"updated", 'U'},
		{"configure", 'U'}, {"enable", 'U'}, {"disable", 'U'}, {"disabled", 'U'}, {"renew", 'U'}, {"revoke", 'U'},
		{"delete", 'D'}, {"deleted", 'D'}, {"send", 'R'}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (words_are(word, known[i].word))
			message->action = known[i].action;
	message->disclosed |= words_are(word, "send");
}

static enum error read_action(const struct cadf_reader *reader, struct bytes *word)
{
	struct audit_message *message = reader->message;
	struct bytes action, rest;
	TRY(need_text(reader, "action", &action));
	action = rest = cadf_path(action, "action");
	*word = bytes_cut(&rest, '/');
	rest = *word;
	*word = bytes_cut(&rest, '.');
	message->query = words_begin(action, "read/list");
	if (!message->query)
		read_word(message, *word);
	if (words_are(*word, "deny")) {
		message->denial = true;
		message->severity = SEVERITY_MINOR;
	}
	return audit_message_copy(message, words_first(text_of(reader->event, "name"), action), &message->activity);
}

/* ---- resources ---- */

/* Who is meant by "initiator" or "target" in an id. E_BAD_VALUE. */
static enum error resource(const struct cadf_reader *reader, const char *name, const json_t **out)
{
	*out = json_object_get(reader->event, name);
	if (*out != NULL && !json_is_object(*out))
		return fault_set(reader->fault, E_BAD_VALUE, "%s: must be an object", name);
	struct bytes id = text_of(*out, "id");
	if (WORDS_ONE_OF(id, "initiator", "target") && !words_are(id, name))
		*out = json_object_get(reader->event, words_are(id, "target") ? "target" : "initiator");
	return E_OK;
}

static enum error read_system(const struct cadf_reader *reader)
{
	const json_t *observer;
	TRY(resource(reader, "observer", &observer));
	struct bytes name = words_first(known_text(observer, "name"), text_of(reader->notification, "publisher_id"));
	struct bytes type = cadf_path(known_text(observer, "typeURI"), "resource");
	name = words_first(name, bytes_begin(type, "service") ? type : BYTES_EMPTY);
	name = words_first(name, text_of(reader->event, "observerId"));
	return audit_message_copy(reader->message, name, &reader->message->system);
}

static enum participant_nature nature_of(struct bytes type)
{
	enum cadf_about about = cadf_about(type);
	return about == CADF_ACCOUNT ? PARTICIPANT_HUMAN : about == CADF_THING ? PARTICIPANT_MACHINE : PARTICIPANT_UNSAID;
}

static enum error read_initiator(const struct cadf_reader *reader)
{
	const json_t *initiator;
	TRY(resource(reader, "initiator", &initiator));
	struct participant one = {.requestor = true,
		.nature = nature_of(text_of(initiator, "typeURI")),
		.id = words_first(known_text(initiator, "user_id"),
			words_first(known_text(initiator, "id"), text_of(reader->event, "initiatorId"))),
		.name = words_first(known_text(initiator, "name"), known_text(initiator, "username")),
		.access_point = known_text(json_object_get(initiator, "host"), "address")};
	if (one.id.len == 0 && one.name.len == 0)
		return fault_set(reader->fault, E_MISSING_FIELD, "initiator: required and missing; nobody is named who acted");
	struct bytes *const texts[] = {&one.id, &one.name, &one.access_point};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		TRY(audit_message_copy(reader->message, *texts[i], texts[i]));
	return participants_add(reader->message, &one);
}

/* "TYPE: NAME (ID)", as much of it as there is. */
static enum error keep_target(const struct cadf_reader *reader, const json_t *target)
{
	struct bytes type = known_text(target, "typeURI"), name = known_text(target, "name"),
				 id = words_first(known_text(target, "id"), text_of(reader->event, "targetId"));
	struct bytes text;
	TRY(audit_message_describe(reader->message, type, name, id, &text));
	TRY(audit_message_object(reader->message, text));
	return audit_message_object(reader->message, text_of(reader->event, "requestPath"));
}

/* ---- whose data ---- */

static enum error add_named(const struct cadf_reader *reader, const json_t *content)
{
	const struct identifier_scope scope = audit_message_scope(reader->context);
	const json_t *one;
	size_t i;
	struct fault why;
	enum error error = E_BAD_VALUE;
	if (json_is_array(content)) {
		if (json_array_size(content) == 0)
			return fault_set(reader->fault, E_BAD_SUBJECT, DATA_SUBJECT ": an empty list; nobody is said with <none>");
		json_array_foreach(content, i, one)
		{
			if (json_is_array(one))
				return fault_set(reader->fault, E_BAD_VALUE, DATA_SUBJECT ": a list in a list");
			TRY(add_named(reader, one));
		}
		return E_OK;
	}
	if (json_is_string(content))
		error = audit_message_subject(
			reader->message, bytes_of(json_string_value(content), json_string_length(content)), &scope, &why);
	else if (json_is_object(content) && json_is_string(json_object_get(content, "id")))
		error = kind_subject(reader->message, text_of(content, "type"), text_of(content, "id"), &scope, &why);
	else
		(void)fault_set(&why, error, "must be a text, SYSTEM|VALUE, or an object with id and type");
	return error == E_OK ? E_OK : fault_set(reader->fault, error, DATA_SUBJECT ": %s", why.text);
}

static enum error read_attachments(const struct cadf_reader *reader, const json_t *attachments)
{
	const json_t *one;
	size_t i;
	if (attachments != NULL && !json_is_null(attachments) && !json_is_array(attachments))
		return fault_set(reader->fault, E_BAD_VALUE, "attachments: must be a list");
	json_array_foreach(attachments, i, one) if (words_are(text_of(one, "name"), DATA_SUBJECT))
		TRY(add_named(reader, json_object_get(one, "content")));
	return E_OK;
}

/* An account is a person only if the registration says whose numbers its accounts have. */
static enum error add_account(const struct cadf_reader *reader, struct bytes word, const json_t *target)
{
	const struct identifier_scope scope = audit_message_scope(reader->context);
	struct bytes system = source_namespace(scope.source, BYTES_LITERAL(ACCOUNTS)),
				 id = words_first(known_text(target, "id"), text_of(reader->event, "targetId"));
	if (words_begin(word, "authenticate"))
		return fault_set(reader->fault, E_BAD_SUBJECT, "target: a login is no access to anybody's data");
	if (system.len == 0)
		return fault_set(reader->fault, E_BAD_SUBJECT,
			"target: an account is no person by itself; name whose data it was in an attachment " DATA_SUBJECT
			", or have the registration say whose numbers the accounts are ('indsigt sender policy', "
			"namespace=" ACCOUNTS "=SYSTEM)");
	struct fault why;
	enum error error = audit_message_identifier(reader->message, system, id, &scope, &why);
	return error == E_OK ? E_OK : fault_set(reader->fault, error, "target: %s", why.text);
}

static enum error check_mentions(const struct cadf_reader *reader, const json_t *target)
{
	const json_t *const places[] = {target, json_object_get(reader->event, "requestPath"),
		json_object_get(reader->event, "attachments"), json_object_get(reader->event, "tags"),
		json_object_get(reader->event, "name")};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		bool mentions = false;
		if (places[i] != NULL)
			TRY(mention_json(places[i], &mentions));
		if (mentions)
			return fault_set(reader->fault, E_BAD_SUBJECT,
				"target: it is a thing, and a person is mentioned beside it; name them in an attachment " DATA_SUBJECT);
	}
	return E_OK;
}

static enum error read_subjects(const struct cadf_reader *reader, struct bytes word, const json_t *target)
{
	enum cadf_about about = cadf_about(text_of(target, "typeURI"));
	TRY(read_attachments(reader, json_object_get(reader->event, "attachments")));
	TRY(read_attachments(reader, json_object_get(target, "attachments")));
	if (reader->message->subject_count > 0)
		return E_OK;
	if (!reader->message->nobody && about == CADF_ACCOUNT)
		return add_account(reader, word, target);
	if (!reader->message->nobody && about == CADF_UNCLEAR)
		return fault_set(reader->fault, E_BAD_SUBJECT,
			"target.typeURI: somebody's data may be in what this is; name them in an attachment " DATA_SUBJECT
			", or say <none> there");
	return check_mentions(reader, target);
}

/* ---- the whole ---- */

static enum error read_event(const struct cadf_reader *reader)
{
	const json_t *target;
	struct bytes word;
	reader->message->format = "cadf";
	TRY(check_type(reader));
	TRY(read_time(reader));
	TRY(read_outcome(reader));
	TRY(read_action(reader, &word));
	TRY(resource(reader, "target", &target));
	if (target == NULL && text_of(reader->event, "targetId").len == 0)
		return fault_set(reader->fault, E_MISSING_FIELD, "target: required and missing");
	TRY(read_system(reader));
	TRY(read_initiator(reader));
	TRY(read_subjects(reader, word, target));
	return keep_target(reader, target);
}

/* Behind the head that a log puts before its text. */
static struct bytes behind_head(struct bytes text)
{
	const uint8_t *brace = text.len > 0 ? memchr(text.data, '{', text.len) : NULL;
	return brace != NULL ? bytes_after(text, (size_t)(brace - text.data)) : text;
}

enum error cadf_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault)
{
	json_auto_t *root = NULL;
	struct cadf_reader reader = {.message = out, .context = context, .fault = fault};
	TRY(json_text_parse(behind_head(text), &root, fault));
	TRY(open_envelope(&root, fault));
	TRY(find_event(&reader, root));
	return read_event(&reader);
}
