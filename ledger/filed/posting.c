/* The head says how many there are, so a chunk that is missing is damage and never an end. A chunk is sealed under its
 * own key, so it does not open in another's place. The visit compares each with the one before and with the head. */
#include "ledger/filed/posting.h"

#include "ledger/base/domain.h"

#include <string.h>

enum error posting_seal(const uint8_t key[POSTING_KEY_BYTES], const uint64_t indexes[POSTING_INDEXES_MAX],
	const struct seal_keys *keys, uint8_t out[POSTING_CHUNK_BYTES])
{
	uint8_t plain[8 * POSTING_INDEXES_MAX];
	for (size_t i = 0; i < POSTING_INDEXES_MAX; i++)
		put_u64(plain + 8 * i, indexes[i]);
	return seal_row(&keys->filing, DOMAIN_POSTING, bytes_of(key, POSTING_KEY_BYTES), BYTES_ARRAY(plain), out);
}

/* The key is part of what the chunk was sealed with, so one that stands elsewhere does not open. */
static enum error chunk_open(
	const struct seal_keys *keys, struct bytes key, struct bytes sealed, uint64_t out[POSTING_INDEXES_MAX])
{
	uint8_t plain[8 * POSTING_INDEXES_MAX];
	if (sealed.len != POSTING_CHUNK_BYTES)
		return E_CORRUPT;
	TRY(unseal_row(&keys->filing, DOMAIN_POSTING, key, sealed, plain));
	for (size_t i = 0; i < POSTING_INDEXES_MAX; i++) {
		out[i] = get_u64(plain + 8 * i);
		if (i > 0 && out[i] <= out[i - 1])
			return E_CORRUPT;
	}
	return E_OK;
}

enum error posting_chunk(struct runs *runs, const struct seal_keys *keys, const struct alias *alias,
	const struct head *head, uint64_t number, uint64_t out[POSTING_INDEXES_MAX], size_t *count)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct bytes sealed;
	uint64_t full = head->frontier.size / POSTING_INDEXES_MAX;
	if (number >= SUBTREE_FIRST || number > full)
		return E_NOT_FOUND;
	if (number == full) {
		*count = head_open_indexes(head);
		memcpy(out, head->indexes, *count * sizeof *out);
		return *count > 0 ? E_OK : E_NOT_FOUND;
	}
	*count = POSTING_INDEXES_MAX;
	posting_key(alias, (uint32_t)number, key);
	TRY(db_must(runs_get(runs, RUN_SUBJECT, BYTES_ARRAY(key), &sealed)));
	return chunk_open(keys, BYTES_ARRAY(key), sealed, out);
}

/* Chunk by chunk, from the newest back. No row is read that is not needed: it may be damaged. */
enum error posting_find(struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t before,
	uint64_t *out, size_t max, size_t *count)
{
	uint64_t indexes[POSTING_INDEXES_MAX];
	struct head head;
	size_t n;
	*count = 0;
	enum error error = head_get(runs, keys, alias, &head);
	if (error != E_OK)
		return error == E_NOT_FOUND ? E_OK : error;
	for (uint64_t chunk = head.frontier.size / POSTING_INDEXES_MAX + 1; chunk > 0 && *count < max; chunk--) {
		error = posting_chunk(runs, keys, alias, &head, chunk - 1, indexes, &n);
		if (error == E_NOT_FOUND) /* the last one is full */
			continue;
		TRY(error);
		for (size_t i = n; i > 0 && *count < max; i--)
			if (indexes[i - 1] < before)
				out[(*count)++] = indexes[i - 1];
	}
	return E_OK;
}

/* ---- visiting ---- */

/* A person's rows, as far as they were met. */
struct visited {
	struct alias alias;
	uint64_t chunks; /* 0: the next row is another person's */
	uint64_t newest;
};

static bool chunk_follows(const struct visited *visited, struct bytes key, uint64_t first)
{
	bool same = visited->chunks > 0 && memcmp(visited->alias.b, key.data, sizeof visited->alias.b) == 0;
	if (visited->chunks > 0 && !same)
		return false; /* the one before has no head */
	return get_u32(key.data + 32) == visited->chunks && (!same || first > visited->newest);
}

/* The head closes what came before it. */
static enum error visit_head(struct visited *visited, const struct seal_keys *keys, const struct runs_walk *walk,
	posting_visitor *visit, void *context)
{
	struct head head;
	struct alias alias;
	memcpy(alias.b, walk->key.data, sizeof alias.b);
	TRY(head_open(keys, walk->key, walk->value, &head));
	size_t left = head_open_indexes(&head);
	bool same = visited->chunks == 0 || memcmp(visited->alias.b, alias.b, sizeof alias.b) == 0;
	if (!same || head.frontier.size / POSTING_INDEXES_MAX != visited->chunks)
		return E_CORRUPT;
	if (visited->chunks > 0 && (left > 0 ? head.indexes[0] <= visited->newest : head.newest != visited->newest))
		return E_CORRUPT;
	visited->chunks = 0;
	return left > 0 ? visit(context, &alias, head.indexes, left) : E_OK;
}

static enum error visit_chunk(struct visited *visited, const struct seal_keys *keys, const struct runs_walk *walk,
	posting_visitor *visit, void *context)
{
	uint64_t indexes[POSTING_INDEXES_MAX];
	TRY(chunk_open(keys, walk->key, walk->value, indexes));
	if (!chunk_follows(visited, walk->key, indexes[0]))
		return E_CORRUPT;
	memcpy(visited->alias.b, walk->key.data, sizeof visited->alias.b);
	visited->newest = indexes[POSTING_INDEXES_MAX - 1];
	visited->chunks++;
	return visit(context, &visited->alias, indexes, POSTING_INDEXES_MAX);
}

enum error posting_visit(struct runs *runs, const struct seal_keys *keys, posting_visitor *visit, void *context)
{
	OWNED_RUNS_WALK walk;
	struct visited visited = {.chunks = 0};
	enum error error = runs_walk_begin(runs, RUN_SUBJECT, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		uint32_t number = get_u32(walk.key.data + 32);
		if (number == POSTING_HEAD)
			TRY(visit_head(&visited, keys, &walk, visit, context));
		else if (number < SUBTREE_FIRST)
			TRY(visit_chunk(&visited, keys, &walk, visit, context));
	}
	if (error == E_NOT_FOUND)
		return visited.chunks == 0 ? E_OK : E_CORRUPT;
	return error;
}

enum error posting_visit_full(
	struct runs *runs, const struct seal_keys *keys, posting_full_visitor *visit, void *context)
{
	OWNED_RUNS_WALK walk;
	enum error error = runs_walk_begin(runs, RUN_SUBJECT, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		struct alias alias;
		uint64_t indexes[POSTING_INDEXES_MAX];
		uint32_t number = get_u32(walk.key.data + sizeof alias.b);
		if (number >= SUBTREE_FIRST)
			continue;
		TRY(chunk_open(keys, walk.key, walk.value, indexes));
		memcpy(alias.b, walk.key.data, sizeof alias.b);
		TRY(visit(context, &alias, number, indexes));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}
