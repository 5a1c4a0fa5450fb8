/* What is filed before a tick may begin, by a clock that the test holds (tests/meson.build). spec/epoch.md */
#include "ingest/sequencer/sequencer_state.h"
#include "ledger/db/db_put.h"
#include "ledger/store/store.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/fixture.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SLICES_MAX 10000

static struct fixture f;
static struct health *health;
static _Atomic uint64_t clock_s; /* 0: the machine's */
static uint64_t sequence;

time_t __real_time(time_t *out);
time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
	time_t now = clock_s != 0 ? (time_t)clock_s : __real_time(NULL);
	if (out != NULL)
		*out = now;
	return now;
}

/* What the registration leaves is filed. */
static void begin(void)
{
	clock_s = 0;
	sequence = 0;
	fixture_make(&f);
	fixture_epoch(&f);
	ck_assert_uint_eq(ledger_unfiled(f.ledger), 0);
	clock_s = ledger_time_s(f.ledger) + 1; /* what follows an epoch is later */
	ck_ok(health_new(f.dir, &health));
}

static void end(void)
{
	health_free(health);
	fixture_remove(&f);
}

static void no_wake(void *context)
{
	(void)context;
}

/* What the tick thread has, without it and the one that prepares. */
static void by_hand(struct sequencer *s)
{
	*s = (struct sequencer){
		.options = {.ledger = f.ledger, .dir = f.dir, .epoch_seconds = EPOCH_SECONDS_DEFAULT, .wake = no_wake},
		.health = health,
		.oldest_s = UINT64_MAX,
		.cost.event_ns = PACE_ENTRY_NS};
	queue_init(&s->prepared);
	queue_init(&s->done);
	filer_init(&s->filer, f.ledger, &s->prepared);
	ck_ok(filer_start(&s->filer));
}

static void let_go(struct sequencer *s)
{
	filer_free(&s->filer);
	queue_free(&s->done);
	queue_free(&s->prepared);
}

/* Until the filing thread's turn is over. */
static void step(struct sequencer *s)
{
	epochs_step(s);
	filer_wait(&s->filer, 1000);
}

/* `seconds` after what was there last, a batch of two events: three entries. */
static void batch_after(uint64_t seconds)
{
	clock_s += seconds;
	f.now_s = clock_s;
	fixture_append(&f, fixture_batch(&f, sequence, (const uint32_t[]){1, 2}, 2, (uint32_t)sequence));
	sequence += 2;
}

static void file_first(struct sequencer *s, uint64_t left)
{
	struct fault fault = {.text = ""};
	enum error error = epochs_file_first(s, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_assert_uint_eq(ledger_unfiled(f.ledger), left);
	ck_assert_ptr_null(f.ledger->epoch);
}

/* EPO-9: the log's time has stood still for longer than ticks ever let it, and everything that waits is filed before it
 * goes on; it is tried again if it failed before. */
START_TEST(after_a_standstill)
{
	begin();
	struct sequencer s;
	by_hand(&s);
	for (unsigned failed = 0; failed < 2; failed++) {
		batch_after(2);
		s.epoch_failed = failed;
		file_first(&s, 3);
		clock_s += failed ? 60 : PACE_FIRST_S - 1;
		file_first(&s, 3);
		clock_s += 1;
		file_first(&s, 0);
		ck_assert(!s.epoch_failed);
		file_first(&s, 0);
	}
	let_go(&s);
	end();
}
END_TEST

/* EPO-9: however many epochs that takes. */
START_TEST(after_a_standstill_all_of_it)
{
	begin();
	struct sequencer s;
	by_hand(&s);
	f.ledger->epoch_events_max = 2;
	for (unsigned i = 0; i < 5; i++)
		batch_after(0);
	clock_s += 61;
	file_first(&s, 0);
	let_go(&s);
	end();
}
END_TEST

/* EPO-9: events that have waited for long go first while ticks go on, and then those that are not young enough yet. */
START_TEST(while_ticks_go_on)
{
	begin();
	struct sequencer s;
	by_hand(&s);
	f.ledger->epoch_events_max = 2;
	batch_after(0);
	batch_after(3);
	batch_after(2);
	batch_after(16); /* the others have waited for 21, 18 and 16 seconds */
	file_first(&s, 12);
	clock_s += 1;      /* and now for 22, 19 and 17 */
	file_first(&s, 7); /* 17, 1, and an epoch's own entry before the newest epoch */
	let_go(&s);
	end();
}
END_TEST

/* Ticks do not wait for what was not wished sooner. */
START_TEST(as_few_epochs_as_were_asked_for)
{
	begin();
	struct sequencer s;
	by_hand(&s);
	s.options.epoch_seconds = 1000; /* half of the lag is the most */
	for (unsigned i = 0; i < 3; i++)
		batch_after(i > 0 ? 60 : 0);
	clock_s += EPOCH_SECONDS_MOST - EPOCH_SECONDS_DEFAULT + PACE_FIRST_S - 1 - 120;
	file_first(&s, 9);
	clock_s += 1;
	file_first(&s, 0);
	let_go(&s);
	end();
}
END_TEST

/* What cannot be filed is an operator's business: ticks go on while the log's rules let them. */
START_TEST(not_what_cannot_be_filed)
{
	begin();
	struct sequencer s;
	by_hand(&s);
	s.epoch_failed = true;
	batch_after(0);
	batch_after(55);
	file_first(&s, 6);
	s.epoch_failed = false;
	file_first(&s, 0);
	let_go(&s);
	end();
}
END_TEST

/* ---- while the clock is doubted ---- */

static void wait_for_an_epoch(struct sequencer *s)
{
	ck_assert_ptr_null(s->epoch_waiters);
	s->epoch_waiters = job_new(JOB_EPOCH, 1);
	s->epoch_waiters->number = UINT64_MAX;
}

static void answered(struct sequencer *s, enum error wanted, uint64_t tail)
{
	bool closed;
	struct job *job = queue_take(&s->done, 0, &closed);
	ck_assert_ptr_nonnull(job);
	ck_error(job->error, wanted);
	ck_assert_uint_eq(job->tail, tail);
	job_free(job);
}

/* CLK-3: who waits is told that nothing may be signed, and the epoch that was begun goes on once it may. */
START_TEST(a_doubted_clock_ends_no_epoch)
{
	begin();
	struct sequencer s;
	by_hand(&s);
	batch_after(2);
	uint64_t good_s = clock_s;
	wait_for_an_epoch(&s);
	step(&s);
	ck_assert_ptr_nonnull(f.ledger->epoch);
	clock_s = good_s + 400000;
	step(&s);
	answered(&s, E_CLOCK, 3);
	ck_assert(s.epoch_rests);
	clock_s = good_s + 1;
	wait_for_an_epoch(&s);
	for (unsigned slices = 0; slices < SLICES_MAX && s.epoch_waiters != NULL; slices++)
		step(&s);
	ck_assert_ptr_null(s.epoch_waiters);
	answered(&s, E_OK, 0);
	let_go(&s);
	end();
}
END_TEST

/* The record of the entry at `index` opens no more. */
static void spoil_record(uint64_t index)
{
	uint8_t key[8];
	struct bytes row;
	struct db_txn changing;
	put_u64(key, index);
	ck_ok(db_begin(f.ledger->store, true, &changing));
	ck_ok(db_get(&changing, STORE_RECORD, BYTES_ARRAY(key), &row));
	db_put(&changing, STORE_RECORD, BYTES_ARRAY(key), bytes_of(row.data, row.len - 1));
	ck_ok(db_commit(&changing));
}

/* An epoch that ends with losses that reach over gaps has filed nothing, and what was filed is filed again: it says
 * nothing of what an event costs. */
START_TEST(an_epoch_that_files_nothing_teaches_nothing)
{
	begin();
	struct sequencer s;
	by_hand(&s);
	s.cost.event_ns = 1; /* nothing is as cheap */
	clock_s += 2;
	f.now_s = clock_s;
	struct appended batch = fixture_append(&f, fixture_batch(&f, 0, (const uint32_t[]){1, 2, 3, 4}, 4, 0));
	spoil_record(batch.first_index);
	spoil_record(batch.first_index + 2);
	f.ledger->state.losses.entries = LOSSES_MAX - LOSSES_SPARE - 1; /* there is room for one more */
	wait_for_an_epoch(&s);
	s.epoch_waiters->declare_lost = true;
	ledger_declare_lost(f.ledger, true);
	uint64_t filed = ledger_filed(f.ledger);
	for (unsigned slices = 0; slices < SLICES_MAX && ledger_filed(f.ledger) >= filed; slices++)
		step(&s);
	ck_assert_uint_eq(ledger_filed(f.ledger), 0);
	ck_assert_uint_eq(s.cost.event_ns, 1);
	for (unsigned slices = 0; slices < SLICES_MAX && s.epoch_waiters != NULL; slices++)
		step(&s);
	answered(&s, E_OK, 0);
	let_go(&s);
	end();
}
END_TEST

/* ---- in the sequencer ---- */

static int wake_fd;

static void wake(void *context)
{
	uint64_t one = 1;
	(void)context;
	ck_assert_int_eq(write(wake_fd, &one, sizeof one), sizeof one);
}

static struct job *answer(struct sequencer *sequencer)
{
	struct job *done;
	while ((done = sequencer_take_done(sequencer)) == NULL) {
		struct pollfd ready = {.fd = wake_fd, .events = POLLIN};
		uint64_t count;
		ck_assert_int_eq(poll(&ready, 1, 60000), 1);
		ck_assert_int_eq(read(wake_fd, &count, sizeof count), sizeof count);
	}
	ck_assert_msg(done->error == E_OK, "%s", done->fault.text);
	return done;
}

static void submit_batch(struct sequencer *sequencer, struct seat *seat)
{
	struct bytes body = fixture_batch(&f, sequence, (const uint32_t[]){1, 2}, 2, (uint32_t)sequence);
	struct job *job = job_new(JOB_BATCH, 1);
	job->seat = seat_hold(seat);
	job->sender = 1;
	job->body = (uint8_t *)(uintptr_t)body.data;
	job->body_bytes = body.len;
	sequence += 2;
	sequencer_submit(sequencer, job);
	job_free(answer(sequencer));
}

/* EPO-9: it is the tick that waits: what comes after a standstill is the first that is not filed. */
START_TEST(a_tick_after_a_standstill)
{
	struct fault fault = {.text = ""};
	struct sequencer *sequencer;
	struct seat *seat = seat_new();
	begin();
	preparer_close(f.preparer); /* the sequencer has one of its own */
	f.preparer = NULL;
	wake_fd = eventfd(0, EFD_CLOEXEC);
	struct sequencer_options options = {
		.ledger = f.ledger, .dir = f.dir, .epoch_seconds = 1000, .health = health, .wake = wake};
	ck_ok(sequencer_start(&options, &sequencer, &fault));
	submit_batch(sequencer, seat);
	submit_batch(sequencer, seat);
	clock_s += 200; /* no rule of the log asks for it yet */
	submit_batch(sequencer, seat);
	sequencer_submit(sequencer, job_new(JOB_STATUS, 1));
	struct job *status = answer(sequencer);
	ck_assert_uint_eq(status->tail, 3);
	job_free(status);
	sequencer_stop(sequencer);
	sequencer_free(sequencer);
	close(wake_fd);
	seat_release(seat);
	end();
}
END_TEST

UNIT_MAIN("epochs", after_a_standstill, after_a_standstill_all_of_it, while_ticks_go_on,
	as_few_epochs_as_were_asked_for, not_what_cannot_be_filed, a_doubted_clock_ends_no_epoch,
	an_epoch_that_files_nothing_teaches_nothing, a_tick_after_a_standstill)
