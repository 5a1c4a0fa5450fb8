#include "ingest/otlp/otlp_value.h"

#include "ingest/message/words.h"

#include <inttypes.h>
#include <stdio.h>

#define NUMBER_DIGITS 20

static const char *const forms[] = {
	"stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"};

const struct otlp_lists *otlp_lists(bool spans)
{
	static const struct otlp_lists of_logs = {"resourceLogs", "scopeLogs", "logRecords"};
	static const struct otlp_lists of_spans = {"resourceSpans", "scopeSpans", "spans"};
	return spans ? &of_spans : &of_logs;
}

const json_t *otlp_member(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);
	return json_is_null(member) ? NULL : member;
}

/* ---- the record ---- */

/* The only item of a list. */
static enum error only(const json_t *object, const char *name, const json_t **out, struct fault *fault)
{
	const json_t *list = otlp_member(object, name);
	*out = json_array_get(list, 0);
	if (json_array_size(list) != 1 || !json_is_object(*out))
		return fault_set(fault, E_BAD_VALUE, "%s: must be a list of one object, since each record is a message", name);
	return E_OK;
}

static enum error attributes_of(const json_t *object, const char *name, const json_t **out, struct fault *fault)
{
	*out = otlp_member(object, name);
	if (*out != NULL && !json_is_array(*out))
		return fault_set(fault, E_BAD_VALUE, "%s: must be a list of keys and values", name);
	return E_OK;
}

enum error otlp_record_open(const json_t *root, struct otlp_record *out, struct fault *fault)
{
	const json_t *group, *scope;
	*out = (struct otlp_record){.span = otlp_member(root, otlp_lists(true)->groups) != NULL};
	const struct otlp_lists *lists = otlp_lists(out->span);
	if (otlp_member(root, lists->groups) == NULL)
		return fault_set(fault, E_MISSING_FIELD, "resourceLogs or resourceSpans: one of them is required");
	TRY(only(root, lists->groups, &group, fault));
	TRY(only(group, lists->scopes, &scope, fault));
	TRY(only(scope, lists->records, &out->record, fault));
	TRY(attributes_of(otlp_member(group, "resource"), "attributes", &out->resource, fault));
	return attributes_of(out->record, "attributes", &out->attributes, fault);
}

/* ---- values ---- */

/* What it has, under which of the forms' names; one at most. */
static enum error form_of(
	const json_t *value, const char *key, const char **form, const json_t **inner, struct fault *fault)
{
	*form = NULL;
	*inner = NULL;
	if (!json_is_object(value))
		return fault_set(fault, E_BAD_VALUE, "%s: its value must be an object", key);
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const json_t *found = otlp_member(value, forms[i]);
		if (found != NULL && *form != NULL)
			return fault_set(fault, E_BAD_VALUE, "%s: has two values", key);
		if (found == NULL)
			continue;
		*form = forms[i];
		*inner = found;
	}
	return E_OK;
}

enum error otlp_attribute(const json_t *attributes, const char *key, const json_t **out, struct fault *fault)
{
	const json_t *pair;
	size_t i;
	*out = NULL;
	json_array_foreach(attributes, i, pair)
	{
		const char *name = json_string_value(json_object_get(pair, "key"));
		if (name == NULL || strcmp(name, key) != 0)
			continue;
		const char *form;
		const json_t *inner, *value = otlp_member(pair, "value");
		if (*out != NULL)
			return fault_set(fault, E_BAD_VALUE, "%s: stands twice", key);
		if (value != NULL)
			TRY(form_of(value, key, &form, &inner, fault));
		if (value != NULL && form != NULL)
			*out = value;
	}
	return E_OK;
}

enum error otlp_text(const json_t *value, const char *key, struct bytes *out, struct fault *fault)
{
	const char *form = NULL;
	const json_t *inner = NULL;
	*out = BYTES_EMPTY;
	if (value != NULL)
		TRY(form_of(value, key, &form, &inner, fault));
	if (form != NULL && (strcmp(form, "stringValue") != 0 || !json_is_string(inner)))
		return fault_set(fault, E_BAD_VALUE, "%s: must be a text (stringValue)", key);
	if (form != NULL)
		*out = words_trim(bytes_of(json_string_value(inner), json_string_length(inner)));
	return E_OK;
}

static enum error copy_number(struct audit_message *message, json_int_t number, struct bytes *out)
{
	char text[NUMBER_DIGITS + 2];
	snprintf(text, sizeof text, "%jd", (intmax_t)number);
	return audit_message_copy(message, bytes_text(text), out);
}

enum error otlp_words(
	struct audit_message *message, const json_t *value, const char *key, struct bytes *out, struct fault *fault)
{
	const char *form = NULL;
	const json_t *inner = NULL;
	*out = BYTES_EMPTY;
	if (otlp_count(value) > 0)
		TRY(form_of(otlp_item(value, 0), key, &form, &inner, fault));
	if (form == NULL)
		return E_OK;
	if (strcmp(form, "boolValue") == 0 && json_is_boolean(inner))
		*out = json_is_true(inner) ? BYTES_LITERAL("true") : BYTES_LITERAL("false");
	else if (strcmp(form, "intValue") == 0 && json_is_integer(inner))
		return copy_number(message, json_integer_value(inner), out);
	else if ((strcmp(form, "stringValue") == 0 || strcmp(form, "intValue") == 0) && json_is_string(inner))
		*out = words_trim(bytes_of(json_string_value(inner), json_string_length(inner)));
	else
		return fault_set(fault, E_BAD_VALUE, "%s: must be a text, a number or true or false", key);
	return E_OK;
}

static const json_t *values_of(const json_t *value, const char *form)
{
	return otlp_member(otlp_member(value, form), "values");
}

size_t otlp_count(const json_t *value)
{
	return otlp_member(value, "arrayValue") != NULL ? json_array_size(values_of(value, "arrayValue")) : value != NULL;
}

const json_t *otlp_item(const json_t *value, size_t index)
{
	bool list = otlp_member(value, "arrayValue") != NULL;
	return list ? json_array_get(values_of(value, "arrayValue"), index) : index == 0 ? value : NULL;
}

const json_t *otlp_map(const json_t *value)
{
	const json_t *pairs = values_of(value, "kvlistValue");
	return json_is_array(pairs) ? pairs : NULL;
}

/* ---- members ---- */

enum error otlp_member_text(const json_t *record, const char *name, struct bytes *out, struct fault *fault)
{
	const json_t *member = otlp_member(record, name);
	*out = BYTES_EMPTY;
	if (member == NULL)
		return E_OK;
	if (!json_is_string(member))
		return fault_set(fault, E_BAD_VALUE, "%s: must be a text", name);
	*out = words_trim(bytes_of(json_string_value(member), json_string_length(member)));
	return E_OK;
}

static bool read_digits(struct bytes text, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (!words_digit(text.data[i]) || *out > (INT64_MAX - 9) / 10)
			return false;
		*out = 10 * *out + (uint64_t)(text.data[i] - '0');
	}
	return text.len > 0;
}

enum error otlp_member_number(const json_t *record, const char *name, uint64_t *out, struct fault *fault)
{
	const json_t *member = otlp_member(record, name);
	*out = 0;
	bool good = member == NULL;
	if (json_is_integer(member)) {
		good = json_integer_value(member) >= 0;
		*out = (uint64_t)json_integer_value(member);
	} else if (json_is_string(member)) {
		good = read_digits(bytes_of(json_string_value(member), json_string_length(member)), out);
	}
	return good ? E_OK : fault_set(fault, E_BAD_VALUE, "%s: must be an integer that is not negative", name);
}
