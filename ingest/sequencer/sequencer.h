/* The sequencer: turns batches into log entries, one tick after the other, off the network thread.
 *
 *   network thread ─► jobs ─► prepare thread ─► prepared jobs ─► tick thread ─► done jobs ─► network thread
 *                             verify, seal                       ticks  │ ▲
 *                                                         an epoch's slices, by turns
 *                                                                       ▼ │
 *                                                                filing thread
 *
 * Jobs pass through both threads in the order in which they were submitted, so a sender's batches stay in order and are
 * answered in order. A tick takes all prepared batches there are (up to TICK_BYTES_MAX), commits once, and only then
 * hands them back with their receipts. Filing goes on beside ticks (filer.h); what it has to write goes between two of
 * them. When it falls behind ticks rest, and in the end wait for it (pace.h).
 *
 *   Disk or map full: nothing of the tick happened; it is tried again every second, and nothing is answered meanwhile.
 *   Any other failed commit: the process ends; the next open goes on from what is on disk.
 *   The month or a registration changed between two steps: the batch is prepared again, and the sender does not notice.
 *   The clock is far ahead of the log (wall_clock.h): nothing is signed, and everybody is told to try again.
 *   A repeated batch that is damaged in the store: an alarm, and the sender waits.
 *   A sender's checkpoint that the log does not extend: ingest stops; every batch is refused, those that wait for a
 * full disk too, and so is a restart until the newer store is back (ledger_open). */
#pragma once

#include "ingest/sequencer/health.h"
#include "ingest/sequencer/job.h"

struct sequencer;

struct sequencer_options {
	struct ledger *ledger;
	const char *dir; /* where evidence is kept */
	unsigned epoch_seconds;
	struct health *health;       /* borrowed */
	void (*wake)(void *context); /* called from the sequencer's threads when jobs are done */
	void *context;
};

enum error sequencer_start(
	const struct sequencer_options *options, struct sequencer **out, struct fault *fault) MUST_USE;
/* Hands the job over. */
void sequencer_submit(struct sequencer *sequencer, struct job *job);
/* All jobs that are done, oldest first, linked; the caller frees them. NULL when there is none. */
struct job *sequencer_take_done(struct sequencer *sequencer);
/* Finishes what was submitted, runs no further epoch slices, ends the threads. */
void sequencer_stop(struct sequencer *sequencer);
void sequencer_free(struct sequencer *sequencer);
OWN(sequencer, sequencer_free);
