/* What sequencer.c (threads, preparing, ticks), greeting.c (hellos) and epochs.c (filing between ticks) share. Not for
 * others. */
#pragma once

#include "ingest/sequencer/filer.h"
#include "ingest/sequencer/pace.h"
#include "ingest/sequencer/sequencer.h"

#include <stdatomic.h>

/* ---- limits; when ticks hold back for filing is pace.h's ---- */

/* Between tries when the disk is full; also the beat of idle work. */
#define RETRY_MS 1000
/* Prepared batches are handed over together: single small ones would cost a wake-up each. */
#define HAND_OVER_JOBS 16
#define HAND_OVER_BYTES 262144
/* Of one batch; a month does not change so often, so more says that something else is wrong. */
#define PREPARED_AGAIN_MAX 3
/* A snapshot that is held longer is told of: most who read are done by then. */
#define HELD_LONG_S 300
/* Checkpoints that wait to be written as evidence; one is enough to keep the ledger from starting. */
#define SHOWN_MAX 16
/* The log's time has stood still: what is not filed is filed before it goes on. */
#define STANDSTILL_S 60
/* Whatever was asked for: events are filed in time. */
#define EPOCH_SECONDS_MOST (EPOCH_LAG_SECONDS_DEFAULT / 2)
/* And two epochs: longer than any load explains (pace.h), so an operator is told. */
#define LATE_MS 100000
/* Of waiting for the filing thread, before everything else is looked at again. */
#define BESIDE_MS 100
/* Filing all of it may take a while, and each batch asks for it. */
#define UNFILED_RETRY_MS 5000

struct shown;

/* Invariants: what stands below "tick thread only" is touched by no other thread; `preparing` is held for as long as
 * the preparer works, also by the tick thread when it prepares again; once `halted` nothing is appended any more,
 * and only a new process with the newer store takes that back. */
struct sequencer {
	struct sequencer_options options;
	struct health *health;
	struct preparer *preparer;
	pthread_mutex_t preparing; /* over the preparer: what a tick finds out of date is prepared again by its thread */
	pthread_t prepare_thread;
	pthread_t tick_thread;
	struct filer filer;
	struct queue submitted;
	struct queue prepared;
	struct queue done;
	_Atomic bool stopping;
	_Atomic bool halted;       /* a sender holds a receipt that this store does not extend */
	pthread_mutex_t unwritten; /* over what follows */
	struct shown *shown;       /* what shows that, and is in no file yet */
	uint64_t shown_ms;         /* when it was tried last */

	/* tick thread only */
	struct job *epoch_waiters; /* `number`: how many entries epochs must cover; UINT64_MAX: not said yet */
	bool epoch_rests;          /* nothing may be signed: there is nothing to hurry for */
	uint64_t epoch_ended_ms;
	uint64_t filed_ms;     /* when everything was filed last, or an epoch came to its end */
	uint64_t ticks_us;     /* what ticks took since they last rested */
	struct pace_cost cost; /* what filing was seen to take */
	uint64_t oldest_s;     /* ledger time of the oldest event that is not filed; UINT64_MAX: not known, or none */
	uint64_t oldest_from;  /* where the search for it ended */
	bool epoch_failed;     /* what cannot be filed does not keep ticks waiting, but see epochs_file_all */
	char failed_why[FAULT_TEXT_MAX + 1]; /* what was said of the last epoch, if it failed */
	uint64_t unfiled_ms;                 /* when that was tried last, and failed; 0: it was not */
	int held_pid;                        /* who was said to hold an old snapshot */
	bool behind_said;                    /* that the clock is before the log */
	uint32_t alarm_sender;               /* the batch that the last alarm was about */
	uint64_t alarm_sequence;
	uint8_t receipt[RECEIPT_BYTES_MAX];
};

/* Hands jobs back to the network thread. */
void sequencer_finish(struct sequencer *s, struct job *jobs);
/* Fills in what a job is told that changes nothing: sizes, times, a sender. */
void sequencer_answer_simple(struct sequencer *s, struct job *job);
/* Ends the process: the next open goes on from what is on disk. */
_Noreturn void sequencer_die(struct sequencer *s, const struct fault *fault);
/* No filing, and no tick, can go on: there is no room, the store cannot be written, or nothing may be signed.
 * Everything else that filing ends with is about what is filed, and ticks go on. */
static inline bool sequencer_ends_tick(enum error error)
{
	return error == E_FULL || error == E_IO || error == E_STOPPED || error == E_CLOCK || error == E_ROLLED_BACK;
}

/* ---- greeting.c ---- */

/* On the prepare thread: E_BAD_SIGNATURE, E_BAD_CHECKPOINT, E_ROLLED_BACK (everything stops), E_CLOCK. */
void greeting_look_up(struct sequencer *s, struct job *job);
/* On the beat: writes what shows that the store is an older one, where there was no room before. */
void greeting_beat(struct sequencer *s);
/* The process ends: tries for the last time, and raises the alarm if that fails too. */
void greeting_end(struct sequencer *s);
/* The same, and lets go of it. */
void greeting_free(struct sequencer *s);
/* On the tick thread: writes the welcome's body into the job, signed by the log. */
enum error greeting_welcome(struct sequencer *s, struct job *job) MUST_USE;

/* ---- epochs.c ---- */

/* Takes the jobs that wait for an epoch out of the list. */
struct job *epochs_set_aside(struct sequencer *s, struct job *jobs);
/* Between ticks: starts an epoch that is due, does the writer's next slice, hands the others to the filing thread. */
void epochs_step(struct sequencer *s);
/* After ticks: rests for as long as filing needs (pace.h), but for the writer's slices. */
void epochs_rest(struct sequencer *s);
/* Whether there is something to do without waiting for jobs. */
bool epochs_hurry(struct sequencer *s);
/* Before a tick: what has to be filed before the log's time may go on. */
enum error epochs_file_first(struct sequencer *s, struct fault *fault) MUST_USE;
/* After E_UNFILED: files everything, so that the log may go on. Its error, or that of a try a moment ago: E_UNFILED. */
enum error epochs_file_all(struct sequencer *s, struct fault *fault) MUST_USE;
/* Answers all who wait. */
void epochs_end(struct sequencer *s, enum error error, const struct fault *fault);
