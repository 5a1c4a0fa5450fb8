#include "ledger/log/epoch_lag.h"
#include "tests/lib/unit.h"

#include <string.h>

#define ENTRIES_MAX 400
#define NEVER UINT64_MAX

static struct entry entries[ENTRIES_MAX];
static uint64_t size;

static void begin(uint32_t lag_s)
{
	memset(entries, 0, sizeof entries);
	entries[0] = (struct entry){.kind = ENTRY_GENESIS, .genesis = {.time_s = 1000, .epoch_lag_seconds = lag_s}};
	size = 1;
}

static uint64_t add(enum entry_kind kind, uint64_t time_s)
{
	entries[size] = (struct entry){.kind = kind};
	if (kind == ENTRY_SENDER)
		entries[size].sender.time_s = time_s;
	else if (kind == ENTRY_ERASURE)
		entries[size].erasure.time_s = time_s;
	else if (kind != ENTRY_BATCH)
		entries[size].event = (struct entry_event){.mass = kind == ENTRY_MASS, .time_s = time_s};
	return size++;
}

static uint64_t add_epoch(uint64_t covered)
{
	/* Its own time is no step. */
	entries[size] = (struct entry){.kind = ENTRY_EPOCH, .epoch = {.size = covered, .time_s = 1u << 30}};
	return size++;
}

/* Of up to half of what there is. */
static uint64_t add_loss(uint64_t first)
{
	entries[size] = (struct entry){.kind = ENTRY_LOSS,
		.loss = {.first = first, .end = first + randombytes_uniform((uint32_t)(size - first) / 2 + 1)}};
	return size++;
}

/* The first late event and the entry that shows it; NEVER when all are in time. */
struct verdict {
	uint64_t event, entry;
};

/* Or lost. */
static bool covered_before(uint64_t event, uint64_t entry)
{
	for (uint64_t i = 0; i < entry; i++)
		if ((entries[i].kind == ENTRY_EPOCH && entries[i].epoch.size > event) ||
			(entries[i].kind == ENTRY_LOSS && entries[i].loss.first <= event && event < entries[i].loss.end))
			return true;
	return false;
}

/* Its runs are of just the events that wait behind this entry. */
static void check_runs(const struct epoch_lag *lag, uint64_t entry)
{
	uint64_t events = 0;
	size_t run = lag->first;
	for (uint64_t i = 1; i <= entry; i++) {
		while (run < lag->end && lag->runs[run].end <= i)
			run++;
		bool in_run = run < lag->end && lag->runs[run].first <= i;
		ck_assert_int_eq(in_run, entries[i].kind == ENTRY_EVENT && !covered_before(i, entry + 1));
		events += in_run;
	}
	ck_assert_uint_eq(lag->events, events);
	for (size_t i = lag->first; i < lag->end; i++)
		ck_assert(lag->runs[i].first < lag->runs[i].end && lag->runs[i].end <= entry + 1);
}

static struct verdict judge(void)
{
	struct epoch_lag lag = {.lag_s = 0};
	struct verdict verdict = {NEVER, NEVER};
	for (uint64_t i = 0; i < size && verdict.entry == NEVER; i++) {
		enum error error = epoch_lag_entry(&lag, i, &entries[i], &verdict.event);
		if (error != E_OK) {
			ck_error(error, E_CORRUPT);
			verdict.entry = i;
		}
		check_runs(&lag, i);
	}
	epoch_lag_free(&lag);
	return verdict;
}

static void assert_verdict(uint64_t event, uint64_t entry)
{
	struct verdict verdict = judge();
	ck_assert_msg(verdict.event == event && verdict.entry == entry, "event %lu, entry %lu; expected %lu, %lu",
		verdict.event, verdict.entry, event, entry);
}

/* ---- by the words of the rule ---- */

static bool late_at(uint64_t event, uint64_t entry, uint64_t lag_s)
{
	uint64_t own, time_s, since;
	ck_assert(entry_time(&entries[event], &own));
	if (!entry_time(&entries[entry], &time_s) || covered_before(event, entry))
		return false;
	for (uint64_t i = event + 1; i <= entry; i++)
		if (entry_time(&entries[i], &since) && since > own)
			return time_s > since + lag_s;
	return false;
}

static struct verdict model(uint64_t lag_s)
{
	for (uint64_t entry = 0; entry < size; entry++)
		for (uint64_t event = 0; event < entry; event++)
			if (entries[event].kind == ENTRY_EVENT && late_at(event, entry, lag_s))
				return (struct verdict){event, entry};
	return (struct verdict){NEVER, NEVER};
}

/* EPO-9 */
START_TEST(random_logs_agree_with_the_definition)
{
	static const enum entry_kind kinds[] = {
		ENTRY_EVENT, ENTRY_EVENT, ENTRY_EVENT, ENTRY_MASS, ENTRY_BATCH, ENTRY_SENDER, ENTRY_ERASURE};
	unsigned late = 0;
	for (int round = 0; round < 3000; round++) {
		uint32_t lag_s = randombytes_uniform(12), steps = 1 + randombytes_uniform(4);
		uint64_t time_s = 1000, covered = 1;
		begin(lag_s);
		for (uint32_t i = 0, end = randombytes_uniform(60); i < end; i++) {
			time_s += randombytes_uniform(3) ? 0 : randombytes_uniform(steps + 1);
			if (randombytes_uniform(6) == 0) {
				covered += randombytes_uniform((uint32_t)(size - covered) + 1);
				add_epoch(covered);
			} else if (randombytes_uniform(12) == 0) {
				add_loss(1 + randombytes_uniform((uint32_t)size));
			} else {
				add(kinds[randombytes_uniform(7)], time_s);
			}
		}
		struct verdict wanted = model(lag_s);
		assert_verdict(wanted.event, wanted.entry);
		late += wanted.event != NEVER;
	}
	ck_assert(late > 300 && late < 2700);
}
END_TEST

/* EPO-9: the first step, whatever entry makes it; the exact second; what an epoch leaves. */
START_TEST(the_exact_second_is_in_time)
{
	begin(300);
	uint64_t event = add(ENTRY_EVENT, 1000);
	add(ENTRY_MASS, 1000);
	add(ENTRY_BATCH, 0);
	add(ENTRY_SENDER, 90000); /* stopped for a day: the lag begins here */
	add(ENTRY_ERASURE, 90300);
	assert_verdict(NEVER, NEVER);
	uint64_t entry = add(ENTRY_ERASURE, 90301);
	assert_verdict(event, entry);
	size--;
	add_epoch(event); /* does not cover it */
	assert_verdict(NEVER, NEVER);
	entry = add(ENTRY_MASS, 90301);
	assert_verdict(event, entry);
	size -= 2;
	add_epoch(event + 1);
	add(ENTRY_MASS, 990301);
	assert_verdict(NEVER, NEVER);

	/* The longest lag never runs out, and none at all runs out at the second step. */
	begin(UINT32_MAX);
	add(ENTRY_EVENT, 1000);
	add(ENTRY_EVENT, 1001);
	add(ENTRY_EVENT, 1001 + (uint64_t)UINT32_MAX);
	assert_verdict(NEVER, NEVER);
	entry = add(ENTRY_EVENT, 1002 + (uint64_t)UINT32_MAX);
	assert_verdict(1, entry);
	begin(0);
	add(ENTRY_EVENT, 1000);
	add(ENTRY_EVENT, 1001);
	assert_verdict(NEVER, NEVER);
	entry = add(ENTRY_MASS, 1002);
	assert_verdict(1, entry);
}
END_TEST

/* LOSS-5: from the first one that is lost on nothing waits any more, also when the lag of some has begun. */
/* Whoever goes on over a late event has it waiting like any other: also the one that shows it. */
START_TEST(the_event_that_shows_it_waits_too)
{
	struct epoch_lag lag = {.lag_s = 300};
	struct entry_event event = {.time_s = 1000};
	uint64_t late = 0;
	ck_ok(epoch_lag_event(&lag, 1, &event, &late));
	event.time_s = 1001;
	ck_ok(epoch_lag_event(&lag, 2, &event, &late));
	event.time_s = 1302;
	ck_error(epoch_lag_event(&lag, 3, &event, &late), E_CORRUPT);
	ck_assert_uint_eq(late, 1);
	ck_assert_uint_eq(lag.events, 3);
	ck_assert_uint_eq(lag.runs[lag.end - 1].end, 4);
	epoch_lag_free(&lag);
}
END_TEST

START_TEST(what_is_lost_waits_no_more)
{
	for (uint64_t kept = 0; kept <= 6; kept++) {
		begin(300);
		for (uint64_t i = 0; i < 3; i++)
			add(ENTRY_EVENT, 1000); /* 1, 2, 3 */
		add(ENTRY_EVENT, 1001);
		add(ENTRY_EVENT, 1001);
		entries[size] = (struct entry){.kind = ENTRY_LOSS, .loss = {.first = 1 + kept, .end = size}};
		size++;
		add(ENTRY_EVENT, 1001); /* 7, after the loss */
		add(ENTRY_MASS, 1301);
		assert_verdict(NEVER, NEVER);
		uint64_t entry = add(ENTRY_MASS, 1302);
		assert_verdict(kept == 0 ? NEVER : 1, kept == 0 ? NEVER : entry);
		size--;
		add_epoch(1 + kept); /* what is not lost */
		add(ENTRY_MASS, 1601);
		assert_verdict(NEVER, NEVER);
		entry = add(ENTRY_MASS, 1602);
		assert_verdict(7, entry);
	}
}
END_TEST

/* More events than it has room for at first, again and again: what is covered gives its room back. */
START_TEST(many_events_give_their_room_back)
{
	struct epoch_lag lag = {.lag_s = 10};
	struct entry event = {.kind = ENTRY_EVENT}, epoch = {.kind = ENTRY_EPOCH};
	uint64_t index = 1, late = NEVER;
	for (uint64_t round = 0; round < 300; round++) {
		event.event.time_s = 1000 + round / 5 * 5;
		for (uint64_t i = 0; i < 1 + round * 7 % 700; i++, index++)
			ck_ok(epoch_lag_entry(&lag, index++, &event, &late)); /* and a batch entry behind it */
		epoch.epoch.size = index - round % 3;
		ck_ok(epoch_lag_entry(&lag, index++, &epoch, &late));
	}
	ck_assert_uint_le(lag.capacity, 4096);
	epoch_lag_free(&lag);
}
END_TEST

UNIT_MAIN("epoch_lag", random_logs_agree_with_the_definition, the_exact_second_is_in_time,
	the_event_that_shows_it_waits_too, what_is_lost_waits_no_more, many_events_give_their_room_back)
