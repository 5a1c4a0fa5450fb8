/* The clock that nobody sets (CLOCK_MONOTONIC), but for clock_wall_ns: for waiting and measuring, and the same for all
 * processes of a machine. Which time a ledger believes is ledger/write/wall_clock.h's business. */
#pragma once

#include <stdint.h>
#include <time.h>

uint64_t clock_ns(void);
uint64_t clock_us(void);
uint64_t clock_ms(void);
/* What the machine says the time is for people, since 1970; unchecked. */
uint64_t clock_wall_ns(void);
/* What CLOCK_MONOTONIC says in `ms` from now, as pthread_cond_timedwait wants it of a condition that waits by it. */
struct timespec clock_in(unsigned ms);
