/* A few threads beside a loop: work is given to them in the order in which it comes, and what is done comes back
 * through a list and an eventfd. Knows neither HTTP nor libevent. */
#pragma once

#include "ledger/base/error.h"

#include <stdbool.h>

#define WORKERS_MAX 8u

/* First member of whatever is worked on. It is in one place at a time: given, in hand, waiting elsewhere, or done. */
struct work {
	struct work *next;
	bool goes_on; /* it is an answer's that goes on (streams.h); whoever makes it says so, here nobody asks */
};

enum work_end {
	WORK_DONE,
	WORK_LATER, /* called with it again after the next workers_wake, also one that comes before this returns */
	WORK_AWAY,  /* with somebody who hands it to workers_done */
};

typedef enum work_end work_function(void *context, struct work *work);

struct workers;

/* `function` is called in the threads, for several pieces of work at once if `count` is over 1. E_NO_MEMORY, E_IO. */
enum error workers_new(
	uint32_t count, work_function *function, void *context, struct workers **out, struct fault *fault) MUST_USE;
/* Begins; no signal is delivered to the threads but for a fault of their own. E_IO. */
enum error workers_start(struct workers *workers, struct fault *fault) MUST_USE;
/* Lets them end what they have in hand, begins nothing more, and waits for them. */
void workers_stop(struct workers *workers);
/* Stopped. What was given and not taken back is handed to `release`. */
void workers_free(struct workers *workers, void (*release)(struct work *work));

/* What could not be done yet may be done now. Any thread, until workers_free. */
void workers_wake(struct workers *workers);
/* What waited for somebody is done. Any thread; before workers_free. */
void workers_done(struct workers *workers, struct work *work);

/* Any thread; before workers_free. */
void workers_give(struct workers *workers, struct work *work);

/* ---- the loop's side ---- */

/* Makes workers_fd readable, though nothing may be done. Any thread, until workers_free. */
void workers_tell(struct workers *workers);
/* Readable when something is done. */
int workers_fd(const struct workers *workers);
/* All that is done, by `next`, in the order in which it was; makes the descriptor unreadable again. */
struct work *workers_take(struct workers *workers);
