/* Keys are made ahead of the writer: the next batch may need one before it is in any table, so it is remembered here.
 *
 *   remembered? ─► in the environment (snapshot)? ─► made, remembered, and appended to what the batch brings along
 *
 * Subjects' keys are remembered wrapped until they are merged, in an open-addressing index; an alias is a keyed hash,
 * so its first bytes are the slot. A subject may have several keys: when the table is full, new subjects simply get one
 * for every batch. A period has one only, and the writer takes no other: of the month at hand none is forgotten. Ids
 * count on in memory, so an environment has one keymaker at a time. */
#include "ledger/keystore/keystore_put.h"

#include "ledger/base/domain.h"
#include "ledger/base/grow.h"
#include "ledger/keystore/keystore_state.h"

#include <sodium.h>

#define FRESH_SLOTS (1u << 20) /* power of two, at least twice FRESH_SUBJECTS_MAX */
#define FRESH_EMPTY UINT32_MAX
#define FRESH_LEAST 16384u
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

/* Invariant: every id in `fresh` is at or above `merged` and below `next_id`, and `slots` finds each of its aliases. */
struct keymaker {
	struct keystore *keystore;
	struct key_snapshot snapshot;
	uint64_t next_id;
	uint64_t merged;
	uint64_t erased;
	struct fresh *fresh;
	uint32_t fresh_count;
	uint32_t fresh_capacity;
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

/* What does not fit is not remembered, and costs one key more for that person, in each batch, until the next merge. */
static void fresh_add(struct keymaker *maker, const struct fresh *fresh)
{
	if (maker->fresh_count == FRESH_SUBJECTS_MAX)
		return;
	uint32_t slot = slot_of(maker, &fresh->alias);
	if (maker->slots[slot] != FRESH_EMPTY)
		return;
	if (GROW(maker->fresh, maker->fresh_capacity, maker->fresh_count + 1) != E_OK)
		return;
	maker->fresh[maker->fresh_count] = *fresh;
	maker->slots[slot] = maker->fresh_count++;
}

/* A flood of new people is over, and most of its memory is given back: halved, so that it grows again as it did. */
static void fresh_shrink(struct keymaker *maker)
{
	uint32_t capacity = maker->fresh_capacity;
	while (capacity > FRESH_LEAST && maker->fresh_count < capacity / 4)
		capacity /= 2;
	struct fresh *fresh = capacity < maker->fresh_capacity ? realloc(maker->fresh, capacity * sizeof *fresh) : NULL;
	if (fresh == NULL)
		return;
	maker->fresh = fresh;
	maker->fresh_capacity = capacity;
}

/* Written, and no longer there. What is above `next` is on its way to be written. */
static bool was_erased(struct keymaker *maker, uint64_t id, uint64_t next)
{
	struct bytes row;
	return id < next && db_get(&maker->snapshot.txn, TABLE_KEY, DB_KEY(id), &row) == E_NOT_FOUND;
}

/* Merged keys are found in the environment, erased ones never again: only ids below `next` are looked for, 0 for none.
 * The index is made anew, because open addressing knows no taking out. */
static void fresh_forget(struct keymaker *maker, uint64_t next)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < maker->fresh_count; i++)
		if (maker->fresh[i].id >= maker->merged && !was_erased(maker, maker->fresh[i].id, next))
			maker->fresh[kept++] = maker->fresh[i];
	maker->fresh_count = kept;
	fresh_shrink(maker);
	memset(maker->slots, 0xFF, FRESH_SLOTS * sizeof *maker->slots);
	for (uint32_t i = 0; i < kept; i++)
		maker->slots[slot_of(maker, &maker->fresh[i].alias)] = i;
}

/* After a start: what was written and not merged is in no index yet but this one. */
static enum error fresh_load(struct keymaker *maker)
{
	OWNED_WALK walk = {0};
	TRY(db_walk_begin(&maker->snapshot.txn, TABLE_KEY, &walk));
	enum error error = db_walk_from(&walk, DB_KEY(maker->merged));
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

static enum error load(struct keymaker *maker)
{
	struct db_txn *txn = &maker->snapshot.txn;
	memset(maker->slots, 0xFF, FRESH_SLOTS * sizeof *maker->slots);
	TRY(key_snapshot_begin(maker->keystore, &maker->snapshot));
	TRY(db_get_number(txn, TABLE_META, META_MERGED, &maker->merged));
	TRY(db_get_number(txn, TABLE_META, META_ERASED, &maker->erased));
	TRY(db_get_number(txn, TABLE_META, KEY_META_NEXT, &maker->next_id));
	return fresh_load(maker);
}

enum error keymaker_open(struct keystore *keystore, struct keymaker **out, struct fault *fault)
{
	OWNED(keymaker_release) struct keymaker *maker = calloc(1, sizeof *maker);
	TRY(fault_set(fault, allocated(maker), ""));
	maker->keystore = keystore;
	maker->slots = malloc(FRESH_SLOTS * sizeof *maker->slots);
	maker->periods = sodium_malloc(PERIODS_MAX * sizeof *maker->periods);
	bool room = maker->slots != NULL && maker->periods != NULL;
	TRY(fault_because(fault, room ? load(maker) : E_NO_MEMORY, "the key environment cannot be read"));
	keymaker_end(maker);
	*out = OWN_TAKE(maker);
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
	struct db_txn *txn = &maker->snapshot.txn;
	uint64_t merged;
	uint64_t erased;
	uint64_t next = 0;
	TRY(key_snapshot_begin(maker->keystore, &maker->snapshot));
	TRY(db_get_number(txn, TABLE_META, META_MERGED, &merged));
	TRY(db_get_number(txn, TABLE_META, META_ERASED, &erased));
	if (erased != maker->erased) {
		TRY(db_get_number(txn, TABLE_META, KEY_META_NEXT, &next));
		maker->period_count = 0;
	}
	if (merged != maker->merged || erased != maker->erased) {
		maker->merged = merged;
		maker->erased = erased;
		fresh_forget(maker, next);
	}
	return E_OK;
}

uint64_t keymaker_erased(const struct keymaker *maker)
{
	return maker->erased;
}

void keymaker_end(struct keymaker *maker)
{
	key_snapshot_end(&maker->snapshot);
}

/* The id is given out even if the batch then fails: a gap among ids is nothing, and one that is given twice would be.
 */
static void make_subject_key(
	struct keymaker *maker, const struct alias *alias, struct writer *new_keys, uint64_t *id, struct key *out)
{
	struct fresh fresh = {.alias = *alias, .id = maker->next_id++};
	uint8_t context[40];
	randombytes_buf(out->b, sizeof out->b);
	seal_small(maker->keystore->wrapping, DOMAIN_SUBJECT_KEY, keystore_subject_context(fresh.id, alias, context),
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
		return keystore_unwrap_subject(maker->keystore->wrapping, fresh->id, alias, BYTES_ARRAY(fresh->wrapped), out);
	}
	enum error error = key_of_alias(&maker->snapshot, alias, id, out);
	if (error != E_NOT_FOUND && error != E_ERASED)
		return error;
	/* What is remembered must also be written: a key whose record was cut would be lost. */
	if ((size_t)(new_keys->end - new_keys->at) < NEW_SUBJECT_KEY_BYTES)
		return E_NO_ROOM;
	make_subject_key(maker, alias, new_keys, id, out);
	return new_keys->error;
}

/* All records of a month and a class share it, and are erased by it; so it is looked for in the table before one is
 * made. */
static enum error find_period(struct keymaker *maker, struct period period, struct writer *new_keys, struct key *out)
{
	enum error error = key_of_period(&maker->snapshot, period, out);
	if (error != E_NOT_FOUND)
		return error;
	uint8_t context[3];
	uint8_t wrapped[WRAPPED_KEY_BYTES];
	keystore_period_key(period, context);
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
