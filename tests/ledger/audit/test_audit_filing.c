/* The accredited audit of a directory: epochs that the ledger itself, with all its keys, got wrong. */
#include "ledger/base/domain.h"
#include "ledger/filed/aliases.h"
#include "ledger/filed/filed_put.h"
#include "ledger/store/log.h"
#include "tests/lib/both_ways.h"
#include "tests/lib/filed.h"
#include "tests/lib/misfiled.h"

#define SUBJECTS 6
#define ROUNDS 5
#define ROUND_EVENTS 12

static struct audit_result audit_labels_of(void)
{
	struct audit_options options = {.records = true, .labels = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_both_ways(f.dir, &f.vkey, &options, &result, &fault);
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

START_TEST(honest_filing_holds)
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

START_TEST(a_moved_event_is_named)
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
	ck_assert_uint_eq(result.epoch, round_index(4) - 1);
}
END_TEST

START_TEST(an_unfiled_event_is_named)
{
	check_misfiled(UNFILED, "does not have the event");
}
END_TEST

START_TEST(a_doubled_event_is_named)
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
START_TEST(a_false_label_is_named)
{
	struct alias alias;
	struct head head;
	begin();
	append_round(0);
	fixture_epoch(&f);
	fixture_close(&f);
	alias_make(&secrets->alias, bytes_text(fixture_subject(3)), &alias);
	filed_head_of(f.dir, &secrets->seal, &alias, &head);
	head.label.b[0] ^= 1;
	filed_head(f.dir, &secrets->seal, &alias, &head);
	struct audit_result result = audit_labels_of();
	assert_fails(&result, round_index(0) + 3, "not filed under its own label");
	ck_assert_uint_eq(result.epoch, round_index(1) - 1);
	end();
}
END_TEST

/* ---- what is stored of the newest epoch, and is not what it commits to ---- */

static void make_rounds(void)
{
	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		append_round(round);
		fixture_epoch(&f);
	}
	fixture_close(&f);
}

/* About an event (0: about none) and the newest epoch; the same with and without the label stream. */
static void assert_stored(uint64_t event, const char *reason)
{
	uint64_t epoch = round_index(ROUNDS) - 1;
	for (int labels = 0; labels <= 1; labels++) {
		struct audit_result result = labels ? audit_labels_of() : audit(true);
		assert_fails(&result, event > 0 ? event : epoch, reason);
		ck_assert_uint_eq(result.epoch, epoch);
	}
}

START_TEST(stored_filing_tree)
{
	make_rounds();
	for (unsigned at = 0; at < ROUND_EVENTS; at += 3) {
		size_t place = (2 * ROUND_EVENTS + at) * HASH_BYTES + at;
		flip(STORE_FILING, key_tile(0, 0), place, at % 8);
		assert_stored(round_index(2) + at, "the stored filing tree");
		flip(STORE_FILING, key_tile(0, 0), place, at % 8);
	}
	flip(STORE_FILING, key_tile(1, 0), 0, 0); /* all leaves are right */
	assert_stored(0, "the stored filing tree");
	flip(STORE_FILING, key_tile(1, 0), 0, 0);
	assert_holds(true);
	end();
}
END_TEST

/* The number of the subject with this label. */
static unsigned subject_of_label(const uint8_t *wanted)
{
	struct label label;
	for (unsigned subject = 0; subject < SUBJECTS; subject++) {
		ck_ok(label_make(&secrets->vrf, FIXTURE_ORIGIN, bytes_text(fixture_subject(subject)), &label));
		if (memcmp(label.b, wanted, LABEL_BYTES) == 0)
			return subject;
	}
	ck_abort_msg("nobody has this label");
	return 0;
}

START_TEST(the_stored_map_is_compared)
{
	uint8_t key[RUN_KEY_BYTES_MAX];
	size_t len;
	make_rounds();
	ck_assert(filed_row_at(f.dir, RUN_LABEL, 0, key, &len));
	unsigned subject = subject_of_label(key);
	filed_flip_row(f.dir, RUN_LABEL, bytes_of(key, LABEL_BYTES), 0, 0);
	assert_stored(round_index(ROUNDS - 1) + SUBJECTS + subject, "the stored subject map");
	end();
}
END_TEST

START_TEST(stored_heads_are_compared)
{
	struct alias alias;
	struct head head;
	make_rounds();
	for (uint32_t subject = 2; subject < 4; subject++) { /* the first of them is named */
		alias_make(&secrets->alias, bytes_text(fixture_subject(subject)), &alias);
		filed_head_of(f.dir, &secrets->seal, &alias, &head);
		head.frontier.hashes[0].b[0] ^= 1;
		filed_head(f.dir, &secrets->seal, &alias, &head);
	}
	assert_stored(round_index(ROUNDS - 1) + SUBJECTS + 2, "a subject's tree");
	end();
}
END_TEST

START_TEST(stored_places_are_compared)
{
	make_rounds();
	flip(STORE_META, BYTES_LITERAL("filing"), 15, 7); /* index of the epoch entry */
	assert_stored(0, "does not name the newest epoch");
	end();
}
END_TEST

/* Derived state that was thrown away: said until it is whole again, and then it holds. */
START_TEST(what_is_made_again_holds_when_whole)
{
	struct fault fault = {.text = ""};
	make_rounds();
	fixture_open(&f);
	ck_ok(ledger_forget_filing(f.ledger, &fault));
	fixture_close(&f);
	struct audit_result result = audit(true);
	assert_fails(&result, round_index(ROUNDS) - 1, "filing it again has not finished");
	fixture_open(&f);
	fixture_epoch(&f);
	fixture_close(&f);
	result = audit_labels_of();
	ck_assert_msg(result.ok, "%s", result.reason);
	end();
}
END_TEST

/* ---- where threads look ahead of the audit: behind the first bundle, which has the sender's entry ---- */

#define FAR_ROUNDS 24

static void make_far(void)
{
	begin();
	for (unsigned round = 0; round < FAR_ROUNDS; round++) {
		append_round(round);
		fixture_epoch(&f);
	}
	fixture_close(&f);
}

/* Seals a pack about `count` events as the batch's. */
static void put_pack(unsigned round, uint32_t at, uint32_t count)
{
	static uint8_t plain[2 * ROUND_EVENTS * 32], value[8 + sizeof plain + SEAL_OVERHEAD];
	uint8_t context[ALIAS_CONTEXT_BYTES];
	uint64_t index = round_index(round) + at;
	struct bytes bound = alias_context(f.sender, (uint64_t)round * ROUND_EVENTS + at, count, context);
	for (uint32_t i = 0; i < count; i++) {
		struct alias alias;
		alias_make(&secrets->alias, bytes_text(fixture_subject((at + i) % SUBJECTS)), &alias);
		memcpy(plain + i * sizeof alias, alias.b, sizeof alias);
	}
	put_u64(value, (uint64_t)round * ROUND_EVENTS + at);
	seal_small(&secrets->seal.filing, DOMAIN_ALIASES, bound, bytes_of(plain, count * 32), value + 8);
	change(STORE_ALIAS, key_u64(index), bytes_of(value, 8 + count * 32 + SEAL_OVERHEAD));
}

START_TEST(packs_that_are_too_many_are_named_the_same)
{
	make_far();
	ck_assert_uint_gt(round_index(20), LOG_WIDTH);
	struct audit_result result = audit_labels_of();
	ck_assert_msg(result.ok, "%s", result.reason);
	/* one inside a batch: rubbish, and one that opens */
	change(STORE_ALIAS, key_u64(round_index(20) + 3), BYTES_LITERAL("rubbish"));
	result = audit_labels_of();
	assert_fails(&result, LOG_WIDTH, "the labels from here on cannot be read");
	put_pack(20, 3, 2);
	result = audit_labels_of();
	assert_fails(&result, round_index(20) + 3, "twice, or out of order");
	drop(STORE_ALIAS, key_u64(round_index(20) + 3));
	/* one that goes on behind its batch */
	put_pack(20, 0, ROUND_EVENTS + 1);
	result = audit_labels_of();
	assert_fails(&result, round_index(20), "about more events than it has");
	end();
}
END_TEST

UNIT_MAIN("audit_filing", honest_filing_holds, a_moved_event_is_named, moved_for_good, an_unfiled_event_is_named,
	a_doubled_event_is_named, event_of_another, a_false_label_is_named, stored_filing_tree, the_stored_map_is_compared,
	stored_heads_are_compared, stored_places_are_compared, what_is_made_again_holds_when_whole,
	packs_that_are_too_many_are_named_the_same)
