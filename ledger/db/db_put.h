/* Rows into an environment, in a write transaction; the first error is the transaction's. A program that only reads
 * does not have this file (tests/linkage.py). */
#pragma once

#include "ledger/db/db.h"

void db_put_number(struct db_txn *txn, unsigned table, struct bytes key, uint64_t number);
void db_put(struct db_txn *txn, unsigned table, struct bytes key, struct bytes value);
/* What was written so far; an error of the writer becomes the transaction's, so that nothing is half stored. */
void db_put_writer(struct db_txn *txn, unsigned table, struct bytes key, const struct writer *writer);
/* The key must sort after all others of the table. */
void db_append(struct db_txn *txn, unsigned table, struct bytes key, struct bytes value);
/* Like db_append, for a value of `len` bytes that the caller fills in at once; NULL after an error. */
uint8_t *db_append_place(struct db_txn *txn, unsigned table, struct bytes key, size_t len);
void db_delete(struct db_txn *txn, unsigned table, struct bytes key);
/* Deletes all rows. */
void db_clear(struct db_txn *txn, unsigned table);
