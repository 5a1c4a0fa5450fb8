/* The demo issuer of a local ledger, for trying things out: tokens are JSON Web Tokens (libjwt), HS256 under the key
 * file keys/token. spec/http.md
 *
 * It pins everything that a token could otherwise choose for itself: its name, the algorithm and the key.
 *
 * Claims: iss, sub (the canonical id of who asks, whatever their role), role, org for an authority, iat, exp, and nbf
 * and acr if wanted. Faults say what is wrong and never repeat anything of the token. */
#pragma once

#include "ledger/base/hash.h"
#include "query/identity/role.h"

#define TOKEN_TEXT_MAX 4096u
#define DEMO_HOURS_DEFAULT 12u
#define DEMO_HOURS_MAX 8760u /* a year: long enough for a demonstration that stays up */
#define TOKEN_SKEW_S 60u     /* how far two clocks may be apart */

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

/* E_TOKEN, with the reason: malformed, another algorithm, bad signature, another issuer, not valid yet, expired, no
 * canonical subject, unknown role, an authority without its organisation. */
enum error demo_verify(const struct demo_issuer *issuer, const char *text, uint64_t now_s, struct identity *out,
	struct fault *fault) MUST_USE;
