/* Roots of the complete parts of each subject tree, so that a proof about a few events of a person with very many does
 * not hash them all. Derived state, written at epochs with the head, in the table of postings. spec/store.md
 *
 *   alias (32) || SUBTREE_FIRST + N ─► sealed roots of leaves [256 i, 256 (i + 1)), i from 32 N on, at most 32
 *
 * Subtree i has the leaves of the alias's posting chunk i: there is one for each full chunk. */
#pragma once

#include "ledger/filed/posting.h"

#define SUBTREE_LEVEL 8u
#define SUBTREE_LEAVES (1u << SUBTREE_LEVEL)
#define SUBTREES_IN_ROW 32u
#define SUBTREE_ROW_BYTES_MAX (SUBTREES_IN_ROW * HASH_BYTES)

/* The roots in a row, opened; sealed with DOMAIN_SUBTREES under the row's key. E_NOT_FOUND, E_CORRUPT, E_UNSEALED. */
enum error subtree_row(struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t row,
	struct hash out[SUBTREES_IN_ROW], size_t *count) MUST_USE;

/* E_NOT_FOUND. */
enum error subtree_get(struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t number,
	struct hash *out) MUST_USE;
/* The first `count` roots of an alias. E_CORRUPT if there are not as many. */
enum error subtrees_read(struct runs *runs, const struct seal_keys *keys, const struct alias *alias, uint64_t count,
	struct hash *out) MUST_USE;
/* How many there are of all aliases. E_CORRUPT, E_UNSEALED for a row that is not in order. */
enum error subtrees_count(struct runs *runs, const struct seal_keys *keys, uint64_t *out) MUST_USE;
