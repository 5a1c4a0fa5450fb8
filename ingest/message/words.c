/* Plain searches: texts are short, and lists of words are read once a message.
 *
 * No table and no index: the longest list has some forty words, and whoever adds one should see all of them where
 * they are asked. Nothing can fail; a text that is empty is none of any list. */
#include "ingest/message/words.h"

#include <string.h>

int words_hex(uint8_t c)
{
	if (words_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct bytes words_trim(struct bytes text)
{
	while (text.len > 0 && words_blank(text.data[0]))
		text = bytes_of(text.data + 1, text.len - 1);
	while (text.len > 0 && words_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

struct bytes words_first(struct bytes a, struct bytes b)
{
	return a.len > 0 ? a : b;
}

static uint8_t small(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* How much of the text is the word, in any letter case; 0: it does not begin so, or the word is empty. Most differ in
 * their first letter, so nothing is measured before. */
static size_t begun(struct bytes text, const char *word)
{
	size_t i = 0;
	for (; word[i] != '\0'; i++)
		if (i == text.len || small(text.data[i]) != small((uint8_t)word[i]))
			return 0;
	return i;
}

bool words_begin(struct bytes text, const char *word)
{
	return word[0] == '\0' || begun(text, word) > 0;
}

bool words_are(struct bytes text, const char *word)
{
	return text.len == 0 ? word[0] == '\0' : begun(text, word) == text.len;
}

bool words_hold(struct bytes text, const char *word)
{
	for (size_t at = 0; at < text.len; at++)
		if (words_may_begin(text.data[at], word) && words_begin(bytes_of(text.data + at, text.len - at), word))
			return true;
	return false;
}

bool words_have(struct bytes text, const char *mark)
{
	return text.len > 0 && memmem(text.data, text.len, mark, strlen(mark)) != NULL;
}

bool words_one_of(struct bytes text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (text.len == 0 ? **words == '\0'
						  : text.data[0] == (uint8_t) * *words && bytes_equal(text, bytes_text(*words)))
			return true;
	return false;
}

bool words_like_one_of(struct bytes text, const char *const *words)
{
	for (; *words != NULL; words++)
		if ((text.len == 0 || words_may_begin(text.data[0], *words)) && words_are(text, *words))
			return true;
	return false;
}
