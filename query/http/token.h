/* Bearer tokens: who is asking. JSON Web Tokens through libjwt. spec/http.md
 *
 * An issuer pins everything that a token could otherwise choose for itself: its name, the algorithm and the key. The
 * only kind there is now is the demo issuer of a local ledger, HS256 under the key file keys/token. An identity
 * provider is another way to fill in a `struct token_issuer`, with its own algorithm and key.
 *
 * Claims: iss, sub (the canonical id of the person whose data it is about), role, iat, exp, and nbf if wanted. Faults
 * say what is wrong and never repeat anything of the token. */
#pragma once

#include "ledger/base/hash.h"
#include "ledger/base/limits.h"

#define TOKEN_TEXT_MAX 4096u
#define TOKEN_ISSUER_MAX (ORIGIN_BYTES_MAX + 16)
#define TOKEN_HOURS_DEFAULT 12u
#define TOKEN_HOURS_MAX 8760u /* a year: long enough for a demonstration that stays up */
#define TOKEN_SKEW_S 60u      /* how far two clocks may be apart */

/* "subject", "proxy", "auditor": in this order, as --role of 'indsigt token' counts them. */
enum token_role { TOKEN_SUBJECT, TOKEN_PROXY, TOKEN_AUDITOR };

/* Whoever holds the key can be anybody to this ledger. */
struct token_issuer {
	char name[TOKEN_ISSUER_MAX + 1];
	struct key key;
};

struct token_claims {
	char subject[SUBJECT_BYTES_MAX + 1];
	enum token_role role;
	uint64_t issued_s;
	uint64_t expires_s;
};

/* The demo issuer of the ledger in `dir`; with `create` its key file is made if it is not there. Call token_issuer_wipe
 * when done. E_NOT_FOUND without a key file, E_PERMISSION, E_IO. */
enum error token_issuer_open(const char *dir, bool create, struct token_issuer *out, struct fault *fault) MUST_USE;
/* Its key would make tokens for everybody. */
void token_issuer_wipe(struct token_issuer *issuer);

/* `out` gets an end mark. E_NO_MEMORY, E_NO_ROOM. */
enum error token_issue(
	const struct token_issuer *issuer, const struct token_claims *claims, char out[TOKEN_TEXT_MAX + 1]) MUST_USE;

/* E_TOKEN, with the reason: malformed, another algorithm, bad signature, another issuer, not valid yet, expired, no
 * canonical subject, unknown role. */
enum error token_verify(const struct token_issuer *issuer, const char *text, uint64_t now_s, struct token_claims *out,
	struct fault *fault) MUST_USE;
