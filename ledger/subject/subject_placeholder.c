/* A list of words in a few languages, and the marks of templates. What is not in it passes: a value that looks odd may
 * be somebody's. Nothing can fail. */
#include "ledger/subject/subject_placeholder.h"

#include <string.h>
#include <strings.h>

#define CROSSES_MIN 3
#define CROSSES_MAX 32

/* Whether it has a letter but x, or a digit that is not 0. */
static bool says_anything(struct bytes value)
{
	size_t crosses = 0;
	if (value.len == 1 && value.data[0] == '0')
		return true;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		bool cross = c == 'x' || c == 'X';
		crosses += cross;
		if ((c >= '1' && c <= '9') || (!cross && ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) || c >= 0x80)
			return true;
	}
	return crosses > 0 && (crosses < CROSSES_MIN || crosses > CROSSES_MAX);
}

/* {{patientId}}, ${patient.id}, <id>, [id], %id%: filled in by nobody. */
static bool is_template(struct bytes value)
{
	static const char *const marks[][2] = {{"<", ">"}, {"{{", "}"}, {"${", "}"}, {"#{", "}"}, {"[", "]"}, {"%", "%"}};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		size_t open = strlen(marks[i][0]);
		if (value.len > open && memcmp(value.data, marks[i][0], open) == 0 &&
			value.data[value.len - 1] == (uint8_t)marks[i][1][0])
			return true;
	}
	return false;
}

bool subject_placeholder(struct bytes value)
{
	static const char *const words[] = {"unknown", "unkown", "ukendt", "ukjent", "okänd", "unbekannt", "onbekend",
		"inconnu", "tuntematon", "null", "undefined", "nan", "none", "(none)", "ingen", "n/a", "na", "nil",
		"not available", "not-available", "notavailable", "not known", "not applicable", "missing", "no id", "noid",
		"anonymous", "anonymized", "anonymised", "anonym", "masked", "redacted", "removed", "deleted",
		"[object object]"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (value.len == strlen(words[i]) && strncasecmp((const char *)value.data, words[i], value.len) == 0)
			return true;
	return !says_anything(value) || is_template(value);
}
