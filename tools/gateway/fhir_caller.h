/* Who asks at the FHIR door, where it takes access tokens (--fhir-issuers): SMART Backend Services. In a worker.
 * spec/gateway.md */
#pragma once

#include "query/providers/providers.h"
#include "tools/fhir/fhir_capability.h"
#include "tools/posted/post.h"

/* True: the token that was shown holds and allows to make AuditEvents. Otherwise `out` is the refusal, or is to be
 * asked for again (response.later). */
bool fhir_caller_may(struct providers *providers, const struct request *request, struct response *out);
/* Nothing was shown, and something must be. */
void fhir_caller_refuse(struct response *out);
/* BASE/.well-known/smart-configuration: where tokens are had, and which. */
void fhir_caller_smart(struct providers *providers, struct response *out);
