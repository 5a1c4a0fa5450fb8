/* An extension is one of these if its address is ours and its last step a field that may be said so; others are looked
 * at for the people that they mention, as any extension is. Acts (grants, reports, consents) are not said in FHIR: who
 * may do them is not told by a message. */
#include "ingest/fhir/fhir_own.h"

static const uint8_t fields[] = {EVENT_ACTION, EVENT_ACTOR_KIND, EVENT_CUSTODIAN, EVENT_RECIPIENT, EVENT_REASON,
	EVENT_LEGAL_BASIS, EVENT_PROCESSING_ACTIVITY, EVENT_AI_SYSTEM, EVENT_AI_VERSION, EVENT_AI_SOURCES,
	EVENT_AI_REVIEWED_BY, EVENT_CATEGORIES, EVENT_SESSION, EVENT_TRACE};

struct bytes fhir_own_activity(const json_t *subtypes)
{
	for (struct fhir_each one = {.array = subtypes}; fhir_next(&one);)
		if (bytes_equal(fhir_text(one.item, "system"), BYTES_LITERAL(EVENT_FHIR_ADDRESS "CodeSystem/activity")))
			return fhir_text(one.item, "display");
	return BYTES_EMPTY;
}

/* A field's name has '-' where its path has '.' or '_'. */
static bool is_name(const char *path, struct bytes name)
{
	size_t len = strlen(path);
	for (size_t i = 0; i < len && name.len == len; i++)
		if (name.data[i] != (uint8_t)(path[i] == '.' || path[i] == '_' ? '-' : path[i]))
			return false;
	return name.len == len;
}

static const struct event_field *field_of(struct bytes url)
{
	static const char ours[] = EVENT_FHIR_ADDRESS "StructureDefinition/";
	size_t len = sizeof ours - 1;
	if (url.len <= len || memcmp(url.data, ours, len) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof fields; i++)
		if (is_name(event_field(fields[i])->path, bytes_of(url.data + len, url.len - len)))
			return event_field(fields[i]);
	return NULL;
}

static enum error add_to_list(struct fhir_reader *reader, const struct event_field *field, struct bytes text)
{
	struct event *own = &reader->message->own;
	if ((own->present >> field->number & 1) == 0)
		own->values[field->number].list = own->list_count++;
	struct event_list *list = &own->lists[own->values[field->number].list];
	if (list->count == EVENT_LIST_MAX)
		return fault_set(reader->fault, E_TOO_LONG, "extension: more than %u of %s", EVENT_LIST_MAX, field->path);
	return audit_message_copy(reader->message, text, &list->items[list->count++]);
}

static enum error read_one(struct fhir_reader *reader, const struct event_field *field, const json_t *extension)
{
	struct event *own = &reader->message->own;
	struct bytes text = fhir_text(extension, field->type == EVENT_TYPE_ENUM ? "valueCode" : "valueString");
	int code = field->type == EVENT_TYPE_ENUM ? event_field_code(field, text) : 0;
	bool again = field->type != EVENT_TYPE_LIST && (own->present >> field->number & 1) != 0;
	if (text.len == 0 || code < 0 || again)
		return fault_set(reader->fault, E_BAD_VALUE, "extension: %s must have %s, once", field->path,
			field->type == EVENT_TYPE_ENUM ? "a valueCode of its list" : "a valueString that says something");
	if (field->type == EVENT_TYPE_LIST)
		TRY(add_to_list(reader, field, text));
	else if (field->type == EVENT_TYPE_ENUM)
		own->values[field->number].number = (uint64_t)code;
	else
		TRY(audit_message_copy(reader->message, text, &own->values[field->number].text));
	own->present |= 1ull << field->number;
	return E_OK;
}

enum error fhir_read_own(struct fhir_reader *reader)
{
	for (struct fhir_each one = fhir_list(reader->root, "extension"); fhir_next(&one);) {
		const struct event_field *field = field_of(fhir_text(one.item, "url"));
		if (field != NULL)
			TRY(read_one(reader, field, one.item));
	}
	return E_OK;
}
