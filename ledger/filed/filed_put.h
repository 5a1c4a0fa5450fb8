/* Rows into the tables by person, each in a write transaction. A program that only reads does not have this file
 * (tests/linkage.py). */
#pragma once

#include "ledger/filed/aliases.h"
#include "ledger/filed/head.h"
#include "ledger/filed/subtrees.h"

/* ---- alias packs ---- */

/* `position`: event entries in the log before this batch that are not lost, which is the place of its first event in
 * the filing tree. */
void aliases_put(struct db_txn *txn, uint64_t first_index, uint64_t position, struct bytes sealed);
/* The same for a pack that is there, or not, and was found damaged. */
void aliases_replace(struct db_txn *txn, uint64_t first_index, uint64_t position, struct bytes sealed);
/* Gives the pack another position. E_NOT_FOUND, E_CORRUPT. */
enum error aliases_move(struct db_txn *txn, uint64_t first_index, uint64_t position) MUST_USE;

/* ---- what epochs write ---- */

/* Adds indexes (ascending) to an alias. Those not above its newest are there already and change nothing, so that an
 * interrupted epoch can simply be done again. */
enum error posting_add(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias,
	const uint64_t *indexes, size_t count) MUST_USE;
/* Adds the root of subtree `number`, which must be the next one: E_CORRUPT. */
enum error subtree_add(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, uint64_t number,
	const struct hash *root) MUST_USE;
void head_put(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, const struct head *head);
