/* How fast a sender may be read from, by the limits of its registration. Pure. spec/frame.md
 *
 * What was taken is paid for by the time that goes by, with a second's worth to begin with. A batch is taken whole,
 * however large, and then nothing until it is paid for: so nothing has to be refused, and TCP slows the sender. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
	uint32_t per_second; /* 0: none */
	uint64_t paid_us;    /* when all that was taken is paid for */
};

struct rate {
	struct rate_limit events, bytes;
};

/* What is owed stays owed, and is paid at the new speed; without a limit nothing is. */
void rate_set(struct rate *rate, uint32_t events_per_second, uint32_t bytes_per_second, uint64_t now_us);
void rate_take(struct rate *rate, uint32_t events, uint64_t bytes, uint64_t now_us);
/* Nothing more should be taken now. */
bool rate_is_spent(const struct rate *rate, uint64_t now_us);
