/* How much ticks hold back for filing, which has a thread of its own. Pure. spec/epoch.md
 *
 * An event must be filed before the log's time has gone on for the log's lag (EPO-9), or no audit of the log will ever
 * hold again. Filing an event about somebody new costs several times what taking it in does, so a flood of new people
 * would leave filing behind for good if ticks went on as they like. What decides is how far filing is behind: the age
 * of the oldest event that is not filed, and the time that filing all that is there would take, since that is how old
 * the newest of it will be:
 *
 *   below PACE_EVEN_S      ticks go on as they come
 *   from PACE_EVEN_S on    they rest as long as they took, four times as long at twice that, and so on
 *   from PACE_FIRST_S on   they wait until it is below PACE_AGAIN_S
 *
 * So senders are slowed by TCP, little by little, and the machine's time goes to filing instead. All in seconds of the
 * log's time, in which the lag counts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PACE_EVEN_S 8u
#define PACE_AGAIN_S 18u
#define PACE_REST_US_MAX 1000000u /* the clock, the files and whoever asks for something are looked at in between */
#define PACE_ENTRY_NS 250000u     /* what filing an event about somebody new takes, before an epoch has told */
#define PACE_LEARN_EVENTS 1000u   /* fewer say only what an event costs at most */
#define PACE_FIRST_S 22u /* nobody waits longer than half a minute to be filed, the next epoch's time included */

/* How long ticks rest that took `ticks_us`; at most PACE_REST_US_MAX. */
uint64_t pace_rest_us(uint64_t behind_s, uint64_t ticks_us);
/* Whether ticks wait; `waiting`: they do already. */
bool pace_ticks_wait(uint64_t behind_s, bool waiting);

/* What filing costs, as far as it has been seen. */
struct pace_cost {
	uint64_t event_ns;     /* about what filing an event takes */
	uint64_t epoch_events; /* how many the running epoch files, as far as it is known; 0: none runs */
	uint64_t epoch_us;     /* what it has taken so far */
};

/* What filing `waiting` events would take, those of the running epoch among them. An epoch that takes longer than was
 * thought says so while it runs: a machine that has become slow is not believed to be fast until the epoch has ended.
 */
uint64_t pace_left_us(const struct pace_cost *cost, uint64_t waiting);
/* The running epoch has ended and has filed `events`; 0: it was given up, or filed nothing. A dearer one is believed at
 * once if it is large enough, a cheaper one by half however small it is. */
void pace_learn(struct pace_cost *cost, uint64_t events);
