/* Batches on their way through the threads of ingestd, while what they were prepared by changes. */
#include "ingest/sequencer/sequencer.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/fixture.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BATCHES 240

static struct fixture f;
static struct health *health;
static struct sequencer *sequencer;
static int wake_fd;

static void wake(void *context)
{
	uint64_t one = 1;
	(void)context;
	ck_assert_int_eq(write(wake_fd, &one, sizeof one), sizeof one);
}

/* `epoch_events`: the most that an epoch takes, or 0 for what the ledger does by itself. */
static void begin(uint32_t epoch_events)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	if (epoch_events > 0)
		f.ledger->epoch_events_max = epoch_events;
	preparer_close(f.preparer); /* the sequencer has one of its own */
	f.preparer = NULL;
	wake_fd = eventfd(0, EFD_CLOEXEC);
	ck_ok(health_new(f.dir, &health));
	struct sequencer_options options = {
		.ledger = f.ledger, .dir = f.dir, .epoch_seconds = 1, .health = health, .wake = wake};
	ck_ok(sequencer_start(&options, &sequencer, &fault));
}

static void end(void)
{
	sequencer_stop(sequencer);
	sequencer_free(sequencer);
	health_free(health);
	close(wake_fd);
}

static void submit_body(struct seat *seat, uint64_t connection, struct bytes body)
{
	struct job *job = job_new(JOB_BATCH, connection);
	job->seat = seat_hold(seat);
	job->sender = 1;
	job->body = (uint8_t *)(uintptr_t)body.data;
	job->body_bytes = body.len;
	sequencer_submit(sequencer, job);
}

static void submit_batch(struct seat *seat, uint64_t sequence, uint32_t subject)
{
	submit_body(seat, 1, fixture_batch(&f, sequence, &subject, 1, (uint32_t)sequence));
}

/* Its signature does not verify. */
static void submit_spoilt(struct seat *seat, uint64_t connection)
{
	struct bytes body = fixture_batch(&f, 0, (const uint32_t[]){1}, 1, 1);
	((uint8_t *)(uintptr_t)body.data)[BATCH_SIGNATURE_AT] ^= 1;
	submit_body(seat, connection, body);
}

static void submit_policy(const char *word, uint64_t follows, uint32_t change)
{
	struct job *job = job_new(JOB_SENDER, 2);
	struct policy policy;
	job->entry = calloc(1, sizeof *job->entry);
	policy_default(&policy);
	ck_ok(policy_apply(&policy, word, NULL));
	*job->entry = (struct entry_sender){
		.action = SENDER_POLICY, .sender = 1, .follows = follows, .change = change, .policy = policy};
	strcpy(job->entry->org, "cvr:55133018");
	strcpy(job->entry->name, "Aarhus Kommune");
	memcpy(job->entry->public_key, f.public_key, 32);
	sequencer_submit(sequencer, job);
}

struct answers {
	uint64_t batches; /* in order */
	unsigned entries;
	uint64_t indexes[BATCHES]; /* of the sender entries in the log */
};

/* At least one, in order. */
static struct job *take_done(void)
{
	struct job *jobs = NULL;
	while ((jobs = sequencer_take_done(sequencer)) == NULL) {
		struct pollfd ready = {.fd = wake_fd, .events = POLLIN};
		uint64_t count;
		ck_assert_int_eq(poll(&ready, 1, 60000), 1);
		ck_assert_int_eq(read(wake_fd, &count, sizeof count), sizeof count);
	}
	return jobs;
}

/* Waits until there are at least so many. */
static void take_answers(struct answers *got, unsigned batches, unsigned entries)
{
	while (got->batches < batches || got->entries < entries) {
		struct job *jobs = take_done();
		while (jobs != NULL) {
			struct job *job = jobs;
			jobs = job->next;
			ck_assert_msg(job->error == E_OK, "%s: %s", error_name(job->error), job->fault.text);
			if (job->kind == JOB_BATCH)
				ck_assert_uint_eq(job->first_sequence, got->batches++);
			else
				got->indexes[got->entries++] = job->number;
			ck_assert_ptr_null(job->body);
			job_free(job);
		}
	}
}

/* CLK-2, STO-10: a sender's registration changes again and again while its batches come. Nobody notices, all keep their
 * order, and every record opens. The control socket names the index that the entry has. */
START_TEST(registration_changes_under_way)
{
	static struct answers got;
	unsigned changes = 0;
	uint64_t newest = 1; /* the registration */
	struct seat *seat = seat_new();
	begin(0);
	for (uint32_t i = 0; i < BATCHES; i++) {
		submit_batch(seat, i, i);
		if (i % 7 != 3)
			continue;
		take_answers(&got, 0, changes); /* each names the one before it */
		newest = changes > 0 ? got.indexes[changes - 1] : newest;
		changes++;
		submit_policy(changes % 2 ? "purpose-required" : "withhold", newest, changes);
	}
	take_answers(&got, BATCHES, changes);
	end();
	seat_release(seat);
	fixture_close(&f);

	struct archive *archive;
	struct snapshot *snapshot;
	struct bytes encoded;
	struct entry entry;
	unsigned events = 0;
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	for (unsigned i = 0; i < changes; i++) {
		ck_ok(snapshot_entry(snapshot, got.indexes[i], &encoded));
		ck_ok(entry_decode(encoded, &entry));
		ck_assert_int_eq(entry.kind, ENTRY_SENDER);
		ck_assert_int_eq(entry.sender.policy.flags, i % 2 ? POLICY_WITHHOLD : POLICY_PURPOSE_REQUIRED);
	}
	for (uint64_t i = 0; i < snapshot_checkpoint(snapshot)->size; i++) {
		struct opened opened;
		ck_ok(snapshot_entry(snapshot, i, &encoded));
		ck_ok(entry_decode(encoded, &entry));
		if (entry.kind != ENTRY_EVENT)
			continue;
		ck_ok(snapshot_open_record(snapshot, i, &opened));
		events++;
	}
	ck_assert_uint_eq(events, BATCHES);
	snapshot_end(snapshot);
	archive_close(archive);
	place_remove(&f.place);
}
END_TEST

/* EPO-9: who asks for an epoch is answered when all is filed that was there, not when one epoch has ended. */
START_TEST(an_epoch_covers_what_was_there)
{
	static struct answers got;
	struct seat *seat = seat_new();
	begin(2);
	got = (struct answers){.batches = 0};
	for (uint32_t i = 0; i < BATCHES; i++)
		submit_batch(seat, i, i);
	take_answers(&got, BATCHES, 0);
	struct job *asked = job_new(JOB_EPOCH, 3);
	sequencer_submit(sequencer, asked);
	struct job *done = take_done();
	ck_assert_int_eq(done->kind, JOB_EPOCH);
	ck_error(done->error, E_OK);
	ck_assert_uint_eq(done->tail, 0);
	job_free(done);
	end();
	seat_release(seat);
	fixture_remove(&f);
}
END_TEST

/* FRM-29: wrong signatures of two connections, one after the other by turns: each connection counts by its first. */
START_TEST(a_connection_spoils_once)
{
	struct seat *seats[2] = {seat_new(), seat_new()};
	unsigned answered[2] = {0}, left = 40;
	begin(0);
	for (size_t i = 0; i < left; i++)
		submit_spoilt(seats[i % 2], i % 2);
	while (left > 0) {
		struct job *jobs = take_done();
		while (jobs != NULL) {
			struct job *job = jobs;
			jobs = job->next;
			ck_error(job->error, E_BAD_SIGNATURE);
			ck_assert(job->spoils == (answered[job->connection]++ == 0));
			job_free(job);
			left--;
		}
	}
	end();
	seat_release(seats[0]);
	seat_release(seats[1]);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("sequencer", a_connection_spoils_once, registration_changes_under_way, an_epoch_covers_what_was_there)
