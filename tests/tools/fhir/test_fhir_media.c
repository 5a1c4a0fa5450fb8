/* What headers of FHIR clients ask for. */
#include "tests/lib/unit.h"
#include "tools/fhir/fhir_media.h"

START_TEST(a_content_type_counts_without_its_parameters)
{
	static const struct {
		const char *type;
		enum fhir_form form;
	} cases[] = {{"application/fhir+json", FHIR_FORM_JSON}, {"application/fhir+json; charset=UTF-8", FHIR_FORM_JSON},
		{" Application/FHIR+JSON ;fhirVersion=4.0", FHIR_FORM_JSON}, {"application/json", FHIR_FORM_JSON},
		{"application/json+fhir", FHIR_FORM_JSON}, {"application/fhir+xml;charset=utf-8", FHIR_FORM_XML},
		{"application/xml", FHIR_FORM_XML}, {"text/plain", FHIR_FORM_NONE}, {"application/fhir+jsonx", FHIR_FORM_NONE},
		{"", FHIR_FORM_NONE}, {NULL, FHIR_FORM_NONE}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(fhir_media_content(cases[i].type) == cases[i].form, "%s", cases[i].type);
}
END_TEST

START_TEST(json_is_answered_where_it_may_be)
{
	static const struct {
		const char *accept, *query;
		bool json;
	} cases[] = {{NULL, NULL, true}, {"", NULL, true},
		{"application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9", NULL, true},
		{"*/*", NULL, true}, {"text/html, application/*;q=0.1", NULL, true}, {"application/fhir+xml", NULL, false},
		{"application/fhir+xml, application/fhir+json;q=0", NULL, false},
		{"application/fhir+json;q=0.000", NULL, false}, {"application/fhir+json;q=0.001", NULL, true},
		{"application/fhir+xml", "_format=json", true}, {"application/fhir+json", "_format=xml", false},
		{NULL, "_summary=true&_format=application/fhir%2Bjson", true}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(fhir_media_takes_json(cases[i].accept, cases[i].query) == cases[i].json, "%zu", i);
}
END_TEST

START_TEST(only_the_form_may_be_asked_for)
{
	ck_assert(fhir_media_is_plain(NULL));
	ck_assert(fhir_media_is_plain(""));
	ck_assert(fhir_media_is_plain("_format=json&_pretty=true"));
	ck_assert(!fhir_media_is_plain("_format=json&identifier=x"));
}
END_TEST

START_TEST(the_first_wish_that_is_known_counts)
{
	ck_assert_int_eq(fhir_media_return(NULL), FHIR_RETURN_MINIMAL);
	ck_assert_int_eq(fhir_media_return("respond-async"), FHIR_RETURN_MINIMAL);
	ck_assert_int_eq(fhir_media_return("handling=strict, return=representation"), FHIR_RETURN_RESOURCE);
	ck_assert_int_eq(fhir_media_return("return=OperationOutcome; x=y"), FHIR_RETURN_OUTCOME);
	ck_assert_int_eq(fhir_media_return("return=minimal, return=representation"), FHIR_RETURN_MINIMAL);
}
END_TEST

START_TEST(a_client_is_told_its_own_version)
{
	ck_assert_int_eq(fhir_media_version(NULL), FHIR_R4);
	ck_assert_int_eq(fhir_media_version("application/fhir+json"), FHIR_R4);
	ck_assert_int_eq(fhir_media_version("application/fhir+json; fhirVersion=5.0"), FHIR_R5);
	ck_assert_int_eq(fhir_media_version("*/*, application/fhir+json;q=1;fhirVersion=\"4.3\""), FHIR_R4B);
	ck_assert_int_eq(fhir_media_version("application/fhir+json; fhirVersion=3.0"), FHIR_R4);
}
END_TEST

UNIT_MAIN("fhir_media", a_content_type_counts_without_its_parameters, json_is_answered_where_it_may_be,
	only_the_form_may_be_asked_for, the_first_wish_that_is_known_counts, a_client_is_told_its_own_version)
