/* The table is small and searched from front to back; numbers are its index. Nothing here judges a value. A word that
 * is not in the closed list is -1 and no new one, for codes are part of the format. */
#include "ledger/event/event_schema.h"

#include <stdio.h>
#include <string.h>

static const struct event_field fields[EVENT_FIELD_LAST + 1] = {
#define X(number, name, path, type, flags, bytes, words) [number] = {number, path, type, flags, bytes, words},
	EVENT_FIELD_LIST(X)
#undef X
};

const struct event_field *event_field(uint64_t number)
{
	return number >= 1 && number <= EVENT_FIELD_LAST ? &fields[number] : NULL;
}

const struct event_field *event_field_by_path(struct bytes path)
{
	for (uint64_t i = 1; i <= EVENT_FIELD_LAST; i++)
		if (strlen(fields[i].path) == path.len && memcmp(fields[i].path, path.data, path.len) == 0)
			return &fields[i];
	return NULL;
}

const char *event_field_word(const struct event_field *field, uint64_t code)
{
	if (field->words == NULL)
		return NULL;
	for (const char *word = field->words; *word != '\0'; word += strlen(word) + 1, code--)
		if (code == 0)
			return word;
	return NULL;
}

int event_field_code(const struct event_field *field, struct bytes word)
{
	int code = 0;
	for (const char *known = field->words; known != NULL && *known != '\0'; known += strlen(known) + 1, code++)
		if (strlen(known) == word.len && memcmp(known, word.data, word.len) == 0)
			return code;
	return -1;
}

void event_field_words(const struct event_field *field, char *out, size_t capacity)
{
	size_t len = 0;
	out[0] = '\0';
	for (const char *word = field->words; word != NULL && *word != '\0' && len < capacity; word += strlen(word) + 1) {
		int n = snprintf(out + len, capacity - len, "%s%s", len > 0 ? ", " : "", word);
		len += n > 0 ? (size_t)n : 0;
	}
}

uint64_t event_fields_with(unsigned flags)
{
	uint64_t bits = 0;
	for (uint64_t i = 1; i <= EVENT_FIELD_LAST; i++)
		if ((fields[i].flags & flags) == flags)
			bits |= 1ull << i;
	return bits;
}
