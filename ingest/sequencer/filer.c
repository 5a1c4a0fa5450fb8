/* waits ─► is given an epoch ─► a slice, and another while they are its own ─► gives it back ─► waits ...
 *
 * Nothing can fail here: what a slice ends with stands in the epoch. The mutex hands the epoch over, so whatever one
 * thread has done to it the other sees; no slice runs under it. */
#include "ingest/sequencer/filer.h"

#include "ledger/base/clock.h"
#include "ledger/base/thread.h"

void filer_init(struct filer *filer, struct ledger *ledger, struct queue *nudged)
{
	*filer = (struct filer){.ledger = ledger, .nudged = nudged};
	pthread_mutex_init(&filer->mutex, NULL);
	thread_cond_init(&filer->changed);
}

static void set_has_epoch(struct filer *filer, bool has_epoch)
{
	LOCKED(&filer->mutex);
	filer->has_epoch = has_epoch;
	pthread_cond_broadcast(&filer->changed);
}

static bool wait_for_epoch(struct filer *filer)
{
	LOCKED(&filer->mutex);
	while (!filer->has_epoch && !atomic_load(&filer->ends))
		pthread_cond_wait(&filer->changed, &filer->mutex);
	return !atomic_load(&filer->ends);
}

static void *filer_main(void *context)
{
	struct filer *filer = context;
	while (wait_for_epoch(filer)) {
		bool more = true;
		while (more && !atomic_load(&filer->ends)) {
			uint64_t start_us = clock_us();
			more = ledger_epoch_beside(filer->ledger);
			atomic_fetch_add(&filer->us, clock_us() - start_us);
			atomic_store(&filer->events, ledger_epoch_events(filer->ledger));
		}
		set_has_epoch(filer, false);
		queue_nudge(filer->nudged);
	}
	return NULL;
}

enum error filer_start(struct filer *filer)
{
	errno = thread_start(&filer->thread, filer_main, filer);
	filer->begun = errno == 0;
	return filer->begun ? E_OK : E_NO_MEMORY;
}

void filer_give(struct filer *filer)
{
	atomic_store(&filer->events, ledger_epoch_events(filer->ledger));
	set_has_epoch(filer, true);
}

bool filer_has_epoch(struct filer *filer)
{
	LOCKED(&filer->mutex);
	return filer->has_epoch;
}

void filer_wait(struct filer *filer, unsigned ms)
{
	struct timespec until = clock_in(ms);
	LOCKED(&filer->mutex);
	while (filer->has_epoch)
		if (pthread_cond_timedwait(&filer->changed, &filer->mutex, &until) == ETIMEDOUT)
			break;
}

uint64_t filer_take_us(struct filer *filer)
{
	return atomic_exchange(&filer->us, 0);
}

uint64_t filer_events(const struct filer *filer)
{
	return atomic_load(&filer->events);
}

void filer_stop(struct filer *filer)
{
	if (!filer->begun)
		return;
	pthread_mutex_lock(&filer->mutex);
	atomic_store(&filer->ends, true);
	pthread_cond_broadcast(&filer->changed);
	pthread_mutex_unlock(&filer->mutex);
	pthread_join(filer->thread, NULL);
	filer->begun = false;
}

void filer_free(struct filer *filer)
{
	filer_stop(filer);
	pthread_mutex_destroy(&filer->mutex);
	pthread_cond_destroy(&filer->changed);
}
