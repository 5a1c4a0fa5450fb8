/* Postings: for every alias the log indexes of its events, in sealed chunks. Derived state, written at epochs.
 * spec/store.md
 *
 *   alias (32) || chunk (4) ─► sealed indexes (8 each), ascending, at most POSTING_INDEXES_MAX
 *
 * Behind an alias's last chunk are its subtrees, from number SUBTREE_FIRST on (subtrees.h), and the subject's head,
 * number POSTING_HEAD (head.h). */
#pragma once

#include "ledger/keystore/keystore.h"
#include "ledger/store/store.h"

#define POSTING_KEY_BYTES 36
#define POSTING_HEAD UINT32_MAX
#define SUBTREE_FIRST 0x80000000u
#define POSTING_PLAIN_MAX (8 * POSTING_INDEXES_MAX)

void posting_key(const struct alias *alias, uint32_t chunk, uint8_t out[POSTING_KEY_BYTES]);

/* A chunk, opened. */
struct posting_chunk {
	uint8_t key[POSTING_KEY_BYTES];
	size_t count;
	uint8_t plain[POSTING_PLAIN_MAX];
};

uint64_t posting_index(const struct posting_chunk *chunk, size_t i);
/* A subject's last one; an empty one, number 0, where there is none. E_CORRUPT, E_UNSEALED. */
enum error posting_newest(
	struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, struct posting_chunk *out) MUST_USE;
/* 8 bytes for each index and SEAL_OVERHEAD. */
void posting_seal(
	const struct posting_chunk *chunk, const struct seal_keys *keys, uint8_t out[POSTING_PLAIN_MAX + SEAL_OVERHEAD]);

/* The indexes of an alias below `before`, newest first, at most `max`. */
enum error posting_find(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, uint64_t before,
	uint64_t *out, size_t max, size_t *count) MUST_USE;

/* All indexes of chunk `number` of an alias. E_NOT_FOUND. */
enum error posting_chunk(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, uint32_t number,
	uint64_t out[POSTING_INDEXES_MAX], size_t *count) MUST_USE;

/* Visits all chunks in key order; `visit` ends the walk with an error. E_CORRUPT and E_UNSEALED for a chunk that is not
 * in order: alone, or behind the one before it, or that a look-up does not reach. */
typedef enum error posting_visitor(void *context, const struct alias *alias, const uint64_t *indexes, size_t count);
enum error posting_visit(
	struct db_txn *txn, const struct seal_keys *keys, posting_visitor *visit, void *context) MUST_USE;
