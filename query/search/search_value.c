/* Escapes are undone after a value was taken apart, so that what is escaped never divides. */
#include "query/search/search_value.h"

#include <string.h>

/* Where the first `mark` without a backslash in front stands, or the end. */
static size_t find_mark(struct bytes text, char mark)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == (uint8_t)mark)
			return i;
		i += text.data[i] == '\\';
	}
	return text.len;
}

bool search_value_next(struct bytes *rest, struct bytes *out)
{
	if (rest->data == NULL)
		return false;
	size_t end = find_mark(*rest, ',');
	*out = bytes_of(rest->data, end);
	*rest = end < rest->len ? bytes_of(rest->data + end + 1, rest->len - end - 1) : BYTES_EMPTY;
	return true;
}

bool search_value_split(struct bytes text, char mark, struct bytes *front, struct bytes *behind)
{
	size_t end = find_mark(text, mark);
	*front = bytes_of(text.data, end);
	*behind = end < text.len ? bytes_of(text.data + end + 1, text.len - end - 1) : BYTES_EMPTY;
	return end < text.len;
}

enum error search_value_plain(struct bytes text, char out[SEARCH_VALUE_BYTES_MAX + 1])
{
	size_t len = 0;
	if (text.len > SEARCH_VALUE_BYTES_MAX)
		return E_TOO_LONG;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\') {
			i++;
			if (i == text.len || strchr(",|$\\", text.data[i]) == NULL)
				return E_BAD_VALUE;
		}
		out[len++] = (char)text.data[i];
	}
	out[len] = '\0';
	return E_OK;
}

enum error search_token_parse(struct bytes text, struct search_token *out)
{
	struct bytes front, behind;
	out->systematic = search_value_split(text, '|', &front, &behind);
	TRY(search_value_plain(out->systematic ? front : BYTES_EMPTY, out->system));
	TRY(search_value_plain(out->systematic ? behind : front, out->code));
	bool anything = out->code[0] != '\0' || out->system[0] != '\0';
	return anything ? E_OK : E_BAD_VALUE;
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && strcmp(text, wanted) == 0;
}

static bool matches_one(const struct search_token *token, const json_t *element)
{
	bool has_system = json_object_get(element, "system") != NULL;
	if (token->systematic && token->system[0] == '\0' && has_system)
		return false;
	if (token->system[0] != '\0' && !is_text(element, "system", token->system))
		return false;
	return token->code[0] == '\0' || is_text(element, "code", token->code) || is_text(element, "value", token->code);
}

bool search_token_matches(const struct search_token *token, const json_t *element)
{
	const json_t *codings = json_object_get(element, "coding");
	if (json_is_string(element)) /* a code, whose system is the element's own and stands nowhere */
		return token->code[0] == '\0' || strcmp(json_string_value(element), token->code) == 0;
	for (size_t i = 0; i < json_array_size(codings); i++)
		if (matches_one(token, json_array_get(codings, i)))
			return true;
	return codings == NULL && json_is_object(element) && matches_one(token, element);
}

/* ---- strings ---- */

/* The lower case of the character at `at`, of one or two bytes; moves on. */
static unsigned folded(const unsigned char **at)
{
	unsigned c = *(*at)++;
	if (c >= 'A' && c <= 'Z')
		return c + 0x20;
	if (c != 0xC3 || **at == '\0')
		return c;
	unsigned second = *(*at)++;
	bool capital = second >= 0x80 && second <= 0x9E && second != 0x97;
	return c << 8 | (capital ? second + 0x20 : second);
}

static bool begins(const char *text, const char *wanted)
{
	const unsigned char *a = (const unsigned char *)text, *b = (const unsigned char *)wanted;
	while (*b != '\0')
		if (*a == '\0' || folded(&a) != folded(&b))
			return false;
	return true;
}

bool search_string_matches(const char *wanted, enum string_match how, const json_t *element)
{
	const char *text = json_string_value(element);
	if (text == NULL)
		return false;
	if (how == STRING_EXACT)
		return strcmp(text, wanted) == 0;
	for (; how == STRING_CONTAINS && *text != '\0'; text++)
		if (begins(text, wanted))
			return true;
	return begins(text, wanted);
}
