#include "tests/lib/audited.h"

#include "ledger/base/domain.h"
#include "ledger/base/file.h"
#include "ledger/db/db_put.h"
#include "ledger/filed/posting.h"
#include "ledger/keys/secrets.h"
#include "ledger/note/note_sign.h"
#include "ledger/store/log.h"
#include "tests/lib/both_ways.h"

#include <fcntl.h>
#include <unistd.h>

struct fixture f;

struct audit_result audit(bool records)
{
	struct audit_options options = {.records = records};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_both_ways(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
	return result;
}

void assert_holds(bool records)
{
	struct audit_result result = audit(records);
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
}

void assert_fails(const struct audit_result *result, uint64_t index, const char *reason)
{
	ck_assert_msg(!result->ok, "it should not hold: %s", reason);
	ck_assert_msg(result->index == index && strstr(result->reason, reason) != NULL, "index %lu: %s; expected %lu: %s",
		result->index, result->reason, index, reason);
}

uint64_t batch_index(uint64_t batch)
{
	return (batch > BATCHES / 2 ? 3 : 2) + batch * (BATCH_EVENTS + 1);
}

void make_ledger(void)
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

struct db_env *store;
struct db_txn txn;

void store_begin(void)
{
	char path[128];
	struct fault fault = {.text = ""};
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_assert_msg(store_open(path, false, &store, &fault) == E_OK, "%s", fault.text);
	ck_ok(db_begin(store, true, &txn));
}

void store_end(void)
{
	ck_ok(db_commit(&txn));
	db_close(store);
}

void flip(enum store_table table, struct bytes key, size_t at, unsigned bit)
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

struct bytes key_u64(uint64_t number)
{
	static uint8_t key[8];
	put_u64(key, number);
	return BYTES_ARRAY(key);
}

struct bytes key_tile(uint8_t row, uint64_t number)
{
	static uint8_t key[9];
	key[0] = row;
	put_u64(key + 1, number);
	return BYTES_ARRAY(key);
}

size_t entry_offset(uint64_t index)
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

void drop(enum store_table table, struct bytes key)
{
	store_begin();
	db_delete(&txn, table, key);
	store_end();
}

void change(enum store_table table, struct bytes key, struct bytes row)
{
	store_begin();
	db_put(&txn, table, key, row);
	store_end();
}

struct secrets *load_secrets(void)
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

void write_file(const char *name, struct bytes content)
{
	int dir_fd = open(f.dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir_fd, 0);
	ck_ok(file_write_atomic(dir_fd, name, content, 0644));
	close(dir_fd);
}

void sign_checkpoint(const struct checkpoint *checkpoint, const uint8_t secret_key[64], struct writer *out)
{
	ck_ok(checkpoint_sign(checkpoint, &f.vkey, secret_key, out));
}
