/* A sender's events are found by their sequences, and times by their batches, which are of one moment each; so a search
 * for a time is one among batches, begun where the last one ended. An event that cannot be read is one of the sample,
 * and of nothing else. */
#include "query/quality/quality.h"

#include "ledger/base/grow.h"
#include "ledger/base/thread.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"
#include "ledger/mandate/free_texts.h"
#include "ledger/subject/subject_in_text.h"
#include "query/quality/sample.h"

#include <stdlib.h>

#define DAY_S 86400u
#define HOUR_S 3600u

#define FACT_UNREADABLE 0x01
#define FACT_PURPOSE 0x02 /* can be seen */
#define FACT_MISSING 0x04
#define FACT_USUAL 0x08
#define FACT_OWN 0x10
#define FACT_CHECKED 0x20
#define FACT_LAG 0x40

struct fact {
	uint64_t sequence;
	int32_t lag_s;
	uint16_t fields; /* with numbers, by their place among the free texts */
	uint16_t flags;
};
_Static_assert(sizeof(struct fact) == 16, "as quality.h says");

/* Invariant: facts ascend by sequence. `sequence` is how far its hours were looked at, `seen` its sample; `day` is the
 * one whose window `first` begins. */
struct quality_known {
	uint32_t id;
	uint64_t sequence, seen;
	uint64_t day, first;
	uint64_t version;          /* of the registration that facts are by */
	struct rhythm_hours hours; /* .since 0: none yet */
	struct fact *facts;
	size_t count, capacity;
	struct quality_sender made;
};

struct step {
	struct snapshot *snapshot;
	uint64_t now_s;
	uint64_t looks, looks_max;
	struct event event;
};

void quality_memory_release(struct quality_memory *memory)
{
	for (size_t i = 0; i < memory->count; i++)
		free(memory->known[i].facts);
	free(memory->known);
	pthread_mutex_destroy(&memory->mutex);
}

uint64_t quality_since(uint64_t now_s)
{
	uint64_t day = now_s / DAY_S;
	return (day > QUALITY_DAYS ? day - QUALITY_DAYS : 0) * DAY_S;
}

uint64_t quality_time(const struct snapshot *snapshot, uint64_t now_s)
{
	uint64_t ledger_s = snapshot_time_s(snapshot);
	return now_s > ledger_s ? now_s : ledger_s;
}

const char *quality_field(unsigned place)
{
	uint64_t left = free_texts();
	_Static_assert(QUALITY_FIELDS_MAX == 16, "a fact has as many bits");
	while (place-- > 0 && left != 0)
		left &= left - 1;
	return left != 0 ? event_field((uint64_t)__builtin_ctzll(left))->path : NULL;
}

/* ---- where and when ---- */

struct batch_place {
	uint64_t first, index, time_s;
	uint32_t count;
};

static enum error find_batch(struct step *step, uint32_t sender, uint64_t sequence, struct batch_place *out)
{
	step->looks++;
	TRY(snapshot_batch(step->snapshot, sender, sequence, &out->first, &out->count, &out->index));
	return snapshot_time_at(step->snapshot, out->index, &out->time_s);
}

/* How many of its events are older than `time_s`, of which `*end` are not, if there are any behind it. Backwards from
 * there in growing steps, then between the last two. */
static enum error count_older(struct step *step, uint32_t sender, uint64_t time_s, uint64_t *end)
{
	struct batch_place batch;
	uint64_t low = 0, high = *end;
	for (uint64_t by = 1; low < high; by *= 2) {
		uint64_t at = high > by ? high - by : 0;
		TRY(find_batch(step, sender, at, &batch));
		if (batch.time_s < time_s) {
			low = batch.first + batch.count;
			break;
		}
		high = batch.first;
	}
	while (low < high) {
		TRY(find_batch(step, sender, low + (high - low) / 2, &batch));
		if (batch.time_s < time_s)
			low = batch.first + batch.count;
		else
			high = batch.first;
	}
	*end = low;
	return E_OK;
}

/* ---- hours ---- */

/* Those since it was looked at last, or as many as are looked back. */
static enum error find_hours(struct step *step, struct quality_known *known, const struct sender *sender)
{
	struct rhythm_hours hours = known->hours;
	struct batch_place batch;
	uint64_t end = sender->next_sequence;
	TRY(find_batch(step, sender->id, end - 1, &batch));
	known->made.heard_s = batch.time_s;
	uint64_t hour = batch.time_s / HOUR_S, last = hour;
	bool anew = hours.since == 0;
	if (!anew && hour == hours.last)
		return E_OK;
	if (anew)
		hours.last = last;
	rhythm_move(&hours, last);
	hours.since = anew ? RHYTHM_HOURS : hours.since;
	for (;;) {
		TRY(count_older(step, sender->id, hour * HOUR_S, &end));
		if (end == 0) {
			hours.since = (uint32_t)(last - hour) + 1;
			break;
		}
		TRY(find_batch(step, sender->id, end - 1, &batch));
		hour = batch.time_s / HOUR_S;
		if (last - hour >= RHYTHM_HOURS || (!anew && hour <= known->hours.last))
			break;
		rhythm_hear(&hours, (uint32_t)(last - hour));
	}
	known->hours = hours;
	rhythm_find(&hours, &known->made.rhythm);
	return E_OK;
}

/* ---- an event ---- */

static uint16_t places_of(uint64_t fields)
{
	uint16_t places = 0;
	unsigned place = 0;
	for (uint64_t left = free_texts(); left != 0; left &= left - 1, place++)
		if (fields & left & -left)
			places |= (uint16_t)(1u << place);
	return places;
}

static void look_at_purpose(const struct event *event, const struct sender *sender, struct fact *out)
{
	if ((event->present >> EVENT_PURPOSE & 1) == 0)
		return;
	struct bytes purpose = event->values[EVENT_PURPOSE].text;
	out->flags |= FACT_PURPOSE;
	if (bytes_equal(purpose, EVENT_TEXT_UNSPECIFIED))
		out->flags |= FACT_MISSING;
	else if (bytes_equal(purpose, bytes_text(sender->policy.purpose)))
		out->flags |= FACT_USUAL;
}

/* A lag of more than 68 years is one of 68. */
static void look_at_lag(const struct event *event, uint64_t received_s, struct fact *out)
{
	int64_t lag_s = (int64_t)received_s - event_time_ns(event) / 1000000000;
	out->flags |= FACT_LAG;
	out->lag_s = (int32_t)(lag_s > INT32_MAX ? INT32_MAX : lag_s < INT32_MIN ? INT32_MIN : lag_s);
}

/* The ledger's own sender says in `recipient` who has read, by their id: it is for it. */
static void look_at(const struct event *event, const struct sender *sender, uint64_t received_s, struct fact *out)
{
	unsigned how = 0;
	if (!sender_may_report_reads(sender))
		out->fields = places_of(free_texts_with_numbers(event, &sender->mandate.source, &how));
	out->flags |= how & IN_TEXT_OWN ? FACT_OWN : 0;
	out->flags |= how & IN_TEXT_CHECKED ? FACT_CHECKED : 0;
	look_at_purpose(event, sender, out);
	look_at_lag(event, received_s, out);
}

/* Whether it says something about the event alone, and nothing about this machine. */
static bool of_the_event(enum error error)
{
	return error == E_ERASED || error == E_LOST || error == E_NOT_FOUND || error_blame(error) == BLAME_SENDER ||
		   error_blame(error) == BLAME_OPERATOR;
}

static enum error open_event(struct step *step, const struct sender *sender, struct fact *out)
{
	struct batch_place batch;
	struct opened opened;
	TRY(find_batch(step, sender->id, out->sequence, &batch));
	uint64_t index = batch.index + out->sequence - batch.first;
	step->looks++;
	enum error error = losses_cover(snapshot_losses(step->snapshot), index)
						   ? E_LOST
						   : snapshot_open_record(step->snapshot, index, &opened);
	if (error == E_OK)
		error = event_decode(opened.disclosed, BYTES_EMPTY, NULL, true, &step->event, NULL);
	if (error == E_OK)
		look_at(&step->event, sender, batch.time_s, out);
	else
		out->flags = FACT_UNREADABLE;
	return of_the_event(error) ? E_OK : error;
}

/* ---- the sample ---- */

static const struct fact *find_fact(const struct quality_known *known, uint64_t sequence, size_t *at)
{
	while (*at < known->count && known->facts[*at].sequence < sequence)
		++*at;
	return *at < known->count && known->facts[*at].sequence == sequence ? &known->facts[*at] : NULL;
}

/* The newest first, since that is what is wrong now; `*whole`: nothing was left for another time. */
static enum error fill(struct step *step, const struct quality_known *known, const struct sender *sender,
	struct fact *facts, size_t count, bool *whole)
{
	size_t at = 0;
	*whole = true;
	for (size_t i = 0; i < count; i++) {
		const struct fact *fact = find_fact(known, facts[i].sequence, &at);
		facts[i].flags = UINT16_MAX; /* not looked at */
		if (fact != NULL)
			facts[i] = *fact;
	}
	for (size_t i = count; i > 0; i--) {
		struct fact *fact = &facts[i - 1];
		if (fact->flags != UINT16_MAX)
			continue;
		if (step->looks >= step->looks_max) {
			*whole = false;
			continue;
		}
		fact->flags = 0;
		TRY(open_event(step, sender, fact));
	}
	return E_OK;
}

static size_t choose(const struct sender *sender, uint64_t first, struct fact facts[SAMPLE_EVENTS_MAX])
{
	uint64_t end = sender->next_sequence;
	uint32_t level = sample_level(first, end);
	size_t count = 0;
	for (uint64_t block = first >> level; first < end && block <= (end - 1) >> level; block++) {
		uint64_t sequence = sample_of(sender->id, block, level);
		if (sequence >= first && sequence < end)
			facts[count++] = (struct fact){.sequence = sequence};
	}
	return count;
}

static enum error find_sample(struct step *step, struct quality_known *known, const struct sender *sender, bool *whole)
{
	struct fact facts[SAMPLE_EVENTS_MAX];
	size_t count = choose(sender, known->first, facts), kept = 0;
	known->made.figures =
		(struct quality_figures){.events = sender->next_sequence - known->first, .sample = (uint32_t)count};
	TRY(fill(step, known, sender, facts, count, whole));
	TRY(GROW(known->facts, known->capacity, count));
	for (size_t i = 0; i < count; i++)
		if (facts[i].flags != UINT16_MAX)
			known->facts[kept++] = facts[i];
	known->count = kept;
	return E_OK;
}

/* ---- figures ---- */

static int by_size(const void *a, const void *b)
{
	int32_t one = *(const int32_t *)a, other = *(const int32_t *)b;
	return (one > other) - (one < other);
}

/* The smallest that so many of a hundred are not over. */
static int32_t percentile(const int32_t *lags, uint32_t count, uint32_t percent)
{
	return lags[((uint64_t)count * percent + 99) / 100 - 1];
}

static void add_fact(struct quality_figures *figures, const struct fact *fact)
{
	figures->looked_at++;
	figures->unreadable += (fact->flags & FACT_UNREADABLE) != 0;
	figures->purposes += (fact->flags & FACT_PURPOSE) != 0;
	figures->missing += (fact->flags & FACT_MISSING) != 0;
	figures->usual += (fact->flags & FACT_USUAL) != 0;
	figures->numbers += fact->fields != 0;
	figures->own += (fact->flags & FACT_OWN) != 0;
	figures->checked += (fact->flags & FACT_CHECKED) != 0;
	for (unsigned place = 0; place < QUALITY_FIELDS_MAX; place++)
		figures->fields[place] += fact->fields >> place & 1;
}

static void sum_up(struct quality_known *known)
{
	struct quality_figures *figures = &known->made.figures;
	int32_t lags[SAMPLE_EVENTS_MAX];
	for (size_t i = 0; i < known->count; i++) {
		const struct fact *fact = &known->facts[i];
		add_fact(figures, fact);
		if ((fact->flags & FACT_LAG) == 0)
			continue;
		lags[figures->lags++] = fact->lag_s;
		figures->over_day += fact->lag_s > (int32_t)DAY_S;
		figures->ahead += fact->lag_s < 0;
	}
	if (figures->lags == 0)
		return;
	qsort(lags, figures->lags, sizeof *lags, by_size);
	figures->p50_s = percentile(lags, figures->lags, 50);
	figures->p90_s = percentile(lags, figures->lags, 90);
	figures->p99_s = percentile(lags, figures->lags, 99);
	figures->max_s = lags[figures->lags - 1];
}

/* ---- senders ---- */

static enum error look_at_events(
	struct step *step, struct quality_known *known, const struct sender *sender, bool *whole)
{
	uint64_t day = quality_since(step->now_s) / DAY_S, end = sender->next_sequence;
	if (known->sequence != end)
		TRY(find_hours(step, known, sender));
	known->sequence = end;
	if (known->day != day) {
		known->first = end;
		TRY(count_older(step, sender->id, day * DAY_S, &known->first));
		known->day = day;
	}
	TRY(find_sample(step, known, sender, whole));
	sum_up(known);
	known->seen = *whole ? end : UINT64_MAX;
	return E_OK;
}

/* An older snapshot than what is known says nothing new. */
static enum error look_at_sender(
	struct step *step, struct quality_known *known, const struct sender *sender, bool *whole)
{
	uint64_t day = quality_since(step->now_s) / DAY_S;
	if (sender->version > known->version) {
		known->version = sender->version;
		known->count = 0;
		known->seen = UINT64_MAX;
	}
	*whole = sender->next_sequence == 0 || sender->next_sequence < known->sequence ||
			 (known->seen == sender->next_sequence && known->day == day);
	if (*whole || step->looks >= step->looks_max)
		return E_OK;
	return look_at_events(step, known, sender, whole);
}

/* In the order of their ids, which is that of the table; one that is new is the last, for ids are given out in it. */
static enum error find_known(struct quality_memory *memory, uint32_t id, struct quality_known **out)
{
	size_t low = 0, high = memory->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memory->known[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == memory->count || memory->known[low].id != id) {
		TRY(GROW(memory->known, memory->capacity, memory->count + 1));
		memmove(memory->known + low + 1, memory->known + low, (memory->count - low) * sizeof *memory->known);
		memory->known[low] = (struct quality_known){.id = id, .seen = UINT64_MAX, .day = UINT64_MAX};
		memory->known[low].made.rhythm.silent_from_s = UINT64_MAX;
		memory->count++;
	}
	*out = &memory->known[low];
	return E_OK;
}

struct walk {
	struct step *step;
	struct quality_memory *memory;
	quality_visitor *visit;
	void *context;
	bool complete;
	enum error error;
};

static bool note_sender(void *context, const struct sender *sender)
{
	struct walk *walk = context;
	struct quality_known *known;
	walk->error = find_known(walk->memory, sender->id, &known);
	return walk->error == E_OK;
}

/* Whoever was not reached last time is first. */
static enum error look_at_all(struct walk *walk)
{
	struct quality_memory *memory = walk->memory;
	size_t first = memory->turn < memory->count ? memory->turn : 0;
	for (size_t i = 0; i < memory->count; i++) {
		size_t at = (first + i) % memory->count;
		struct sender sender;
		bool whole = true;
		enum error error = snapshot_sender(walk->step->snapshot, memory->known[at].id, &sender);
		if (error == E_NOT_FOUND) /* of a newer snapshot than this one */
			continue;
		TRY(error);
		TRY(look_at_sender(walk->step, &memory->known[at], &sender, &whole));
		if (!whole && walk->complete)
			memory->turn = at;
		walk->complete &= whole;
	}
	return E_OK;
}

static bool tell_sender(void *context, const struct sender *sender)
{
	struct walk *walk = context;
	struct quality_known *known;
	walk->error = find_known(walk->memory, sender->id, &known);
	if (walk->error != E_OK)
		return false;
	struct quality_sender made = known->made;
	made.looked = known->day != UINT64_MAX || sender->next_sequence == 0;
	made.silent = sender->status == SENDER_ACTIVE && walk->step->now_s >= made.rhythm.silent_from_s;
	return walk->visit(walk->context, sender, &made);
}

enum error quality_visit(struct snapshot *snapshot, struct quality_memory *memory, uint64_t now_s, uint64_t looks,
	quality_visitor *visit, void *context, bool *complete)
{
	struct step step = {.snapshot = snapshot, .now_s = quality_time(snapshot, now_s), .looks_max = looks};
	struct walk walk = {.step = &step, .memory = memory, .visit = visit, .context = context, .complete = true};
	LOCKED(&memory->mutex);
	TRY(snapshot_senders(snapshot, note_sender, &walk));
	TRY(walk.error);
	TRY(look_at_all(&walk));
	*complete = walk.complete;
	TRY(snapshot_senders(snapshot, tell_sender, &walk));
	return walk.error;
}
