/* Jansson takes no NULL for a value and says so, so an element that could not be made fails where it is put. */
#include "query/fhir/terms.h"

#include <stdio.h>

#define ABSENT "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
#define EXTENSION_NAME_MAX 64 /* of our extensions */

json_t *terms_text(struct bytes text)
{
	return json_stringn(text.len > 0 ? (const char *)text.data : "", text.len);
}

json_t *terms_coding(const char *system, const char *code, const char *display)
{
	return json_pack("{s:s, s:s, s:s*}", "system", system, "code", code, "display", display);
}

json_t *terms_absent(void)
{
	return json_pack("{s:[{s:s, s:s}]}", "extension", "url", ABSENT, "valueCode", "unknown");
}

json_t *terms_extension(const char *name, const char *type, json_t *value)
{
	char url[sizeof TERMS_EXTENSION + EXTENSION_NAME_MAX];
	snprintf(url, sizeof url, "%s%s", TERMS_EXTENSION, name);
	for (char *at = url + sizeof TERMS_EXTENSION - 1; *at != '\0'; at++)
		if (*at == '.' || *at == '_')
			*at = '-';
	return json_pack("{s:s, s:o}", "url", url, type, value);
}

bool terms_set(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) == 0;
}

bool terms_add(json_t *object, const char *name, json_t *value)
{
	json_t *list = json_object_get(object, name);
	if (list != NULL)
		return json_array_append_new(list, value) == 0;
	list = json_array();
	if (list == NULL || json_array_append_new(list, value) != 0) {
		json_decref(list);
		return false;
	}
	return terms_set(object, name, list);
}
