/* What senders sign about the filing of their events, as ledger, audit and coverage read it. */
#include "ledger/audit/audit.h"
#include "ledger/read/filing_lag.h"
#include "tests/lib/audited.h"

#define EVENTS 4

static uint64_t sequence;

/* One filed batch of EVENTS events, `later_s` after the one before, that says "checked up to `claim`". */
static void report(uint64_t claim, uint64_t later_s)
{
	static const uint32_t subjects[EVENTS] = {1, 2, 3, 1};
	struct batch_head head;
	struct bytes body = fixture_batch(&f, sequence, subjects, EVENTS, (uint32_t)sequence);
	struct reader r = reader_of(body);
	batch_head_decode(&r, &head);
	ck_ok(r.error);
	head.filing_checked = claim;
	struct writer front = writer_of((uint8_t *)(uintptr_t)body.data, BATCH_HEAD_BYTES);
	batch_head_encode(&head, &front);
	fixture_sign_again(&f, body);
	f.now_s += later_s;
	fixture_append(&f, body);
	fixture_epoch(&f); /* in time */
	sequence += EVENTS;
}

static void begin(void)
{
	fixture_make(&f);
	sequence = 0;
}

/* What the ledger says of its sender, after the audit has said the same of the whole log. */
static void assert_habit(uint64_t checked, enum filing_habit habit)
{
	struct archive *archive;
	struct snapshot *snapshot;
	struct sender sender;
	struct fault fault = {.text = ""};
	enum filing_habit found;
	fixture_close(&f);
	struct audit_result result = audit(true);
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_eq(result.unchecked, habit == FILING_HABIT_SILENT);
	ck_assert_uint_eq(result.lagging, habit == FILING_HABIT_LAGS);
	ck_assert_uint_eq(result.unclaimed, sequence - checked);
	ck_ok(archive_open(f.dir, false, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	ck_ok(snapshot_sender(snapshot, f.sender, &sender));
	ck_assert_uint_eq(sender.filing_checked, checked);
	ck_ok(filing_lag_habit(snapshot, &sender, &found));
	ck_assert_int_eq(found, habit);
	snapshot_end(snapshot);
	archive_close(archive);
	fixture_open(&f);
}

START_TEST(lag_is_told_by_habits)
{
	begin();
	assert_habit(0, FILING_HABIT_CHECKS); /* it has nothing to check */
	report(0, 0);
	assert_habit(0, FILING_HABIT_SILENT);
	report(0, FILING_LAG_SECONDS * 3);
	assert_habit(0, FILING_HABIT_SILENT);
	report(EVENTS, FILING_LAG_SECONDS);
	assert_habit(EVENTS, FILING_HABIT_CHECKS); /* the oldest one left out is exactly a day older */
	report(EVENTS, 1);
	assert_habit(EVENTS, FILING_HABIT_LAGS);
	report(4 * EVENTS, FILING_LAG_SECONDS * 2);
	assert_habit(4 * EVENTS, FILING_HABIT_CHECKS);
	report(5 * EVENTS - 1, FILING_LAG_SECONDS * 2); /* also within a batch */
	assert_habit(5 * EVENTS - 1, FILING_HABIT_LAGS);
	fixture_remove(&f);
}
END_TEST

/* ENTRY-20: a sender that lost its records goes on, and takes nothing back. */
START_TEST(a_lower_claim_takes_nothing_back)
{
	begin();
	report(0, 0);
	report(EVENTS, 1);
	report(0, 1);
	assert_habit(EVENTS, FILING_HABIT_CHECKS);
	report(2, 1);
	assert_habit(EVENTS, FILING_HABIT_CHECKS);
	report(3 * EVENTS, 1);
	assert_habit(3 * EVENTS, FILING_HABIT_CHECKS);
	fixture_remove(&f);
}
END_TEST

START_TEST(it_is_said_since_when)
{
	struct archive *archive;
	struct snapshot *snapshot;
	struct sender sender;
	struct fault fault = {.text = ""};
	uint64_t since_s, first_s;
	begin();
	report(0, 0);
	first_s = f.now_s;
	report(2, 100);
	fixture_close(&f);
	ck_ok(archive_open(f.dir, false, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	ck_ok(snapshot_sender(snapshot, f.sender, &sender));
	ck_ok(filing_lag_since(snapshot, &sender, &since_s));
	ck_assert_uint_eq(since_s, first_s);
	sender.filing_checked = EVENTS;
	ck_ok(filing_lag_since(snapshot, &sender, &since_s));
	ck_assert_uint_eq(since_s, first_s + 100);
	sender.filing_checked = 2 * EVENTS;
	ck_error(filing_lag_since(snapshot, &sender, &since_s), E_NOT_FOUND);
	snapshot_end(snapshot);
	archive_close(archive);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("filing_lag", lag_is_told_by_habits, a_lower_claim_takes_nothing_back, it_is_said_since_when)
