/* A bundle is walked from its front, since entries have no fixed length; 256 of them are a page or two. A length that
 * leads out of the bundle is E_CORRUPT, the end of it is E_NOT_FOUND: which of the two the end of the log is, the
 * caller knows from the state. */
#include "ledger/store/log.h"

enum error log_bundle(struct db_txn *txn, uint64_t number, struct bytes *out)
{
	return db_get(txn, STORE_BUNDLE, DB_KEY(number), out);
}

static enum error read_bundle(void *txn, uint64_t number, struct bytes *out)
{
	return log_bundle(txn, number, out);
}

struct log_bundles log_bundles_of(struct db_txn *txn)
{
	return (struct log_bundles){read_bundle, txn};
}

enum error log_entry(struct db_txn *txn, uint64_t index, struct bytes *out)
{
	struct bytes bundle;
	TRY(log_bundle(txn, index / LOG_WIDTH, &bundle));
	/* By hand: a cursor would take most of the time of opening a record. */
	for (size_t at = 0, skip = index % LOG_WIDTH;; skip--) {
		size_t left = bundle.len - at;
		if (left == 0)
			return E_NOT_FOUND;
		size_t len = left < 2 ? left : get_u16(bundle.data + at);
		if (left < 2 + len)
			return E_CORRUPT;
		if (skip == 0) {
			*out = bytes_of(bundle.data + at + 2, len);
			return E_OK;
		}
		at += 2 + len;
	}
}

enum error log_read(struct db_txn *txn, uint64_t index, struct entry *out)
{
	struct bytes encoded;
	TRY(log_entry(txn, index, &encoded));
	return entry_decode(encoded, out);
}

enum error log_row(struct db_txn *txn, uint32_t row, uint64_t from, size_t count, struct hash *out)
{
	return hash_rows_get(txn, STORE_TILE, row, from, count, out);
}

/* Backwards from the end: an entry with a time of its own is never far. */
enum error log_time_before(struct db_txn *txn, uint64_t size, uint64_t *out)
{
	for (uint64_t index = size; index > 0; index--) {
		struct entry entry;
		TRY(log_read(txn, index - 1, &entry));
		if (entry_time(&entry, out))
			return E_OK;
	}
	return E_CORRUPT; /* the genesis entry has one */
}

enum error log_node(void *txn, uint32_t level, uint64_t index, struct hash *out)
{
	return hash_rows_node(txn, STORE_TILE, level, index, out);
}

enum error filing_node(void *txn, uint32_t level, uint64_t index, struct hash *out)
{
	return hash_rows_node(txn, STORE_FILING, level, index, out);
}
