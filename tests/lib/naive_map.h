/* The subject map by its definition, recursively, over a plain array: what the real ones are compared with. */
#pragma once

#include "ledger/base/hash.h"

struct naive_item {
	uint8_t key[32];
	struct hash value;
};

unsigned naive_bit(const uint8_t key[32], unsigned bit);
/* Keys are different from each other. The order of the items changes. */
struct hash naive_root(struct naive_item *items, size_t count);
/* The walk for a key: the item where it ends, and the proof's steps, from the leaf up, appended to `out`. The map is
 * not empty. */
struct naive_item naive_walk(struct naive_item *items, size_t count, const uint8_t key[32], struct writer *out);
