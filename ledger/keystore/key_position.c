/* What a key environment is to a store that was written with one:
 *
 *   another id                                        another environment
 *   fewer writes than the store knows of              an older copy
 *   another mark at the write that the store knows    an older copy that was used since, and went another way
 *   else                                              it has all that it had then, and maybe more
 *
 * Counting writes is not enough: a copy that was put back counts on to the same numbers, but draws other marks. What
 * cannot be read is said as that, and is none of these. */
#include "ledger/keystore/key_position.h"

#include <inttypes.h>

static enum error read_mark(struct db_txn *txn, uint64_t serial, uint8_t out[KEY_MARK_BYTES])
{
	struct bytes row;
	memset(out, 0, KEY_MARK_BYTES);
	if (serial == 0)
		return E_OK;
	TRY(db_get(txn, KEY_MARK, DB_KEY(serial), &row));
	if (row.len != KEY_MARK_BYTES)
		return E_CORRUPT;
	memcpy(out, row.data, KEY_MARK_BYTES);
	return E_OK;
}

enum error key_position_read(struct db_txn *txn, struct key_position *out)
{
	struct bytes id;
	TRY(db_must(db_get(txn, KEY_META, KEY_META_ID, &id)));
	if (id.len != KEY_MARK_BYTES)
		return E_CORRUPT;
	memcpy(out->id, id.data, KEY_MARK_BYTES);
	TRY(db_get_number(txn, KEY_META, KEY_META_SERIAL, &out->serial));
	TRY(db_get_number(txn, KEY_META, KEY_META_NEXT, &out->next));
	return db_must(read_mark(txn, out->serial, out->mark));
}

enum error key_position_check(struct db_txn *txn, const struct key_position *committed, struct fault *fault)
{
	struct key_position own;
	uint8_t mark[KEY_MARK_BYTES] = {0};
	enum error error = key_position_read(txn, &own);
	if (error == E_OK && own.serial >= committed->serial)
		error = read_mark(txn, committed->serial, mark);
	if (error != E_OK && error != E_NOT_FOUND)
		return fault_because(fault, error, "keys/env cannot be read");
	if (memcmp(own.id, committed->id, sizeof own.id) != 0)
		return fault_set(fault, E_KEYS,
			"keys/env is another key environment than the one that the store was written with; put the newest keys/env "
			"of this ledger back, see 'indsigt help recovery'");
	if (own.serial < committed->serial)
		return fault_set(fault, E_KEYS,
			"keys/env is older than the store: it has %" PRIu64 " keys in %" PRIu64 " writes, the store needs %" PRIu64
			" in %" PRIu64 "; put the newest keys/env back, see 'indsigt help recovery'",
			own.next, own.serial, committed->next, committed->serial);
	if (error == E_NOT_FOUND || memcmp(mark, committed->mark, sizeof mark) != 0)
		return fault_set(fault, E_KEYS,
			"keys/env is an older copy that was used since for another store: it went another way before write %" PRIu64
			" of %" PRIu64 "; put the newest keys/env back, see 'indsigt help recovery'",
			committed->serial, own.serial);
	return E_OK;
}
