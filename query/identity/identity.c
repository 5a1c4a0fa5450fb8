/* The token first, then what stands beside it: whoever shows no token that holds learns nothing of what else is asked
 * for. */
#include "query/identity/identity.h"

#include "ledger/text/visible.h"
#include "query/claims/claims.h"

#include <string.h>

bool identity_possible(const struct issuers *issuers)
{
	return issuers->demo != NULL || (issuers->providers != NULL && providers_any(issuers->providers));
}

/* What a supervisor does is told with the case, so there is one. */
static enum error take_case(const char *reference, struct identity *out, struct fault *fault)
{
	if (reference == NULL)
		return fault_set(fault, E_FORBIDDEN, "a supervisor names the case: header Indsigt-Case");
	struct bytes text = bytes_text(reference);
	if (text.len >= sizeof out->case_reference || !visible_clean(text) || visible_hides(text) || visible_blank(text))
		return fault_set(fault, E_FORBIDDEN, "header Indsigt-Case must be 1 to 127 bytes of visible UTF-8");
	_Static_assert(CASE_REFERENCE_BYTES_MAX == 127, "the text names the limit");
	memcpy(out->case_reference, reference, text.len + 1);
	return E_OK;
}

/* A claim of its own is all that says which issuer's rules it is judged by, and the rules ask for it again. */
static enum error show_token(const struct issuers *issuers, const struct presented *presented, uint64_t now_s,
	struct identity *out, struct fault *fault)
{
	OWNED(jws_release) struct jws jws = {.claims = NULL};
	bool opaque = issuers->providers != NULL && !jws_looks_so(presented->token);
	if (opaque)
		return providers_show(issuers->providers, presented->token, NULL, presented->arrived_ms, now_s, out, fault);
	TRY(jws_read(presented->token, &jws, fault));
	const char *issuer = claims_issuer(jws.claims);
	if (issuers->demo != NULL && issuer != NULL && strcmp(issuer, issuers->demo->name) == 0)
		return demo_verify(issuers->demo, &jws, now_s, out, fault);
	if (issuers->providers == NULL)
		return fault_set(fault, E_TOKEN, "the token is from an issuer that is not believed here");
	return providers_show(issuers->providers, presented->token, &jws, presented->arrived_ms, now_s, out, fault);
}

enum error identity_show(const struct issuers *issuers, const struct presented *presented, uint64_t now_s,
	struct identity *out, struct fault *fault)
{
	struct identity shown;
	TRY(show_token(issuers, presented, now_s, &shown, fault));
	if (shown.role == ROLE_SUPERVISOR)
		TRY(take_case(presented->case_reference, &shown, fault));
	*out = shown;
	return E_OK;
}
