/* OperationOutcome: how a refusal is said in FHIR, and what a searchset says beside its matches. spec/fhir.md */
#pragma once

#include "ledger/base/error.h"

#include <jansson.h>

/* Of one issue: its code by status and error, the error's name in `details`; `detail` for people. A new reference, or
 * NULL. */
json_t *outcome_of(int status, enum error error, const char *detail);
/* One more issue of a json_outcome. E_NO_MEMORY. */
enum error outcome_add(json_t *outcome, const char *severity, const char *code, const char *diagnostics) MUST_USE;
/* The same with extensions, a list that is taken, or NULL: there was no memory for it. */
enum error outcome_add_with(
	json_t *outcome, const char *severity, const char *code, const char *diagnostics, json_t *extensions) MUST_USE;
