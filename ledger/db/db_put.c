/* A transaction whose error is set takes nothing more, so what is written after a failure is not half of something
 * else. Appending is left to LMDB's word that the key is the last one (MDB_APPEND): a key that is not is damage of the
 * table and no mistake that could be passed over. */
#include "ledger/db/db_put.h"

#include "ledger/db/db_state.h"

/* LMDB copies the value before it returns, so buffers of the caller may go. */
static void put(struct db_txn *txn, unsigned table, struct bytes key, struct bytes value, unsigned flags)
{
	if (txn->error != E_OK)
		return;
	MDB_val k = db_val(key);
	MDB_val v = db_val(value);
	db_stick(txn, mdb_put(txn->handle, txn->env->tables[table], &k, &v, flags));
}

void db_put(struct db_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
	put(txn, table, key, value, 0);
}

/* A row that did not fit its buffer would be cut: then the transaction is lost and not the end of the row. */
void db_put_writer(struct db_txn *txn, unsigned table, struct bytes key, const struct writer *writer)
{
	struct bytes value = BYTES_EMPTY;
	enum error error = writer_done(writer, &value);
	if (error != E_OK && txn->error == E_OK)
		txn->error = error;
	db_put(txn, table, key, value);
}

void db_put_number(struct db_txn *txn, unsigned table, struct bytes key, uint64_t number)
{
	uint8_t value[8];
	put_u64(value, number);
	db_put(txn, table, key, BYTES_ARRAY(value));
}

void db_append(struct db_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
	put(txn, table, key, value, MDB_APPEND);
}

uint8_t *db_append_place(struct db_txn *txn, unsigned table, struct bytes key, size_t len)
{
	if (txn->error != E_OK)
		return NULL;
	MDB_val k = db_val(key);
	MDB_val v = {len, NULL};
	if (db_stick(txn, mdb_put(txn->handle, txn->env->tables[table], &k, &v, MDB_APPEND | MDB_RESERVE)) != E_OK)
		return NULL;
	return v.mv_data;
}

void db_delete(struct db_txn *txn, unsigned table, struct bytes key)
{
	if (txn->error != E_OK)
		return;
	MDB_val k = db_val(key);
	db_stick(txn, mdb_del(txn->handle, txn->env->tables[table], &k, NULL));
}

void db_clear(struct db_txn *txn, unsigned table)
{
	if (txn->error == E_OK)
		(void)db_stick(txn, mdb_drop(txn->handle, txn->env->tables[table], 0));
}
