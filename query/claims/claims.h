/* From what an issuer claims to who is asking: the same rules for all issuers, and for what was verified here and what
 * an issuer answered. spec/identity.md */
#pragma once

#include "query/claims/hold.h"

/* E_TOKEN: it is another's, for somebody else, not of this time, or bound to a key. E_FORBIDDEN: it holds, and does not
 * say enough. No case reference is set. `out` only on success. */
enum error claims_show(const struct issuer_config *config, const json_t *claims, enum claims_from from, uint64_t now_s,
	struct identity *out, struct fault *fault) MUST_USE;
