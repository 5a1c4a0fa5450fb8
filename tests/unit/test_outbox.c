/* The sender library against a ledger that is honest, and one that is not. */
#include "ingest/outbox.h"
#include "tests/unit/unit.h"

#include "ingest/sender_key.h"
#include "tests/unit/fake_ledger.h"

#include <errno.h>

#define MESSAGES_MAX 512

static struct fixture fixture;
static struct fake fake;
static char key_path[96];
static char spool_path[104];

/* What the calls saw. */
static struct {
	uint64_t next; /* first sequence without a receipt */
	unsigned receipts;
	unsigned repeated;
	unsigned rejected;
	uint64_t rejected_number;
	enum error rejected_error;
	size_t rejected_events;
	char rejected_text[256];
	char rejected_subject[64];
	unsigned flushes;
	unsigned flushed_receipts;
	char notice[256];
} seen;

static void on_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt)
{
	ck_assert_ptr_eq(context, &seen);
	ck_assert_uint_eq(receipt->count, batch->count);
	if (batch->first_sequence < seen.next)
		seen.repeated++;
	else
		ck_assert_uint_eq(batch->first_sequence, seen.next);
	seen.next = batch->first_sequence + batch->count;
	seen.receipts++;
}

static void on_rejected(void *context, const struct outbox_rejection *rejection)
{
	(void)context;
	seen.rejected++;
	seen.rejected_number = rejection->number;
	seen.rejected_error = rejection->error;
	seen.rejected_events = rejection->count;
	snprintf(seen.rejected_text, sizeof seen.rejected_text, "%s", rejection->text);
	struct bytes subject = event_subject(&rejection->events[0]);
	snprintf(seen.rejected_subject, sizeof seen.rejected_subject, "%.*s", (int)subject.len, (const char *)subject.data);
	ck_assert(bytes_equal(rejection->input, BYTES_LITERAL("input")));
}

static enum error on_flush(void *context)
{
	(void)context;
	seen.flushes++;
	seen.flushed_receipts = seen.receipts;
	return E_OK;
}

static void on_notice(void *context, const char *text)
{
	(void)context;
	snprintf(seen.notice, sizeof seen.notice, "%s", text);
}

static void make_key(void)
{
	struct sender_key key = {.sender = fixture.sender, .log = fixture.vkey};
	memcpy(key.public_key, fixture.public_key, 32);
	memcpy(key.secret_key, fixture.secret_key, 64);
	snprintf(key_path, sizeof key_path, "%s/key.json", fixture.place.path);
	snprintf(spool_path, sizeof spool_path, "%s.spool", key_path);
	ck_ok(sender_key_write(key_path, &key, false, NULL));
}

static void begin(void)
{
	fixture_make(&fixture);
	fake_make(&fake, &fixture);
	make_key();
	memset(&seen, 0, sizeof seen);
}

static void end(void)
{
	fake_remove(&fake);
	fixture_remove(&fixture);
}

static struct outbox *start(uint32_t batch)
{
	struct outbox_options options = {.server = fake.address, .key_path = key_path, .batch = batch};
	options.calls = (struct outbox_calls){on_receipt, on_rejected, on_flush, on_notice, &seen};
	struct outbox *outbox = NULL;
	struct fault fault = {0};
	ck_assert_msg(outbox_open(&options, &outbox, &fault) == E_OK, "%s", fault.text);
	return outbox;
}

/* One turn of both sides; the sender's error. */
static enum error turn(struct outbox *outbox, struct fault *fault)
{
	bool ready = false;
	TRY(outbox_poll(outbox, fake.epoll, &ready, -1, fault));
	fake_step(&fake);
	return E_OK;
}

static void until_ready(struct outbox *outbox)
{
	struct fault fault = {0};
	while (!outbox_ready(outbox))
		ck_assert_msg(turn(outbox, &fault) == E_OK, "%s", fault.text);
}

static enum error finish(struct outbox *outbox, struct fault *fault)
{
	TRY(outbox_flush(outbox, fault));
	while (!outbox_idle(outbox))
		TRY(turn(outbox, fault));
	return E_OK;
}

static void must_finish(struct outbox *outbox)
{
	struct fault fault = {0};
	ck_assert_msg(finish(outbox, &fault) == E_OK, "%s", fault.text);
}

/* Message n as `events` events about different subjects. */
static enum error add(struct outbox *outbox, uint64_t n, size_t events, const char *extra)
{
	static struct event list[EVENT_SUBJECTS_MAX];
	static char subjects[EVENT_SUBJECTS_MAX][SUBJECT_BYTES_MAX + 1];
	json_t *documents[EVENT_SUBJECTS_MAX];
	struct fault fault = {0};
	char text[512];
	for (size_t i = 0; i < events; i++) {
		snprintf(text, sizeof text,
			"{\"subject\":\"%s\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\","
			"\"org\":{\"id\":\"cvr:1\",\"name\":\"N\"},\"system\":\"S\",\"activity\":\"%u\",\"purpose\":\"p\","
			"\"actor\":{\"kind\":\"human\",\"role\":\"r\"}%s}",
			fixture_subject((uint32_t)(n * 10 + i)), (unsigned)n, extra);
		ck_ok(event_parse_json(bytes_text(text), "", subjects[i], &documents[i], &list[i], &fault));
	}
	snprintf(text, sizeof text, "message %u", (unsigned)n);
	struct outbox_source source = {BYTES_LITERAL("input"), n, bytes_text(text)};
	bool taken = false;
	enum error error = outbox_taken(outbox, &source, &taken, &fault);
	ck_ok(error);
	if (!taken) {
		until_ready(outbox);
		error = outbox_add(outbox, list, events, &source, &fault);
	}
	for (size_t i = 0; i < events; i++)
		json_decref(documents[i]);
	return error;
}

static void add_many(struct outbox *outbox, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++)
		ck_ok(add(outbox, n, 1, ""));
}

static uint64_t ledger_has(void)
{
	struct sender row;
	ck_ok(ledger_sender(fixture.ledger, fixture.sender, &row));
	return row.next_sequence;
}

/* ---- the straight way ---- */

START_TEST(streams)
{
	begin();
	struct outbox *outbox = start(4);
	ck_assert_ptr_null(outbox_policy(outbox));
	ck_assert(outbox_idle(outbox));
	add_many(outbox, 0, 25);
	must_finish(outbox);
	ck_assert_uint_eq(outbox_waiting(outbox), 0);
	ck_assert_uint_eq(seen.next, 25);
	ck_assert_uint_eq(seen.receipts, 7);
	ck_assert_uint_eq(seen.flushed_receipts, 7);
	ck_assert_uint_eq(ledger_has(), 25);
	outbox_close(outbox);

	/* The same input, since grown: only what is new is sent, and the ledger is told of the last receipt. */
	outbox = start(4);
	add_many(outbox, 0, 27);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 27);
	ck_assert_uint_gt(fake.hello_size, 0); /* SND-13 */
	ck_assert_uint_eq(seen.repeated, 0);
	/* Again, because it was asked for. */
	ck_ok(outbox_begin_input(outbox, BYTES_LITERAL("input"), true, NULL));
	add_many(outbox, 0, 3);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 30);
	outbox_close(outbox);
	end();
}
END_TEST

/* SND-14 */
START_TEST(messages_are_whole)
{
	begin();
	struct outbox *outbox = start(4);
	ck_ok(add(outbox, 0, 3, ""));
	ck_ok(add(outbox, 1, 3, "")); /* would make it six: the first batch is closed at three */
	ck_ok(add(outbox, 2, 7, "")); /* more than a batch should have, but one message */
	must_finish(outbox);
	ck_assert_uint_eq(seen.receipts, 3);
	ck_assert_uint_eq(ledger_has(), 13);
	outbox_close(outbox);
	end();
}
END_TEST

START_TEST(refused_here)
{
	begin();
	struct outbox *outbox = start(4);
	ck_ok(add(outbox, 0, 1, ""));
	ck_error(add(outbox, 1, 1, ",\"withheld_until\":\"2030-01-01T00:00:00Z\",\"withheld_basis\":\"x\""), E_POLICY);
	must_finish(outbox);
	ck_assert_uint_eq(seen.receipts, 1);
	outbox_close(outbox);
	fake_hang_up(&fake);
	fixture.now_s = 1000000000; /* the ledger's clock decides: this one is in the past */
	outbox = start(4);
	struct fault fault = {0};
	while (fake.hellos < 2)
		ck_ok(turn(outbox, &fault));
	ck_ok(turn(outbox, &fault));
	ck_error(add(outbox, 2, 1, ""), E_TIME_AHEAD);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 1);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- the window ---- */

/* SND-9 */
START_TEST(window)
{
	begin();
	fake.window_batches = 3;
	fake.holding = true;
	struct outbox *outbox = start(1);
	struct fault fault = {0};
	add_many(outbox, 0, 6); /* twice the window is prepared, no more */
	ck_assert(!outbox_ready(outbox));
	while (fake.held_count < 3)
		ck_ok(turn(outbox, &fault));
	fake_release(&fake);
	add_many(outbox, 6, 10);
	must_finish(outbox);
	ck_assert_uint_eq(fake.held_max, 3);
	ck_assert_uint_eq(ledger_has(), 10);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- losses ---- */

/* The ledger took a batch, and its answer was lost: the receipt comes again, the events do not. SND-7 */
START_TEST(lost_receipt)
{
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 2);
	must_finish(outbox);
	fake.fault = FAKE_DROPS_AFTER_COMMIT;
	add_many(outbox, 2, 8);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 8);
	ck_assert_uint_eq(fake.repeated, 1);
	ck_assert_uint_eq(fake.hellos, 2);
	ck_assert_uint_eq(seen.next, 8);
	ck_assert_ptr_nonnull(strstr(seen.notice, "trying again"));
	outbox_close(outbox);
	end();
}
END_TEST

/* A sender that dies between send and receipt finds its batches in the spool, secrets included. SND-2, SND-5 */
START_TEST(dies_before_the_receipt)
{
	begin();
	fake.holding = true;
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	add_many(outbox, 0, 6);
	while (fake.held_count < 3)
		ck_ok(turn(outbox, &fault));
	outbox_close(outbox);
	fake_release(&fake); /* taken, and nobody is there to hear it */
	ck_assert_uint_eq(ledger_has(), 6);
	ck_assert_uint_eq(seen.receipts, 0);

	outbox = start(2);
	add_many(outbox, 0, 7);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 7);
	ck_assert_uint_eq(fake.repeated, 3);
	ck_assert_uint_eq(seen.next, 7);
	outbox_close(outbox);
	end();
}
END_TEST

/* Without a connection the spool takes what it can hold; nothing is forgotten when the caller dies. */
START_TEST(works_offline)
{
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 1);
	must_finish(outbox);
	outbox_close(outbox);
	fake_hang_up(&fake);

	outbox = start(2);
	ck_assert(outbox_ready(outbox)); /* the policy is known from the last time */
	add_many(outbox, 1, 9);
	ck_assert_uint_eq(outbox_waiting(outbox), 8);
	bool ready = false;
	ck_ok(outbox_poll(outbox, -1, &ready, 0, NULL)); /* durable */
	outbox_close(outbox);
	outbox = start(2);
	ck_assert_uint_eq(outbox_waiting(outbox), 8);
	add_many(outbox, 0, 9); /* all taken */
	ck_assert_uint_eq(outbox_waiting(outbox), 8);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 9);
	outbox_close(outbox);
	end();
}
END_TEST

static bool sync_fails;
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	errno = ENOSPC;
	return sync_fails ? -1 : __real_fdatasync(fd);
}

/* What cannot be made durable is not sent. SND-2 */
START_TEST(sync_before_send)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	until_ready(outbox);
	add_many(outbox, 0, 2);
	sync_fails = true;
	ck_error(finish(outbox, &fault), E_FULL);
	fake_step(&fake);
	ck_assert_uint_eq(fake.batches, 0);
	outbox_close(outbox);
	sync_fails = false;
	fake_hang_up(&fake);
	outbox = start(2);
	add_many(outbox, 0, 2);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 2);
	outbox_close(outbox);
	end();
}
END_TEST

START_TEST(answers_pings)
{
	static const uint8_t ping[] = {0, 0, 0, 4, FRAME_PING, 'a', 'b', 'c'};
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	until_ready(outbox);
	ck_assert_int_eq(send(fake.fd, ping, sizeof ping, MSG_NOSIGNAL), sizeof ping);
	while (fake.pongs == 0)
		ck_ok(turn(outbox, &fault));
	ck_assert_str_eq(fake.pong, "abc");
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- refusals by the ledger ---- */

/* SND-10, SND-11 */
START_TEST(refused_in_the_middle)
{
	begin();
	struct outbox *outbox = start(4);
	struct fault fault = {0};
	add_many(outbox, 0, 4);
	must_finish(outbox);
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 10; /* in the second of four batches in flight */
	fake.error = E_BAD_VALUE;
	fake.holding = true;
	add_many(outbox, 4, 20);
	while (fake.held_count < 4)
		ck_ok(turn(outbox, &fault));
	fake_release(&fake);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 1);
	ck_assert_uint_eq(seen.rejected_number, 10);
	ck_assert_int_eq((int)seen.rejected_error, E_BAD_VALUE);
	ck_assert_str_eq(seen.rejected_text, "because");
	ck_assert_str_eq(seen.rejected_subject, fixture_subject(100));
	ck_assert_uint_eq(seen.rejected_events, 1);
	ck_assert_uint_eq(fake.holes, 2); /* the two batches behind it */
	ck_assert_uint_eq(ledger_has(), 19);
	ck_assert_uint_eq(seen.next, 19);
	ck_assert_uint_eq(fake.hellos, 1); /* the connection stays */
	outbox_close(outbox);
	outbox = start(4); /* the refused one counts as taken */
	add_many(outbox, 0, 20);
	ck_assert(outbox_idle(outbox));
	outbox_close(outbox);
	end();
}
END_TEST

/* All events of a refused message go, and a batch that held nothing else goes with them. */
START_TEST(refused_message_is_whole)
{
	begin();
	struct outbox *outbox = start(3);
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 4;
	fake.error = E_BAD_SUBJECT;
	ck_ok(add(outbox, 0, 2, ""));
	ck_ok(add(outbox, 1, 3, "")); /* 2, 3 and 4 */
	ck_ok(add(outbox, 2, 2, ""));
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 1);
	ck_assert_uint_eq(seen.rejected_number, 1);
	ck_assert_uint_eq(seen.rejected_events, 3);
	ck_assert_uint_eq(ledger_has(), 4);
	/* The only one that waits. */
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 4;
	ck_ok(add(outbox, 3, 1, ""));
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 2);
	ck_assert_uint_eq(ledger_has(), 4);
	ck_ok(add(outbox, 4, 1, ""));
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 5);
	outbox_close(outbox);
	end();
}
END_TEST

START_TEST(full_ledger)
{
	begin();
	struct outbox *outbox = start(2);
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 2;
	fake.error = E_FULL;
	add_many(outbox, 0, 6);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(fake.hellos, 2);
	ck_assert_uint_eq(ledger_has(), 6);
	outbox_close(outbox);
	end();
}
END_TEST

/* A refusal for the policy: it may have changed, so a newer one is asked for first; the second time it is meant. */
START_TEST(refused_for_the_policy)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	add_many(outbox, 0, 2);
	must_finish(outbox);
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 3;
	fake.error = E_POLICY;
	add_many(outbox, 2, 4);
	ck_ok(outbox_flush(outbox, &fault));
	while (fake.hellos < 2)
		ck_ok(turn(outbox, &fault));
	fake.fault = FAKE_REFUSES_EVENT;
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 1);
	ck_assert_uint_eq(seen.rejected_number, 3);
	ck_assert_uint_eq(ledger_has(), 3);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- another policy ---- */

static void change_policy(const char *word)
{
	struct sender row;
	struct fault fault = {0};
	struct sender_key key;
	ck_ok(ledger_sender(fixture.ledger, fixture.sender, &row));
	ck_ok(policy_apply(&row.policy, word, &fault));
	struct entry_sender entry = {.action = SENDER_POLICY, .sender = fixture.sender, .policy = row.policy};
	memcpy(entry.org, row.org, sizeof entry.org);
	memcpy(entry.name, row.name, sizeof entry.name);
	memcpy(entry.public_key, row.public_key, 32);
	ck_ok(sender_key_read(key_path, &key, NULL));
	ck_ok(sender_key_endorse(&key, &entry));
	ck_ok(sender_key_endorse_old(&key, &entry));
	ck_ok(ledger_begin(fixture.ledger, &fault));
	ck_ok(ledger_append_sender(fixture.ledger, &entry, &fault));
	ck_ok(ledger_commit(fixture.ledger, &fault));
}

/* What waits, and what is in the open batch, is encoded again. SND-15 */
START_TEST(another_policy)
{
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 1);
	must_finish(outbox);
	outbox_close(outbox);
	fake_hang_up(&fake);
	change_policy("close=activity");
	outbox = start(2);
	add_many(outbox, 1, 4); /* offline, under the old one */
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 4);

	/* Now while the connection stands: the ledger refuses, a new welcome tells. */
	change_policy("open=activity");
	add_many(outbox, 4, 9);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 9);
	ck_assert_uint_eq(fake.hellos, 3);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- ledgers that must not be trusted ---- */

/* SND-8 */
START_TEST(bad_receipt)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	fake.fault = FAKE_BAD_RECEIPT;
	add_many(outbox, 0, 2);
	ck_error(finish(outbox, &fault), E_BAD_PROOF);
	ck_assert_uint_eq(seen.receipts, 0);
	outbox_close(outbox);
	char evidence[128];
	snprintf(evidence, sizeof evidence, "%s/bad-receipt-0", spool_path);
	ck_assert_int_eq(access(evidence, F_OK), 0);
	fake_hang_up(&fake);
	fake.fault = FAKE_HONEST;
	outbox = start(2);
	ck_assert_uint_eq(outbox_waiting(outbox), 2); /* the spool kept it */
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 2);
	outbox_close(outbox);
	end();
}
END_TEST

/* SND-12 */
START_TEST(rolled_back)
{
	begin();
	char copy[400];
	snprintf(copy, sizeof copy, "cp -r %s %s.old", fixture.dir, fixture.dir);
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	add_many(outbox, 0, 2);
	must_finish(outbox);
	fixture_close(&fixture);
	ck_assert_int_eq(system(copy), 0);
	fixture_open(&fixture);
	add_many(outbox, 2, 4);
	must_finish(outbox);
	fixture_close(&fixture); /* the whole directory, guard included, is put back */
	snprintf(copy, sizeof copy, "rm -rf %s && mv %s.old %s", fixture.dir, fixture.dir, fixture.dir);
	ck_assert_int_eq(system(copy), 0);
	fixture_open(&fixture);
	fake_hang_up(&fake);
	fake.forgiving = true;
	ck_ok(add(outbox, 4, 1, ""));
	ck_error(finish(outbox, &fault), E_ROLLED_BACK);
	ck_assert_ptr_nonnull(strstr(fault.text, "ROLLED BACK"));
	outbox_close(outbox);
	end();
}
END_TEST

START_TEST(error_frames)
{
	static const struct {
		enum error error;
		bool final;
	} cases[] = {{E_UNKNOWN_SENDER, true}, {E_REVOKED_SENDER, true}, {E_WRONG_ORIGIN, true}, {E_VERSION, true},
		{E_ROLLED_BACK, true}, {E_TOO_MANY, false}, {E_STOPPED, false}, {E_FULL, false}, {E_TIMEOUT, false}};
	begin();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct outbox *outbox = start(2);
		struct fault fault = {0};
		fake.fault = FAKE_ENDS;
		fake.error = cases[i].error;
		enum error error = E_OK;
		unsigned hellos = fake.hellos;
		while (error == E_OK && fake.hellos < hellos + 2)
			error = turn(outbox, &fault);
		ck_error(error, cases[i].final ? cases[i].error : E_OK);
		ck_assert_ptr_nonnull(strstr(cases[i].final ? fault.text : seen.notice, "go away"));
		outbox_close(outbox);
		fake_hang_up(&fake);
	}
	end();
}
END_TEST

/* The spool was lost, the ledger goes on: the sequence is the ledger's. SND-3 */
START_TEST(lost_spool)
{
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 5);
	must_finish(outbox);
	outbox_close(outbox);
	char command[256];
	snprintf(command, sizeof command, "rm -r %s", spool_path);
	ck_assert_int_eq(system(command), 0);
	outbox = start(2);
	add_many(outbox, 0, 2);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 7);
	outbox_close(outbox);
	end();
}
END_TEST

/* Not even on another port does a stranger get past the greeting. */
START_TEST(not_a_ledger)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	while (fake.fd < 0)
		ck_ok(turn(outbox, &fault));
	ck_assert_int_eq(send(fake.fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL), 28);
	enum error error = E_OK;
	while (error == E_OK)
		error = outbox_poll(outbox, -1, NULL, -1, &fault);
	ck_error(error, E_FRAME_TOO_LONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "does not speak"));
	outbox_close(outbox);
	end();
}
END_TEST

START_TEST(addresses)
{
	static const char *const bad[] = {"", "host", "host:", ":1", "::1", "a:b:1", "[::1]", "host:12345678"};
	static const char *const good[] = {"host:1", "[::1]:4710", "127.0.0.1:0"};
	begin();
	struct outbox_options options = {.key_path = key_path};
	struct outbox *outbox = NULL;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		options.server = bad[i];
		ck_error(outbox_open(&options, &outbox, NULL), E_USAGE);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		options.server = good[i];
		ck_ok(outbox_open(&options, &outbox, NULL));
		struct outbox *second = NULL;
		ck_error(outbox_open(&options, &second, NULL), E_BUSY);
		outbox_close(outbox);
	}
	options.batch = BATCH_EVENTS_MAX + 1;
	ck_error(outbox_open(&options, &outbox, NULL), E_USAGE);
	end();
}
END_TEST

UNIT_MAIN("outbox", streams, messages_are_whole, refused_here, window, lost_receipt, dies_before_the_receipt,
	works_offline, sync_before_send, answers_pings, refused_in_the_middle, refused_message_is_whole, full_ledger,
	refused_for_the_policy, another_policy, bad_receipt, rolled_back, error_frames, lost_spool, not_a_ledger, addresses)
