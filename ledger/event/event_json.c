/* Read into the flat set of fields; whether they make an event is for event_encode to say. What is judged here is what
 * the JSON alone has: types, paths, words, the spelling of times, of the subject and of what goes into the header. The
 * first fault ends it. A value is shown in a fault only for fields that hold nothing of a person, and then the
 * beginning of it. */
#include "ledger/event/event_json.h"

#include "ledger/base/wrong.h"
#include "ledger/event/event_schema.h"
#include "ledger/json/json_number.h"
#include "ledger/json/json_text.h"
#include "ledger/subject/subject.h"
#include "ledger/text/timestamp.h"

#define PATH_BYTES_MAX 64
#define SHOWN_BYTES_MAX 60

/* ---- reading ---- */

struct reading {
	struct event *event;
	char *subject_scratch;
	struct fault *fault;
};

/* The value as an error shows it: nothing for fields that may hold personal data, and never much. */
static const char *shown(const struct event_field *field, const json_t *value, char out[SHOWN_BYTES_MAX + 8])
{
	out[0] = '\0';
	if ((field->flags & FIELD_PERSONAL) == 0 && json_is_string(value))
		snprintf(out, SHOWN_BYTES_MAX + 8, " \"%.*s\"", SHOWN_BYTES_MAX, json_string_value(value));
	return out;
}

static enum error wrong_type(const struct reading *reading, const struct event_field *field)
{
	static const char *const wanted[] = {[EVENT_TYPE_TEXT] = "a string",
		[EVENT_TYPE_TIME] = "a string with an RFC 3339 time",
		[EVENT_TYPE_ENUM] = "a string",
		[EVENT_TYPE_BOOL] = "true or false",
		[EVENT_TYPE_COUNT] = "a whole number from 0 to 2^53 - 1",
		[EVENT_TYPE_LIST] = "an array of strings"};
	return fault_set(reading->fault, E_BAD_VALUE, "%s: must be %s", field->path, wanted[field->type]);
}

static bool text_of(const json_t *value, struct bytes *out)
{
	if (!json_is_string(value))
		return false;
	*out = bytes_of(json_string_value(value), json_string_length(value));
	return true;
}

/* The words are listed in the fault, since whoever mistyped one wants to see them. */
static enum error read_enum(const struct reading *reading, const struct event_field *field, const json_t *value)
{
	struct bytes text;
	char words[160];
	char echo[SHOWN_BYTES_MAX + 8];
	if (!text_of(value, &text))
		return wrong_type(reading, field);
	int code = event_field_code(field, text);
	event_field_words(field, words, sizeof words);
	if (code < 0)
		return fault_set(
			reading->fault, E_BAD_VALUE, "%s:%s is not one of %s", field->path, shown(field, value, echo), words);
	reading->event->values[field->number].number = (uint64_t)code;
	return E_OK;
}

static enum error read_time(const struct reading *reading, const struct event_field *field, const json_t *value)
{
	struct bytes text;
	char echo[SHOWN_BYTES_MAX + 8];
	if (!text_of(value, &text))
		return wrong_type(reading, field);
	if (WRONG(timestamp_parse(text, &reading->event->values[field->number].time_ns) != E_OK))
		return fault_set(
			reading->fault, E_BAD_VALUE, "%s:%s %s", field->path, shown(field, value, echo), timestamp_fault(text));
	return E_OK;
}

static enum error read_list(const struct reading *reading, const struct event_field *field, const json_t *value)
{
	struct event *event = reading->event;
	if (WRONG(!json_is_array(value)))
		return wrong_type(reading, field);
	if (json_array_size(value) > EVENT_LIST_MAX || event->list_count == EVENT_LISTS_MAX)
		return fault_set(reading->fault, E_TOO_LONG, "%s: more than %u elements", field->path, EVENT_LIST_MAX);
	struct event_list *list = &event->lists[event->list_count];
	list->count = 0;
	size_t i;
	json_t *element;
	json_array_foreach(value, i, element)
	{
		if (!text_of(element, &list->items[list->count++]))
			return wrong_type(reading, field);
	}
	event->values[field->number].list = event->list_count++;
	return E_OK;
}

/* Only the subject has other spellings; it goes on in the one that its label is made of. */
static enum error read_text(const struct reading *reading, const struct event_field *field, const json_t *value)
{
	struct bytes text;
	if (!text_of(value, &text))
		return wrong_type(reading, field);
	if (field->number == EVENT_SUBJECT) {
		TRY(subject_reported(text, reading->subject_scratch, reading->fault));
		text = bytes_text(reading->subject_scratch);
	}
	reading->event->values[field->number].text = text;
	return E_OK;
}

/* Numbers of JSON with a fraction are no integers for the parser, so 1.0 is refused like 1.5. */
static enum error read_value(const struct reading *reading, const struct event_field *field, const json_t *value)
{
	switch (field->type) {
	case EVENT_TYPE_TEXT:
		return read_text(reading, field, value);
	case EVENT_TYPE_TIME:
		return read_time(reading, field, value);
	case EVENT_TYPE_ENUM:
		return read_enum(reading, field, value);
	case EVENT_TYPE_LIST:
		return read_list(reading, field, value);
	case EVENT_TYPE_BOOL:
		if (WRONG(!json_is_boolean(value)))
			return wrong_type(reading, field);
		reading->event->values[field->number].number = json_is_true(value);
		return E_OK;
	case EVENT_TYPE_COUNT:
		if (WRONG(!json_is_integer(value)) || json_integer_value(value) < 0 || json_integer_value(value) >= 1ll << 53)
			return wrong_type(reading, field);
		reading->event->values[field->number].number = (uint64_t)json_integer_value(value);
		return E_OK;
	}
	return E_BAD_VALUE;
}

/* ---- header fields ---- */

/* Zero means "not withheld" in the header, so the first second of 1970 cannot be said. */
static enum error read_withheld_until(const struct reading *reading, const json_t *value)
{
	int64_t time_ns;
	struct bytes text;
	if (!text_of(value, &text) || timestamp_parse(text, &time_ns) != E_OK || WRONG(time_ns == 0) ||
		WRONG(time_ns % 1000000000 != 0))
		return fault_set(reading->fault, E_BAD_VALUE, "withheld_until: must be an RFC 3339 time in whole seconds");
	reading->event->header.withheld_until_s = (uint64_t)(time_ns / 1000000000);
	return E_OK;
}

static enum error read_withheld_basis(const struct reading *reading, const json_t *value)
{
	struct bytes text;
	if (!text_of(value, &text) || WRONG(text.len == 0) || text.len > WITHHELD_BASIS_BYTES_MAX)
		return fault_set(
			reading->fault, E_BAD_VALUE, "withheld_basis: must be a string of 1 to %u bytes", WITHHELD_BASIS_BYTES_MAX);
	memcpy(reading->event->header.basis, text.data, text.len);
	reading->event->header.basis_len = (uint8_t)text.len;
	return E_OK;
}

static enum error read_retention(const struct reading *reading, const json_t *value)
{
	struct bytes text;
	unsigned years = 0;
	bool good = text_of(value, &text) && text.len >= 2 && text.len <= 3 && text.data[text.len - 1] == 'y' &&
				text.data[0] != '0';
	for (size_t i = 0; good && i + 1 < text.len; i++) {
		good = text.data[i] >= '0' && text.data[i] <= '9';
		years = years * 10 + (unsigned)(text.data[i] - '0');
	}
	if (WRONG(!good) || WRONG(years > RETENTION_YEARS_MAX))
		return fault_set(reading->fault, E_BAD_VALUE, "retention: must be \"1y\" to \"%uy\"", RETENTION_YEARS_MAX);
	reading->event->header.retention_years = (uint8_t)years;
	return E_OK;
}

/* ---- objects ---- */

static const char *const groups[] = {
	"org", "actor", "on_behalf_of", "ai", "source", "grant", "report", "answer", "consent_record"};

static bool is_group(const char *name)
{
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
		if (strcmp(groups[i], name) == 0)
			return true;
	return false;
}

/* The name in a spelling that a terminal can show: it comes from outside. */
static enum error unknown_field(const struct reading *reading, const char *group, const char *name)
{
	return fault_set(reading->fault, E_UNKNOWN_FIELD, "%s%s%.*s: there is no such field; see 'indsigt help event'",
		group, group[0] ? "." : "", SHOWN_BYTES_MAX, json_text_name(name));
}

/* A dot inside a name would let one path be written in two ways. */
static enum error read_field(const struct reading *reading, const char *group, const char *name, const json_t *value)
{
	char path[PATH_BYTES_MAX];
	int len = snprintf(path, sizeof path, "%s%s%s", group, group[0] ? "." : "", name);
	const struct event_field *field =
		len < (int)sizeof path && !WRONG(strchr(name, '.') != NULL) ? event_field_by_path(bytes_text(path)) : NULL;
	if (field == NULL)
		return unknown_field(reading, group, name);
	TRY(read_value(reading, field, value));
	reading->event->present |= 1ull << field->number;
	return E_OK;
}

static enum error read_group(const struct reading *reading, const char *group, const json_t *object)
{
	const char *name;
	json_t *value;
	if (WRONG(!json_is_object(object)) || WRONG(json_object_size(object) == 0))
		return fault_set(reading->fault, E_BAD_VALUE, "%s: must be an object with fields", group);
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		TRY(read_field(reading, group, name, value));
	}
	return E_OK;
}

static enum error read_member(const struct reading *reading, const char *name, const json_t *value)
{
	if (strcmp(name, "withheld_until") == 0)
		return read_withheld_until(reading, value);
	if (strcmp(name, "withheld_basis") == 0)
		return read_withheld_basis(reading, value);
	if (strcmp(name, "retention") == 0)
		return read_retention(reading, value);
	if (is_group(name))
		return read_group(reading, name, value);
	return read_field(reading, "", name, value);
}

enum error event_from_json(
	const json_t *json, const char *default_purpose, char *subject_scratch, struct event *out, struct fault *fault)
{
	struct reading reading = {out, subject_scratch, fault};
	const char *name;
	json_t *value;
	out->present = 0;
	out->list_count = 0;
	out->header = (struct event_header){.retention_years = RETENTION_YEARS_DEFAULT};
	if (WRONG(!json_is_object(json)))
		return fault_set(fault, E_BAD_JSON, "an event must be a JSON object");
	json_object_foreach((json_t *)(uintptr_t)json, name, value)
	{
		TRY(read_member(&reading, name, value));
	}
	uint64_t purpose = 1ull << EVENT_PURPOSE;
	if ((out->present & purpose) == 0 && default_purpose[0] != '\0') {
		out->values[EVENT_PURPOSE].text = bytes_text(default_purpose);
		out->present |= purpose;
	}
	return E_OK;
}

enum error event_parse_json(struct bytes text, const char *default_purpose, char *subject_scratch, json_t **document,
	struct event *out, struct fault *fault)
{
	json_auto_t *json = NULL;
	TRY(json_text_parse(text, &json, fault));
	TRY(event_from_json(json, default_purpose, subject_scratch, out, fault));
	if (WRONG(json_has_minus(text))) /* what the parser makes of -0 has no sign */
		return fault_set(fault, E_BAD_VALUE, "subjects: must be a whole number from 0 to 2^53 - 1, without a sign");
	*document = OWN_TAKE(json);
	return E_OK;
}

/* ---- writing ---- */

static json_t *text_to_json(struct bytes text)
{
	return json_stringn((const char *)text.data, text.len);
}

static json_t *list_to_json(const struct event_list *list)
{
	json_auto_t *array = json_array();
	for (uint32_t i = 0; array != NULL && i < list->count; i++)
		if (json_array_append_new(array, text_to_json(list->items[i])) != 0)
			return NULL;
	return OWN_TAKE(array);
}

static json_t *time_to_json(int64_t time_ns)
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format(time_ns, text);
	return json_string(text);
}

static json_t *value_to_json(const struct event *event, const struct event_field *field)
{
	const union event_value *value = &event->values[field->number];
	switch (field->type) {
	case EVENT_TYPE_TEXT:
		return text_to_json(value->text);
	case EVENT_TYPE_TIME:
		return time_to_json(value->time_ns);
	case EVENT_TYPE_ENUM:
		return json_string(event_field_word(field, value->number));
	case EVENT_TYPE_BOOL:
		return json_boolean(value->number != 0);
	case EVENT_TYPE_COUNT:
		return json_integer((json_int_t)value->number);
	case EVENT_TYPE_LIST:
		return list_to_json(&event->lists[value->list]);
	}
	return NULL;
}

/* The object that a path's last name goes into: `root`, or its member for the group. */
static json_t *object_for(json_t *root, const char *path, const char **name)
{
	const char *dot = strchr(path, '.');
	if (dot == NULL) {
		*name = path;
		return root;
	}
	*name = dot + 1;
	json_t *group = json_object_getn(root, path, (size_t)(dot - path));
	if (group == NULL && (group = json_object()) != NULL &&
		json_object_setn_new(root, path, (size_t)(dot - path), group) != 0)
		return NULL;
	return group;
}

static bool put_field(json_t *root, const struct event *event, const struct event_field *field)
{
	const char *name;
	json_t *object = object_for(root, field->path, &name);
	return object != NULL && json_object_set_new(object, name, value_to_json(event, field)) == 0;
}

/* What is usual is left out, as it may be left out by whoever sends it. */
static bool put_header(json_t *root, const struct event_header *header)
{
	char years[8];
	bool good = true;
	if (header->withheld_until_s != 0) {
		good = json_object_set_new(
				   root, "withheld_until", time_to_json((int64_t)header->withheld_until_s * 1000000000)) == 0 &&
			   json_object_set_new(root, "withheld_basis", json_stringn(header->basis, header->basis_len)) == 0;
	}
	if (header->retention_years == RETENTION_YEARS_DEFAULT)
		return good;
	snprintf(years, sizeof years, "%uy", header->retention_years);
	return good && json_object_set_new(root, "retention", json_string(years)) == 0;
}

json_t *event_to_json(const struct event *event)
{
	json_auto_t *root = json_object();
	bool good = root != NULL;
	for (uint64_t left = event->present; good && left != 0; left &= left - 1)
		good = put_field(root, event, event_field((uint64_t)__builtin_ctzll(left)));
	return good && put_header(root, &event->header) ? OWN_TAKE(root) : NULL;
}
