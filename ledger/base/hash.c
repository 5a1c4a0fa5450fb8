/* No hash of ours is taken over a concatenation that another split could give as well: what is joined has a fixed
 * length, or its own in front. State that has seen a key is wiped. */
#include "ledger/base/hash.h"

#include <sodium.h>
#include <string.h>

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

void hash_sha256(const struct bytes *parts, size_t count, struct hash *out)
{
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0)
			crypto_hash_sha256_update(&state, parts[i].data, parts[i].len);
	crypto_hash_sha256_final(&state, out->b);
}

void hash_blake2b(const struct key *key, const struct bytes *parts, size_t count, struct hash *out)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, key ? key->b : NULL, key ? sizeof key->b : 0, HASH_BYTES);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0)
			crypto_generichash_update(&state, parts[i].data, parts[i].len);
	crypto_generichash_final(&state, out->b, HASH_BYTES);
	sodium_memzero(&state, sizeof state);
}

void key_wipe(struct key *key)
{
	sodium_memzero(key, sizeof *key);
}

void key_derive(const struct key *from, const char *domain, struct bytes context, struct key *out)
{
	struct hash derived;
	struct bytes parts[] = {bytes_text(domain), context};
	hash_blake2b(from, parts, 2, &derived);
	memcpy(out->b, derived.b, sizeof out->b);
	sodium_memzero(&derived, sizeof derived);
}
