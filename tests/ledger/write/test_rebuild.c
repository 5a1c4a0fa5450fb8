/* Whatever is derived may be damaged in any row: made again from the log, all of it holds. */
#include "ledger/db/db_put.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/audited.h"
#include "tests/lib/both_ways.h"
#include "tests/lib/filed.h"

#include <string.h>

#define SUBJECTS 5
#define PARTS 4

static void make(void)
{
	fixture_make(&f);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t subjects[4];
		for (uint32_t j = 0; j < 4; j++)
			subjects[j] = (i + 2 * j) % SUBJECTS;
		fixture_append(&f, fixture_batch(&f, (uint64_t)i * 4, subjects, 4, 1));
		fixture_epoch(&f);
	}
	fixture_close(&f);
}

/* What can be damaged of what is derived: rows of the runs, with checks that are right, rows of the store, and the
 * bytes of a run as a disk would do it. */
enum part_of_it { OF_SUBJECTS, OF_LABELS, OF_MAP, OF_FILING, OF_FILE, DERIVED };

static const char *const part_names[DERIVED] = {"subjects", "labels", "map", "filing tree", "file"};

static bool harm_filing(uint64_t number, unsigned part)
{
	struct db_walk walk;
	uint8_t key[64];
	store_begin();
	ck_ok(db_walk_begin(&txn, STORE_FILING, &walk));
	enum error error = db_walk_from(&walk, BYTES_LITERAL("\0"));
	for (uint64_t i = 0; error == E_OK && i < number; i++)
		error = db_walk_next(&walk);
	bool found = error == E_OK;
	struct bytes at = walk.key;
	size_t len = found ? walk.value.len : 0;
	if (found) {
		ck_assert_uint_le(at.len, sizeof key);
		memcpy(key, at.data, at.len);
		at = bytes_of(key, at.len);
	}
	db_walk_end(&walk);
	store_end();
	if (found)
		flip(STORE_FILING, at, len * part / PARTS, (unsigned)number % 8);
	else
		ck_error(error, E_NOT_FOUND);
	return found;
}

/* Flips one bit of the row at `number` in the order of the keys, `part` of PARTS into it; of a file, of its byte 31
 * `number`. False: there is no such row. */
static bool harm(enum part_of_it of, uint64_t number, unsigned part)
{
	uint8_t key[RUN_KEY_BYTES_MAX];
	size_t len;
	uint64_t at = PARTS * 31 * number + part * 31;
	enum run_table table = of == OF_MAP ? RUN_MAP : of == OF_LABELS ? RUN_LABEL : RUN_SUBJECT;
	if (of == OF_FILING)
		return harm_filing(number, part);
	if (of == OF_FILE && at < filed_bytes(f.dir))
		filed_flip(f.dir, at, (unsigned)number % 8);
	if (of == OF_FILE)
		return at < filed_bytes(f.dir);
	if (!filed_row_at(f.dir, table, number, key, &len))
		return false;
	filed_flip_row(f.dir, table, bytes_of(key, run_key_bytes(table)), len * part / PARTS, (unsigned)number % 8);
	return true;
}

static struct audit_result audit_labels(void)
{
	struct audit_options options = {.records = true, .labels = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_both_ways(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
	return result;
}

static void rebuild(void)
{
	struct fault fault = {.text = ""};
	fixture_open(&f);
	enum error error = ledger_forget_filing(f.ledger, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
	while (ledger_unfiled(f.ledger) > 0)
		fixture_epoch(&f);
	fixture_close(&f);
}

/* Each row of each table, in four places, and a run at every 31st byte. Nothing of it goes unnoticed. */
START_TEST(any_row_that_is_derived)
{
	enum part_of_it of = (enum part_of_it)_i / PARTS;
	uint64_t number = 0;
	make();
	for (; harm(of, number, (unsigned)_i % PARTS); number++) {
		ck_assert_msg(!audit_labels().ok, "%s row %lu", part_names[of], number);
		rebuild();
		struct audit_result result = audit_labels();
		ck_assert_msg(result.ok, "%s row %lu: index %lu: %s", part_names[of], number, result.index, result.reason);
	}
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* Nothing is ever signed on damage: an epoch over a damaged row is refused with the way out, or it is as good as any.
 */
START_TEST(nothing_is_signed_on_damage)
{
	enum part_of_it of = (enum part_of_it)_i / PARTS;
	uint64_t sequence = 12;
	uint64_t refused = 0;
	make();
	for (uint64_t number = 0; number < 40 && harm(of, number, (unsigned)_i % PARTS); number++) {
		struct fault fault = {.text = ""};
		uint32_t subjects[SUBJECTS] = {0, 1, 2, 3, 4};
		bool finished = false, started;
		fixture_open(&f);
		fixture_append(&f, fixture_batch(&f, sequence, subjects, SUBJECTS, 1));
		sequence += SUBJECTS;
		enum error error = ledger_epoch_start(f.ledger, &started, &fault);
		while (error == E_OK && !finished)
			error = ledger_epoch_slice(f.ledger, &finished, &fault);
		if (error != E_OK)
			ck_assert_msg(strstr(fault.text, "--rebuild") != NULL || of == OF_SUBJECTS, "%s", fault.text);
		refused += error != E_OK;
		fixture_close(&f);
		rebuild();
		struct audit_result result = audit_labels();
		ck_assert_msg(result.ok, "%s row %lu: index %lu: %s", part_names[of], number, result.index, result.reason);
	}
	if (of == OF_LABELS || of == OF_MAP || of == OF_FILE)
		ck_assert_uint_gt(refused, 0);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* The frontier of the filing tree stands in a row of its own. */
START_TEST(no_root_is_signed_over_a_damaged_frontier)
{
	struct fault fault = {.text = ""};
	bool started;
	struct bytes row;
	make();
	store_begin();
	ck_ok(db_get(&txn, STORE_META, STORE_ROW_FILING, &row));
	struct store_filing filing;
	ck_ok(store_filing_get(&txn, &filing));
	size_t behind = 4 + 32 * filing.run_count;
	size_t len = row.len;
	store_end();
	flip(STORE_META, STORE_ROW_FILING, len - behind - 5, 3);
	fixture_open(&f);
	fixture_append(&f, fixture_batch(&f, 12, (uint32_t[]){0, 1}, 2, 1));
	ck_error(ledger_epoch_start(f.ledger, &started, &fault), E_CORRUPT);
	ck_assert_msg(strstr(fault.text, "--rebuild") != NULL, "%s", fault.text);
	fixture_close(&f);
	rebuild();
	ck_assert(audit_labels().ok);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* Where filing stands is a row of its own: whatever bit of it is wrong, the ledger opens, signs nothing on it, and
 * comes to the same roots. */
START_TEST(where_filing_stands_is_found_again)
{
	struct bytes row;
	make();
	store_begin();
	ck_ok(db_get(&txn, STORE_META, STORE_ROW_FILING, &row));
	size_t len = row.len;
	store_end();
	for (size_t at = 0; at < len; at += at < 24 ? 1 : 7) {
		struct fault fault = {.text = ""};
		flip(STORE_META, STORE_ROW_FILING, at, (unsigned)at % 8);
		fixture_open(&f);
		bool finished = false, started = false;
		enum error error = E_OK;
		while (error == E_OK && ledger_unfiled(f.ledger) > 0) {
			error = ledger_epoch_start(f.ledger, &started, &fault);
			finished = false;
			while (error == E_OK && started && !finished)
				error = ledger_epoch_slice(f.ledger, &finished, &fault);
		}
		fixture_close(&f);
		rebuild();
		struct audit_result result = audit_labels();
		ck_assert_msg(result.ok, "byte %zu: index %lu: %s", at, result.index, result.reason);
	}
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* With indexes that no chunk holds yet, and with none: where a subject's newest event is not older than the one that is
 * to be filed its head is not its own. */
START_TEST(a_head_ahead_of_the_log_is_refused)
{
	struct fault fault = {.text = ""};
	struct alias alias;
	struct head head;
	bool started, finished = false;
	make();
	struct secrets *secrets = load_secrets();
	alias_make(&secrets->alias, bytes_text(fixture_subject(3)), &alias);
	filed_head_of(f.dir, &secrets->seal, &alias, &head);
	while (_i == 1 && head_open_indexes(&head) > 0)
		merkle_frontier_append(&head.frontier, &(struct hash){{1}}, NULL, NULL);
	head.newest = 1000;
	if (_i == 0)
		head.indexes[head_open_indexes(&head) - 1] = head.newest;
	filed_head(f.dir, &secrets->seal, &alias, &head);
	secrets_free(secrets);
	fixture_open(&f);
	uint64_t filed = ledger_unfiled(f.ledger);
	fixture_append(&f, fixture_batch(&f, 12, (uint32_t[]){3}, 1, 1));
	ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
	enum error error = E_OK;
	while (error == E_OK && !finished)
		error = ledger_epoch_slice(f.ledger, &finished, &fault);
	ck_error(error, E_CORRUPT);
	ck_assert_msg(strstr(fault.text, "--rebuild") != NULL, "%s", fault.text);
	ck_assert_uint_gt(ledger_unfiled(f.ledger), filed);
	fixture_close(&f);
	rebuild();
	ck_assert(audit_labels().ok);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("rebuild");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, any_row_that_is_derived, 0, DERIVED * PARTS);
	tcase_add_loop_test(tcase, nothing_is_signed_on_damage, 0, DERIVED * PARTS);
	tcase_add_test(tcase, no_root_is_signed_over_a_damaged_frontier);
	tcase_add_test(tcase, where_filing_stands_is_found_again);
	tcase_add_loop_test(tcase, a_head_ahead_of_the_log_is_refused, 0, 2);
	return unit_run("rebuild", tcase);
}
