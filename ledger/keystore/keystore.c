#include "ledger/keystore/keystore.h"

#include "ledger/base/beside.h"
#include "ledger/base/domain.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum table { TABLE_META = KEY_META, TABLE_MARK = KEY_MARK, TABLE_KEY, TABLE_SUBJECT, TABLE_PERIOD };
static const char *const table_names[] = {[TABLE_META] = KEY_TABLE_META,
	[TABLE_MARK] = KEY_TABLE_MARK,
	[TABLE_KEY] = "key",
	[TABLE_SUBJECT] = "subject",
	[TABLE_PERIOD] = "period"};

#define META_MERGED BYTES_LITERAL("merged")

enum new_key_tag { NEW_SUBJECT = 1, NEW_PERIOD = 2 };

struct keystore {
	struct db_env *env;
	struct key *wrapping; /* guarded memory */
	struct key_position position;
};

void alias_make(const struct key *alias_key, struct bytes subject, struct alias *out)
{
	crypto_generichash(out->b, sizeof out->b, subject.data, subject.len, alias_key->b, sizeof alias_key->b);
}

/* ---- opening ---- */

/* A new one gets its id; of any other it is read. */
static enum error find_position(struct keystore *keystore, bool create)
{
	OWNED_TXN txn = {0};
	enum error error = db_begin(keystore->env, create, &txn);
	if (error == E_OK && create)
		key_position_begin(&txn);
	if (error == E_OK)
		error = key_position_read(&txn, &keystore->position);
	if (error == E_OK && create)
		return db_commit(&txn);
	return error;
}

const struct key_position *keystore_position(const struct keystore *keystore)
{
	return &keystore->position;
}

enum error keystore_check(struct keystore *keystore, const struct key_position *committed, struct fault *fault)
{
	OWNED_TXN txn = {0};
	enum error error = db_begin(keystore->env, false, &txn);
	return error == E_OK ? key_position_check(&txn, committed, fault)
						 : fault_set(fault, error, "keys/env: %s", error_reason(error));
}

enum error keystore_open(const char *path, const struct key *wrapping, bool read_only, bool create,
	struct keystore **out, struct fault *fault)
{
	struct keystore *keystore = calloc(1, sizeof *keystore);
	if (keystore == NULL || (keystore->wrapping = sodium_malloc(sizeof *keystore->wrapping)) == NULL) {
		free(keystore);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	*keystore->wrapping = *wrapping;
	if (!create && access(path, F_OK) != 0 && errno == ENOENT) {
		keystore_close(keystore);
		return fault_set(fault, E_NOT_FOUND,
			"%s is not there: what is sealed cannot be read without it; put the newest one back, see 'indsigt help "
			"recovery'",
			path);
	}
	enum error error = db_open(path, table_names, sizeof table_names / sizeof table_names[0], KEYS_MAP_BYTES, read_only,
		create, &keystore->env, fault);
	if (error == E_OK) {
		error = find_position(keystore, create);
		if (error != E_OK)
			fault_set(fault, error, "%s cannot be read: %s", path, error_reason(error));
	}
	if (error != E_OK) {
		keystore_close(keystore);
		return error;
	}
	*out = keystore;
	return E_OK;
}

struct db_env *keystore_env(struct keystore *keystore)
{
	return keystore->env;
}

enum error keystore_make(const char *path, struct key_position *out, struct fault *fault)
{
	static const struct key none = {{0}}; /* nothing is unwrapped */
	char made[BESIDE_PATH_MAX];
	struct keystore *keystore = NULL;
	bool is_new;
	TRY(beside_is_free(path, &is_new, fault));
	if (is_new)
		TRY(beside_begin(path, made, fault));
	TRY(keystore_open(is_new ? made : path, &none, false, is_new, &keystore, fault));
	*out = keystore->position;
	keystore_close(keystore);
	return is_new ? beside_finish(path, fault) : E_OK;
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

static void period_encode(struct period period, uint8_t out[3])
{
	put_u16(out, period.month);
	out[2] = period.retention_years;
}

/* id || alias: what a wrapped subject key is bound to */
static struct bytes subject_context(uint64_t id, const struct alias *alias, uint8_t out[40])
{
	put_u64(out, id);
	memcpy(out + 8, alias->b, 32);
	return bytes_of(out, 40);
}

static enum error unwrap_subject(
	const struct key *wrapping, uint64_t id, const struct alias *alias, struct bytes wrapped, struct key *out)
{
	uint8_t context[40];
	if (wrapped.len != WRAPPED_KEY_BYTES)
		return E_CORRUPT;
	return unseal_small(wrapping, DOMAIN_SUBJECT_KEY, subject_context(id, alias, context), wrapped, out->b);
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
}

enum error key_of_id(struct key_snapshot *snapshot, uint64_t id, struct alias *alias, struct key *out)
{
	uint8_t key[8];
	struct bytes row;
	put_u64(key, id);
	enum error error = db_get(&snapshot->txn, TABLE_KEY, BYTES_ARRAY(key), &row);
	if (error == E_NOT_FOUND) {
		uint64_t next = 0;
		TRY(db_get_number(&snapshot->txn, TABLE_META, KEY_META_NEXT, &next));
		return id < next ? E_ERASED : E_NOT_FOUND;
	}
	TRY(error);
	if (row.len != 32 + WRAPPED_KEY_BYTES)
		return E_CORRUPT;
	memcpy(alias->b, row.data, 32);
	return unwrap_subject(snapshot->keystore->wrapping, id, alias, bytes_of(row.data + 32, WRAPPED_KEY_BYTES), out);
}

/* The newest key has the largest id: the last row that begins with the alias. */
static enum error newest_id(struct db_txn *txn, const struct alias *alias, uint64_t *out)
{
	OWNED_WALK walk = {0};
	uint8_t key[40];
	memcpy(key, alias->b, 32);
	put_u64(key + 32, UINT64_MAX);
	TRY(db_walk_begin(txn, TABLE_SUBJECT, &walk));
	TRY(db_walk_upto(&walk, BYTES_ARRAY(key)));
	if (walk.key.len != sizeof key)
		return E_CORRUPT;
	if (memcmp(walk.key.data, alias->b, 32) != 0)
		return E_NOT_FOUND;
	*out = get_u64(walk.key.data + 32);
	return E_OK;
}

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
	period_encode(period, key);
	TRY(db_get(&snapshot->txn, TABLE_PERIOD, BYTES_ARRAY(key), &row));
	if (row.len != WRAPPED_KEY_BYTES)
		return E_CORRUPT;
	return unseal_small(snapshot->keystore->wrapping, DOMAIN_PERIOD_KEY, BYTES_ARRAY(key), row, out->b);
}

/* ---- making ----
 *
 * Keys that were made but are not merged yet are remembered here (wrapped), found by alias through an open-addressing
 * index; an alias is a keyed hash, so its first bytes are the slot. When the table is full, further new subjects simply
 * get a key for every batch: a subject may have several. */

#define FRESH_SLOTS (1u << 20) /* power of two, at least twice FRESH_SUBJECTS_MAX */
#define FRESH_EMPTY UINT32_MAX
#define PERIODS_MAX 256 /* more than two months of RETENTION_YEARS_MAX classes */

struct fresh {
	struct alias alias;
	uint64_t id;
	uint8_t wrapped[WRAPPED_KEY_BYTES];
};

struct known_period {
	struct period period;
	struct key key;
};

struct keymaker {
	struct keystore *keystore;
	struct key_snapshot snapshot;
	uint64_t next_id;
	uint64_t merged;
	struct fresh *fresh;
	uint32_t fresh_count;
	uint32_t *slots;
	struct known_period *periods; /* guarded memory */
	uint32_t period_count;
};

static uint32_t slot_of(const struct keymaker *maker, const struct alias *alias)
{
	uint32_t slot = get_u32(alias->b) & (FRESH_SLOTS - 1);
	while (maker->slots[slot] != FRESH_EMPTY &&
		   memcmp(maker->fresh[maker->slots[slot]].alias.b, alias->b, sizeof alias->b) != 0)
		slot = (slot + 1) & (FRESH_SLOTS - 1);
	return slot;
}

static void fresh_add(struct keymaker *maker, const struct fresh *fresh)
{
	if (maker->fresh_count == FRESH_SUBJECTS_MAX)
		return;
	uint32_t slot = slot_of(maker, &fresh->alias);
	if (maker->slots[slot] != FRESH_EMPTY)
		return;
	maker->fresh[maker->fresh_count] = *fresh;
	maker->slots[slot] = maker->fresh_count++;
}

static void fresh_forget_merged(struct keymaker *maker)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < maker->fresh_count; i++)
		if (maker->fresh[i].id >= maker->merged)
			maker->fresh[kept++] = maker->fresh[i];
	maker->fresh_count = kept;
	memset(maker->slots, 0xFF, FRESH_SLOTS * sizeof *maker->slots);
	for (uint32_t i = 0; i < kept; i++)
		maker->slots[slot_of(maker, &maker->fresh[i].alias)] = i;
}

static enum error fresh_load(struct keymaker *maker)
{
	OWNED_WALK walk = {0};
	uint8_t from[8];
	put_u64(from, maker->merged);
	TRY(db_walk_begin(&maker->snapshot.txn, TABLE_KEY, &walk));
	enum error error = db_walk_from(&walk, BYTES_ARRAY(from));
	for (; error == E_OK; error = db_walk_next(&walk)) {
		if (walk.key.len != 8 || walk.value.len != 32 + WRAPPED_KEY_BYTES)
			return E_CORRUPT;
		struct fresh fresh = {.id = get_u64(walk.key.data)};
		memcpy(fresh.alias.b, walk.value.data, 32);
		memcpy(fresh.wrapped, walk.value.data + 32, sizeof fresh.wrapped);
		fresh_add(maker, &fresh);
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error keymaker_open(struct keystore *keystore, struct keymaker **out, struct fault *fault)
{
	struct keymaker *maker = calloc(1, sizeof *maker);
	if (maker == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	maker->keystore = keystore;
	maker->fresh = malloc(FRESH_SUBJECTS_MAX * sizeof *maker->fresh);
	maker->slots = malloc(FRESH_SLOTS * sizeof *maker->slots);
	maker->periods = sodium_malloc(PERIODS_MAX * sizeof *maker->periods);
	enum error error = E_NO_MEMORY;
	if (maker->fresh != NULL && maker->slots != NULL && maker->periods != NULL)
		error = key_snapshot_begin(keystore, &maker->snapshot);
	if (error == E_OK) {
		memset(maker->slots, 0xFF, FRESH_SLOTS * sizeof *maker->slots);
		error = db_get_number(&maker->snapshot.txn, TABLE_META, META_MERGED, &maker->merged);
	}
	if (error == E_OK)
		error = db_get_number(&maker->snapshot.txn, TABLE_META, KEY_META_NEXT, &maker->next_id);
	if (error == E_OK)
		error = fresh_load(maker);
	keymaker_end(maker);
	if (error != E_OK) {
		keymaker_close(maker);
		return fault_set(fault, error, "the key environment cannot be read: %s", error_reason(error));
	}
	*out = maker;
	return E_OK;
}

void keymaker_close(struct keymaker *maker)
{
	if (maker == NULL)
		return;
	keymaker_end(maker);
	free(maker->fresh);
	free(maker->slots);
	sodium_free(maker->periods);
	free(maker);
}

enum error keymaker_begin(struct keymaker *maker)
{
	uint64_t merged;
	TRY(key_snapshot_begin(maker->keystore, &maker->snapshot));
	TRY(db_get_number(&maker->snapshot.txn, TABLE_META, META_MERGED, &merged));
	if (merged != maker->merged) {
		maker->merged = merged;
		fresh_forget_merged(maker);
	}
	return E_OK;
}

void keymaker_end(struct keymaker *maker)
{
	key_snapshot_end(&maker->snapshot);
}

static void make_subject_key(
	struct keymaker *maker, const struct alias *alias, struct writer *new_keys, uint64_t *id, struct key *out)
{
	struct fresh fresh = {.alias = *alias, .id = maker->next_id++};
	uint8_t context[40];
	randombytes_buf(out->b, sizeof out->b);
	seal_small(maker->keystore->wrapping, DOMAIN_SUBJECT_KEY, subject_context(fresh.id, alias, context),
		BYTES_ARRAY(out->b), fresh.wrapped);
	fresh_add(maker, &fresh);
	writer_u8(new_keys, NEW_SUBJECT);
	writer_u64(new_keys, fresh.id);
	writer_bytes(new_keys, BYTES_ARRAY(alias->b));
	writer_bytes(new_keys, BYTES_ARRAY(fresh.wrapped));
	*id = fresh.id;
}

enum error keymaker_subject(
	struct keymaker *maker, const struct alias *alias, struct writer *new_keys, uint64_t *id, struct key *out)
{
	uint32_t slot = slot_of(maker, alias);
	if (maker->slots[slot] != FRESH_EMPTY) {
		const struct fresh *fresh = &maker->fresh[maker->slots[slot]];
		*id = fresh->id;
		return unwrap_subject(maker->keystore->wrapping, fresh->id, alias, BYTES_ARRAY(fresh->wrapped), out);
	}
	enum error error = key_of_alias(&maker->snapshot, alias, id, out);
	if (error != E_NOT_FOUND && error != E_ERASED)
		return error;
	make_subject_key(maker, alias, new_keys, id, out);
	return new_keys->error;
}

static enum error find_period(struct keymaker *maker, struct period period, struct writer *new_keys, struct key *out)
{
	enum error error = key_of_period(&maker->snapshot, period, out);
	if (error != E_NOT_FOUND)
		return error;
	uint8_t context[3];
	uint8_t wrapped[WRAPPED_KEY_BYTES];
	period_encode(period, context);
	randombytes_buf(out->b, sizeof out->b);
	seal_small(maker->keystore->wrapping, DOMAIN_PERIOD_KEY, BYTES_ARRAY(context), BYTES_ARRAY(out->b), wrapped);
	writer_u8(new_keys, NEW_PERIOD);
	writer_bytes(new_keys, BYTES_ARRAY(context));
	writer_bytes(new_keys, BYTES_ARRAY(wrapped));
	return new_keys->error;
}

enum error keymaker_period(struct keymaker *maker, struct period period, struct writer *new_keys, struct key *out)
{
	for (uint32_t i = 0; i < maker->period_count; i++)
		if (maker->periods[i].period.month == period.month &&
			maker->periods[i].period.retention_years == period.retention_years) {
			*out = maker->periods[i].key;
			return E_OK;
		}
	TRY(find_period(maker, period, new_keys, out));
	/* A key of this month may still be on its way to the table: only other months are forgotten. */
	if (maker->period_count == PERIODS_MAX) {
		uint32_t kept = 0;
		for (uint32_t i = 0; i < maker->period_count; i++)
			if (maker->periods[i].period.month == period.month)
				maker->periods[kept++] = maker->periods[i];
		maker->period_count = kept;
	}
	maker->periods[maker->period_count++] = (struct known_period){period, *out};
	return E_OK;
}

/* ---- writing ---- */

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
		key_position_step(txn, position);
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
	uint8_t key[8];
	put_u64(key, from);
	TRY(db_begin(keystore->env, false, &txn));
	TRY(db_walk_begin(&txn, TABLE_KEY, &walk));
	enum error error = db_walk_from(&walk, BYTES_ARRAY(key));
	while (error == E_OK && walk.key.len == 8 && walk.value.len >= 32 && get_u64(walk.key.data) < to) {
		struct alias alias;
		memcpy(alias.b, walk.value.data, 32);
		TRY(visit(context, get_u64(walk.key.data), &alias));
		error = db_walk_next(&walk);
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

static void merge_one(struct db_txn *txn, const struct key_filing *filing)
{
	uint8_t key[40];
	memcpy(key, filing->alias.b, 32);
	put_u64(key + 32, filing->id);
	db_put(txn, TABLE_SUBJECT, BYTES_ARRAY(key), BYTES_EMPTY);
}

enum error keystore_merge(struct keystore *keystore, const struct key_filing *filings, size_t count, uint64_t merged)
{
	OWNED_TXN txn = {0};
	if (count == 0 && merged == 0)
		return E_OK;
	TRY(db_begin(keystore->env, true, &txn));
	for (size_t i = 0; i < count; i++)
		merge_one(&txn, &filings[i]);
	if (merged != 0)
		db_put_number(&txn, TABLE_META, META_MERGED, merged);
	return db_commit(&txn);
}
