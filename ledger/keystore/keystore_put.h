/* Writing the key environment: on the writer's thread, and where a ledger is made. A program that only reads does not
 * have this file (tests/linkage.py). */
#pragma once

#include "ledger/keystore/keystore.h"

/* Makes one, with a fresh id, and opens it. */
enum error keystore_create(
	const char *path, const struct key *wrapping, struct keystore **out, struct fault *fault) MUST_USE;
/* Where the environment at `path` stands; where there is none an empty one is made, whole or not at all (beside.h).
 * For a ledger of which no sealed record is left. */
enum error keystore_make(const char *path, struct key_position *out, struct fault *fault) MUST_USE;

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

/* ---- keymaker.c: making keys, on the preparing thread; what is new travels in the prepared batch ---- */

/* A new key as it travels in a prepared batch: tag (1) || key id or period || alias or nothing || wrapped key. */
#define NEW_SUBJECT_KEY_BYTES (1 + 8 + 32 + WRAPPED_KEY_BYTES)
#define NEW_PERIOD_KEY_BYTES (1 + 3 + WRAPPED_KEY_BYTES)

struct keymaker;

enum error keymaker_open(struct keystore *keystore, struct keymaker **out, struct fault *fault) MUST_USE;
void keymaker_close(struct keymaker *maker);
OWN(keymaker, keymaker_close);
/* Before a batch: takes a fresh snapshot and forgets what has been merged. */
enum error keymaker_begin(struct keymaker *maker) MUST_USE;
void keymaker_end(struct keymaker *maker);
/* How often keys were taken out of the environment (row "erased"), as keymaker_begin saw it: who keeps keys that came
 * from here forgets them when it changes. */
uint64_t keymaker_erased(const struct keymaker *maker);
/* The key to seal under; made, and appended to `new_keys`, if there is none. */
enum error keymaker_subject(
	struct keymaker *maker, const struct alias *alias, struct writer *new_keys, uint64_t *id, struct key *out) MUST_USE;
enum error keymaker_period(
	struct keymaker *maker, struct period period, struct writer *new_keys, struct key *out) MUST_USE;
