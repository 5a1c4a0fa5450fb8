/* The clock that entries take their time from: the later of the machine's clock and the log. spec/clock.md
 *
 * A log's time cannot be taken back, so one wrong reading of the machine's clock would stand in it for good. A reading
 * is good when it lies at most CLOCK_JUMP_SECONDS_MAX after the newest entry, after a time that this process has found
 * good before (a process that runs follows the clock while nothing is reported), or when an operator has confirmed it
 * in the file DIR/clock. Nothing is signed by one that is not good.
 *
 *   machine behind the log    good; entries bear the log's time, which stands still until the machine has caught up
 *   machine a little ahead    good
 *   machine far ahead         E_CLOCK, until it is back or confirmed */
#pragma once

#include "ledger/base/error.h"

#include <pthread.h>

struct wall_clock {
	pthread_mutex_t mutex;
	int dir_fd;     /* of the ledger, borrowed */
	uint64_t log_s; /* the least that the next entry may bear; 0: the log has no entry yet */
	uint64_t seen_s;
};

void wall_clock_init(struct wall_clock *clock, int dir_fd);
void wall_clock_destroy(struct wall_clock *clock);
/* The next entry bears at least this time. *Any thread*, as are those below. */
void wall_clock_follow(struct wall_clock *clock, uint64_t log_s);
/* The time that an entry would bear now. E_CLOCK, and a text that says what to do. */
enum error wall_clock_now(struct wall_clock *clock, uint64_t *out_s, struct fault *fault) MUST_USE;

/* The rule alone. `known_s`: the newest entry's time or a later one that was found good; `confirmed_s` 0: nothing is.
 */
bool wall_clock_good(uint64_t now_s, uint64_t known_s, uint64_t confirmed_s);
/* What DIR/clock says. E_NOT_FOUND: nothing is confirmed. E_BAD_VALUE: it holds something else than a time. */
enum error wall_clock_confirmed(int dir_fd, uint64_t *out_s) MUST_USE;
/* Writes that this time is right: one line, as in RFC 3339. */
enum error wall_clock_confirm(int dir_fd, uint64_t now_s) MUST_USE;
