/* A verifier that runs out of memory says so: of all its allocations each one fails once, and a file that holds is
 * never said not to. The linker puts the functions below in the place of the library's (tests/meson.build). */
#include "ledger/json/json_number.h"
#include "ledger/proof/filing_proof.h"
#include "tests/lib/forged_example.h"
#include "tests/lib/unit.h"

static unsigned left; /* allocations until one fails; 0: none does */

static bool fails(void)
{
	return left > 0 && --left == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

static enum error verify_statement_text(struct bytes text, struct finding *finding)
{
	struct statement *statement = NULL;
	const struct statement_options options = {.subject = ANNE, .auditor = &forge->auditor};
	enum error error = statement_verify(text, &forge->vkey, &options, &statement, finding);
	statement_free(statement);
	return error;
}

static enum error verify_filing_text(struct bytes text, struct finding *finding)
{
	struct filing_proof *proof = NULL;
	enum error error = filing_proof_verify(text, &forge->vkey, NULL, &proof, finding);
	filing_proof_free(proof);
	return error;
}

/* Gives how many allocations there are. */
static unsigned fail_each(json_t *json, enum error (*verify)(struct bytes text, struct finding *finding))
{
	char *text = json_dumps(json, JSON_COMPACT);
	unsigned number = 0;
	bool all;
	enum error error;
	json_decref(json);
	do {
		struct finding finding = {.text = ""};
		left = ++number;
		error = verify(bytes_text(text), &finding);
		all = left > 0; /* that many allocations there are not */
		left = 0;       /* the test needs memory as well */
		ck_assert_msg(
			error == E_OK || error == E_NO_MEMORY, "allocation %u: %s: %s", number, error_name(error), finding.text);
		ck_assert_msg(error == E_OK || finding.code == FINDING_NONE, "allocation %u: %s", number, finding.text);
	} while (!all);
	ck_ok(error);
	free(text);
	return number - 1;
}

START_TEST(each_allocation_may_fail)
{
	example();
	ck_assert_uint_gt(fail_each(honest(), verify_statement_text), 300);
	ck_assert_uint_gt(fail_each(forge_filing(forge, 1, 0, true), verify_filing_text), 100);
	forge_free(forge);
}
END_TEST

/* What a file is, too: without memory it is not unknown. */
START_TEST(type_of_a_file)
{
	char type[FORM_TYPE_MAX + 1];
	static const struct {
		const char *text;
		enum error error;
		const char *type;
	} cases[] = {
		{"{\"type\":\"indsigt-fork/v1\"}", E_OK, "indsigt-fork/v1"},
		{" {\"a\":1,\"t\\u0079pe\":\"x\\/y\"} {", E_OK, "x/y"},
		{"{\"type\":1}", E_OK, ""},
		{"{\"type\":\"12345678901234567890123456789012\"}", E_OK, ""},
		{"{\"origin\":\"type\"}\n{", E_NOT_FOUND, ""},
		{"[]", E_BAD_VALUE, ""},
		{"{", E_BAD_VALUE, ""},
		{"", E_BAD_VALUE, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_error(form_type(bytes_text(cases[i].text), type), cases[i].error);
		ck_assert_str_eq(type, cases[i].type);
		enum error error = E_NO_MEMORY;
		for (unsigned number = 1; cases[i].error == E_OK && error != E_OK; number++) {
			left = number;
			error = form_type(bytes_text(cases[i].text), type);
			left = 0;
			ck_assert(error == E_OK || error == E_NO_MEMORY);
		}
	}
}
END_TEST

static void check_number(uint64_t number, const char *wanted)
{
	json_t *json = json_number(number);
	char *text = json_dumps(json, JSON_ENCODE_ANY);
	ck_assert_str_eq(text, wanted);
	free(text);
	json_decref(json);
}

START_TEST(numbers_of_allocations_are_known)
{
	check_number(0, "0");
	check_number((UINT64_C(1) << 53) - 1, "9007199254740991");
	check_number(UINT64_C(1) << 53, "\"9007199254740992\"");
	check_number(UINT64_MAX, "\"18446744073709551615\"");
}
END_TEST

UNIT_MAIN("verify_memory", each_allocation_may_fail, type_of_a_file, numbers_of_allocations_are_known)
