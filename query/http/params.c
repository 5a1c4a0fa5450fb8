/* Decoded where it stands, since no decoded text is longer than its escapes. A known name is shown in faults as this
 * program spells it; one that is not known is not shown, for it was sent by somebody. */
#include "query/http/params.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Control characters are refused here, where they are made of escapes, so that no value with one gets any further. */
int params_decode(const char *from, const char *end, char *to)
{
	char *at = to;
	while (from < end) {
		int value = (unsigned char)*from++;
		if (value == '+')
			value = ' ';
		else if (value == '%') {
			int high = end - from >= 2 ? hex_digit(from[0]) : -1;
			int low = high >= 0 ? hex_digit(from[1]) : -1;
			if (low < 0)
				return -1;
			value = high * 16 + low;
			from += 2;
		}
		if (value < 0x20 || value == 0x7F)
			return -1;
		*at++ = (char)value;
	}
	return (int)(at - to);
}

static const char *known_name(const char *const known[], const char *name)
{
	for (; *known; known++)
		if (strcmp(*known, name) == 0)
			return *known;
	return NULL;
}

/* One "name=value", decoded in place; it ends in an end mark. Twice the same name would have two answers, and which of
 * them is meant only its sender knows. */
static enum error parse_one(char *pair, const char *const known[], struct params *params, struct fault *fault)
{
	char *equals = strchr(pair, '=');
	char *end = pair + strlen(pair);
	char *name_end = equals ? equals : end;
	int name_len = params_decode(pair, name_end, pair);
	if (name_len <= 0)
		return fault_set(fault, E_BAD_VALUE, "the query string has a parameter without a well-formed name");
	char *value = equals ? equals + 1 : end;
	pair[name_len] = '\0';
	const char *name = known_name(known, pair);
	if (name == NULL)
		return fault_set(fault, E_BAD_VALUE, "the query string has a parameter that is not known here");
	if (params_get(params, name))
		return fault_set(fault, E_BAD_VALUE, "parameter '%s' is given twice", name);
	int value_len = equals ? params_decode(value, end, value) : 0;
	if (value_len < 0 || !bytes_utf8(bytes_of(value, (size_t)value_len)))
		return fault_set(fault, E_BAD_VALUE, "parameter '%s' is not well-formed percent-encoded UTF-8", name);
	value[value_len] = '\0';
	if (params->count == PARAMS_MAX)
		return fault_set(fault, E_TOO_LONG, "more than %u parameters", PARAMS_MAX);
	params->items[params->count].name = name;
	params->items[params->count].value = value;
	params->count++;
	return E_OK;
}

enum error params_parse(const char *query, const char *const known[], struct params *out, struct fault *fault)
{
	out->count = 0;
	if (query == NULL)
		return E_OK;
	size_t len = strlen(query);
	if (len > PARAMS_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the query string is longer than %u bytes", PARAMS_BYTES_MAX);
	memcpy(out->text, query, len + 1);
	char *rest = out->text;
	while (rest) {
		char *pair = strsep(&rest, "&");
		if (*pair)
			TRY(parse_one(pair, known, out, fault));
	}
	return E_OK;
}

const char *params_get(const struct params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].name, name) == 0)
			return params->items[i].value;
	return NULL;
}
