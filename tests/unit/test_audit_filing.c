/* The accredited audit of a directory: epochs that the ledger itself, with all its keys, got wrong. */
#include "tests/unit/misfiled.h"

#define SUBJECTS 6
#define ROUNDS 5
#define ROUND_EVENTS 12

static struct audit_result audit_labels_of(void)
{
	struct audit_options options = {.records = true, .labels = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_directory(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
	return result;
}

/* Each round is a batch of 12 events about subjects 0 to 5 in turn and an epoch: 14 entries, from index 2 on. */
static uint64_t round_index(unsigned round)
{
	return 2 + round * (ROUND_EVENTS + 2);
}

static void append_round(unsigned round)
{
	uint32_t subjects[ROUND_EVENTS];
	for (uint32_t i = 0; i < ROUND_EVENTS; i++)
		subjects[i] = i % SUBJECTS;
	struct appended appended =
		fixture_append(&f, fixture_batch(&f, round * ROUND_EVENTS, subjects, ROUND_EVENTS, round));
	ck_assert_uint_eq(appended.first_index, round_index(round));
}

static void begin(void)
{
	fixture_make(&f);
	secrets = load_secrets();
}

static void end(void)
{
	secrets_free(secrets);
	fixture_remove(&f);
}

/* Event `at` of a round. */
static struct event_place event_of(unsigned round, uint32_t at)
{
	return (struct event_place){round_index(round), round * ROUND_EVENTS, ROUND_EVENTS, at, at % SUBJECTS};
}

START_TEST(honest)
{
	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		append_round(round);
		fixture_epoch(&f);
	}
	append_round(ROUNDS); /* not covered yet */
	fixture_close(&f);
	struct audit_result result = audit_labels_of();
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_uint_eq(result.epochs, ROUNDS);
	ck_assert_uint_eq(result.subjects, SUBJECTS);
	ck_assert_uint_eq(result.epoch_index, round_index(ROUNDS) - 1);
	end();
}
END_TEST

enum misfiling { MOVED, MOVED_FOR_GOOD, UNFILED, DOUBLED };

/* Five rounds, of which the epoch of the fourth one files `event` wrongly; the last one is honest again. */
static struct audit_result audit_misfiled(const struct event_place *event, enum misfiling misfiling)
{
	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		append_round(round);
		if (round != 3)
			fixture_epoch(&f);
		else if (misfiling == MOVED || misfiling == MOVED_FOR_GOOD)
			epoch_moved(event, misfiling == MOVED);
		else
			epoch_miscounted(event, misfiling == DOUBLED);
	}
	fixture_close(&f);
	struct audit_result result = audit_labels_of();
	end();
	return result;
}

static void check_misfiled(enum misfiling misfiling, const char *reason)
{
	for (uint32_t at = 1; at < SUBJECTS; at += 2) {
		struct event_place event = event_of(3, at);
		struct audit_result result = audit_misfiled(&event, misfiling);
		assert_fails(&result, event_index(&event), reason);
		ck_assert_uint_eq(result.epoch, round_index(4) - 1);
	}
}

START_TEST(moved)
{
	check_misfiled(MOVED, "under another label than the label stream");
}
END_TEST

/* The label stream agrees with the epochs, and the sealed record does not. */
START_TEST(moved_for_good)
{
	struct event_place event = event_of(3, 5);
	struct audit_result result = audit_misfiled(&event, MOVED_FOR_GOOD);
	assert_fails(&result, event_index(&event), "noted for another subject");
}
END_TEST

START_TEST(unfiled)
{
	check_misfiled(UNFILED, "does not have the event");
}
END_TEST

START_TEST(doubled)
{
	check_misfiled(DOUBLED, "twice");
}
END_TEST

/* No single fault explains the root: the first event is named whose subject's stored tree is not that of its events. */
START_TEST(event_of_another)
{
	struct event_place event = event_of(3, 8);
	event.subject = 3;
	struct audit_result result = audit_misfiled(&event, DOUBLED);
	assert_fails(&result, round_index(3) + 3, "the map root is not that");
	ck_assert_uint_eq(result.epoch, round_index(4) - 1);
}
END_TEST

/* The label of a subject is not its own: every epoch is right by the label stream, and the name is wrong. */
START_TEST(false_label)
{
	struct alias alias;
	struct head head;
	begin();
	append_round(0);
	fixture_epoch(&f);
	fixture_close(&f);
	alias_make(&secrets->alias, bytes_text(fixture_subject(3)), &alias);
	store_begin();
	ck_ok(head_get(&txn, &secrets->seal, &alias, &head));
	head.label.b[0] ^= 1;
	head_put(&txn, &secrets->seal, &alias, &head);
	store_end();
	struct audit_result result = audit_labels_of();
	assert_fails(&result, round_index(0) + 3, "not filed under its own label");
	end();
}
END_TEST

UNIT_MAIN("audit_filing", honest, moved, moved_for_good, unfiled, doubled, event_of_another, false_label)
