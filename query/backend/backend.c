/* A token that is bound to a key is worth nothing to who has stolen it, as long as nobody takes it without looking. So
 * a `cnf` that is not understood whole is refused, and not passed over. */
#include "query/backend/backend.h"

#include "query/backend/smart_scope.h"
#include "query/token/jws.h"

#include <string.h>

/* RFC 8705 section 3.1. */
static enum error take_binding(const json_t *claims, struct backend *out, struct fault *fault)
{
	const json_t *binding = json_object_get(claims, "cnf");
	const char *text = claim_text(json_object_get(binding, "x5t#S256"));
	size_t len = 0;
	out->bound = binding != NULL;
	if (binding == NULL)
		return E_OK;
	if (json_object_get(binding, "jkt") != NULL)
		return fault_set(fault, E_TOKEN,
			"the token is bound by DPoP (cnf.jkt), which is not spoken here; get a bearer token, or one that is bound "
			"to "
			"a certificate");
	if (json_object_size(binding) != 1 || text == NULL)
		return fault_set(fault, E_TOKEN,
			"the token is bound to a key (cnf) in another way than by the certificate of its client (x5t#S256)");
	if (!jws_base64url(text, strlen(text), out->thumbprint.b, sizeof out->thumbprint.b, &len) ||
		len != sizeof out->thumbprint.b)
		return fault_set(fault, E_TOKEN, "the token's cnf.x5t#S256 is no SHA-256 in base64url");
	return E_OK;
}

/* Of a text with blanks between (RFC 8693 section 4.2), or of a member of a list. */
static bool allows(const struct issuer_config *config, const char *text)
{
	while (*text != '\0') {
		char one[CONFIG_TEXT_BYTES_MAX + 1];
		size_t len = strcspn(text, " ");
		if (smart_scope_creates(bytes_of(text, len)))
			return true;
		if (len < sizeof one) {
			memcpy(one, text, len);
			one[len] = '\0';
			if (accepted_has(&config->scopes, one))
				return true;
		}
		text += len + strspn(text + len, " ");
	}
	return false;
}

static enum error check_scope(const struct issuer_config *config, const json_t *claims, struct fault *fault)
{
	const json_t *claim = claim_at(claims, &config->scope);
	const char *text = claim_text(claim);
	bool allowed = text != NULL && allows(config, text);
	if (claim != NULL && text == NULL && !json_is_array(claim))
		return fault_set(fault, E_FORBIDDEN, "the token's scope is neither a text nor a list of texts");
	for (size_t i = 0; i < json_array_size(claim); i++) {
		text = claim_text(json_array_get(claim, i));
		if (text == NULL)
			return fault_set(fault, E_FORBIDDEN, "the token's scope is neither a text nor a list of texts");
		allowed = allowed || allows(config, text);
	}
	if (!allowed)
		return fault_set(fault, E_FORBIDDEN,
			"the token's scope does not allow to make AuditEvents; ask for system/AuditEvent.c (or, of SMART 1, "
			"system/AuditEvent.write)");
	return E_OK;
}

enum error backend_show(
	const struct issuer_config *config, const json_t *claims, uint64_t now_s, struct backend *out, struct fault *fault)
{
	struct backend shown = {.bound = false};
	TRY(claims_hold(config, claims, CLAIMS_OF_TOKEN, now_s, &shown.expires_s, fault));
	TRY(take_binding(claims, &shown, fault));
	TRY(check_scope(config, claims, fault));
	*out = shown;
	return E_OK;
}
