/* People's numbers in texts. (QLT-4) */
#include "ledger/subject/subject_in_text.h"
#include "tests/lib/unit.h"

/* 0101701234 does not fulfil the check, 0707614285 does. */
static unsigned look(const char *text, const char *subject)
{
	return subject_in_text(bytes_text(text), subject_own(bytes_text(subject)));
}

START_TEST(a_number_is_found_by_its_form)
{
	static const char *const found[] = {"0101701234", "010170-1234", "borger 0101701234 set", "(0101701234)",
		"cpr:0101701234", "Sag om 0101701234.", "0101701234, 2", "1.2.208.176.1.2|0101701234",
		"0101701234^^^A&1.2&ISO"};
	static const char *const none[] = {"", "0101701", "01017012345", "x0101701234", "0101701234x", "a/0101701234",
		"3301701234", "0113701234", "0101701234-1", "1.0101701234", "010170 1234", "0101701234.5", "0001701234",
		"01017-01234"};
	for (size_t i = 0; i < sizeof found / sizeof found[0]; i++)
		ck_assert_msg(look(found[i], "") == IN_TEXT_NUMBER, "%s", found[i]);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		ck_assert_msg(look(none[i], "") == 0, "%s", none[i]);
}
END_TEST

/* Since 2007 there are numbers that do not fulfil it: it is a hint. */
START_TEST(the_check_is_a_hint)
{
	ck_assert_uint_eq(look("070761-4285", ""), IN_TEXT_NUMBER | IN_TEXT_CHECKED);
	ck_assert_uint_eq(look("0707614286", ""), IN_TEXT_NUMBER);
	ck_assert_uint_eq(look("0707614286 og 0707614285", ""), IN_TEXT_NUMBER | IN_TEXT_CHECKED);
}
END_TEST

START_TEST(the_persons_own_number_is_found_in_any_system)
{
	ck_assert_uint_eq(look("set 010170-1234", "cpr:0101701234"), IN_TEXT_NUMBER | IN_TEXT_OWN);
	ck_assert_uint_eq(look("set 0101701235", "cpr:0101701234"), IN_TEXT_NUMBER);
	ck_assert_uint_eq(look("set 610170-1234", "cpr:6101701234"), IN_TEXT_OWN); /* no date */
	ck_assert_uint_eq(look("set AB-4711-X, igen", "oid:1.2.3:AB-4711-X"), IN_TEXT_OWN);
	ck_assert_uint_eq(look("set AB-4711-XY og AB-4711-X.", "oid:1.2.3:AB-4711-X"), IN_TEXT_OWN);
	ck_assert_uint_eq(look("set AB-4711-XY", "oid:1.2.3:AB-4711-X"), 0);
	ck_assert_uint_eq(look("set xAB-4711-X", "uri:https://a.example/n|AB-4711-X"), 0);
	ck_assert_uint_eq(look("AB-4711-X", "uri:https://a.example/n|AB-4711-X"), IN_TEXT_OWN);
	ck_assert_uint_eq(look("stue 12345", "oid:1.2.3:12345"), 0); /* may be anything */
	ck_assert_uint_eq(look("123456", "grants:oid:1.2.3:123456"), IN_TEXT_OWN);
}
END_TEST

/* Wherever it stands among whatever. */
START_TEST(it_is_found_wherever_it_stands)
{
	static const char around[] = "ab1-9 .,0/ ";
	for (uint32_t round = 0; round < 20000; round++) {
		char text[64];
		size_t before = randombytes_uniform(25), behind = randombytes_uniform(25), len = 0;
		for (size_t i = 0; i < before; i++)
			text[len++] = around[randombytes_uniform(sizeof around - 1)];
		text[len++] = ' ';
		len += (size_t)sprintf(text + len, randombytes_uniform(2) ? "0707614285" : "070761-4285");
		text[len++] = ' ';
		for (size_t i = 0; i < behind; i++)
			text[len++] = around[randombytes_uniform(sizeof around - 1)];
		unsigned found = subject_in_text(bytes_of(text, len), subject_own(BYTES_LITERAL("cpr:0707614285")));
		ck_assert_uint_eq(found, IN_TEXT_OWN | IN_TEXT_NUMBER | IN_TEXT_CHECKED);
	}
}
END_TEST

UNIT_MAIN("subject_in_text", it_is_found_wherever_it_stands, a_number_is_found_by_its_form, the_check_is_a_hint,
	the_persons_own_number_is_found_in_any_system)
