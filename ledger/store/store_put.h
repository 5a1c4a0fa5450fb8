/* Rows into the store (layouts: store.h), each in a write transaction whose first error sticks. A program that only
 * reads does not have this file (tests/linkage.py). */
#pragma once

#include "ledger/entry/sender.h"
#include "ledger/store/key_files.h"

/* Makes a store, empty but for its format, and opens it. */
enum error store_make(const char *path, struct db_env **out, struct fault *fault) MUST_USE;

void store_state_put(struct db_txn *txn, const struct store_state *state);
void store_keys_put(struct db_txn *txn, const struct key_position *position);
void store_checkpoint_put(struct db_txn *txn, struct bytes note);
/* A sender's batch: where its events stand in the log. */
void store_batch_put(
	struct db_txn *txn, uint32_t sender, uint64_t first_sequence, uint64_t first_index, uint32_t count);
/* The entry at `index` is about this sender. */
void store_change_put(struct db_txn *txn, uint32_t sender, uint64_t index);
void store_filing_put(struct db_txn *txn, const struct store_filing *filing);
void store_losses_put(struct db_txn *txn, const struct losses *losses);
void store_sender_put(struct db_txn *txn, const struct sender *sender);
/* Into the row, if there is none: with a commit. */
void key_files_note(struct db_txn *txn, const struct secrets *secrets);
