/* What became of a sender's messages, by day: SPOOL/quality.json. spec/quality.md (QLT-11 to QLT-14)
 *
 *   message ─► taken, came again, refused ─► counts of the day ─► (a moment later) the file ─► report, door
 *
 * Counts, times, fields, errors and their reasons; nothing of any message, so whoever runs the sender may hand it on.
 * One thread counts; whoever shows it reads the file (tally_read). */
#pragma once

#include "ledger/event/event.h"
#include "ledger/event/policy.h"
#include "ledger/mandate/source.h"

#include <jansson.h>

#define TALLY_FILE "quality.json"
#define TALLY_FILE_BYTES_MAX 262144u
#define TALLY_DAYS 8u /* today and seven before */
#define TALLY_REASONS_MAX 64u
#define TALLY_MS 5000u

#define TALLY_COUNT_LIST(X)                 \
	X(TALLY_TAKEN, "taken")                 \
	X(TALLY_AGAIN, "again")                 \
	X(TALLY_REFUSED, "refused")             \
	X(TALLY_OTHERWISE, "refused_otherwise") \
	X(TALLY_EVENTS, "events")               \
	X(TALLY_MISSING, "purpose_missing")     \
	X(TALLY_USUAL, "purpose_usual")         \
	X(TALLY_NUMBERS, "numbers_in_texts")    \
	X(TALLY_OWN, "numbers_own")             \
	X(TALLY_CHECKED, "numbers_checked")

enum tally_count {
#define X(code, name) code,
	TALLY_COUNT_LIST(X)
#undef X
		TALLY_COUNTS
};

struct tally_day {
	uint64_t day; /* since 1970 */
	uint64_t counts[TALLY_COUNTS];
	uint64_t fields[EVENT_FIELDS_MAX]; /* events with a number in this text */
};

/* Invariant: of a reason's counts those of a day that is not in `days` any more are 0; a reason whose counts are all 0
 * is none. Days have their place by their number. */
struct tally_reason {
	enum error error;
	uint64_t last_s;
	uint64_t counts[TALLY_DAYS];
	char reason[FAULT_TEXT_MAX + 1];
};

struct tally {
	char origin[ORIGIN_BYTES_MAX + 1];
	uint32_t sender;
	struct tally_day days[TALLY_DAYS];
	struct tally_reason reasons[TALLY_REASONS_MAX];
	size_t reason_count;
	bool changed;
	uint64_t written_ms;
};

/* What the file in `spool` has of this sender of this log, or nothing. */
void tally_open(struct tally *tally, const char *spool, const char *origin, uint32_t sender, uint64_t now_s);
/* The file as it is, of whichever sender. E_NOT_FOUND, E_BAD_JSON, E_IO, E_NO_MEMORY; `spool` may be the file itself.
 */
enum error tally_read(const char *spool, uint64_t now_s, struct tally *out, struct fault *fault) MUST_USE;

/* A message that became these events; `policy` NULL: it is not known. */
void tally_taken(struct tally *tally, const struct event *events, size_t count, const struct policy *policy,
	const struct source *source, uint64_t now_s);
void tally_again(struct tally *tally, uint64_t now_s);
void tally_refused(struct tally *tally, enum error error, const char *reason, uint64_t now_s);
/* Writes the file if something changed and it is time, or `now`. That it cannot be written stops nothing. */
void tally_look(struct tally *tally, const char *spool, uint64_t now_s, bool now);

/* What is told of it: spec/quality.md, The sender's side. NULL: no memory. */
json_t *tally_to_json(const struct tally *tally, uint64_t now_s);
/* The same as Prometheus text. */
void tally_metrics(const struct tally *tally, uint64_t now_s, FILE *out);
