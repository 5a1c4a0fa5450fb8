#include "ingest/sequencer/pace.h"
#include "tests/lib/unit.h"

START_TEST(ticks_rest_by_how_far_filing_is_behind)
{
	ck_assert_uint_eq(pace_rest_us(PACE_EVEN_S - 1, 5000), 0);
	ck_assert_uint_eq(pace_rest_us(PACE_EVEN_S, 5000), 5000);
	ck_assert_uint_eq(pace_rest_us(3 * PACE_EVEN_S, 5000), 45000);
	ck_assert_uint_eq(pace_rest_us(3 * PACE_EVEN_S, 0), 0);
	ck_assert_uint_eq(pace_rest_us(3 * PACE_EVEN_S, 1000000), PACE_REST_US_MAX);
	ck_assert_uint_eq(pace_rest_us(300, 1000000000), PACE_REST_US_MAX);
	ck_assert(!pace_ticks_wait(PACE_FIRST_S - 1, false));
	ck_assert(pace_ticks_wait(PACE_FIRST_S, false));
	ck_assert(pace_ticks_wait(PACE_AGAIN_S, true));
	ck_assert(!pace_ticks_wait(PACE_AGAIN_S - 1, true));
}
END_TEST

/* What an epoch takes is believed while it runs, and when it has ended; a cheaper one half. What a dear one has taken
 * beyond what was thought brings its end no nearer. */
START_TEST(learns_what_filing_costs)
{
	struct pace_cost cost = {.event_ns = 100000};
	ck_assert_uint_eq(pace_left_us(&cost, 20000), 2000000);
	cost.epoch_events = 10000;
	cost.epoch_us = 400000;
	ck_assert_uint_eq(pace_left_us(&cost, 20000), 1600000);
	cost.epoch_us = 3000000; /* three times what was thought, and not at its end yet */
	ck_assert_uint_eq(pace_left_us(&cost, 20000), 5000000);
	ck_assert_uint_eq(pace_left_us(&cost, 10000), 2000000);
	pace_learn(&cost, 10000);
	ck_assert_uint_eq(cost.event_ns, 300000);
	ck_assert_uint_eq(pace_left_us(&cost, 10000), 3000000);
	cost.epoch_us = 1000000;
	pace_learn(&cost, 10000);
	ck_assert_uint_eq(cost.event_ns, 200000);
	cost.epoch_us = 1000000;
	cost.epoch_events = PACE_LEARN_EVENTS - 1;
	ck_assert_uint_eq(pace_left_us(&cost, 10000), 1800200); /* all but its own */
	pace_learn(&cost, PACE_LEARN_EVENTS - 1);
	ck_assert_uint_eq(cost.event_ns, 200000);
	ck_assert_uint_eq(cost.epoch_us, 0);
}
END_TEST

/* A disk that stood still for one epoch is forgotten, however small those after it are: an event costs no more than
 * they show. */
START_TEST(one_dear_epoch_is_unlearned)
{
	struct pace_cost cost = {.event_ns = 100000, .epoch_us = 600000000};
	pace_learn(&cost, PACE_LEARN_EVENTS);
	ck_assert_uint_eq(cost.event_ns, 600000000);
	for (unsigned i = 0; i < 20; i++) {
		cost.epoch_us = 99900;
		pace_learn(&cost, PACE_LEARN_EVENTS - 1);
	}
	ck_assert_uint_le(cost.event_ns, 101000);
	ck_assert_uint_ge(cost.event_ns, 100000);
	ck_assert(!pace_ticks_wait(pace_left_us(&cost, 84) / 1000000, false));
	cost.epoch_us = 1000000;
	pace_learn(&cost, 1); /* that it took long says nothing */
	ck_assert_uint_le(cost.event_ns, 101000);
	cost.epoch_us = 0;
	pace_learn(&cost, 0);
	ck_assert_uint_ge(cost.event_ns, 100000);
}
END_TEST

/* Two threads whose time is all used, on two cores or by turns on one: ticks of a thousand events, and epochs over what
 * was there when they began. */
struct flood {
	uint64_t event_us; /* to take an event in */
	uint64_t filed_us; /* to file one */
	uint64_t later_us; /* and from SLOW_FROM_S on, when the machine has other things to do */
	bool one_core;
	bool paced;
};

#define SECONDS 1200u
#define SLOW_FROM_S 300u
#define TICK_EVENTS 1000u
#define EPOCH_EVENTS 300000u

struct threads {
	uint64_t now_us;
	uint64_t unfiled;
	uint64_t epoch_left_us; /* 0: none runs */
	uint64_t epoch_events;
	struct pace_cost cost;
	uint64_t second_of[SECONDS * 2]; /* how many events came in each second */
	uint64_t oldest_second;          /* with an event that is not filed */
};

static uint64_t age(const struct threads *t)
{
	uint64_t second = t->now_us / 1000000;
	return t->unfiled > 0 && second > t->oldest_second ? second - t->oldest_second : 0;
}

/* With what is left to do, as far as it has been seen what filing costs. */
static uint64_t behind(const struct threads *t)
{
	return age(t) + pace_left_us(&t->cost, t->unfiled) / 1000000;
}

static void end_epoch(struct threads *t)
{
	pace_learn(&t->cost, t->epoch_events);
	t->unfiled -= t->epoch_events;
	for (uint64_t left = t->epoch_events; left > 0;) {
		uint64_t *there = &t->second_of[t->oldest_second];
		uint64_t taken = left < *there ? left : *there;
		*there -= taken;
		left -= taken;
		if (*there == 0 && t->oldest_second < t->now_us / 1000000)
			t->oldest_second++;
	}
	t->epoch_events = 0;
}

static void begin_epoch(struct threads *t, const struct flood *flood)
{
	uint64_t event_us = t->now_us < SLOW_FROM_S * 1000000ull ? flood->filed_us : flood->later_us;
	t->epoch_events = t->unfiled < EPOCH_EVENTS ? t->unfiled : EPOCH_EVENTS;
	t->epoch_left_us = t->epoch_events * event_us;
	t->cost.epoch_events = t->epoch_events;
}

/* Time goes on; the filing thread has `share` per cent of it. */
static void go_on(struct threads *t, const struct flood *flood, uint64_t us, uint64_t share)
{
	t->now_us += us;
	if (t->epoch_events == 0 && t->unfiled > 0)
		begin_epoch(t, flood);
	if (t->epoch_events == 0)
		return;
	uint64_t done_us = us * share / 100;
	t->cost.epoch_us += us;
	t->epoch_left_us -= done_us < t->epoch_left_us ? done_us : t->epoch_left_us;
	if (t->epoch_left_us == 0)
		end_epoch(t);
}

static void tick(struct threads *t, const struct flood *flood)
{
	uint64_t tick_us = TICK_EVENTS * flood->event_us;
	go_on(t, flood, flood->one_core ? 2 * tick_us : tick_us, flood->one_core ? 50 : 100);
	t->second_of[t->now_us / 1000000] += TICK_EVENTS;
	t->unfiled += TICK_EVENTS;
	if (flood->paced)
		go_on(t, flood, pace_rest_us(behind(t), tick_us), 100);
}

/* The most that the oldest event was behind while entries were appended, and until all was filed; and for how long no
 * tick came at most. */
static uint64_t run(const struct flood *flood, uint64_t *stood_us)
{
	static struct threads t;
	uint64_t most = 0;
	*stood_us = 0;
	t = (struct threads){.cost.event_ns = PACE_ENTRY_NS};
	while (t.now_us < SECONDS * 1000000ull) {
		uint64_t from_us = t.now_us;
		for (bool waiting = false; flood->paced && pace_ticks_wait(behind(&t), waiting); waiting = true)
			go_on(&t, flood, 4000, 100);
		if (t.now_us > 60000000 && t.now_us - from_us > *stood_us)
			*stood_us = t.now_us - from_us;
		if (age(&t) > most)
			most = age(&t);
		tick(&t, flood);
	}
	while (t.unfiled > 0) {
		go_on(&t, flood, 4000, 100);
		if (age(&t) > most)
			most = age(&t);
	}
	return most;
}

/* EPO-9: whatever filing costs, no entry is appended while an event waits for long. */
START_TEST(a_flood_of_new_people)
{
	static const struct flood floods[] = {{28, 250, 250, false, true}, {28, 60, 60, false, true},
		{10, 300, 300, true, true}, {28, 1000, 1000, false, true}, {28, 250, 250, true, true},
		{300, 250, 250, true, true}, {28, 50, 1000, false, true}, {28, 60, 400, true, true},
		{28, 1000, 50, false, true}};
	for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
		struct flood left_to_itself = floods[i];
		uint64_t stood_us;
		ck_assert_uint_lt(run(&floods[i], &stood_us), 60);
		left_to_itself.paced = false;
		if (floods[i].filed_us / floods[i].event_us > 4)
			ck_assert_uint_gt(run(&left_to_itself, &stood_us), 300);
	}
}
END_TEST

/* And where filing costs no more than taking in does, or three times as much with a core of its own, nobody waits for
 * more than half a minute, and ticks never stand still. */
START_TEST(nobody_waits_for_long)
{
	static const struct flood floods[] = {{28, 12, 12, false, true}, {16, 25, 25, false, true},
		{28, 28, 28, true, true}, {3, 8, 8, false, true}, {3, 10, 10, false, true}, {3, 6, 10, true, true}};
	for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
		uint64_t stood_us;
		ck_assert_uint_lt(run(&floods[i], &stood_us), 30);
		ck_assert_uint_eq(stood_us, 0);
	}
}
END_TEST

UNIT_MAIN("pace", ticks_rest_by_how_far_filing_is_behind, learns_what_filing_costs, one_dear_epoch_is_unlearned,
	a_flood_of_new_people, nobody_waits_for_long)
