/* How a refusal names the element, and what a Bundle is answered. */
#include "tests/lib/unit.h"
#include "tools/fhir/fhir_capability.h"
#include "tools/fhir/fhir_outcome.h"

#include <stdlib.h>
#include <string.h>

/* "-": the issue names none. */
static const char *expression(enum error error, const char *reason, const char *at)
{
	static char text[400];
	json_t *outcome = fhir_outcome(error, reason, at);
	const json_t *issue = json_array_get(json_object_get(outcome, "issue"), 0);
	const char *found = json_string_value(json_array_get(json_object_get(issue, "expression"), 0));
	ck_assert_str_eq(json_string_value(json_object_get(outcome, "resourceType")), "OperationOutcome");
	ck_assert_str_eq(json_string_value(json_object_get(issue, "diagnostics")), reason);
	snprintf(text, sizeof text, "%s", found != NULL ? found : "-");
	json_decref(outcome);
	return text;
}

START_TEST(an_element_is_named_by_its_path)
{
	static const struct {
		const char *reason, *path;
	} cases[] = {{"agent[0].who: must be an object", "AuditEvent.agent[0].who"},
		{"agent: required and missing", "AuditEvent.agent"},
		{"entity[12].what.identifier: is there in other letter case", "AuditEvent.entity[12].what.identifier"},
		{"occurredPeriod.start: must be a string", "AuditEvent.occurred.start"},
		{"entity[0].detail[1].valueString: must be a string", "AuditEvent.entity[0].detail[1].value"},
		{"agent[0].networkString: must be a string", "AuditEvent.agent[0].network"},
		{"time: required and missing", "AuditEvent.recorded"}, {"actor.id: longer than 1024 bytes", "AuditEvent.agent"},
		{"not valid JSON at byte 28: it is cut off", "-"}, {"purpose: required by the registration", "-"},
		{"agent[0].: x", "-"}, {"agent[x].who: y", "-"}, {"agent[0]", "-"}, {"", "-"}, {"time is up: no", "-"},
		{"resource agent: no", "-"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_str_eq(expression(E_BAD_VALUE, cases[i].reason, "AuditEvent"), cases[i].path);
	ck_assert_str_eq(expression(E_BAD_VALUE, "agent: x", "Bundle.entry[3].resource"), "Bundle.entry[3].resource.agent");
	ck_assert_str_eq(expression(E_USAGE, "entry[0].request.url: x", "Bundle"), "Bundle.entry[0].request.url");
	ck_assert_str_eq(expression(E_BAD_VALUE, "agent: x", NULL), "-");
}
END_TEST

START_TEST(each_error_has_its_code_and_status)
{
	static const struct {
		enum error error;
		const char *severity, *code;
		int status;
	} cases[] = {{E_OK, "information", "informational", 422}, {E_BAD_JSON, "error", "structure", 400},
		{E_BAD_XML, "error", "structure", 400}, {E_MISSING_FIELD, "error", "required", 422},
		{E_BAD_SUBJECT, "error", "value", 422}, {E_TOO_LONG, "error", "too-long", 422},
		{E_BATCH_TOO_LARGE, "error", "too-long", 413}, {E_POLICY, "error", "business-rule", 422},
		{E_STOPPED, "error", "transient", 503}, {E_FORBIDDEN, "error", "forbidden", 403}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *outcome = fhir_outcome(cases[i].error, "x", NULL);
		const json_t *issue = json_array_get(json_object_get(outcome, "issue"), 0);
		ck_assert_str_eq(json_string_value(json_object_get(issue, "severity")), cases[i].severity);
		ck_assert_str_eq(json_string_value(json_object_get(issue, "code")), cases[i].code);
		if (cases[i].error != E_OK)
			ck_assert_int_eq(fhir_outcome_status(cases[i].error), cases[i].status);
		json_decref(outcome);
	}
}
END_TEST

START_TEST(each_entry_of_a_bundle_has_its_answer)
{
	json_t *resource = json_pack("{s:s}", "resourceType", "AuditEvent");
	const struct fhir_result results[] = {{.status = 201, .id = "ab12"},
		{.status = 200, .id = "ab12-2", .resource = resource},
		{.status = 422, .error = E_MISSING_FIELD, .reason = "agent: required and missing"},
		{.status = 201, .id = "cd", .told = true, .reason = "taken"}};
	json_t *bundle = fhir_outcome_bundle(false, results, 4);
	char *text = json_dumps(bundle, JSON_COMPACT);
	ck_assert_str_eq(text,
		"{\"resourceType\":\"Bundle\",\"type\":\"batch-response\",\"entry\":["
		"{\"response\":{\"status\":\"201 Created\",\"location\":\"AuditEvent/ab12\"}},"
		"{\"response\":{\"status\":\"200 "
		"OK\",\"location\":\"AuditEvent/ab12-2\"},\"resource\":{\"resourceType\":\"AuditEvent\"}},"
		"{\"response\":{\"status\":\"422 Unprocessable "
		"Entity\",\"outcome\":{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":"
		"\"error\",\"code\":\"required\",\"diagnostics\":\"agent: required and "
		"missing\",\"expression\":[\"AuditEvent.agent\"]}]}}},"
		"{\"response\":{\"status\":\"201 "
		"Created\",\"location\":\"AuditEvent/cd\",\"outcome\":{\"resourceType\":\"OperationOutcome\",\"issue\":["
		"{\"severity\":\"information\",\"code\":\"informational\",\"diagnostics\":\"taken\"}]}}}]}");
	free(text);
	json_decref(bundle);
	json_decref(resource);
	bundle = fhir_outcome_bundle(true, results, 0);
	ck_assert_str_eq(json_string_value(json_object_get(bundle, "type")), "transaction-response");
	ck_assert_ptr_null(json_object_get(bundle, "entry")); /* FHIR has no empty lists */
	json_decref(bundle);
}
END_TEST

START_TEST(the_statement_is_of_the_version_asked_for)
{
	static const char *const numbers[] = {"4.0.1", "4.3.0", "5.0.0"};
	for (unsigned i = 0; i < FHIR_VERSIONS; i++) {
		json_t *statement = fhir_capability((enum fhir_version)i, &(struct fhir_security){.tokens = false});
		ck_assert_ptr_nonnull(statement);
		ck_assert_str_eq(json_string_value(json_object_get(statement, "fhirVersion")), numbers[i]);
		ck_assert_str_eq(json_string_value(json_object_get(statement, "resourceType")), "CapabilityStatement");
		json_decref(statement);
	}
}
END_TEST

static unsigned allocations_left;

static void *allocate(size_t size)
{
	return allocations_left > 0 && allocations_left-- > 0 ? malloc(size) : NULL;
}

/* GW-45: nothing is left out of it for want of memory. */
START_TEST(a_statement_is_whole_or_none)
{
	const struct fhir_security security = {
		.certificates = true, .tokens = true, .token_url = "https://login.example/token"};
	json_t *whole = fhir_capability(FHIR_R4, &security), *statement = NULL;
	unsigned none = 0;
	ck_assert_ptr_nonnull(whole);
	json_set_alloc_funcs(allocate, free);
	for (unsigned i = 0; statement == NULL; i++) {
		allocations_left = i;
		statement = fhir_capability(FHIR_R4, &security);
		none += statement == NULL;
		ck_assert_uint_lt(i, 10000);
	}
	json_set_alloc_funcs(malloc, free);
	ck_assert_uint_gt(none, 20);
	ck_assert(json_equal(statement, whole));
	json_decref(statement);
	json_decref(whole);
}
END_TEST

UNIT_MAIN("fhir_outcome", an_element_is_named_by_its_path, each_error_has_its_code_and_status,
	each_entry_of_a_bundle_has_its_answer, the_statement_is_of_the_version_asked_for, a_statement_is_whole_or_none)
