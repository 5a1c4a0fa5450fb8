/* The audit of honest ledgers, and of ledgers whose public part is damaged row by row. */
#include "ledger/audit/audit.h"
#include "ledger/db/db_put.h"
#include "ledger/store/log.h"
#include "tests/lib/audited.h"

START_TEST(an_honest_ledger_holds)
{
	make_ledger();
	for (int records = 0; records <= 1; records++) {
		struct audit_result result = audit(records);
		ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
		ck_assert_uint_eq(result.entries, ENTRIES);
		ck_assert_uint_eq(result.checkpoint_size, ENTRIES);
		ck_assert_uint_eq(result.events, BATCHES * BATCH_EVENTS);
		ck_assert_uint_eq(result.batches, BATCHES);
		ck_assert_uint_eq(result.senders, 1);
		ck_assert_uint_eq(result.unendorsed, 0);
		ck_assert_uint_eq(result.records, records ? BATCHES * BATCH_EVENTS : 0);
	}
	fixture_open(&f);
	fixture_epoch(&f);
	fixture_close(&f);
	assert_holds(true);
	fixture_remove(&f);
}
END_TEST

START_TEST(an_empty_ledger_holds)
{
	fixture_make(&f);
	fixture_close(&f);
	assert_holds(true);
	fixture_remove(&f);
}
END_TEST

static uint64_t progress_done;
static unsigned progress_calls;

static void note_progress(void *context, uint64_t done, uint64_t total)
{
	ck_assert_ptr_eq(context, &f);
	ck_assert(done >= progress_done && done <= total); /* without records */
	ck_assert_uint_eq(total, ENTRIES);
	progress_done = done;
	progress_calls++;
}

START_TEST(progress_and_errors)
{
	make_ledger();
	struct audit_options options = {.progress = note_progress, .context = &f};
	struct audit_result result;
	struct fault fault;
	ck_ok(audit_directory(f.dir, &f.vkey, &options, &result, &fault));
	ck_assert(result.ok && progress_done == ENTRIES && progress_calls >= 2);

	ck_error(audit_directory("/nonexistent", &f.vkey, &options, &result, &fault), E_NOT_FOUND);
	ck_assert_uint_gt(strlen(fault.text), 10);
	f.vkey.public_key[0] ^= 1;
	ck_error(audit_directory(f.dir, &f.vkey, &options, &result, &fault), E_WRONG_ORIGIN);
	ck_assert_ptr_nonnull(strstr(fault.text, "another log"));
	fixture_remove(&f);
}
END_TEST

START_TEST(a_flipped_entry_is_named)
{
	make_ledger();
	for (uint64_t index = 0; index < ENTRIES; index += 1 + index % 7) {
		size_t at = entry_offset(index) + 2 + index % 50;
		flip(STORE_BUNDLE, key_u64(index / LOG_WIDTH), at, index % 8);
		struct audit_result result = audit(index % 2 == 0);
		assert_fails(&result, index, "does not have the hash");
		flip(STORE_BUNDLE, key_u64(index / LOG_WIDTH), at, index % 8);
	}
	/* The length before an entry. */
	size_t at = entry_offset(100);
	flip(STORE_BUNDLE, key_u64(0), at + 1, 0);
	struct audit_result result = audit(false);
	assert_fails(&result, 100, "does not have the hash");
	flip(STORE_BUNDLE, key_u64(0), at + 1, 0);
	flip(STORE_BUNDLE, key_u64(0), at, 7);
	result = audit(false);
	assert_fails(&result, 100, "cut off");
	flip(STORE_BUNDLE, key_u64(0), at, 7);
	assert_holds(true);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_flipped_tile_is_named)
{
	make_ledger();
	for (uint64_t index = 0; index < ENTRIES; index += index % 51 == 0 ? 20 : 31) { /* 255 too, a tile's last */
		bool last = index % LOG_WIDTH == HASH_ROW_FIRST;
		struct bytes key = key_tile(last ? HASH_ROW_LAST : 0, index / LOG_WIDTH);
		size_t at = (last ? 0 : index % LOG_WIDTH * HASH_BYTES) + index % 32;
		flip(STORE_TILE, key, at, 3);
		struct audit_result result = audit(false);
		assert_fails(&result, index, "does not have the hash");
		flip(STORE_TILE, key_tile(last ? HASH_ROW_LAST : 0, index / LOG_WIDTH), at, 3);
	}
	flip(STORE_TILE, key_tile(1, 0), 5 * HASH_BYTES, 3);
	struct audit_result result = audit(false);
	assert_fails(&result, 80, "entries from 80 to 95");
	flip(STORE_TILE, key_tile(1, 0), 5 * HASH_BYTES, 3);
	flip(STORE_TILE, key_tile(2, 0), 7, 3);
	result = audit(false);
	assert_fails(&result, 0, "entries from 0 to 255");
	flip(STORE_TILE, key_tile(2, 0), 7, 3);
	assert_holds(false);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_flipped_checkpoint_is_named)
{
	make_ledger();
	for (size_t at = 0; at < 180; at += 11) {
		flip(STORE_META, BYTES_LITERAL("checkpoint"), at, 2);
		struct audit_result result = audit(false);
		assert_fails(&result, 0, "checkpoint is malformed or not signed");
		flip(STORE_META, BYTES_LITERAL("checkpoint"), at, 2);
	}
	flip(STORE_META, BYTES_LITERAL("state"), 28, 2);
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "damaged");
	flip(STORE_META, BYTES_LITERAL("state"), 28, 2);
	flip(STORE_META, BYTES_LITERAL("state"), 15, 2); /* number of events */
	result = audit(false);
	assert_fails(&result, ENTRIES - 1, "the store's own state");
	flip(STORE_META, BYTES_LITERAL("state"), 15, 2);
	flip(STORE_META, BYTES_LITERAL("state"), 23, 2); /* leaves of the filing tree */
	result = audit(false);
	assert_fails(&result, ENTRIES - 1, "the store's own state");
	fixture_remove(&f);
}
END_TEST

START_TEST(missing_and_extra_rows)
{
	uint8_t batch[12] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, BATCH_EVENTS}, sender[4] = {0, 0, 0, 1};
	const struct {
		enum store_table table;
		struct bytes key;
		bool extra;
		uint64_t index;
		const char *reason;
	} cases[] = {
		{STORE_BUNDLE, BYTES_LITERAL("\0\0\0\0\0\0\0\1"), false, 256, "cannot be read: not found"},
		{STORE_BUNDLE, BYTES_LITERAL("\0\0\0\0\0\0\0\2"), true, ENTRIES - 1, "3 rows of bundles"},
		{STORE_TILE, BYTES_LITERAL("\0\0\0\0\0\0\0\0\1"), false, 256, "tile 1 of row 0 cannot be read"},
		{STORE_TILE, BYTES_LITERAL("\1\0\0\0\0\0\0\0\0"), false, 0, "tile 0 of row 1 cannot be read"},
		{STORE_TILE, BYTES_LITERAL("\200\0\0\0\0\0\0\0\0"), false, 255,
			"the last hash of tile 0 of row 0 cannot be read"},
		{STORE_TILE, BYTES_LITERAL("\3\0\0\0\0\0\0\0\0"), true, ENTRIES - 1, "rows of tiles"},
		{STORE_TILE, BYTES_LITERAL("\201\0\0\0\0\0\0\0\0"), true, ENTRIES - 1, "rows of tiles"},
		{STORE_RECORD, BYTES_LITERAL("\0\0\0\0\0\0\0\4"), false, ENTRIES - 1, "rows of records"},
		{STORE_RECORD, BYTES_LITERAL("\0\0\0\0\0\0\0\1"), true, ENTRIES - 1, "rows of records"},
		{STORE_ALIAS, BYTES_LITERAL("\0\0\0\0\0\0\0\2"), false, ENTRIES - 1, "rows of alias packs"},
		{STORE_BATCH, BYTES_ARRAY(batch), false, 2 + 2 * BATCH_EVENTS + 1, "row for the batch"},
		{STORE_BATCH, BYTES_LITERAL("\0\0\0\2\0\0\0\0\0\0\0\0"), true, ENTRIES - 1, "rows of batches"},
		{STORE_SENDER, BYTES_ARRAY(sender), false, 1, "row for sender 1"},
		{STORE_META, BYTES_LITERAL("checkpoint"), false, 0, "not found"},
	};
	make_ledger();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		static uint8_t copy[1 << 20];
		struct bytes row = BYTES_EMPTY;
		if (!cases[i].extra) {
			store_begin();
			ck_ok(db_get(&txn, cases[i].table, cases[i].key, &row));
			memcpy(copy, row.data, row.len);
			db_abort(&txn);
			db_close(store);
			drop(cases[i].table, cases[i].key);
		} else {
			change(cases[i].table, cases[i].key, BYTES_LITERAL("extra"));
		}
		struct audit_result result = audit(false);
		assert_fails(&result, cases[i].index, cases[i].reason);
		if (cases[i].extra)
			drop(cases[i].table, cases[i].key);
		else
			change(cases[i].table, cases[i].key, bytes_of(copy, row.len));
		assert_holds(false);
	}
	flip(STORE_SENDER, BYTES_ARRAY(sender), 4 + 3 + 32 + 7, 0); /* next sequence */
	struct audit_result result = audit(false);
	assert_fails(&result, 1, "row for sender 1");
	fixture_remove(&f);
}
END_TEST

START_TEST(longer_and_shorter_rows)
{
	make_ledger();
	for (int longer = 0; longer <= 1; longer++)
		for (int tile = 0; tile <= 1; tile++) {
			static uint8_t copy[1 << 20];
			enum store_table table = tile ? STORE_TILE : STORE_BUNDLE;
			struct bytes key = tile ? key_tile(0, 1) : key_u64(1);
			struct bytes row;
			store_begin();
			ck_ok(db_get(&txn, table, key, &row));
			memcpy(copy, row.data, row.len);
			db_put(&txn, table, key, bytes_of(copy, longer ? row.len + HASH_BYTES : row.len - HASH_BYTES));
			size_t len = row.len;
			store_end();
			struct audit_result result = audit(false);
			if (tile)
				assert_fails(&result, 256, "and should have");
			else
				assert_fails(&result, ENTRIES - 1, longer ? "belong to none" : "cut off");
			change(table, key, bytes_of(copy, len));
		}
	fixture_remove(&f);
}
END_TEST

START_TEST(the_guard_must_be_extended)
{
	char command[400];
	make_ledger();
	snprintf(
		command, sizeof command, "cp -r %s/store %s/older && cp %s/guard %s/guard-old", f.dir, f.dir, f.dir, f.dir);
	ck_assert_int_eq(system(command), 0);
	fixture_open(&f);
	uint32_t subject = 1;
	fixture_append(&f, fixture_batch(&f, BATCHES * BATCH_EVENTS, &subject, 1, 99));
	fixture_close(&f);
	assert_holds(true);

	/* An older copy beside the newer guard; an older guard beside the newer store is in order. */
	snprintf(command, sizeof command, "cd %s && mv store newer && mv older store", f.dir);
	ck_assert_int_eq(system(command), 0);
	struct audit_result result = audit(false);
	assert_fails(&result, ENTRIES, "an older copy was put back");
	snprintf(command, sizeof command,
		"cd %s && mv store older && mv newer store && mv guard guard-new && cp guard-old guard", f.dir);
	ck_assert_int_eq(system(command), 0);
	assert_holds(true);

	snprintf(command, sizeof command, "cd %s && sed -i s/dk/dj/ guard", f.dir);
	ck_assert_int_eq(system(command), 0);
	result = audit(false);
	assert_fails(&result, 0, "the guard is not a checkpoint");
	snprintf(command, sizeof command, "rm %s/guard", f.dir);
	ck_assert_int_eq(system(command), 0);
	result = audit(false);
	assert_fails(&result, 0, "the guard cannot be read");
	fixture_remove(&f);
}
END_TEST

/* What a sender signed against itself is kept, and read. */
START_TEST(evidence_is_kept_and_read)
{
	static const uint32_t subjects[] = {1, 2};
	static const uint8_t key[12] = {0, 0, 0, 1};
	struct appended appended;
	struct fault fault = {.text = ""};
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 2, 1));
	struct bytes other = fixture_batch(&f, 0, subjects, 2, 2);
	ck_error(fixture_take(&f, other, &appended, &fault), E_EQUIVOCATION);
	free((void *)(uintptr_t)other.data);
	fixture_close(&f);
	assert_holds(false);
	flip(STORE_EVIDENCE, BYTES_ARRAY(key), 0, 6); /* its kind */
	struct audit_result result = audit(false);
	assert_fails(&result, 4, "not every row of evidence");
	flip(STORE_EVIDENCE, BYTES_ARRAY(key), 0, 6);
	flip(STORE_EVIDENCE, BYTES_ARRAY(key), 4, 0); /* its sender */
	result = audit(false);
	assert_fails(&result, 4, "not every row of evidence");
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("audit", evidence_is_kept_and_read, an_honest_ledger_holds, an_empty_ledger_holds, progress_and_errors,
	a_flipped_entry_is_named, a_flipped_tile_is_named, a_flipped_checkpoint_is_named, missing_and_extra_rows,
	longer_and_shorter_rows, the_guard_must_be_extended)
