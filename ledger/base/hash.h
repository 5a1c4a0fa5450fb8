/* The two hashes of the ledger: SHA-256 for whatever others check (tree, map, commitments, blinds), by libsodium or,
 * where it was built with it and gives the same, by OpenSSL; keyed or plain BLAKE2b-256 for what only the ledger or one
 * sender knows (spec/store.md), by libsodium. Any thread. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/own.h"

#define HASH_BYTES 32

struct hash {
	uint8_t b[HASH_BYTES];
};

/* A 32-byte secret. Locals wipe it where their block ends (OWNED_KEY); what lives long keeps it in guarded memory
 * (ledger/keys/secrets.h). */
struct key {
	uint8_t b[32];
};

void key_wipe(struct key *key);
#define OWNED_KEY OWNED(key_wipe) struct key

static inline struct bytes hash_bytes(const struct hash *hash)
{
	return bytes_of(hash->b, HASH_BYTES);
}

static inline int hash_order(const uint8_t a[HASH_BYTES], const uint8_t b[HASH_BYTES])
{
	return front_order(a, b, HASH_BYTES);
}

bool hash_equal(const struct hash *a, const struct hash *b);

/* SHA-256 of the concatenation of `count` parts. */
void hash_sha256(const struct bytes *parts, size_t count, struct hash *out);
/* The same of what holds a secret: nothing of it is left behind. */
void hash_sha256_secret(const struct bytes *parts, size_t count, struct hash *out);
/* Who makes SHA-256 in this process, for whoever measures: "libsodium", or OpenSSL's name and version. Static. */
const char *hash_sha256_maker(void);
/* BLAKE2b-256 of the concatenation of `count` parts, keyed when `key` is not NULL. */
void hash_blake2b(const struct key *key, const struct bytes *parts, size_t count, struct hash *out);
/* A key from a key: BLAKE2b-256(key, domain || context). The domain string is one of domain.h. */
void key_derive(const struct key *from, const char *domain, struct bytes context, struct key *out);
/* The same, SHA-256(domain || key || context): a domain's contexts are of one length. Faster, and what others can make
 * who need no BLAKE2b. */
void key_derive_sha256(const struct key *from, const char *domain, struct bytes context, struct key *out);
