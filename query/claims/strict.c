#include "query/claims/strict.h"

#include "ledger/json/json_text.h"
#include "ledger/text/visible.h"

#include <string.h>

static bool is_known(const char *name, const char *const known[])
{
	for (; *known != NULL; known++)
		if (strcmp(*known, name) == 0)
			return true;
	return false;
}

enum error strict_object(const json_t *json, const char *where, const char *const known[], struct fault *fault)
{
	if (!json_is_object(json))
		return fault_set(fault, E_BAD_VALUE, "%s must be an object", where);
	for (void *at = json_object_iter((json_t *)json); at != NULL; at = json_object_iter_next((json_t *)json, at))
		if (!is_known(json_object_iter_key(at), known))
			return fault_set(fault, E_BAD_VALUE, "%s has the member '%.40s', which is not known", where,
				json_text_name(json_object_iter_key(at)));
	return E_OK;
}

static bool text_good(const json_t *json, size_t max)
{
	struct bytes text = bytes_of(json_string_value(json), json_string_length(json));
	return json_is_string(json) && text.len <= max && strlen(json_string_value(json)) == text.len &&
		   visible_clean(text) && !visible_blank(text);
}

enum error strict_text(
	const json_t *object, const char *where, const char *name, size_t max, const char **out, struct fault *fault)
{
	const json_t *member = json_object_get(object, name);
	if (member != NULL && !text_good(member, max))
		return fault_set(fault, E_BAD_VALUE, "%s.%s must be a text of 1 to %zu bytes", where, name, max);
	if (member != NULL)
		*out = json_string_value(member);
	return E_OK;
}

enum error strict_texts(const json_t *object, const char *where, const char *name, size_t max, size_t count_max,
	const char **out, size_t *out_count, struct fault *fault)
{
	const json_t *member = json_object_get(object, name);
	if (member == NULL)
		return E_OK;
	size_t count = json_array_size(member);
	bool good = json_is_array(member) && count >= 1 && count <= count_max;
	for (size_t i = 0; good && i < count; i++) {
		good = text_good(json_array_get(member, i), max);
		out[i] = json_string_value(json_array_get(member, i));
	}
	if (!good)
		return fault_set(fault, E_BAD_VALUE, "%s.%s must be a list of 1 to %zu texts of 1 to %zu bytes", where, name,
			count_max, max);
	*out_count = count;
	return E_OK;
}

enum error strict_number(const json_t *object, const char *where, const char *name, uint32_t min, uint32_t max,
	uint32_t *out, struct fault *fault)
{
	const json_t *member = json_object_get(object, name);
	if (member == NULL)
		return E_OK;
	if (!json_is_integer(member) || json_integer_value(member) < min || json_integer_value(member) > max)
		return fault_set(fault, E_BAD_VALUE, "%s.%s must be a whole number from %u to %u", where, name, min, max);
	*out = (uint32_t)json_integer_value(member);
	return E_OK;
}

enum error strict_needed(const void *there, const char *where, const char *name, struct fault *fault)
{
	return there != NULL ? E_OK : fault_set(fault, E_BAD_VALUE, "%s.%s is missing", where, name);
}
