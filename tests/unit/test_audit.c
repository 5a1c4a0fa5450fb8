/* The audit of honest ledgers, of ledgers damaged row by row, and of logs whose tree and signature are in order but
 * whose entries break the rules. */
#include "ledger/audit.h"
#include "ledger/domain.h"
#include "ledger/log.h"
#include "ledger/posting.h"
#include "ledger/secrets.h"
#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <unistd.h>

static struct fixture f;

static struct audit_result audit(bool records)
{
	struct audit_options options = {.records = records};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_directory(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
	return result;
}

static void assert_holds(bool records)
{
	struct audit_result result = audit(records);
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
}

static void assert_fails(const struct audit_result *result, uint64_t index, const char *reason)
{
	ck_assert_msg(!result->ok, "it should not hold: %s", reason);
	ck_assert_msg(result->index == index && strstr(result->reason, reason) != NULL, "index %lu: %s; expected %lu: %s",
		result->index, result->reason, index, reason);
}

/* 2 + 40 * (8 + 1) = 362 entries: genesis and sender, then batches of 8; the fifth one is a mass batch. Filed up to
 * half, and closed. */
#define BATCHES 40
#define BATCH_EVENTS 8
#define ENTRIES (2 + BATCHES * (BATCH_EVENTS + 1))

static uint64_t batch_index(uint64_t batch)
{
	return 2 + batch * (BATCH_EVENTS + 1);
}

static void make_ledger(void)
{
	fixture_make(&f);
	for (uint32_t i = 0; i < BATCHES; i++) {
		uint32_t subjects[BATCH_EVENTS];
		for (uint32_t j = 0; j < BATCH_EVENTS; j++)
			subjects[j] = (i + 3 * j) % 11;
		fixture_append(&f, fixture_batch(&f, i * BATCH_EVENTS, i == 4 ? NULL : subjects, BATCH_EVENTS, i));
		if (i == BATCHES / 2)
			fixture_epoch(&f);
	}
	fixture_close(&f);
}

START_TEST(honest)
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

START_TEST(empty_ledger)
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
	ck_assert(done > progress_done && done <= total); /* without records */
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
	ck_assert(result.ok && progress_done == ENTRIES && progress_calls == 2);

	ck_error(audit_directory("/nonexistent", &f.vkey, &options, &result, &fault), E_NOT_FOUND);
	ck_assert_uint_gt(strlen(fault.text), 10);
	f.vkey.public_key[0] ^= 1;
	result = audit(false);
	assert_fails(&result, 0, "another log");
	fixture_remove(&f);
}
END_TEST

/* ---- damage ---- */

static struct db_env *store;
static struct db_txn txn;

static void store_begin(void)
{
	char path[128];
	struct fault fault = {.text = ""};
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_assert_msg(store_open(path, false, false, &store, &fault) == E_OK, "%s", fault.text);
	ck_ok(db_begin(store, true, &txn));
}

static void store_end(void)
{
	ck_ok(db_commit(&txn));
	db_close(store);
}

/* Flips one bit of a row, or of what its bytes from `at` on are. */
static void flip(enum store_table table, struct bytes key, size_t at, unsigned bit)
{
	static uint8_t copy[1 << 20];
	struct bytes row;
	store_begin();
	ck_ok(db_get(&txn, table, key, &row));
	ck_assert_uint_lt(at, row.len);
	memcpy(copy, row.data, row.len);
	copy[at] ^= (uint8_t)(1 << bit);
	db_put(&txn, table, key, bytes_of(copy, row.len));
	store_end();
}

static struct bytes key_u64(uint64_t number)
{
	static uint8_t key[8];
	put_u64(key, number);
	return BYTES_ARRAY(key);
}

static struct bytes key_tile(uint8_t row, uint64_t number)
{
	static uint8_t key[9];
	key[0] = row;
	put_u64(key + 1, number);
	return BYTES_ARRAY(key);
}

/* The place of an entry in its bundle. */
static size_t entry_offset(uint64_t index)
{
	struct bytes bundle;
	store_begin();
	ck_ok(db_get(&txn, STORE_BUNDLE, key_u64(index / LOG_WIDTH), &bundle));
	struct reader r = reader_of(bundle);
	for (uint64_t i = 0; i < index % LOG_WIDTH; i++)
		reader_range16(&r, ENTRY_BYTES_MAX);
	size_t offset = (size_t)(r.at - bundle.data);
	db_abort(&txn);
	db_close(store);
	return offset;
}

START_TEST(flipped_entries)
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

START_TEST(flipped_tiles)
{
	make_ledger();
	for (uint64_t index = 0; index < ENTRIES; index += 31) {
		flip(STORE_TILE, key_tile(0, index / LOG_WIDTH), index % LOG_WIDTH * HASH_BYTES + index % 32, 3);
		struct audit_result result = audit(false);
		assert_fails(&result, index, "does not have the hash");
		flip(STORE_TILE, key_tile(0, index / LOG_WIDTH), index % LOG_WIDTH * HASH_BYTES + index % 32, 3);
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

START_TEST(flipped_checkpoint)
{
	make_ledger();
	for (size_t at = 0; at < 180; at += 11) {
		flip(STORE_META, BYTES_LITERAL("checkpoint"), at, 2);
		struct audit_result result = audit(false);
		assert_fails(&result, 0, "checkpoint is malformed or not signed");
		flip(STORE_META, BYTES_LITERAL("checkpoint"), at, 2);
	}
	flip(STORE_META, BYTES_LITERAL("state"), 20, 2);
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "damaged");
	flip(STORE_META, BYTES_LITERAL("state"), 20, 2);
	flip(STORE_META, BYTES_LITERAL("state"), 15, 2); /* number of events */
	result = audit(false);
	assert_fails(&result, ENTRIES - 1, "the store's own state");
	fixture_remove(&f);
}
END_TEST

static void drop(enum store_table table, struct bytes key)
{
	store_begin();
	db_delete(&txn, table, key);
	store_end();
}

static void change(enum store_table table, struct bytes key, struct bytes row)
{
	store_begin();
	db_put(&txn, table, key, row);
	store_end();
}

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
		{STORE_TILE, BYTES_LITERAL("\3\0\0\0\0\0\0\0\0"), true, ENTRIES - 1, "rows of tiles"},
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
	/* Rows that are longer or shorter than they should be. */
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
	flip(STORE_SENDER, BYTES_ARRAY(sender), 4 + 3 + 32 + 7, 0); /* next sequence */
	struct audit_result result = audit(false);
	assert_fails(&result, 1, "row for sender 1");
	fixture_remove(&f);
}
END_TEST

START_TEST(guard)
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

/* ---- the sealed part ---- */

START_TEST(damaged_records)
{
	make_ledger();
	for (size_t at = 3; at < 350; at += 19) {
		flip(STORE_RECORD, key_u64(50), at, 5);
		struct audit_result result = audit(true);
		assert_fails(&result, 50, "record");
		assert_holds(false); /* the public part does not look */
		flip(STORE_RECORD, key_u64(50), at, 5);
	}
	/* A record of another event: it was sealed for its place. */
	static uint8_t copy[RECORD_BYTES_MAX];
	struct bytes row;
	store_begin();
	ck_ok(db_get(&txn, STORE_RECORD, key_u64(51), &row));
	memcpy(copy, row.data, row.len);
	db_put(&txn, STORE_RECORD, key_u64(52), bytes_of(copy, row.len));
	store_end();
	struct audit_result result = audit(true);
	assert_fails(&result, 52, "record does not hold");
	fixture_remove(&f);
}
END_TEST

START_TEST(damaged_alias_packs)
{
	make_ledger();
	flip(STORE_ALIAS, key_u64(batch_index(3)), 30, 1);
	struct audit_result result = audit(true);
	assert_fails(&result, batch_index(3), "alias pack of the batch does not hold");
	flip(STORE_ALIAS, key_u64(batch_index(3)), 30, 1);
	drop(STORE_ALIAS, key_u64(batch_index(5)));
	result = audit(true);
	assert_fails(&result, batch_index(5), "has no alias pack");
	fixture_remove(&f);
}
END_TEST

static struct secrets *load_secrets(void)
{
	char path[128];
	struct secrets *secrets;
	struct fault fault;
	snprintf(path, sizeof path, "%s/keys", f.dir);
	int keys_fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(keys_fd, 0);
	ck_ok(secrets_load(keys_fd, true, &secrets, &fault));
	close(keys_fd);
	return secrets;
}

/* The operator itself, with all keys, notes an event for another person. */
START_TEST(false_alias)
{
	make_ledger();
	struct secrets *secrets = load_secrets();
	uint8_t context[16] = {0}, sealed[8 * 32 + SEAL_OVERHEAD], plain[8 * 32];
	uint64_t index = batch_index(30);
	struct bytes row;
	put_u32(context, 1);
	put_u64(context + 4, 30 * BATCH_EVENTS);
	put_u32(context + 12, BATCH_EVENTS);
	store_begin();
	ck_ok(db_get(&txn, STORE_ALIAS, key_u64(index), &row));
	ck_ok(unseal_small(&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), row, plain));
	memcpy(plain + 32 * 5, plain + 32 * 4, 32);
	seal_small(&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), BYTES_ARRAY(plain), sealed);
	db_put(&txn, STORE_ALIAS, key_u64(index), BYTES_ARRAY(sealed));
	store_end();
	struct audit_result result = audit(true);
	assert_fails(&result, index + 5, "another subject");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

static uint64_t first_of(const struct secrets *secrets, const struct alias *alias)
{
	uint64_t indexes[400];
	size_t count = 0;
	ck_ok(posting_find(&txn, &secrets->seal, alias, UINT64_MAX, indexes, 400, &count));
	ck_assert_uint_gt(count, 0);
	return indexes[count - 1];
}

START_TEST(false_postings)
{
	make_ledger();
	struct secrets *secrets = load_secrets();
	struct alias alias, other;
	uint8_t chunk[36] = {0};
	alias_make(&secrets->alias, bytes_text(fixture_subject(7)), &alias);
	alias_make(&secrets->alias, bytes_text(fixture_subject(8)), &other);

	/* One person's postings vanish. */
	store_begin();
	uint64_t first = first_of(secrets, &alias);
	memcpy(chunk, alias.b, 32);
	db_delete(&txn, STORE_POSTING, BYTES_ARRAY(chunk));
	store_end();
	struct audit_result result = audit(true);
	assert_fails(&result, first, "not filed under its subject");

	/* They come back without the first one, which stands under somebody else. */
	uint64_t rest[] = {first + 1};
	store_begin();
	ck_ok(posting_add(&txn, &secrets->seal, &alias, rest, 1));
	store_end();
	result = audit(true);
	assert_fails(&result, first, "not filed under its subject");
	fixture_remove(&f);

	/* Everything is there, and one more. */
	make_ledger();
	secrets_free(secrets);
	secrets = load_secrets();
	uint64_t more[] = {batch_index(BATCHES / 2) + BATCH_EVENTS - 1};
	alias_make(&secrets->alias, bytes_text("cpr:0101709999"), &alias);
	store_begin();
	ck_ok(posting_add(&txn, &secrets->seal, &alias, more, 1));
	store_end();
	result = audit(true);
	assert_fails(&result, more[0], "filed under a subject that it is not about");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

/* As many postings as before, but one of a person names another event. */
START_TEST(exchanged_posting)
{
	make_ledger();
	struct secrets *secrets = load_secrets();
	struct alias alias;
	uint8_t key[36] = {0}, plain[8 * POSTING_INDEXES_MAX], sealed[sizeof plain + SEAL_OVERHEAD];
	struct bytes row;
	alias_make(&secrets->alias, bytes_text(fixture_subject(7)), &alias);
	memcpy(key, alias.b, 32);
	store_begin();
	ck_ok(db_get(&txn, STORE_POSTING, BYTES_ARRAY(key), &row));
	size_t len = row.len - SEAL_OVERHEAD;
	ck_ok(unseal_small(&secrets->seal.filing, DOMAIN_POSTING, BYTES_ARRAY(key), row, plain));
	uint64_t last = get_u64(plain + len - 8);
	put_u64(plain + len - 8, last - 1);
	seal_small(&secrets->seal.filing, DOMAIN_POSTING, BYTES_ARRAY(key), bytes_of(plain, len), sealed);
	db_put(&txn, STORE_POSTING, BYTES_ARRAY(key), bytes_of(sealed, row.len));
	store_end();
	struct audit_result result = audit(true);
	assert_fails(&result, last, "not filed under its subject");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

/* While an epoch runs, postings are ahead of what is marked as filed. */
START_TEST(running_epoch)
{
	make_ledger();
	store_begin();
	store_filed_put(&txn, batch_index(10));
	store_end();
	assert_holds(true);
	store_begin();
	store_filed_put(&txn, ENTRIES + 1);
	store_end();
	struct audit_result result = audit(true);
	assert_fails(&result, ENTRIES, "more entries are marked as filed");
	fixture_remove(&f);
}
END_TEST

/* Another wrapping key opens nothing. */
START_TEST(lost_key)
{
	make_ledger();
	char path[128];
	snprintf(path, sizeof path, "%s/keys", f.dir);
	int keys_fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(keys_fd, 0);
	ck_ok(file_write_atomic(keys_fd, "wrapping",
		BYTES_LITERAL("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"), 0600));
	close(keys_fd);
	struct audit_result result = audit(true);
	assert_fails(&result, 2, "record does not hold");
	fixture_remove(&f);
}
END_TEST

/* ---- a log that breaks the rules, with a good tree and a good signature ---- */

static struct log_appender *forged;
static struct store_state state;
static uint64_t forged_from;

static void forge_begin(void)
{
	fixture_close(&f);
	store_begin();
	ck_ok(store_state_get(&txn, &state));
	ck_ok(log_appender_new(&forged));
	ck_ok(log_load(forged, &txn, &state.frontier));
	forged_from = state.frontier.size;
}

static void forge(const struct entry *entry)
{
	uint8_t buffer[4096];
	struct bytes encoded;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(entry_encode(entry, &w));
	ck_ok(writer_done(&w, &encoded));
	ck_ok(log_append(forged, &txn, encoded));
}

static struct audit_result forge_end(void)
{
	uint8_t note[1000];
	struct secrets *secrets = load_secrets();
	struct checkpoint checkpoint = {0};
	struct writer w = writer_of(note, sizeof note);
	ck_ok(log_flush(forged, &txn));
	state.frontier = *log_frontier(forged);
	store_state_put(&txn, &state);
	strcpy(checkpoint.origin, f.vkey.name);
	checkpoint.size = state.frontier.size;
	merkle_frontier_root(&state.frontier, &checkpoint.root);
	ck_ok(checkpoint_sign(&checkpoint, &f.vkey, secrets->log_secret, &w));
	store_checkpoint_put(&txn, bytes_of(note, writer_len(&w)));
	store_end();
	log_appender_free(forged);
	secrets_free(secrets);
	return audit(false);
}

static struct entry event_entry(uint32_t sender, uint64_t sequence, bool mass)
{
	struct entry entry = {.kind = mass ? ENTRY_MASS : ENTRY_EVENT};
	entry.event = (struct entry_event){mass, sender, sequence, state.time_s, {{(uint8_t)sequence}}};
	return entry;
}

static struct entry batch_entry(
	uint32_t sender, uint64_t first_sequence, uint32_t count, bool mass, const uint8_t secret_key[64])
{
	struct hash commitments[BATCH_EVENTS_MAX], root;
	struct batch_head head = {mass ? BATCH_MASS : BATCH_EVENT, sender, first_sequence, count, 0, {0}};
	for (uint32_t i = 0; i < count; i++)
		commitments[i] = (struct hash){{(uint8_t)(first_sequence + i)}};
	merkle_root_of_leaves(commitments, count, &root);
	batch_sign(FIXTURE_ORIGIN, &root, secret_key, &head);
	struct entry entry = {.kind = ENTRY_BATCH};
	entry.batch = (struct entry_batch){sender, first_sequence, count, 0, {0}};
	memcpy(entry.batch.signature, head.signature, 64);
	return entry;
}

static struct entry sender_entry(enum sender_action action, uint32_t id)
{
	struct entry entry = {.kind = ENTRY_SENDER};
	entry.sender = (struct entry_sender){.action = action, .sender = id, .time_s = state.time_s};
	strcpy(entry.sender.org, "cvr:55133018");
	strcpy(entry.sender.name, "Aarhus Kommune");
	memcpy(entry.sender.public_key, f.public_key, 32);
	policy_default(&entry.sender.policy);
	return entry;
}

#define FORGE(...)                                                      \
	do {                                                                \
		const struct entry entries[] = {__VA_ARGS__};                   \
		for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) \
			forge(&entries[i]);                                         \
	} while (0)

/* Each case begins with a new ledger: genesis, sender 1 and `build`'s entries, the one at `wrong` of which does not
 * hold. */
static void check_rule(void (*build)(void), uint64_t wrong, const char *reason)
{
	fixture_make(&f);
	forge_begin();
	build();
	struct audit_result result = forge_end();
	assert_fails(&result, forged_from + wrong, reason);
	fixture_remove(&f);
}

/* A batch that keeps the rules: all that is wrong is that the forgery has no row for it. */
static void good_batch(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, false), batch_entry(1, 0, 2, false, f.secret_key));
}

static void second_genesis(void)
{
	struct entry genesis = {.kind = ENTRY_GENESIS};
	genesis.genesis.format = FORMAT_VERSION;
	genesis.genesis.time_s = state.time_s;
	strcpy(genesis.genesis.origin, FIXTURE_ORIGIN);
	genesis.genesis.epoch_seconds = 5;
	FORGE(genesis);
}

static void time_backwards(void)
{
	struct entry event = event_entry(1, 0, false);
	event.event.time_s = state.time_s - 1;
	FORGE(event);
}

static void sequence_hole(void)
{
	FORGE(event_entry(1, 1, false));
}

static void hole_in_batch(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 2, false));
}

static void two_kinds(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, true));
}

static void interrupted_batch(void)
{
	FORGE(event_entry(1, 0, false), sender_entry(SENDER_REGISTER, 2));
}

static void unfinished_batch(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, false));
}

static void batch_of_nothing(void)
{
	FORGE(batch_entry(1, 0, 1, false, f.secret_key));
}

static void batch_too_short(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, false), batch_entry(1, 0, 1, false, f.secret_key));
}

static void altered_event(void)
{
	struct entry event = event_entry(1, 1, false);
	event.event.commitment.b[9] ^= 1;
	FORGE(event_entry(1, 0, false), event, batch_entry(1, 0, 2, false, f.secret_key));
}

static void mass_signed_as_event(void)
{
	FORGE(event_entry(1, 0, true), batch_entry(1, 0, 1, false, f.secret_key));
}

static void key_before_rotation(void)
{
	struct entry rotate = sender_entry(SENDER_ROTATE, 1);
	rotate.sender.public_key[0] ^= 1;
	FORGE(rotate, event_entry(1, 0, false), batch_entry(1, 0, 1, false, f.secret_key));
}

static void unknown_sender(void)
{
	FORGE(event_entry(2, 0, false));
}

static void revoked_sender(void)
{
	FORGE(sender_entry(SENDER_REVOKE, 1), event_entry(1, 0, false));
}

static void registered_twice(void)
{
	FORGE(sender_entry(SENDER_REGISTER, 1));
}

static void registered_as_0(void)
{
	FORGE(sender_entry(SENDER_REGISTER, 0));
}

static void revoked_twice(void)
{
	FORGE(sender_entry(SENDER_REVOKE, 1), sender_entry(SENDER_REVOKE, 1));
}

static void renamed(void)
{
	struct entry policy = sender_entry(SENDER_POLICY, 1);
	strcpy(policy.sender.name, "Odense Kommune");
	FORGE(policy);
}

static void epoch_ahead(void)
{
	struct entry epoch = {.kind = ENTRY_EPOCH};
	epoch.epoch.size = forged_from + 1;
	FORGE(epoch);
}

static void epoch_backwards(void)
{
	struct entry first = {.kind = ENTRY_EPOCH}, second = {.kind = ENTRY_EPOCH};
	first.epoch.size = 2;
	second.epoch.size = 1;
	FORGE(first, second);
}

static void batch_of_4097(void)
{
	for (uint64_t sequence = 0; sequence <= BATCH_EVENTS_MAX; sequence++)
		FORGE(event_entry(1, sequence, false));
}

START_TEST(rules)
{
	check_rule(good_batch, 2, "row for the batch");
	check_rule(second_genesis, 0, "genesis entry inside");                           /* ENTRY-11 */
	check_rule(time_backwards, 0, "time runs backwards");                            /* ENTRY-12 */
	check_rule(sequence_hole, 0, "sequence 1 of sender 1 stands where 0 should be"); /* ENTRY-13 */
	check_rule(hole_in_batch, 1, "does not go on with the batch");                   /* ENTRY-13 */
	check_rule(two_kinds, 1, "does not go on with the batch");                       /* ENTRY-14 */
	check_rule(interrupted_batch, 1, "not followed by their batch entry");           /* ENTRY-14 */
	check_rule(unfinished_batch, 0, "not followed by their batch entry");            /* ENTRY-14 */
	check_rule(batch_of_nothing, 0, "not about the events before it");               /* ENTRY-14 */
	check_rule(batch_too_short, 2, "not about the events before it");                /* ENTRY-14 */
	check_rule(altered_event, 2, "signature of sender 1 does not verify");           /* ENTRY-15 */
	check_rule(mass_signed_as_event, 1, "signature of sender 1 does not verify");    /* ENTRY-15 */
	check_rule(key_before_rotation, 2, "signature of sender 1 does not verify");     /* ENTRY-15 */
	check_rule(unknown_sender, 0, "not registered or revoked");                      /* ENTRY-16 */
	check_rule(revoked_sender, 1, "not registered or revoked");                      /* ENTRY-16 */
	check_rule(registered_twice, 0, "an id that is taken or 0");                     /* ENTRY-16 */
	check_rule(registered_as_0, 0, "an id that is taken or 0");                      /* ENTRY-16 */
	check_rule(revoked_twice, 1, "revoked already");                                 /* ENTRY-16 */
	check_rule(renamed, 0, "changes its organisation or its name");                  /* ENTRY-16 */
	check_rule(epoch_ahead, 0, "entries after itself");                              /* ENTRY-17 */
	check_rule(epoch_backwards, 1, "fewer than the one before");                     /* ENTRY-17 */
	check_rule(batch_of_4097, BATCH_EVENTS_MAX, "does not go on with the batch");    /* BATCH-5 */
}
END_TEST

static void write_file(const char *name, struct bytes content)
{
	int dir_fd = open(f.dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir_fd, 0);
	ck_ok(file_write_atomic(dir_fd, name, content, 0644));
	close(dir_fd);
}

static void sign_checkpoint(const struct checkpoint *checkpoint, const uint8_t secret_key[64], struct writer *out)
{
	ck_ok(checkpoint_sign(checkpoint, &f.vkey, secret_key, out));
}

/* The log signed two histories: the guard remembers the other one. */
START_TEST(other_history)
{
	make_ledger();
	uint8_t note[1000];
	struct secrets *secrets = load_secrets();
	struct checkpoint checkpoint = {.origin = FIXTURE_ORIGIN, .size = 100, .root = {{1}}};
	struct writer w = writer_of(note, sizeof note);
	sign_checkpoint(&checkpoint, secrets->log_secret, &w);
	write_file("guard", bytes_of(note, writer_len(&w)));
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "not those that the guard's checkpoint was signed for");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

/* The last event's time is changed, and so is its hash in the tree: every rule is kept, but the signed root is another.
 * What is known to be good is what an older guard was signed for. */
START_TEST(altered_with_its_tile)
{
	make_ledger();
	static uint8_t bundle[1 << 20], tile[LOG_WIDTH * HASH_BYTES];
	uint8_t note[1000];
	struct bytes row;
	struct hash leaf;
	struct secrets *secrets = load_secrets();
	uint64_t index = ENTRIES - 2;
	size_t at = entry_offset(index) + 2;
	store_begin();
	struct merkle_nodes nodes = {log_node, &txn};
	struct checkpoint checkpoint = {.origin = FIXTURE_ORIGIN, .size = 300};
	ck_ok(merkle_root(&nodes, checkpoint.size, &checkpoint.root));
	ck_ok(db_get(&txn, STORE_BUNDLE, key_u64(1), &row));
	memcpy(bundle, row.data, row.len);
	put_u64(bundle + at + 13, get_u64(bundle + at + 13) + 1);
	merkle_leaf_hash(bytes_of(bundle + at, ENTRY_EVENT_BYTES), &leaf);
	db_put(&txn, STORE_BUNDLE, key_u64(1), bytes_of(bundle, row.len));
	ck_ok(db_get(&txn, STORE_TILE, key_tile(0, 1), &row));
	memcpy(tile, row.data, row.len);
	memcpy(tile + index % LOG_WIDTH * HASH_BYTES, leaf.b, HASH_BYTES);
	db_put(&txn, STORE_TILE, key_tile(0, 1), bytes_of(tile, row.len));
	store_end();
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "not those that the guard's checkpoint was signed for");

	struct writer w = writer_of(note, sizeof note);
	sign_checkpoint(&checkpoint, secrets->log_secret, &w);
	write_file("guard", bytes_of(note, writer_len(&w)));
	result = audit(false);
	assert_fails(&result, 300, "the root that the checkpoint was signed for");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

/* ENTRY-18: everything is signed anew by another key of the same name, which is not the key of the genesis entry. */
START_TEST(other_key)
{
	make_ledger();
	uint8_t note[1000], public_key[32], secret_key[64];
	char text[VKEY_TEXT_MAX + 2];
	struct checkpoint checkpoint = {.origin = FIXTURE_ORIGIN, .size = ENTRIES};
	struct writer w = writer_of(note, sizeof note);
	store_begin();
	ck_ok(store_state_get(&txn, &state));
	merkle_frontier_root(&state.frontier, &checkpoint.root);
	crypto_sign_keypair(public_key, secret_key);
	ck_ok(vkey_make(FIXTURE_ORIGIN, NOTE_KEY_ED25519, public_key, &f.vkey));
	sign_checkpoint(&checkpoint, secret_key, &w);
	store_checkpoint_put(&txn, bytes_of(note, writer_len(&w)));
	store_end();
	write_file("guard", bytes_of(note, writer_len(&w)));
	vkey_format(&f.vkey, text);
	strcat(text, "\n");
	write_file("vkey", bytes_text(text));
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "names another log than the vkey");
	fixture_remove(&f);
}
END_TEST

START_TEST(unendorsed)
{
	fixture_make(&f);
	struct fault fault = {.text = ""};
	struct entry_sender entry = sender_entry(SENDER_REGISTER, 7).sender;
	ck_ok(ledger_begin(f.ledger, &fault));
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	entry.action = SENDER_ROTATE;
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	entry.action = SENDER_REVOKE;
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	ck_ok(ledger_commit(f.ledger, &fault));
	fixture_close(&f);
	struct audit_result result = audit(true);
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_uint_eq(result.senders, 2);
	ck_assert_uint_eq(result.unendorsed, 2);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("audit", honest, empty_ledger, progress_and_errors, flipped_entries, flipped_tiles, flipped_checkpoint,
	missing_and_extra_rows, guard, damaged_records, damaged_alias_packs, false_alias, false_postings, exchanged_posting,
	running_epoch, lost_key, rules, altered_with_its_tile, other_history, other_key, unendorsed)
