/* The codes are those of FHIR's closed list (issue-type); what is ours, the name of the error, stands in `details`. */
#include "query/fhir/outcome.h"

#include "query/fhir/terms.h"

static const char *code_of(int status, enum error error)
{
	switch (status) {
	case 401:
		return "login";
	case 403:
		return "forbidden";
	case 404:
		return "not-found";
	case 405:
	case 406:
	case 415:
		return "not-supported";
	case 410:
		return "deleted";
	case 429:
		return "throttled";
	case 503:
		return "transient";
	case 400:
		return error == E_TOO_LONG ? "too-costly" : error == E_UNKNOWN_FIELD ? "not-supported" : "invalid";
	default:
		return "exception";
	}
}

json_t *outcome_of(int status, enum error error, const char *detail)
{
	return json_pack("{s:s, s:[{s:s, s:s, s:{s:[{s:s, s:s}]}, s:s}]}", "resourceType", "OperationOutcome", "issue",
		"severity", "error", "code", code_of(status, error), "details", "coding", "system", TERMS_ERROR, "code",
		error_name(error), "diagnostics", detail);
}

json_t *outcome_new(void)
{
	return json_pack("{s:s, s:[]}", "resourceType", "OperationOutcome", "issue");
}

enum error outcome_add(json_t *outcome, const char *severity, const char *code, const char *diagnostics)
{
	json_t *issue = json_pack("{s:s, s:s, s:s}", "severity", severity, "code", code, "diagnostics", diagnostics);
	return json_array_append_new(json_object_get(outcome, "issue"), issue) == 0 ? E_OK : E_NO_MEMORY;
}

enum error outcome_add_with(
	json_t *outcome, const char *severity, const char *code, const char *diagnostics, json_t *extensions)
{
	json_t *issue = json_pack("{s:o, s:s, s:s, s:s}", "extension", extensions, "severity", severity, "code", code,
		"diagnostics", diagnostics);
	return json_array_append_new(json_object_get(outcome, "issue"), issue) == 0 ? E_OK : E_NO_MEMORY;
}
