/* One pass over the text, in steps of ten bytes where it has no digits: a number begins where no word goes on, and is
 * read once. That of whom it is about is known also where it is no date (people without a number of their own). */
#include "ledger/subject/subject_in_text.h"

#include "ledger/subject/subject.h"

#include <stddef.h>
#include <string.h>

#define DIGITS 10u

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool goes_on(uint8_t c)
{
	return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || memchr("-._%", c, 4) != NULL;
}

/* A full stop ends a sentence, and goes on where a word follows. */
static bool ends(struct bytes text, size_t at)
{
	if (at >= text.len || !goes_on(text.data[at]))
		return true;
	return text.data[at] == '.' && (at + 1 == text.len || !goes_on(text.data[at + 1]));
}

static bool begins(struct bytes text, size_t at)
{
	return at == 0 || (!goes_on(text.data[at - 1]) && text.data[at - 1] != '/');
}

static bool is_date(const uint8_t digits[DIGITS])
{
	unsigned day = digits[0] * 10u + digits[1], month = digits[2] * 10u + digits[3];
	return day >= 1 && day <= 31 && month >= 1 && month <= 12;
}

static bool fulfils_check(const uint8_t digits[DIGITS])
{
	static const uint8_t weights[DIGITS] = {4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
	unsigned sum = 0;
	for (size_t i = 0; i < DIGITS; i++)
		sum += digits[i] * weights[i];
	return sum % 11 == 0;
}

/* The digits of the number that begins here, with or without its hyphen, and nothing goes on behind it. */
static bool read_number(struct bytes text, size_t at, uint8_t digits[DIGITS])
{
	size_t count = 0;
	for (; at < text.len && count <= DIGITS; at++) {
		if (count == 6 && text.data[at] == '-' && digit(text.data[at - 1]))
			continue;
		if (!digit(text.data[at]))
			break;
		if (count < DIGITS)
			digits[count] = (uint8_t)(text.data[at] - '0');
		count++;
	}
	return count == DIGITS && ends(text, at);
}

struct bytes subject_own(struct bytes subject)
{
	struct bytes value = subject_principal(subject);
	for (size_t i = value.len; i > 0; i--)
		if (memchr(":|/", value.data[i - 1], 3) != NULL)
			return bytes_after(value, i);
	return value;
}

/* Then it is met as a number. */
static bool is_ten_digits(struct bytes value)
{
	for (size_t i = 0; i < DIGITS && value.len == DIGITS; i++)
		if (!digit(value.data[i]))
			return false;
	return value.len == DIGITS;
}

static bool stands(struct bytes text, struct bytes value)
{
	const uint8_t *found = text.data;
	if (value.len < IN_TEXT_VALUE_BYTES_MIN)
		return false;
	for (size_t at = 0; at + value.len <= text.len; at++) {
		found = memmem(text.data + at, text.len - at, value.data, value.len);
		if (found == NULL)
			return false;
		at = (size_t)(found - text.data);
		if ((at == 0 || !goes_on(text.data[at - 1])) && ends(text, at + value.len))
			return true;
	}
	return false;
}

static bool is_value(const uint8_t digits[DIGITS], struct bytes value)
{
	for (size_t i = 0; i < DIGITS && value.len == DIGITS; i++)
		if (value.data[i] != digits[i] + '0')
			return false;
	return value.len == DIGITS;
}

unsigned subject_in_text(struct bytes text, struct bytes value)
{
	uint8_t digits[DIGITS];
	unsigned found = !is_ten_digits(value) && stands(text, value) ? IN_TEXT_OWN : 0;
	for (size_t at = 0; at + DIGITS <= text.len; at++) {
		uint8_t last = text.data[at + DIGITS - 1];
		if (!digit(last) && last != '-') {
			at += DIGITS - 1; /* none begins before what none can have in it */
			continue;
		}
		if (!digit(text.data[at]) || !begins(text, at) || !read_number(text, at, digits))
			continue;
		if (is_date(digits))
			found |= fulfils_check(digits) ? IN_TEXT_NUMBER | IN_TEXT_CHECKED : IN_TEXT_NUMBER;
		if (is_value(digits, value))
			found |= IN_TEXT_OWN;
	}
	return found;
}
