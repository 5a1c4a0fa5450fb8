/* The thread that files beside ticks. It has the running epoch while it does those of its slices that need no writer
 * (ledger_epoch_beside), and then gives it back.
 *
 *   tick thread:   start ─► give ──────────────► its own slices ─► give ─► ... ─► the tick that ends the epoch
 *   filing thread:               its slices ─► back                  its slices ─► back
 *
 * A slice that fails gives the epoch back too; what failed the tick thread hears from its own next slice. Calls are the
 * tick thread's. */
#pragma once

#include "ingest/sequencer/job.h"

#include <stdatomic.h>

/* Invariant: who `has_epoch` is true for touches it, and nobody else. */
struct filer {
	struct ledger *ledger;
	struct queue *nudged; /* of the tick thread, when the epoch comes back */
	pthread_t thread;
	bool begun;
	pthread_mutex_t mutex; /* over has_epoch */
	pthread_cond_t changed;
	bool has_epoch;
	_Atomic bool ends;
	/* Of the epoch that it has. */
	_Atomic uint64_t us; /* that its slices took, and nobody has asked for yet */
	_Atomic uint64_t events;
};

void filer_init(struct filer *filer, struct ledger *ledger, struct queue *nudged);
enum error filer_start(struct filer *filer) MUST_USE;
/* The running epoch, whose next slice needs no writer. */
void filer_give(struct filer *filer);
bool filer_has_epoch(struct filer *filer);
/* Until it has no epoch any more, or for so long. */
void filer_wait(struct filer *filer, unsigned ms);
/* How long its slices took since this was asked last. */
uint64_t filer_take_us(struct filer *filer);
/* How many events the epoch files that it has, as far as it is known. */
uint64_t filer_events(const struct filer *filer);
/* Ends the thread after the slice that it is at. */
void filer_stop(struct filer *filer);
void filer_free(struct filer *filer);
