/* No hash of ours is taken over a concatenation that another split could give as well: what is joined has a fixed
 * length, or its own in front. State that has seen a key is wiped.
 *
 * SHA-256 is asked for ten times and more for an event, and libsodium makes it without the instructions that processors
 * have for it: OpenSSL takes a quarter of the time where there are some. So where this was built with it
 *
 *   first hash of a process ─► OpenSSL gives what libsodium gives? ─┬─ yes: it makes all of them
 *                                                                   └─ no, or it cannot be had: libsodium does
 *   a hash that OpenSSL fails to make (memory) ─► libsodium makes it
 *
 * and nobody can tell by what comes out. It has a library context of its own, which reads no configuration, and a
 * digest for each thread, since making one costs more than a hash. */
#include "ledger/base/hash.h"

#include <sodium.h>

#ifdef HAVE_OPENSSL
#include <openssl/crypto.h>
#include <openssl/evp.h>
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
static pthread_key_t digests; /* EVP_MD_CTX of each thread */
static EVP_MD *sha256;        /* NULL: libsodium makes all */

static void free_digest(void *digest)
{
	EVP_MD_CTX_free(digest);
}

static bool sha256_by_openssl(const struct bytes *parts, size_t count, struct hash *out)
{
	EVP_MD_CTX *digest = pthread_getspecific(digests);
	if (digest == NULL) {
		digest = EVP_MD_CTX_new();
		if (digest == NULL || pthread_setspecific(digests, digest) != 0) {
			EVP_MD_CTX_free(digest);
			return false;
		}
	}
	if (EVP_DigestInit_ex2(digest, sha256, NULL) != 1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0 && EVP_DigestUpdate(digest, parts[i].data, parts[i].len) != 1)
			return false;
	return EVP_DigestFinal_ex(digest, out->b, NULL) == 1;
}

static bool agree(void)
{
	uint8_t text[COMPARED_BYTES];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 151 + 7);
	for (size_t len = 0; len <= sizeof text; len++) {
		struct hash ours, theirs;
		const struct bytes part = bytes_of(text, len);
		sha256_by_libsodium(&part, 1, &theirs);
		if (!sha256_by_openssl(&part, 1, &ours) || !hash_equal(&ours, &theirs))
			return false;
	}
	return true;
}

static void choose(void)
{
	if (pthread_key_create(&digests, free_digest) != 0)
		return;
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	sha256 = library ? EVP_MD_fetch(library, "SHA256", NULL) : NULL;
	if (sha256 != NULL && agree())
		return;
	/* This thread's digest is of that library too. */
	EVP_MD_CTX_free(pthread_getspecific(digests));
	(void)pthread_setspecific(digests, NULL);
	EVP_MD_free(sha256);
	sha256 = NULL;
	OSSL_LIB_CTX_free(library);
}
#endif

void hash_sha256(const struct bytes *parts, size_t count, struct hash *out)
{
#ifdef HAVE_OPENSSL
	pthread_once(&once, choose);
	if (sha256 != NULL && sha256_by_openssl(parts, count, out))
		return;
#endif
	sha256_by_libsodium(parts, count, out);
}

const char *hash_sha256_maker(void)
{
#ifdef HAVE_OPENSSL
	pthread_once(&once, choose);
	if (sha256 != NULL)
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

void key_derive(const struct key *from, const char *domain, struct bytes context, struct key *out)
{
	struct hash derived;
	struct bytes parts[] = {bytes_text(domain), context};
	hash_blake2b(from, parts, 2, &derived);
	memcpy(out->b, derived.b, sizeof out->b);
	sodium_memzero(&derived, sizeof derived);
}
