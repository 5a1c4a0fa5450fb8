/* The same leaf has another hash in each of the two trees, because its blind comes from another key: who is shown a
 * leaf of one does not know it again in the other. The count goes into the map beside the root, so that a tree which
 * was cut to a complete subtree has another value. */
#include "ledger/tree/subject_tree.h"

#include "ledger/base/domain.h"
#include "ledger/tree/merkle.h"

#define LEAF_BYTES (HASH_BYTES + 8 + HASH_BYTES)

void blinding_keys_derive(const struct key *vrf_secret, struct blinding_keys *out)
{
	key_derive(vrf_secret, DOMAIN_BLINDING_KEY, BYTES_LITERAL("subject"), &out->subject);
	key_derive(vrf_secret, DOMAIN_BLINDING_KEY, BYTES_LITERAL("filing"), &out->filing);
}

void blind_make(const struct key *blinding_key, uint64_t index, struct hash *out)
{
	uint8_t number[8];
	put_u64(number, index);
	const struct bytes parts[] = {BYTES_LITERAL(DOMAIN_BLIND), BYTES_ARRAY(blinding_key->b), BYTES_ARRAY(number)};
	hash_sha256_secret(parts, 3, out);
}

/* 0x00 || blind || index || 32 bytes */
static void leaf_hash(const struct hash *blind, uint64_t index, const uint8_t last[32], struct hash *out)
{
	uint8_t leaf[LEAF_BYTES];
	memcpy(leaf, blind->b, HASH_BYTES);
	put_u64(leaf + HASH_BYTES, index);
	memcpy(leaf + HASH_BYTES + 8, last, 32);
	merkle_leaf_hash(BYTES_ARRAY(leaf), out);
}

void subject_leaf_hash(const struct hash *blind, uint64_t index, const struct hash *entry_leaf, struct hash *out)
{
	leaf_hash(blind, index, entry_leaf->b, out);
}

void filing_leaf_hash(const struct hash *blind, uint64_t index, const struct label *label, struct hash *out)
{
	leaf_hash(blind, index, label->b, out);
}

void subject_value(uint64_t count, const struct hash *root, struct hash *out)
{
	uint8_t number[8];
	put_u64(number, count);
	const struct bytes parts[] = {BYTES_LITERAL(DOMAIN_SUBJECT), BYTES_ARRAY(number), hash_bytes(root)};
	hash_sha256(parts, 3, out);
}
