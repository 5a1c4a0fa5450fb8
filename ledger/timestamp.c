#include "ledger/timestamp.h"

#include <stdio.h>
#include <time.h>

#define SECONDS_MAX 9223372035ll /* nanoseconds still fit 63 bits: 2262-04-11 */

/* `count` digits; moves on. */
static bool digits(struct reader *r, size_t count, int *out)
{
	int value = 0;
	for (size_t i = 0; i < count; i++) {
		uint8_t c = reader_u8(r);
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*out = value;
	return true;
}

static bool decimals(struct reader *r, int64_t *out_ns)
{
	int64_t value = 0;
	int64_t unit = 1000000000;
	size_t count = 0;
	while (reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9') {
		value = value * 10 + (reader_u8(r) - '0');
		unit /= 10;
		if (++count > 9)
			return false;
	}
	*out_ns = value * unit;
	return count > 0;
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
	if ((sign != '+' && sign != '-') || !digits(r, 2, &hours) || reader_u8(r) != ':' || !digits(r, 2, &minutes) ||
		hours > 23 || minutes > 59)
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
	if (calendar.tm_mon != asked.tm_mon || calendar.tm_mday != asked.tm_mday)
		return false;
	*out = seconds / 86400;
	return true;
}

enum error timestamp_parse(struct bytes text, int64_t *out_ns)
{
	int year, month, day, hour, minute, second;
	int64_t fraction_ns = 0;
	int64_t zone_s;
	int64_t days;
	struct reader r = reader_of(text);
	if (!digits(&r, 4, &year) || reader_u8(&r) != '-' || !digits(&r, 2, &month) || reader_u8(&r) != '-' ||
		!digits(&r, 2, &day))
		return E_BAD_VALUE;
	uint8_t separator = reader_u8(&r);
	if ((separator != 'T' && separator != 't') || !digits(&r, 2, &hour) || reader_u8(&r) != ':' ||
		!digits(&r, 2, &minute) || reader_u8(&r) != ':' || !digits(&r, 2, &second))
		return E_BAD_VALUE;
	if (reader_left(&r) > 0 && *r.at == '.') {
		reader_u8(&r);
		if (!decimals(&r, &fraction_ns))
			return E_BAD_VALUE;
	}
	if (!zone(&r, &zone_s) || reader_done(&r) != E_OK)
		return E_BAD_VALUE;
	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 ||
		!days_of(year, month, day, &days))
		return E_BAD_VALUE;
	int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - zone_s;
	if (seconds < 0 || seconds > SECONDS_MAX)
		return E_BAD_VALUE;
	*out_ns = seconds * 1000000000 + fraction_ns;
	return E_OK;
}

void timestamp_format(int64_t time_ns, char out[TIMESTAMP_TEXT_MAX])
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	int fraction = (int)(time_ns % 1000000000);
	struct tm calendar;
	char text[64];
	gmtime_r(&seconds, &calendar);
	int len = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", calendar.tm_year + 1900, calendar.tm_mon + 1,
		calendar.tm_mday, calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
	if (fraction % 1000000 == 0 && fraction != 0)
		len += snprintf(text + len, sizeof text - (size_t)len, ".%03d", fraction / 1000000);
	else if (fraction % 1000 == 0 && fraction != 0)
		len += snprintf(text + len, sizeof text - (size_t)len, ".%06d", fraction / 1000);
	else if (fraction != 0)
		len += snprintf(text + len, sizeof text - (size_t)len, ".%09d", fraction);
	snprintf(out, TIMESTAMP_TEXT_MAX, "%.*sZ", TIMESTAMP_TEXT_MAX - 2, text);
}

void timestamp_format_s(uint64_t time_s, char out[TIMESTAMP_TEXT_MAX])
{
	timestamp_format((int64_t)(time_s > SECONDS_MAX ? SECONDS_MAX : time_s) * 1000000000, out);
}
