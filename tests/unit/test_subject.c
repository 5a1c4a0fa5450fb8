#include "ledger/subject.h"
#include "tests/unit/unit.h"

#include <string.h>

/* EVT-5 */
START_TEST(canonical_forms)
{
	static const char *const good[] = {"cpr:0101701234", "cpr:9999999999", "oid:2.16.840.1.113883.3.72.5.9.1:MW-10001",
		"oid:0.9:x", "oid:1.2.208.176.1.20:X", "oid:1.2.3:with space inside", "uri:https://sts.example.no|05086900124",
		"uri:urn:uuid:5|a|b", "ref:cvr:55133018/Patient/ex-patient", "oid:1.2:\xC3\xA6"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(subject_check(bytes_text(good[i])) == E_OK, "%s", good[i]);
}
END_TEST

/* EVT-5 */
START_TEST(other_spellings_are_refused)
{
	static const char *const bad[] = {"", "cpr:", "cpr:010170-1234", "cpr:010170123", "cpr:01017012345",
		"CPR:0101701234", " cpr:0101701234", "cpr:0101701234 ", "cpr:010170123a", "0101701234",
		"oid:1.2.208.176.1.2:0101701234", "oid:1.2:", "oid:1.2", "oid::x", "oid:1:x", "oid:3.1:x", "oid:1..2:x",
		"oid:1.02:x", "oid:1.2.:x", "oid:.1.2:x", "oid:12.2:x", "oid:1.2: x", "oid:1.2:x\n", "oid:1.2:\xE6", "uri:|x",
		"uri:a|", "uri:a", "uri:a b|x", "uri:urn:oid:1.2.208.176.1.2|0101701234", "ref:cvr:1/Patient/",
		"ref:cvr:1/Patient/a/b", "ref:cvr/Patient/a", "ref:cvr:/Patient/a", "ref::1/Patient/a",
		"ref:cvr:1/Practitioner/a", "ref:Patient/a", "mail:a@b"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(subject_check(bytes_text(bad[i])) == E_BAD_SUBJECT, "%s", bad[i]);
	char longest[SUBJECT_BYTES_MAX + 2];
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "oid:1.2:", 8);
	ck_ok(subject_check(bytes_of(longest, SUBJECT_BYTES_MAX)));
	ck_error(subject_check(bytes_of(longest, SUBJECT_BYTES_MAX + 1)), E_BAD_SUBJECT);
}
END_TEST

START_TEST(people_are_brought_into_form)
{
	static const char *const pairs[][2] = {{"cpr:010170-1234", "cpr:0101701234"}, {"cpr:0101701234", "cpr:0101701234"},
		{"oid:1.2.208.176.1.2:010170-1234", "cpr:0101701234"}, {"oid:1.2.208.176.1.2:0101701234", "cpr:0101701234"},
		{"oid:1.2.3:x", "oid:1.2.3:x"}};
	char out[SUBJECT_BYTES_MAX + 1];
	struct fault fault;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		ck_ok(subject_canonical(bytes_text(pairs[i][0]), out, &fault));
		ck_assert_str_eq(out, pairs[i][1]);
	}
	static const char *const bad[] = {"", "cpr:01017-01234", "cpr:010170_1234", "oid:1.2.208.176.1.2:abc", "x"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_error(subject_canonical(bytes_text(bad[i]), out, &fault), E_BAD_SUBJECT);
		ck_assert(bad[i][0] == '\0' || strlen(bad[i]) < 3 || strstr(fault.text, bad[i] + 4) == NULL);
	}
	ck_error(subject_canonical(bytes_of("cpr:01017012\0"
										"4",
								   14),
				 out, &fault),
		E_BAD_SUBJECT);
}
END_TEST

UNIT_MAIN("subject", canonical_forms, other_spellings_are_refused, people_are_brought_into_form)
