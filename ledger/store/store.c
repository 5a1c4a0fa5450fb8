#include "ledger/store/store.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

static const char *const table_names[] = {
	[STORE_META] = "meta",
	[STORE_BUNDLE] = "bundle",
	[STORE_TILE] = "tile",
	[STORE_RECORD] = "record",
	[STORE_ALIAS] = "alias",
	[STORE_SENDER] = "sender",
	[STORE_CHANGE] = "change",
	[STORE_BATCH] = "batch",
	[STORE_EVIDENCE] = "evidence",
	[STORE_POSTING] = "posting",
	[STORE_MAP] = "map",
	[STORE_FILING] = "filing",
};

#define ROW_FORMAT BYTES_LITERAL("format")
#define ROW_STATE BYTES_LITERAL("state")
#define ROW_CHECKPOINT BYTES_LITERAL("checkpoint")
#define ROW_KEYS BYTES_LITERAL("keys")
#define ROW_FILING BYTES_LITERAL("filing")
#define ROW_LOST BYTES_LITERAL("lost")

#define KEYS_CHECK_BYTES 16
#define KEYS_BYTES (2 * KEY_MARK_BYTES + 16 + KEYS_CHECK_BYTES)
#define STATE_BYTES_MAX (4 * 8 + 64 * HASH_BYTES)
#define FILING_BYTES_MAX (4 * 8 + 64 * HASH_BYTES)

static enum error write_format(struct db_env *env)
{
	struct db_txn txn;
	uint8_t value[2];
	put_u16(value, STORE_FORMAT);
	TRY(db_begin(env, true, &txn));
	db_put(&txn, STORE_META, ROW_FORMAT, BYTES_ARRAY(value));
	store_filing_put(&txn, &(struct store_filing){0});
	return db_commit(&txn);
}

static enum error check_format(struct db_env *env, struct fault *fault)
{
	unsigned format = STORE_FORMAT;
	OWNED_TXN txn = {0};
	struct bytes value = BYTES_EMPTY;
	TRY(db_begin(env, false, &txn));
	enum error error = db_get(&txn, STORE_META, ROW_FORMAT, &value);
	if (error == E_NOT_FOUND || (error == E_OK && value.len != 2))
		error = E_CORRUPT;
	if (error == E_OK)
		format = get_u16(value.data);
	if (format != STORE_FORMAT)
		return fault_set(fault, E_FORMAT,
			"it has format %u, and this version works with %d: go on with the version that made it, or begin a new log",
			format, STORE_FORMAT);
	return error == E_OK ? E_OK : fault_set(fault, error, "%s", error_reason(error));
}

enum error store_open(const char *path, bool read_only, bool create, struct db_env **out, struct fault *fault)
{
	struct db_env *env = NULL;
	if (!create && access(path, F_OK) != 0)
		return fault_set(
			fault, E_NOT_FOUND, "%s cannot be opened: %s; see 'indsigt help recovery'", path, strerror(errno));
	TRY(db_open(path, table_names, sizeof table_names / sizeof table_names[0], STORE_MAP_BYTES, read_only, create, &env,
		fault));
	struct fault why = {.text = ""};
	enum error error = create ? write_format(env) : check_format(env, &why);
	if (error != E_OK) {
		fault_set(fault, error, "%s: %s", path, why.text[0] ? why.text : error_reason(error));
		db_close(env);
		return error;
	}
	*out = env;
	return E_OK;
}

enum error store_state_get(struct db_txn *txn, struct store_state *out)
{
	struct bytes value;
	struct store_state state = {0};
	TRY(db_get(txn, STORE_META, ROW_STATE, &value));
	struct reader r = reader_of(value);
	state.time_s = reader_u64(&r);
	state.events = reader_u64(&r);
	state.filing_leaves = reader_u64(&r);
	merkle_frontier_read(&r, &state.frontier);
	if (reader_done(&r) != E_OK)
		return E_CORRUPT;
	*out = state;
	return E_OK;
}

void store_state_put(struct db_txn *txn, const struct store_state *state)
{
	uint8_t buffer[STATE_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_u64(&w, state->time_s);
	writer_u64(&w, state->events);
	writer_u64(&w, state->filing_leaves);
	merkle_frontier_write(&w, &state->frontier);
	db_put_writer(txn, STORE_META, ROW_STATE, &w);
}

/* A row that was damaged must not be taken for a key environment that does not fit. */
static void keys_check(struct bytes fields, uint8_t out[KEYS_CHECK_BYTES])
{
	crypto_generichash(out, KEYS_CHECK_BYTES, fields.data, fields.len, NULL, 0);
}

enum error store_keys_get(struct db_txn *txn, struct key_position *out)
{
	struct bytes value;
	struct key_position position;
	uint8_t check[KEYS_CHECK_BYTES], own[KEYS_CHECK_BYTES];
	enum error error = db_get(txn, STORE_META, ROW_KEYS, &value);
	if (error == E_NOT_FOUND || (error == E_OK && value.len != KEYS_BYTES))
		return E_CORRUPT; /* written with every state */
	TRY(error);
	struct reader r = reader_of(value);
	reader_copy(&r, position.id, sizeof position.id);
	position.serial = reader_u64(&r);
	reader_copy(&r, position.mark, sizeof position.mark);
	position.next = reader_u64(&r);
	reader_copy(&r, check, sizeof check);
	keys_check(bytes_of(value.data, KEYS_BYTES - KEYS_CHECK_BYTES), own);
	if (reader_done(&r) != E_OK || memcmp(own, check, sizeof check) != 0)
		return E_CORRUPT;
	*out = position;
	return E_OK;
}

void store_keys_put(struct db_txn *txn, const struct key_position *position)
{
	uint8_t buffer[KEYS_BYTES], check[KEYS_CHECK_BYTES];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, BYTES_ARRAY(position->id));
	writer_u64(&w, position->serial);
	writer_bytes(&w, BYTES_ARRAY(position->mark));
	writer_u64(&w, position->next);
	keys_check(bytes_of(buffer, KEYS_BYTES - KEYS_CHECK_BYTES), check);
	writer_bytes(&w, BYTES_ARRAY(check));
	db_put_writer(txn, STORE_META, ROW_KEYS, &w);
}

enum error store_checkpoint_get(struct db_txn *txn, struct bytes *note)
{
	return db_get(txn, STORE_META, ROW_CHECKPOINT, note);
}

void store_checkpoint_put(struct db_txn *txn, struct bytes note)
{
	db_put(txn, STORE_META, ROW_CHECKPOINT, note);
}

void store_batch_put(struct db_txn *txn, uint32_t sender, uint64_t first_sequence, uint64_t first_index, uint32_t count)
{
	uint8_t key[12], row[12];
	put_u32(key, sender);
	put_u64(key + 4, first_sequence);
	put_u64(row, first_index);
	put_u32(row + 8, count);
	db_put(txn, STORE_BATCH, BYTES_ARRAY(key), BYTES_ARRAY(row));
}

void store_change_put(struct db_txn *txn, uint32_t sender, uint64_t index)
{
	uint8_t key[12];
	put_u32(key, sender);
	put_u64(key + 4, index);
	db_put(txn, STORE_CHANGE, BYTES_ARRAY(key), BYTES_EMPTY);
}

enum error store_filing_get(struct db_txn *txn, struct store_filing *out)
{
	struct bytes value;
	struct store_filing filing = {0};
	enum error error = db_get(txn, STORE_META, ROW_FILING, &value);
	if (error == E_NOT_FOUND)
		return E_CORRUPT; /* written when the store was made */
	TRY(error);
	struct reader r = reader_of(value);
	filing.filed = reader_u64(&r);
	filing.generation = reader_u64(&r);
	filing.epoch_index = reader_u64(&r);
	merkle_frontier_read(&r, &filing.leaves);
	if (reader_done(&r) != E_OK)
		return E_CORRUPT;
	*out = filing;
	return E_OK;
}

void store_filing_put(struct db_txn *txn, const struct store_filing *filing)
{
	uint8_t buffer[FILING_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_u64(&w, filing->filed);
	writer_u64(&w, filing->generation);
	writer_u64(&w, filing->epoch_index);
	merkle_frontier_write(&w, &filing->leaves);
	db_put_writer(txn, STORE_META, ROW_FILING, &w);
}

enum error store_losses_get(struct db_txn *txn, struct losses *out)
{
	struct bytes value;
	*out = (struct losses){.count = 0};
	enum error error = db_get(txn, STORE_META, ROW_LOST, &value);
	if (error == E_NOT_FOUND)
		return E_OK; /* nothing was ever lost */
	TRY(error);
	struct reader r = reader_of(value);
	losses_decode(&r, out);
	return reader_done(&r) == E_OK ? E_OK : E_CORRUPT;
}

void store_losses_put(struct db_txn *txn, const struct losses *losses)
{
	uint8_t buffer[LOSSES_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	losses_encode(losses, &w);
	db_put_writer(txn, STORE_META, ROW_LOST, &w);
}
