/* An hour of the week is usual if it was heard in most of its weeks, three of four, and in two at least. A holiday is
 * seen as silence: it is out of the rhythm, and says so for a day. */
#include "query/quality/rhythm.h"

#include <string.h>

#define HOUR_S 3600u

/* Hours of the week, counted back from the last hour, place 0 among them. */
struct usual {
	bool is[RHYTHM_WEEK];
	uint32_t count;
};

const char *rhythm_name(enum rhythm_kind kind)
{
	static const char *const names[] = {[RHYTHM_EARLY] = "early", [RHYTHM_WEEKLY] = "weekly", [RHYTHM_GAPS] = "gaps"};
	return names[kind];
}

void rhythm_move(struct rhythm_hours *hours, uint64_t last)
{
	struct rhythm_hours moved = {.last = last};
	uint64_t by = last - hours->last;
	for (uint32_t back = 0; by < RHYTHM_HOURS && back + by < RHYTHM_HOURS; back++)
		if (rhythm_heard(hours, back))
			rhythm_hear(&moved, back + (uint32_t)by);
	rhythm_hear(&moved, 0);
	moved.since = by < RHYTHM_HOURS - hours->since ? hours->since + (uint32_t)by : RHYTHM_HOURS;
	*hours = moved;
}

static void find_usual(const struct rhythm_hours *hours, struct usual *out)
{
	uint32_t weeks = hours->since / RHYTHM_WEEK;
	uint32_t needed = (3 * weeks + 3) / 4;
	*out = (struct usual){.count = 0};
	if (needed < RHYTHM_WEEKS_MIN)
		needed = RHYTHM_WEEKS_MIN;
	for (uint32_t slot = 0; slot < RHYTHM_WEEK; slot++) {
		uint32_t heard = 0;
		for (uint32_t week = 0; week < weeks; week++)
			heard += rhythm_heard(hours, slot + week * RHYTHM_WEEK);
		out->is[slot] = heard >= needed;
		out->count += out->is[slot];
	}
}

/* Usual hours between two that were heard, whatever these are. */
static uint32_t most_missed(const struct rhythm_hours *hours, const struct usual *usual)
{
	uint32_t most = 0, missed = 0;
	for (uint32_t back = 0; back < hours->since; back++) {
		if (rhythm_heard(hours, back)) {
			most = missed > most ? missed : most;
			missed = 0;
		} else {
			missed += usual->is[back % RHYTHM_WEEK];
		}
	}
	return most;
}

/* The end of the hour in which it has missed as many as it never did. */
static uint64_t after_missing(const struct rhythm_hours *hours, const struct usual *usual, uint32_t wanted)
{
	uint64_t hour = hours->last;
	for (uint32_t missed = 0; missed < wanted;) {
		hour++;
		missed += usual->is[(RHYTHM_WEEK - (hour - hours->last) % RHYTHM_WEEK) % RHYTHM_WEEK];
	}
	return (hour + 1) * HOUR_S;
}

static void find_gaps(const struct rhythm_hours *hours, struct rhythm *out)
{
	uint32_t gaps = 0, last = 0;
	for (uint32_t back = 1; back < hours->since; back++) {
		if (!rhythm_heard(hours, back))
			continue;
		gaps++;
		out->most = back - last > out->most ? back - last : out->most;
		last = back;
	}
	if (gaps < RHYTHM_GAPS_MIN)
		return;
	out->kind = RHYTHM_GAPS;
	out->silent_from_s = (hours->last + (uint64_t)RHYTHM_GAPS_TIMES * out->most + 1) * HOUR_S;
}

void rhythm_find(const struct rhythm_hours *hours, struct rhythm *out)
{
	struct usual usual;
	*out = (struct rhythm){.kind = RHYTHM_EARLY, .silent_from_s = UINT64_MAX};
	if (hours->since < RHYTHM_WEEK * RHYTHM_WEEKS_MIN)
		return;
	find_usual(hours, &usual);
	if (usual.count == 0) {
		find_gaps(hours, out);
		if (out->kind == RHYTHM_EARLY)
			out->most = 0;
		return;
	}
	out->kind = RHYTHM_WEEKLY;
	out->usual = usual.count;
	out->most = most_missed(hours, &usual);
	uint32_t wanted = out->most + 1 > RHYTHM_MISSED_MIN ? out->most + 1 : RHYTHM_MISSED_MIN;
	out->silent_from_s = after_missing(hours, &usual, wanted);
}
