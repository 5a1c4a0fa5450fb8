/* The demo issuer of a local ledger, for trying things out: HS256 under the key file keys/token. spec/identity.md
 *
 * Claims: iss, sub (the canonical id of who asks, whatever their role), role, org for an authority, iat, exp, and nbf
 * and acr if wanted. */
#pragma once

#include "ledger/base/hash.h"
#include "query/claims/role.h"
#include "query/token/jws.h"

#define DEMO_HOURS_DEFAULT 12u
#define DEMO_HOURS_MAX 8760u /* a year: long enough for a demonstration that stays up */

/* Whoever holds the key can be anybody to this ledger. */
struct demo_issuer {
	char name[ISSUER_BYTES_MAX + 1];
	struct key key;
};

/* The demo issuer of the ledger in `dir`; with `create` its key file is made if it is not there. Call demo_issuer_wipe
 * when done. E_NOT_FOUND without a key file, E_PERMISSION, E_IO. */
enum error demo_issuer_open(const char *dir, bool create, struct demo_issuer *out, struct fault *fault) MUST_USE;
/* Its key would make tokens for everybody. */
void demo_issuer_wipe(struct demo_issuer *issuer);

/* A token that shows `who`; a case reference is not of the token. `out` gets an end mark. E_NO_MEMORY, E_NO_ROOM. */
enum error demo_issue(const struct demo_issuer *issuer, const struct identity *who, uint64_t issued_s,
	char out[TOKEN_TEXT_MAX + 1]) MUST_USE;

/* As identity_show does, of this issuer. E_TOKEN, E_FORBIDDEN, E_NO_MEMORY. */
enum error demo_verify(const struct demo_issuer *issuer, const struct jws *jws, uint64_t now_s, struct identity *out,
	struct fault *fault) MUST_USE;
