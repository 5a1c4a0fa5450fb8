/* The keys' order finds things: an alias's newest chunk is the last row before its first subtree. A chunk is sealed
 * under its own key, so it does not open in another's place. What a look-up cannot see, a chunk that is missing in the
 * middle or a row that only a walk meets, the visit finds: it compares each chunk with the one before. */
#include "ledger/filed/posting.h"

#include "ledger/base/domain.h"

#include <string.h>

void posting_key(const struct alias *alias, uint32_t chunk, uint8_t out[POSTING_KEY_BYTES])
{
	memcpy(out, alias->b, 32);
	put_u32(out + 32, chunk);
}

/* The key is part of what the chunk was sealed with, so one that stands elsewhere does not open. */
static enum error chunk_open(
	const struct seal_keys *keys, struct bytes key, struct bytes value, struct posting_chunk *out)
{
	if (key.len != POSTING_KEY_BYTES || value.len < SEAL_OVERHEAD || value.len > SEAL_OVERHEAD + POSTING_PLAIN_MAX ||
		(value.len - SEAL_OVERHEAD) % 8 != 0)
		return E_CORRUPT;
	memcpy(out->key, key.data, POSTING_KEY_BYTES);
	out->count = (value.len - SEAL_OVERHEAD) / 8;
	return unseal_small(&keys->filing, DOMAIN_POSTING, key, value, out->plain);
}

void posting_seal(
	const struct posting_chunk *chunk, const struct seal_keys *keys, uint8_t out[POSTING_PLAIN_MAX + SEAL_OVERHEAD])
{
	seal_small(&keys->filing, DOMAIN_POSTING, BYTES_ARRAY(chunk->key), bytes_of(chunk->plain, 8 * chunk->count), out);
}

uint64_t posting_index(const struct posting_chunk *chunk, size_t i)
{
	return get_u64(chunk->plain + 8 * i);
}

/* Moves to the alias's last chunk. E_NOT_FOUND when it has none. */
static enum error walk_newest(struct db_walk *walk, const struct alias *alias)
{
	uint8_t last[POSTING_KEY_BYTES];
	posting_key(alias, SUBTREE_FIRST - 1, last);
	TRY(db_walk_upto(walk, BYTES_ARRAY(last)));
	if (walk->key.len != POSTING_KEY_BYTES)
		return E_CORRUPT;
	return memcmp(walk->key.data, alias->b, 32) == 0 ? E_OK : E_NOT_FOUND;
}

enum error posting_newest(
	struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, struct posting_chunk *out)
{
	OWNED_WALK walk = {0};
	TRY(db_walk_begin(txn, STORE_POSTING, &walk));
	enum error error = walk_newest(&walk, alias);
	if (error == E_NOT_FOUND) {
		posting_key(alias, 0, out->key);
		out->count = 0;
		return E_OK;
	}
	TRY(error);
	return chunk_open(keys, walk.key, walk.value, out);
}

/* Chunk by chunk, from the newest back. */
enum error posting_find(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, uint64_t before,
	uint64_t *out, size_t max, size_t *count)
{
	OWNED_WALK walk = {0};
	struct posting_chunk chunk;
	size_t found = 0;
	TRY(db_walk_begin(txn, STORE_POSTING, &walk));
	enum error error = walk_newest(&walk, alias);
	/* No row is read that is not needed: its page may be damaged. */
	for (; error == E_OK; error = found < max ? db_walk_previous(&walk) : E_NOT_FOUND) {
		if (walk.key.len != POSTING_KEY_BYTES || memcmp(walk.key.data, alias->b, 32) != 0)
			break;
		TRY(chunk_open(keys, walk.key, walk.value, &chunk));
		for (size_t i = chunk.count; i > 0 && found < max; i--)
			if (posting_index(&chunk, i - 1) < before)
				out[found++] = posting_index(&chunk, i - 1);
	}
	if (error != E_OK && error != E_NOT_FOUND)
		return error;
	*count = found;
	return E_OK;
}

enum error posting_chunk(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, uint32_t number,
	uint64_t out[POSTING_INDEXES_MAX], size_t *count)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct bytes value;
	struct posting_chunk chunk;
	if (number >= SUBTREE_FIRST)
		return E_NOT_FOUND;
	posting_key(alias, number, key);
	TRY(db_get(txn, STORE_POSTING, BYTES_ARRAY(key), &value));
	TRY(chunk_open(keys, BYTES_ARRAY(key), value, &chunk));
	for (size_t i = 0; i < chunk.count; i++)
		out[i] = posting_index(&chunk, i);
	*count = chunk.count;
	return E_OK;
}

/* A chunk follows the one before it if it is the next of the same alias, or the first of a higher one, and its
 * indexes go on rising. */
static bool chunk_follows(const struct posting_chunk *before, const struct posting_chunk *chunk)
{
	bool same = before->count > 0 && memcmp(before->key, chunk->key, 32) == 0;
	if (chunk->count == 0 || get_u32(chunk->key + 32) != (same ? get_u32(before->key + 32) + 1 : 0))
		return false;
	if (same && before->count != POSTING_INDEXES_MAX)
		return false;
	if (!same && before->count > 0 && memcmp(before->key, chunk->key, 32) > 0)
		return false;
	if (same && posting_index(chunk, 0) <= posting_index(before, before->count - 1))
		return false;
	for (size_t i = 1; i < chunk->count; i++)
		if (posting_index(chunk, i) <= posting_index(chunk, i - 1))
			return false;
	return true;
}

enum error posting_visit(struct db_txn *txn, const struct seal_keys *keys, posting_visitor *visit, void *context)
{
	OWNED_WALK walk = {0};
	struct posting_chunk chunks[2] = {{.count = 0}, {.count = 0}};
	uint64_t indexes[POSTING_INDEXES_MAX];
	struct alias alias;
	unsigned turn = 0;
	enum error error = db_walk_first(txn, STORE_POSTING, &walk);
	for (; error == E_OK; error = db_walk_next(&walk)) {
		struct posting_chunk *chunk = &chunks[turn];
		TRY(db_walk_check(&walk));
		if (walk.key.len == POSTING_KEY_BYTES && get_u32(walk.key.data + 32) >= SUBTREE_FIRST)
			continue;
		TRY(chunk_open(keys, walk.key, walk.value, chunk));
		if (!chunk_follows(&chunks[turn ^ 1], chunk))
			return E_CORRUPT;
		memcpy(alias.b, chunk->key, sizeof alias.b);
		for (size_t i = 0; i < chunk->count; i++)
			indexes[i] = posting_index(chunk, i);
		TRY(visit(context, &alias, indexes, chunk->count));
		turn ^= 1;
	}
	return error == E_NOT_FOUND ? E_OK : error;
}
