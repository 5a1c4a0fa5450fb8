/* Filing, as the tick thread sees it: the filing thread does most of an epoch beside ticks (filer.h), this one begins
 * it, does between two ticks what only the writer can, and has all of it done before a tick that would come too late.
 * Who asked for an epoch waits here.
 *
 *   epochs_step        due, asked for, or much there? ─► start ─► slices, by turns with the filing thread ─► ended: who
 *                      waits is told
 *   epochs_rest        filing is behind? ─► ticks rest (pace.h)
 *   epochs_file_first  a standstill, or too far behind? ─► ticks wait until it is not
 *   epochs_file_all    the log refused to go on (E_UNFILED) ─► all that there is
 *
 * What can fail: the store (E_IO, E_STOPPED: the process ends), the disk (E_FULL: the tick waits for room), the
 * clock (E_CLOCK: nothing is signed, and an epoch that is begun rests when the writer's turn comes), and events that
 * cannot be filed. Those do not stop ingest: it is said once, the operator is to look, and ticks wait no longer for
 * what will not come. Whether they may then go on at all is the log's rule and not this file's (EPO-9). */
#include "ingest/sequencer/sequencer_state.h"
#include "ledger/base/clock.h"

#include <inttypes.h>
#include <stdio.h>

static uint32_t epoch_seconds(const struct sequencer *s)
{
	return s->options.epoch_seconds < EPOCH_SECONDS_MOST ? s->options.epoch_seconds : EPOCH_SECONDS_MOST;
}

/* Who asks for fewer epochs than usual does not mean that ticks should wait for them: so much of an event's age is as
 * it was wished. */
static uint64_t late_s(const struct sequencer *s, uint64_t now_s)
{
	uint64_t age_s = s->oldest_s < now_s ? now_s - s->oldest_s : 0;
	uint64_t wished_s = epoch_seconds(s) > EPOCH_SECONDS_DEFAULT ? epoch_seconds(s) - EPOCH_SECONDS_DEFAULT : 0;
	return age_s > wished_s ? age_s - wished_s : 0;
}

/* How late the oldest event that is not filed is, in the log's time, and how late the newest will be at least. */
static uint64_t behind_s(struct sequencer *s, uint64_t now_s)
{
	if (ledger_unfiled(s->options.ledger) == 0)
		s->oldest_s = UINT64_MAX;
	else if (s->oldest_s == UINT64_MAX &&
			 ledger_oldest_unfiled(s->options.ledger, &s->oldest_from, &s->oldest_s) != E_OK)
		s->oldest_s = UINT64_MAX; /* looked at again next time */
	s->cost.epoch_us += filer_take_us(&s->filer);
	if (filer_has_epoch(&s->filer))
		s->cost.epoch_events = filer_events(&s->filer);
	return late_s(s, now_s) + pace_left_us(&s->cost, ledger_unfiled(s->options.ledger)) / 1000000;
}

/* What keeps epochs from coming is said once, however often it is tried. */
static void say_failed(struct sequencer *s, const char *text)
{
	if (strcmp(s->failed_why, text) == 0)
		return;
	strcpy(s->failed_why, text);
	if (text[0] != '\0')
		fprintf(stderr, "indsigt-ingestd: %s\n", text);
}

/* What an operator should know of an epoch that has ended. */
static void say_damage(struct sequencer *s)
{
	struct ledger_damage damage;
	if (!ledger_take_damage(s->options.ledger, &damage))
		return;
	if (damage.filing)
		fprintf(stderr,
			"indsigt-ingestd: ALARM: what is filed is missing or damaged, and all of it is made again from the log. "
			"Unless a copy without the folder 'filed' was put here, look after the disk, and run 'indsigt audit'.\n");
	if (damage.packs > 0)
		fprintf(stderr,
			"indsigt-ingestd: ALARM: the store was damaged: what %" PRIu64
			" batches are about could not be read, and was made again from their events. Look after the disk, and run "
			"'indsigt audit'.\n",
			damage.packs);
	if (damage.lost > 0)
		fprintf(stderr,
			"indsigt-ingestd: ALARM: the store is damaged: the records of %" PRIu64
			" events do not open, and nobody can tell whose they are. The log says that %" PRIu64
			" events are lost; all others are filed. Look after the disk; who reported them is to report them again.\n",
			damage.unreadable, damage.lost);
}

/* One of the writer's. All slices are measured: what an epoch costs is what pace.h goes by. */
static enum error run_slice(struct sequencer *s, bool *finished, struct fault *fault)
{
	uint64_t start_us = clock_us();
	uint64_t filed = ledger_filed(s->options.ledger);
	enum error error = ledger_epoch_slice(s->options.ledger, finished, fault);
	s->cost.epoch_us += clock_us() - start_us + filer_take_us(&s->filer);
	s->cost.epoch_events = ledger_epoch_events(s->options.ledger);
	if (*finished)
		say_failed(s, "");
	if (error != E_OK || *finished) {
		say_damage(s);
		s->oldest_s = UINT64_MAX; /* another one is the oldest now */
		uint64_t after = ledger_filed(s->options.ledger);
		pace_learn(&s->cost, after > filed ? after - filed : 0); /* less: all is filed again */
	}
	return error;
}

/* The time of what is signed now. E_CLOCK, E_ROLLED_BACK: nothing may be. */
static enum error signing_time(struct sequencer *s, uint64_t *out_s, struct fault *fault)
{
	return atomic_load(&s->halted) ? fault_set(fault, E_ROLLED_BACK, "") : ledger_now(s->options.ledger, out_s, fault);
}

/* While this thread has the running epoch: the next slice of its own, if it is one, and then it is the other's turn. */
static enum error take_turn(struct sequencer *s, bool *finished, struct fault *fault)
{
	if (ledger_epoch_needs_writer(s->options.ledger))
		TRY(run_slice(s, finished, fault));
	if (!*finished && !ledger_epoch_needs_writer(s->options.ledger))
		filer_give(&s->filer);
	return E_OK;
}

/* An epoch has ended, or a slice of it failed. That nothing may be signed now is no fault of filing's. */
static void note_end(struct sequencer *s, enum error error)
{
	s->epoch_failed = error != E_OK && error != E_CLOCK;
	health_set(s->health, STATUS_EPOCH_FAILED, s->epoch_failed);
}

/* Filing goes on, and no tick does; and the time after it. */
static enum error go_on(struct sequencer *s, uint64_t *now_s, struct fault *fault)
{
	bool started = false;
	bool finished = false;
	enum error error = E_OK;
	if (filer_has_epoch(&s->filer))
		filer_wait(&s->filer, BESIDE_MS);
	else
		error = ledger_epoch_start(s->options.ledger, &started, fault) ?: take_turn(s, &finished, fault);
	if (error != E_OK || finished)
		note_end(s, error);
	health_writer(s->health);
	return error == E_OK ? signing_time(s, now_s, fault) : error;
}

/* An event must be filed before the log's time has gone on for the log's lag (EPO-9). While ticks go on an epoch comes
 * in time, since they rest the more the longer its oldest event waits, and in the end stop (pace.h). After a standstill
 * (the process was stopped, the machine slept) the next entry would be too late a one, so all that is not filed comes
 * first. What cannot be filed is an operator's business, and no reason to take nothing. */
enum error epochs_file_first(struct sequencer *s, struct fault *fault)
{
	struct ledger *ledger = s->options.ledger;
	uint64_t now_s = 0;
	enum error error = signing_time(s, &now_s, fault);
	if (error != E_OK)
		return error;
	bool standstill = now_s > ledger_time_s(ledger) + STANDSTILL_S;
	bool waiting = false;
	while (error == E_OK && ledger_unfiled(ledger) > 0) {
		waiting = pace_ticks_wait(behind_s(s, now_s), waiting) && !s->epoch_failed;
		if (!standstill && !waiting)
			break;
		error = go_on(s, &now_s, fault);
	}
	if (error == E_OK || sequencer_ends_tick(error))
		return error;
	say_failed(s, fault->text);
	return E_OK;
}

/* A try that failed a moment ago is not made again: each batch that comes would ask for it, and none would be
 * answered. */
enum error epochs_file_all(struct sequencer *s, struct fault *fault)
{
	struct ledger *ledger = s->options.ledger;
	enum error error = E_OK;
	uint64_t now_s = 0;
	if (s->unfiled_ms != 0 && clock_ms() - s->unfiled_ms < UNFILED_RETRY_MS)
		return fault_set(fault, E_UNFILED, "");
	while (error == E_OK && (ledger_epoch_runs(ledger) || ledger_unfiled(ledger) > 0))
		error = go_on(s, &now_s, fault);
	s->unfiled_ms = error == E_OK ? 0 : clock_ms();
	if (error != E_OK)
		say_failed(s, fault->text);
	return error;
}

/* An operator's word that what cannot be filed is lost is good for the epoch that was asked for with it, and for no
 * later one. */
static bool declares(const struct job *jobs)
{
	for (; jobs != NULL; jobs = jobs->next)
		if (jobs->declare_lost)
			return true;
	return false;
}

/* An epoch has ended, or there was nothing to do: answers those whose entries it covers; after an error, everybody. */
void epochs_end(struct sequencer *s, enum error error, const struct fault *fault)
{
	struct job *answered = NULL;
	struct job **link = &s->epoch_waiters;
	s->epoch_ended_ms = clock_ms();
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
	ledger_declare_lost(s->options.ledger, declares(s->epoch_waiters));
	sequencer_finish(s, answered);
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

/* Nothing may be signed: whoever waits is told so. An epoch that is begun goes on once it may. */
static bool may_sign(struct sequencer *s, uint64_t *now_s, struct fault *fault)
{
	enum error error = signing_time(s, now_s, fault);
	if (error != E_OK && s->epoch_waiters != NULL)
		epochs_end(s, error, fault);
	return error == E_OK;
}

/* Since when nothing was filed to the end, and not how much waits: much may wait on a day like any other. */
static void note_lag(struct sequencer *s, uint32_t epoch_seconds)
{
	if (ledger_unfiled(s->options.ledger) == 0)
		s->filed_ms = clock_ms();
	health_set(s->health, STATUS_FILING_LATE, clock_ms() - s->filed_ms > LATE_MS + 2 * (uint64_t)epoch_seconds * 1000);
}

/* Rests while nothing may be signed: the filing thread's slices say nothing, but the writer's last one is an entry of
 * the log with a time. */
void epochs_step(struct sequencer *s)
{
	struct fault fault = {0};
	enum error error = E_OK;
	bool finished = false;
	uint64_t now_s = 0;
	uint64_t tail = ledger_unfiled(s->options.ledger);
	set_waiters_targets(s);
	uint32_t seconds = epoch_seconds(s);
	bool due = clock_ms() - s->epoch_ended_ms >= (uint64_t)seconds * 1000;
	note_lag(s, seconds);
	s->epoch_rests = !may_sign(s, &now_s, &fault);
	if (s->epoch_rests || filer_has_epoch(&s->filer))
		return;
	bool running = ledger_epoch_runs(s->options.ledger);
	if (!running && tail > 0 && (due || tail > EPOCH_EVENTS_MAX / 2 || s->epoch_waiters != NULL))
		error = ledger_epoch_start(s->options.ledger, &running, &fault);
	if (error == E_OK && running)
		error = take_turn(s, &finished, &fault);
	if (error == E_IO || error == E_STOPPED)
		sequencer_die(s, &fault);
	if (error != E_OK)
		say_failed(s, fault.text);
	if (error != E_OK || finished)
		note_end(s, error);
	if (finished || error != E_OK || (!running && s->epoch_waiters != NULL))
		epochs_end(s, error, &fault);
}

/* What is behind for want of an epoch is not caught up with by resting, nor what cannot be filed. */
void epochs_rest(struct sequencer *s)
{
	struct fault fault = {0};
	uint64_t now_s = 0;
	uint64_t ticks_us = s->ticks_us;
	s->ticks_us = 0;
	if (ticks_us == 0 || s->epoch_failed || signing_time(s, &now_s, &fault) != E_OK)
		return;
	uint64_t until_us = clock_us() + pace_rest_us(behind_s(s, now_s), ticks_us);
	for (uint64_t us; ledger_epoch_runs(s->options.ledger) && (us = clock_us()) < until_us; epochs_step(s)) {
		if (atomic_load(&s->stopping) || s->epoch_rests)
			return;
		filer_wait(&s->filer, (unsigned)((until_us - us) / 1000 + 1));
	}
}

bool epochs_hurry(struct sequencer *s)
{
	bool running = ledger_epoch_runs(s->options.ledger);
	return !s->epoch_rests && (running || s->epoch_waiters != NULL) && !filer_has_epoch(&s->filer);
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
		if (job->declare_lost)
			ledger_declare_lost(s->options.ledger, true);
		job->number = UINT64_MAX;
		job->next = s->epoch_waiters;
		s->epoch_waiters = job;
	}
	return jobs;
}
