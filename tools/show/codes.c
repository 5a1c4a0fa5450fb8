/* A text is looked up whole first; only what happened is put together by readers (", "), so only that is taken apart.
 * Nothing can fail: what is not in the table stands as it was sent. */
#include "tools/show/codes.h"

#include <stdio.h>
#include <string.h>

#define SMALL_LETTERS "abcdefghijklmnopqrstuvwxyz"

/* "TREAT", and no word that somebody may have written for what it is. */
static const char *own_code(enum mapping_kind kind, const char *text, bool danish)
{
	const struct mapping_code *row = mapping_find(kind, NULL, bytes_text(text));
	if (row == NULL || text[strcspn(text, SMALL_LETTERS)] != '\0')
		return NULL;
	return danish ? row->danish : row->english;
}

void codes_say(const struct words *words, enum mapping_kind kind, const char *text, bool own, size_t room, char *out)
{
	bool danish = words == &words_danish;
	const char *whole = own ? own_code(kind, text, danish) : mapping_words(kind, bytes_text(text), danish);
	size_t len = 0;
	if (whole != NULL || own || kind != MAPPING_EVENT) {
		snprintf(out, room, "%s", whole != NULL ? whole : text);
		return;
	}
	out[0] = '\0';
	for (const char *rest = text; rest != NULL && len < room;) {
		const char *end = strstr(rest, ", ");
		size_t part = end != NULL ? (size_t)(end - rest) : strlen(rest);
		const char *known = mapping_words(kind, bytes_of(rest, part), danish);
		len += (size_t)snprintf(out + len, room - len, "%s%.*s", rest != text ? ", " : "",
			known != NULL ? (int)strlen(known) : (int)part, known != NULL ? known : rest);
		rest = end != NULL ? end + 2 : NULL;
	}
}
