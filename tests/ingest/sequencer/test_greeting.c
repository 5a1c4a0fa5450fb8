/* What shows that an older store was put back, where it cannot be written at once. spec/frame.md */
#include "ingest/sequencer/sequencer_state.h"
#include "ledger/base/clock.h"
#include "tests/lib/newer.h"

#include <sys/wait.h>
#include <unistd.h>

static struct fixture f;
static struct sequencer s;

/* Without its threads. */
static void begin(void)
{
	fixture_make(&f);
	s = (struct sequencer){.options = {.ledger = f.ledger, .dir = f.dir}};
	ck_ok(health_new(f.dir, &s.health));
	pthread_mutex_init(&s.unwritten, NULL);
}

static void end(void)
{
	greeting_free(&s);
	health_free(s.health);
	fixture_remove(&f);
}

static void show(void)
{
	struct job *job = newer_hello(&f);
	greeting_look_up(&s, job);
	ck_error(job->error, E_ROLLED_BACK);
	job_free(job);
}

static bool told_of(enum status_reason reason)
{
	struct status status;
	health_beat(s.health);
	ck_ok(status_read(f.dir, clock_ms(), &status));
	return status.since_s[reason] != 0;
}

/* FRM-8: without being shown again. */
START_TEST(it_is_tried_until_it_is_written)
{
	begin();
	bar_evidence(&f, true);
	show();
	ck_assert(told_of(STATUS_HALTED));
	ck_assert(told_of(STATUS_EVIDENCE));
	bar_evidence(&f, false);
	s.shown_ms = 0;
	greeting_beat(&s);
	ck_assert(evidence_is_kept(&f));
	ck_assert(!told_of(STATUS_EVIDENCE));
	end();
}
END_TEST

/* FRM-8: a process that has to end tries once more. */
START_TEST(it_is_written_before_the_process_ends)
{
	struct fault fault = {.text = "a test ends it"};
	int status = 0;
	begin();
	bar_evidence(&f, true);
	show();
	bar_evidence(&f, false);
	pid_t child = fork();
	if (child == 0)
		sequencer_die(&s, &fault);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert(evidence_is_kept(&f));
	end();
}
END_TEST

/* HTTP-34: there was no memory for what could not be written; what is shown later and is written says it all. */
START_TEST(what_is_written_later_says_it_too)
{
	begin();
	bar_evidence(&f, true);
	show();
	free(s.shown);
	s.shown = NULL;
	ck_assert(told_of(STATUS_EVIDENCE));
	bar_evidence(&f, false);
	show();
	ck_assert(evidence_is_kept(&f));
	ck_assert(!told_of(STATUS_EVIDENCE));
	end();
}
END_TEST

/* A store that is behind welcomes nobody: neither who comes afterwards, nor who was looked up before it was known. */
START_TEST(nobody_is_welcomed_to_an_older_store)
{
	begin();
	struct job *before = first_hello(&f), *after = first_hello(&f);
	greeting_look_up(&s, before);
	ck_ok(before->error);
	show();
	ck_error(greeting_welcome(&s, before), E_ROLLED_BACK);
	greeting_look_up(&s, after);
	ck_error(after->error, E_ROLLED_BACK);
	job_free(before);
	job_free(after);
	end();
}
END_TEST

UNIT_MAIN("greeting", it_is_tried_until_it_is_written, it_is_written_before_the_process_ends,
	what_is_written_later_says_it_too, nobody_is_welcomed_to_an_older_store)
