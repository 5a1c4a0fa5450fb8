#include "ingest/sequencer/pace.h"
#include "tests/lib/unit.h"

START_TEST(filing_gets_time_by_its_age)
{
	ck_assert(pace_rests(0, 4000, 15999));
	ck_assert(!pace_rests(0, 4000, 16000));
	ck_assert(pace_rests(PACE_EVEN_S / 2, 4000, 3999));
	ck_assert(!pace_rests(PACE_EVEN_S / 2, 4000, 4000));
	ck_assert(!pace_rests(PACE_EVEN_S, 4000, 0));
	ck_assert_uint_eq(pace_slices_us(PACE_EVEN_S - 1, 5000), 0);
	ck_assert_uint_eq(pace_slices_us(PACE_EVEN_S, 5000), 5000);
	ck_assert_uint_eq(pace_slices_us(3 * PACE_EVEN_S, 5000), 45000);
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

/* A writer whose time is all used: ticks of a thousand events, epochs over what was there when they began. */
struct flood {
	uint64_t event_us; /* to take an event in */
	uint64_t filed_us; /* to file one */
	uint64_t later_us; /* and from SLOW_FROM_S on, when the machine has other things to do */
	uint64_t slice_us;
	bool paced;
};

#define SECONDS 1200u
#define SLOW_FROM_S 300u
#define TICK_EVENTS 1000u
#define EPOCH_EVENTS 300000u

struct writer_time {
	uint64_t now_us;
	uint64_t unfiled;
	uint64_t epoch_left_us; /* 0: none runs */
	uint64_t epoch_events;
	struct pace_cost cost;
	uint64_t second_of[SECONDS * 2]; /* how many events came in each second */
	uint64_t oldest_second;          /* with an event that is not filed */
};

static uint64_t age(const struct writer_time *w)
{
	uint64_t second = w->now_us / 1000000;
	return w->unfiled > 0 && second > w->oldest_second ? second - w->oldest_second : 0;
}

/* With what is left to do, as far as the writer has seen what filing costs. */
static uint64_t behind(const struct writer_time *w)
{
	return age(w) + pace_left_us(&w->cost, w->unfiled) / 1000000;
}

static uint64_t filed_us(const struct writer_time *w, const struct flood *flood)
{
	return w->now_us < SLOW_FROM_S * 1000000ull ? flood->filed_us : flood->later_us;
}

static void file(struct writer_time *w)
{
	w->unfiled -= w->epoch_events;
	for (uint64_t left = w->epoch_events; left > 0;) {
		uint64_t *there = &w->second_of[w->oldest_second];
		uint64_t taken = left < *there ? left : *there;
		*there -= taken;
		left -= taken;
		if (*there == 0 && w->oldest_second < w->now_us / 1000000)
			w->oldest_second++;
	}
}

static void slice(struct writer_time *w, const struct flood *flood)
{
	if (w->epoch_left_us == 0) {
		w->epoch_events = w->unfiled < EPOCH_EVENTS ? w->unfiled : EPOCH_EVENTS;
		w->epoch_left_us = w->epoch_events * filed_us(w, flood) + 1;
		w->cost.epoch_events = w->epoch_events;
	}
	uint64_t us = w->epoch_left_us < flood->slice_us ? w->epoch_left_us : flood->slice_us;
	w->now_us += us;
	w->epoch_left_us -= us;
	w->cost.epoch_us += us;
	if (w->epoch_left_us == 0) {
		pace_learn(&w->cost, w->epoch_events);
		file(w);
		w->epoch_events = 0;
	}
}

/* The most that the oldest event was behind while entries were appended, and until all was filed. */
static uint64_t run(const struct flood *flood)
{
	static struct writer_time w;
	uint64_t most = 0;
	w = (struct writer_time){.cost.event_ns = PACE_ENTRY_NS};
	while (w.now_us < SECONDS * 1000000ull) {
		for (bool waiting = false; flood->paced && pace_ticks_wait(behind(&w), waiting); waiting = true)
			slice(&w, flood);
		if (age(&w) > most)
			most = age(&w);
		uint64_t tick_us = TICK_EVENTS * flood->event_us;
		w.now_us += tick_us;
		w.second_of[w.now_us / 1000000] += TICK_EVENTS;
		w.unfiled += TICK_EVENTS;
		uint64_t until_us = w.now_us + (flood->paced ? pace_slices_us(behind(&w), tick_us) : 0);
		do
			slice(&w, flood);
		while (w.now_us < until_us);
	}
	while (w.unfiled > 0) {
		slice(&w, flood);
		if (age(&w) > most)
			most = age(&w);
	}
	return most;
}

/* EPO-9: whatever filing costs, no entry is appended while an event waits for long. */
START_TEST(a_flood_of_new_people)
{
	static const struct flood floods[] = {{28, 250, 250, 4000, true}, {28, 60, 60, 4000, true},
		{10, 300, 300, 4000, true}, {28, 1000, 1000, 4000, true}, {28, 250, 250, 100000, true},
		{300, 250, 250, 4000, true}, {28, 50, 1000, 4000, true}, {28, 60, 400, 4000, true}, {28, 1000, 50, 4000, true}};
	for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
		struct flood left_to_itself = floods[i];
		ck_assert_uint_lt(run(&floods[i]), 60);
		left_to_itself.paced = false;
		if (floods[i].filed_us / floods[i].event_us > 4 && floods[i].slice_us < 10000)
			ck_assert_uint_gt(run(&left_to_itself), 300);
	}
}
END_TEST

/* And where filing costs no more than taking in does, nobody waits for more than half a minute. */
START_TEST(nobody_waits_for_long)
{
	static const struct flood floods[] = {
		{28, 12, 12, 4000, true}, {16, 25, 25, 4000, true}, {28, 28, 28, 4000, true}, {28, 12, 30, 4000, true}};
	for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++)
		ck_assert_uint_lt(run(&floods[i]), 30);
}
END_TEST

UNIT_MAIN("pace", filing_gets_time_by_its_age, learns_what_filing_costs, one_dear_epoch_is_unlearned,
	a_flood_of_new_people, nobody_waits_for_long)
