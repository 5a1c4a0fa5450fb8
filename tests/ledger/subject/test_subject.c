#include "ledger/subject/subject.h"
#include "tests/lib/unit.h"

#include <string.h>

/* EVT-5 */
START_TEST(each_person_has_one_spelling)
{
	static const char *const good[] = {"cpr:0101701234", "cpr:9999999999", "oid:2.16.840.1.113883.3.72.5.9.1:MW-10001",
		"oid:0.9:x", "oid:1.2.208.176.1.20:X", "oid:1.2.3:with space inside", "uri:https://sts.example.no|05086900124",
		"uri:urn:uuid:5|a|b", "ref:cvr:55133018/Patient/ex-patient", "oid:1.2:\xC3\xA6",
		"uri:http://hl7.org/fhir/sid/us-ssn|x", "uri:https://a.example:8443/x|1", "uri:https://a.example|1",
		"uri:https://a.example/x%20y|1", "uri:http://a.example/ns#mrn|1", "uri:https://[::1]:8080/x|1",
		"uri:urn:ietf:rfc:3986|urn:uuid:5", "uri:urn:ietf:rfc:3986|urn:oid:1.2.3", "uri:tag:a.example,2020:x|1",
		"oid:2.16.840.1.113883.4.1:1", "oid:1.2:a b", "ref:cvr:1/Patient/A-b.9", "grants:cpr:0101701234",
		"grants:ref:cvr:1/Patient/A-b.9"};
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
		"ref:cvr:1/Practitioner/a", "ref:Patient/a", "mail:a@b",
		/* OIDs in another form's clothes */
		"uri:URN:OID:1.2.208.176.1.2|0101701234", "uri:Urn:Oid:1.2.3|x", "uri:1.2.208.176.1.2|0101701234",
		"uri:oid:1.2.3|x", "uri:OID:1.2.3|x", "uri:1.2.3|x",
		/* a system in a second spelling */
		"uri:URN:UUID:5|x", "uri:urn:uuid:ABC|x", "uri:HTTPS://a.example/x|1", "uri:https://A.example/x|1",
		"uri:https://a.example/x/|1", "uri:https://a.example/|1", "uri:https://a.example:443/x|1",
		"uri:http://a.example:80|1", "uri:https://a.example:/x|1", "uri:https://a.example:0443/x|1",
		"uri:https://a.example./x|1", "uri:https://a.example/%41|1", "uri:https://a.example/%2f|1",
		"uri:https://a.example/a//b|1", "uri:https://a.example/a/../b|1", "uri:https://u@a.example/x|1",
		"uri:https://a.example/x#|1", "uri:https://a%20b.example/x|1", "uri:https://a.example/a/./b|1",
		"uri:https://a.example#b|1", "uri:urn::x|1", "uri:urn:x:|1", "uri:urn:x:a?b|1", "uri:urn:x:a#b|1",
		"uri:https:a.example|1", "uri:urn:x|1",
		/* anybody's */
		"uri:MRN|7", "uri:Patient?identifier=urn:oid:1.2.208.176.1.2|0101701234", "uri:a|b",
		/* kinds of numbers, not whose */
		"uri:http://terminology.hl7.org/CodeSystem/v2-0203|192", "uri:https://x.example/fhir/CodeSystem/a|192",
		"uri:http://hl7.org/fhir/v2/0203|MR", "uri:http://loinc.org|1", "uri:http://snomed.info/sct|1",
		"uri:http://hl7.org/fhir/sid/icd-10|A", "oid:2.16.840.1.113883.12.203:MR", "oid:1.2.840.10008.2.16.4:1",
		"oid:2.16.840.1.113883.18.108:1", "uri:https://x.example/ValueSet/a|1", "uri:urn:ietf:bcp:47|da",
		/* characters that nobody sees, or sees as others */
		"oid:1.2:7\xE2\x80\x8B",
		"oid:1.2:\xE2\x80\xAE"
		"7",
		"oid:1.2:7\xC2\xA0", "oid:1.2:7\xC2\x85",
		"oid:1.2:\xEF\xBB\xBF"
		"7",
		"oid:1.2:a\xCC\x8A", "oid:1.2:\xEF\xBC\x97", "oid:1.2:a\xEF\xBF\xBD", "oid:1.2:a  b",
		"oid:1.2:a\xF3\xA0\x80\x81", "uri:https://a.example/x|7\xE2\x81\xA0", "ref:cvr:1\xE2\x80\x8B/Patient/a",
		/* a national number in a second spelling */
		"uri:https://fhir.nhs.uk/Id/nhs-number|943 476 5919", "oid:2.16.840.1.113883.4.1:123-45-6789",
		"oid:1.2.246.21:131052-308t",
		/* and one that has lost its zero or its century */
		"oid:1.2.752.129.2.1.3.1:7001011234", "oid:1.2.752.129.2.1.3.1:700101-1234",
		"uri:http://electronichealth.se/identifier/personnummer|150101+1234",
		"uri:http://fhir.nl/fhir/NamingSystem/bsn|12345678", "oid:2.16.578.1.12.4.1.4.1:1234567890",
		/* a value that is another form's whole */
		"oid:1.2.3:7^^^&1.2.3&ISO", "oid:1.2.3:7^5^M11^&1.2.3&ISO", "uri:urn:ietf:rfc:3986|urn:UUID:5",
		"uri:urn:ietf:rfc:3986|7", "uri:urn:ietf:rfc:3986|1.2.3", "uri:urn:ietf:rfc:3986|urn:oid:1.02",
		/* lists that are nobody's, or a list's, or of a person in a second spelling */
		"grants:", "grants:grants:cpr:0101701234", "grants:cpr:010170-1234", "grants:0101701234",
		"grants: cpr:0101701234", "Grants:cpr:0101701234",
		/* FHIR ids */
		"ref:cvr:1/Patient/77?x=1", "ref:cvr:1/Patient/77#f", "ref:cvr:1/Patient/p%31", "ref:cvr:1/Patient/a_b",
		"ref:cvr:1/Patient/\xC3\xA6",
		"ref:cvr:1/Patient/"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(subject_check(bytes_text(bad[i])) == E_BAD_SUBJECT, "%s", bad[i]);
	char longest[SUBJECT_BYTES_MAX + 2];
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "oid:1.2:", 8);
	ck_ok(subject_check(bytes_of(longest, SUBJECT_BYTES_MAX)));
	ck_error(subject_check(bytes_of(longest, SUBJECT_BYTES_MAX + 1)), E_BAD_SUBJECT);
}
END_TEST

/* Why it is refused is said, and never what was refused. EVT-9 */
START_TEST(the_reason_never_shows_the_number)
{
	static const char *const cases[][2] = {{"uri:URN:OID:1.2.208.176.1.2|0101701234", "cpr:"},
		{"uri:1.2.3|4711x", "oid:OID:VALUE"}, {"uri:http://x.example/CodeSystem/a|4711x", "code system"},
		{"uri:MRN|4711x", "absolute URI"}, {"ref:cvr:1/Patient/4711x?y", "FHIR id"},
		{"oid:1.02:4711x", "leading zeros"}, {"oid:1.2:4711x\xE2\x80\x8B", "invisible"},
		{"oid:1.2:4711x^^^&1.2&ISO", "CX"}, {"cpr:4711x", "ten digits"}};
	char out[SUBJECT_BYTES_MAX + 1];
	struct fault fault;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_error(subject_canonical(bytes_text(cases[i][0]), out, &fault), E_BAD_SUBJECT);
		ck_assert_msg(strstr(fault.text, cases[i][1]) != NULL, "%s: %s", cases[i][0], fault.text);
		ck_assert_ptr_null(strstr(fault.text, "4711x"));
	}
}
END_TEST

/* EVT-5 */
START_TEST(people_are_brought_into_form)
{
	static const char *const pairs[][2] = {{"cpr:010170-1234", "cpr:0101701234"}, {"cpr:0101701234", "cpr:0101701234"},
		{"grants:cpr:010170-1234", "grants:cpr:0101701234"}, {"grants:uri:urn:UUID:5E|x", "grants:uri:urn:uuid:5e|x"},
		{"oid:1.2.208.176.1.2:010170-1234", "cpr:0101701234"}, {"oid:1.2.208.176.1.2:0101701234", "cpr:0101701234"},
		{"oid:1.2.3:x", "oid:1.2.3:x"}, {"uri:HTTPS://STS.Example.NO:443/id/|x", "uri:https://sts.example.no/id|x"},
		{"uri:URN:X-y:Aa|x", "uri:urn:x-y:Aa|x"}, {"uri:urn:UUID:5E|x", "uri:urn:uuid:5e|x"},
		{"uri:http://A.example/|7|7", "uri:http://a.example|7|7"},
		{"uri:HTTPS://fhir.nhs.uk/Id/nhs-number|943 476 5919", "uri:https://fhir.nhs.uk/Id/nhs-number|9434765919"},
		{"oid:2.16.840.1.113883.2.1.4.1:943-476-5919", "oid:2.16.840.1.113883.2.1.4.1:9434765919"},
		{"oid:1.2.752.129.2.1.3.1:19121212-1212", "oid:1.2.752.129.2.1.3.1:191212121212"},
		{"oid:1.2.246.21:010203a123x", "oid:1.2.246.21:010203A123X"},
		{"oid:2.16.840.1.113883.2.18.2:zzz0016", "oid:2.16.840.1.113883.2.18.2:ZZZ0016"},
		{"oid:2.16.756.5.32:756.1234.5678.97", "oid:2.16.756.5.32:7561234567897"},
		/* what it was meant to be nobody knows */
		{"oid:1.2.752.129.2.1.3.1:TF1212-1212", "oid:1.2.752.129.2.1.3.1:TF1212-1212"},
		{"oid:2.16.840.1.113883.4.1:12-34", "oid:2.16.840.1.113883.4.1:12-34"},
		{"oid:2.16.840.1.113883.4.11:123-45-6789", "oid:2.16.840.1.113883.4.11:123-45-6789"}};
	char out[SUBJECT_BYTES_MAX + 1];
	struct fault fault;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		ck_ok(subject_canonical(bytes_text(pairs[i][0]), out, &fault));
		ck_assert_str_eq(out, pairs[i][1]);
	}
	static const char *const bad[] = {"cpr:0000000000", "oid:1.2.3:null", "oid:1.2.3:<none>", "oid:1.2.3:Unknown",
		"uri:urn:x:y|{{patientId}}", "uri:urn:x:y|${patient.id}", "oid:1.2.3:xxxxxxxx", "oid:1.2.3:---",
		"ref:cvr:1/Patient/undefined", "uri:cpr:0101701234|x", "uri:ref:a|x", "", "cpr:01017-01234", "cpr:010170_1234",
		"oid:1.2.208.176.1.2:abc", "x"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_error(subject_reported(bytes_text(bad[i]), out, &fault), E_BAD_SUBJECT);
		ck_assert(bad[i][0] == '\0' || strlen(bad[i]) < 3 || strstr(fault.text, bad[i] + 4) == NULL);
	}
	/* Whoever was filed so before is still asked about; and braces alone are somebody's id. */
	static const char *const filed[] = {"cpr:0000000000", "oid:1.2.3:null", "uri:urn:x:y|{{patientId}}", "uri:ref:a|x"};
	for (size_t i = 0; i < sizeof filed / sizeof filed[0]; i++) {
		ck_ok(subject_canonical(bytes_text(filed[i]), out, &fault));
		ck_assert_str_eq(out, filed[i]);
	}
	ck_ok(subject_reported(bytes_text("uri:urn:x:y|{3F2504E0-4F89-11D3-9A0C-0305E82C3301}"), out, &fault));
	ck_error(subject_canonical(bytes_of("cpr:01017012\0"
										"4",
								   14),
				 out, &fault),
		E_BAD_SUBJECT);
}
END_TEST

UNIT_MAIN("subject", each_person_has_one_spelling, other_spellings_are_refused, the_reason_never_shows_the_number,
	people_are_brought_into_form)
