/* Jansson says what is wrong in its own words, which may hold a piece of the text, and so of somebody. Its code, and
 * where it has one code for many the beginning of its words, choose a sentence of ours; the place is the byte. The name
 * that stands twice is the one thing that is shown, because nobody finds it otherwise, and not where it may be a number
 * of somebody. */
#include "ledger/json/json_text.h"

#include "ledger/json/json_read.h"

#include <string.h>

#define NAME_BYTES_MAX 40

const char *json_text_name(const char *name)
{
	size_t digits = 0;
	for (const char *at = name; *at != '\0'; at++) {
		digits = *at >= '0' && *at <= '9' ? digits + 1 : 0;
		if (digits == 6)
			return "?";
	}
	return name;
}

static enum error not_json(const json_error_t *error, const char *what, struct fault *fault)
{
	return fault_set(fault, E_BAD_JSON, "not valid JSON at byte %d: %s", error->position, what);
}

/* jansson's text ends in "near '<token>'"; the token of a name that is twice is the name. */
static enum error duplicate(const json_error_t *error, struct fault *fault)
{
	char what[NAME_BYTES_MAX + 32] = "a name stands twice in an object";
	const char *name = strstr(error->text, "near '\"");
	size_t len = name == NULL ? 0 : strcspn(name + 7, "\"\\");
	if (len > 0 && len <= NAME_BYTES_MAX && name[7 + len] == '"') {
		char shown[NAME_BYTES_MAX + 1];
		snprintf(shown, sizeof shown, "%.*s", (int)len, name + 7);
		snprintf(what, sizeof what, "\"%s\" stands twice in an object", json_text_name(shown));
	}
	return not_json(error, what, fault);
}

/* Faults of spelling, which jansson has one code for. */
static enum error spelling(const json_error_t *error, struct fault *fault)
{
	static const struct {
		const char *begins;
		const char *what;
	} known[] = {{"invalid Unicode", "half of a surrogate pair in a text"},
		{"invalid escape", "an unknown escape in a text"},
		{"unexpected newline", "a text does not end on its line; is a quotation mark missing?"},
		{"control character", "a control character in a text; it must be escaped"},
		{"'[' or '{' expected", "it is no object; a message begins with '{'"}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strncmp(error->text, known[i].begins, strlen(known[i].begins)) == 0)
			return not_json(error, known[i].what, fault);
	return not_json(error, "something is missing or too much", fault);
}

static enum error name_fault(const json_error_t *error, struct fault *fault)
{
	switch (json_error_code(error)) {
	case json_error_invalid_utf8:
		return not_json(error, "it is no UTF-8 (Latin-1?); convert it, for example with iconv -t utf-8", fault);
	case json_error_premature_end_of_input:
		return not_json(error, "it is cut off, or a bracket or quotation mark is missing", fault);
	case json_error_end_of_input_expected:
		return not_json(error, "more text stands behind the object", fault);
	case json_error_duplicate_key:
		return duplicate(error, fault);
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return not_json(error, "a NUL character in a text", fault);
	case json_error_numeric_overflow:
		return not_json(error, "a number is too large", fault);
	case json_error_stack_overflow:
		return not_json(error, "brackets are nested too deep", fault);
	default:
		return spelling(error, fault);
	}
}

enum error json_text_parse(struct bytes text, json_t **out, struct fault *fault)
{
	json_error_t error = {.position = 0};
	/* Without JSON_ALLOW_NUL jansson refuses NUL in texts, without JSON_DECODE_ANY anything but arrays and objects. */
	enum error read = json_read(text, JSON_REJECT_DUPLICATES, &error, out);
	if (read == E_NO_MEMORY)
		return fault_set(fault, read, "");
	return read == E_OK ? E_OK : name_fault(&error, fault);
}
