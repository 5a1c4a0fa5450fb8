/* Attributes of the Dutch processing log (Logboek dataverwerkingen: dpl.core, and dpl.nen7513 of its extension for
 * healthcare) and those of OpenTelemetry's own conventions that say who acted. */
#include "ingest/otlp/otlp_fields.h"

#include "ingest/message/words.h"

const struct otlp_field otlp_fields[] = {
	{OTLP_SUBJECT, EVENT_SUBJECT, false},
	{OTLP_SUBJECT_TYPE, EVENT_SUBJECT, false},
	{OTLP_ACTIVITY_ID, EVENT_PROCESSING_ACTIVITY, false},
	{OTLP_HTTP_STATUS, EVENT_OUTCOME, false},
	{OTLP_HTTP_STATUS_OLDER, EVENT_OUTCOME, false},
	{"nen7513.AuditSourceId", EVENT_SYSTEM, true},
	{"service.name", EVENT_SYSTEM, true},
	{"event.name", EVENT_ACTIVITY, false},
	{OTLP_USERS, EVENT_ACTOR_ID, false},
	{"user.id", EVENT_ACTOR_ID, false},
	{"enduser.id", EVENT_ACTOR_ID, false},
	{"user.full_name", EVENT_ACTOR_NAME, false},
	{"user.name", EVENT_ACTOR_NAME, false},
	{"user.roles", EVENT_ACTOR_ROLE, false},
	{"enduser.role", EVENT_ACTOR_ROLE, false},
	{"client.address", EVENT_ACCESS_POINT, false},
	{"session.id", EVENT_SESSION, false},
	{"dpl.nen7513.toestemmingsProfiel", EVENT_CONSENT, false},
	{"dpl.nen7513.behandelrelatieProtocol", EVENT_OBJECTS, false},
	{"dpl.nen7513.autorisatieProtocol", EVENT_OBJECTS, false},
	{"dpl.core.foreign_operation.processor", EVENT_OBJECTS, false},
	{"dpl.core.foreign_operation.entity", EVENT_OBJECTS, false},
	{"dpl.core.foreign_operation.trace_id", EVENT_OBJECTS, false},
	{"dpl.core.foreign_operation.span_id", EVENT_OBJECTS, false},
};

const size_t otlp_field_count = sizeof otlp_fields / sizeof otlp_fields[0];

/* An SDK that was told no name gives itself this one. */
static bool says_nothing(uint8_t field, struct bytes words)
{
	return words.len == 0 || (field == EVENT_SYSTEM && words_begin(words, "unknown_service"));
}

static bool is_read_elsewhere(const struct otlp_field *row)
{
	return row->field == EVENT_SUBJECT || row->field == EVENT_OUTCOME || strcmp(row->attribute, OTLP_USERS) == 0;
}

static struct bytes *place_of(uint8_t field, struct audit_message *message, struct participant *user)
{
	switch (field) {
	case EVENT_SYSTEM:
		return &message->system;
	case EVENT_ACTIVITY:
		return &message->activity;
	case EVENT_CONSENT:
		return &message->consent;
	case EVENT_ACTOR_ID:
		return &user->id;
	case EVENT_ACTOR_NAME:
		return &user->name;
	case EVENT_ACTOR_ROLE:
		return &user->role;
	case EVENT_ACCESS_POINT:
		return &user->access_point;
	default:
		return &message->own.values[field].text;
	}
}

static enum error keep(
	const struct otlp_field *row, struct bytes words, struct audit_message *message, struct participant *user)
{
	if (row->field == EVENT_OBJECTS) {
		struct bytes parts[] = {bytes_text(row->attribute), BYTES_LITERAL(": "), words};
		struct bytes object;
		TRY(audit_message_join(message, parts, 3, &object));
		return audit_message_object(message, object);
	}
	struct bytes *place = place_of(row->field, message, user);
	if (place->len > 0)
		return E_OK;
	if (row->field == EVENT_PROCESSING_ACTIVITY || row->field == EVENT_SESSION)
		message->own.present |= 1ull << row->field;
	return audit_message_copy(message, words, place);
}

enum error otlp_read_fields(
	const struct otlp_record *record, struct audit_message *message, struct participant *user, struct fault *fault)
{
	for (size_t i = 0; i < otlp_field_count; i++) {
		const struct otlp_field *row = &otlp_fields[i];
		const json_t *value;
		struct bytes words;
		if (is_read_elsewhere(row))
			continue;
		TRY(otlp_attribute(row->resource ? record->resource : record->attributes, row->attribute, &value, fault));
		TRY(otlp_words(message, value, row->attribute, &words, fault));
		if (!says_nothing(row->field, words))
			TRY(keep(row, words, message, user));
	}
	return E_OK;
}
