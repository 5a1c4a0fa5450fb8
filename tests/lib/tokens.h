/* Tokens as anybody could make them, good and bad: signed by OpenSSL and libsodium themselves, and not by what verifies
 * them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct token_key {
	const char *kid;
	void *pair;           /* EVP_PKEY of RSA and EC */
	uint8_t ed25519[64];  /* of Ed25519 */
	uint8_t public32[32]; /* its public part */
};

/* `type`: "RSA", "EC" (P-256), "P-384", "OKP" (Ed25519); `bits` of RSA. */
void token_key_make(struct token_key *key, const char *type, unsigned bits, const char *kid);
void token_key_free(struct token_key *key);
/* The public part as a JWK, with `more` ("\"use\":\"sig\",") in front of its members; to be freed. */
char *token_jwk(const struct token_key *key, const char *more);
/* {"keys": [...]} of one; to be freed. */
char *token_key_set(const struct token_key *key);
/* The compact form of these texts under the key by `alg`, whatever the header says; to be freed. "none" leaves the
 * signature empty; "HS256" takes `secret`. */
char *token_make(const struct token_key *key, const char *alg, const char *header, const char *payload);
char *token_make_hs256(const void *secret, size_t len, const char *header, const char *payload);
