/* From PACE_EVEN_S on the rest grows with the square, so that filing catches up with most loads before ticks have to
 * wait. What is left to do is a guess that errs towards too much: an event costs the dearer of what was learned and
 * what the running epoch has shown, and of the time that epoch has taken only what was learned for it counts as work
 * done. Too much costs senders a little patience, too little the lag.
 *
 * Nothing can fail and nothing is kept but what was learned: a wrong guess makes senders wait, or filing catch up
 * later, and is put right by the next epoch. */
#include "ingest/sequencer/pace.h"

uint64_t pace_rest_us(uint64_t behind_s, uint64_t ticks_us)
{
	if (behind_s < PACE_EVEN_S)
		return 0;
	uint64_t most_us = PACE_REST_US_MAX * PACE_EVEN_S * PACE_EVEN_S / (behind_s * behind_s);
	return ticks_us > most_us ? PACE_REST_US_MAX : ticks_us * behind_s * behind_s / (PACE_EVEN_S * PACE_EVEN_S);
}

/* Two thresholds: with one of them ticks would be let go and stopped again all the time. */
bool pace_ticks_wait(uint64_t behind_s, bool waiting)
{
	return behind_s >= (waiting ? PACE_AGAIN_S : PACE_FIRST_S);
}

uint64_t pace_left_us(const struct pace_cost *cost, uint64_t waiting)
{
	uint64_t events = cost->epoch_events;
	uint64_t so_far_ns = events < PACE_LEARN_EVENTS ? 0 : cost->epoch_us * 1000 / events;
	uint64_t event_ns = so_far_ns > cost->event_ns ? so_far_ns : cost->event_ns;
	uint64_t all_us = waiting * event_ns / 1000;
	uint64_t learned_us = events * cost->event_ns / 1000;
	uint64_t done_us = cost->epoch_us < learned_us ? cost->epoch_us : learned_us;
	return all_us > done_us ? all_us - done_us : 0;
}

void pace_learn(struct pace_cost *cost, uint64_t events)
{
	uint64_t ns = events == 0 ? UINT64_MAX : cost->epoch_us * 1000 / events;
	if (events >= PACE_LEARN_EVENTS || ns < cost->event_ns)
		cost->event_ns = ns > cost->event_ns ? ns : (cost->event_ns + ns) / 2;
	cost->epoch_events = 0;
	cost->epoch_us = 0;
}
