/* The accredited audit of a directory: epochs that the ledger itself, with all its keys, got wrong. */
#include "tests/unit/audited.h"

#include "ledger/head.h"

#define SUBJECTS 6
#define ROUNDS 5
#define ROUND_EVENTS 12

static struct secrets *secrets;

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
	char path[128];
	struct fault fault = {.text = ""};
	fixture_make(&f);
	snprintf(path, sizeof path, "%s/keys", f.dir);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_ok(secrets_load(fd, false, &secrets, &fault));
	close(fd);
}

static void end(void)
{
	secrets_free(secrets);
	fixture_remove(&f);
}

/* Swaps the sealed pack of a round's batch for one with other aliases; `aliases` gets those that were there. */
static void change_pack(unsigned round, const struct alias *wanted, struct alias aliases[ROUND_EVENTS])
{
	uint8_t context[16] = {0}, value[8 + ROUND_EVENTS * 32 + SEAL_OVERHEAD];
	struct bytes row;
	put_u32(context, 1);
	put_u64(context + 4, round * ROUND_EVENTS);
	put_u32(context + 12, ROUND_EVENTS);
	store_begin();
	ck_ok(db_get(&txn, STORE_ALIAS, key_u64(round_index(round)), &row));
	ck_ok(unseal_small(&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), bytes_of(row.data + 8, row.len - 8),
		aliases[0].b));
	memcpy(value, row.data, 8);
	seal_small(&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context),
		bytes_of(wanted ? wanted : aliases, ROUND_EVENTS * sizeof *aliases), value + 8);
	db_put(&txn, STORE_ALIAS, key_u64(round_index(round)), BYTES_ARRAY(value));
	store_end();
}

/* Event 5 of the round is filed as if it were about the subject of event 4, and the evidence is put back. */
static void file_wrongly(unsigned round)
{
	struct alias aliases[ROUND_EVENTS], wrong[ROUND_EVENTS], discarded[ROUND_EVENTS];
	fixture_close(&f);
	change_pack(round, NULL, aliases);
	memcpy(wrong, aliases, sizeof wrong);
	wrong[5] = wrong[4];
	change_pack(round, wrong, discarded);
	fixture_open(&f);
	fixture_epoch(&f);
	fixture_close(&f);
	change_pack(round, aliases, discarded);
	fixture_open(&f);
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

START_TEST(moved)
{
	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		append_round(round);
		if (round == 2)
			file_wrongly(round);
		else
			fixture_epoch(&f);
	}
	fixture_close(&f);
	struct audit_result result = audit_labels_of();
	assert_fails(&result, round_index(2) + 5, "");
	ck_assert_uint_eq(result.epoch, round_index(2) + ROUND_EVENTS + 1);
	end();
}
END_TEST

/* An event is taken out of its subject's tree, or put into it twice, by an epoch whose head was tampered with. */
static void tamper_head(unsigned subject, bool doubled)
{
	struct alias alias;
	struct head head;
	struct hash leaf = {{7}};
	alias_make(&secrets->alias, bytes_text(fixture_subject(subject)), &alias);
	fixture_close(&f);
	store_begin();
	ck_ok(head_get(&txn, &secrets->seal, &alias, &head));
	if (doubled)
		merkle_frontier_append(&head.frontier, &leaf, NULL, NULL);
	else
		head.newest = round_index(3) + subject; /* its first event of round 3 is taken to be there already */
	head_put(&txn, &secrets->seal, &alias, &head);
	store_end();
	fixture_open(&f);
}

static void check_tampered(bool doubled)
{
	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		append_round(round);
		if (round == 3)
			tamper_head(2, doubled);
		fixture_epoch(&f);
	}
	fixture_close(&f);
	struct audit_result result = audit_labels_of();
	ck_assert(!result.ok);
	ck_assert_uint_eq(result.epoch, round_index(3) + ROUND_EVENTS + 1);
	ck_assert_msg(
		result.index >= round_index(3) && result.index < round_index(4), "index %lu: %s", result.index, result.reason);
	end();
}

START_TEST(unfiled)
{
	check_tampered(false);
}
END_TEST

START_TEST(doubled)
{
	check_tampered(true);
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

UNIT_MAIN("audit_filing", honest, moved, unfiled, doubled, false_label)
