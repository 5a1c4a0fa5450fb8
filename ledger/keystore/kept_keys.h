/* Record keys that were needed lately, kept so that a person's next event costs no look-up, no unwrapping and no
 * derivation. They lie in guarded memory and are wiped when they are let go; where the system lends less locked memory
 * than they take (RLIMIT_MEMLOCK), what is over it can be swapped, as anything else.
 *
 * The memory grows with the people that come, up to 75 MB; then somebody is forgotten for each that is new.
 * Belongs to one thread at a time. */
#pragma once

#include "ledger/keystore/keystore.h"

struct kept_keys;

enum error kept_keys_new(struct kept_keys **out) MUST_USE;
void kept_keys_free(struct kept_keys *kept);
OWN(kept_keys, kept_keys_free);

/* The newest key that was kept for this person and period. */
bool kept_keys_find(
	const struct kept_keys *kept, const struct alias *alias, struct period period, uint64_t *id, struct key *out);
void kept_keys_add(
	struct kept_keys *kept, const struct alias *alias, struct period period, uint64_t id, const struct key *record_key);
/* All of them: keys were taken out of the environment, and nothing may be sealed under those again. */
void kept_keys_forget(struct kept_keys *kept);
