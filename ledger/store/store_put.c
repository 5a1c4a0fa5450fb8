/* Nothing here can fail by itself: an error of writing, or of an encoder, stays with the transaction, which then
 * commits nothing. So whoever puts ten rows asks once, at the end. A store is made with the rows that every reader
 * expects (format, filing); one that lacks them was damaged, and is not merely young. */
#include "ledger/store/store_put.h"

#include "ledger/db/db_put.h"
#include "ledger/entry/sender.h"

static enum error write_format(struct db_env *env)
{
	OWNED_TXN txn = {0};
	uint8_t value[2];
	put_u16(value, STORE_FORMAT);
	TRY(db_begin(env, true, &txn));
	db_put(&txn, STORE_META, STORE_ROW_FORMAT, BYTES_ARRAY(value));
	store_filing_put(&txn, &(struct store_filing){0});
	return db_commit(&txn);
}

enum error store_make(const char *path, struct db_env **out, struct fault *fault)
{
	struct db_env *env = NULL;
	TRY(db_open(path, store_tables, STORE_TABLES, STORE_MAP_BYTES, false, true, &env, fault));
	enum error error = write_format(env);
	db_close(env);
	TRY(fault_because(fault, error, "%s", path));
	return store_open(path, false, out, fault);
}

/* A row of its own, as its layout encodes it. */
#define ROW_PUT(name, type, row, bytes_max, encode)          \
	void name(struct db_txn *txn, const struct type *record) \
	{                                                        \
		uint8_t buffer[bytes_max];                           \
		struct writer w = writer_of(buffer, sizeof buffer);  \
		encode(record, &w);                                  \
		db_put_writer(txn, STORE_META, row, &w);             \
	}                                                        \
	_Static_assert(1, "a semicolon follows")

ROW_PUT(store_state_put, store_state, STORE_ROW_STATE, STORE_STATE_BYTES_MAX, store_state_encode);
ROW_PUT(store_keys_put, key_position, STORE_ROW_KEYS, STORE_KEYS_BYTES, store_keys_encode);
ROW_PUT(store_filing_put, store_filing, STORE_ROW_FILING, STORE_FILING_BYTES_MAX, store_filing_encode);
ROW_PUT(store_losses_put, losses, STORE_ROW_LOST, LOSSES_BYTES_MAX, losses_encode);

void store_checkpoint_put(struct db_txn *txn, struct bytes note)
{
	db_put(txn, STORE_META, STORE_ROW_CHECKPOINT, note);
}

void store_batch_put(struct db_txn *txn, uint32_t sender, uint64_t first_sequence, uint64_t first_index, uint32_t count)
{
	const struct store_batch row = {first_sequence, first_index, count};
	uint8_t value[STORE_BATCH_BYTES];
	store_batch_encode(&row, value);
	db_put(txn, STORE_BATCH, DB_KEY_PAIR(sender, first_sequence), BYTES_ARRAY(value));
}

void store_change_put(struct db_txn *txn, uint32_t sender, uint64_t index)
{
	db_put(txn, STORE_CHANGE, DB_KEY_PAIR(sender, index), BYTES_EMPTY);
}

void store_sender_put(struct db_txn *txn, const struct sender *sender)
{
	uint8_t buffer[SENDER_ROW_BYTES_MAX];
	uint8_t key[4];
	struct writer w = writer_of(buffer, sizeof buffer);
	sender_encode(sender, &w);
	put_u32(key, sender->id);
	db_put_writer(txn, STORE_SENDER, BYTES_ARRAY(key), &w);
}

void key_files_note(struct db_txn *txn, const struct secrets *secrets)
{
	uint8_t row[KEY_FILES_ROW_BYTES];
	struct bytes there;
	if (db_get(txn, STORE_META, STORE_ROW_SECRETS, &there) != E_NOT_FOUND)
		return;
	key_files_row(secrets, row);
	db_put(txn, STORE_META, STORE_ROW_SECRETS, BYTES_ARRAY(row));
}
