#include "ledger/store.h"

static const char *const table_names[] = {
	[STORE_META] = "meta",
	[STORE_BUNDLE] = "bundle",
	[STORE_TILE] = "tile",
	[STORE_RECORD] = "record",
	[STORE_ALIAS] = "alias",
	[STORE_SENDER] = "sender",
	[STORE_BATCH] = "batch",
	[STORE_EVIDENCE] = "evidence",
	[STORE_POSTING] = "posting",
};

#define ROW_FORMAT BYTES_LITERAL("format")
#define ROW_STATE BYTES_LITERAL("state")
#define ROW_CHECKPOINT BYTES_LITERAL("checkpoint")
#define ROW_FILED BYTES_LITERAL("filed")

#define STATE_BYTES_MAX (8 + 8 + 8 + 64 * HASH_BYTES)

static enum error write_format(struct db_env *env)
{
	struct db_txn txn;
	uint8_t value[2];
	put_u16(value, STORE_FORMAT);
	TRY(db_begin(env, true, &txn));
	db_put(&txn, STORE_META, ROW_FORMAT, BYTES_ARRAY(value));
	store_filed_put(&txn, 0);
	return db_commit(&txn);
}

static enum error check_format(struct db_env *env)
{
	struct db_txn txn;
	struct bytes value = BYTES_EMPTY;
	TRY(db_begin(env, false, &txn));
	enum error error = db_get(&txn, STORE_META, ROW_FORMAT, &value);
	if (error == E_NOT_FOUND || (error == E_OK && value.len != 2))
		error = E_CORRUPT;
	if (error == E_OK && get_u16(value.data) != STORE_FORMAT)
		error = E_FORMAT;
	db_abort(&txn);
	return error;
}

enum error store_open(const char *path, bool read_only, bool create, struct db_env **out, struct fault *fault)
{
	struct db_env *env = NULL;
	TRY(db_open(path, table_names, sizeof table_names / sizeof table_names[0], STORE_MAP_BYTES, read_only, create, &env,
		fault));
	enum error error = create ? write_format(env) : check_format(env);
	if (error != E_OK) {
		db_close(env);
		return fault_set(fault, error, "%s: %s", path, error_text(error));
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
	state.frontier.size = reader_u64(&r);
	state.frontier.count = (uint32_t)__builtin_popcountll(state.frontier.size);
	for (uint32_t i = 0; i < state.frontier.count; i++)
		reader_copy(&r, state.frontier.hashes[i].b, HASH_BYTES);
	if (reader_done(&r) != E_OK)
		return E_CORRUPT;
	*out = state;
	return E_OK;
}

void store_state_put(struct db_txn *txn, const struct store_state *state)
{
	uint8_t buffer[STATE_BYTES_MAX];
	struct bytes value = BYTES_EMPTY;
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_u64(&w, state->time_s);
	writer_u64(&w, state->events);
	writer_u64(&w, state->frontier.size);
	for (uint32_t i = 0; i < state->frontier.count; i++)
		writer_bytes(&w, hash_bytes(&state->frontier.hashes[i]));
	if (writer_done(&w, &value) == E_OK)
		db_put(txn, STORE_META, ROW_STATE, value);
}

enum error store_checkpoint_get(struct db_txn *txn, struct bytes *note)
{
	return db_get(txn, STORE_META, ROW_CHECKPOINT, note);
}

void store_checkpoint_put(struct db_txn *txn, struct bytes note)
{
	db_put(txn, STORE_META, ROW_CHECKPOINT, note);
}

enum error store_filed_get(struct db_txn *txn, uint64_t *out)
{
	struct bytes value;
	enum error error = db_get(txn, STORE_META, ROW_FILED, &value);
	if (error == E_NOT_FOUND)
		return E_CORRUPT; /* written when the store was made */
	TRY(error);
	return db_get_number(txn, STORE_META, ROW_FILED, out);
}

void store_filed_put(struct db_txn *txn, uint64_t filed)
{
	db_put_number(txn, STORE_META, ROW_FILED, filed);
}
