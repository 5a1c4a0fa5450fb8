/* Threads beside the one that a program's signals are for. */
#pragma once

#include "ledger/base/own.h"

#include <pthread.h>
#include <signal.h>

/* pthread_create (an errno, or 0) of a thread that no signal is delivered to but those of its own faults: a fault that
 * is blocked ends the process at once, and no handler says why (ledger/db/db_file.h). */
static inline int thread_start(pthread_t *out, void *(*run)(void *context), void *context)
{
	static const int faults[] = {SIGBUS, SIGSEGV, SIGILL, SIGFPE};
	sigset_t blocked, before;
	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	int failed = pthread_create(out, NULL, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

/* Holds the mutex until the block ends, whichever way it ends. */
#define LOCKED(mutex) OWNED(thread_unlock) pthread_mutex_t *thread_locked = thread_lock(mutex)

static inline pthread_mutex_t *thread_lock(pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
	return mutex;
}

static inline void thread_unlock(pthread_mutex_t **mutex)
{
	pthread_mutex_unlock(*mutex);
}

/* A condition that waits by the clock that nobody sets (clock_in). */
static inline void thread_cond_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}
