/* pack ─► form ─► place, count ─► its first entry in the log: sender, sequence ─► opened, bound to all of it
 *
 * So a pack does not open in another batch's place, or when it is longer or shorter than it was. The position in front
 * of it is not sealed: it changes when events before it are lost, without anybody opening the pack. How many events a
 * damaged pack was about is counted in the log, because what stands behind it must be numbered all the same. */
#include "ledger/filed/aliases.h"

#include "ledger/base/domain.h"
#include "ledger/entry/entry.h"
#include "ledger/store/log.h"

struct bytes alias_context(uint32_t sender, uint64_t first_sequence, uint32_t count, uint8_t out[ALIAS_CONTEXT_BYTES])
{
	put_u32(out, sender);
	put_u64(out + 4, first_sequence);
	put_u32(out + 12, count);
	return bytes_of(out, ALIAS_CONTEXT_BYTES);
}

enum error alias_position(struct db_txn *txn, uint64_t first_index, uint64_t *out)
{
	struct bytes value;
	TRY(db_get(txn, STORE_ALIAS, DB_KEY(first_index), &value));
	if (value.len < ALIAS_POSITION_BYTES)
		return E_CORRUPT;
	*out = get_u64(value.data);
	return E_OK;
}

static bool pack_has_form(struct bytes value)
{
	return value.len > ALIAS_POSITION_BYTES + SEAL_OVERHEAD && value.len <= ALIAS_ROW_BYTES_MAX &&
		   (value.len - ALIAS_POSITION_BYTES - SEAL_OVERHEAD) % sizeof(struct alias) == 0;
}

/* Of a pack whose form does not tell. */
static enum error count_in_log(struct db_txn *txn, uint64_t first_index, uint64_t *out)
{
	for (uint64_t count = 0; count <= BATCH_EVENTS_MAX; count++) {
		struct entry entry;
		TRY(log_read(txn, first_index + count, &entry));
		if (entry.kind == ENTRY_BATCH && count > 0) {
			*out = count;
			return E_OK;
		}
		if (entry.kind != ENTRY_EVENT)
			return E_CORRUPT;
	}
	return E_CORRUPT;
}

enum error alias_count(struct db_txn *txn, uint64_t first_index, uint64_t *out)
{
	struct bytes value;
	TRY(db_get(txn, STORE_ALIAS, DB_KEY(first_index), &value));
	if (!pack_has_form(value))
		return count_in_log(txn, first_index, out);
	*out = (value.len - ALIAS_POSITION_BYTES - SEAL_OVERHEAD) / 32;
	return E_OK;
}

enum error alias_walk_begin(struct db_txn *txn, const struct seal_keys *keys, uint64_t from, struct alias_walk *out)
{
	TRY(db_walk_begin(txn, STORE_ALIAS, &out->walk));
	out->keys = keys;
	out->first_index = from;
	out->count = 0;
	out->begun = false;
	return E_OK;
}

void alias_walk_at(struct alias_walk *walk, uint64_t index)
{
	walk->first_index = index;
	walk->count = 0;
	walk->begun = false;
}

/* Packs are keyed by their first event, so the one that an index is in begins at or before it. */
enum error alias_walk_to(struct alias_walk *walk, uint64_t index)
{
	enum error error = db_walk_upto(&walk->walk, DB_KEY(index));
	if (error != E_OK && error != E_NOT_FOUND)
		return error;
	if (error == E_OK && walk->walk.key.len != 8)
		return E_CORRUPT;
	alias_walk_at(walk, error == E_OK ? get_u64(walk->walk.key.data) : index);
	return E_OK;
}

/* The first call searches, all others step on; so a pack that does not open can be stepped over. */
static enum error move(struct alias_walk *walk)
{
	if (walk->begun)
		return db_walk_next(&walk->walk);
	walk->begun = true;
	return db_walk_from(&walk->walk, DB_KEY(walk->first_index));
}

enum error alias_walk_next(struct alias_walk *walk)
{
	struct entry entry;
	TRY(move(walk));
	struct bytes value = walk->walk.value;
	if (walk->walk.key.len != 8 || !pack_has_form(value))
		return E_CORRUPT;
	struct bytes sealed = bytes_of(value.data + ALIAS_POSITION_BYTES, value.len - ALIAS_POSITION_BYTES);
	walk->first_index = get_u64(walk->walk.key.data);
	walk->position = get_u64(value.data);
	walk->count = (uint32_t)((sealed.len - SEAL_OVERHEAD) / 32);

	/* The pack is bound to the batch: sender, first sequence and count come from the log. */
	TRY(log_read(walk->walk.txn, walk->first_index, &entry));
	if (entry.kind != ENTRY_EVENT)
		return E_CORRUPT;
	uint8_t context[ALIAS_CONTEXT_BYTES];
	struct bytes bound = alias_context(entry.event.sender, entry.event.sequence, walk->count, context);
	return unseal_small(&walk->keys->filing, DOMAIN_ALIASES, bound, sealed, walk->aliases[0].b);
}

void alias_walk_end(struct alias_walk *walk)
{
	db_walk_end(&walk->walk);
}
