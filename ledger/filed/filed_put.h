/* Rows into the tables by person, each in a write transaction. A program that only reads does not have this file
 * (tests/linkage.py). */
#pragma once

#include "ledger/filed/aliases.h"
#include "ledger/filed/run_put.h"
#include "ledger/filed/subtrees.h"

/* ---- alias packs ---- */

/* `position`: event entries in the log before this batch that are not lost, which is the place of its first event in
 * the filing tree. */
void aliases_put(struct db_txn *txn, uint64_t first_index, uint64_t position, struct bytes sealed);
/* The same for a pack that is there, or not, and was found damaged. */
void aliases_replace(struct db_txn *txn, uint64_t first_index, uint64_t position, struct bytes sealed);
/* Gives the pack another position. E_NOT_FOUND, E_CORRUPT. */
enum error aliases_move(struct db_txn *txn, uint64_t first_index, uint64_t position) MUST_USE;

/* ---- what epochs write: a subject's rows, in this order; its head was read, or is a new one ---- */

/* Adds an index, above the head's newest: a chunk that fills up becomes a row. Its leaf is added to the head's tree
 * after it and before the next. */
enum error posting_add(struct run_writer *writer, const struct seal_keys *keys, const struct alias *alias,
	struct head *head, uint64_t index) MUST_USE;
/* Adds the roots of subtrees `first` and on, which must be the next ones: E_CORRUPT. `runs`: what was there before. */
enum error subtrees_add(struct run_writer *writer, struct runs *runs, const struct seal_keys *keys,
	const struct alias *alias, uint64_t first, const struct hash *roots, size_t count) MUST_USE;
/* The head's row: HEAD_ROW_BYTES_MAX of room. E_NO_ROOM: it holds what no head can; E_NO_MEMORY. */
enum error head_seal(const struct seal_keys *keys, const struct alias *alias, const struct head *head, uint8_t *out,
	size_t *len) MUST_USE;
enum error head_put_row(struct run_writer *writer, const struct alias *alias, struct bytes row) MUST_USE;
/* Both at once. */
enum error head_put(struct run_writer *writer, const struct seal_keys *keys, const struct alias *alias,
	const struct head *head) MUST_USE;
