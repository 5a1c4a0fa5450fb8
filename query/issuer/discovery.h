/* What an issuer publishes about itself (OpenID Connect Discovery 1.0; RFC 8414 has the same members). spec/identity.md
 */
#pragma once

#include "query/claims/issuer_config.h"

#define DISCOVERY_BYTES_MAX 262144u

struct discovery {
	char keys_url[ISSUER_BYTES_MAX + 1];
	char introspection_url[ISSUER_BYTES_MAX + 1]; /* "": it has none */
	/* What a client of it wants to know, and is told as it stands here: */
	char token_url[ISSUER_BYTES_MAX + 1]; /* "": it has none that is good */
	unsigned methods;                     /* how it may show who it is: bits 1 << of discovery_methods */
	unsigned algorithms;                  /* and sign that: bits 1 << of discovery_algorithms; 0: it is not said */
};

/* token_endpoint_auth_methods_supported and token_endpoint_auth_signing_alg_values_supported, those of them that
 * clients of FHIR have to do with. */
#define DISCOVERY_METHODS 4u
#define DISCOVERY_ALGORITHMS 10u
enum { DISCOVERY_PRIVATE_KEY_JWT, DISCOVERY_SECRET_BASIC, DISCOVERY_SECRET_POST, DISCOVERY_TLS };
extern const char *const discovery_methods[DISCOVERY_METHODS];
extern const char *const discovery_algorithms[DISCOVERY_ALGORITHMS];

/* Where it stands: <issuer>/.well-known/openid-configuration. */
void discovery_url(const struct issuer_config *config, char out[ISSUER_BYTES_MAX + 40]);
/* E_BAD_VALUE, with what is wrong: not JSON, another issuer's, an address that is none or not of https. E_NO_MEMORY. */
enum error discovery_read(
	const struct issuer_config *config, struct bytes document, struct discovery *out, struct fault *fault) MUST_USE;
