/* Any entry that might come next in a log: one that keeps the rules, or the same with one field changed, or one whose
 * turn it is not. From random(), so that a seed gives the same again. */
#pragma once

#include "ledger/log/log_rules.h"

#define ANY_KEYS_MAX 64

struct any_key {
	uint32_t sender;
	uint8_t public_key[32];
	uint8_t secret_key[64];
};

struct any_log {
	uint64_t readable; /* entries below this index can be read again by the rules' bundles */
	struct any_key keys[ANY_KEYS_MAX];
	size_t key_count;
	struct any_key fresh; /* of the sender entry that was made last */
};

/* The end of the log is as `rules` have it. True: it keeps every rule. */
bool any_entry(struct any_log *any, const struct log_rules *rules, struct entry *out);
/* It was appended. */
void any_entry_taken(struct any_log *any, const struct entry *entry);
