/* A queue in one array, in the order of the log:
 *
 *          first                 begun                 end
 *   ─ filed ─┴── the lag counts ───┴── it does not yet ─┴─ room ─
 *
 * Invariant: first <= begun <= end, runs ascend and do not overlap, and from `first` to `begun` since_s never falls. So
 * the first event is late before all others, and whether one is late takes one comparison. An epoch takes from the
 * front, a loss from anywhere. The array is moved down when more than half of it lies before `first`, else it grows:
 * either way what an event costs does not depend on how many there are. */
#include "ledger/log/epoch_lag.h"

#include "ledger/base/grow.h"

#include <assert.h>

void epoch_lag_free(struct epoch_lag *lag)
{
	free(lag->runs);
	*lag = (struct epoch_lag){.lag_s = 0};
}

/* Room for one more, made by moving down or by growing. */
static enum error make_room(struct epoch_lag *lag)
{
	if (lag->end < lag->capacity)
		return E_OK;
	if (lag->first <= lag->capacity / 2)
		return GROW(lag->runs, lag->capacity, lag->end + 1);
	memmove(lag->runs, lag->runs + lag->first, (lag->end - lag->first) * sizeof *lag->runs);
	lag->end -= lag->first;
	lag->begun -= lag->first;
	lag->first = 0;
	return E_OK;
}

/* One whose lag has begun is not made longer. */
static enum error take_event(struct epoch_lag *lag, uint64_t index)
{
	bool follows = lag->begun < lag->end && lag->runs[lag->end - 1].end == index;
	if (!follows) {
		TRY(make_room(lag));
		lag->runs[lag->end++] = (struct lag_run){.first = index, .end = index};
	}
	lag->runs[lag->end - 1].end++;
	lag->events++;
	return E_OK;
}

enum error epoch_lag_add(struct epoch_lag *lag, uint64_t since_s, uint64_t first, uint64_t count)
{
	TRY(make_room(lag));
	lag->runs[lag->end++] = (struct lag_run){first, first + count, since_s};
	lag->events += count;
	if (since_s > 0)
		lag->begun = lag->end;
	return E_OK;
}

/* A ledger that was stopped right after an event could not file it before it was started again: from the first step of
 * its time on the lag counts. */
static enum error take_time(struct epoch_lag *lag, uint64_t time_s, uint64_t *late)
{
	if (time_s <= lag->clock_s)
		return E_OK;
	lag->clock_s = time_s;
	for (; lag->begun < lag->end; lag->begun++)
		lag->runs[lag->begun].since_s = time_s;
	if (lag->first == lag->end || time_s - lag->runs[lag->first].since_s <= lag->lag_s)
		return E_OK;
	*late = lag->runs[lag->first].first;
	return E_CORRUPT;
}

static void take_epoch(struct epoch_lag *lag, uint64_t size)
{
	for (; lag->first < lag->end && lag->runs[lag->first].end <= size; lag->first++)
		lag->events -= lag->runs[lag->first].end - lag->runs[lag->first].first;
	if (lag->first < lag->end && lag->runs[lag->first].first < size) {
		lag->events -= size - lag->runs[lag->first].first;
		lag->runs[lag->first].first = size;
	}
	if (lag->begun < lag->first)
		lag->begun = lag->first;
	assert(lag->begun <= lag->end);
}

/* The runs [from, to) give way to at most two; there is room. */
static void replace(struct epoch_lag *lag, size_t from, size_t to, const struct lag_run *pieces, size_t count)
{
	memmove(lag->runs + from + count, lag->runs + to, (lag->end - to) * sizeof *lag->runs);
	memcpy(lag->runs + from, pieces, count * sizeof *pieces);
	lag->end = lag->end - (to - from) + count;
}

/* What is lost will never be filed. What is left of the runs that it meets is the front of the first and the rear of
 * the last. */
static enum error take_loss(struct epoch_lag *lag, const struct entry_loss *loss)
{
	TRY(make_room(lag)); /* a run may become two */
	size_t from = lag->first;
	while (from < lag->end && lag->runs[from].end <= loss->first)
		from++;
	size_t to = from;
	for (; to < lag->end && lag->runs[to].first < loss->end; to++)
		lag->events -= lag->runs[to].end - lag->runs[to].first;
	if (to == from)
		return E_OK;
	const struct lag_run front = {lag->runs[from].first, loss->first, lag->runs[from].since_s};
	const struct lag_run rear = {loss->end, lag->runs[to - 1].end, lag->runs[to - 1].since_s};
	struct lag_run pieces[2];
	size_t begun = from, count = 0;
	if (front.first < front.end) {
		begun += lag->begun > from;
		pieces[count++] = front;
		lag->events += front.end - front.first;
	}
	if (rear.first < rear.end) {
		begun += lag->begun >= to;
		pieces[count++] = rear;
		lag->events += rear.end - rear.first;
	}
	if (lag->begun > from)
		lag->begun = lag->begun > to ? lag->begun - (to - from) + count : begun;
	replace(lag, from, to, pieces, count);
	assert(lag->first <= lag->begun && lag->begun <= lag->end);
	return E_OK;
}

/* Only the first one needs to be asked: all others began to count later. */
bool epoch_lag_allows(const struct epoch_lag *lag, uint64_t time_s)
{
	return lag->first == lag->begun || time_s <= lag->runs[lag->first].since_s ||
		   time_s - lag->runs[lag->first].since_s <= lag->lag_s;
}

enum error epoch_lag_event(struct epoch_lag *lag, uint64_t index, const struct entry_event *event, uint64_t *late)
{
	enum error in_time = take_time(lag, event->time_s, late);
	if (!event->mass)
		TRY(take_event(lag, index));
	return in_time;
}

enum error epoch_lag_entry(struct epoch_lag *lag, uint64_t index, const struct entry *entry, uint64_t *late)
{
	uint64_t time_s;
	enum error in_time = E_OK;
	if (entry->kind == ENTRY_GENESIS)
		lag->lag_s = entry->genesis.epoch_lag_seconds;
	if (entry_time(entry, &time_s))
		in_time = take_time(lag, time_s, late);
	if (entry->kind == ENTRY_EPOCH)
		take_epoch(lag, entry->epoch.size);
	if (entry->kind == ENTRY_LOSS)
		TRY(take_loss(lag, &entry->loss));
	if (entry->kind == ENTRY_EVENT)
		TRY(take_event(lag, index));
	return in_time;
}
