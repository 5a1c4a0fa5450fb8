/* One clock for all that waits, and not the one that is set: a deadline must not move because somebody has put the wall
 * clock right. */
#include "ledger/base/clock.h"

#define NS_PER_S 1000000000u

static uint64_t read_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_us(void)
{
	return clock_ns() / 1000;
}

uint64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

uint64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

struct timespec clock_in(unsigned ms)
{
	uint64_t ns = clock_ns() + (uint64_t)ms * 1000000;
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}
