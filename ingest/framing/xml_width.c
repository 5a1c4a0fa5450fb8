/* At the start of the input the first characters tell, or a byte order mark; later only a word that begins a message:
 *
 *   bytes ──"<\0A\0u\0..."──► little ──"<AuditMessage" in bytes, or in UTF-16 out of step──► bytes, little ...
 *
 * In UTF-16 of one byte order the word stands in the other one too, one byte off: that one does not count, unless what
 * stands before it is whole. */
#include "ingest/framing/xml_width.h"

#include "ingest/framing/limits.h"

#include <string.h>

#define WORD_LENGTH 13 /* of each word */

static const char *const words[] = {"<?xml version", "<AuditMessage"};

enum match { MATCH_NOT, MATCH, MATCH_WAIT };

/* The byte at `at` of the word in this width. */
static uint8_t spelled(enum xml_width width, const char *word, size_t at)
{
	if (width == XML_BYTES)
		return (uint8_t)word[at];
	return at % 2 == (width == XML_BIG) ? (uint8_t)word[at / 2] : 0;
}

static enum match match_word(struct bytes input, size_t at, enum xml_width width, const char *word)
{
	size_t len = width == XML_BYTES ? WORD_LENGTH : 2 * WORD_LENGTH;
	for (size_t i = 0; i < len; i++) {
		if (at + i >= input.len)
			return MATCH_WAIT;
		if (input.data[at + i] != spelled(width, word, i))
			return MATCH_NOT;
	}
	return MATCH;
}

static enum match match_mark(struct bytes input, size_t at, struct bytes mark)
{
	size_t have = input.len - at < mark.len ? input.len - at : mark.len;
	if (memcmp(input.data + at, mark.data, have) != 0)
		return MATCH_NOT;
	return have == mark.len ? MATCH : MATCH_WAIT;
}

static enum match match_mark_of(struct bytes input, size_t at, enum xml_width width, size_t *len)
{
	static const struct bytes marks[] = {[XML_BYTES] = BYTES_LITERAL("\xEF\xBB\xBF"),
		[XML_LITTLE] = BYTES_LITERAL("\xFF\xFE"),
		[XML_BIG] = BYTES_LITERAL("\xFE\xFF")};
	enum match mark = match_mark(input, at, marks[width]);
	*len = mark == MATCH ? marks[width].len : 0;
	return mark;
}

/* A message begins at `at`, or the byte order mark before it. */
static enum match begins(struct bytes input, size_t at, enum xml_width width)
{
	size_t mark;
	if (match_mark_of(input, at, width, &mark) == MATCH_WAIT)
		return MATCH_WAIT;
	enum match first = match_word(input, at + mark, width, words[0]);
	enum match second = match_word(input, at + mark, width, words[1]);
	return first == MATCH || second == MATCH             ? MATCH
		   : first == MATCH_WAIT || second == MATCH_WAIT ? MATCH_WAIT
														 : MATCH_NOT;
}

/* In little endian: what a message may stand behind, so that nothing was lost before it. */
static bool ends_well(struct bytes text)
{
	return text.len >= 2 && text.data[text.len - 1] == '\0' && memchr("> \t\r\n", text.data[text.len - 2], 5) != NULL;
}

/* In step, and behind what ends. */
static bool whole_before(const struct xml_turns *turns, struct bytes input, size_t at)
{
	return at % 2 == 0 && (at == 0 ? !turns->broken : ends_well(bytes_of(input.data, at)));
}

/* The word in the other byte order is the one in this order, or one that is out of step, seen one byte off. */
static enum match one_off(const struct xml_turns *turns, struct bytes input, size_t at, enum xml_width width)
{
	if (turns->width == XML_BIG && width == XML_LITTLE)
		return at > 0 && input.data[at] == '<' && input.data[at - 1] == '\0' ? MATCH : MATCH_NOT;
	if (turns->width == XML_LITTLE && width == XML_BIG && input.data[at] == '\0' && !whole_before(turns, input, at))
		return at + 1 < input.len ? begins(input, at + 1, XML_LITTLE) : MATCH_WAIT;
	return MATCH_NOT;
}

static enum match turns_to(const struct xml_turns *turns, struct bytes input, size_t at, enum xml_width width)
{
	if (width == turns->width && (width == XML_BYTES || at % 2 == 0))
		return MATCH_NOT;
	enum match found = begins(input, at, width);
	if (found != MATCH)
		return found;
	enum match off = one_off(turns, input, at, width);
	return off == MATCH ? MATCH_NOT : off == MATCH_WAIT ? MATCH_WAIT : MATCH;
}

/* The first characters of all input. */
static enum xml_width first_width(struct bytes input)
{
	if (input.len < 4)
		return XML_BYTES;
	const uint8_t *c = input.data;
	bool wide = c[2] != 0 || c[3] != 0; /* not UTF-32 */
	if (wide && ((c[0] == 0xFF && c[1] == 0xFE) || (c[0] == '<' && c[1] == 0)))
		return XML_LITTLE;
	if (c[0] != 0 && c[1] == 0 && c[2] != 0 && c[3] == 0) /* begun in the middle of a message */
		return XML_LITTLE;
	if (c[0] == 0 && c[1] != 0 && c[2] == 0 && c[3] != 0)
		return XML_BIG;
	return wide && c[0] == 0xFE && c[1] == 0xFF ? XML_BIG : XML_BYTES;
}

static bool begins_marked(struct bytes input, size_t at, enum xml_width width)
{
	size_t len;
	return match_mark_of(input, at, width, &len) == MATCH;
}

bool xml_turns_look(struct xml_turns *turns, struct bytes input, bool ended, enum xml_width *out)
{
	if (!turns->begun && input.len < 4 && !ended)
		return false;
	if (!turns->begun) {
		turns->width = first_width(input);
		turns->sure = begins_marked(input, 0, turns->width);
	}
	turns->begun = true;
	for (; turns->seen < input.len; turns->seen++) {
		uint8_t c = input.data[turns->seen];
		if (c != '<' && c != '\0' && c < 0xEF)
			continue;
		for (enum xml_width width = XML_BYTES; width <= XML_BIG; width++) {
			enum match found = turns_to(turns, input, turns->seen, width);
			*out = width;
			turns->marked = found == MATCH && begins_marked(input, turns->seen, width);
			if (found == MATCH || (found == MATCH_WAIT && !ended))
				return found == MATCH;
		}
	}
	return false;
}

/* What is said of the order from here on. */
static void reached(struct xml_turns *turns)
{
	turns->sure = turns->marked;
	turns->marked = false;
}

void xml_turns_take(struct xml_turns *turns, enum xml_width width)
{
	turns->width = width;
	turns->seen = 1;
	reached(turns);
}

void xml_turns_gave(struct xml_turns *turns, struct bytes piece, bool turn)
{
	turns->seen -= piece.len;
	if (piece.len > 0)
		turns->broken = !ends_well(piece);
	if (turn && turns->seen == 0)
		reached(turns);
}

uint8_t xml_turns_unit(const struct xml_turns *turns, struct bytes units, size_t at)
{
	if (turns->half && at == units.len - 1)
		return units.data[2 * at];
	uint8_t low = units.data[2 * at + (turns->width == XML_BIG)];
	uint8_t high = units.data[2 * at + (turns->width == XML_LITTLE)];
	if (high == 0xFE && low == 0xFF)
		return 0xEF;
	return high == 0 && low < 0x80 ? low : 0x80;
}

/* The declaration names the order in characters that are the same in both. */
static bool declares(struct bytes message, enum xml_width width)
{
	char text[XML_SCAN_NAME_MAX * 2];
	size_t len = 0;
	for (size_t at = width == XML_BIG; at < message.len && len < sizeof text - 1; at += 2) {
		text[len++] = (char)message.data[at];
		if (message.data[at] == '>')
			break;
	}
	text[len] = '\0';
	return strncmp(text, "<?xml", 5) == 0 && strcasestr(text, width == XML_BIG ? "utf-16be" : "utf-16le") != NULL;
}

bool xml_order_matters(struct bytes message, enum xml_width width)
{
	size_t at = width == XML_LITTLE;
	while (at < message.len && message.data[at] == '\0')
		at += 2;
	return at < message.len && !declares(message, width);
}
