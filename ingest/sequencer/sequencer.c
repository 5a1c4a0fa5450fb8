/* Preparing and ticks, each on a thread of its own, and what the second does when a tick does not go through.
 *
 *   tick:  cut at TICK_BYTES_MAX ─► begin ─► append each ─► commit ─► receipts ─► back to the network thread
 *            one is out of date: the tick ends with those before it; it is prepared again and begins the next one
 *            E_FULL: the whole tick again each second     E_UNFILED: all is filed first, then once more
 *            E_CLOCK, E_UNFILED still: all are refused, to be sent again     E_ROLLED_BACK: all are refused
 *            any other failure: the process ends
 *
 * Ending is the safe answer to what nobody understands: nothing was acknowledged that is not on disk, and senders send
 * the rest again. New data keys belong to the batch that brought them until it is appended; a batch that is not leaves
 * them to the next commit, because others may be sealed under them already. */
#include "ingest/sequencer/sequencer_state.h"
#include "ledger/base/clock.h"
#include "ledger/base/lock.h"
#include "ledger/base/thread.h"

#include <inttypes.h>
#include <stdio.h>

#define FIRST_SEQUENCE_AT 5 /* in the body of a batch: after kind and sender */

void sequencer_finish(struct sequencer *s, struct job *jobs)
{
	if (jobs == NULL)
		return;
	queue_put(&s->done, jobs);
	s->options.wake(s->options.context);
}

_Noreturn void sequencer_die(struct sequencer *s, const struct fault *fault)
{
	greeting_end(s);
	fprintf(stderr, "indsigt-ingestd: %s; ending, the next start goes on from what is on disk\n", fault->text);
	_exit(1);
}

static void spoil(struct job *job)
{
	if (!atomic_exchange(&job->seat->spoilt, true))
		job->spoils = true;
}

/* ---- preparing ---- */

/* The body is kept until the batch is appended: it may have to be prepared again. Under `preparing`. */
static void prepare(struct sequencer *s, struct job *job)
{
	struct bytes body = bytes_of(job->body, job->body_bytes);
	uint64_t now_s = 0;
	/* Also of a batch that is refused for its head: the sender must know which one is meant. */
	job->first_sequence = body.len >= FIRST_SEQUENCE_AT + 8 ? get_u64(body.data + FIRST_SEQUENCE_AT) : UINT64_MAX;
	job->fault = (struct fault){.event = FAULT_NO_EVENT};
	if (atomic_load(&s->halted))
		job->error = fault_set(&job->fault, E_ROLLED_BACK, "");
	else if (atomic_load(&job->seat->spoilt))
		job->error =
			fault_set(&job->fault, E_BAD_SIGNATURE, "a batch before it was not signed with the registered key");
	else
		job->error = ledger_now(s->options.ledger, &now_s, &job->fault);
	if (job->error == E_OK)
		job->error = prepare_batch(s->preparer, job->sender, body, now_s, &job->prepared, &job->fault);
	if (job->error == E_IO || job->error == E_REPLACED) /* no judgement of the batch: the keys cannot be read */
		sequencer_die(s, &job->fault);
	if (job->error == E_BAD_SIGNATURE)
		spoil(job);
	if (job->error != E_OK)
		job_drop_body(job);
}

/* Hellos that are refused are answered at once: they wait for no commit. Returns the others. */
static struct job *turn_away(struct sequencer *s, struct job *jobs)
{
	struct job *refused = NULL;
	struct job **last = &refused;
	struct job **link = &jobs;
	while (*link != NULL) {
		struct job *job = *link;
		if (job->kind != JOB_HELLO || job->error == E_OK) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->next = NULL;
		*last = job;
		last = &job->next;
	}
	sequencer_finish(s, refused);
	return jobs;
}

/* Prepares the first jobs of the list, up to HAND_OVER bytes or jobs, and returns the rest: handing over single small
 * batches would cost a wake-up each. */
static struct job *prepare_some(struct sequencer *s, struct job *jobs)
{
	struct job **link = &jobs;
	size_t bytes = 0;
	pthread_mutex_lock(&s->preparing);
	for (unsigned count = 0; *link != NULL && count < HAND_OVER_JOBS && bytes < HAND_OVER_BYTES; count++) {
		bytes += (*link)->body_bytes;
		if ((*link)->kind == JOB_HELLO)
			greeting_look_up(s, *link);
		else if ((*link)->kind == JOB_BATCH)
			prepare(s, *link);
		link = &(*link)->next;
	}
	struct job *rest = *link;
	*link = NULL;
	queue_put(&s->prepared, turn_away(s, jobs));
	pthread_mutex_unlock(&s->preparing);
	return rest;
}

/* Ends when its queue is closed and empty; closing the next one is what ends the tick thread. */
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

/* Its index is the next one: nothing else appends on this thread, and the tick is its own transaction. */
static void append_sender(struct sequencer *s, struct job *job)
{
	job->number = ledger_next_index(s->options.ledger);
	job->error = ledger_append_sender(s->options.ledger, job->entry, &job->fault);
}

/* What was refused already changes nothing, so it is not worth a commit. */
static bool needs_tick(const struct job *job)
{
	return job->prepared != NULL || job->kind == JOB_SENDER;
}

/* Not a judgement of the job: the tick cannot go on with the store, or the memory, in this state. A damaged store is
 * fatal too, but for a batch that was only to be compared with it. */
static bool fatal(const struct job *job)
{
	enum error error = job->error;
	return error == E_IO || error == E_STOPPED || error == E_NO_MEMORY || error == E_FULL || error == E_UNFILED ||
		   (error == E_CORRUPT && job->kind != JOB_BATCH);
}

/* Appends the jobs and commits, up to one that has to be prepared again (*again; NULL: all were taken). E_FULL,
 * E_CLOCK, E_ROLLED_BACK, E_UNFILED: nothing happened. */
static enum error run_tick(struct sequencer *s, struct job *jobs, struct job **again, struct fault *fault)
{
	*again = NULL;
	TRY(epochs_file_first(s, fault));
	uint64_t start_us = clock_us();
	TRY(ledger_begin(s->options.ledger, fault));
	for (struct job *job = jobs; job != NULL && *again == NULL; job = job->next) {
		if (!needs_tick(job))
			continue;
		if (job->kind == JOB_SENDER)
			append_sender(s, job);
		else
			append_batch(s, job);
		if (job->error == E_PERIOD_PASSED && job->prepared_again < PREPARED_AGAIN_MAX)
			*again = job;
		if (fatal(job)) {
			*fault = job->fault;
			ledger_abort(s->options.ledger);
			return job->error;
		}
	}
	enum error error = ledger_commit(s->options.ledger, fault);
	s->ticks_us += clock_us() - start_us;
	return error;
}

/* A batch that is not appended now, or not by itself, leaves its keys to whoever is committed next. */
static void keep_keys(struct sequencer *s, struct job *job)
{
	struct fault fault = {.text = "out of memory"};
	if (job->prepared == NULL)
		return;
	if (ledger_keep_keys(s->options.ledger, job->prepared) != E_OK)
		sequencer_die(s, &fault);
	job->prepared->new_keys = BYTES_EMPTY; /* a second try must not queue them again */
}

/* Nothing is signed now. Later batches may be sealed under keys that these have brought. */
static void refuse_all(struct sequencer *s, struct job *jobs, const struct fault *fault)
{
	for (struct job *job = jobs; job != NULL; job = job->next) {
		if (!needs_tick(job))
			continue;
		job->error = fault->error;
		job->fault = *fault;
		keep_keys(s, job);
	}
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
	if (job->error == E_OK)
		job->error = job_answer(job, encoded);
	if (fault_because(&job->fault, job->error, "a receipt cannot be made") != E_OK)
		sequencer_die(s, &job->fault); /* it is stored: the sender asks for its receipt again */
	ledger_checkpoint(s->options.ledger, &checkpoint, &note);
	job->seat->receipt_size = checkpoint.size;
}

void sequencer_answer_simple(struct sequencer *s, struct job *job)
{
	struct checkpoint checkpoint;
	struct bytes note;
	ledger_checkpoint(s->options.ledger, &checkpoint, &note);
	if (job->kind == JOB_HELLO) {
		job->seat->receipt_size = job->number;
		if (job->error == E_OK)
			job->error = greeting_welcome(s, job);
	}
	if (job->kind == JOB_NEXT_SENDER)
		job->number = ledger_next_sender(s->options.ledger);
	if (job->kind == JOB_STATUS || job->kind == JOB_EPOCH)
		job->number = checkpoint.size;
	job->tail = ledger_unfiled(s->options.ledger);
}

/* What would break the log's promise to file in time is not appended: what waits is filed first, and if that cannot be
 * done nothing is taken in. */
static enum error run_tick_in_time(struct sequencer *s, struct job *jobs, struct job **again, struct fault *fault)
{
	enum error error = run_tick(s, jobs, again, fault);
	if (error != E_UNFILED)
		return error;
	error = epochs_file_all(s, fault);
	if (error == E_OK)
		return run_tick(s, jobs, again, fault);
	if (sequencer_ends_tick(error))
		return error;
	return fault_set(fault, E_UNFILED, "");
}

/* Commits the jobs, however long the disk stays full, unless nothing may be signed any more. */
static void commit_jobs(struct sequencer *s, struct job *jobs, struct job **again)
{
	struct fault fault = {0};
	bool said = false;
	enum error error = run_tick_in_time(s, jobs, again, &fault);
	while (error == E_FULL) {
		if (!said)
			fprintf(stderr, "indsigt-ingestd: %s; nothing is acknowledged until there is room\n", fault.text);
		said = true;
		health_set(s->health, STATUS_DISK_FULL, true);
		if (atomic_load(&s->stopping))
			sequencer_die(s, &fault);
		nanosleep(&(struct timespec){.tv_sec = RETRY_MS / 1000}, NULL);
		health_writer(s->health);
		error = run_tick_in_time(s, jobs, again, &fault);
	}
	if (error == E_CLOCK || error == E_ROLLED_BACK || error == E_UNFILED) {
		*again = NULL;
		refuse_all(s, jobs, &fault);
	} else if (error != E_OK) {
		sequencer_die(s, &fault);
	}
	if (said && error == E_OK)
		fprintf(stderr, "indsigt-ingestd: there is room again, going on\n");
	health_set(s->health, STATUS_DISK_FULL, false);
}

/* What an operator should know: once for each batch, however often it is sent. */
static void alarm_about(struct sequencer *s, const struct job *job, bool question)
{
	if ((job->error != E_EQUIVOCATION || question) && job->error != E_CORRUPT)
		return;
	if (job->error == E_CORRUPT)
		health_set(s->health, STATUS_DAMAGE, true);
	if (s->alarm_sender == job->sender && s->alarm_sequence == job->first_sequence)
		return;
	s->alarm_sender = job->sender;
	s->alarm_sequence = job->first_sequence;
	if (job->error == E_CORRUPT)
		fprintf(stderr, "indsigt-ingestd: ALARM: %s. The sender waits; run 'indsigt audit'.\n", job->fault.text);
	else
		fprintf(stderr,
			"indsigt-ingestd: ALARM: sender %" PRIu32 " has signed two different batches from sequence %" PRIu64
			". Both are kept; see 'indsigt evidence'.\n",
			job->sender, job->first_sequence);
}

/* What a batch took is let go of before it is answered: many answered jobs may wait for the network thread. */
static void answer_batch(struct sequencer *s, struct job *job)
{
	struct sender sender;
	bool question = job->prepared != NULL && batch_is_question(&job->prepared->head);
	prepared_free(job->prepared);
	job->prepared = NULL;
	job_drop_body(job);
	alarm_about(s, job, question);
	if (job->error == E_OK)
		write_receipt(s, job);
	else if (ledger_sender(s->options.ledger, job->sender, &sender) == E_OK)
		job->expected_sequence = sender.next_sequence;
	if (job->error == E_BAD_SIGNATURE)
		spoil(job);
	if (job->error != E_OK)
		health_refused(s->health, job->sender, job->error);
}

/* Jobs that asked for nothing to be written are answered with those that did, so that each sender's answers stay in
 * order. */
static void answer_all(struct sequencer *s, struct job *jobs)
{
	for (struct job *job = jobs; job != NULL; job = job->next) {
		if (job->kind == JOB_BATCH)
			answer_batch(s, job);
		else if (job->kind != JOB_SENDER)
			sequencer_answer_simple(s, job);
	}
	sequencer_finish(s, jobs);
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

/* The list up to `end`, which begins the next one. */
static struct job *split_before(struct job *jobs, struct job *end)
{
	struct job **link = &jobs;
	while (*link != end)
		link = &(*link)->next;
	*link = NULL;
	return jobs;
}

static struct job *joined(struct job *jobs, struct job *more)
{
	struct job **link = &jobs;
	while (*link != NULL)
		link = &(*link)->next;
	*link = more;
	return jobs;
}

/* Prepares the first of the list again. It may be sealed under a key that a batch behind it has brought, so whatever
 * has been prepared meanwhile gives its keys first. */
static struct job *prepare_again(struct sequencer *s, struct job *jobs)
{
	bool closed;
	pthread_mutex_lock(&s->preparing);
	jobs = joined(jobs, epochs_set_aside(s, queue_take(&s->prepared, 0, &closed)));
	for (struct job *job = jobs; job != NULL; job = job->next)
		keep_keys(s, job);
	prepared_free(jobs->prepared);
	jobs->prepared = NULL;
	jobs->prepared_again++;
	prepare(s, jobs);
	pthread_mutex_unlock(&s->preparing);
	return jobs;
}

/* One tick, or several: each takes at most TICK_BYTES_MAX, and a job that has to be prepared again begins the next one,
 * so that every sender's batches stay in order. */
static void run_ticks(struct sequencer *s, struct job *jobs)
{
	while (jobs != NULL) {
		struct job *rest = cut(jobs);
		struct job *again = NULL;
		bool any = false;
		for (const struct job *job = jobs; job != NULL; job = job->next)
			any |= needs_tick(job);
		if (any)
			commit_jobs(s, jobs, &again);
		answer_all(s, split_before(jobs, again));
		jobs = again ? prepare_again(s, joined(again, rest)) : rest;
	}
}

/* The beat of the tick thread: follows the clock, so that a long quiet is no jump, and says what is wrong with it. */
static void watch_clock(struct sequencer *s)
{
	struct fault fault = {.event = FAULT_NO_EVENT};
	uint64_t now_s = 0;
	enum error error = ledger_now(s->options.ledger, &now_s, &fault);
	time_t wall_s = time(NULL);
	bool changed = health_set(s->health, STATUS_CLOCK, error != E_OK);
	if (changed && error != E_OK)
		fprintf(stderr, "indsigt-ingestd: ALARM: %s\n", fault.text);
	else if (changed)
		fprintf(stderr, "indsigt-ingestd: the clock is taken for right again, going on\n");
	uint64_t ahead_s = error == E_OK && (int64_t)now_s > (int64_t)wall_s ? now_s - (uint64_t)wall_s : 0;
	if (ahead_s > CLOCK_APART_SECONDS_MAX && !s->behind_said)
		fprintf(stderr,
			"indsigt-ingestd: the clock is %" PRIu64 " seconds before the log's newest entry; entries bear the log's "
			"time until it has caught up. If the clock is "
			"wrong, set it right\n",
			ahead_s);
	s->behind_said = ahead_s > CLOCK_APART_SECONDS_MAX;
	health_set(s->health, STATUS_GUARD, ledger_guard_lags(s->options.ledger));
	health_writer(s->health);
}

/* Files that are not the ledger's own any more are the end; an old snapshot is only told of. */
static void look_after(struct sequencer *s)
{
	char name[PROCESS_NAME_BYTES];
	struct fault fault = {.text = ""};
	struct ledger_held held;
	if (ledger_look_after(s->options.ledger, &held, &fault) != E_OK)
		sequencer_die(s, &fault);
	health_snapshot(s->health, held.pid != 0 ? held.age_s : 0);
	if (held.pid != 0 && held.age_s >= HELD_LONG_S && s->held_pid != held.pid)
		fprintf(stderr,
			"indsigt-ingestd: process %d (%s) has held a snapshot for %" PRIu64
			" seconds; until it lets go the store grows with every tick. If it is stopped, let it go on or end it\n",
			held.pid, process_name(held.pid, name) ? name : "unknown", held.age_s);
	s->held_pid = held.pid != 0 && held.age_s >= HELD_LONG_S ? held.pid : 0;
}

/* It waits for jobs only where filing has nothing to do; the clock, the files and the evidence are looked after on
 * each round, so at least once a second. */
static void *tick_main(void *context)
{
	struct sequencer *s = context;
	struct fault fault;
	bool closed = false;
	while (!closed) {
		struct job *jobs = queue_take(&s->prepared, epochs_hurry(s) ? 0 : RETRY_MS, &closed);
		if (jobs == NULL && ledger_idle(s->options.ledger, &fault) == E_IO)
			sequencer_die(s, &fault);
		watch_clock(s);
		look_after(s);
		greeting_beat(s);
		jobs = epochs_set_aside(s, jobs);
		run_ticks(s, jobs);
		if (closed)
			break;
		epochs_step(s);
		epochs_rest(s);
	}
	fault_set(&fault, E_STOPPED, "");
	epochs_end(s, E_STOPPED, &fault);
	return NULL;
}

/* ---- starting and stopping ---- */

/* Signals are the network thread's. */
static bool start_threads(struct sequencer *s)
{
	errno = thread_start(&s->prepare_thread, prepare_main, s);
	bool good = errno == 0;
	if (good && filer_start(&s->filer) != E_OK) {
		queue_close(&s->submitted);
		pthread_join(s->prepare_thread, NULL);
		good = false;
	}
	if (good && (errno = thread_start(&s->tick_thread, tick_main, s)) != 0) {
		queue_close(&s->submitted);
		pthread_join(s->prepare_thread, NULL);
		good = false;
	}
	return good;
}

enum error sequencer_start(const struct sequencer_options *options, struct sequencer **out, struct fault *fault)
{
	OWNED(sequencer_release) struct sequencer *s = calloc(1, sizeof *s);
	TRY(fault_set(fault, allocated(s), ""));
	s->options = *options;
	s->health = options->health;
	s->epoch_ended_ms = s->filed_ms = clock_ms();
	s->oldest_s = UINT64_MAX;
	s->cost.event_ns = PACE_ENTRY_NS;
	pthread_mutex_init(&s->preparing, NULL);
	pthread_mutex_init(&s->unwritten, NULL);
	queue_init(&s->submitted);
	queue_init(&s->prepared);
	queue_init(&s->done);
	filer_init(&s->filer, options->ledger, &s->prepared);
	TRY(preparer_open(options->ledger, &s->preparer, fault));
	if (!start_threads(s))
		return fault_set(fault, E_NO_MEMORY, "threads cannot be started: %m");
	*out = OWN_TAKE(s);
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

/* One after the other: the prepare thread closes the second queue when it has handed over its last job, and only
 * then the tick thread finds its end. It may wait for the filing thread until then, so that one ends last. */
void sequencer_stop(struct sequencer *s)
{
	atomic_store(&s->stopping, true);
	queue_close(&s->submitted);
	pthread_join(s->prepare_thread, NULL);
	pthread_join(s->tick_thread, NULL);
	filer_stop(&s->filer);
}

void sequencer_free(struct sequencer *s)
{
	if (s == NULL)
		return;
	filer_free(&s->filer);
	preparer_close(s->preparer);
	queue_free(&s->submitted);
	queue_free(&s->prepared);
	queue_free(&s->done);
	greeting_free(s);
	pthread_mutex_destroy(&s->unwritten);
	pthread_mutex_destroy(&s->preparing);
	free(s);
}
