/* A system that reports by itself (SMART Backend Services, the client credentials of OAuth 2.0), as its access token
 * shows it: that it may, and by which line. spec/gateway.md */
#pragma once

#include "ledger/base/hash.h"
#include "query/claims/hold.h"

struct backend {
	uint64_t expires_s;
	bool bound; /* only over a line on which the client has shown the certificate with this SHA-256 (RFC 8705) */
	struct hash thumbprint;
};

/* E_TOKEN: as claims_hold, or it is bound to a key in a way that cannot be looked at here. E_FORBIDDEN: it holds, and
 * does not allow to make AuditEvents. `out` only on success. */
enum error backend_show(const struct issuer_config *config, const json_t *claims, uint64_t now_s, struct backend *out,
	struct fault *fault) MUST_USE;
