/* In microseconds: at 65,536 events a second one costs 15 of them, and a batch of few is not rounded to nothing. */
#include "ingest/daemon/rate.h"

#define SECOND_US 1000000u

/* What is owed is so many events or bytes: at another speed they take another time. */
static void set(struct rate_limit *limit, uint32_t per_second, uint64_t now_us)
{
	uint64_t owed_us = limit->paid_us > now_us ? limit->paid_us - now_us : 0;
	if (per_second == 0)
		limit->paid_us = 0;
	else if (owed_us > 0)
		limit->paid_us = now_us + owed_us * limit->per_second / per_second;
	limit->per_second = per_second;
}

void rate_set(struct rate *rate, uint32_t events_per_second, uint32_t bytes_per_second, uint64_t now_us)
{
	set(&rate->events, events_per_second, now_us);
	set(&rate->bytes, bytes_per_second, now_us);
}

/* Who was silent has saved a second, and no more. */
static void take(struct rate_limit *limit, uint64_t count, uint64_t now_us)
{
	uint64_t saved_us = now_us > SECOND_US ? now_us - SECOND_US : 0;
	if (limit->per_second == 0)
		return;
	if (limit->paid_us < saved_us)
		limit->paid_us = saved_us;
	limit->paid_us += count * SECOND_US / limit->per_second;
}

void rate_take(struct rate *rate, uint32_t events, uint64_t bytes, uint64_t now_us)
{
	take(&rate->events, events, now_us);
	take(&rate->bytes, bytes, now_us);
}

bool rate_is_spent(const struct rate *rate, uint64_t now_us)
{
	return rate->events.paid_us > now_us || rate->bytes.paid_us > now_us;
}
