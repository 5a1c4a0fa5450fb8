/* The rows that say where a ledger stands. "format" and "filing" are in every store, "keys" wherever there is a state:
 * without them it is damaged (E_CORRUPT). "state" and "checkpoint" are missing where there is no entry yet, "lost"
 * where nothing ever was. The format goes first: rows of another version would be taken for damage. "keys" has a
 * checksum, because another thing is judged by it. */
#include "ledger/store/store.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define KEYS_CHECK_BYTES 16

#define FIELD_WRITE_FRONTIER(member) merkle_frontier_write(out, &record->member)
#define FIELD_READ_FRONTIER(member) merkle_frontier_read(in, &record->member)
#define STATE_FIELDS(F) F(U64, time_s) F(U64, events) F(U64, filing_leaves) F(FRONTIER, frontier)
#define KEYS_FIELDS(F) F(BYTES, id) F(U64, serial) F(BYTES, mark) F(U64, next)
#define FILING_FIELDS(F) F(U64, filed) F(U64, epoch_index) F(FRONTIER, leaves) F(U32, run_count)
#define RUN_FIELDS(F, i) F(U64, runs[i].number) F(U64, runs[i].blocks) F(U64, runs[i].index) F(U64, runs[i].check)

const char *const store_tables[STORE_TABLES] = {
	[STORE_META] = "meta",
	[STORE_BUNDLE] = "bundle",
	[STORE_TILE] = "tile",
	[STORE_RECORD] = "record",
	[STORE_ALIAS] = "alias",
	[STORE_SENDER] = "sender",
	[STORE_CHANGE] = "change",
	[STORE_BATCH] = "batch",
	[STORE_EVIDENCE] = "evidence",
	[STORE_FILING] = "filing",
};

/* A newer store is not damaged, and an older one is not either: both are named by their number. */
static enum error check_format(struct db_env *env, struct fault *fault)
{
	unsigned format = STORE_FORMAT;
	OWNED_TXN txn = {0};
	struct bytes value = BYTES_EMPTY;
	TRY(db_begin(env, false, &txn));
	enum error error = db_must(db_get(&txn, STORE_META, STORE_ROW_FORMAT, &value));
	if (error == E_OK && value.len != 2)
		error = E_CORRUPT;
	if (error == E_OK)
		format = get_u16(value.data);
	if (format != STORE_FORMAT)
		return fault_set(fault, E_FORMAT,
			"it has format %u, and this version works with %d: go on with the version that made it, or begin a new log",
			format, STORE_FORMAT);
	return error;
}

/* LMDB would make what is not there; so that is looked at first. */
enum error store_open(const char *path, bool read_only, struct db_env **out, struct fault *fault)
{
	OWNED(db_env_release) struct db_env *env = NULL;
	if (access(path, F_OK) != 0)
		return fault_set(
			fault, E_NOT_FOUND, "%s cannot be opened: %s; see 'indsigt help recovery'", path, strerror(errno));
	TRY(db_open(path, store_tables, STORE_TABLES, STORE_MAP_BYTES, read_only, false, &env, fault));
	struct fault why = {.text = ""};
	enum error error = check_format(env, &why);
	TRY(fault_set(fault, error, "%s: %s", path, why.text[0] ? why.text : error_reason(error)));
	*out = OWN_TAKE(env);
	return E_OK;
}

enum error store_state_get(struct db_txn *txn, struct store_state *record)
{
	struct bytes value;
	TRY(db_get(txn, STORE_META, STORE_ROW_STATE, &value));
	struct reader r = reader_of(value), *in = &r;
	STATE_FIELDS(FIELD_READ);
	return reader_done(in) == E_OK ? E_OK : E_CORRUPT;
}

void store_state_encode(const struct store_state *record, struct writer *out)
{
	STATE_FIELDS(FIELD_WRITE);
}

/* A row that was damaged must not be taken for a key environment that does not fit. */
static void keys_check(struct bytes fields, uint8_t out[KEYS_CHECK_BYTES])
{
	crypto_generichash(out, KEYS_CHECK_BYTES, fields.data, fields.len, NULL, 0);
}

enum error store_keys_get(struct db_txn *txn, struct key_position *out)
{
	struct bytes value;
	struct key_position position, *record = &position;
	uint8_t check[KEYS_CHECK_BYTES], own[KEYS_CHECK_BYTES];
	TRY(db_must(db_get(txn, STORE_META, STORE_ROW_KEYS, &value))); /* written with every state */
	if (value.len != STORE_KEYS_BYTES)
		return E_CORRUPT;
	struct reader r = reader_of(value), *in = &r;
	KEYS_FIELDS(FIELD_READ);
	reader_copy(in, check, sizeof check);
	keys_check(bytes_of(value.data, STORE_KEYS_BYTES - KEYS_CHECK_BYTES), own);
	if (reader_done(in) != E_OK || memcmp(own, check, sizeof check) != 0)
		return E_CORRUPT;
	*out = position;
	return E_OK;
}

void store_keys_encode(const struct key_position *record, struct writer *out)
{
	uint8_t check[KEYS_CHECK_BYTES];
	KEYS_FIELDS(FIELD_WRITE);
	keys_check(bytes_of(out->start, writer_len(out)), check);
	writer_bytes(out, BYTES_ARRAY(check));
}

enum error store_checkpoint_get(struct db_txn *txn, struct bytes *note)
{
	return db_get(txn, STORE_META, STORE_ROW_CHECKPOINT, note);
}

enum error store_filing_get(struct db_txn *txn, struct store_filing *record)
{
	struct bytes value = BYTES_EMPTY;
	TRY(db_must(db_get(txn, STORE_META, STORE_ROW_FILING, &value))); /* written when the store was made */
	struct reader r = reader_of(value), *in = &r;
	*record = (struct store_filing){.filed = 0};
	FILING_FIELDS(FIELD_READ);
	reader_require(in, record->run_count <= RUNS_MAX);
	for (uint32_t i = 0; in->error == E_OK && i < record->run_count; i++) {
		RUN_FIELDS(FIELD_READ, i);
		reader_require(in, i == 0 || record->runs[i].number > record->runs[i - 1].number);
	}
	return reader_done(in) == E_OK ? E_OK : E_CORRUPT;
}

void store_filing_encode(const struct store_filing *record, struct writer *out)
{
	FILING_FIELDS(FIELD_WRITE);
	for (uint32_t i = 0; i < record->run_count; i++) {
		RUN_FIELDS(FIELD_WRITE, i);
	}
}

void store_batch_encode(const struct store_batch *batch, uint8_t out[STORE_BATCH_BYTES])
{
	put_u64(out, batch->first_index);
	put_u32(out + 8, batch->count);
}

enum error store_batch_get(struct db_txn *txn, uint32_t sender, uint64_t sequence, struct store_batch *out)
{
	OWNED_WALK walk = {0};
	TRY(db_walk_begin(txn, STORE_BATCH, &walk));
	TRY(db_walk_upto(&walk, DB_KEY_PAIR(sender, sequence)));
	if (walk.key.len != 12 || walk.value.len != STORE_BATCH_BYTES)
		return E_CORRUPT;
	if (get_u32(walk.key.data) != sender)
		return E_NOT_FOUND;
	*out = (struct store_batch){get_u64(walk.key.data + 4), get_u64(walk.value.data), get_u32(walk.value.data + 8)};
	return E_OK;
}

/* Written with the first loss; most stores have none. */
enum error store_losses_get(struct db_txn *txn, struct losses *out)
{
	struct bytes value;
	*out = (struct losses){.count = 0};
	enum error error = db_get(txn, STORE_META, STORE_ROW_LOST, &value);
	if (error == E_NOT_FOUND)
		return E_OK; /* nothing was ever lost */
	TRY(error);
	struct reader r = reader_of(value);
	losses_decode(&r, out);
	return reader_done(&r) == E_OK ? E_OK : E_CORRUPT;
}
