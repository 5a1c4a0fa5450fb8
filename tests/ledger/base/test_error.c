#include "tests/lib/unit.h"

#include "ledger/base/error.h"

#include <errno.h>
#include <string.h>

/* What could not be looked at is never what does not hold, and a mix-up is neither. */
START_TEST(what_was_not_seen_does_not_fail)
{
	static const struct {
		enum error error;
		enum exit_code code;
		bool judges;
	} cases[] = {{E_OK, EXIT_DONE, false}, {E_USAGE, EXIT_USAGE, true}, {E_BAD_PROOF, EXIT_REFUSED, true},
		{E_CORRUPT, EXIT_REFUSED, true}, {E_BAD_CHECKPOINT, EXIT_REFUSED, true}, {E_POLICY, EXIT_REFUSED, true},
		{E_UNSEALED, EXIT_REFUSED, true}, {E_ROLLED_BACK, EXIT_REFUSED, true}, {E_EXISTS, EXIT_REFUSED, true},
		{E_NO_MEMORY, EXIT_NOT_LOOKED, false}, {E_IO, EXIT_NOT_LOOKED, false}, {E_FULL, EXIT_NOT_LOOKED, false},
		{E_LOCKED, EXIT_NOT_LOOKED, false}, {E_PERMISSION, EXIT_NOT_LOOKED, false},
		{E_NOT_FOUND, EXIT_NOT_LOOKED, false}, {E_CLOSED, EXIT_NOT_LOOKED, false}, {E_TIMEOUT, EXIT_NOT_LOOKED, false},
		{E_READERS, EXIT_NOT_LOOKED, false}, {E_FORBIDDEN, EXIT_NOT_LOOKED, false},
		{E_WRONG_ORIGIN, EXIT_WRONG_KEY, false}, {E_BAD_KEY, EXIT_WRONG_KEY, false},
		{E_UNKNOWN_SENDER, EXIT_WRONG_KEY, false}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_msg((int)error_exit(cases[i].error) == (int)cases[i].code, "%s", error_name(cases[i].error));
		ck_assert_msg(error_judges(cases[i].error) == cases[i].judges, "%s", error_name(cases[i].error));
	}
}
END_TEST

START_TEST(reasons_of_the_system_are_told)
{
	errno = EROFS;
	ck_assert_str_eq(error_reason(E_IO), "Read-only file system");
	errno = EROFS;
	ck_assert_str_eq(error_reason(E_FULL), error_text(E_FULL));
	errno = 0;
	ck_assert_str_eq(error_reason(E_IO), error_text(E_IO));
}
END_TEST

START_TEST(what_failed_is_told_with_its_reason)
{
	struct fault fault = {.text = "as it was"};
	ck_assert_int_eq(fault_because(&fault, E_OK, "%s cannot be read", "vkey"), E_OK);
	ck_assert_str_eq(fault.text, "as it was");
	errno = EROFS;
	ck_assert_int_eq(fault_because(&fault, E_IO, "%s cannot be written", "vkey"), E_IO);
	ck_assert_str_eq(fault.text, "vkey cannot be written: Read-only file system");
	ck_assert_int_eq(fault_because(NULL, E_FULL, "%s", "nobody asks"), E_FULL);
}
END_TEST

START_TEST(numbers_of_the_system_are_told_apart)
{
	ck_assert_int_eq(error_of_system(ENOSPC), E_FULL);
	ck_assert_int_eq(error_of_system(EDQUOT), E_FULL);
	ck_assert_int_eq(error_of_system(EROFS), E_READ_ONLY);
	ck_assert_int_eq(error_of_system(ENOMEM), E_NO_MEMORY);
	ck_assert_int_eq(error_of_system(EIO), E_IO);
}
END_TEST

START_TEST(names_lead_back_to_their_codes)
{
	static const enum error all[] = {
#define X(code, number, blame, text) code,
		ERROR_LIST(X)
#undef X
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		ck_assert_int_eq(error_named(error_name(all[i])), all[i]);
	ck_assert_int_eq(error_named("unknown"), E_OK);
	ck_assert_int_eq(error_named(""), E_OK);
	ck_assert_int_eq(error_named(NULL), E_OK);
}
END_TEST

UNIT_MAIN("error", names_lead_back_to_their_codes, numbers_of_the_system_are_told_apart,
	what_was_not_seen_does_not_fail, reasons_of_the_system_are_told, what_failed_is_told_with_its_reason)
