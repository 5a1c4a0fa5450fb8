/* How much of the writer's thread filing gets beside ticks. Pure. spec/epoch.md
 *
 * An event must be filed before the log's time has gone on for the log's lag (EPO-9), or no audit of the log will ever
 * hold again. Filing an event about somebody new costs several times what taking it in does, so a flood of new people
 * would leave filing behind for good if it got only what ticks leave over. What decides is the age of the oldest event
 * that is not filed:
 *
 *   below PACE_EVEN_S / 2   a slice rests four times as long as it took, while ticks have work
 *   below PACE_EVEN_S       as long as it took
 *   from PACE_EVEN_S on     slices take as much time as ticks did, and the more the older it is
 *   from PACE_FIRST_S on    ticks wait until the oldest is younger than PACE_EVEN_S: senders are slowed by TCP
 *
 * All in seconds of the log's time, in which the lag counts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PACE_EVEN_S 20u
#define PACE_FIRST_S 70u /* far below the least lag of any log, 300: the next epoch takes its time too */

/* Whether a slice waits: `rested_us` since the last one, which took `slice_us`. */
bool pace_rests(uint64_t behind_s, uint64_t slice_us, uint64_t rested_us);
/* How long slices go on after ticks that took `ticks_us`; 0: a single one. */
uint64_t pace_slices_us(uint64_t behind_s, uint64_t ticks_us);
/* Whether ticks wait; `waiting`: they do already. */
bool pace_ticks_wait(uint64_t behind_s, bool waiting);
