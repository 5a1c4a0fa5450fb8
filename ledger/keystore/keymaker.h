/* Making keys, on the preparing thread: what is new travels in the prepared batch, and the writer puts it
 * (keystore_put.h). */
#pragma once

#include "ledger/keystore/keystore.h"

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
