/* A person's rows grow at their end: the newest chunk, or row of subtrees, is opened, added to and sealed again under
 * its own key, with a fresh nonce. Indexes that are there already are passed over, because an epoch that was given up
 * is done again; a subtree that is not the next one is E_CORRUPT, since a root is found by its number alone. */
#include "ledger/filed/filed_put.h"

#include "ledger/base/domain.h"
#include "ledger/db/db_put.h"
#include "ledger/filed/posting.h"

#include <sodium.h>
#include <string.h>

/* ---- alias packs ---- */

void aliases_put(struct db_txn *txn, uint64_t first_index, uint64_t position, struct bytes sealed)
{
	uint8_t *place = db_append_place(txn, STORE_ALIAS, DB_KEY(first_index), ALIAS_POSITION_BYTES + sealed.len);
	if (place == NULL)
		return;
	put_u64(place, position);
	memcpy(place + ALIAS_POSITION_BYTES, sealed.data, sealed.len);
}

void aliases_replace(struct db_txn *txn, uint64_t first_index, uint64_t position, struct bytes sealed)
{
	uint8_t value[ALIAS_ROW_BYTES_MAX];
	put_u64(value, position);
	memcpy(value + ALIAS_POSITION_BYTES, sealed.data, sealed.len);
	db_put(txn, STORE_ALIAS, DB_KEY(first_index), bytes_of(value, ALIAS_POSITION_BYTES + sealed.len));
}

/* Without opening it: the position is not sealed. */
enum error aliases_move(struct db_txn *txn, uint64_t first_index, uint64_t position)
{
	uint8_t moved[ALIAS_ROW_BYTES_MAX];
	struct bytes value;
	TRY(db_get(txn, STORE_ALIAS, DB_KEY(first_index), &value));
	if (value.len < ALIAS_POSITION_BYTES || value.len > sizeof moved)
		return E_CORRUPT;
	memcpy(moved, value.data, value.len);
	put_u64(moved, position);
	db_put(txn, STORE_ALIAS, DB_KEY(first_index), bytes_of(moved, value.len));
	return txn->error;
}

/* ---- postings ---- */

static void chunk_put(struct db_txn *txn, const struct seal_keys *keys, const struct posting_chunk *chunk)
{
	uint8_t sealed[POSTING_PLAIN_MAX + SEAL_OVERHEAD];
	posting_seal(chunk, keys, sealed);
	db_put(txn, STORE_POSTING, BYTES_ARRAY(chunk->key), bytes_of(sealed, 8 * chunk->count + SEAL_OVERHEAD));
}

/* The newest chunk is filled up first; so all but the last are full, which is what subtrees rest on. */
enum error posting_add(
	struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, const uint64_t *indexes, size_t count)
{
	struct posting_chunk chunk;
	TRY(posting_newest(txn, keys, alias, &chunk));
	size_t i = 0;
	if (chunk.count > 0)
		while (i < count && indexes[i] <= posting_index(&chunk, chunk.count - 1))
			i++;
	if (i == count)
		return E_OK;
	for (; i < count; i++) {
		if (chunk.count == POSTING_INDEXES_MAX) {
			chunk_put(txn, keys, &chunk);
			posting_key(alias, get_u32(chunk.key + 32) + 1, chunk.key);
			chunk.count = 0;
		}
		put_u64(chunk.plain + 8 * chunk.count++, indexes[i]);
	}
	chunk_put(txn, keys, &chunk);
	return txn->error;
}

/* ---- subtrees and heads ---- */

enum error subtree_add(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, uint64_t number,
	const struct hash *root)
{
	uint8_t key[POSTING_KEY_BYTES], sealed[SUBTREE_ROW_BYTES_MAX + SEAL_OVERHEAD];
	struct hash roots[SUBTREES_IN_ROW];
	size_t count = 0;
	uint64_t row = number / SUBTREES_IN_ROW;
	enum error error = subtree_row(txn, keys, alias, row, roots, &count);
	if (error != E_OK && error != E_NOT_FOUND)
		return error;
	if (count != number % SUBTREES_IN_ROW)
		return E_CORRUPT;
	roots[count++] = *root;
	posting_key(alias, (uint32_t)(SUBTREE_FIRST + row), key);
	seal_small(&keys->filing, DOMAIN_SUBTREES, BYTES_ARRAY(key), bytes_of(roots->b, count * HASH_BYTES), sealed);
	db_put(txn, STORE_POSTING, BYTES_ARRAY(key), bytes_of(sealed, count * HASH_BYTES + SEAL_OVERHEAD));
	return txn->error;
}

/* The frontier in it may be large; it is sealed as it is, and the plain text is wiped. */
void head_put(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, const struct head *head)
{
	uint8_t key[POSTING_KEY_BYTES], plain[HEAD_BYTES_MAX], sealed[HEAD_BYTES_MAX + SEAL_OVERHEAD];
	struct bytes encoded = BYTES_EMPTY;
	struct writer w = writer_of(plain, sizeof plain);
	posting_key(alias, POSTING_HEAD, key);
	head_encode(head, &w);
	struct writer row = writer_of(sealed, sizeof sealed);
	row.error = writer_done(&w, &encoded);
	if (writer_skip(&row, encoded.len + SEAL_OVERHEAD) != NULL)
		seal_small(&keys->filing, DOMAIN_HEAD, BYTES_ARRAY(key), encoded, sealed);
	db_put_writer(txn, STORE_POSTING, BYTES_ARRAY(key), &row);
	sodium_memzero(plain, sizeof plain);
}
