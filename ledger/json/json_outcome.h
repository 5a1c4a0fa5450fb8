/* FHIR's OperationOutcome: its shape, and nothing of what is told in it. https://hl7.org/fhir/R4/operationoutcome.html
 */
#pragma once

#include <jansson.h>

/* Without an issue yet. A new reference, or NULL. */
json_t *json_outcome(void);
/* One more issue, borrowed from the outcome, for whatever else it is to have. NULL: there is no memory, or no outcome.
 */
json_t *json_outcome_issue(json_t *outcome, const char *severity, const char *code, const char *diagnostics);
