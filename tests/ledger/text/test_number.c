#include "ledger/text/number.h"
#include "tests/lib/unit.h"

START_TEST(digits_within_the_limits_are_a_number)
{
	uint64_t number = 7;
	ck_assert(number_parse("0", 0, 9, &number));
	ck_assert_uint_eq(number, 0);
	ck_assert(number_parse("0042", 1, 8760, &number));
	ck_assert_uint_eq(number, 42);
	ck_assert(number_parse("8760", 1, 8760, &number));
	ck_assert_uint_eq(number, 8760);
	ck_assert(number_parse("18446744073709551615", 0, UINT64_MAX, &number));
	ck_assert_uint_eq(number, UINT64_MAX);
}
END_TEST

START_TEST(anything_else_is_none_and_leaves_what_was)
{
	static const char *const texts[] = {"", " 1", "1 ", "+1", "-1", "1x", "x", "0x1", "1.0", "1e2", "8761", "9999",
		"00001", "18446744073709551617", "99999999999999999999999999"};
	uint64_t number = 7;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ck_assert_msg(!number_parse(texts[i], 1, 8760, &number), "'%s'", texts[i]);
	ck_assert(!number_parse("0", 1, 8760, &number));
	ck_assert(!number_parse("18446744073709551616", 0, UINT64_MAX, &number));
	ck_assert(!number_parse(NULL, 0, 9, &number));
	ck_assert_uint_eq(number, 7);
}
END_TEST

UNIT_MAIN("number", digits_within_the_limits_are_a_number, anything_else_is_none_and_leaves_what_was)
