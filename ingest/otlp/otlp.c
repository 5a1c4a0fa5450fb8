/* A log record or a span of OpenTelemetry with the attributes of the Dutch processing log. spec/otlp.md
 *
 *   is it an access? ─► when, how it ended ─► attributes by their table ─► whose data ─► who acted ─► mentions
 *
 * The standard has every record say whose data it was, and leaves out who sat before the screen: then the application
 * acted. A record that names nobody is a line of a log like any other, and refused: it is not for us to say that it is
 * about nobody. */
#include "ingest/message/kind.h"
#include "ingest/message/mention_json.h"
#include "ingest/message/participants.h"
#include "ingest/message/words.h"
#include "ingest/otlp/otlp_fields.h"
#include "ledger/json/json_text.h"
#include "ledger/mapping/mapping.h"
#include "ledger/text/timestamp.h"

#define TRACE_DIGITS 32
#define SPAN_DIGITS 16
#define STATUS_CODE_MAX 2    /* of a span: unset, ok, error */
#define SEVERITY_ERROR 17    /* of a log record, and what is above it */
#define SERVER_ERROR_MIN 500 /* of HTTP */

struct otlp_reader {
	struct otlp_record record;
	struct audit_message *message;
	const struct adapter_context *context;
	struct fault *fault;
};

static enum error attribute(const struct otlp_reader *reader, const char *key, const json_t **out)
{
	return otlp_attribute(reader->record.attributes, key, out, reader->fault);
}

/* ---- when, and how it ended ---- */

static enum error read_time(const struct otlp_reader *reader, const char *name, struct bytes *out)
{
	uint64_t time_ns;
	char text[TIMESTAMP_TEXT_MAX];
	TRY(otlp_member_number(reader->record.record, name, &time_ns, reader->fault));
	if (time_ns == 0 || out->len > 0)
		return E_OK;
	timestamp_format((int64_t)time_ns, text);
	return audit_message_copy(reader->message, bytes_text(text), out);
}

static enum error read_times(const struct otlp_reader *reader)
{
	struct audit_message *message = reader->message;
	if (reader->record.span) {
		TRY(read_time(reader, "startTimeUnixNano", &message->time));
		return read_time(reader, "endTimeUnixNano", &message->end_time);
	}
	TRY(read_time(reader, "timeUnixNano", &message->time));
	return read_time(reader, "observedTimeUnixNano", &message->time);
}

/* Whether the number is one of those that a client or server error has; of a refusal alone it is told what it was. */
static enum error read_http_status(const struct otlp_reader *reader)
{
	const json_t *value;
	struct bytes words;
	const char *key = OTLP_HTTP_STATUS;
	TRY(attribute(reader, key, &value));
	if (value == NULL) {
		key = OTLP_HTTP_STATUS_OLDER;
		TRY(attribute(reader, key, &value));
	}
	TRY(otlp_words(reader->message, value, key, &words, reader->fault));
	bool refusal = WORDS_ONE_OF(words, "401", "403");
	bool error = words.len == 3 && words.data[0] == '0' + SERVER_ERROR_MIN / 100;
	if (refusal || error)
		reader->message->severity = refusal ? SEVERITY_MINOR : SEVERITY_SERIOUS;
	audit_message_denial_code(reader->message, words);
	return E_OK;
}

static enum error read_outcome(const struct otlp_reader *reader)
{
	const struct otlp_record *record = &reader->record;
	const json_t *status = otlp_member(record->record, "status");
	uint64_t code;
	struct bytes words;
	TRY(read_http_status(reader));
	if (!record->span) {
		TRY(otlp_member_number(record->record, "severityNumber", &code, reader->fault));
		if (code >= SEVERITY_ERROR)
			reader->message->severity = SEVERITY_SERIOUS;
		return E_OK;
	}
	TRY(otlp_member_number(status, "code", &code, reader->fault));
	TRY(otlp_member_text(status, "message", &words, reader->fault));
	if (code > STATUS_CODE_MAX)
		return fault_set(reader->fault, E_BAD_VALUE, "status.code: must be 0, 1 or 2");
	if (code == STATUS_CODE_MAX)
		reader->message->severity = SEVERITY_SERIOUS;
	audit_message_denial_words(reader->message, words);
	return E_OK;
}

/* ---- what ---- */

static enum error read_name(const struct otlp_reader *reader)
{
	struct bytes name;
	TRY(otlp_member_text(reader->record.record, reader->record.span ? "name" : "eventName", &name, reader->fault));
	return audit_message_copy(reader->message, name, &reader->message->activity);
}

/* Where it has no name, its text is what was done. In healthcare the name may be the code of the action. */
static enum error read_body(const struct otlp_reader *reader)
{
	struct audit_message *message = reader->message;
	const json_t *body = otlp_member(reader->record.record, "body");
	struct bytes text;
	if (message->activity.len == 0 && json_is_string(json_object_get(body, "stringValue"))) {
		TRY(otlp_text(body, "body", &text, reader->fault));
		TRY(audit_message_copy(message, text, &message->activity));
	}
	if (message->activity.len == 1 && strchr("CRUDE", message->activity.data[0]) != NULL)
		message->action = message->activity.data[0];
	return E_OK;
}

/* An id in hex, in small letters; what is all zeros is none. */
static enum error read_id(const struct otlp_reader *reader, const char *name, size_t digits, char *out)
{
	struct bytes text;
	bool any = false;
	out[0] = '\0';
	TRY(otlp_member_text(reader->record.record, name, &text, reader->fault));
	for (size_t i = 0; i < text.len && text.len == digits; i++) {
		int digit = words_hex(text.data[i]);
		if (digit < 0)
			break;
		any |= digit > 0;
		out[i] = "0123456789abcdef"[digit];
		out[i + 1] = '\0';
	}
	if (text.len > 0 && strlen(out) != digits)
		return fault_set(reader->fault, E_BAD_VALUE, "%s: must have %zu hexadecimal digits", name, digits);
	out[0] = any ? out[0] : '\0';
	return E_OK;
}

static enum error read_trace(const struct otlp_reader *reader)
{
	char trace[TRACE_DIGITS + 1], span[SPAN_DIGITS + 1];
	TRY(read_id(reader, "traceId", TRACE_DIGITS, trace));
	TRY(read_id(reader, "spanId", SPAN_DIGITS, span));
	if (trace[0] == '\0')
		return E_OK;
	struct bytes parts[] = {bytes_text(trace), span[0] != '\0' ? BYTES_LITERAL("-") : BYTES_EMPTY, bytes_text(span)};
	reader->message->own.present |= 1ull << EVENT_TRACE;
	return audit_message_join(reader->message, parts, 3, &reader->message->own.values[EVENT_TRACE].text);
}

/* ---- whose data ---- */

/* `place`: where it is not the usual one, which a reason says without. */
static enum error add_subject(const struct otlp_reader *reader, const char *place, struct bytes type, struct bytes id)
{
	const struct identifier_scope scope = audit_message_scope(reader->context);
	struct fault why;
	enum error error = kind_subject(reader->message, type, id, &scope, &why);
	if (error == E_OK)
		return E_OK;
	return fault_set(reader->fault, error, "%s%s%s", place != NULL ? place : "", place != NULL ? ": " : "", why.text);
}

static enum error read_subjects(const struct otlp_reader *reader)
{
	const json_t *ids, *type_value;
	struct bytes type, id;
	TRY(attribute(reader, OTLP_SUBJECT, &ids));
	TRY(attribute(reader, OTLP_SUBJECT_TYPE, &type_value));
	TRY(otlp_text(type_value, OTLP_SUBJECT_TYPE, &type, reader->fault));
	for (size_t i = 0; i < otlp_count(ids); i++) {
		TRY(otlp_text(otlp_item(ids, i), OTLP_SUBJECT, &id, reader->fault));
		TRY(add_subject(reader, NULL, type, id));
	}
	return E_OK;
}

/* ---- healthcare: who else it names ---- */

static enum error map_words(const struct otlp_reader *reader, const json_t *map, const char *key, struct bytes *out)
{
	const json_t *value;
	TRY(otlp_attribute(map, key, &value, reader->fault));
	TRY(otlp_words(reader->message, value, key, out, reader->fault));
	return audit_message_copy(reader->message, *out, out);
}

/* A patient there is one of those whose data it was; all else is what the data were. */
static enum error read_object(const struct otlp_reader *reader, const char *place, const json_t *map)
{
	struct bytes type, role, id, kind, name;
	TRY(map_words(reader, map, "participantObjectTypeCode", &type));
	TRY(map_words(reader, map, "participantObjectTypeCodeRole", &role));
	TRY(map_words(reader, map, "participantObjectID", &id));
	TRY(map_words(reader, map, "participantObjectIDTypeCode", &kind));
	TRY(map_words(reader, map, "participantObjectName", &name));
	if (bytes_equal(type, BYTES_LITERAL("1")) && bytes_equal(role, BYTES_LITERAL("1")))
		return add_subject(reader, place, kind, id);
	return audit_message_object(reader->message, words_first(id, name));
}

static enum error read_objects(const struct otlp_reader *reader)
{
	static const char *const places[] = {"dpl.nen7513.participants", "dpl.nen7513.participantSegments"};
	const json_t *list;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		TRY(attribute(reader, places[i], &list));
		for (size_t k = 0; k < otlp_count(list); k++) {
			const json_t *map = otlp_map(otlp_item(list, k));
			if (map == NULL)
				return fault_set(reader->fault, E_BAD_VALUE, "%s: must be a list of maps (kvlistValue)", places[i]);
			TRY(read_object(reader, places[i], map));
		}
	}
	return E_OK;
}

/* ---- who acted ---- */

static enum error read_user(const struct otlp_reader *reader, const json_t *map)
{
	struct audit_message *message = reader->message;
	struct participant user = {.requestor = false};
	struct bytes requestor, other, purpose;
	TRY(map_words(reader, map, "userID", &user.id));
	TRY(map_words(reader, map, "alternateUserID", &other));
	TRY(map_words(reader, map, "userName", &user.name));
	TRY(map_words(reader, map, "userIsRequestor", &requestor));
	TRY(map_words(reader, map, "roleIDCode", &user.role));
	TRY(map_words(reader, map, "purposeOfUse", &purpose));
	TRY(map_words(reader, map, "networkAccessPointID", &user.access_point));
	user.id = words_first(user.id, other);
	user.requestor = requestor.len == 0 || WORDS_LIKE_ONE_OF(requestor, "true", "1");
	participant_role_code(&user, user.role);
	message->purpose = words_first(message->purpose, purpose);
	message->emergency |= (mapping_effects(MAPPING_PURPOSE, NULL, purpose) & MAPPING_EMERGENCY) != 0;
	return participants_add(message, &user);
}

static enum error read_users(const struct otlp_reader *reader)
{
	const json_t *list;
	TRY(attribute(reader, OTLP_USERS, &list));
	for (size_t i = 0; i < otlp_count(list); i++) {
		const json_t *map = otlp_map(otlp_item(list, i));
		if (map == NULL)
			return fault_set(reader->fault, E_BAD_VALUE, OTLP_USERS ": must be a list of maps (kvlistValue)");
		TRY(read_user(reader, map));
	}
	return E_OK;
}

/* Without anybody who acted it was the application. */
static enum error add_actors(const struct otlp_reader *reader, struct participant *user)
{
	struct audit_message *message = reader->message;
	user->requestor = true;
	if (user->id.len > 0 || user->name.len > 0)
		TRY(participants_add(message, user));
	if (message->participant_count > 0)
		return E_OK;
	return participants_add(
		message, &(struct participant){.requestor = true, .nature = PARTICIPANT_MACHINE, .name = message->system});
}

/* ---- the whole ---- */

static enum error check_access(const struct otlp_reader *reader)
{
	const json_t *subject, *activity;
	TRY(attribute(reader, OTLP_SUBJECT, &subject));
	TRY(attribute(reader, OTLP_ACTIVITY_ID, &activity));
	if (subject == NULL && activity == NULL)
		return fault_set(reader->fault, E_MISSING_FIELD,
			OTLP_SUBJECT ": missing, and " OTLP_ACTIVITY_ID " too; this is no record of an access, but a line of a "
						 "log: send here only those that have the attributes of "
						 "the processing log");
	if (otlp_count(subject) == 0)
		return fault_set(reader->fault, E_MISSING_FIELD,
			OTLP_SUBJECT ": required and missing; of what was done with nobody's data it says <none>");
	return E_OK;
}

static enum error check_nobody(const struct otlp_reader *reader)
{
	static const char *const places[] = {"attributes", "body", "name", "eventName", "status", "events", "links"};
	if (reader->message->subject_count > 0)
		return E_OK;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		bool mentions = false;
		const json_t *place = otlp_member(reader->record.record, places[i]);
		if (place != NULL)
			TRY(mention_json(place, &mentions));
		if (mentions)
			return fault_set(reader->fault, E_BAD_SUBJECT,
				"%s: a person is mentioned, and " OTLP_SUBJECT " says that it is about nobody", places[i]);
	}
	return E_OK;
}

static enum error read_record(const struct otlp_reader *reader)
{
	struct participant user = {.requestor = true};
	const json_t *value;
	struct bytes code;
	TRY(check_access(reader));
	TRY(read_times(reader));
	TRY(read_outcome(reader));
	TRY(read_name(reader));
	TRY(read_trace(reader));
	TRY(otlp_read_fields(&reader->record, reader->message, &user, reader->fault));
	TRY(read_body(reader));
	TRY(attribute(reader, OTLP_EVENT_TYPE, &value));
	TRY(otlp_words(reader->message, value, OTLP_EVENT_TYPE, &code, reader->fault));
	audit_message_event_code(reader->message, code);
	TRY(read_subjects(reader));
	TRY(read_objects(reader));
	TRY(read_users(reader));
	TRY(add_actors(reader, &user));
	TRY(check_nobody(reader));
	return audit_message_check_nobody(reader->message, "name them in " OTLP_SUBJECT, reader->fault);
}

enum error otlp_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault)
{
	json_auto_t *root = NULL;
	struct otlp_reader reader = {.message = out, .context = context, .fault = fault};
	TRY(json_text_parse(text, &root, fault));
	TRY(otlp_record_open(root, &reader.record, fault));
	out->format = reader.record.span ? "otlp-span" : "otlp-log";
	return read_record(&reader);
}
