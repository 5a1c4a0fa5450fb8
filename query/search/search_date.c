/* Each precision is brought to the full form of a time, whose beginning and end are the range. */
#include "query/search/search_date.h"

#include "ledger/text/timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000ll
#define DAY_NS (86400 * NS_PER_S)
#define ABOUT 10 /* of the time between then and now, a tenth */

static int64_t add_clamped(int64_t a, int64_t b)
{
	int64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : 0) : sum;
}

/* The first nanosecond of a day that there is. */
static bool day_begins(int year, int month, int day, int64_t *out)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", year, month, day);
	return len > 0 && timestamp_parse(bytes_of(text, (size_t)len), out) == E_OK;
}

static bool digits(struct bytes text, size_t from, size_t count, int *out)
{
	*out = 0;
	if (text.len < from + count)
		return false;
	for (size_t i = from; i < from + count; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*out = *out * 10 + (text.data[i] - '0');
	}
	return true;
}

/* YYYY, YYYY-MM, YYYY-MM-DD. */
static bool read_days(struct bytes text, struct date_range *out)
{
	int year, month = 1, day = 1;
	bool months = text.len >= 7, days = text.len == 10;
	if ((text.len != 4 && text.len != 7 && !days) || !digits(text, 0, 4, &year))
		return false;
	if (months && (text.data[4] != '-' || !digits(text, 5, 2, &month)))
		return false;
	if (days && (text.data[7] != '-' || !digits(text, 8, 2, &day)))
		return false;
	if (!day_begins(year, month, day, &out->begin))
		return false;
	if (days) {
		out->end = add_clamped(out->begin, DAY_NS);
		return true;
	}
	bool next_year = !months || month == 12;
	return day_begins(year + next_year, next_year ? 1 : month + 1, 1, &out->end);
}

/* YYYY-MM-DDThh:mm[:ss[.f...]][zone], where a minute is read as its first second. */
static enum error read_clock(struct bytes text, struct date_range *out)
{
	char full[64];
	size_t clock = strlen("YYYY-MM-DDThh:mm");
	if (text.len < clock || text.len + 4 >= sizeof full || text.data[10] != 'T')
		return E_BAD_VALUE;
	bool seconds = text.len > clock && text.data[clock] == ':';
	size_t end = clock + (seconds ? 3 : 0);
	if (text.len < end)
		return E_BAD_VALUE;
	size_t decimals = 0;
	if (seconds && text.len > end && text.data[end] == '.') {
		while (end + 1 + decimals < text.len && text.data[end + 1 + decimals] >= '0' &&
			   text.data[end + 1 + decimals] <= '9')
			decimals++;
		end += 1 + decimals;
	}
	bool zone = text.len > end;
	int len = snprintf(full, sizeof full, "%.*s%s%.*s%s", (int)end, (const char *)text.data, seconds ? "" : ":00",
		(int)(text.len - end), (const char *)text.data + end, zone ? "" : "Z");
	TRY(timestamp_parse(bytes_of(full, (size_t)len), &out->begin));
	int64_t width = seconds ? NS_PER_S : 60 * NS_PER_S;
	for (size_t i = 0; i < decimals; i++)
		width /= 10;
	out->end = add_clamped(out->begin, width > 0 ? width : 1);
	return E_OK;
}

static enum error read_range(struct bytes text, struct date_range *out)
{
	return read_days(text, out) ? E_OK : read_clock(text, out);
}

enum error search_date_instant(struct bytes text, struct date_range *out)
{
	return read_clock(text, out);
}

enum error search_date_parse(struct bytes text, uint64_t now_s, struct search_date *out)
{
	static const char names[][3] = {"eq", "ne", "lt", "gt", "le", "ge", "sa", "eb", "ap"};
	out->prefix = DATE_EQ;
	for (size_t i = 0; i < sizeof names / sizeof names[0] && text.len > 2; i++)
		if (memcmp(text.data, names[i], 2) == 0) {
			out->prefix = (enum date_prefix)i;
			text = bytes_of(text.data + 2, text.len - 2);
			break;
		}
	TRY(read_range(text, &out->range));
	if (out->prefix != DATE_AP)
		return E_OK;
	int64_t gap = llabs((int64_t)now_s * NS_PER_S - out->range.begin) / ABOUT;
	out->range = (struct date_range){add_clamped(out->range.begin, -gap), add_clamped(out->range.end, gap)};
	return E_OK;
}

bool search_date_matches(const struct search_date *date, struct date_range target)
{
	struct date_range asked = date->range;
	bool equal = asked.begin <= target.begin && target.end <= asked.end;
	switch (date->prefix) {
	case DATE_EQ:
		return equal;
	case DATE_NE:
		return !equal;
	case DATE_LT:
		return target.begin < asked.begin;
	case DATE_GT:
		return target.end > asked.end;
	case DATE_LE:
		return target.begin < asked.begin || equal;
	case DATE_GE:
		return target.end > asked.end || equal;
	case DATE_SA:
		return target.begin >= asked.end;
	case DATE_EB:
		return target.end <= asked.begin;
	default: /* DATE_AP */
		return target.begin < asked.end && asked.begin < target.end;
	}
}
