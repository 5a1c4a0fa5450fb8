/* A person's rows grow at their end: what fills a chunk becomes a row that never changes, the rest stays in the head,
 * which is sealed again with a fresh nonce, and so is the newest row of subtrees. A subtree that is not the next one is
 * E_CORRUPT, since a root is found by its number alone. */
#include "ledger/filed/filed_put.h"

#include "ledger/base/domain.h"
#include "ledger/db/db_put.h"

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

enum error posting_add(struct run_writer *writer, const struct seal_keys *keys, const struct alias *alias,
	struct head *head, uint64_t index)
{
	uint8_t key[POSTING_KEY_BYTES], sealed[POSTING_CHUNK_BYTES];
	uint64_t chunk = head->frontier.size / POSTING_INDEXES_MAX;
	size_t open = head_open_indexes(head);
	head->indexes[open] = index;
	if (open + 1 < POSTING_INDEXES_MAX)
		return E_OK;
	if (chunk >= SUBTREE_FIRST)
		return E_TOO_LONG;
	posting_key(alias, (uint32_t)chunk, key);
	TRY(posting_seal(key, head->indexes, keys, sealed));
	return run_writer_put(writer, RUN_SUBJECT, BYTES_ARRAY(key), BYTES_ARRAY(sealed));
}

/* ---- subtrees and heads ---- */

/* One row: what is in it already, and behind it as many as it takes. */
static enum error add_to_row(struct run_writer *writer, struct runs *runs, const struct seal_keys *keys,
	const struct alias *alias, uint64_t first, const struct hash *roots, size_t count)
{
	uint8_t key[POSTING_KEY_BYTES], sealed[SUBTREE_ROW_BYTES_MAX + ROW_SEAL_OVERHEAD];
	struct hash row[SUBTREES_IN_ROW];
	uint64_t number = first / SUBTREES_IN_ROW;
	size_t there = 0;
	if (first % SUBTREES_IN_ROW > 0)
		TRY(db_must(subtree_row(runs, keys, alias, number, row, &there)));
	if (there != first % SUBTREES_IN_ROW)
		return E_CORRUPT;
	memcpy(row + there, roots, count * sizeof *roots);
	posting_key(alias, (uint32_t)(SUBTREE_FIRST + number), key);
	struct bytes plain = bytes_of(row->b, (there + count) * HASH_BYTES);
	TRY(seal_row(&keys->filing, DOMAIN_SUBTREES, BYTES_ARRAY(key), plain, sealed));
	return run_writer_put(writer, RUN_SUBJECT, BYTES_ARRAY(key), bytes_of(sealed, plain.len + ROW_SEAL_OVERHEAD));
}

enum error subtrees_add(struct run_writer *writer, struct runs *runs, const struct seal_keys *keys,
	const struct alias *alias, uint64_t first, const struct hash *roots, size_t count)
{
	for (size_t done = 0; done < count;) {
		size_t room = SUBTREES_IN_ROW - (first + done) % SUBTREES_IN_ROW;
		size_t n = count - done < room ? count - done : room;
		TRY(add_to_row(writer, runs, keys, alias, first + done, roots + done, n));
		done += n;
	}
	return E_OK;
}

/* The frontier in it may be large; it is sealed as it is, and the plain text is wiped. */
enum error head_seal(
	const struct seal_keys *keys, const struct alias *alias, const struct head *head, uint8_t *out, size_t *len)
{
	uint8_t key[POSTING_KEY_BYTES], plain[HEAD_BYTES_MAX];
	struct bytes encoded = BYTES_EMPTY;
	struct writer w = writer_of(plain, sizeof plain);
	posting_key(alias, POSTING_HEAD, key);
	head_encode(head, &w);
	TRY(writer_done(&w, &encoded));
	enum error error = seal_row(&keys->filing, DOMAIN_HEAD, BYTES_ARRAY(key), encoded, out);
	sodium_memzero(plain, encoded.len);
	*len = encoded.len + ROW_SEAL_OVERHEAD;
	return error;
}

enum error head_put_row(struct run_writer *writer, const struct alias *alias, struct bytes row)
{
	uint8_t key[POSTING_KEY_BYTES];
	posting_key(alias, POSTING_HEAD, key);
	return run_writer_put(writer, RUN_SUBJECT, BYTES_ARRAY(key), row);
}

enum error head_put(
	struct run_writer *writer, const struct seal_keys *keys, const struct alias *alias, const struct head *head)
{
	uint8_t row[HEAD_ROW_BYTES_MAX];
	size_t len;
	TRY(head_seal(keys, alias, head, row, &len));
	return head_put_row(writer, alias, bytes_of(row, len));
}
