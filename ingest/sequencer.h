/* The sequencer: turns batches into log entries, one tick after the other, off the network thread.
 *
 *   network thread ─► jobs ─► prepare thread ─► prepared jobs ─► sequencer thread ─► done jobs ─► network thread
 *                             verify, seal                       tick, epoch slices
 *
 * Jobs pass through both threads in the order in which they were submitted, so a sender's batches stay in order and are
 * answered in order. A tick takes all prepared batches there are (up to TICK_BYTES_MAX), commits once, and only then
 * hands them back with their receipts. Between ticks runs at most one slice of an epoch.
 *
 *   Disk or map full: nothing of the tick happened; it is tried again every second, and nothing is answered meanwhile.
 *   Any other failed commit: the process ends; the next open goes on from what is on disk.
 *   A sender's checkpoint that the log does not extend: ingest stops; every batch is refused until the restart. */
#pragma once

#include "ledger/ledger.h"

enum job_kind { JOB_HELLO, JOB_BATCH, JOB_SENDER, JOB_NEXT_SENDER, JOB_EPOCH, JOB_STATUS };

/* What the sequencer remembers about a connection: shared by the connection and its jobs. */
struct seat {
	_Atomic uint32_t references;
	uint64_t receipt_size; /* tree size of the newest checkpoint that the sender has; sequencer thread only */
};

struct seat *seat_new(void);
struct seat *seat_hold(struct seat *seat);
void seat_release(struct seat *seat);

struct job {
	struct job *next;
	enum job_kind kind;
	uint64_t connection; /* who asked; opaque here */
	struct seat *seat;   /* held, for JOB_HELLO and JOB_BATCH */
	uint32_t sender;
	uint8_t *body; /* owned: batch body, or the checkpoint of a hello; wiped and freed once it was used */
	size_t body_bytes;
	struct entry_sender *entry; /* owned, for JOB_SENDER */

	/* results */
	enum error error;
	struct fault fault;
	uint64_t first_sequence;
	uint64_t expected_sequence;
	uint8_t *receipt; /* owned */
	size_t receipt_bytes;
	struct sender *found; /* owned, for JOB_HELLO */
	uint64_t ledger_time_s;
	uint64_t number; /* log index of a sender entry, next id, or log size */
	uint64_t tail;   /* entries not filed yet */

	/* inside the sequencer */
	struct prepared *prepared;
	struct appended appended;
};

struct job *job_new(enum job_kind kind, uint64_t connection);
void job_free(struct job *job);

struct sequencer;

struct sequencer_options {
	struct ledger *ledger;
	const char *dir; /* where evidence is kept */
	unsigned epoch_seconds;
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
