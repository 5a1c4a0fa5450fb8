/* No hash of ours is taken over a concatenation that another split could give as well: what is joined has a fixed
 * length, or its own in front. State that has seen a key is wiped.
 *
 * SHA-256 is asked for ten times and more for an event, and libsodium makes it without the instructions that processors
 * have for it: OpenSSL takes a quarter of the time where there are some. So where this was built with it
 *
 *   first hash of a process ─► OpenSSL gives what libsodium gives? ─┬─ yes: it makes all of them
 *                                                                   └─ no: libsodium does
 *
 * and nobody can tell by what comes out. OpenSSL's newer interface (EVP) reads a configuration and allocates for each
 * digest, which takes as long as the hash of a node (231 and 145 ns, OpenSSL 3.0.19); the older one that is used here
 * has all of its state with the caller. Where it is gone some day meson.build does not find it, and libsodium makes
 * all. */
#include "ledger/base/hash.h"

#include <sodium.h>

#ifdef HAVE_OPENSSL
#define OPENSSL_SUPPRESS_DEPRECATED /* of SHA256_*, see above */
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <pthread.h>
#endif

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

static void sha256_by_libsodium(const struct bytes *parts, size_t count, struct hash *out)
{
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0)
			crypto_hash_sha256_update(&state, parts[i].data, parts[i].len);
	crypto_hash_sha256_final(&state, out->b);
}

#ifdef HAVE_OPENSSL
#define COMPARED_BYTES 200 /* more than two blocks, and every length up to there */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool chosen; /* OpenSSL makes all */

static bool sha256_by_openssl(const struct bytes *parts, size_t count, SHA256_CTX *state, struct hash *out)
{
	if (SHA256_Init(state) != 1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0 && SHA256_Update(state, parts[i].data, parts[i].len) != 1)
			return false;
	return SHA256_Final(out->b, state) == 1;
}

static void choose(void)
{
	uint8_t text[COMPARED_BYTES];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 151 + 7);
	chosen = true;
	for (size_t len = 0; len <= sizeof text; len++) {
		struct hash ours, theirs;
		SHA256_CTX state;
		const struct bytes part = bytes_of(text, len);
		sha256_by_libsodium(&part, 1, &theirs);
		chosen &= sha256_by_openssl(&part, 1, &state, &ours) && hash_equal(&ours, &theirs);
	}
}
#endif

void hash_sha256(const struct bytes *parts, size_t count, struct hash *out)
{
#ifdef HAVE_OPENSSL
	SHA256_CTX state;
	pthread_once(&once, choose);
	if (chosen && sha256_by_openssl(parts, count, &state, out))
		return;
#endif
	sha256_by_libsodium(parts, count, out);
}

/* libsodium wipes its own state; OpenSSL's keeps what the compressions before the last have given. */
void hash_sha256_secret(const struct bytes *parts, size_t count, struct hash *out)
{
#ifdef HAVE_OPENSSL
	SHA256_CTX state;
	pthread_once(&once, choose);
	bool made = chosen && sha256_by_openssl(parts, count, &state, out);
	sodium_memzero(&state, sizeof state);
	if (made)
		return;
#endif
	sha256_by_libsodium(parts, count, out);
}

const char *hash_sha256_maker(void)
{
#ifdef HAVE_OPENSSL
	pthread_once(&once, choose);
	if (chosen)
		return OpenSSL_version(OPENSSL_VERSION);
#endif
	return "libsodium";
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

static void become_key(struct hash *derived, struct key *out)
{
	memcpy(out->b, derived->b, sizeof out->b);
	sodium_memzero(derived, sizeof *derived);
}

void key_derive(const struct key *from, const char *domain, struct bytes context, struct key *out)
{
	struct hash derived;
	struct bytes parts[] = {bytes_text(domain), context};
	hash_blake2b(from, parts, 2, &derived);
	become_key(&derived, out);
}

void key_derive_sha256(const struct key *from, const char *domain, struct bytes context, struct key *out)
{
	struct hash derived;
	const struct bytes parts[] = {bytes_text(domain), BYTES_ARRAY(from->b), context};
	hash_sha256_secret(parts, 3, &derived);
	become_key(&derived, out);
}
