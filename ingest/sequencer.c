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
#define FIRST_SEQUENCE_AT 5 /* in the body of a batch: after kind and sender */
#define RETRY_MS 1000       /* between tries when the disk is full; also the beat of idle work */
#define STANDSTILL_S 60     /* the log's time has stood still: what is not filed is filed before it goes on */
#define EPOCH_SECONDS_MOST (EPOCH_LAG_SECONDS_DEFAULT / 2) /* whatever was asked for: events are filed in time */

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
	struct job *epoch_waiters; /* `number`: how many entries epochs must cover; UINT64_MAX: not said yet */
	bool epoch_running;
	uint64_t epoch_ended_ms;
	uint64_t slice_after_us; /* while ticks have work, the next slice of an epoch waits so long */
	uint8_t receipt[RECEIPT_BYTES_MAX];
};

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t clock_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void finish(struct sequencer *s, struct job *jobs)
{
	if (jobs == NULL)
		return;
	queue_put(&s->done, jobs);
	s->options.wake(s->options.context);
}

/* ---- preparing ---- */

static _Noreturn void die(const struct fault *fault)
{
	fprintf(stderr, "indsigt-ingestd: %s; ending, the next start goes on from what is on disk\n", fault->text);
	_exit(1);
}

/* What proves the roll-back is kept: a checkpoint that this log signed. There is one file for each checkpoint, however
 * often it is presented. */
static bool keep_evidence(struct sequencer *s, const struct job *job, uint64_t size)
{
	char path[4096];
	char name[64];
	snprintf(path, sizeof path, "%s/evidence", s->options.dir);
	(void)mkdir(path, 0700);
	int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return false;
	snprintf(name, sizeof name, "rolled-back-%" PRIu64 "-sender-%" PRIu32, size, job->sender);
	bool kept = faccessat(dir_fd, name, F_OK, 0) == 0 ||
				file_write_atomic(dir_fd, name, bytes_of(job->body, job->body_bytes), 0600) == E_OK;
	close(dir_fd);
	return kept;
}

static void halt(struct sequencer *s, const struct job *job)
{
	struct checkpoint checkpoint = {0};
	bool first = !atomic_exchange(&s->halted, true);
	if (first)
		fprintf(stderr,
			"indsigt-ingestd: ALARM: sender %" PRIu32 " holds a checkpoint of this log that the store does not extend. "
			"An older store was put back. Ingest has stopped; see 'indsigt help recovery'.\n",
			job->sender);
	if (checkpoint_verify(bytes_of(job->body, job->body_bytes), ledger_vkey(s->options.ledger), &checkpoint) != E_OK ||
		!keep_evidence(s, job, checkpoint.size))
		fprintf(stderr, "indsigt-ingestd: the evidence cannot be written to %s/evidence\n", s->options.dir);
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
	/* Also of a batch that is refused for its head: the sender must know which one is meant. */
	job->first_sequence = body.len >= FIRST_SEQUENCE_AT + 8 ? get_u64(body.data + FIRST_SEQUENCE_AT) : UINT64_MAX;
	if (atomic_load(&s->halted))
		job->error = fault_set(&job->fault, E_ROLLED_BACK, "");
	else
		job->error = prepare_batch(s->preparer, job->sender, body, (uint64_t)time(NULL), &job->prepared, &job->fault);
	if (job->error == E_IO) /* no judgement of the batch: the keys cannot be read */
		die(&job->fault);
	job_drop_body(job);
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

static void append_batch(struct sequencer *s, struct job *job)
{
	job->fault = (struct fault){.event = FAULT_NO_EVENT};
	job->error = ledger_append(s->options.ledger, job->prepared, &job->appended, &job->fault);
	/* They are queued now: a second try must not queue them again. */
	job->prepared->new_keys = BYTES_EMPTY;
	if (job->error != E_OK && job->fault.text[0] == '\0')
		fault_set(&job->fault, job->error, "");
}

static void append_sender(struct sequencer *s, struct job *job)
{
	struct checkpoint before;
	struct bytes note;
	ledger_checkpoint(s->options.ledger, &before, &note);
	job->error = ledger_append_sender(s->options.ledger, job->entry, &job->fault);
	job->number = before.size;
}

/* What was refused already changes nothing, so it is not worth a commit. */
static bool needs_tick(const struct job *job)
{
	return job->prepared != NULL || job->kind == JOB_SENDER;
}

/* Not a judgement of the job: the tick cannot go on with the store, or the memory, in this state. */
static bool fatal(enum error error)
{
	return error == E_IO || error == E_CORRUPT || error == E_STOPPED || error == E_NO_MEMORY || error == E_FULL;
}

/* An event must be filed before the log's time has gone on for the log's lag (EPO-9). While ticks go on an epoch comes
 * in time. After a standstill (the process was stopped, the machine slept) the next entry would be too late a one, so
 * all that is not filed comes first. What cannot be filed is an operator's business, and no reason to take nothing. */
static enum error file_first(struct sequencer *s, struct fault *fault)
{
	struct ledger *ledger = s->options.ledger;
	enum error error = E_OK;
	if ((uint64_t)time(NULL) <= ledger_time_s(ledger) + STANDSTILL_S)
		return E_OK;
	while (error == E_OK && ledger_unfiled(ledger) > 0) {
		bool finished = false;
		if (!s->epoch_running)
			error = ledger_epoch_start(ledger, &s->epoch_running, fault);
		while (error == E_OK && !finished)
			error = ledger_epoch_slice(ledger, &finished, fault);
		s->epoch_running = false;
	}
	if (error == E_OK || error == E_FULL || error == E_IO || error == E_STOPPED)
		return error;
	fprintf(stderr, "indsigt-ingestd: %s\n", fault->text);
	return E_OK;
}

/* Appends the jobs and commits. E_FULL: nothing happened. */
static enum error run_tick(struct sequencer *s, struct job *jobs, struct fault *fault)
{
	TRY(file_first(s, fault));
	TRY(ledger_begin(s->options.ledger, fault));
	for (struct job *job = jobs; job != NULL; job = job->next) {
		if (!needs_tick(job))
			continue;
		if (job->kind == JOB_SENDER)
			append_sender(s, job);
		else
			append_batch(s, job);
		if (fatal(job->error)) {
			*fault = job->fault;
			ledger_abort(s->options.ledger);
			return job->error;
		}
	}
	return ledger_commit(s->options.ledger, fault);
}

/* Ingest has stopped: nothing more is signed. */
static void refuse_all(struct job *jobs)
{
	for (struct job *job = jobs; job != NULL; job = job->next)
		if (needs_tick(job))
			job->error = fault_set(&job->fault, E_ROLLED_BACK, "");
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
	job->tail = ledger_unfiled(s->options.ledger);
	job->ledger_time_s = ledger_time_s(s->options.ledger);
}

/* Commits the jobs, however long the disk stays full. */
static void commit_jobs(struct sequencer *s, struct job *jobs)
{
	struct fault fault = {0};
	bool said = false;
	enum error error = run_tick(s, jobs, &fault);
	while (error == E_FULL) {
		if (!said)
			fprintf(stderr, "indsigt-ingestd: %s; nothing is acknowledged until there is room\n", fault.text);
		said = true;
		if (atomic_load(&s->stopping))
			die(&fault);
		nanosleep(&(struct timespec){.tv_sec = RETRY_MS / 1000}, NULL);
		error = run_tick(s, jobs, &fault);
	}
	if (error != E_OK)
		die(&fault);
	if (said)
		fprintf(stderr, "indsigt-ingestd: there is room again, going on\n");
}

static void answer_batch(struct sequencer *s, struct job *job)
{
	struct sender sender;
	prepared_free(job->prepared);
	job->prepared = NULL;
	if (job->error == E_OK)
		write_receipt(s, job);
	else if (ledger_sender(s->options.ledger, job->sender, &sender) == E_OK)
		job->expected_sequence = sender.next_sequence;
}

static void tick(struct sequencer *s, struct job *jobs)
{
	bool any = false;
	for (const struct job *job = jobs; job != NULL; job = job->next)
		any |= needs_tick(job);
	if (any && atomic_load(&s->halted))
		refuse_all(jobs);
	else if (any)
		commit_jobs(s, jobs);
	for (struct job *job = jobs; job != NULL; job = job->next) {
		if (job->kind == JOB_BATCH)
			answer_batch(s, job);
		else if (job->kind != JOB_SENDER)
			answer_simple(s, job);
	}
	finish(s, jobs);
}

/* ---- epochs ---- */

/* An epoch has ended, or there was nothing to do: answers those whose entries it covers; after an error, everybody. */
static void epoch_done(struct sequencer *s, enum error error, const struct fault *fault)
{
	struct job *answered = NULL;
	struct job **link = &s->epoch_waiters;
	s->epoch_running = false;
	s->epoch_ended_ms = clock_ms();
	uint64_t covered = ledger_unfiled(s->options.ledger) == 0 ? UINT64_MAX - 1 : ledger_filed(s->options.ledger);
	while (*link != NULL) {
		struct job *job = *link;
		if (error == E_OK && job->number > covered) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->next = answered;
		answered = job;
		answer_simple(s, job);
		job->error = error;
		if (error != E_OK)
			job->fault = *fault;
	}
	finish(s, answered);
}

/* While ticks have work they have most of the thread: four times what the last slice took. But an epoch must end before
 * the log's lag is over (300 seconds), so the longer the last one was ago, the less it rests. */
static uint64_t slice_rest(const struct sequencer *s)
{
	uint64_t ago_ms = clock_ms() - s->epoch_ended_ms;
	return ago_ms < 30000 ? 4 : ago_ms < 60000 ? 1 : 0;
}

static enum error epoch_slice(struct sequencer *s, bool *finished, struct fault *fault)
{
	uint64_t start_us = clock_us();
	enum error error = ledger_epoch_slice(s->options.ledger, finished, fault);
	uint64_t end_us = clock_us();
	s->slice_after_us = end_us + slice_rest(s) * (end_us - start_us);
	return error;
}

/* Those who wait for an epoch want everything covered that was there when they came. */
static void set_waiters_targets(struct sequencer *s)
{
	struct checkpoint checkpoint;
	struct bytes note;
	ledger_checkpoint(s->options.ledger, &checkpoint, &note);
	for (struct job *job = s->epoch_waiters; job != NULL; job = job->next)
		if (job->number == UINT64_MAX)
			job->number = checkpoint.size;
}

/* At most one slice. `busy`: ticks have work. */
static void epoch_step(struct sequencer *s, bool busy)
{
	struct fault fault = {0};
	enum error error = E_OK;
	bool finished = false;
	uint64_t tail = ledger_unfiled(s->options.ledger);
	set_waiters_targets(s);
	uint32_t seconds = s->options.epoch_seconds < EPOCH_SECONDS_MOST ? s->options.epoch_seconds : EPOCH_SECONDS_MOST;
	bool due = clock_ms() - s->epoch_ended_ms >= (uint64_t)seconds * 1000;
	if (atomic_load(&s->halted)) {
		s->epoch_running = false;
		if (s->epoch_waiters != NULL) {
			fault_set(&fault, E_ROLLED_BACK, "");
			epoch_done(s, E_ROLLED_BACK, &fault);
		}
		return;
	}
	if (!s->epoch_running && tail > 0 && (due || tail > EPOCH_EVENTS_MAX / 2 || s->epoch_waiters != NULL))
		error = ledger_epoch_start(s->options.ledger, &s->epoch_running, &fault);
	if (error == E_OK && s->epoch_running && busy && clock_us() < s->slice_after_us)
		return;
	if (error == E_OK && s->epoch_running)
		error = epoch_slice(s, &finished, &fault);
	if (error == E_IO || error == E_STOPPED)
		die(&fault);
	if (error != E_OK)
		fprintf(stderr, "indsigt-ingestd: %s\n", fault.text);
	if (finished || error != E_OK || (!s->epoch_running && s->epoch_waiters != NULL))
		epoch_done(s, error, &fault);
}

/* Takes the jobs that wait for an epoch out of the list. */
static struct job *set_epochs_aside(struct sequencer *s, struct job *jobs)
{
	struct job **link = &jobs;
	while (*link != NULL) {
		struct job *job = *link;
		if (job->kind != JOB_EPOCH) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->number = UINT64_MAX;
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
		bool busy = jobs != NULL;
		while (jobs != NULL) {
			struct job *rest = cut(jobs);
			tick(s, jobs);
			jobs = rest;
		}
		if (!closed)
			epoch_step(s, busy);
	}
	fault_set(&fault, E_STOPPED, "");
	epoch_done(s, E_STOPPED, &fault);
	return NULL;
}

/* ---- starting and stopping ---- */

/* Signals are the network thread's. */
static bool start_threads(struct sequencer *s)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool good = pthread_create(&s->prepare_thread, NULL, prepare_main, s) == 0;
	if (good && pthread_create(&s->tick_thread, NULL, tick_main, s) != 0) {
		queue_close(&s->submitted);
		pthread_join(s->prepare_thread, NULL);
		good = false;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return good;
}

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
	if (!start_threads(s)) {
		sequencer_free(s);
		return fault_set(fault, E_NO_MEMORY, "threads cannot be started");
	}
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
