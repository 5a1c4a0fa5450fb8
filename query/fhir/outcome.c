/* The codes are those of FHIR's closed list (issue-type); what is ours, the name of the error, stands in `details`. */
#include "query/fhir/outcome.h"

#include "ledger/json/json_outcome.h"
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
	json_auto_t *outcome = json_outcome();
	json_t *issue = json_outcome_issue(outcome, "error", code_of(status, error), detail);
	json_t *details = json_pack("{s:[o]}", "coding", terms_coding(TERMS_ERROR, error_name(error), NULL));
	return terms_set(issue, "details", details) ? json_incref(outcome) : NULL;
}

enum error outcome_add(json_t *outcome, const char *severity, const char *code, const char *diagnostics)
{
	return allocated(json_outcome_issue(outcome, severity, code, diagnostics));
}

enum error outcome_add_with(
	json_t *outcome, const char *severity, const char *code, const char *diagnostics, json_t *extensions)
{
	json_t *issue = json_outcome_issue(outcome, severity, code, diagnostics);
	return terms_set(issue, "extension", extensions) ? E_OK : E_NO_MEMORY;
}
