/* One key that tokens may be signed with, of an issuer's published set (RFC 7517, RFC 7518, RFC 8037), or the demo
 * issuer's. spec/identity.md */
#pragma once

#include "ledger/base/hash.h"
#include "query/token/jws.h"

#include <cjose/jwk.h>

#define RSA_BITS_MIN 2048u /* NIST SP 800-131A; cjose takes any */
#define RSA_BITS_MAX 8192u /* what verifying costs grows with its square */

/* What it may verify follows from its type, not from a token. */
struct public_key {
	char id[KEY_ID_BYTES_MAX + 1];
	bool has_id;
	unsigned algorithms;    /* bits 1 << enum jws_algorithm */
	cjose_jwk_t *jwk;       /* RSA, oct; else NULL */
	struct evp_pkey_st *ec; /* P-256, OpenSSL's; else NULL */
	size_t signature_len;
	uint8_t ed25519[32]; /* where both are NULL */
};

/* Of a member of "keys". E_NOT_FOUND: it is not one that could verify a token here, with the reason, and is passed
 * over; E_NO_MEMORY. */
enum error public_key_read(const json_t *jwk, struct public_key *out, struct fault *fault) MUST_USE;
/* HS256 under `secret`: tokens of this machine's own. E_NO_MEMORY. */
enum error public_key_demo(const struct key *secret, struct public_key *out) MUST_USE;
void public_key_release(struct public_key *key);

/* Whether it might have signed this, by algorithm and kid. */
bool public_key_fits(const struct public_key *key, const struct jws *jws);
/* E_BAD_SIGNATURE, E_NO_MEMORY. Any thread. */
enum error public_key_verify(const struct public_key *key, const struct jws *jws) MUST_USE;
/* A compact token of these claims. E_NO_MEMORY, E_NO_ROOM. */
enum error public_key_sign_demo(const struct key *secret, json_t *claims, char out[TOKEN_TEXT_MAX + 1]) MUST_USE;
