/* The sender library against a ledger that is honest, and one that is not. */
#include "ingest/sender/outbox.h"
#include "tests/lib/fake_ledger.h"
#include "tests/lib/fixture.h"
#include "tests/lib/outbox_place.h"
#include "tests/lib/scarce.h"

#include <sys/socket.h>

/* ---- the straight way ---- */

START_TEST(events_stream_to_their_receipts)
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
	/* Under another name it is the same. */
	ck_ok(outbox_begin_input(outbox, BYTES_LITERAL("renamed"), false, false, NULL));
	add_many(outbox, 0, 27);
	ck_assert(outbox_idle(outbox));
	/* Again, because it was asked for. */
	ck_ok(outbox_begin_input(outbox, BYTES_LITERAL("input"), false, true, NULL));
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

START_TEST(refused_here_is_never_sent)
{
	begin();
	struct outbox *outbox = start(4);
	ck_ok(add(outbox, 0, 1, ""));
	ck_error(add(outbox, 1, 1, ",\"withheld_until\":\"2030-01-01T00:00:00Z\",\"withheld_basis\":\"x\""), E_POLICY);
	must_finish(outbox);
	ck_assert_uint_eq(seen.receipts, 1);
	outbox_close(outbox);
	fake_hang_up(&fake);
	/* What was refused is not remembered. */
	change_policy("withhold");
	outbox = start(4);
	ck_ok(add(outbox, 0, 1, ""));
	ck_ok(add(outbox, 1, 1, ",\"withheld_until\":\"2030-01-01T00:00:00Z\",\"withheld_basis\":\"x\""));
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 2);
	outbox_close(outbox);
	end();
}
END_TEST

/* Of the allocations that adding a message makes each fails once, and it is taken once for all. */
static void take_where_memory_is_short(uint32_t batch, uint64_t count)
{
	char subject[SUBJECT_BYTES_MAX + 1], text[32];
	struct event event;
	struct fault fault = {.text = ""};
	json_t *document = NULL;
	unsigned refused = 0, taken = 0;
	begin();
	struct outbox *outbox = start(batch);
	until_ready(outbox);
	ck_ok(event_parse_json(BYTES_LITERAL("{\"subject\":\"cpr:0101700001\",\"time\":\"2026-11-23T08:15:00Z\","
										 "\"action\":\"read\",\"outcome\":\"ok\","
										 "\"org\":{\"id\":\"cvr:55133018\",\"name\":\"N\"},\"system\":\"S\","
										 "\"activity\":\"a\",\"purpose\":\"p\","
										 "\"actor\":{\"kind\":\"human\",\"role\":\"r\"}}"),
		"", subject, &document, &event, &fault));
	/* The table of messages grows on the way. */
	for (uint64_t n = 0; n < count; n++) {
		snprintf(text, sizeof text, "message %u", (unsigned)n);
		const struct outbox_source source = {BYTES_LITERAL("input"), n, bytes_text(text), false, 0, 0};
		enum error error = E_NO_MEMORY;
		for (unsigned number = 1; error != E_OK; number++) {
			until_ready(outbox);
			scarce_at(number);
			error = outbox_add(outbox, &event, 1, &source, &fault);
			bool short_of = scarce_end();
			ck_assert(error == E_OK || (short_of && error == E_NO_MEMORY));
			refused += error != E_OK;
			taken += error == E_OK && short_of;
		}
		ck_assert(outbox_has(outbox, &source, 1));
		ck_assert(!outbox_has(outbox, &source, 2));
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(taken, 0); /* and its batch was not closed */
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), count);
	json_decref(document);
	outbox_close(outbox);
	end();
}

/* SND-14: small batches, and some that the spool's buffer has to grow for. */
START_TEST(taken_once_where_memory_is_short)
{
	take_where_memory_is_short(4, 100);
	take_where_memory_is_short(400, 900);
}
END_TEST

/* ---- the window ---- */

/* SND-9 */
START_TEST(a_window_is_never_overrun)
{
	begin();
	fake.window_batches = 3;
	fake.holding = true;
	struct outbox *outbox = start(1);
	struct fault fault = {0};
	add_many(outbox, 0, 6); /* twice the window is prepared, no more */
	ck_assert(!outbox_ready(outbox));
	/* A connection begins with one batch, and one more goes with each receipt, up to the window. */
	for (uint32_t most = 1; most <= 4; most++) {
		while (fake.held_count < (most < 3 ? most : 3))
			ck_ok(turn(outbox, &fault));
		ck_assert_uint_le(fake.held_max, most < 3 ? most : 3);
		fake_release_one(&fake);
		fake.holding = true;
		add_many(outbox, 5 + most, 6 + most);
	}
	fake_release(&fake);
	must_finish(outbox);
	ck_assert_uint_eq(fake.held_max, 3);
	ck_assert_uint_eq(ledger_has(), 10);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- losses ---- */

/* The ledger took a batch, and its answer was lost: the receipt comes again, the events do not. SND-7 */
START_TEST(a_lost_receipt_comes_again)
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
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	open_window(outbox);
	fake.holding = true;
	add_many(outbox, 8, 14);
	while (fake.held_count < 3)
		ck_ok(turn(outbox, &fault));
	outbox_close(outbox);
	fake_release(&fake); /* taken, and nobody is there to hear it */
	ck_assert_uint_eq(ledger_has(), 14);
	ck_assert_uint_eq(seen.next, 8);

	outbox = start(2);
	add_many(outbox, 0, 15);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 15);
	ck_assert_uint_eq(fake.repeated, 3);
	ck_assert_uint_eq(seen.next, 15);
	outbox_close(outbox);
	end();
}
END_TEST

/* Nothing is judged before the first welcome of a run, by whatever was known from the last one. After it, while the
 * connection is away, the spool takes what it can hold; nothing is forgotten when the caller dies.
 * SND-19 */
START_TEST(nothing_is_judged_before_the_welcome)
{
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 1);
	must_finish(outbox);
	outbox_close(outbox);
	fake_hang_up(&fake);

	outbox = start(2);
	struct fault fault = {0};
	ck_assert_ptr_nonnull(outbox_policy(outbox));
	ck_assert(!outbox_ready(outbox));
	until_ready(outbox);
	fake_hang_up(&fake);
	ck_ok(outbox_poll(outbox, -1, NULL, -1, &fault));
	ck_assert_ptr_nonnull(strstr(seen.notice, "trying again"));
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
static unsigned syncs;
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	errno = ENOSPC;
	syncs++;
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
	ck_ok(outbox_flush(outbox, &fault));
	for (unsigned i = 0; i < 3; i++) {
		ck_ok(outbox_poll(outbox, -1, NULL, 0, &fault));
		fake_step(&fake);
		ck_assert(!outbox_ready(outbox));
	}
	ck_assert_uint_eq(fake.batches, 0);
	ck_assert(!outbox_saved(outbox));
	ck_assert_ptr_nonnull(strstr(seen.notice, "disk is full"));
	sync_fails = false; /* there is room again: it goes on by itself */
	must_finish(outbox);
	ck_assert(outbox_saved(outbox));
	ck_assert_uint_eq(ledger_has(), 2);
	add_many(outbox, 2, 4);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 4);
	outbox_close(outbox);
	end();
}
END_TEST

/* What waits is kept once its batches are durable, whatever else of the spool still has no room; an open batch is not.
 */
START_TEST(kept_is_what_waits)
{
	begin();
	struct outbox *outbox = start(2);
	until_ready(outbox);
	add_many(outbox, 0, 2);
	sync_fails = true;
	ck_error(outbox_save(outbox, NULL), E_FULL);
	sync_fails = false;
	ck_ok(outbox_save(outbox, NULL));
	sync_fails = true;
	ck_ok(outbox_save(outbox, NULL));
	add_many(outbox, 2, 3);
	ck_error(outbox_save(outbox, NULL), E_FULL);
	sync_fails = false;
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 3);
	sync_fails = true; /* the acknowledgement alone is not durable */
	ck_ok(outbox_save(outbox, NULL));
	sync_fails = false;
	outbox_close(outbox);
	end();
}
END_TEST

/* The sync before a batch is sent is the only one on the way of an event: it makes durable what was acknowledged before
 * it, too. What is left at the end is done when nothing comes. SND-2, SND-6 */
START_TEST(a_lone_event_waits_for_one_sync)
{
	begin();
	struct outbox *outbox = start(1);
	until_ready(outbox);
	for (unsigned n = 0; n < 4; n++) {
		syncs = 0;
		add_many(outbox, n, n + 1);
		must_finish(outbox);
		ck_assert_uint_eq(syncs, 1);
	}
	ck_ok(outbox_poll(outbox, -1, NULL, -1, NULL));
	ck_assert_uint_eq(syncs, 3);
	ck_ok(outbox_poll(outbox, -1, NULL, 0, NULL));
	ck_assert_uint_eq(syncs, 3);
	outbox_close(outbox);
	end();
}
END_TEST

/* Whoever added messages for others can tell them which event is whose. */
static struct outbox_message told[8];
static size_t told_count;

static void on_message(void *context, const struct outbox_message *message)
{
	(void)context;
	ck_assert(bytes_equal(message->input, BYTES_LITERAL("input")));
	told[told_count++] = *message;
}

START_TEST(messages_are_told_by_number)
{
	static const uint32_t firsts[] = {0, 1, 4, 0};
	static const uint32_t events[] = {1, 3, 1, 2};
	begin();
	struct outbox_options options = {.server = fake.address, .key_path = key_path, .batch = 5};
	options.calls = (struct outbox_calls){.receipt = on_receipt, .message = on_message, .context = &seen};
	struct outbox *outbox = NULL;
	ck_ok(outbox_open(&options, &outbox, NULL));
	for (uint64_t n = 0; n < 4; n++) {
		until_ready(outbox);
		ck_ok(add(outbox, 10 + n, events[n], ""));
	}
	must_finish(outbox);
	ck_assert_uint_eq(seen.receipts, 2);
	ck_assert_uint_eq(told_count, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(told[i].number, 10 + i);
		ck_assert_uint_eq(told[i].first, firsts[i]);
		ck_assert_uint_eq(told[i].events, events[i]);
	}
	outbox_close(outbox);
	end();
}
END_TEST

START_TEST(pings_are_answered_in_turn)
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
	for (uint64_t n = 0; n < 4; n++) {
		add_many(outbox, n, n + 1);
		must_finish(outbox);
	}
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
	outbox = start(4); /* the refused one is tried again, and no other */
	add_many(outbox, 0, 20);
	ck_assert_uint_eq(outbox_waiting(outbox), 1);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 20);
	outbox_close(outbox);
	end();
}
END_TEST

/* Where the report of it has no room the run ends, whether batches wait behind it or not, and the next one sends all.
 */
START_TEST(a_refusal_that_cannot_be_written)
{
	begin();
	struct outbox *outbox = start(4);
	struct fault fault = {.text = ""};
	open_window(outbox);
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 9;
	fake.error = E_BAD_VALUE;
	fake.holding = true;
	add_many(outbox, 8, 16);
	while (fake.held_count < 2)
		ck_ok(turn(outbox, &fault));
	seen.flush_fails = E_FULL;
	fake_release(&fake);
	ck_error(finish(outbox, &fault), E_IO);
	ck_assert_uint_eq(seen.rejected, 1);
	outbox_close(outbox);
	seen.flush_fails = E_OK;
	fake_hang_up(&fake);
	outbox = start(4);
	ck_assert_uint_eq(outbox_waiting(outbox), 8);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 16);
	outbox_close(outbox);
	end();
}
END_TEST

/* The connection ends before the batches behind it are answered: the refusal stands, or the sender would send the same
 * batch again and again on a line that is always cut there. SND-10 */
START_TEST(a_refusal_stands_whatever_follows)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	open_window(outbox);
	fake.holding = true;
	add_many(outbox, 8, 14);
	while (fake.held_count < 3)
		ck_ok(turn(outbox, &fault));
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 9;
	fake.error = E_BAD_VALUE;
	fake_release_one(&fake);
	fake_hang_up(&fake);
	fake.holding = false;
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 1);
	ck_assert_uint_eq(seen.rejected_number, 9);
	ck_assert_uint_eq(fake.hellos, 2);
	ck_assert_uint_eq(ledger_has(), 13);
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

START_TEST(a_full_ledger_is_waited_for)
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

/* ---- ledgers that must not be trusted ---- */

/* SND-8 */
START_TEST(a_bad_receipt_is_an_alarm)
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
START_TEST(an_older_ledger_is_an_alarm)
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

START_TEST(error_frames_end_or_wait)
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

/* The query daemon waits for the rest of a request; it is asked to say what it is. */
START_TEST(the_query_port_is_recognised)
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
	ck_error(error, E_IO);
	ck_assert_ptr_nonnull(strstr(fault.text, "query port"));
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
	ck_assert_int_eq(send(fake.fd, "220 mail.example ready\r\n\r\n\r\n", 28, MSG_NOSIGNAL), 28);
	enum error error = E_OK;
	while (error == E_OK)
		error = outbox_poll(outbox, -1, NULL, -1, &fault);
	ck_error(error, E_FRAME_TOO_LONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "does not speak"));
	outbox_close(outbox);
	end();
}
END_TEST

START_TEST(addresses_are_tried_in_turn)
{
	static const char *const bad[] = {"", "host", "host:", ":1", "::1", "a:b:1", "[::1]", "host:12345678", "host:0",
		"host:65536", "host:99999", "host:abc", "host:1x", "host:-1", "host: 1"};
	static const char *const good[] = {"host:1", "[::1]:4710", "127.0.0.1:65535"};
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

/* SND-29: who answers in the ledger's place is told no event. */
START_TEST(a_stranger_is_told_no_event)
{
	struct fault fault = {0};
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 4);
	ck_ok(outbox_flush(outbox, &fault)); /* two batches wait */
	outbox_close(outbox);
	fake_hang_up(&fake);
	unsigned batches = fake.batches;
	outbox = start(2);
	fake.stranger = true;
	enum error error = E_OK;
	while (error == E_OK)
		error = turn(outbox, &fault);
	ck_error(error, E_WRONG_ORIGIN);
	ck_assert_ptr_nonnull(strstr(fault.text, "not signed by the log's key"));
	ck_assert_uint_eq(fake.batches, batches);
	outbox_close(outbox);
	fake_hang_up(&fake);
	fake.stranger = false;
	outbox = start(2);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 4);
	outbox_close(outbox);
	end();
}
END_TEST

UNIT_MAIN("outbox", events_stream_to_their_receipts, messages_are_whole, refused_here_is_never_sent,
	taken_once_where_memory_is_short, a_window_is_never_overrun, a_lost_receipt_comes_again, dies_before_the_receipt,
	nothing_is_judged_before_the_welcome, sync_before_send, a_lone_event_waits_for_one_sync,
	messages_are_told_by_number, pings_are_answered_in_turn, refused_in_the_middle, a_refusal_that_cannot_be_written,
	a_refusal_stands_whatever_follows, kept_is_what_waits, refused_message_is_whole, a_full_ledger_is_waited_for,
	refused_for_the_policy, a_bad_receipt_is_an_alarm, an_older_ledger_is_an_alarm, a_stranger_is_told_no_event,
	error_frames_end_or_wait, the_query_port_is_recognised, not_a_ledger, addresses_are_tried_in_turn)
