/* Which of a sender's events are looked at, where it has more than can be: one of each block of 2^k sequences, by
 * chance but always the same, and of a block of 2^(k+1) one of the two of its halves. So a sample that is thinned is
 * still one, what was looked at is not looked at again, and no habit of a sender (two events for each access) falls in
 * step with it. spec/quality.md (QLT-3) */
#pragma once

#include <stdint.h>

#define SAMPLE_EVENTS_MAX 1024u

/* The smallest k with which blocks of 2^k from the one that holds `from` on to the one before `end` are at most
 * SAMPLE_EVENTS_MAX. */
uint32_t sample_level(uint64_t from, uint64_t end);
/* The sequence that is looked at of a block; it may lie outside of what there is at either end. */
uint64_t sample_of(uint32_t sender, uint64_t block, uint32_t level);
