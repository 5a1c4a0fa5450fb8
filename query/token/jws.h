/* One signed token as it was written (RFC 7515, RFC 7519), taken apart and not yet believed. spec/identity.md
 *
 *   header.payload.signature ─► form ─► header: what it wants ─► payload: claims ─► whoever has the key: jws_verify
 *
 * What the header says decides nothing: which keys there are, and what each may be used for, is whoever verifies'
 * business. The header's own keys and addresses of keys (jwk, jku, x5c, x5u) are never looked at. */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

#define TOKEN_TEXT_MAX 8192u      /* a provider's with all that it says of a person; headers have twice as much */
#define KEY_ID_BYTES_MAX 255u     /* of a kid: mostly a thumbprint of 43 */
#define SIGNATURE_BYTES_MAX 1024u /* RSA of 8,192 bits */

enum jws_algorithm { JWS_HS256, JWS_RS256, JWS_PS256, JWS_ES256, JWS_EDDSA };
#define JWS_ALGORITHMS 5

struct jws {
	enum jws_algorithm algorithm;
	bool has_key_id;
	char key_id[KEY_ID_BYTES_MAX + 1];
	json_t *claims;           /* an object */
	struct bytes text;        /* the token, borrowed */
	struct bytes signed_text; /* header and payload, of it */
	uint8_t signature[SIGNATURE_BYTES_MAX];
	size_t signature_len;
};

/* By the name that it has in a header. */
bool jws_algorithm_parse(const char *name, enum jws_algorithm *out);

/* Whether it has the three parts of one: what has not is opaque, and nobody but its issuer can say what it is. */
bool jws_looks_so(const char *text);
/* E_TOKEN, with the reason; E_NO_MEMORY. `out` needs jws_release, and lives no longer than the text. */
enum error jws_read(const char *text, struct jws *out, struct fault *fault) MUST_USE;
void jws_release(struct jws *jws);

/* Exactly `bytes` in base64url without padding (RFC 4648 section 5), the one text for them. False for what is not. */
bool jws_base64url(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *out_len);
