/*   alias ─► the newest id in `subject` ─► wrapped key ─► opened, bound to id and alias
 *   month, years ─► wrapped key ─► opened, bound to both
 *
 * A wrapped key is bound to what its row is found by, so one that stands in another's place does not open. A key that
 * is gone is E_ERASED and not E_NOT_FOUND if its id was given out: erasing is no damage, and an id from nowhere is. */
#include "ledger/keystore/keystore_state.h"

#include "ledger/base/domain.h"

#include <sodium.h>

void alias_make(const struct key *alias_key, struct bytes subject, struct alias *out)
{
	const struct bytes parts[] = {BYTES_LITERAL(DOMAIN_ALIAS), BYTES_ARRAY(alias_key->b), subject};
	struct hash hash;
	hash_blake2b(NULL, parts, 3, &hash);
	memcpy(out->b, hash.b, sizeof out->b);
}

const char *const keystore_tables[KEYSTORE_TABLES] = {[TABLE_META] = KEY_TABLE_META,
	[TABLE_MARK] = KEY_TABLE_MARK,
	[TABLE_KEY] = "key",
	[TABLE_SUBJECT] = "subject",
	[TABLE_PERIOD] = "period"};

/* ---- opening ---- */

static enum error find_position(struct keystore *keystore)
{
	OWNED_TXN txn = {0};
	TRY(db_begin(keystore->env, false, &txn));
	return key_position_read(&txn, &keystore->position);
}

const struct key_position *keystore_position(const struct keystore *keystore)
{
	return &keystore->position;
}

enum error keystore_check(struct keystore *keystore, const struct key_position *committed, struct fault *fault)
{
	OWNED_TXN txn = {0};
	TRY(fault_because(fault, db_begin(keystore->env, false, &txn), "keys/env"));
	return key_position_check(&txn, committed, fault);
}

enum error keystore_open(
	const char *path, const struct key *wrapping, bool read_only, struct keystore **out, struct fault *fault)
{
	OWNED(keystore_release) struct keystore *keystore = calloc(1, sizeof *keystore);
	if (keystore == NULL || (keystore->wrapping = sodium_malloc(sizeof *keystore->wrapping)) == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	*keystore->wrapping = *wrapping;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return fault_set(fault, E_NOT_FOUND,
			"%s is not there: what is sealed cannot be read without it; put the newest one back, see 'indsigt help "
			"recovery'",
			path);
	TRY(db_open(path, keystore_tables, KEYSTORE_TABLES, KEYS_MAP_BYTES, read_only, false, &keystore->env, fault));
	TRY(fault_because(fault, find_position(keystore), "%s cannot be read", path));
	*out = OWN_TAKE(keystore);
	return E_OK;
}

struct db_env *keystore_env(struct keystore *keystore)
{
	return keystore->env;
}

void keystore_close(struct keystore *keystore)
{
	if (keystore == NULL)
		return;
	db_close(keystore->env);
	sodium_free(keystore->wrapping);
	free(keystore);
}

/* ---- rows ---- */

enum error keystore_unwrap_subject(
	const struct key *wrapping, uint64_t id, const struct alias *alias, struct bytes wrapped, struct key *out)
{
	uint8_t context[40];
	if (wrapped.len != WRAPPED_KEY_BYTES)
		return E_CORRUPT;
	return unseal_small(wrapping, DOMAIN_SUBJECT_KEY, keystore_subject_context(id, alias, context), wrapped, out->b);
}

/* ---- reading ---- */

enum error key_snapshot_begin(struct keystore *keystore, struct key_snapshot *out)
{
	*out = (struct key_snapshot){.keystore = keystore};
	return db_begin(keystore->env, false, &out->txn);
}

void key_snapshot_end(struct key_snapshot *snapshot)
{
	db_abort(&snapshot->txn);
	sodium_memzero(&snapshot->record, sizeof snapshot->record);
	sodium_memzero(&snapshot->period, sizeof snapshot->period);
	sodium_free(snapshot->kept);
	snapshot->kept = NULL;
}

/* A power of two, so that ids that were given out one after the other do not meet. */
void key_snapshot_keep(struct key_snapshot *snapshot)
{
	uint64_t next = 0, count = 1;
	if (snapshot->kept != NULL || db_get_number(&snapshot->txn, TABLE_META, KEY_META_NEXT, &next) != E_OK)
		return;
	while (count < next && count < RECORD_KEYS_KEPT_MAX)
		count *= 2;
	snapshot->kept = sodium_allocarray(count, sizeof *snapshot->kept);
	if (snapshot->kept == NULL)
		return;
	memset(snapshot->kept, 0, count * sizeof *snapshot->kept);
	snapshot->kept_mask = count - 1;
}

enum error key_of_id(struct key_snapshot *snapshot, uint64_t id, struct alias *alias, struct key *out)
{
	struct bytes row;
	enum error error = db_get(&snapshot->txn, TABLE_KEY, DB_KEY(id), &row);
	if (error == E_NOT_FOUND) {
		uint64_t next = 0;
		TRY(db_get_number(&snapshot->txn, TABLE_META, KEY_META_NEXT, &next));
		return id < next ? E_ERASED : E_NOT_FOUND;
	}
	TRY(error);
	if (row.len != 32 + WRAPPED_KEY_BYTES)
		return E_CORRUPT;
	memcpy(alias->b, row.data, 32);
	return keystore_unwrap_subject(
		snapshot->keystore->wrapping, id, alias, bytes_of(row.data + 32, WRAPPED_KEY_BYTES), out);
}

/* The newest key has the largest id: the last row that begins with the alias. */
static enum error newest_id(struct db_txn *txn, const struct alias *alias, uint64_t *out)
{
	OWNED_WALK walk = {0};
	uint8_t key[40];
	TRY(db_walk_begin(txn, TABLE_SUBJECT, &walk));
	TRY(db_walk_upto(&walk, keystore_subject_key(alias, UINT64_MAX, key)));
	if (walk.key.len != sizeof key)
		return E_CORRUPT;
	if (memcmp(walk.key.data, alias->b, 32) != 0)
		return E_NOT_FOUND;
	*out = get_u64(walk.key.data + 32);
	return E_OK;
}

/* The alias stands in the key's row as well: an index that leads to another person's key is damage, and is not used. */
enum error key_of_alias(struct key_snapshot *snapshot, const struct alias *alias, uint64_t *id, struct key *out)
{
	struct alias named;
	uint64_t newest;
	TRY(newest_id(&snapshot->txn, alias, &newest));
	TRY(key_of_id(snapshot, newest, &named, out));
	*id = newest;
	return memcmp(named.b, alias->b, sizeof named.b) == 0 ? E_OK : E_CORRUPT;
}

enum error key_of_period(struct key_snapshot *snapshot, struct period period, struct key *out)
{
	uint8_t key[3];
	struct bytes row;
	keystore_period_key(period, key);
	TRY(db_get(&snapshot->txn, TABLE_PERIOD, BYTES_ARRAY(key), &row));
	if (row.len != WRAPPED_KEY_BYTES)
		return E_CORRUPT;
	return unseal_small(snapshot->keystore->wrapping, DOMAIN_PERIOD_KEY, BYTES_ARRAY(key), row, out->b);
}
