/*   date ─► T ─► clock ─► decimals ─► zone ─► the count of seconds, within its range
 *
 * One parser for the answer and for the reason: what refuses gives a constant text, and whoever wants no reason asks
 * only whether there is one. No text of the input is in it, because a time may stand where a number of somebody should.
 * The date is judged by timegm: what it moves to another day does not exist. Second 60 is parsed like any other and
 * judged last, so that a time that is wrong otherwise is refused for that. */
#include "ledger/text/timestamp.h"

#include "ledger/base/limits.h"
#include "ledger/base/wrong.h"

#include <stdio.h>
#include <time.h>

#define SECONDS_MAX 9223372035ll /* nanoseconds still fit 63 bits: 2262-04-11 */

/* `count` digits; moves on. */
static bool digits(struct reader *r, size_t count, int *out)
{
	int value = 0;
	for (size_t i = 0; i < count; i++) {
		uint8_t c = reader_u8(r);
		if (WRONG(c < '0') || WRONG(c > '9'))
			return false;
		value = value * 10 + (c - '0');
	}
	*out = value;
	return true;
}

/* Nanoseconds are what is kept, so a tenth digit would be lost without a word. */
static bool decimals(struct reader *r, int64_t *out_ns)
{
	int64_t value = 0;
	int64_t unit = 1000000000;
	size_t count = 0;
	for (; count < 9 && reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9'; count++) {
		value = value * 10 + (reader_u8(r) - '0');
		unit /= 10;
	}
	*out_ns = value * unit;
	return !WRONG(count == 0) && (reader_left(r) == 0 || *r->at < '0' || *r->at > '9');
}

static bool zone(struct reader *r, int64_t *out_s)
{
	int hours;
	int minutes;
	uint8_t sign = reader_u8(r);
	if (sign == 'Z' || sign == 'z') {
		*out_s = 0;
		return true;
	}
	if (WRONG(sign != '+' && sign != '-') || !digits(r, 2, &hours) || WRONG(reader_u8(r) != ':') ||
		!digits(r, 2, &minutes) || WRONG(hours > 23) || WRONG(minutes > 59))
		return false;
	*out_s = (hours * 60 + minutes) * 60 * (sign == '+' ? 1 : -1);
	return true;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar, for a valid date. */
static bool days_of(int year, int month, int day, int64_t *out)
{
	struct tm calendar = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	struct tm asked = calendar;
	int64_t seconds = (int64_t)timegm(&calendar);
	if (WRONG(calendar.tm_mon != asked.tm_mon || calendar.tm_mday != asked.tm_mday))
		return false;
	*out = seconds / 86400;
	return true;
}

#define FORM "not an RFC 3339 time such as 2026-11-23T08:15:30Z"

/* What the text says, and what is wrong with it. */
struct parsed {
	bool leap; /* second 60 */
	int64_t seconds;
	int64_t fraction_ns;
};

static const char *parse_date(struct reader *r, int64_t *out_days)
{
	int year, month, day;
	if (!digits(r, 4, &year) || WRONG(reader_u8(r) != '-') || !digits(r, 2, &month) || WRONG(reader_u8(r) != '-') ||
		!digits(r, 2, &day))
		return FORM;
	if (month < 1 || month > 12 || day < 1 || !days_of(year, month, day, out_days))
		return "this date does not exist";
	return NULL;
}

static const char *parse_clock(struct reader *r, struct parsed *out)
{
	int hour, minute, second;
	if (!digits(r, 2, &hour) || WRONG(reader_u8(r) != ':') || !digits(r, 2, &minute))
		return FORM;
	if (reader_left(r) == 0 || *r->at != ':')
		return "without seconds";
	reader_u8(r);
	if (!digits(r, 2, &second))
		return FORM;
	if (WRONG(hour > 23) || WRONG(minute > 59) || WRONG(second > 60))
		return "this time of day does not exist";
	out->leap = second == 60;
	out->seconds = hour * 3600 + minute * 60 + second;
	if (reader_left(r) == 0 || *r->at != '.')
		return NULL;
	reader_u8(r);
	if (decimals(r, &out->fraction_ns))
		return NULL;
	return reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9' ? "more than 9 decimals (nanoseconds)" : FORM;
}

static const char *parse(struct bytes text, struct parsed *out)
{
	int64_t days;
	int64_t zone_s;
	struct reader r = reader_of(text);
	*out = (struct parsed){0};
	const char *why = parse_date(&r, &days);
	if (why != NULL)
		return why;
	if (reader_left(&r) == 0)
		return "a date without a time of day; send both, such as 2026-11-20T08:15:00+01:00";
	uint8_t separator = reader_u8(&r);
	why = !WRONG(separator != 'T' && separator != 't') ? parse_clock(&r, out) : FORM;
	if (why != NULL)
		return why;
	if (reader_left(&r) == 0)
		return "without a zone (Z, or an offset such as +01:00): it could be any of a day's hours";
	if (!zone(&r, &zone_s) || WRONG(reader_done(&r) != E_OK))
		return "its zone is neither Z nor an offset such as +01:00, up to 23:59";
	out->seconds += days * 86400 - zone_s;
	if (WRONG(out->seconds - out->leap < 0))
		return "before 1970";
	if (WRONG(out->seconds - out->leap > SECONDS_MAX))
		return "after 2262-04-11T23:47:15Z, the last second that an event can have";
	return NULL;
}

/* Second 60 is told when nothing else is wrong. */
const char *timestamp_fault(struct bytes text)
{
	struct parsed parsed;
	const char *why = parse(text, &parsed);
	if (why != NULL || !parsed.leap)
		return why;
	return "second 60 (a leap second) has no place in a count of seconds; send :59.999999999";
}

enum error timestamp_parse(struct bytes text, int64_t *out_ns)
{
	struct parsed parsed;
	if (parse(text, &parsed) != NULL || WRONG(parsed.leap))
		return E_BAD_VALUE;
	*out_ns = parsed.seconds * 1000000000 + parsed.fraction_ns;
	return E_OK;
}

/* Leap seconds are inserted before midnight UTC on the last day of a month. */
static bool leaps_here(int64_t midnight_s)
{
	time_t seconds = (time_t)midnight_s;
	struct tm calendar;
	gmtime_r(&seconds, &calendar);
	return midnight_s % 86400 == 0 && calendar.tm_mday == 1;
}

enum error timestamp_parse_leap(struct bytes text, int64_t *out_ns)
{
	struct parsed parsed;
	if (parse(text, &parsed) != NULL || (parsed.leap && !leaps_here(parsed.seconds)))
		return E_BAD_VALUE;
	*out_ns = parsed.leap ? parsed.seconds * 1000000000 - 1 : parsed.seconds * 1000000000 + parsed.fraction_ns;
	return E_OK;
}

static char *put_digits(char *at, int value, int digits)
{
	for (int i = digits; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + digits;
}

static char *put_fraction(char *at, int fraction_ns)
{
	*at++ = '.';
	if (fraction_ns % 1000000 == 0)
		return put_digits(at, fraction_ns / 1000000, 3);
	if (fraction_ns % 1000 == 0)
		return put_digits(at, fraction_ns / 1000, 6);
	return put_digits(at, fraction_ns, 9);
}

/* As few digits as say it: whole thousands, so that lines of one sender look alike. By hand: answers are full of times,
 * and printf took as long for one as opening a record's seal. */
void timestamp_format(int64_t time_ns, char out[TIMESTAMP_TEXT_MAX])
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	int fraction_ns = (int)(time_ns % 1000000000);
	struct tm calendar;
	gmtime_r(&seconds, &calendar);
	const int parts[] = {calendar.tm_mon + 1, calendar.tm_mday, calendar.tm_hour, calendar.tm_min, calendar.tm_sec};
	char *at = put_digits(out, calendar.tm_year + 1900, 4);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		*at++ = "--T::"[i];
		at = put_digits(at, parts[i], 2);
	}
	if (fraction_ns != 0)
		at = put_fraction(at, fraction_ns);
	*at++ = 'Z';
	*at = '\0';
}

void timestamp_format_s(uint64_t time_s, char out[TIMESTAMP_TEXT_MAX])
{
	timestamp_format((int64_t)(time_s > SECONDS_MAX ? SECONDS_MAX : time_s) * 1000000000, out);
}

/* Counted from 1 March of the year 0, so that the day that only some years have is the last one of its year. The C
 * library would take a lock for each event that is opened. */
#define DAYS_BEFORE_1970 719468u
#define DAYS_IN_400_YEARS 146097u

uint16_t timestamp_month(uint64_t time_s)
{
	uint64_t days = time_s / 86400 + DAYS_BEFORE_1970;
	uint64_t era = days / DAYS_IN_400_YEARS, day = days % DAYS_IN_400_YEARS;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t month = (5 * (day - (365 * year + year / 4 - year / 100)) + 2) / 153; /* 0: March */
	return time_s > TIME_S_MAX ? UINT16_MAX : (uint16_t)((400 * era + year - 1970) * 12 + month + 2);
}
