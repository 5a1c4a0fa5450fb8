/* A queue in one array, in the order of the log:
 *
 *          first                 begun                 end
 *   ─ filed ─┴── the lag counts ───┴── it does not yet ─┴─ room ─
 *
 * Invariant: first <= begun <= end, indexes ascend, and from `first` to `begun` since_s never falls. So the first event
 * is late before all others, and whether one is late takes one comparison. An epoch takes from the front, a loss from
 * anywhere. The array is moved down when more than half of it lies before `first`, else it grows: either way what an
 * event costs does not depend on how many there are. */
#include "ledger/log/epoch_lag.h"

#include "ledger/base/grow.h"

#include <assert.h>

void epoch_lag_free(struct epoch_lag *lag)
{
	free(lag->events);
	*lag = (struct epoch_lag){.lag_s = 0};
}

/* Room for one more, made by moving down or by growing. */
static enum error make_room(struct epoch_lag *lag)
{
	if (lag->end < lag->capacity)
		return E_OK;
	if (lag->first <= lag->capacity / 2)
		return GROW(lag->events, lag->capacity, lag->end + 1);
	memmove(lag->events, lag->events + lag->first, (lag->end - lag->first) * sizeof *lag->events);
	lag->end -= lag->first;
	lag->begun -= lag->first;
	lag->first = 0;
	return E_OK;
}

static enum error take_event(struct epoch_lag *lag, uint64_t index)
{
	TRY(make_room(lag));
	lag->events[lag->end++] = (struct lag_event){.index = index};
	return E_OK;
}

enum error epoch_lag_add(struct epoch_lag *lag, uint64_t since_s, uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		TRY(take_event(lag, first + i));
		lag->events[lag->end - 1].since_s = since_s;
	}
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
		lag->events[lag->begun].since_s = time_s;
	if (lag->first == lag->end || time_s - lag->events[lag->first].since_s <= lag->lag_s)
		return E_OK;
	*late = lag->events[lag->first].index;
	return E_CORRUPT;
}

static void take_epoch(struct epoch_lag *lag, uint64_t size)
{
	while (lag->first < lag->end && lag->events[lag->first].index < size)
		lag->first++;
	if (lag->begun < lag->first)
		lag->begun = lag->first;
	assert(lag->begun <= lag->end);
}

/* What is lost will never be filed. */
static void take_loss(struct epoch_lag *lag, const struct entry_loss *loss)
{
	size_t from = lag->first;
	while (from < lag->end && lag->events[from].index < loss->first)
		from++;
	size_t to = from;
	while (to < lag->end && lag->events[to].index < loss->end)
		to++;
	if (to == from)
		return;
	memmove(lag->events + from, lag->events + to, (lag->end - to) * sizeof *lag->events);
	lag->end -= to - from;
	if (lag->begun > from)
		lag->begun = lag->begun > to ? lag->begun - (to - from) : from;
	assert(lag->first <= lag->begun && lag->begun <= lag->end);
}

/* Only the first one needs to be asked: all others began to count later. */
bool epoch_lag_allows(const struct epoch_lag *lag, uint64_t time_s)
{
	return lag->first == lag->begun || time_s <= lag->events[lag->first].since_s ||
		   time_s - lag->events[lag->first].since_s <= lag->lag_s;
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
		take_loss(lag, &entry->loss);
	if (entry->kind == ENTRY_EVENT)
		TRY(take_event(lag, index));
	return in_time;
}
