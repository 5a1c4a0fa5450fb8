/* The vectors of spec/statement.md: accepted, or refused with the finding that each names. */
#include "ledger/statement/statement.h"
#include "ledger/witness/witness_policy.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

static void vkey_of(const json_t *vector, const char *member, struct vkey *out)
{
	ck_ok(vkey_parse(bytes_text(vector_text(vector, member)), out));
}

static void check_vector(const json_t *vector, const char *path)
{
	struct vkey log, auditor;
	struct fault fault = {.text = ""};
	struct finding finding = {.text = ""};
	struct statement *statement = NULL;
	struct witness_policy *policy = NULL;
	struct statement_options options = {.subject = json_string_value(json_object_get(vector, "subject"))};
	vkey_of(vector, "vkey", &log);
	if (json_object_get(vector, "auditor") != NULL) {
		vkey_of(vector, "auditor", &auditor);
		options.auditor = &auditor;
	}
	if (json_object_get(vector, "policy") != NULL) {
		ck_ok(witness_policy_parse(bytes_text(vector_text(vector, "policy")), &policy, &fault));
		options.policy = policy;
	}
	enum error error =
		statement_verify(bytes_text(vector_text(vector, "statement")), &log, &options, &statement, &finding);
	vector_expect(vector, path, error);
	ck_assert_msg(
		strcmp(finding_name(finding.code), vector_text(vector, "finding")) == 0, "%s: %s", path, finding.text);
	statement_free(statement);
	free(policy);
}

START_TEST(our_statement_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/statement", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 213);
}
END_TEST

UNIT_MAIN("statement_vectors", our_statement_vectors_hold)
