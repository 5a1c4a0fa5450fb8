/* Jobs: what the network thread asks of the sequencer, and the queues in which they travel between threads. */
#pragma once

#include "ingest/wire/frame.h"
#include "ledger/write/ledger.h"

#include <pthread.h>

enum job_kind { JOB_HELLO, JOB_BATCH, JOB_SENDER, JOB_NEXT_SENDER, JOB_EPOCH, JOB_STATUS };

/* What the sequencer remembers about a connection: shared by the connection and its jobs. */
struct seat {
	_Atomic uint32_t references;
	uint64_t receipt_size; /* tree size of the newest checkpoint that the sender has; sequencer thread only */
	/* A batch's signature did not verify: the connection ends, and nothing more of it is judged. */
	_Atomic bool spoilt;
};

struct seat *seat_new(void);
struct seat *seat_hold(struct seat *seat);
void seat_release(struct seat *seat);

/* Invariants: `body` is there until the job is answered or refused; `prepared` only between the two threads and the
 * tick; `receipt` only where `error` is E_OK. Who holds the job alone touches it, so nothing here is locked. */
struct job {
	struct job *next;
	enum job_kind kind;
	uint64_t connection; /* who asked; opaque here */
	struct seat *seat;   /* held, for JOB_HELLO and JOB_BATCH */
	uint32_t sender;
	uint8_t *body; /* owned, of a batch or a hello; wiped and freed once it is used no more */
	size_t body_bytes;
	uint8_t challenge[NONCE_BYTES]; /* that the hello must be signed over */
	bool has_certificate;           /* the line has shown one, and proven its key (spec/tls.md) */
	struct hash certificate;        /* SHA-256 of that key */
	struct entry_sender *entry;     /* owned, for JOB_SENDER */
	bool declare_lost;              /* of JOB_EPOCH: an operator says that what cannot be filed is lost */

	/* results */
	enum error error;
	struct fault fault;
	bool spoils; /* the first of its seat with a signature that does not verify */
	uint64_t first_sequence;
	uint64_t expected_sequence;
	uint8_t *receipt; /* owned; for JOB_HELLO the body of the welcome */
	size_t receipt_bytes;
	uint64_t ledger_time_s;
	uint32_t events_per_second; /* of JOB_HELLO: the limits of the registration, 0: none */
	uint32_t bytes_per_second;
	uint64_t number; /* log index of a sender entry, next id, or log size */
	uint64_t tail;   /* entries not filed yet */

	/* inside the sequencer */
	struct prepared *prepared;
	unsigned prepared_again; /* how often */
	struct appended appended;
};

struct job *job_new(enum job_kind kind, uint64_t connection);
/* How many events a batch says that it has, from 1 to BATCH_EVENTS_MAX; its body must be there. */
uint32_t job_events(const struct job *job);
/* Wipes the body, which holds a batch's secret, and frees it. */
void job_drop_body(struct job *job);
/* Keeps a copy as the receipt. E_NO_MEMORY. */
enum error job_answer(struct job *job, struct bytes answer) MUST_USE;
void job_free(struct job *job);
OWN(job, job_free);

/* ---- queues ---- */

/* First in, first out, between threads. */
struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct job *first;
	struct job **last;
	bool closed;
	bool nudged;
};

void queue_init(struct queue *queue);
/* Frees what is left in it. */
void queue_free(struct queue *queue);
/* Appends a linked list, which may be empty. */
void queue_put(struct queue *queue, struct job *jobs);
/* Who waits for something, or will do so next, waits no longer: there is something else to look at. */
void queue_nudge(struct queue *queue);
/* Nothing more will be put in. */
void queue_close(struct queue *queue);
/* Everything that is there; waits up to `wait_ms` for something (-1: for ever, 0: not at all). `*closed`: it was closed
 * and is empty. */
struct job *queue_take(struct queue *queue, int wait_ms, bool *closed);
