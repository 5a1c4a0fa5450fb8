/* A root that is not there means two things: for one root E_NOT_FOUND, since trees have no more of them than full
 * chunks; for the first so many of a person E_CORRUPT, since the caller knows from the head that they must be there. */
#include "ledger/filed/subtrees.h"

#include "ledger/base/domain.h"

#include <string.h>

_Static_assert(SUBTREE_LEAVES == POSTING_INDEXES_MAX, "a subtree has the leaves of a posting chunk");

/* A row that is empty is never written, so one is damage. */
static enum error row_open(const struct seal_keys *keys, struct bytes key, struct bytes sealed,
	struct hash out[SUBTREES_IN_ROW], size_t *count)
{
	if (sealed.len < ROW_SEAL_OVERHEAD + HASH_BYTES || sealed.len > ROW_SEAL_OVERHEAD + SUBTREE_ROW_BYTES_MAX ||
		(sealed.len - ROW_SEAL_OVERHEAD) % HASH_BYTES != 0)
		return E_CORRUPT;
	*count = (sealed.len - ROW_SEAL_OVERHEAD) / HASH_BYTES;
	return unseal_row(&keys->filing, DOMAIN_SUBTREES, key, sealed, out->b);
}

enum error subtree_row(struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t row,
	struct hash out[SUBTREES_IN_ROW], size_t *count)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct bytes sealed;
	if (row >= POSTING_HEAD - SUBTREE_FIRST)
		return E_CORRUPT;
	posting_key(alias, (uint32_t)(SUBTREE_FIRST + row), key);
	TRY(runs_get(runs, RUN_SUBJECT, BYTES_ARRAY(key), &sealed));
	return row_open(keys, BYTES_ARRAY(key), sealed, out, count);
}

enum error subtree_get(
	struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t number, struct hash *out)
{
	struct hash roots[SUBTREES_IN_ROW];
	size_t count;
	TRY(subtree_row(runs, keys, alias, number / SUBTREES_IN_ROW, roots, &count));
	if (number % SUBTREES_IN_ROW >= count)
		return E_NOT_FOUND;
	*out = roots[number % SUBTREES_IN_ROW];
	return E_OK;
}

enum error subtrees_read(
	struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t count, struct hash *out)
{
	for (uint64_t done = 0; done < count; done += SUBTREES_IN_ROW) {
		struct hash roots[SUBTREES_IN_ROW];
		size_t there = 0;
		size_t wanted = count - done < SUBTREES_IN_ROW ? (size_t)(count - done) : SUBTREES_IN_ROW;
		TRY(db_must(subtree_row(runs, keys, alias, done / SUBTREES_IN_ROW, roots, &there)));
		if (there < wanted)
			return E_CORRUPT;
		memcpy(out + done, roots, wanted * sizeof *out);
	}
	return E_OK;
}

enum error subtrees_count(struct runs *runs, const struct seal_keys *keys, uint64_t *out)
{
	OWNED_RUNS_WALK walk;
	uint64_t total = 0;
	enum error error = runs_walk_begin(runs, RUN_SUBJECT, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		struct hash roots[SUBTREES_IN_ROW];
		size_t count;
		uint32_t number = get_u32(walk.key.data + 32);
		if (number < SUBTREE_FIRST || number == POSTING_HEAD)
			continue;
		TRY(row_open(keys, walk.key, walk.value, roots, &count));
		total += count;
	}
	*out = total;
	return error == E_NOT_FOUND ? E_OK : error;
}
