/* Threads beside the one that a program's signals are for. */
#pragma once

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
