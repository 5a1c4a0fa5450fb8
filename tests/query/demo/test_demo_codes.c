/* Codes and their ends, the list of persons, and the page that shows it. */
#include "query/demo/demo_codes.h"
#include "query/demo/demo_html.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <stdio.h>

static struct demo_codes codes;

static struct demo_grant grant_of(const char *id)
{
	struct demo_grant grant = {.challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"};
	strcpy(grant.person.id, id);
	return grant;
}

/* DEMO-3 */
START_TEST(a_code_is_good_once_and_for_a_minute)
{
	char code[DEMO_CODE_TEXT + 1], late[DEMO_CODE_TEXT + 1];
	struct demo_grant grant = grant_of("cpr:0101701234"), out;
	demo_codes_init(&codes);
	demo_codes_give(&codes, &grant, 1000, code);
	demo_codes_give(&codes, &grant, 1000, late);
	ck_assert_str_ne(code, late);
	ck_assert(!demo_codes_take(&codes, "", 1000, &out));
	ck_assert(!demo_codes_take(&codes, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", 1000, &out));
	ck_assert(demo_codes_take(&codes, code, 1000 + DEMO_CODE_MS, &out));
	ck_assert_str_eq(out.person.id, "cpr:0101701234");
	ck_assert(!demo_codes_take(&codes, code, 1000, &out));
	ck_assert(!demo_codes_take(&codes, late, 1001 + DEMO_CODE_MS, &out));
	ck_assert(!demo_codes_take(&codes, late, 1000, &out)); /* gone, too */
}
END_TEST

START_TEST(the_oldest_code_makes_room)
{
	char given[DEMO_CODES_MAX + 1][DEMO_CODE_TEXT + 1];
	struct demo_grant grant = grant_of("cpr:0101701234"), out;
	demo_codes_init(&codes);
	for (size_t i = 0; i <= DEMO_CODES_MAX; i++)
		demo_codes_give(&codes, &grant, 1000 + i, given[i]);
	ck_assert(!demo_codes_take(&codes, given[0], 1100, &out));
	for (size_t i = 1; i <= DEMO_CODES_MAX; i++)
		ck_assert(demo_codes_take(&codes, given[i], 1100, &out));
}
END_TEST

/* DEMO-3, with the example of RFC 7636 appendix B. */
START_TEST(a_verifier_is_held_against_its_challenge)
{
	const struct demo_grant grant = grant_of("cpr:0101701234");
	ck_assert(demo_codes_proven(&grant, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
	ck_assert(!demo_codes_proven(&grant, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
	ck_assert(!demo_codes_proven(&grant, ""));
	ck_assert(!demo_codes_proven(&grant, grant.challenge));
}
END_TEST

static void refused(const struct place *place, const char *text, const char *says)
{
	struct demo_persons persons;
	struct fault fault = {.text = ""};
	shell("printf '%%s' '%s' > %s/demo-persons.json", text, place->path);
	ck_assert_msg(demo_persons_read(place->path, &persons, &fault) != E_OK, "%s", text);
	ck_assert_msg(strstr(fault.text, says) != NULL, "%s: %s", text, fault.text);
	ck_assert_ptr_null(strstr(fault.text, "0101701234"));
}

/* DEMO-4 */
START_TEST(test_persons_stand_in_a_file)
{
	struct place place;
	struct demo_persons persons;
	struct fault fault = {.text = ""};
	place_make(&place);
	ck_ok(demo_persons_read(place.path, &persons, &fault));
	ck_assert_uint_eq(persons.count, 0);
	shell("printf '%%s' '[{\"id\":\"cpr:010170-1234\",\"name\":\"A & <b>\"},{\"id\":\"oid:1.2.3:x\",\"name\":\"P\","
		  "\"role\":\"proxy\"}]' > %s/demo-persons.json",
		place.path);
	ck_ok(demo_persons_read(place.path, &persons, &fault));
	ck_assert_uint_eq(persons.count, 2);
	ck_assert_str_eq(persons.list[0].id, "cpr:0101701234");
	ck_assert_int_eq(persons.list[0].role, ROLE_SUBJECT);
	ck_assert_int_eq(persons.list[1].role, ROLE_PROXY);
	char *html = demo_html(&persons, false);
	ck_assert_ptr_nonnull(strstr(html, ">A &#38; &#60;b&#62;<span>"));
	ck_assert_ptr_nonnull(strstr(html, "lang=\"da\""));
	ck_assert_ptr_nonnull(strstr(html, "value=\"1\">P<"));
	free(html);
	refused(&place, "{}", "a list");
	refused(&place, "[", "valid JSON");
	refused(&place, "[{\"id\":\"cpr:0101701234\"}]", "id, name");
	refused(&place, "[{\"id\":\"0101701234\",\"name\":\"a\"}]", "subject id");
	refused(&place, "[{\"id\":\"cpr:0101701234\",\"name\":\"\"}]", "name must");
	refused(&place, "[{\"id\":\"cpr:0101701234\",\"name\":\"a\",\"role\":\"supervisor\"}]", "role must");
	refused(&place, "[{\"id\":\"cpr:0101701234\",\"name\":\"a\",\"more\":1}]", "id, name");
	place_remove(&place);
}
END_TEST

UNIT_MAIN("demo_codes", a_code_is_good_once_and_for_a_minute, the_oldest_code_makes_room,
	a_verifier_is_held_against_its_challenge, test_persons_stand_in_a_file)
