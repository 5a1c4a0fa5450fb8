/* The store environment: its tables and the few rows that say where the ledger stands. spec/store.md
 *
 * Written on the append path, in key order (nothing random per event):
 *   bundle  N (8)                         ─► 256 entries, each with a 16-bit length (C2SP entry bundle)
 *   tile    row (1) || N (8)              ─► 255 hashes; row r holds roots of 16^r leaves, even rows are C2SP tiles
 *           128 + row (1) || N (8)        ─► the 256th (db/hash_rows.h)
 *   record  log index (8)                 ─► sealed record of an event or mass entry
 *   alias   log index of a batch (8)      ─► place in the filing tree (8) || sealed pack of its events' aliases
 *   sender  sender id (4)                 ─► registration and position
 *   change  sender id (4) || log index of a sender entry (8) ─► nothing
 *   batch   sender id (4) || first sequence (8) ─► first index (8) || count (4)
 *   meta    "format", "state", "checkpoint", "keys", "secrets", "filing", "lost"
 *   evidence  sender id (4) || first sequence (8) ─► a second signed batch for a used sequence
 * Derived, written at epochs, rebuildable from the rest, with the runs that the row "filing" names (filed/run.h):
 *   filing  as in `tile`                  ─► hashes of the filing tree */
#pragma once

#include "ledger/keystore/keystore.h"
#include "ledger/log/losses.h"
#include "ledger/tree/merkle.h"

enum store_table {
	STORE_META,
	STORE_BUNDLE,
	STORE_TILE,
	STORE_RECORD,
	STORE_ALIAS,
	STORE_SENDER,
	STORE_CHANGE,
	STORE_BATCH,
	STORE_EVIDENCE,
	STORE_FILING,
	STORE_TABLES,
};
extern const char *const store_tables[STORE_TABLES];

/* The rows of `meta` that this file knows. */
#define STORE_ROW_FORMAT BYTES_LITERAL("format")
#define STORE_ROW_STATE BYTES_LITERAL("state")
#define STORE_ROW_CHECKPOINT BYTES_LITERAL("checkpoint")
#define STORE_ROW_KEYS BYTES_LITERAL("keys")
#define STORE_ROW_FILING BYTES_LITERAL("filing")
#define STORE_ROW_LOST BYTES_LITERAL("lost")

#define STORE_FORMAT 10

/* E_FORMAT when the store was made by a version with another format. */
enum error store_open(const char *path, bool read_only, struct db_env **out, struct fault *fault) MUST_USE;

/* Where the log stands after the last tick. */
struct store_state {
	uint64_t time_s;        /* ledger time of the newest entry */
	uint64_t events;        /* event and mass entries so far */
	uint64_t filing_leaves; /* event entries so far that are not lost: leaves that the filing tree has or will have */
	struct merkle_frontier frontier;
};

#define STORE_STATE_BYTES_MAX (4 * 8 + 64 * HASH_BYTES)
void store_state_encode(const struct store_state *state, struct writer *out);
enum error store_state_get(struct db_txn *txn, struct store_state *out) MUST_USE;

/* The signed checkpoint of the last tick, borrowed. */
enum error store_checkpoint_get(struct db_txn *txn, struct bytes *note) MUST_USE;

#define STORE_KEYS_BYTES (3 * KEY_MARK_BYTES + 16)
void store_keys_encode(const struct key_position *position, struct writer *out);
/* Where the key environment stood when the last tick was committed: with each state. */
enum error store_keys_get(struct db_txn *txn, struct key_position *out) MUST_USE;

/* Where a sender's batch stands. */
struct store_batch {
	uint64_t first_sequence;
	uint64_t first_index; /* of its events in the log; the batch entry stands behind them */
	uint32_t count;
};

#define STORE_BATCH_BYTES 12
void store_batch_encode(const struct store_batch *batch, uint8_t out[STORE_BATCH_BYTES]);
/* The sender's newest batch that begins at or before `sequence`: its last one, or the one that holds it. E_NOT_FOUND.
 */
enum error store_batch_get(struct db_txn *txn, uint32_t sender, uint64_t sequence, struct store_batch *out) MUST_USE;

/* A file of rows that an epoch has written (filed/run.h), and what it must be. */
struct run_name {
	uint64_t number; /* of the file; a newer run's is higher */
	uint64_t blocks; /* bytes of them */
	uint64_t index;  /* bytes of it, behind them */
	uint64_t check;  /* of the index */
};

#define RUNS_MAX 32

/* The newest finished epoch. All zero before the first one. */
struct store_filing {
	uint64_t filed;                /* entries with index < filed are covered */
	uint64_t epoch_index;          /* of the epoch entry; 0: there is none yet */
	struct merkle_frontier leaves; /* of the filing tree */
	uint32_t run_count;
	struct run_name runs[RUNS_MAX]; /* the oldest first */
};

#define STORE_FILING_BYTES_MAX (3 * 8 + 64 * HASH_BYTES + 4 + RUNS_MAX * 32)
void store_filing_encode(const struct store_filing *filing, struct writer *out);
enum error store_filing_get(struct db_txn *txn, struct store_filing *out) MUST_USE;

/* What is lost. A range whose entry would stand at the end of the log has none yet: it is the next one to be appended.
 */
enum error store_losses_get(struct db_txn *txn, struct losses *out) MUST_USE;
