/* A list is read element by element, and parameters behind ';'. Weights count as far as 0 says no: where XML and JSON
 * may both be answered JSON is. */
#include "tools/fhir/fhir_media.h"

#include "ingest/message/words.h"

#include <stdlib.h>
#include <string.h>

/* Up to `end` or the end of the text, without blanks; `at` moves behind it. False: there is no more. */
static bool next(const char **at, char end, struct bytes *out)
{
	if (*at == NULL)
		return false;
	size_t len = strcspn(*at, (const char[]){end, '\0'});
	*out = words_trim(bytes_of(*at, len));
	*at = (*at)[len] != '\0' ? *at + len + 1 : NULL;
	return true;
}

/* What stands before the first ';' of an element. */
static struct bytes type_of(struct bytes element)
{
	const uint8_t *end = element.len > 0 ? memchr(element.data, ';', element.len) : NULL;
	return end != NULL ? words_trim(bytes_of(element.data, (size_t)(end - element.data))) : element;
}

/* The value of a parameter of an element, without quotation marks; empty: it has none. */
static struct bytes parameter(struct bytes element, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < element.len; i++) {
		if (element.data[i] != ';')
			continue;
		struct bytes rest = words_trim(bytes_of(element.data + i + 1, element.len - i - 1));
		if (!words_begin(rest, name) || rest.len <= len || rest.data[len] != '=')
			continue;
		rest = bytes_of(rest.data + len + 1, rest.len - len - 1);
		const uint8_t *end = memchr(rest.data, ';', rest.len);
		rest = words_trim(end != NULL ? bytes_of(rest.data, (size_t)(end - rest.data)) : rest);
		bool quoted = rest.len >= 2 && rest.data[0] == '"' && rest.data[rest.len - 1] == '"';
		return quoted ? bytes_of(rest.data + 1, rest.len - 2) : rest;
	}
	return BYTES_EMPTY;
}

static bool is_json(struct bytes type)
{
	return WORDS_LIKE_ONE_OF(type, "application/fhir+json", "application/json", "application/json+fhir");
}

static bool is_xml(struct bytes type)
{
	return WORDS_LIKE_ONE_OF(type, "application/fhir+xml", "application/xml", "application/xml+fhir", "text/xml");
}

enum fhir_form fhir_media_content(const char *content_type)
{
	struct bytes type = content_type != NULL ? type_of(words_trim(bytes_text(content_type))) : BYTES_EMPTY;
	return is_json(type) ? FHIR_FORM_JSON : is_xml(type) ? FHIR_FORM_XML : FHIR_FORM_NONE;
}

/* A weight of nothing: "0", "0.", "0.000". */
static bool is_refused(struct bytes element)
{
	struct bytes weight = parameter(element, "q");
	for (size_t i = 0; i < weight.len; i++)
		if (weight.data[i] != '0' && weight.data[i] != '.')
			return false;
	return weight.len > 0;
}

/* `_format` overrules the header. */
static bool asks_format(const char *query, struct bytes *out)
{
	struct bytes one;
	while (next(&query, '&', &one))
		if (words_begin(one, "_format=")) {
			*out = type_of(bytes_of(one.data + 8, one.len - 8));
			return true;
		}
	return false;
}

bool fhir_media_takes_json(const char *accept, const char *query)
{
	struct bytes format, element;
	bool any = false;
	if (asks_format(query, &format))
		return words_hold(format, "json");
	while (next(&accept, ',', &element)) {
		struct bytes type = type_of(element);
		any |= type.len > 0;
		if ((is_json(type) || WORDS_ONE_OF(type, "*/*", "application/*")) && !is_refused(element))
			return true;
	}
	return !any;
}

bool fhir_media_is_plain(const char *query)
{
	struct bytes one;
	while (next(&query, '&', &one))
		if (one.len > 0 && !words_begin(one, "_format=") && !words_begin(one, "_pretty="))
			return false;
	return true;
}

enum fhir_return fhir_media_return(const char *prefer)
{
	struct bytes element;
	while (next(&prefer, ',', &element)) {
		struct bytes wish = type_of(element);
		if (words_are(wish, "return=minimal"))
			return FHIR_RETURN_MINIMAL;
		if (words_are(wish, "return=representation"))
			return FHIR_RETURN_RESOURCE;
		if (words_are(wish, "return=OperationOutcome"))
			return FHIR_RETURN_OUTCOME;
	}
	return FHIR_RETURN_MINIMAL;
}

enum fhir_version fhir_media_version(const char *accept)
{
	struct bytes element;
	while (next(&accept, ',', &element)) {
		struct bytes version = parameter(element, "fhirVersion");
		if (words_begin(version, "5.0"))
			return FHIR_R5;
		if (words_begin(version, "4.3"))
			return FHIR_R4B;
		if (version.len > 0)
			return FHIR_R4;
	}
	return FHIR_R4;
}
