/* The sender library when the ledger's welcome does not fit what waits: clocks, policies, keys, other spools; and
 * events that are recognised by their id. */
#include "ingest/sender/outbox.h"
#include "ledger/read/archive.h"
#include "tests/lib/fake_ledger.h"
#include "tests/lib/fixture.h"
#include "tests/lib/outbox_place.h"

#include <time.h>

/* ---- clocks ---- */

#define EVENTS_S 1795421700 /* 2026-11-23T08:15:00Z, the time of all events here */

static int64_t own_offset_s;

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	int result = __real_clock_gettime(clock, out);
	if (clock == CLOCK_REALTIME)
		out->tv_sec += own_offset_s;
	return result;
}

/* The ledger's clock is behind: that is no event's fault. They wait, a person is told, and they go when it is right.
 * SND-26 */
START_TEST(the_ledger_is_behind)
{
	begin();
	own_offset_s = EVENTS_S + 600 - time(NULL);
	fixture.now_s = EVENTS_S + 600 - 7 * 86400;
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	add_many(outbox, 0, 3);
	ck_assert_ptr_nonnull(strstr(seen.notice, "7 days behind this machine's"));
	ck_ok(outbox_flush(outbox, &fault));
	while (fake.hellos < 3)
		ck_ok(turn(outbox, &fault));
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(outbox_waiting(outbox), 3);
	ck_assert_ptr_nonnull(strstr(seen.notice, "ALARM"));
	fixture.now_s = EVENTS_S + 600;
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 3);
	outbox_close(outbox);
	end();
}
END_TEST

/* This machine's clock is behind: the ledger's decides. An event that is ahead of both is refused. */
START_TEST(ahead_of_both_clocks)
{
	begin();
	own_offset_s = EVENTS_S - 7 * 86400 - time(NULL);
	fixture.now_s = EVENTS_S + 600;
	struct outbox *outbox = start(2);
	ck_ok(add(outbox, 0, 1, ""));
	ck_assert_ptr_nonnull(strstr(seen.notice, "ahead of this machine's"));
	must_finish(outbox);
	outbox_close(outbox);
	fake_hang_up(&fake);
	fixture.now_s = EVENTS_S - 7 * 86400; /* both are behind: nobody can know */
	outbox = start(2);
	ck_error(add(outbox, 1, 1, ""), E_TIME_AHEAD);
	must_finish(outbox);
	outbox_close(outbox);
	fake_hang_up(&fake);
	own_offset_s = 0;
	fixture.now_s = EVENTS_S + 600;
	outbox = start(2);
	ck_ok(add(outbox, 1, 1, ""));
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 2);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- another policy ---- */

/* What waits, and what is in the open batch, is encoded again. SND-15 */
START_TEST(another_policy_encodes_again)
{
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 1);
	must_finish(outbox);
	outbox_close(outbox);
	fake_hang_up(&fake);
	change_policy("close=activity");
	outbox = start(2);
	add_many(outbox, 1, 4);
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

/* It changes once more before what was encoded by the newer one arrives: no message is to blame. */
START_TEST(two_policies_in_a_row)
{
	struct fault fault = {0};
	begin();
	struct outbox *outbox = start(2);
	add_many(outbox, 0, 1);
	must_finish(outbox);
	change_policy("close=activity");
	add_many(outbox, 1, 2);
	ck_ok(outbox_flush(outbox, &fault));
	while (fake.hellos < 2)
		ck_ok(turn(outbox, &fault));
	fake.holding = true;
	while (fake.held_count == 0)
		ck_ok(turn(outbox, &fault));
	change_policy("open=activity");
	fake_release(&fake);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 2);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- spools ---- */

/* The spool was lost, the ledger goes on: the sequence is the ledger's. SND-3 */
START_TEST(a_lost_spool_goes_on_at_the_ledgers)
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
	ck_assert_ptr_nonnull(
		strstr(seen.notices, "the ledger has 5 events of this sender that this spool does not know: the "
							 "spool is new"));
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 7);
	outbox_close(outbox);
	end();
}
END_TEST

static enum error count_evidence(void *context, const struct evidence_row *row)
{
	(void)row;
	++*(unsigned *)context;
	return E_OK;
}

static unsigned evidence(void)
{
	struct archive *archive = NULL;
	struct snapshot *snapshot = NULL;
	struct fault fault = {0};
	unsigned count = 0;
	ck_ok(archive_open(fixture.dir, false, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	ck_ok(snapshot_visit_evidence(snapshot, count_evidence, &count));
	snapshot_end(snapshot);
	archive_close(archive);
	return count;
}

/* An older copy of the spool, with batches that wait: what the ledger has as it was signed gets its receipt; where it
 * has other events a person gets them; nothing is signed below what the ledger has, and it goes on.
 * SND-7, SND-16 */
START_TEST(an_older_spool_accuses_nobody)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	until_ready(outbox);
	add_many(outbox, 0, 6);
	fake_hang_up(&fake);
	ck_ok(outbox_flush(outbox, &fault));
	ck_ok(outbox_poll(outbox, -1, NULL, 0, &fault));
	outbox_close(outbox);
	shell("cp -r %s %s.copy", spool_path, spool_path);
	fake.fault = FAKE_REFUSES_EVENT; /* so that the second and third are signed again, as others */
	fake.at = 2;
	fake.error = E_BAD_VALUE;
	outbox = start(2);
	must_finish(outbox);
	add_many(outbox, 6, 8);
	must_finish(outbox);
	outbox_close(outbox);
	ck_assert_uint_eq(seen.rejected, 1);
	ck_assert_uint_eq(ledger_has(), 7);
	shell("rm -r %s && mv %s.copy %s", spool_path, spool_path, spool_path);
	fake_hang_up(&fake);
	seen.next = 0;
	seen.gaps = true;
	outbox = start(2);
	add_many(outbox, 8, 9);
	must_finish(outbox);
	ck_assert_ptr_nonnull(strstr(seen.notices, "the spool is an older copy"));
	ck_assert_uint_eq(fake.repeated, 1); /* 0 and 1 */
	ck_assert_uint_eq(seen.rejected, 1 + 4);
	ck_assert_int_eq((int)seen.rejected_error, E_EQUIVOCATION);
	ck_assert_uint_eq(ledger_has(), 8);
	add_many(outbox, 9, 12);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 11);
	ck_assert_uint_eq(evidence(), 0); /* the sender signed two batches at 2, and honestly */
	outbox_close(outbox);
	end();
}
END_TEST

/* Another program sends with the key while this one is away. What was never sent is signed where the ledger is now. */
START_TEST(a_second_program_doubles_nothing)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	until_ready(outbox);
	fake_hang_up(&fake);
	ck_ok(outbox_poll(outbox, -1, NULL, -1, &fault));
	add_many(outbox, 0, 4); /* signed at 0 and 2, never sent */
	ck_ok(outbox_flush(outbox, &fault));
	char other[160];
	snprintf(other, sizeof other, "%s.other", key_path);
	struct outbox_options options = {.server = fake.address, .key_path = key_path, .spool = other, .batch = 3};
	struct outbox *second = NULL;
	ck_ok(outbox_open(&options, &second, &fault));
	add_many(second, 20, 25);
	must_finish(second);
	outbox_close(second);
	ck_assert_uint_eq(ledger_has(), 5);
	fake_hang_up(&fake);
	seen.next = 5;
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 9);
	ck_assert_ptr_nonnull(strstr(seen.notices, "another machine sends with this key"));
	outbox_close(outbox);
	end();
}
END_TEST

/* Two programs with one key at the same time: the other was faster. What was sent for the first time just now is not in
 * the ledger, and goes behind. */
START_TEST(another_was_faster)
{
	static const uint32_t subjects[] = {1, 2, 3};
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	struct appended appended;
	open_window(outbox);
	fake.holding = true;
	add_many(outbox, 8, 14);
	while (fake.held_count < 3)
		ck_ok(turn(outbox, &fault));
	struct bytes batch = fixture_batch(&fixture, 8, subjects, 3, 77);
	ck_ok(fixture_take(&fixture, batch, &appended, &fault));
	free((void *)(uintptr_t)batch.data);
	seen.gaps = true;
	fake_release(&fake);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 17);
	ck_assert_ptr_nonnull(strstr(seen.notices, "another machine sends with this key"));
	/* Of a single one in flight, too. */
	fake.holding = true;
	add_many(outbox, 14, 16);
	while (fake.held_count < 1)
		ck_ok(turn(outbox, &fault));
	batch = fixture_batch(&fixture, 17, subjects, 3, 78);
	ck_ok(fixture_take(&fixture, batch, &appended, &fault));
	free((void *)(uintptr_t)batch.data);
	fake_release(&fake);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 22);
	outbox_close(outbox);
	end();
}
END_TEST

/* The log itself says that it has lost a batch whose receipt never came: its messages are given back, the rest goes on.
 */
START_TEST(lost_by_the_ledger)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	add_many(outbox, 0, 2);
	must_finish(outbox);
	fake.fault = FAKE_DROPS_AFTER_COMMIT;
	add_many(outbox, 2, 6);
	ck_ok(outbox_flush(outbox, &fault));
	while (fake.hellos < 2)
		ck_ok(turn(outbox, &fault));
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 2;
	fake.error = E_LOST;
	seen.gaps = true;
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 2);
	ck_assert_int_eq((int)seen.rejected_error, E_LOST);
	ck_assert_ptr_nonnull(strstr(seen.notices, "LOST"));
	ck_assert_uint_eq(ledger_has(), 6);
	add_many(outbox, 2, 4); /* reported again */
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 8);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- another key ---- */

static void rotate(void)
{
	struct sender row;
	struct sender_key old;
	struct entry_sender entry = next_change(SENDER_ROTATE, &row);
	ck_ok(sender_key_read(key_path, &old, NULL));
	struct sender_key new = old;
	sender_key_generate(&new);
	memcpy(entry.public_key, new.public_key, 32);
	ck_ok(sender_key_endorse(&new, &entry));
	ck_ok(sender_key_endorse_old(&old, &entry));
	append_change(&entry);
	ck_ok(sender_key_write(key_path, &new, true, NULL));
}

/* What waits and is not in the ledger is signed by the new key, whether the sender ran meanwhile or not.
 * SND-15 */
START_TEST(another_key_signs_what_waits)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	add_many(outbox, 0, 2);
	must_finish(outbox);
	fake_hang_up(&fake);
	ck_ok(outbox_poll(outbox, -1, NULL, -1, &fault));
	add_many(outbox, 2, 6);
	ck_ok(outbox_flush(outbox, &fault));
	ck_ok(outbox_poll(outbox, -1, NULL, 0, &fault));
	outbox_close(outbox);
	rotate();
	outbox = start(2);
	add_many(outbox, 0, 7);
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 7);

	/* While it runs; the ledger has the new key before the file has. */
	shell("cp %s %s.old", key_path, key_path);
	rotate();
	shell("mv %s %s.new && mv %s.old %s", key_path, key_path, key_path, key_path);
	unsigned hellos = fake.hellos;
	add_many(outbox, 7, 9);
	ck_ok(outbox_flush(outbox, &fault));
	while (fake.hellos < hellos + 2)
		ck_ok(turn(outbox, &fault));
	shell("mv %s.new %s", key_path, key_path);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 0);
	ck_assert_uint_eq(ledger_has(), 9);
	ck_assert_uint_eq(seen.next, 9);
	/* Where there is no newer key a person is told. */
	shell("cp %s %s.old", key_path, key_path);
	rotate();
	shell("mv %s.old %s", key_path, key_path);
	add_many(outbox, 9, 10);
	ck_error(finish(outbox, &fault), E_BAD_KEY);
	ck_assert_ptr_nonnull(strstr(fault.text, "rotated"));
	outbox_close(outbox);
	end();
}
END_TEST

/* A copy of the spool from before a rotation, put back. What waited there was signed anew in the meantime: the ledger
 * has others at its sequences, under another key; a person gets it, and the rest goes on. SND-16 */
START_TEST(spool_from_before_rotation)
{
	begin();
	struct outbox *outbox = start(2);
	struct fault fault = {0};
	until_ready(outbox);
	fake_hang_up(&fake);
	ck_ok(outbox_poll(outbox, -1, NULL, -1, &fault));
	add_many(outbox, 0, 6);
	ck_ok(outbox_flush(outbox, &fault));
	ck_ok(outbox_poll(outbox, -1, NULL, 0, &fault));
	outbox_close(outbox);
	shell("cp -r %s %s.copy", spool_path, spool_path);
	rotate();
	outbox = start(2);
	must_finish(outbox);
	outbox_close(outbox);
	ck_assert_uint_eq(ledger_has(), 6);
	shell("rm -r %s && mv %s.copy %s", spool_path, spool_path, spool_path);
	fake_hang_up(&fake);
	seen.gaps = true;
	outbox = start(2);
	add_many(outbox, 6, 9);
	must_finish(outbox);
	ck_assert_uint_eq(seen.rejected, 6);
	ck_assert_int_eq((int)seen.rejected_error, E_EQUIVOCATION);
	ck_assert_uint_eq(ledger_has(), 9);
	ck_assert_uint_eq(evidence(), 0);
	outbox_close(outbox);
	end();
}
END_TEST

/* ---- killed ---- */

static struct {
	bool armed;
	unsigned at; /* nothing is written from this call on */
	unsigned calls;
} death;

static bool dead(void)
{
	bool now = death.armed && death.calls >= death.at;
	death.calls += death.armed;
	errno = EIO;
	return now;
}

ssize_t __real_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at)
{
	return dead() ? -1 : __real_pwrite64(fd, data, len, at);
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	return dead() ? -1 : __real_fdatasync(fd);
}

/* Five batches wait that the ledger has not, or has without that the sender knows; policy or key changed; and the next
 * run dies at its `at`-th write. The one after it reports each event once. False: it did not die. */
static bool dies_once(unsigned at, bool new_key, bool had)
{
	begin();
	struct outbox *outbox = start(1);
	struct fault fault = {0};
	until_ready(outbox);
	fake.holding = had;
	if (!had)
		fake_hang_up(&fake);
	for (uint64_t n = 0; n < 5; n++)
		ck_ok(add(outbox, n, 1, ",\"legal_basis\":\"SDL\""));
	ck_ok(outbox_flush(outbox, &fault));
	ck_ok(outbox_poll(outbox, -1, NULL, 0, &fault));
	while (had && fake.held_count < 1)
		ck_ok(turn(outbox, &fault));
	outbox_close(outbox);
	fake_release(&fake);
	fake_hang_up(&fake);
	ck_assert_uint_eq(ledger_has(), had);
	if (new_key)
		rotate();
	else
		change_policy("close=legal_basis");

	death.armed = true;
	death.at = at;
	death.calls = 0;
	enum error error = outbox_open(&(struct outbox_options){.server = fake.address,
									   .key_path = key_path,
									   .batch = 1,
									   .calls = {.receipt = on_receipt,
										   .rejected = on_rejected,
										   .flush = on_flush,
										   .notice = on_notice,
										   .context = &seen}},
		&outbox, &fault);
	if (error == E_OK) {
		error = finish(outbox, &fault);
		outbox_close(outbox);
	}
	death.armed = false;
	bool died = death.calls > at;
	ck_assert(died || error == E_OK);
	fake_hang_up(&fake);

	seen.gaps = true;
	outbox = start(1);
	for (uint64_t n = 0; n < 5; n++)
		ck_ok(add(outbox, n, 1, ",\"legal_basis\":\"SDL\""));
	must_finish(outbox);
	ck_assert_msg(seen.rejected == 0 && ledger_has() == 5, "write %u: %u refused, %u events", at, seen.rejected,
		(unsigned)ledger_has());
	outbox_close(outbox);
	end();
	return died;
}

static void dies_everywhere(bool new_key, bool had)
{
	unsigned at = 0;
	while (dies_once(at, new_key, had))
		at++;
	ck_assert_uint_gt(at, 4);
}

START_TEST(killed_under_another_policy)
{
	dies_everywhere(false, false);
	dies_everywhere(false, true);
}
END_TEST

START_TEST(killed_under_another_key)
{
	dies_everywhere(true, false);
	dies_everywhere(true, true);
}
END_TEST

/* ---- ids ---- */

/* SND-18 */
START_TEST(ids_survive_what_is_sent_again)
{
	begin();
	struct outbox *outbox = start(4);
	passing = true;
	ck_ok(add(outbox, 0, 1, ""));
	ck_ok(add(outbox, 0, 1, "")); /* through a pipe an equal one is another one */
	ck_ok(add(outbox, 1, 1, ",\"id\":\"e-1\""));
	ck_error(add(outbox, 1, 1, ",\"id\":\"e-1\""), E_EXISTS); /* in the open batch */
	must_finish(outbox);
	outbox_close(outbox);
	outbox = start(4);
	until_ready(outbox);
	ck_error(add(outbox, 1, 1, ",\"id\":\"e-1\""), E_EXISTS);
	passing = false;
	ck_error(add(outbox, 1, 1, ",\"id\":\"e-1\""), E_EXISTS);
	ck_error(add(outbox, 2, 1, ",\"id\":\"e-1\""), E_BAD_VALUE);
	ck_ok(add(outbox, 1, 1, ",\"id\":\"e-2\""));
	ck_ok(outbox_begin_input(outbox, BYTES_LITERAL("x"), false, true, NULL));
	ck_ok(add(outbox, 1, 1, ",\"id\":\"e-2\""));
	must_finish(outbox);
	ck_assert_uint_eq(ledger_has(), 5);
	outbox_close(outbox);
	end();
}
END_TEST

UNIT_MAIN("outbox_adopt", the_ledger_is_behind, ahead_of_both_clocks, another_policy_encodes_again,
	two_policies_in_a_row, a_lost_spool_goes_on_at_the_ledgers, an_older_spool_accuses_nobody,
	spool_from_before_rotation, a_second_program_doubles_nothing, another_was_faster, lost_by_the_ledger,
	another_key_signs_what_waits, killed_under_another_policy, killed_under_another_key, ids_survive_what_is_sent_again)
