/* A media range that names another version of FHIR than R4 does not ask for what is here. */
#include "query/search/media.h"

#include <string.h>
#include <strings.h>

/* '+' in a query is a space, and clients forget to escape it. */
static bool is_json(const char *type, size_t len)
{
	static const char *const names[] = {"json", "application/json", "application/fhir+json", "application/fhir json",
		"text/json", "application/json+fhir", "application/json fhir"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], type, len) == 0)
			return true;
	return false;
}

static bool is_any(const char *type, size_t len)
{
	return (len == 3 && memcmp(type, "*/*", 3) == 0) || (len == 13 && strncasecmp(type, "application/*", 13) == 0);
}

/* One range with its parameters, [from, end). */
static bool takes(const char *from, const char *end)
{
	static const char version[] = "fhirVersion=";
	from += strspn(from, " \t");
	size_t len = strcspn(from, ";, \t");
	if (!is_json(from, len) && !is_any(from, len))
		return false;
	for (const char *at = from + len; at + sizeof version - 1 < end; at++)
		if (strncasecmp(at, version, sizeof version - 1) == 0) {
			at += sizeof version - 1;
			at += *at == '"';
			return strncmp(at, "4.0", 3) == 0;
		}
	return true;
}

bool media_takes_json(const char *format, const char *accept)
{
	if (format != NULL)
		return is_json(format, strcspn(format, ";"));
	if (accept == NULL || *accept == '\0')
		return true;
	for (const char *at = accept; *at != '\0';) {
		size_t len = strcspn(at, ",");
		if (takes(at, at + len))
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}
