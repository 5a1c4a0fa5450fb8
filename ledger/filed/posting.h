/* Postings: for every alias the log indexes of its events. Each 256 of them are a sealed chunk, which never changes;
 * the rest stands in the head. Derived state, written at epochs. spec/store.md
 *
 *   alias (32) || chunk (4) ─► sealed indexes (8 each), ascending, POSTING_INDEXES_MAX of them
 *
 * Behind an alias's last chunk are its subtrees, from number SUBTREE_FIRST on (subtrees.h), and the subject's head,
 * number POSTING_HEAD (head.h). */
#pragma once

#include "ledger/filed/head.h"

#define POSTING_CHUNK_BYTES (8 * POSTING_INDEXES_MAX + ROW_SEAL_OVERHEAD)

/* What is stored under the key for a full chunk. E_NO_MEMORY. */
enum error posting_seal(const uint8_t key[POSTING_KEY_BYTES], const uint64_t indexes[POSTING_INDEXES_MAX],
	const struct seal_keys *keys, uint8_t out[POSTING_CHUNK_BYTES]) MUST_USE;

/* The indexes of an alias below `before`, newest first, at most `max`. */
enum error posting_find(struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t before,
	uint64_t *out, size_t max, size_t *count) MUST_USE;

/* Indexes 256 `number` and on of the subject whose head it is, at most 256. E_NOT_FOUND, E_CORRUPT, E_UNSEALED. */
enum error posting_chunk(struct runs *runs, const struct seal_keys *keys, const struct alias *alias,
	const struct head *head, uint64_t number, uint64_t out[POSTING_INDEXES_MAX], size_t *count) MUST_USE;

/* Visits all chunks in key order, and after those of a person the rest that stands in the head; `visit` ends the walk
 * with an error. E_CORRUPT and E_UNSEALED for a chunk that is not in order: alone, or behind the one before it, or that
 * a look-up does not reach. */
typedef enum error posting_visitor(void *context, const struct alias *alias, const uint64_t *indexes, size_t count);
enum error posting_visit(
	struct runs *runs, const struct seal_keys *keys, posting_visitor *visit, void *context) MUST_USE;
/* Only full chunks, with their numbers, and without a look at whether they follow one another: no head is opened. */
typedef enum error posting_full_visitor(
	void *context, const struct alias *alias, uint32_t number, const uint64_t indexes[POSTING_INDEXES_MAX]);
enum error posting_visit_full(
	struct runs *runs, const struct seal_keys *keys, posting_full_visitor *visit, void *context) MUST_USE;
