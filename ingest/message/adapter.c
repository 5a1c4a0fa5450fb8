/* A message's texts stay where its reader put them; the events point there, so all of them live and end together.
 *
 *   text ─► reader of the format ─► participants settled ─► the first event ─► copied for each further subject
 *
 * What can fail refuses the message with the field and the reason; adapter_events_free lets go of what there was. What
 * is optional in the format and required of an event comes from the registration or is "unspecified", and is never
 * guessed. The hash of the message goes into its events, so that the sender can find it again. The ledger's own JSON
 * is an event already and only parsed. */
#include "ingest/message/adapter.h"

#include "ingest/message/participants.h"
#include "ingest/message/words.h"
#include "ledger/event/event_json.h"
#include "ledger/event/event_schema.h"
#include "ledger/text/timestamp.h"
#include "ledger/text/visible.h"

#include <sodium.h>

static const char *const names[] = {[ADAPTER_JSON] = "json",
	[ADAPTER_FHIR] = "fhir",
	[ADAPTER_DICOM] = "dicom",
	[ADAPTER_SYSLOG] = "syslog",
	[ADAPTER_OTLP] = "otlp",
	[ADAPTER_CADF] = "cadf"};

const char *adapter_format_name(enum adapter_format format)
{
	return names[format];
}

enum error adapter_format_parse(const char *name, enum adapter_format *out)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum adapter_format)i;
			return E_OK;
		}
	return E_USAGE;
}

unsigned adapter_bytes_max(enum adapter_format format)
{
	return format == ADAPTER_SYSLOG ? EVENT_BYTES_MAX_SYSLOG : EVENT_BYTES_MAX_ADAPTER;
}

/* ---- events of a message ---- */

/* What the events of one message point into. */
struct memory {
	struct audit_message message;
	struct source_origin origin; /* who accessed, and with what */
	json_t *document;
	struct carried carried; /* by a syslog message */
	char subject[SUBJECT_BYTES_MAX + 1];
	char sha256[2 * HASH_BYTES + 1];
	char more[32]; /* how many objects there was no room for */
};

static void put_text(struct event *event, unsigned field, struct bytes text)
{
	if (text.len == 0)
		return;
	event->values[field].text = text;
	event->present |= 1ull << field;
}

static void put_number(struct event *event, unsigned field, uint64_t number)
{
	event->values[field].number = number;
	event->present |= 1ull << field;
}

/* Disclosing and exporting are what was done with what was read, and say more than reading. */
static enum error map_action(const struct audit_message *message, uint64_t *out, struct fault *fault)
{
	switch (message->action) {
	case 'C':
		*out = ACTION_CREATE;
		return E_OK;
	case 'R':
		*out = ACTION_READ;
		break;
	case 'U':
		*out = ACTION_UPDATE;
		return E_OK;
	case 'D':
		*out = ACTION_DELETE;
		return E_OK;
	case 'E':
	case 0: /* optional in both formats: something was done */
		*out = message->query ? ACTION_SEARCH : ACTION_EXECUTE;
		break;
	default:
		return fault_set(fault, E_BAD_VALUE, "action: must be one of C, R, U, D, E");
	}
	if (message->disclosed)
		*out = ACTION_DISCLOSE;
	else if (message->exported)
		*out = ACTION_EXPORT;
	return E_OK;
}

static enum error map_purpose(
	const struct audit_message *message, const struct policy *policy, struct bytes *out, struct fault *fault)
{
	*out = message->purpose;
	if (out->len > 0)
		return E_OK;
	*out = policy->purpose[0] != '\0' ? bytes_text(policy->purpose) : EVENT_TEXT_UNSPECIFIED;
	if (policy->purpose[0] == '\0' && (policy->flags & POLICY_PURPOSE_REQUIRED) != 0)
		return fault_set(fault, E_MISSING_FIELD, "purpose: missing, and the sender's registration requires one");
	return E_OK;
}

/* The end of what took a while; optional. */
static enum error map_end_time(const struct audit_message *message, struct event *out, struct fault *fault)
{
	if (message->end_time.len == 0)
		return E_OK;
	int64_t time_ns = 0;
	if (timestamp_parse_leap(message->end_time, &time_ns) != E_OK)
		return fault_set(fault, E_BAD_VALUE, "end_time: %s", timestamp_fault(message->end_time));
	put_number(out, EVENT_END_TIME, 0);
	out->values[EVENT_END_TIME].time_ns = time_ns;
	return E_OK;
}

static enum error map_time(const struct audit_message *message, int64_t *out, struct fault *fault)
{
	if (message->time.len == 0)
		return fault_set(fault, E_MISSING_FIELD, "time: required and missing");
	if (timestamp_parse_leap(message->time, out) != E_OK)
		return fault_set(fault, E_BAD_VALUE, "time: %s", timestamp_fault(message->time));
	return E_OK;
}

/* A code between success and disaster says only that something went wrong: a retry and a warning have it too. Denied is
 * told where something says so. */
static uint64_t outcome_of(const struct audit_message *message)
{
	if (message->severity == SEVERITY_NONE)
		return OUTCOME_OK;
	return message->denial ? OUTCOME_DENIED : OUTCOME_FAILED;
}

/* Everything but the subject. */
static enum error map_common(
	const struct memory *memory, const struct adapter_context *context, struct event *out, struct fault *fault)
{
	const struct audit_message *message = &memory->message;
	struct bytes purpose;
	uint64_t action = ACTION_EXECUTE;
	int64_t time_ns = 0;
	TRY(map_time(message, &time_ns, fault));
	TRY(map_action(message, &action, fault));
	TRY(map_purpose(message, context->policy, &purpose, fault));
	out->header.retention_years = RETENTION_YEARS_DEFAULT;
	put_number(out, EVENT_TIME, 0);
	out->values[EVENT_TIME].time_ns = time_ns;
	TRY(map_end_time(message, out, fault));
	put_number(out, EVENT_ACTION, action);
	put_number(out, EVENT_OUTCOME, outcome_of(message));
	put_number(out, EVENT_ACTOR_KIND, message->actor_kind);
	put_text(out, EVENT_ORG_ID, memory->origin.org);
	put_text(out, EVENT_ORG_NAME, memory->origin.org_name);
	put_text(out, EVENT_SYSTEM, memory->origin.system);
	put_text(out, EVENT_ACTIVITY, words_first(message->activity, EVENT_TEXT_UNSPECIFIED));
	put_text(out, EVENT_PURPOSE, purpose);
	put_text(out, EVENT_ACTOR_ID, message->actor.id);
	put_text(out, EVENT_ACTOR_NAME, message->actor.name);
	put_text(out, EVENT_ACTOR_ROLE,
		words_first(words_first(message->actor.role, source_role(context->source)), EVENT_TEXT_UNSPECIFIED));
	put_text(out, EVENT_ACCESS_POINT, message->actor.access_point);
	put_text(out, EVENT_CONSENT, message->consent);
	put_text(out, EVENT_RECIPIENT, message->recipient);
	put_text(out, EVENT_ON_BEHALF_OF_ID, message->principal.id);
	put_text(out, EVENT_ON_BEHALF_OF_NAME, message->principal.name);
	put_text(out, EVENT_ON_BEHALF_OF_ROLE, message->principal.role);
	put_text(out, EVENT_SOURCE_FORMAT, bytes_text(message->format));
	put_text(out, EVENT_SOURCE_SHA256, bytes_text(memory->sha256));
	if (message->emergency)
		put_number(out, EVENT_EMERGENCY, 1);
	return E_OK;
}

/* What was said of fields that the format has not. A reading was a print, where that is said, and nothing else was. */
static void map_own(const struct audit_message *message, struct event *out)
{
	const struct event *own = &message->own;
	out->list_count = own->list_count > 0 ? own->list_count + 1 : 0; /* the first is for the objects */
	for (uint32_t i = 0; i < own->list_count; i++)
		out->lists[i + 1] = own->lists[i];
	for (uint64_t left = own->present; left != 0; left &= left - 1) {
		const struct event_field *field = event_field((uint64_t)__builtin_ctzll(left));
		bool reading = out->values[EVENT_ACTION].number == ACTION_READ;
		if (field->number == EVENT_ACTION && (!reading || own->values[EVENT_ACTION].number != ACTION_PRINT))
			continue;
		out->values[field->number] = own->values[field->number];
		out->values[field->number].list += field->type == EVENT_TYPE_LIST;
		out->present |= 1ull << field->number;
	}
}

/* What the texts of the event take, with room for their heads. */
static size_t bytes_of_texts(const struct event *event)
{
	size_t len = SUBJECT_BYTES_MAX + 64;
	for (unsigned field = 1; field <= EVENT_FIELD_LAST; field++)
		if ((event->present & 1ull << field) != 0 && event_field(field)->type == EVENT_TYPE_TEXT)
			len += event->values[field].text.len + 8;
	for (uint32_t i = 1; i < event->list_count; i++)
		for (uint32_t k = 0; k < event->lists[i].count; k++)
			len += event->lists[i].items[k].len + 8;
	return len;
}

/* An access must not be lost because it was to many things: as many as the event has room for are listed, the others
 * are counted in the list's last element. */
static enum error map_objects(struct memory *memory, struct event *out)
{
	const struct texts *objects = &memory->message.objects;
	size_t used = bytes_of_texts(out) + sizeof memory->more + 8;
	size_t room = EVENT_BYTES_MAX > used ? EVENT_BYTES_MAX - used : 0;
	size_t count = 0;
	if (objects->count == 0)
		return E_OK;
	for (size_t len = 0; count < objects->count && count < EVENT_LIST_MAX; count++) {
		len += objects->items[count].len + 8;
		if (objects->items[count].len <= EVENT_TEXT_BYTES_MAX && len > room)
			break;
	}
	if (count == EVENT_LIST_MAX && objects->count > EVENT_LIST_MAX)
		count--;
	memcpy(out->lists[0].items, objects->items, count * sizeof objects->items[0]);
	if (count < objects->count) {
		snprintf(memory->more, sizeof memory->more, "+ %zu more", objects->count - count);
		out->lists[0].items[count++] = bytes_text(memory->more);
	}
	out->lists[0].count = (uint32_t)count;
	out->list_count = out->list_count > 1 ? out->list_count : 1;
	out->present |= 1ull << EVENT_OBJECTS;
	out->values[EVENT_OBJECTS].list = 0;
	return E_OK;
}

/* What holds nothing but spaces says nothing. */
static void drop_blank(struct audit_message *message)
{
	struct bytes *const texts[] = {
		&message->system, &message->activity, &message->purpose, &message->consent, &message->time, &message->end_time};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (visible_blank(*texts[i]))
			*texts[i] = BYTES_EMPTY;
	for (size_t i = 0; i < message->participant_count; i++) {
		struct participant *one = &message->participants[i];
		struct bytes *const own[] = {&one->id, &one->name, &one->role, &one->access_point};
		for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
			if (visible_blank(*own[k]))
				*own[k] = BYTES_EMPTY;
	}
}

/* The first event is made and the others are copies: all of a message say the same but for whom they are about. */
static enum error map_people(
	struct memory *memory, const struct adapter_context *context, struct adapter_events *out, struct fault *fault)
{
	size_t people = memory->message.subject_count;
	out->count = people > 0 ? people : 1;
	out->events = calloc(out->count, sizeof *out->events);
	TRY(allocated(out->events));
	TRY(participants_settle(&memory->message, fault));
	TRY(map_common(memory, context, &out->events[0], fault));
	map_own(&memory->message, &out->events[0]);
	TRY(map_objects(memory, &out->events[0]));
	for (size_t i = 1; i < out->count; i++)
		out->events[i] = out->events[0];
	for (size_t i = 0; i < people; i++)
		put_text(&out->events[i], EVENT_SUBJECT, memory->message.subjects[i]);
	if (people == 0)
		put_number(&out->events[0], EVENT_SUBJECTS, 0);
	return E_OK;
}

static enum error map_json(struct memory *memory, struct bytes text, const struct policy *policy,
	struct adapter_events *out, struct fault *fault)
{
	out->events = calloc(1, sizeof *out->events);
	TRY(allocated(out->events));
	out->count = 1;
	return event_parse_json(text, policy->purpose, memory->subject, &memory->document, out->events, fault);
}

static enum error read_as(struct memory *memory, enum adapter_format format, struct bytes text,
	const struct adapter_context *context, struct fault *fault)
{
	static enum error (*const readers[])(struct bytes, const struct adapter_context *, struct audit_message *,
		struct fault *) = {[ADAPTER_FHIR] = fhir_read,
		[ADAPTER_DICOM] = dicom_read,
		[ADAPTER_OTLP] = otlp_read,
		[ADAPTER_CADF] = cadf_read};
	audit_message_free(&memory->message);
	memory->message = (struct audit_message){.chunks = NULL};
	TRY(readers[format](text, context, &memory->message, fault));
	drop_blank(&memory->message);
	return E_OK;
}

/* Who accessed: the system that the message says it is of is registered, or who came over this line is, or the sender
 * itself. */
static void find_origin(struct memory *memory, const struct adapter_context *context)
{
	struct bytes system = memory->message.system;
	if (source_origin(context->source, "source", system, &memory->origin))
		return;
	memory->origin = context->line != NULL ? *context->line
										   : (struct source_origin){.org = bytes_text(context->org_id),
												 .org_name = bytes_text(context->org_name),
												 .system = words_first(system, EVENT_TEXT_UNSPECIFIED)};
}

/* A bare reference is of the organisation that accessed, and a message says last who that is: then it is read again. */
static enum error read_audit_message(struct memory *memory, enum adapter_format format, struct bytes text,
	const struct adapter_context *context, struct fault *fault)
{
	char org_id[ORG_BYTES_MAX + 1];
	struct adapter_context found = *context;
	TRY(read_as(memory, format, text, context, fault));
	find_origin(memory, context);
	if (bytes_equal(memory->origin.org, bytes_text(context->org_id)))
		return E_OK;
	memcpy(org_id, memory->origin.org.data, memory->origin.org.len);
	org_id[memory->origin.org.len] = '\0';
	found.org_id = org_id;
	TRY(read_as(memory, format, text, &found, fault));
	return E_OK;
}

static enum error map(struct memory *memory, enum adapter_format format, struct bytes text,
	const struct adapter_context *context, struct adapter_events *out, struct fault *fault)
{
	struct hash digest;
	if (format == ADAPTER_JSON)
		return map_json(memory, text, context->policy, out, fault);
	hash_sha256(&text, 1, &digest);
	sodium_bin2hex(memory->sha256, sizeof memory->sha256, digest.b, sizeof digest.b);
	TRY(read_audit_message(memory, format, text, context, fault));
	return map_people(memory, context, out, fault);
}

/* A message that came by syslog is hashed as it would be in a file: without the head, and as it was before relays. */
static enum error map_carried(struct memory *memory, struct bytes text, const struct adapter_context *context,
	struct adapter_events *out, struct fault *fault)
{
	struct carried *carried = &memory->carried;
	TRY(syslog_read(text, carried, fault));
	enum error error = map(memory, carried->format, carried->text, context, out, fault);
	return error == E_OK ? E_OK : syslog_refuse(text, carried, error, fault);
}

static enum error map_any(struct memory *memory, enum adapter_format format, struct bytes text,
	const struct adapter_context *context, struct adapter_events *out, struct fault *fault)
{
	if (text.len > adapter_bytes_max(format))
		return fault_set(fault, E_TOO_LONG, "the message is longer than %u bytes", adapter_bytes_max(format));
	return format == ADAPTER_SYSLOG ? map_carried(memory, text, context, out, fault)
									: map(memory, format, text, context, out, fault);
}

enum error adapter_map(enum adapter_format format, struct bytes message, const struct adapter_context *context,
	struct adapter_events *out, struct fault *fault)
{
	*out = (struct adapter_events){0};
	struct memory *memory = calloc(1, sizeof *memory);
	out->memory = memory;
	TRY(fault_set(fault, allocated(memory), ""));
	if (fault != NULL)
		fault->text[0] = '\0';
	enum error error = map_any(memory, format, message, context, out, fault);
	if (error != E_OK && fault != NULL && fault->text[0] == '\0')
		fault_set(fault, error, "");
	return error;
}

void adapter_events_free(struct adapter_events *events)
{
	struct memory *memory = events->memory;
	if (memory != NULL) {
		audit_message_free(&memory->message);
		json_decref(memory->document);
		free(memory->carried.memory);
	}
	free(memory);
	free(events->events);
	*events = (struct adapter_events){0};
}
