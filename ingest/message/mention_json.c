#include "ingest/message/mention_json.h"

#include <string.h>

static enum error walk(const json_t *value, unsigned depth, bool *out)
{
	const char *name;
	const json_t *inner;
	size_t i;
	bool found = false;
	if (depth > MENTION_JSON_DEPTH_MAX)
		return E_BAD_JSON;
	if (json_is_string(value)) {
		TRY(mention_look(bytes_of(json_string_value(value), json_string_length(value)), MENTION_TEXT, &found));
		*out |= found;
	}
	json_array_foreach(value, i, inner) TRY(walk(inner, depth + 1, out));
	json_object_foreach((json_t *)(uintptr_t)value, name, inner)
	{
		bool named = json_is_string(inner) && (strcmp(name, "key") == 0 || strcmp(name, "name") == 0);
		*out |= mention_names(bytes_text(name));
		*out |= named && mention_names(bytes_text(json_string_value(inner)));
		TRY(walk(inner, depth + 1, out));
	}
	return E_OK;
}

enum error mention_json(const json_t *value, bool *out)
{
	*out = false;
	return walk(value, 0, out);
}
