/* The audit of ledgers whose sealed part is damaged, also by somebody who has all keys. */
#include "ledger/base/domain.h"
#include "ledger/base/file.h"
#include "ledger/db/db_put.h"
#include "ledger/filed/posting.h"
#include "ledger/store/store_put.h"
#include "tests/lib/audited.h"
#include "tests/lib/both_ways.h"
#include "tests/lib/filed.h"

#include <fcntl.h>

/* Behind the first bundle, which has the sender's entry: there threads look ahead of the audit. */
#define FAR 300u

START_TEST(damaged_records_are_named)
{
	make_ledger();
	for (size_t at = 3; at < 260; at += 14) {
		flip(STORE_RECORD, key_u64(FAR), at, 5);
		struct audit_result result = audit(true);
		assert_fails(&result, FAR, "record");
		assert_holds(false); /* the public part does not look */
		flip(STORE_RECORD, key_u64(FAR), at, 5);
	}
	/* A record of another event: it was sealed for its place. */
	static uint8_t copy[RECORD_BYTES_MAX];
	struct bytes row;
	store_begin();
	ck_ok(db_get(&txn, STORE_RECORD, key_u64(FAR + 1), &row));
	memcpy(copy, row.data, row.len);
	db_put(&txn, STORE_RECORD, key_u64(FAR + 2), bytes_of(copy, row.len));
	store_end();
	struct audit_result result = audit(true);
	assert_fails(&result, FAR + 2, "record does not hold");
	fixture_remove(&f);
}
END_TEST

START_TEST(damaged_alias_packs)
{
	make_ledger();
	flip(STORE_ALIAS, key_u64(batch_index(30)), 30, 1);
	struct audit_result result = audit(true);
	assert_fails(&result, batch_index(30), "alias pack of the batch does not hold");
	flip(STORE_ALIAS, key_u64(batch_index(30)), 30, 1);
	drop(STORE_ALIAS, key_u64(batch_index(33)));
	result = audit(true);
	assert_fails(&result, batch_index(33), "has no alias pack");
	fixture_remove(&f);
}
END_TEST

/* The operator itself, with all keys, notes an event for another person. */
START_TEST(a_false_alias_is_named)
{
	make_ledger();
	struct secrets *secrets = load_secrets();
	uint8_t context[16] = {0}, value[8 + 8 * 32 + SEAL_OVERHEAD], plain[8 * 32];
	uint64_t index = batch_index(30);
	struct bytes row;
	put_u32(context, 1);
	put_u64(context + 4, 30 * BATCH_EVENTS);
	put_u32(context + 12, BATCH_EVENTS);
	store_begin();
	ck_ok(db_get(&txn, STORE_ALIAS, key_u64(index), &row));
	ck_ok(unseal_small(
		&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), bytes_of(row.data + 8, row.len - 8), plain));
	memcpy(value, row.data, 8);
	memcpy(plain + 32 * 5, plain + 32 * 4, 32);
	seal_small(&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), BYTES_ARRAY(plain), value + 8);
	db_put(&txn, STORE_ALIAS, key_u64(index), BYTES_ARRAY(value));
	store_end();
	struct audit_result result = audit(true);
	assert_fails(&result, index + 5, "another subject");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_false_position_is_named)
{
	make_ledger();
	flip(STORE_ALIAS, key_u64(batch_index(7)), 7, 0);
	struct audit_result result = audit(true);
	assert_fails(&result, batch_index(7), "another place in the filing tree");
	fixture_remove(&f);
}
END_TEST

START_TEST(false_postings_are_named)
{
	make_ledger();
	struct secrets *secrets = load_secrets();
	struct alias alias;
	struct head head;
	uint8_t key[POSTING_KEY_BYTES];
	alias_make(&secrets->alias, bytes_text(fixture_subject(7)), &alias);

	/* One person's postings vanish. */
	filed_head_of(f.dir, &secrets->seal, &alias, &head);
	uint64_t first = head.indexes[0];
	posting_key(&alias, POSTING_HEAD, key);
	filed_change(f.dir, RUN_SUBJECT, BYTES_ARRAY(key), NULL);
	struct audit_result result = audit(true);
	assert_fails(&result, first, "not filed under its subject");

	/* They come back without the first one, in whose place stands another's. */
	head.indexes[0]++;
	filed_head(f.dir, &secrets->seal, &alias, &head);
	result = audit(true);
	assert_fails(&result, first, "not filed under its subject");
	fixture_remove(&f);

	/* Everything is there, and all of one person once more. */
	make_ledger();
	secrets_free(secrets);
	secrets = load_secrets();
	alias_make(&secrets->alias, bytes_text(fixture_subject(7)), &alias);
	filed_head_of(f.dir, &secrets->seal, &alias, &head);
	alias_make(&secrets->alias, bytes_text("cpr:0101709999"), &alias);
	filed_head(f.dir, &secrets->seal, &alias, &head);
	result = audit(true);
	assert_fails(&result, head.indexes[0], "filed under a subject that it is not about");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

/* As many postings as before, but one of a person names another event. */
START_TEST(an_exchanged_posting_is_named)
{
	make_ledger();
	struct secrets *secrets = load_secrets();
	struct alias alias;
	struct head head;
	alias_make(&secrets->alias, bytes_text(fixture_subject(7)), &alias);
	filed_head_of(f.dir, &secrets->seal, &alias, &head);
	uint64_t last = head.newest;
	head.newest = head.indexes[head_open_indexes(&head) - 1] = last - 1;
	filed_head(f.dir, &secrets->seal, &alias, &head);
	struct audit_result result = audit(true);
	assert_fails(&result, last, "not filed under its subject");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

static void mark_filed(uint64_t filed)
{
	struct store_filing filing;
	store_begin();
	ck_ok(store_filing_get(&txn, &filing));
	filing.filed = filed;
	store_filing_put(&txn, &filing);
	store_end();
}

/* While an epoch runs, the filing tree is ahead of what is marked as filed, and a run is there that nobody names. */
START_TEST(a_running_epoch_is_no_fault)
{
	struct fault fault = {.text = ""};
	bool started, finished = false;
	make_ledger();
	for (unsigned slices = 1; !finished; slices++) {
		fixture_open(&f);
		ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
		for (unsigned i = 0; i < slices && !finished; i++)
			ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
		fixture_close(&f);
		assert_holds(true);
	}
	mark_filed(ENTRIES + 10);
	struct audit_result result = audit(true);
	assert_fails(&result, ENTRIES + 1, "more entries are marked as filed");
	fixture_remove(&f);
}
END_TEST

/* Another wrapping key opens nothing. */
START_TEST(a_lost_key_opens_nothing)
{
	make_ledger();
	char path[128];
	snprintf(path, sizeof path, "%s/keys", f.dir);
	int keys_fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(keys_fd, 0);
	ck_ok(file_write_atomic(keys_fd, "wrapping",
		BYTES_LITERAL("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"), 0600));
	close(keys_fd);
	const struct audit_options options = {.records = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	/* It says nothing about the records. */
	ck_error(audit_both_ways(f.dir, &f.vkey, &options, &result, &fault), E_KEYS);
	ck_assert_msg(strstr(fault.text, "keys/wrapping") != NULL, "%s", fault.text);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("audit_records", damaged_records_are_named, damaged_alias_packs, a_false_alias_is_named,
	a_false_position_is_named, false_postings_are_named, an_exchanged_posting_is_named, a_running_epoch_is_no_fault,
	a_lost_key_opens_nothing)
