/* What a FHIR server says of what was posted: OperationOutcome, and the answer to a Bundle. Pure; each gives NULL when
 * out of memory. spec/gateway.md, https://hl7.org/fhir/R4/operationoutcome.html */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/error.h"

#include <jansson.h>

#define FHIR_ID_MAX 64u

/* What became of one resource. */
struct fhir_result {
	int status;               /* of HTTP: 200, 201; 4xx and 5xx with `error` */
	char id[FHIR_ID_MAX + 1]; /* that it has from here on; empty: it was not taken */
	enum error error;
	char reason[FAULT_TEXT_MAX + 1];
	const json_t *resource; /* to be answered with it; or NULL */
	bool told;              /* with an OperationOutcome, also where it went well */
};

/* One issue: of the severity "error", or "information" with E_OK. Where the reason begins with an element's name and a
 * colon, "agent[0].who: must be an object", the issue names it as FHIRPath behind `at`, which is where it stands:
 * "AuditEvent", "Bundle.entry[3].resource"; NULL: nothing is named. */
json_t *fhir_outcome(enum error error, const char *reason, const char *at);
/* One more, of a json_outcome. False: no memory. */
bool fhir_outcome_add(json_t *outcome, enum error error, const char *reason, const char *at);
/* 400, 413, 422 or 503, as `error` wants. */
int fhir_outcome_status(enum error error);

/* A Bundle of the type transaction-response or batch-response, an entry each. */
json_t *fhir_outcome_bundle(bool transaction, const struct fhir_result *results, size_t count);
