#include "query/http/params.h"
#include "tests/lib/unit.h"

#include <string.h>

static const char *const known[] = {"from", "to", "org", "limit", "cursor", NULL};

START_TEST(parameters_are_read_exactly)
{
	struct params params;
	ck_ok(params_parse(NULL, known, &params, NULL));
	ck_assert_uint_eq(params.count, 0);
	ck_ok(params_parse("", known, &params, NULL));
	ck_assert_uint_eq(params.count, 0);
	ck_ok(params_parse("org=cvr%3A55133018&from=2026-11-23T08%3a15:30%2b01:00&to=&limit", known, &params, NULL));
	ck_assert_str_eq(params_get(&params, "org"), "cvr:55133018");
	ck_assert_str_eq(params_get(&params, "from"), "2026-11-23T08:15:30+01:00");
	ck_assert_str_eq(params_get(&params, "to"), "");
	ck_assert_str_eq(params_get(&params, "limit"), "");
	ck_assert_ptr_null(params_get(&params, "cursor"));
	ck_ok(params_parse("org=R%C3%B8dding+Kommune=a", known, &params, NULL));
	ck_assert_str_eq(params_get(&params, "org"), "Rødding Kommune=a");
}
END_TEST

/* HTTP-8: unknown, repeated and malformed parameters are refused, by name where there is one to give. */
START_TEST(other_parameters_are_refused_by_name)
{
	static const struct {
		const char *query;
		const char *says;
	} cases[] = {
		{"form=2026-11-23", "not known"},
		{"subject=cpr:0101701234", "not known"},
		{"from=a&from=b", "'from' is given twice"},
		{"org=%", "'org'"},
		{"org=%4", "'org'"},
		{"org=%zz", "'org'"},
		{"org=a%00b", "'org'"},
		{"org=a%0Ab", "'org'"},
		{"org=%C0%80", "'org'"},
		{"org=%FF", "'org'"},
		{"=1", "name"},
		{"%zz=1", "name"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct params params;
		struct fault fault;
		ck_error(params_parse(cases[i].query, known, &params, &fault), E_BAD_VALUE);
		ck_assert_msg(strstr(fault.text, cases[i].says), "%s: %s", cases[i].query, fault.text);
		ck_assert_ptr_null(strstr(fault.text, "cpr"));
	}
}
END_TEST

START_TEST(limits_are_named)
{
	char query[PARAMS_BYTES_MAX + 2] = "org=";
	struct params params;
	struct fault fault;
	memset(query + 4, 'a', PARAMS_BYTES_MAX - 4);
	query[PARAMS_BYTES_MAX] = '\0';
	ck_ok(params_parse(query, known, &params, &fault));
	ck_assert_uint_eq(strlen(params_get(&params, "org")), PARAMS_BYTES_MAX - 4);
	query[PARAMS_BYTES_MAX] = 'a';
	query[PARAMS_BYTES_MAX + 1] = '\0';
	ck_error(params_parse(query, known, &params, &fault), E_TOO_LONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "2048"));
}
END_TEST

UNIT_MAIN("params", parameters_are_read_exactly, other_parameters_are_refused_by_name, limits_are_named)
