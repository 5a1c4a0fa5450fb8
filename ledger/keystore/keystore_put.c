/* new keys ─► rows that are not there yet ─► mark, "serial", "next" ─► one synced commit ─► the position in memory
 *
 * The same keys may come again, after a tick that did not happen: they change nothing, and no mark is drawn. The same
 * id or period with another key is E_CORRUPT and nothing is written, since records are sealed under the first. The
 * position moves only when the commit has succeeded, so what the store writes down of it is on the disk. */
#include "ledger/keystore/keystore_put.h"

#include "ledger/base/beside.h"
#include "ledger/db/db_put.h"
#include "ledger/keystore/keystore_state.h"

#include <sodium.h>

/* ---- making one ---- */

/* Into a new environment, before everything else. */
static enum error write_id(struct db_env *env)
{
	OWNED_TXN txn = {0};
	uint8_t id[KEY_MARK_BYTES];
	randombytes_buf(id, sizeof id);
	TRY(db_begin(env, true, &txn));
	db_put(&txn, KEY_META, KEY_META_ID, BYTES_ARRAY(id));
	return db_commit(&txn);
}

enum error keystore_create(const char *path, const struct key *wrapping, struct keystore **out, struct fault *fault)
{
	struct db_env *env;
	TRY(db_open(path, keystore_tables, KEYSTORE_TABLES, KEYS_MAP_BYTES, false, true, &env, fault));
	enum error error = write_id(env);
	db_close(env);
	TRY(fault_because(fault, error, "%s cannot be written", path));
	return keystore_open(path, wrapping, false, out, fault);
}

enum error keystore_make(const char *path, struct key_position *out, struct fault *fault)
{
	static const struct key none = {{0}}; /* nothing is unwrapped */
	char made[PATH_BYTES_MAX];
	struct keystore *keystore = NULL;
	bool is_new;
	TRY(beside_is_free(path, &is_new, fault));
	if (is_new)
		TRY(beside_begin(path, made, fault));
	TRY(is_new ? keystore_create(made, &none, &keystore, fault) : keystore_open(path, &none, false, &keystore, fault));
	*out = keystore->position;
	keystore_close(keystore);
	return is_new ? beside_finish(path, fault) : E_OK;
}

/* ---- writing ---- */

/* New keys were written: draws the next mark, and writes down where it stands, with `next` as it is set. */
static void step_position(struct db_txn *txn, struct key_position *position)
{
	position->serial++;
	randombytes_buf(position->mark, sizeof position->mark);
	db_append(txn, KEY_MARK, DB_KEY(position->serial), BYTES_ARRAY(position->mark));
	db_put_number(txn, KEY_META, KEY_META_SERIAL, position->serial);
	db_put_number(txn, KEY_META, KEY_META_NEXT, position->next);
}

/* Which table a key goes to its tag says; a tag that is none ends it, as what comes behind cannot be read. */
static enum error write_one(struct db_txn *txn, struct reader *r, uint64_t *next, bool *wrote)
{
	uint8_t tag = reader_u8(r);
	struct bytes existing;
	struct bytes key = reader_bytes(r, tag == NEW_PERIOD ? 3 : 8);
	struct bytes value = reader_bytes(r, tag == NEW_PERIOD ? WRAPPED_KEY_BYTES : 32 + WRAPPED_KEY_BYTES);
	if (r->error != E_OK || (tag != NEW_SUBJECT && tag != NEW_PERIOD))
		return E_CORRUPT;
	unsigned table = tag == NEW_PERIOD ? TABLE_PERIOD : TABLE_KEY;
	enum error error = db_get(txn, table, key, &existing);
	if (error == E_OK) /* keys never change; a second key for a period would orphan records */
		return bytes_equal(existing, value) ? E_OK : E_CORRUPT;
	if (error != E_NOT_FOUND)
		return error;
	db_put(txn, table, key, value);
	*wrote = true;
	if (tag == NEW_SUBJECT && get_u64(key.data) >= *next)
		*next = get_u64(key.data) + 1;
	return E_OK;
}

static enum error write_keys(struct db_txn *txn, struct bytes new_keys, struct key_position *position)
{
	bool wrote = false;
	struct reader r = reader_of(new_keys);
	while (reader_left(&r) > 0)
		TRY(write_one(txn, &r, &position->next, &wrote));
	if (wrote)
		step_position(txn, position);
	return txn->error;
}

enum error keystore_write(struct keystore *keystore, struct bytes new_keys)
{
	OWNED_TXN txn = {0};
	if (new_keys.len == 0)
		return E_OK;
	TRY(db_begin(keystore->env, true, &txn));
	struct key_position position = keystore->position;
	TRY(write_keys(&txn, new_keys, &position));
	TRY(db_commit(&txn));
	keystore->position = position;
	return E_OK;
}

enum error keystore_unmerged(struct keystore *keystore, uint64_t *from, uint64_t *to)
{
	OWNED_TXN txn = {0};
	TRY(db_begin(keystore->env, false, &txn));
	TRY(db_get_number(&txn, TABLE_META, META_MERGED, from));
	return db_get_number(&txn, TABLE_META, KEY_META_NEXT, to);
}

enum error keystore_visit(struct keystore *keystore, uint64_t from, uint64_t to,
	enum error (*visit)(void *context, uint64_t id, const struct alias *alias), void *context)
{
	OWNED_TXN txn = {0};
	OWNED_WALK walk = {0};
	TRY(db_begin(keystore->env, false, &txn));
	TRY(db_walk_begin(&txn, TABLE_KEY, &walk));
	enum error error = db_walk_from(&walk, DB_KEY(from));
	while (error == E_OK && walk.key.len == 8 && walk.value.len >= 32 && get_u64(walk.key.data) < to) {
		struct alias alias;
		memcpy(alias.b, walk.value.data, 32);
		TRY(visit(context, get_u64(walk.key.data), &alias));
		error = db_walk_next(&walk);
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

/* Rows that are there already are put again and change nothing, so an epoch that is made again may merge again. */
enum error keystore_merge(struct keystore *keystore, const struct key_filing *filings, size_t count, uint64_t merged)
{
	OWNED_TXN txn = {0};
	uint8_t key[40];
	if (count == 0 && merged == 0)
		return E_OK;
	TRY(db_begin(keystore->env, true, &txn));
	for (size_t i = 0; i < count; i++)
		db_put(&txn, TABLE_SUBJECT, keystore_subject_key(&filings[i].alias, filings[i].id, key), BYTES_EMPTY);
	if (merged != 0)
		db_put_number(&txn, TABLE_META, META_MERGED, merged);
	return db_commit(&txn);
}
