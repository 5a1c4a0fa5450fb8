/* Work that threads do ahead of the one that needs it, and that this one takes in the order in which it gave it.
 *
 *   jobs_next ─► fill it in ─► jobs_give ─► one of the workers works on it ─► jobs_take ─► use it ─► jobs_drop
 *
 * The one that gives and takes is worker 0: while it waits for what it is to take it works itself on what nobody has
 * begun. So with one worker there is no other thread, and all that is given is worked on when it is taken.
 *
 * `work` runs in several threads at once, each time with another job and another worker's number, below `workers`.
 * What is written in a job before jobs_give it sees, and what it writes is seen after jobs_take. */
#pragma once

#include "ledger/base/error.h"
#include "ledger/base/own.h"

#define JOBS_WORKERS_MAX 64u

struct jobs;

typedef void jobs_work(void *context, unsigned worker, void *job);

/* How many processors there are for it, at most JOBS_WORKERS_MAX. */
unsigned jobs_processors(void);

/* With room for `places` jobs (at least one) of `job_bytes` each, all zero at first and kept as they are left from one
 * use to the next. A thread that cannot be started is done without. E_NO_MEMORY. */
enum error jobs_open(
	unsigned workers, jobs_work *work, void *context, size_t places, size_t job_bytes, struct jobs **out) MUST_USE;
/* Waits for what is being worked on; what nobody has begun is left. */
void jobs_close(struct jobs *jobs);
OWN(jobs, jobs_close);

/* The place of the next job, to be filled in; NULL: there is no room until one is dropped. */
void *jobs_next(struct jobs *jobs);
void jobs_give(struct jobs *jobs);
/* The oldest job that was given, when it is done; NULL: there is none. The same one until it is dropped. */
void *jobs_take(struct jobs *jobs);
void jobs_drop(struct jobs *jobs);
