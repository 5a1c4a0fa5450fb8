#include "ledger/aliases.h"

#include "ledger/domain.h"
#include "ledger/entry.h"
#include "ledger/log.h"

void aliases_put(struct db_txn *txn, uint64_t first_index, struct bytes sealed)
{
	uint8_t key[8];
	put_u64(key, first_index);
	db_append(txn, STORE_ALIAS, BYTES_ARRAY(key), sealed);
}

enum error alias_walk_begin(struct db_txn *txn, const struct seal_keys *keys, uint64_t from, struct alias_walk *out)
{
	TRY(db_walk_begin(txn, STORE_ALIAS, &out->walk));
	out->keys = keys;
	out->first_index = from;
	out->count = 0;
	return E_OK;
}

static enum error move(struct alias_walk *walk)
{
	uint8_t key[8];
	if (walk->count > 0)
		return db_walk_next(&walk->walk);
	put_u64(key, walk->first_index);
	return db_walk_from(&walk->walk, BYTES_ARRAY(key));
}

enum error alias_walk_next(struct alias_walk *walk)
{
	struct bytes encoded;
	struct entry entry;
	TRY(move(walk));
	struct bytes sealed = walk->walk.value;
	if (walk->walk.key.len != 8 || sealed.len <= SEAL_OVERHEAD || (sealed.len - SEAL_OVERHEAD) % 32 != 0 ||
		sealed.len > SEAL_OVERHEAD + sizeof walk->aliases)
		return E_CORRUPT;
	walk->first_index = get_u64(walk->walk.key.data);
	walk->count = (uint32_t)((sealed.len - SEAL_OVERHEAD) / 32);

	/* The pack is bound to the batch: sender, first sequence and count come from the log. */
	TRY(log_entry(walk->walk.txn, walk->first_index, &encoded));
	TRY(entry_decode(encoded, &entry));
	if (entry.kind != ENTRY_EVENT)
		return E_CORRUPT;
	uint8_t context[16];
	put_u32(context, entry.event.sender);
	put_u64(context + 4, entry.event.sequence);
	put_u32(context + 12, walk->count);
	return unseal_small(&walk->keys->filing, DOMAIN_ALIASES, BYTES_ARRAY(context), sealed, walk->aliases[0].b);
}

void alias_walk_end(struct alias_walk *walk)
{
	db_walk_end(&walk->walk);
}
