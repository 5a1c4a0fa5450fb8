/* A sender's own rhythm, and from when on its silence is out of it. spec/quality.md (QLT-6 to QLT-9)
 *
 *   hours with events ─► usual hours of the week ─► how many of them it missed in a row at most ─► one more is silence
 *        └── none is usual ─► longest gap ─► twice that is silence; too few hours ─► too early to say
 *
 * Everything is counted back from the hour in which it was heard last, so a sender that is silent keeps the rhythm that
 * it had, and the moment at which its silence is out of it is known as soon as it falls silent. Hours are of UTC, by
 * the ledger's time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RHYTHM_WEEK 168u    /* hours */
#define RHYTHM_WEEKS 8u     /* looked back, at most */
#define RHYTHM_WEEKS_MIN 2u /* before a rhythm is spoken of */
#define RHYTHM_HOURS (RHYTHM_WEEK * RHYTHM_WEEKS)
#define RHYTHM_MISSED_MIN 2u /* usual hours without an event, before it is called silent */
#define RHYTHM_GAPS_MIN 5u   /* without usual hours, before gaps are spoken of */
#define RHYTHM_GAPS_TIMES 2u /* of the longest */

/* Invariant: place 0 is the last hour, which has an event; `since` hours back it was heard first, that hour included,
 * at most RHYTHM_HOURS. */
struct rhythm_hours {
	uint64_t last; /* hours since 1970 */
	uint32_t since;
	uint8_t heard[RHYTHM_HOURS / 8]; /* a bit for each hour, counted back */
};

static inline bool rhythm_heard(const struct rhythm_hours *hours, uint32_t back)
{
	return (hours->heard[back / 8] >> back % 8 & 1) != 0;
}

static inline void rhythm_hear(struct rhythm_hours *hours, uint32_t back)
{
	hours->heard[back / 8] |= (uint8_t)(1u << back % 8);
}

/* The hours as they are counted back from `last`, which is not before theirs, and was heard. */
void rhythm_move(struct rhythm_hours *hours, uint64_t last);

enum rhythm_kind {
	RHYTHM_EARLY, /* too early to say */
	RHYTHM_WEEKLY,
	RHYTHM_GAPS,
};

const char *rhythm_name(enum rhythm_kind kind);

struct rhythm {
	enum rhythm_kind kind;
	uint32_t usual;         /* RHYTHM_WEEKLY: hours of the week in which it is usually heard */
	uint32_t most;          /* of these missed in a row, at most; RHYTHM_GAPS: the longest gap, in hours */
	uint64_t silent_from_s; /* its silence is out of its rhythm from then on; UINT64_MAX: nothing is said */
};

void rhythm_find(const struct rhythm_hours *hours, struct rhythm *out);
