/* Where a key environment stands, and whether it is the one that a store was written with. spec/store.md
 *
 *   mark   serial (8)  ─► 16 random bytes, one for each write of new keys, kept for ever
 *   meta   "id", "serial", "next" */
#pragma once

#include "ledger/db/db.h"

/* Where an environment stands. The store writes it down with each commit (store.h): so a store tells whether an
 * environment is the one that it was written with, or an older copy of it, or an older copy that has gone another way
 * since. A newer one is the rule: keys are synced before the commit that needs them, which may then not happen. */
#define KEY_MARK_BYTES 16

struct key_position {
	uint8_t id[KEY_MARK_BYTES];
	uint64_t serial;
	uint8_t mark[KEY_MARK_BYTES]; /* of that serial; zero for 0 */
	uint64_t next;                /* key ids given out; for a person */
};

/* The tables and the row of an environment (keystore.c) that this reads and writes. */
enum key_table { KEY_META, KEY_MARK };
#define KEY_TABLE_META "meta"
#define KEY_TABLE_MARK "mark"
#define KEY_META_ID BYTES_LITERAL("id")
#define KEY_META_SERIAL BYTES_LITERAL("serial")
#define KEY_META_NEXT BYTES_LITERAL("next")

/* E_CORRUPT where there is none. */
enum error key_position_read(struct db_txn *txn, struct key_position *out) MUST_USE;
/* As keystore_check. */
enum error key_position_check(struct db_txn *txn, const struct key_position *committed, struct fault *fault) MUST_USE;
