#include "query/answer/numbers.h"

#include "ledger/base/grow.h"
#include "ledger/base/thread.h"

#include <stdlib.h>

#define DAY_S 86400u

struct row {
	char org[ORG_BYTES_MAX + 1];
	char name[NAME_BYTES_MAX + 1];
	uint32_t sender;
	uint64_t counts[NUMBERS_DAYS];
};

struct numbers {
	struct snapshot *snapshot;
	uint64_t first_day, days;        /* since 1970; of these `days` up to NUMBERS_DAYS */
	uint64_t ends[NUMBERS_DAYS + 1]; /* the first log index of each day, and behind the last */
	struct row *rows;
	size_t count, capacity;
	enum error error;
};

static void numbers_release(struct numbers *numbers)
{
	free(numbers->rows);
}

void numbers_memory_release(struct numbers_memory *memory)
{
	text_release(&memory->text);
	pthread_mutex_destroy(&memory->mutex);
}

uint64_t numbers_rounded(uint64_t count)
{
	return count - count % NUMBERS_BASE;
}

/* ---- counting ---- */

enum error numbers_index_at(struct snapshot *snapshot, uint64_t time_s, uint64_t *out)
{
	uint64_t low = 0, high = snapshot_checkpoint(snapshot)->size;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2, found_s;
		TRY(snapshot_time_at(snapshot, middle, &found_s));
		if (found_s < time_s)
			low = middle + 1;
		else
			high = middle;
	}
	*out = low;
	return E_OK;
}

/* How many of its events stand before `index`, of which `*at` are known to. A batch is of one moment, so none is cut.
 */
static enum error count_before(struct snapshot *snapshot, const struct sender *sender, uint64_t index, uint64_t *at)
{
	uint64_t low = *at, high = sender->next_sequence;
	while (low < high) {
		uint64_t first, first_index;
		uint32_t count;
		TRY(snapshot_batch(snapshot, sender->id, low + (high - low) / 2, &first, &count, &first_index));
		if (first_index < index)
			low = first + count;
		else
			high = first;
	}
	*at = low;
	return E_OK;
}

static enum error add_sender(struct numbers *numbers, const struct sender *sender)
{
	uint64_t before = 0;
	if (sender->since_s >= (numbers->first_day + numbers->days) * DAY_S)
		return E_OK;
	TRY(GROW(numbers->rows, numbers->capacity, numbers->count + 1));
	struct row *row = &numbers->rows[numbers->count];
	*row = (struct row){.sender = sender->id};
	strcpy(row->org, sender->org);
	strcpy(row->name, sender->name);
	TRY(count_before(numbers->snapshot, sender, numbers->ends[0], &before));
	for (uint64_t day = 0; day < numbers->days; day++) {
		uint64_t after = before;
		TRY(count_before(numbers->snapshot, sender, numbers->ends[day + 1], &after));
		row->counts[day] = after - before;
		before = after;
	}
	numbers->count++;
	return E_OK;
}

static bool visit_sender(void *context, const struct sender *sender)
{
	struct numbers *numbers = context;
	numbers->error = add_sender(numbers, sender);
	return numbers->error == E_OK;
}

/* By organisation, and the oldest sender of each first, whose name stands for it. */
static int by_org(const void *a, const void *b)
{
	const struct row *one = a, *other = b;
	int order = strcmp(one->org, other->org);
	return order != 0 ? order : one->sender < other->sender ? -1 : 1;
}

/* What several systems of one organisation report is one number. */
static void sum_by_org(struct numbers *numbers)
{
	size_t kept = 0;
	if (numbers->count > 0)
		qsort(numbers->rows, numbers->count, sizeof *numbers->rows, by_org);
	for (size_t i = 0; i < numbers->count; i++) {
		if (kept == 0 || strcmp(numbers->rows[kept - 1].org, numbers->rows[i].org) != 0) {
			numbers->rows[kept++] = numbers->rows[i];
			continue;
		}
		for (uint64_t day = 0; day < numbers->days; day++)
			numbers->rows[kept - 1].counts[day] += numbers->rows[i].counts[day];
	}
	numbers->count = kept;
}

static enum error count_all(struct numbers *numbers)
{
	for (uint64_t day = 0; day <= numbers->days; day++)
		TRY(numbers_index_at(numbers->snapshot, (numbers->first_day + day) * DAY_S, &numbers->ends[day]));
	TRY(snapshot_senders(numbers->snapshot, visit_sender, numbers));
	TRY(numbers->error);
	sum_by_org(numbers);
	return E_OK;
}

/* ---- writing ---- */

/* In place of a count that is too small stands null, and it adds nothing to a sum: what is published of a sum follows
 * from what is published of its parts. */
static void write_counts(struct text *text, const struct row *row, uint64_t days, uint64_t sums[NUMBERS_DAYS])
{
	text_list(text, "events");
	for (uint64_t day = 0; day < days; day++) {
		uint64_t rounded = numbers_rounded(row->counts[day]);
		sums[day] += rounded;
		if (rounded > 0)
			text_number(text, NULL, rounded);
		else
			text_null(text, NULL);
	}
	text_list_end(text);
}

static enum error write_all(struct text *text, const struct numbers *numbers)
{
	uint64_t sums[NUMBERS_DAYS] = {0};
	text_object(text, NULL);
	text_object(text, "rule");
	text_number(text, "base", NUMBERS_BASE);
	text_number(text, "days", NUMBERS_DAYS);
	text_object_end(text);
	text_list(text, "days");
	for (uint64_t day = 0; day < numbers->days; day++)
		text_time(text, NULL, (numbers->first_day + day) * DAY_S);
	text_list_end(text);
	text_list(text, "organisations");
	for (size_t i = 0; i < numbers->count; i++) {
		text_object(text, NULL);
		text_string(text, "org", bytes_text(numbers->rows[i].org));
		text_string(text, "name", bytes_text(numbers->rows[i].name));
		write_counts(text, &numbers->rows[i], numbers->days, sums);
		text_object_end(text);
	}
	text_list_end(text);
	text_list(text, "sums");
	for (uint64_t day = 0; day < numbers->days; day++)
		text_number(text, NULL, sums[day]);
	text_list_end(text);
	text_object_end(text);
	return text_done(text);
}

/* Days since 1970 that the log is past: nothing can be added to them any more. */
static uint64_t days_past(const struct snapshot *snapshot)
{
	return snapshot_time_s(snapshot) / DAY_S;
}

static enum error make(struct snapshot *snapshot, struct text *out)
{
	uint64_t past = days_past(snapshot), since_s;
	OWNED(numbers_release) struct numbers numbers = {.snapshot = snapshot};
	TRY(snapshot_time_at(snapshot, 0, &since_s));
	numbers.first_day = since_s / DAY_S;
	if (past > numbers.first_day + NUMBERS_DAYS)
		numbers.first_day = past - NUMBERS_DAYS;
	numbers.days = past - numbers.first_day;
	TRY(count_all(&numbers));
	return write_all(out, &numbers);
}

/* As in coverage.c: made outside of the lock, so that who finds it made does not wait for who makes it. */
enum error numbers_write(struct text *text, const char *name, struct snapshot *snapshot, struct numbers_memory *memory)
{
	OWNED(text_release) struct text fresh = {.room = NULL};
	if (memory != NULL) {
		LOCKED(&memory->mutex);
		if (memory->text.len > 0 && memory->past == days_past(snapshot)) {
			text_made(text, name, bytes_of(memory->text.data, memory->text.len));
			return text->error;
		}
	}
	TRY(make(snapshot, &fresh));
	text_made(text, name, bytes_of(fresh.data, fresh.len));
	if (memory != NULL) {
		LOCKED(&memory->mutex);
		struct text before = memory->text;
		memory->text = fresh;
		memory->past = days_past(snapshot);
		fresh = before;
	}
	return text->error;
}
