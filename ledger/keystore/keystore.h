/* The key environment: random subject keys and period keys, stored wrapped. spec/store.md
 *
 *   key      key id (8)              ─► alias (32) || wrapped key      appended as subjects are first met
 *   subject  alias (32) || key id (8) ─► nothing                        derived, merged at epochs
 *   period   month (2) || years (1)  ─► wrapped key
 *   mark     serial (8)              ─► 16 random bytes                one for each write of new keys, kept for ever
 *   meta     "id"                    ─► 16 random bytes, drawn when the environment was made
 *            "serial"                ─► number of the newest mark; 0: no key was written yet
 *            "next"                  ─► next free key id
 *            "merged"                ─► first key id that is not in `subject` yet
 *            "erased"                ─► how often keys were taken out; no row: never
 *
 * A new key is made by the thread that prepares (keymaker), travels inside the prepared batch, and is written and
 * synced by the writer before the store's commit that needs it. Two batches prepared at once may make two keys for one
 * subject: each record names its own. Mass events are sealed under the key of the all-zero alias. */
#pragma once

#include "ledger/keys/seal.h"
#include "ledger/keystore/key_position.h"

struct alias {
	uint8_t b[32];
};

/* BLAKE2b-256(domain || alias key || canonical subject id) */
void alias_make(const struct key *alias_key, struct bytes subject, struct alias *out);

struct keystore;

enum error keystore_open(
	const char *path, const struct key *wrapping, bool read_only, struct keystore **out, struct fault *fault) MUST_USE;
void keystore_close(struct keystore *keystore);
OWN(keystore, keystore_close);
struct db_env *keystore_env(struct keystore *keystore);
/* Where it stands, as of the last keystore_write that succeeded, or of the opening. Writer thread. */
const struct key_position *keystore_position(const struct keystore *keystore);
/* E_KEYS: it does not hold all that it held when it stood at `committed`, and the fault says what it is instead. */
enum error keystore_check(
	struct keystore *keystore, const struct key_position *committed, struct fault *fault) MUST_USE;

/* ---- reading, in a snapshot ---- */

/* The key of a subject's records in a period. */
struct record_key {
	bool known;
	uint64_t key_id;
	struct period period;
	struct key key;
};

#define RECORD_KEYS_KEPT_MAX (1u << 18)

struct key_snapshot {
	const struct keystore *keystore;
	struct db_txn txn;
	/* The record key that was made last of two of these keys (records.c): the records of one person in one month have
	 * the same, and are read one after the other. */
	struct record_key record;
	/* Instead of it, by key id, for who reads all records (key_snapshot_keep); NULL: no. */
	struct record_key *kept;
	uint64_t kept_mask;
	/* The last of these keys of a period: most records that are read one after the other are of one. */
	struct {
		bool known;
		struct period period;
		struct key key;
	} period;
	/* The last record that did not open was sealed under a period's key that is not there or does not open: so would
	 * be all of that month (records.c). */
	bool period_unreadable;
};

enum error key_snapshot_begin(struct keystore *keystore, struct key_snapshot *out) MUST_USE;
void key_snapshot_end(struct key_snapshot *snapshot);
/* Keeps record keys, in guarded memory until its end: one for each key id, at most RECORD_KEYS_KEPT_MAX (15 MB).
 * Without memory it goes on without. */
void key_snapshot_keep(struct key_snapshot *snapshot);
/* Where the record key of this id is kept, or would be. */
static inline struct record_key *key_snapshot_place(struct key_snapshot *snapshot, uint64_t key_id)
{
	return snapshot->kept != NULL ? &snapshot->kept[key_id & snapshot->kept_mask] : &snapshot->record;
}
/* The newest merged key of a subject. E_NOT_FOUND. */
enum error key_of_alias(
	struct key_snapshot *snapshot, const struct alias *alias, uint64_t *id, struct key *out) MUST_USE;
/* E_ERASED when there is no such key any more, E_NOT_FOUND when there never was: the id was not given out yet. */
enum error key_of_id(struct key_snapshot *snapshot, uint64_t id, struct alias *alias, struct key *out) MUST_USE;
enum error key_of_period(struct key_snapshot *snapshot, struct period period, struct key *out) MUST_USE;
