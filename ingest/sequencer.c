#include "ingest/sequencer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/keyfile.h"

#define HAND_OVER_JOBS 16
#define HAND_OVER_BYTES 262144
#define RETRY_MS 1000 /* between tries when the disk is full; also the beat of idle work */

/* ---- seats and jobs ---- */

struct seat *seat_new(void)
{
	struct seat *seat = calloc(1, sizeof *seat);
	if (seat != NULL)
		atomic_init(&seat->references, 1);
	return seat;
}

struct seat *seat_hold(struct seat *seat)
{
	atomic_fetch_add(&seat->references, 1);
	return seat;
}

void seat_release(struct seat *seat)
{
	if (seat != NULL && atomic_fetch_sub(&seat->references, 1) == 1)
		free(seat);
}

struct job *job_new(enum job_kind kind, uint64_t connection)
{
	struct job *job = calloc(1, sizeof *job);
	if (job == NULL)
		return NULL;
	job->kind = kind;
	job->connection = connection;
	job->fault.event = FAULT_NO_EVENT;
	return job;
}

/* A batch's body holds its secret. */
static void drop_body(struct job *job)
{
	if (job->body != NULL)
		sodium_memzero(job->body, job->body_bytes);
	free(job->body);
	job->body = NULL;
}

void job_free(struct job *job)
{
	if (job == NULL)
		return;
	drop_body(job);
	seat_release(job->seat);
	prepared_free(job->prepared);
	free(job->entry);
	free(job->receipt);
	free(job->found);
	free(job);
}

/* ---- queues ---- */

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct job *first;
	struct job **last;
	bool closed;
};

static void queue_init(struct queue *queue)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, &attributes);
	pthread_condattr_destroy(&attributes);
	queue->first = NULL;
	queue->last = &queue->first;
	queue->closed = false;
}

static void queue_free(struct queue *queue)
{
	while (queue->first != NULL) {
		struct job *job = queue->first;
		queue->first = job->next;
		job_free(job);
	}
	pthread_mutex_destroy(&queue->mutex);
	pthread_cond_destroy(&queue->filled);
}

/* Appends a linked list. */
static void queue_put(struct queue *queue, struct job *jobs)
{
	if (jobs == NULL)
		return;
	pthread_mutex_lock(&queue->mutex);
	*queue->last = jobs;
	while (*queue->last != NULL)
		queue->last = &(*queue->last)->next;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}

static void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}

/* Everything that is there; waits up to `wait_ms` for something (-1: for ever, 0: not at all). `*closed`: it was closed
 * and is empty. */
static struct job *queue_take(struct queue *queue, int wait_ms, bool *closed)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&queue->mutex);
	while (queue->first == NULL && !queue->closed && wait_ms != 0) {
		if (wait_ms < 0)
			pthread_cond_wait(&queue->filled, &queue->mutex);
		else if (pthread_cond_timedwait(&queue->filled, &queue->mutex, &until) == ETIMEDOUT)
			break;
	}
	struct job *jobs = queue->first;
	queue->first = NULL;
	queue->last = &queue->first;
	*closed = queue->closed && jobs == NULL;
	pthread_mutex_unlock(&queue->mutex);
	return jobs;
}

/* ---- the sequencer ---- */

struct sequencer {
	struct sequencer_options options;
	struct preparer *preparer;
	pthread_t prepare_thread;
	pthread_t tick_thread;
	struct queue submitted;
	struct queue prepared;
	struct queue done;
	_Atomic bool stopping;
	_Atomic bool halted; /* a sender holds a receipt that this store does not extend */

	/* tick thread only */
	struct job *epoch_waiters;
	bool epoch_running;
	uint64_t epoch_ended_ms;
	uint8_t receipt[RECEIPT_BYTES_MAX];
};

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void finish(struct sequencer *s, struct job *jobs)
{
	if (jobs == NULL)
		return;
	queue_put(&s->done, jobs);
	s->options.wake(s->options.context);
}

/* ---- preparing ---- */

/* The checkpoint that proves the roll-back is kept: it is signed by this log's key. */
static void halt(struct sequencer *s, const struct job *job)
{
	char name[64];
	atomic_store(&s->halted, true);
	fprintf(stderr,
		"indsigt-ingestd: ALARM: sender %" PRIu32 " holds a checkpoint of this log that the store does not extend. "
		"An older store was put back. Ingest has stopped; see 'indsigt help recovery'.\n",
		job->sender);
	char path[4096];
	snprintf(path, sizeof path, "%s/evidence", s->options.dir);
	mkdir(path, 0700);
	int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return;
	snprintf(name, sizeof name, "rolled-back-%lld-sender-%" PRIu32, (long long)time(NULL), job->sender);
	if (file_write_atomic(dir_fd, name, bytes_of(job->body, job->body_bytes), 0600) != E_OK)
		fprintf(stderr, "indsigt-ingestd: the evidence %s/%s cannot be written\n", path, name);
	close(dir_fd);
}

static void look_up(struct sequencer *s, struct job *job)
{
	uint64_t size = 0;
	job->error = E_NO_MEMORY;
	job->found = calloc(1, sizeof *job->found);
	if (job->found != NULL)
		job->error = ledger_sender(s->options.ledger, job->sender, job->found);
	if (job->error == E_OK && job->body_bytes > 0) {
		job->error = ledger_extends(s->options.ledger, bytes_of(job->body, job->body_bytes), &size);
		if (job->error == E_ROLLED_BACK)
			halt(s, job);
	}
	if (job->error == E_OK && atomic_load(&s->halted))
		job->error = E_ROLLED_BACK;
	job->number = size;
}

static void prepare(struct sequencer *s, struct job *job)
{
	if (job->kind == JOB_HELLO) {
		look_up(s, job);
		return;
	}
	if (job->kind != JOB_BATCH)
		return;
	struct bytes body = bytes_of(job->body, job->body_bytes);
	struct batch_head head = {0};
	struct reader r = reader_of(body);
	batch_head_decode(&r, &head);
	job->first_sequence = r.error == E_OK ? head.first_sequence : UINT64_MAX;
	job->error = prepare_batch(s->preparer, job->sender, body, (uint64_t)time(NULL), &job->prepared, &job->fault);
	drop_body(job);
}

/* Prepares the first jobs of the list, up to HAND_OVER bytes or jobs, and returns the rest: handing over single small
 * batches would cost a wake-up each. */
static struct job *prepare_some(struct sequencer *s, struct job *jobs)
{
	struct job **link = &jobs;
	size_t bytes = 0;
	for (unsigned count = 0; *link != NULL && count < HAND_OVER_JOBS && bytes < HAND_OVER_BYTES; count++) {
		bytes += (*link)->body_bytes;
		prepare(s, *link);
		link = &(*link)->next;
	}
	struct job *rest = *link;
	*link = NULL;
	queue_put(&s->prepared, jobs);
	return rest;
}

static void *prepare_main(void *context)
{
	struct sequencer *s = context;
	bool closed = false;
	while (!closed) {
		struct job *jobs = queue_take(&s->submitted, -1, &closed);
		while (jobs != NULL)
			jobs = prepare_some(s, jobs);
	}
	queue_close(&s->prepared);
	return NULL;
}

/* ---- ticks ---- */

static _Noreturn void die(const struct fault *fault)
{
	fprintf(stderr, "indsigt-ingestd: %s; ending, the next start goes on from what is on disk\n", fault->text);
	_exit(1);
}

static void append_batch(struct sequencer *s, struct job *job)
{
	struct sender sender;
	if (job->error == E_OK && atomic_load(&s->halted))
		job->error = fault_set(&job->fault, E_ROLLED_BACK, "");
	if (job->prepared != NULL) {
		/* Also when ingest has stopped or the batch is refused: it may carry the keys of a later one. */
		enum error error = ledger_append(s->options.ledger, job->prepared, &job->appended, &job->fault);
		if (job->error == E_OK)
			job->error = error;
	}
	if (job->error != E_OK && ledger_sender(s->options.ledger, job->sender, &sender) == E_OK)
		job->expected_sequence = sender.next_sequence;
}

static void append_sender(struct sequencer *s, struct job *job)
{
	struct checkpoint before;
	struct bytes note;
	ledger_checkpoint(s->options.ledger, &before, &note);
	job->error = ledger_append_sender(s->options.ledger, job->entry, &job->fault);
	job->number = before.size;
}

static bool needs_tick(const struct job *job)
{
	return job->kind == JOB_BATCH || job->kind == JOB_SENDER;
}

/* A refusal of the tick's own making: the tick cannot go on with the store in this state. */
static bool fatal(enum error error)
{
	return error == E_IO || error == E_CORRUPT || error == E_STOPPED || error == E_NO_MEMORY;
}

/* Appends the jobs and commits. E_FULL: nothing happened. */
static enum error run_tick(struct sequencer *s, struct job *jobs, struct fault *fault)
{
	TRY(ledger_begin(s->options.ledger, fault));
	for (struct job *job = jobs; job != NULL; job = job->next) {
		if (job->kind == JOB_BATCH)
			append_batch(s, job);
		else if (job->kind == JOB_SENDER)
			append_sender(s, job);
		if (job->prepared != NULL && (fatal(job->error) || job->error == E_FULL)) {
			*fault = job->fault;
			ledger_abort(s->options.ledger);
			return job->error;
		}
	}
	return ledger_commit(s->options.ledger, fault);
}

static void write_receipt(struct sequencer *s, struct job *job)
{
	struct checkpoint checkpoint;
	struct bytes note;
	struct bytes encoded;
	struct writer w = writer_of(s->receipt, sizeof s->receipt);
	job->error = ledger_receipt(s->options.ledger, &job->appended, job->seat->receipt_size, &w);
	if (job->error == E_OK)
		job->error = writer_done(&w, &encoded);
	if (job->error == E_OK && (job->receipt = malloc(encoded.len)) == NULL)
		job->error = E_NO_MEMORY;
	if (job->error != E_OK) {
		fault_set(&job->fault, job->error, "a receipt cannot be made: %s", error_text(job->error));
		die(&job->fault); /* it is stored: the sender asks for its receipt again */
	}
	memcpy(job->receipt, encoded.data, encoded.len);
	job->receipt_bytes = encoded.len;
	ledger_checkpoint(s->options.ledger, &checkpoint, &note);
	job->seat->receipt_size = checkpoint.size;
}

static void answer_simple(struct sequencer *s, struct job *job)
{
	struct checkpoint checkpoint;
	struct bytes note;
	ledger_checkpoint(s->options.ledger, &checkpoint, &note);
	if (job->kind == JOB_HELLO) {
		job->seat->receipt_size = job->number;
		if (job->error == E_OK) /* batches of an earlier connection may have been stored since the look-up */
			job->error = ledger_sender(s->options.ledger, job->sender, job->found);
	}
	if (job->kind == JOB_NEXT_SENDER)
		job->number = ledger_next_sender(s->options.ledger);
	if (job->kind == JOB_STATUS || job->kind == JOB_EPOCH)
		job->number = checkpoint.size;
	job->tail = ledger_tail_events(s->options.ledger);
	job->ledger_time_s = ledger_time_s(s->options.ledger);
}

/* Resets what a tick that did not happen left in the jobs. */
static void forget_results(struct job *jobs)
{
	for (struct job *job = jobs; job != NULL; job = job->next)
		if (job->prepared != NULL || job->kind == JOB_SENDER)
			job->error = E_OK;
}

static void tick(struct sequencer *s, struct job *jobs)
{
	struct fault fault = {0};
	bool any = false;
	bool said = false;
	for (struct job *job = jobs; job != NULL; job = job->next)
		any |= needs_tick(job);
	enum error error = any ? run_tick(s, jobs, &fault) : E_OK;
	while (error == E_FULL) {
		if (!said)
			fprintf(stderr, "indsigt-ingestd: %s; nothing is acknowledged until there is room\n", fault.text);
		said = true;
		if (atomic_load(&s->stopping))
			die(&fault);
		nanosleep(&(struct timespec){.tv_sec = RETRY_MS / 1000}, NULL);
		forget_results(jobs);
		error = run_tick(s, jobs, &fault);
	}
	if (error != E_OK)
		die(&fault);
	if (said)
		fprintf(stderr, "indsigt-ingestd: there is room again, going on\n");
	for (struct job *job = jobs; job != NULL; job = job->next) {
		prepared_free(job->prepared);
		job->prepared = NULL;
		if (job->kind == JOB_BATCH && job->error == E_OK)
			write_receipt(s, job);
		else if (!needs_tick(job))
			answer_simple(s, job);
	}
	finish(s, jobs);
}

/* ---- epochs ---- */

/* Answers those whose events are filed now; with `all`, everybody. */
static void epoch_done(struct sequencer *s, bool all)
{
	struct checkpoint checkpoint;
	struct bytes note;
	struct job *answered = NULL;
	struct job **link = &s->epoch_waiters;
	ledger_checkpoint(s->options.ledger, &checkpoint, &note);
	uint64_t filed = checkpoint.size - ledger_tail_events(s->options.ledger);
	s->epoch_running = false;
	s->epoch_ended_ms = clock_ms();
	while (*link != NULL) {
		struct job *job = *link;
		if (!all && job->number > filed) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->next = answered;
		answered = job;
		answer_simple(s, job);
	}
	finish(s, answered);
}

/* At most one slice. */
static void epoch_step(struct sequencer *s)
{
	struct fault fault = {0};
	enum error error = E_OK;
	bool finished = false;
	uint64_t tail = ledger_tail_events(s->options.ledger);
	bool due = clock_ms() - s->epoch_ended_ms >= (uint64_t)s->options.epoch_seconds * 1000;
	if (!s->epoch_running && tail > 0 && (due || tail > EPOCH_EVENTS_MAX / 2 || s->epoch_waiters != NULL))
		error = ledger_epoch_start(s->options.ledger, &s->epoch_running, &fault);
	if (error == E_OK && s->epoch_running)
		error = ledger_epoch_slice(s->options.ledger, &finished, &fault);
	if (error == E_IO || error == E_STOPPED)
		die(&fault);
	if (error != E_OK)
		fprintf(stderr, "indsigt-ingestd: %s\n", fault.text);
	if (finished || error != E_OK || (!s->epoch_running && s->epoch_waiters != NULL))
		epoch_done(s, error != E_OK);
}

/* Takes the jobs that wait for an epoch out of the list. */
static struct job *set_epochs_aside(struct sequencer *s, struct job *jobs)
{
	struct checkpoint checkpoint;
	struct bytes note;
	ledger_checkpoint(s->options.ledger, &checkpoint, &note);
	struct job **link = &jobs;
	while (*link != NULL) {
		struct job *job = *link;
		if (job->kind != JOB_EPOCH) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->number = checkpoint.size; /* everything acknowledged so far */
		job->next = s->epoch_waiters;
		s->epoch_waiters = job;
	}
	return jobs;
}

/* Cuts the list after TICK_BYTES_MAX; returns the rest. */
static struct job *cut(struct job *jobs)
{
	size_t bytes = 0;
	for (struct job *job = jobs; job != NULL; job = job->next) {
		bytes += job->prepared ? job->prepared->bytes : 0;
		if (bytes >= TICK_BYTES_MAX) {
			struct job *rest = job->next;
			job->next = NULL;
			return rest;
		}
	}
	return NULL;
}

static void *tick_main(void *context)
{
	struct sequencer *s = context;
	struct fault fault;
	bool closed = false;
	while (!closed) {
		struct job *jobs = queue_take(&s->prepared, s->epoch_running || s->epoch_waiters ? 0 : RETRY_MS, &closed);
		if (jobs == NULL && ledger_idle(s->options.ledger, &fault) == E_IO)
			die(&fault);
		jobs = set_epochs_aside(s, jobs);
		while (jobs != NULL) {
			struct job *rest = cut(jobs);
			tick(s, jobs);
			jobs = rest;
		}
		if (!closed)
			epoch_step(s);
	}
	epoch_done(s, true);
	return NULL;
}

/* ---- starting and stopping ---- */

enum error sequencer_start(const struct sequencer_options *options, struct sequencer **out, struct fault *fault)
{
	struct sequencer *s = calloc(1, sizeof *s);
	if (s == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	s->options = *options;
	s->epoch_ended_ms = clock_ms();
	queue_init(&s->submitted);
	queue_init(&s->prepared);
	queue_init(&s->done);
	enum error error = preparer_open(options->ledger, &s->preparer, fault);
	if (error != E_OK) {
		sequencer_free(s);
		return error;
	}
	/* Signals are the network thread's. */
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool good = pthread_create(&s->prepare_thread, NULL, prepare_main, s) == 0 &&
				pthread_create(&s->tick_thread, NULL, tick_main, s) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!good)
		return fault_set(fault, E_NO_MEMORY, "threads cannot be started");
	*out = s;
	return E_OK;
}

void sequencer_submit(struct sequencer *s, struct job *job)
{
	job->next = NULL;
	queue_put(&s->submitted, job);
}

struct job *sequencer_take_done(struct sequencer *s)
{
	bool closed;
	return queue_take(&s->done, 0, &closed);
}

void sequencer_stop(struct sequencer *s)
{
	atomic_store(&s->stopping, true);
	queue_close(&s->submitted);
	pthread_join(s->prepare_thread, NULL);
	pthread_join(s->tick_thread, NULL);
}

void sequencer_free(struct sequencer *s)
{
	if (s == NULL)
		return;
	preparer_close(s->preparer);
	queue_free(&s->submitted);
	queue_free(&s->prepared);
	queue_free(&s->done);
	free(s);
}
