/* Whether a token holds, by its claims: whose it is, for whom, and when. The same for people and for systems. What it
 * is enough for is looked at behind that (claims.h, backend.h). spec/identity.md */
#pragma once

#include "query/claims/issuer_config.h"

enum claims_from {
	CLAIMS_OF_TOKEN,  /* verified here */
	CLAIMS_OF_ANSWER, /* an issuer's answer about an opaque token (RFC 7662): exp, iat and iss may be missing */
};

/* E_TOKEN: it is another's, for somebody else, or not of this time. */
enum error claims_hold(const struct issuer_config *config, const json_t *claims, enum claims_from from, uint64_t now_s,
	uint64_t *expires_s, struct fault *fault) MUST_USE;
/* The text of `iss`, which is not believed yet, or NULL. */
const char *claims_issuer(const json_t *claims);

/* What stands where the rule says, or NULL. */
const json_t *claim_at(const json_t *claims, const struct claim_rule *rule);
/* A text without an end mark inside, which two readers would read in two ways; NULL for anything else. */
const char *claim_text(const json_t *json);
/* False for NULL. */
bool accepted_has(const struct accepted *accepted, const char *text);
