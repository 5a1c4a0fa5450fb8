/* Severity and code are of FHIR's closed lists, and required; what is missing there is no memory here. */
#include "ledger/json/json_outcome.h"

json_t *json_outcome(void)
{
	return json_pack("{s:s, s:[]}", "resourceType", "OperationOutcome", "issue");
}

json_t *json_outcome_issue(json_t *outcome, const char *severity, const char *code, const char *diagnostics)
{
	json_t *issue = json_pack("{s:s, s:s, s:s}", "severity", severity, "code", code, "diagnostics", diagnostics);
	return json_array_append_new(json_object_get(outcome, "issue"), issue) == 0 ? issue : NULL;
}
