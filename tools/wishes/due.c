/* A time of a local day is the first instant of that date at which local clocks show it or more: so one that is skipped
 * in spring is the end of the gap, and one that comes twice in autumn is the first of the two. mktime alone does not
 * say which of them it gives. */
#include "tools/wishes/due.h"

#include "tools/wishes/zone.h"

#include <time.h>

#define SHIFT_MAX_S (3 * 3600) /* no zone has moved its clocks by more, but for a few that skipped a day */

static struct tm local(time_t time_s)
{
	struct tm out = {0};
	localtime_r(&time_s, &out);
	return out;
}

/* Below 0: before the date and minute that are wanted. A year counts 366 days, which keeps the order. */
static long compare(time_t at, const struct tm *date, int minute)
{
	struct tm here = local(at);
	long days = (here.tm_year - date->tm_year) * 366L + here.tm_yday - date->tm_yday;
	return days * (long)DAY_MINUTES + here.tm_hour * 60 + here.tm_min - minute;
}

/* `date` is normalized. Near a change of the clocks, minute by minute. */
static time_t instant(const struct tm *date, int minute)
{
	struct tm wanted = {.tm_year = date->tm_year,
		.tm_mon = date->tm_mon,
		.tm_mday = date->tm_mday,
		.tm_hour = minute / 60,
		.tm_min = minute % 60,
		.tm_isdst = -1};
	time_t guess = mktime(&wanted);
	bool plain = compare(guess, date, minute) == 0;
	for (int hours = 1; plain && hours <= 3; hours++)
		plain = compare(guess - hours * 3600, date, minute) == -hours * 60L &&
				compare(guess + hours * 3600, date, minute) == hours * 60L;
	if (plain)
		return guess;
	for (time_t at = guess - SHIFT_MAX_S; at < guess + SHIFT_MAX_S; at += 60)
		if (compare(at, date, minute) >= 0)
			return at;
	return guess;
}

/* The date `days` later, at noon, so that no change of the clocks makes it another. */
static struct tm day_after(const struct tm *date, int days)
{
	struct tm later = {.tm_year = date->tm_year,
		.tm_mon = date->tm_mon,
		.tm_mday = date->tm_mday + days,
		.tm_hour = 12,
		.tm_isdst = -1};
	mktime(&later);
	return later;
}

static time_t next_hour(const struct wishes *wishes, time_t from)
{
	struct tm today = local(from);
	for (int days = 0; days <= 8; days++) {
		struct tm date = day_after(&today, days);
		time_t at = instant(&date, wishes->hour * 60);
		bool right_day = wishes->when != WISH_WEEKLY || (date.tm_wday + 6) % 7 + 1 == wishes->weekday;
		if (right_day && at >= from)
			return at;
	}
	return from;
}

static time_t after_quiet(const struct wishes *wishes, time_t at)
{
	struct tm here = local(at);
	int minute = here.tm_hour * 60 + here.tm_min;
	int from = wishes->quiet_from, to = wishes->quiet_to;
	bool over_midnight = from > to;
	bool quiet = over_midnight ? minute >= from || minute < to : minute >= from && minute < to;
	if (!quiet)
		return at;
	struct tm date = day_after(&here, over_midnight && minute >= from ? 1 : 0);
	time_t end = instant(&date, to);
	return end > at ? end : at;
}

uint64_t due_time(const struct wishes *wishes, uint64_t new_s, uint64_t told_s, uint32_t gap_s)
{
	time_t at = (time_t)new_s;
	zone_use(wishes->zone);
	if (wishes->when != WISH_AT_ONCE)
		at = next_hour(wishes, at);
	else if (told_s != 0 && told_s <= new_s && told_s + gap_s > new_s)
		at = (time_t)(told_s + gap_s);
	return (uint64_t)after_quiet(wishes, at);
}
