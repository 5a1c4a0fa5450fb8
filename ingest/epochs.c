/* Filing, on the tick thread: a slice of an epoch between two ticks, and all of it before a tick that would come too
 * late. Who asked for an epoch waits here. */
#include "ingest/sequencer_state.h"

#include <stdio.h>
#include <time.h>

#define STANDSTILL_S 60 /* the log's time has stood still: what is not filed is filed before it goes on */
#define EPOCH_SECONDS_MOST (EPOCH_LAG_SECONDS_DEFAULT / 2) /* whatever was asked for: events are filed in time */
#define LATE_MS 60000                                      /* and two epochs: longer than any load explains */

static uint64_t clock_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* An event must be filed before the log's time has gone on for the log's lag (EPO-9). While ticks go on an epoch comes
 * in time. After a standstill (the process was stopped, the machine slept) the next entry would be too late a one, so
 * all that is not filed comes first. What cannot be filed is an operator's business, and no reason to take nothing. */
enum error epochs_file_first(struct sequencer *s, struct fault *fault)
{
	struct ledger *ledger = s->options.ledger;
	uint64_t now_s = 0;
	enum error error = ledger_now(ledger, &now_s, fault);
	if (error != E_OK || now_s <= ledger_time_s(ledger) + STANDSTILL_S)
		return error;
	while (error == E_OK && ledger_unfiled(ledger) > 0) {
		bool finished = false;
		if (!s->epoch_running)
			error = ledger_epoch_start(ledger, &s->epoch_running, fault);
		while (error == E_OK && !finished)
			error = ledger_epoch_slice(ledger, &finished, fault);
		s->epoch_running = false;
	}
	if (error == E_OK || error == E_FULL || error == E_IO || error == E_STOPPED || error == E_CLOCK)
		return error;
	fprintf(stderr, "indsigt-ingestd: %s\n", fault->text);
	return E_OK;
}

/* An epoch has ended, or there was nothing to do: answers those whose entries it covers; after an error, everybody. */
void epochs_end(struct sequencer *s, enum error error, const struct fault *fault)
{
	struct job *answered = NULL;
	struct job **link = &s->epoch_waiters;
	s->epoch_running = false;
	s->epoch_ended_ms = status_clock_ms();
	if (error == E_OK)
		s->filed_ms = s->epoch_ended_ms;
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
		sequencer_answer_simple(s, job);
		job->error = error;
		if (error != E_OK)
			job->fault = *fault;
	}
	sequencer_finish(s, answered);
}

/* While ticks have work they have most of the thread: four times what the last slice took. But an epoch must end before
 * the log's lag is over (300 seconds), so the longer the last one was ago, the less it rests. */
static uint64_t slice_rest(const struct sequencer *s)
{
	uint64_t ago_ms = status_clock_ms() - s->epoch_ended_ms;
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

/* Nothing may be signed: whoever waits is told so, and what is begun is begun again later. */
static bool may_sign(struct sequencer *s, struct fault *fault)
{
	uint64_t now_s;
	enum error error =
		atomic_load(&s->halted) ? fault_set(fault, E_ROLLED_BACK, "") : ledger_now(s->options.ledger, &now_s, fault);
	if (error != E_OK && s->epoch_waiters != NULL)
		epochs_end(s, error, fault);
	return error == E_OK;
}

static void note_lag(struct sequencer *s, uint32_t epoch_seconds)
{
	if (ledger_unfiled(s->options.ledger) == 0)
		s->filed_ms = status_clock_ms();
	health_set(
		s->health, STATUS_FILING_LATE, status_clock_ms() - s->filed_ms > LATE_MS + 2 * (uint64_t)epoch_seconds * 1000);
}

void epochs_step(struct sequencer *s, bool busy)
{
	struct fault fault = {0};
	enum error error = E_OK;
	bool finished = false;
	uint64_t tail = ledger_unfiled(s->options.ledger);
	set_waiters_targets(s);
	uint32_t seconds = s->options.epoch_seconds < EPOCH_SECONDS_MOST ? s->options.epoch_seconds : EPOCH_SECONDS_MOST;
	bool due = status_clock_ms() - s->epoch_ended_ms >= (uint64_t)seconds * 1000;
	note_lag(s, seconds);
	s->epoch_rests = !may_sign(s, &fault);
	if (s->epoch_rests)
		return;
	if (!s->epoch_running && tail > 0 && (due || tail > EPOCH_EVENTS_MAX / 2 || s->epoch_waiters != NULL))
		error = ledger_epoch_start(s->options.ledger, &s->epoch_running, &fault);
	if (error == E_OK && s->epoch_running && busy && clock_us() < s->slice_after_us)
		return;
	if (error == E_OK && s->epoch_running)
		error = epoch_slice(s, &finished, &fault);
	if (error == E_IO || error == E_STOPPED)
		sequencer_die(&fault);
	if (error != E_OK)
		fprintf(stderr, "indsigt-ingestd: %s\n", fault.text);
	if (error != E_OK || finished)
		health_set(s->health, STATUS_EPOCH_FAILED, error != E_OK && error != E_CLOCK);
	if (finished || error != E_OK || (!s->epoch_running && s->epoch_waiters != NULL))
		epochs_end(s, error, &fault);
}

/* Takes the jobs that wait for an epoch out of the list. */
struct job *epochs_set_aside(struct sequencer *s, struct job *jobs)
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
