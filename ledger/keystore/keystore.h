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

/* BLAKE2b-256(key = alias key, canonical subject id) */
void alias_make(const struct key *alias_key, struct bytes subject, struct alias *out);

struct keystore;

enum error keystore_open(const char *path, const struct key *wrapping, bool read_only, bool create,
	struct keystore **out, struct fault *fault) MUST_USE;
/* Where the environment at `path` stands; where there is none an empty one is made, whole or not at all (beside.h).
 * For a ledger of which no sealed record is left. */
enum error keystore_make(const char *path, struct key_position *out, struct fault *fault) MUST_USE;
void keystore_close(struct keystore *keystore);
struct db_env *keystore_env(struct keystore *keystore);
/* Where it stands, as of the last keystore_write that succeeded, or of the opening. Writer thread. */
const struct key_position *keystore_position(const struct keystore *keystore);
/* E_KEYS: it does not hold all that it held when it stood at `committed`, and the fault says what it is instead. */
enum error keystore_check(
	struct keystore *keystore, const struct key_position *committed, struct fault *fault) MUST_USE;

/* ---- reading, in a snapshot ---- */

struct key_snapshot {
	const struct keystore *keystore;
	struct db_txn txn;
	/* The last record key that was made of two of these keys (records.c): the records of one person in one month have
	 * the same, and are read one after the other. */
	struct {
		bool known;
		uint64_t key_id;
		struct period period;
		struct key key;
	} record;
	/* The last record that did not open was sealed under a period's key that is not there or does not open: so would
	 * be all of that month (records.c). */
	bool period_unreadable;
};

enum error key_snapshot_begin(struct keystore *keystore, struct key_snapshot *out) MUST_USE;
void key_snapshot_end(struct key_snapshot *snapshot);
/* The newest merged key of a subject. E_NOT_FOUND. */
enum error key_of_alias(
	struct key_snapshot *snapshot, const struct alias *alias, uint64_t *id, struct key *out) MUST_USE;
/* E_ERASED when there is no such key any more, E_NOT_FOUND when there never was: the id was not given out yet. */
enum error key_of_id(struct key_snapshot *snapshot, uint64_t id, struct alias *alias, struct key *out) MUST_USE;
enum error key_of_period(struct key_snapshot *snapshot, struct period period, struct key *out) MUST_USE;

/* ---- making keys, on the preparing thread ---- */

/* A new key as it travels in a prepared batch: tag (1) || key id or period || alias or nothing || wrapped key. */
#define NEW_SUBJECT_KEY_BYTES (1 + 8 + 32 + WRAPPED_KEY_BYTES)
#define NEW_PERIOD_KEY_BYTES (1 + 3 + WRAPPED_KEY_BYTES)

struct keymaker;

enum error keymaker_open(struct keystore *keystore, struct keymaker **out, struct fault *fault) MUST_USE;
void keymaker_close(struct keymaker *maker);
/* Before a batch: takes a fresh snapshot and forgets what has been merged. */
enum error keymaker_begin(struct keymaker *maker) MUST_USE;
void keymaker_end(struct keymaker *maker);
/* The key to seal under; made, and appended to `new_keys`, if there is none. */
enum error keymaker_subject(
	struct keymaker *maker, const struct alias *alias, struct writer *new_keys, uint64_t *id, struct key *out) MUST_USE;
enum error keymaker_period(
	struct keymaker *maker, struct period period, struct writer *new_keys, struct key *out) MUST_USE;

/* ---- writing, on the writer thread ---- */

/* Writes new keys (any number, as they travelled) and syncs. Writing the same again changes nothing. */
enum error keystore_write(struct keystore *keystore, struct bytes new_keys) MUST_USE;
/* The ids that are to be merged: [from, to). */
enum error keystore_unmerged(struct keystore *keystore, uint64_t *from, uint64_t *to) MUST_USE;
/* Visits (id, alias) of ids in [from, to). */
enum error keystore_visit(struct keystore *keystore, uint64_t from, uint64_t to,
	enum error (*visit)(void *context, uint64_t id, const struct alias *alias), void *context) MUST_USE;

struct key_filing {
	struct alias alias;
	uint64_t id;
};
/* Makes ids findable by alias (sorted input is fast; rows that are there already do not change). With
 * `merged` not 0 the merge is complete up to that id. */
enum error keystore_merge(
	struct keystore *keystore, const struct key_filing *filings, size_t count, uint64_t merged) MUST_USE;
