/* The form is looked at as a whole before anything is given out, so that a request is cut or refused, and not half of
 * it. Members of a record and its resource that are not known stay where they are. A record alone is written anew, too:
 * beside which others an exporter gives it again must not change a byte of it. */
#include "ingest/otlp/otlp_parts.h"

#include "ingest/otlp/otlp_value.h"
#include "ledger/json/json_read.h"
#include "ledger/json/json_text.h"

#include <stdlib.h>

#define SCOPES(parts) (otlp_lists((parts)->spans)->scopes)
#define RECORDS(parts) (otlp_lists((parts)->spans)->records)

/* ---- form ---- */

/* `list` is one of objects, or absent. */
static bool objects(const json_t *list)
{
	const json_t *item;
	size_t i;
	json_array_foreach(list, i, item) if (!json_is_object(item)) return false;
	return list == NULL || json_is_array(list);
}

static bool object_or_none(const json_t *object, const char *name)
{
	const json_t *value = otlp_member(object, name);
	return value == NULL || json_is_object(value);
}

static enum error check_group(struct otlp_parts *parts, const json_t *group, struct fault *fault)
{
	const json_t *scopes = otlp_member(group, SCOPES(parts)), *scope;
	size_t i;
	if (!objects(scopes) || !object_or_none(group, "resource"))
		return fault_set(fault, E_BAD_VALUE, "%s: must be a list of objects, and resource an object", SCOPES(parts));
	json_array_foreach(scopes, i, scope)
	{
		const json_t *records = otlp_member(scope, RECORDS(parts));
		if (!objects(records) || !object_or_none(scope, "scope"))
			return fault_set(fault, E_BAD_VALUE, "%s: must be a list of objects, and scope an object", RECORDS(parts));
		parts->count += json_array_size(records);
	}
	return E_OK;
}

static enum error check(struct otlp_parts *parts, struct fault *fault)
{
	const json_t *logs = otlp_member(parts->root, otlp_lists(false)->groups);
	const json_t *spans = otlp_member(parts->root, otlp_lists(true)->groups), *group;
	size_t i;
	if (otlp_member(parts->root, "resourceMetrics") != NULL)
		return fault_set(fault, E_BAD_VALUE, "resourceMetrics: metrics say nothing of an access");
	if ((logs == NULL) == (spans == NULL))
		return fault_set(fault, E_MISSING_FIELD, "resourceLogs or resourceSpans: one of them is required");
	parts->groups = logs != NULL ? logs : spans;
	parts->spans = logs == NULL;
	if (!objects(parts->groups))
		return fault_set(fault, E_BAD_VALUE, "%s: must be a list of objects", otlp_lists(parts->spans)->groups);
	json_array_foreach(parts->groups, i, group) TRY(check_group(parts, group, fault));
	return E_OK;
}

enum error otlp_parts_begin(struct bytes text, struct otlp_parts *out, struct fault *fault)
{
	*out = (struct otlp_parts){.text = text};
	enum error error = json_text_parse(text, &out->root, fault);
	if (error == E_OK)
		error = check(out, fault);
	if (error != E_OK)
		otlp_parts_end(out);
	return error;
}

void otlp_parts_end(struct otlp_parts *parts)
{
	json_decref(parts->root);
	free(parts->part);
	*parts = (struct otlp_parts){.root = NULL};
}

/* ---- cutting ---- */

static size_t bytes_in(const json_t *value)
{
	return value != NULL ? json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
}

size_t otlp_parts_bytes(const struct otlp_parts *parts)
{
	const json_t *group, *scope;
	size_t i, k, bytes = parts->text.len;
	json_array_foreach(parts->groups, i, group)
	{
		size_t outer = bytes_in(otlp_member(group, "resource")) + bytes_in(otlp_member(group, "schemaUrl"));
		json_array_foreach(otlp_member(group, SCOPES(parts)), k, scope)
		{
			size_t inner = bytes_in(otlp_member(scope, "scope")) + bytes_in(otlp_member(scope, "schemaUrl"));
			bytes += json_array_size(otlp_member(scope, RECORDS(parts))) * (outer + inner + 128);
		}
	}
	return bytes;
}

/* The next record and what it stands in; NULL: there is none. */
static const json_t *find(struct otlp_parts *parts, const json_t **group, const json_t **scope)
{
	while ((*group = json_array_get(parts->groups, parts->group)) != NULL) {
		while ((*scope = json_array_get(otlp_member(*group, SCOPES(parts)), parts->scope)) != NULL) {
			const json_t *record = json_array_get(otlp_member(*scope, RECORDS(parts)), parts->record);
			parts->record++;
			if (record != NULL)
				return record;
			parts->record = 0;
			parts->scope++;
		}
		parts->scope = 0;
		parts->group++;
	}
	return NULL;
}

static json_t *pack(const struct otlp_parts *parts, const json_t *group, const json_t *scope, const json_t *record)
{
	return json_pack("{s:[{s:O*,s:O*,s:[{s:O*,s:O*,s:[O]}]}]}", otlp_lists(parts->spans)->groups, "resource",
		otlp_member(group, "resource"), "schemaUrl", otlp_member(group, "schemaUrl"), SCOPES(parts), "scope",
		otlp_member(scope, "scope"), "schemaUrl", otlp_member(scope, "schemaUrl"), RECORDS(parts), record);
}

bool otlp_parts_next(struct otlp_parts *parts, struct bytes *out, struct fault *fault)
{
	const json_t *group, *scope, *record = find(parts, &group, &scope);
	*fault = (struct fault){.error = E_OK};
	*out = parts->text;
	if (record == NULL)
		return false;
	json_auto_t *one = pack(parts, group, scope, record);
	free(parts->part);
	parts->part = json_write(one, JSON_COMPACT);
	if (parts->part == NULL)
		(void)fault_set(fault, E_NO_MEMORY, "");
	else
		*out = bytes_text(parts->part);
	return true;
}
