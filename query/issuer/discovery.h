/* What an issuer publishes about itself (OpenID Connect Discovery 1.0; RFC 8414 has the same members). spec/identity.md
 */
#pragma once

#include "query/claims/issuer_config.h"

#define DISCOVERY_BYTES_MAX 262144u

struct discovery {
	char keys_url[ISSUER_BYTES_MAX + 1];
	char introspection_url[ISSUER_BYTES_MAX + 1]; /* "": it has none */
};

/* Where it stands: <issuer>/.well-known/openid-configuration. */
void discovery_url(const struct issuer_config *config, char out[ISSUER_BYTES_MAX + 40]);
/* E_BAD_VALUE, with what is wrong: not JSON, another issuer's, an address that is none or not of https. E_NO_MEMORY. */
enum error discovery_read(
	const struct issuer_config *config, struct bytes document, struct discovery *out, struct fault *fault) MUST_USE;
