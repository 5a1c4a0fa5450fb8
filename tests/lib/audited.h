/* What the tests of the audit share: a ledger of known shape, ways to damage it, and what the audit says of it. */
#pragma once

#include "tests/lib/fixture.h"

extern struct fixture f;

/* Of `f.dir`. */
struct audit_result audit(bool records);
void assert_holds(bool records);
/* At this index, for a reason that has these words. */
void assert_fails(const struct audit_result *result, uint64_t index, const char *reason);

/* 3 + 40 * (8 + 1) = 363 entries: genesis and sender, then batches of 8, of which the fifth one is a mass batch; an
 * epoch entry after batch 20, so that half of them are filed. */
#define BATCHES 40
#define BATCH_EVENTS 8
#define ENTRIES (3 + BATCHES * (BATCH_EVENTS + 1))

/* Of its first event. */
uint64_t batch_index(uint64_t batch);
/* Closed again. */
void make_ledger(void);

extern struct db_env *store;
extern struct db_txn txn;

/* Opens the store of the closed ledger with `txn`, to write; and commits and closes it. */
void store_begin(void);
void store_end(void);
/* Flips one bit of a row, or of what its bytes from `at` on are. */
void flip(enum store_table table, struct bytes key, size_t at, unsigned bit);
/* Keys of rows, until the next one. */
struct bytes key_u64(uint64_t number);
struct bytes key_tile(uint8_t row, uint64_t number);
/* The place of an entry in its bundle. */
size_t entry_offset(uint64_t index);
/* A row goes, or becomes another. */
void drop(enum store_table table, struct bytes key);
void change(enum store_table table, struct bytes key, struct bytes row);
/* To be freed with secrets_free. */
struct secrets *load_secrets(void);
/* Replaces a file of the ledger's directory. */
void write_file(const char *name, struct bytes content);
void sign_checkpoint(const struct checkpoint *checkpoint, const uint8_t secret_key[64], struct writer *out);
