/* Two lists, because two questions: what makes a second spelling of a name (hidden), and what a terminal must not get
 * (steers). A character may only hide, as a wide space does, and still be shown. */
#include "ledger/text/visible.h"

#include "ledger/base/wrong.h"

#include <string.h>

struct range {
	uint32_t first;
	uint32_t last;
};

static bool among(const struct range *ranges, size_t count, uint32_t point)
{
	for (size_t i = 0; i < count; i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

/* ASCII that is shown is nearly everything, so it is asked first. */
static bool hidden(uint32_t point)
{
	static const struct range ranges[] = {{0x00, 0x1F}, {0x7F, 0xA0}, {0xAD, 0xAD}, {0x300, 0x36F}, {0x61C, 0x61C},
		{0x115F, 0x1160}, {0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
		{0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F}, {0x20D0, 0x20FF}, {0x2800, 0x2800}, {0x3000, 0x3000},
		{0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xFF00, 0xFF5E}, {0xFFA0, 0xFFA0},
		{0xFFF0, 0xFFFF}, {0xE0000, 0xE0FFF}};
	if (point >= 0x20 && point < 0x7F)
		return false;
	return among(ranges, sizeof ranges / sizeof ranges[0], point);
}

/* The character at `at` of well-formed UTF-8; moves on. */
static uint32_t next_point(struct bytes text, size_t *at)
{
	uint8_t first = text.data[(*at)++];
	size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
	uint32_t point = more == 0 ? first : first & (0x3Fu >> more);
	for (; more > 0; more--)
		point = point << 6 | (text.data[(*at)++] & 0x3Fu);
	return point;
}

static bool steers(uint32_t point)
{
	static const struct range ranges[] = {{0x00, 0x1F}, {0x7F, 0x9F}, {0xAD, 0xAD}, {0x61C, 0x61C}, {0x180E, 0x180E},
		{0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
	return among(ranges, sizeof ranges / sizeof ranges[0], point);
}

/* The character at `at`, and moves on. One byte of what is no UTF-8 is one replacement, so the walk always goes on. */
static uint32_t next_shown(struct bytes text, size_t *at)
{
	uint8_t first = text.data[*at];
	size_t len = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	if (len > text.len - *at || !bytes_utf8(bytes_of(text.data + *at, len))) {
		(*at)++;
		return 0xFFFD;
	}
	return next_point(text, at);
}

bool visible_clean(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (WRONG(text.data[i] < 0x20) || WRONG(text.data[i] == 0x7F))
			return false;
	return !WRONG(!bytes_utf8(text));
}

/* Eight at a time. A byte up to 0x7E has no high bit, nor with one more; one from 0x20 on has none without 0x20.
 * Carries and borrows only go up, from a byte that is none of these. */
bool visible_plain(struct bytes text)
{
	uint64_t eight;
	uint64_t other = 0;
	size_t i = 0;
	for (; text.len - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, text.data + i, sizeof eight);
		other |= eight | (eight + 0x0101010101010101) | (eight - 0x2020202020202020);
	}
	for (; i < text.len; i++)
		other |= text.data[i] < 0x20 || text.data[i] > 0x7E ? 0x80 : 0;
	return text.len > 0 && text.data[0] != ' ' && (other & 0x8080808080808080) == 0;
}

bool visible_hides(struct bytes text)
{
	for (size_t at = 0; at < text.len;)
		if (hidden(next_point(text, &at)))
			return true;
	return false;
}

bool visible_blank(struct bytes text)
{
	for (size_t at = 0; at < text.len;) {
		uint32_t point = next_point(text, &at);
		if (point != ' ' && !hidden(point))
			return false;
	}
	return true;
}

void visible_print(const char *text, size_t len, FILE *out)
{
	struct bytes all = bytes_of(text, len);
	for (size_t at = 0; at < len;) {
		size_t from = at;
		if (steers(next_shown(all, &at)))
			putc('?', out);
		else
			fwrite(text + from, 1, at - from, out);
	}
}
