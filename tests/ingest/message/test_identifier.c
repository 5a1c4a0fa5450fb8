/* Whose: each row is what a sender wrote and the one id that it means, or the reason why it means nobody that we know.
 * spec/adapters.md */
#include "ingest/message/audit_message.h"
#include "ingest/message/identifier.h"
#include "ledger/subject/subject.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <stdio.h>
#include <string.h>

#define ORG "cvr:55133018"
#define CPR "cpr:0101701234"

static const struct source nothing;
static const struct identifier_scope scope = {ORG, &nothing};

struct row {
	const char *text;
	const char *wanted; /* the id; "-" for nobody; or words of the reason */
};

/* What comes out of one text: the id, "-", or the reason. */
static const char *read_text(const char *text)
{
	static char out[SUBJECT_BYTES_MAX + 1];
	static struct fault fault;
	enum error error = identifier_text(bytes_text(text), &scope, out, &fault);
	if (error != E_OK) {
		ck_assert_msg(error == E_BAD_SUBJECT, "%s", text);
		return fault.text;
	}
	ck_assert_msg(out[0] == '\0' || subject_check(bytes_text(out)) == E_OK, "%s: %s", text, out);
	return out[0] == '\0' ? "-" : out;
}

static const char *read_fhir(const char *system, const char *value)
{
	static char out[SUBJECT_BYTES_MAX + 1];
	static struct fault fault;
	enum error error = identifier_fhir(bytes_text(system), bytes_text(value), &scope, out, &fault);
	return error != E_OK ? fault.text : out[0] == '\0' ? "-" : out;
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *got = read_text(rows[i].text);
		bool id = strchr(rows[i].wanted, ':') != NULL || rows[i].wanted[0] == '-';
		bool good = id ? strcmp(got, rows[i].wanted) == 0 : strstr(got, rows[i].wanted) != NULL;
		ck_assert_msg(good, "%s: %s, not %s", rows[i].text, got, rows[i].wanted);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* ADP-4, ADP-24 */
START_TEST(references_name_one_person)
{
	static const struct row rows[] = {
		{"Patient/77", "ref:" ORG "/Patient/77"},
		{" Patient/77\n", "ref:" ORG "/Patient/77"},
		{"Patient/77/_history/1", "ref:" ORG "/Patient/77"},
		{"https://a.example/fhir/Patient/p1", "uri:https://a.example/fhir/Patient|p1"},
		{"https://b.example/fhir/Patient/p1", "uri:https://b.example/fhir/Patient|p1"},
		{"HTTPS://A.Example:443/fhir/Patient/p1/_history/2", "uri:https://a.example/fhir/Patient|p1"},
		{"http://a.example/Patient/p1", "uri:http://a.example/Patient|p1"},
		{"Patient?identifier=urn:oid:1.2.208.176.1.2|0101701234", CPR},
		{"Patient?identifier=urn%3Aoid%3A1.2.208.176.1.2%7C010170-1234", CPR},
		{"https://a.example/fhir/Patient?identifier=URN:OID:1.2.208.176.1.2%7c0101701234", CPR},
		{"Patient?identifier=https://x.example/mrn|7", "uri:https://x.example/mrn|7"},
		{"Patient?identifier=0101701234", "authority"},
		{"Patient?identifier=%7C0101701234", "authority"},
		{"Patient?identifier=urn:oid:1.2|7,urn:oid:1.2|8", "one identifier"},
		{"Patient?identifier=urn:oid:1.2|7&active=true", "conditional"},
		{"Patient?_id=77", "conditional"},
		{"Patient?identifier=urn:oid:1.2|a+b", "one identifier"},
		{"Patient?identifier=urn:oid:1.2|7%", "escape"},
		{"Patient?identifier=urn:oid:1.2|7%4x", "escape"},
		{"Patient/77?x=1", "FHIR id"},
		{"Patient/77#f", "FHIR id"},
		{"Patient/p%31", "FHIR id"},
		{"Patient/", "FHIR id"},
		{"Patient/a_b", "FHIR id"},
		{"Patient/77/Observation", "/_history/VERSION"},
		{"Patient/77/_history/", "/_history/VERSION"},
		{"Patient/77/_history/1/2", "/_history/VERSION"},
		{"patient/77", "capital"},
		{"PATIENT/77", "capital"},
		{"https://a.example/patient/77", "capital"},
		{"/Patient/77", "whole http"},
		{"fhir/Patient/77", "whole http"},
		{"../Patient/77", "whole http"},
		{"ftp://a.example/Patient/77", "whole http"},
		{"https://u@a.example/Patient/77", "user"},
		{"https://a.example//Patient/77", "RFC 3986"},
		{"#p", "part of the message"},
		{"urn:uuid:8f0e3c5e-1111-2222-3333-444455556666", "Bundle"},
		{"Practitioner/77", "authority"},
		{"https://a.example/search?of=/Patient/1", "authority"},
	};
	CHECK_ROWS(rows);
}
END_TEST

/* ADP-4, ADP-24 */
START_TEST(tokens_have_a_system_and_a_value)
{
	static const struct row rows[] = {
		{"urn:oid:1.2.208.176.1.2|0101701234", CPR},
		{"URN:OID:1.2.208.176.1.2|0101701234", CPR},
		{"Urn:oid:1.2.208.176.1.2|010170-1234", CPR},
		{"1.2.208.176.1.2|0101701234", CPR},
		{"oid:1.2.208.176.1.2|0101701234", CPR},
		{"OID:1.2.208.176.1.2 | 0101701234 ", CPR},
		{"urn:oid:1.2.3|X 7", "oid:1.2.3:X 7"},
		{"https://sts.example.no|05086900124", "uri:https://sts.example.no|05086900124"},
		{"HTTPS://STS.example.NO:443/|05086900124", "uri:https://sts.example.no|05086900124"},
		{"https://x.example/id/|7|7", "uri:https://x.example/id|7|7"},
		{"http://hl7.org/fhir/sid/us-ssn|123", "uri:http://hl7.org/fhir/sid/us-ssn|123"},
		{"urn:uuid:8F0E3C5E|7", "uri:urn:uuid:8f0e3c5e|7"},
		{"urn:ietf:rfc:3986|urn:uuid:8F0E", "uri:urn:ietf:rfc:3986|urn:uuid:8f0e"},
		{"urn:ietf:rfc:3986|URN:OID:1.2.3", "uri:urn:ietf:rfc:3986|urn:oid:1.2.3"},
		{"urn:ietf:rfc:3986|4711", "canonical URI"},
		{"urn:oid:1.02.3|7", "leading zeros"},
		{"1.02.3|7", "leading zeros"},
		{"MRN|7", "absolute URI"},
		{"|7", "authority"},
		{"urn:oid:1.2.3|", "value"},
		{"http://terminology.hl7.org/CodeSystem/v2-0203|192", "code system"},
		{"https://emr.example/fhir/CodeSystem/v2-0203|192", "code system"},
		{"http://hl7.org/fhir/v2/0203|MR", "code system"},
		{"urn:oid:2.16.840.1.113883.12.203|MR", "code system"},
		{"urn:oid:2.16.840.1.113883.6.96|1", "code system"},
		{"urn:oid:1.2.3|7\xE2\x80\x8B", "invisible"},
		{"urn:oid:1.2.3|7\xC2\xA0", "invisible"},
		{"urn:oid:1.2.3|7\t7", "invisible"},
		{"urn:oid:1.2.208.176.1.2|123", "ten digits"},
		{"4711", "authority"},
		{"0101701234", "authority"},
	};
	CHECK_ROWS(rows);
}
END_TEST

/* ADP-4, ADP-24 */
START_TEST(hl7_cx_has_an_authority)
{
	static const struct row rows[] = {
		{"77^^^NS&1.2.3.4&ISO", "oid:1.2.3.4:77"},
		{"77^^^&1.2.3.4&ISO^PI", "oid:1.2.3.4:77"},
		{"77^^^OTHER&1.2.3.4&iso^MR^FACILITY", "oid:1.2.3.4:77"},
		{" 77 ^^^NS& 1.2.3.4 &ISO", "oid:1.2.3.4:77"},
		{"77^5^M11^NS&1.2.3.4&ISO", "oid:1.2.3.4:77"},
		{"77^^^NS&1.2.3.4", "oid:1.2.3.4:77"},
		{"77^^^NS&urn:oid:1.2.3.4&ISO", "oid:1.2.3.4:77"},
		{"010170-1234^^^CPR&1.2.208.176.1.2&ISO^NI", CPR},
		{"77^^^&8F0E3C5E-1111-2222-3333-444455556666&UUID", "uri:urn:uuid:8f0e3c5e-1111-2222-3333-444455556666|77"},
		{"77^^^&8f0e3c5e-1111-2222-3333-444455556666&GUID", "uri:urn:uuid:8f0e3c5e-1111-2222-3333-444455556666|77"},
		{"77^^^&https://X.example/mrn/&URI", "uri:https://x.example/mrn|77"},
		{"77^^^&x.example&DNS", "authority must be"},
		{"77^^^&short&UUID", "authority must be"},
		{"77^^^&abc&ISO", "not an OID"},
		{"77^^^&1.02&ISO", "leading zeros"},
		{"77^^^SITE", "authority"},
		{"77^^^1.2.3.4", "oid:1.2.3.4:77"},
		{"77^^^", "authority"},
		{"77^PI", "authority"},
		{"^^^&1.2.3.4&ISO", "value"},
		{"7&7^^^&1.2.3.4&ISO", "subcomponents"},
		{"7\\T\\7^^^&1.2.3.4&ISO", "escape"},
		{"MR^^^&2.16.840.1.113883.12.203&ISO", "code system"},
	};
	CHECK_ROWS(rows);
}
END_TEST

/* ADP-4 */
START_TEST(nobody_and_everybody)
{
	static const struct row rows[] = {
		{"<none>", "-"},
		{" <NONE> ", "-"},
		{"<none>^^^SITE&1.2.3.4&ISO", "-"},
		{"<none>^^^SITE", "-"},
		{"", "without an identifier"},
		{" \t\n", "without an identifier"},
		{"<unknown>", "placeholder"},
		{"UNKNOWN^^^&1.2.3&ISO", "placeholder"},
		{"\"\"^^^&1.2.3&ISO", "placeholder"},
		{"urn:oid:1.2.3|null", "placeholder"},
		{"N/A", "placeholder"},
		{"urn:oid:1.2.3|{{patientId}}", "placeholder"},
		{"urn:oid:1.2.3|${patient.id}", "placeholder"},
		{"urn:oid:1.2.3|xxxxxxxx", "placeholder"},
		{"urn:oid:1.2.3|[id]", "placeholder"},
		{"urn:oid:1.2.3|-", "placeholder"},
		{"urn:oid:1.2.3|???", "placeholder"},
		{"urn:oid:1.2.3|000000-0000", "placeholder"},
		{"0000^^^&1.2.3&ISO", "placeholder"},
		{"Ukendt^^^&1.2.3&ISO", "placeholder"},
		{"urn:oid:1.2.3|[object Object]", "placeholder"},
		{"Patient/undefined", "placeholder"},
		{"https://x.example/fhir/Patient/null", "placeholder"},
		{"Patient?identifier=urn:oid:1.2.3|null", "placeholder"},
		{"uri:urn:oid:1.2.3|7", "our own ids"},
		{"cpr:x|7", "our own ids"},
	};
	CHECK_ROWS(rows);
}
END_TEST

/* ADP-24: an identifier's two members. */
START_TEST(identifiers_need_both_members)
{
	static const char *const rows[][3] = {
		{"URN:OID:1.2.208.176.1.2", "0101701234", CPR},
		{"1.2.208.176.1.2", "010170-1234", CPR},
		{" oid:1.2.208.176.1.2 ", " 0101701234 ", CPR},
		{"", "0101701234^^^&1.2.208.176.1.2&ISO", CPR},
		{"", "urn:oid:1.2.208.176.1.2|0101701234", CPR},
		{"urn:oid:1.2.208.176.1.2", "0101701234^^^&1.2.208.176.1.2&ISO", CPR},
		{"urn:oid:1.2.3", "7^5^M11^&1.2.3&ISO", "oid:1.2.3:7"},
		{"urn:oid:1.2.3", "<none>", "-"},
	};
	static const char *const bad[][3] = {
		{"urn:oid:1.2.3", "0101701234^^^&1.2.208.176.1.2&ISO", "not the same"},
		{"", "77", "authority"},
		{"", "Patient/77", "authority"},
		{"", "", "value"},
		{"urn:oid:1.2.3", "", "value"},
		{"urn:oid:1.2.3", "unknown", "placeholder"},
		/* "a|b" of "urn:x:a" would be the same person */
		{"urn:x:a|b", "c", "has a '|'"},
		{"https://x.example/StructureDefinition/a", "1", "code system"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str_eq(read_fhir(rows[i][0], rows[i][1]), rows[i][2]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(strstr(read_fhir(bad[i][0], bad[i][1]), bad[i][2]) != NULL, "%s: %s", bad[i][1],
			read_fhir(bad[i][0], bad[i][1]));
}
END_TEST

/* EVT-9: whatever is refused, the reason does not repeat it. */
START_TEST(reasons_are_silent)
{
	static const char *const fronts[] = {"", "Patient/", "patient/", "x/Patient/", "urn:oid:1.02|", "MRN|", "#",
		"http://loinc.org|", "Patient?identifier=", "urn:oid:1.2|\xE2\x80\x8B", "urn:ietf:rfc:3986|"};
	for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++) {
		char text[64];
		snprintf(text, sizeof text, "%s4711_99", fronts[i]);
		ck_assert_msg(strstr(read_text(text), "4711") == NULL, "%s: %s", text, read_text(text));
	}
}
END_TEST

/* ADP-4: repetitions, each person once. */
START_TEST(repetitions_are_one_person_each)
{
	static const struct row rows[] = {
		{"1^^^&1.2.3&ISO~2^^^&1.2.3&ISO", "oid:1.2.3:1 oid:1.2.3:2"},
		{"1^^^&1.2.3&ISO~1^^^X&1.2.3&ISO^PI~", "oid:1.2.3:1"},
		{"1^5^M11^&1.2.3&ISO~~2^6^M11^&1.2.3&ISO", "oid:1.2.3:1 oid:1.2.3:2"},
		{"<none>^^^&1.2.3&ISO~2^^^&1.2.3&ISO", "oid:1.2.3:2"},
		{"urn:oid:1.2.3|a~b", "oid:1.2.3:a~b"},
		{"<none>", ""},
		{"1^^^&1.2.3&ISO~2", "!"},
		{"~^^^", "!"},
		{"~~", "!"},
		{"", "!"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct audit_message *message = calloc(1, sizeof *message);
		char list[512] = "";
		ck_assert_ptr_nonnull(message);
		enum error error = audit_message_subject(message, bytes_text(rows[i].text), &scope, NULL);
		for (size_t k = 0; k < message->subject_count; k++)
			snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.*s", k ? " " : "",
				(int)message->subjects[k].len, (const char *)message->subjects[k].data);
		ck_assert_str_eq(error == E_OK ? list : "!", rows[i].wanted);
		audit_message_free(message);
		free(message);
	}
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	char id[SUBJECT_BYTES_MAX + 1];
	bool fhir = json_object_get(vector, "value") != NULL;
	struct source source = {.words = ""};
	struct identifier_scope registered = {ORG, &source};
	struct fault got;
	size_t i;
	json_t *word;
	json_array_foreach(json_object_get(vector, "source"), i, word)
	{
		bool taken = false;
		ck_assert_int_eq(source_apply(&source, json_string_value(word), &taken, &got), E_OK);
		ck_assert(taken);
	}
	enum error error = fhir ? identifier_fhir(bytes_text(vector_text(vector, "system")),
								  bytes_text(vector_text(vector, "value")), &registered, id, &got)
							: identifier_text(bytes_text(vector_text(vector, "text")), &registered, id, &got);
	const char *subject = json_string_value(json_object_get(vector, "subject"));
	vector_expect(vector, path, error);
	if (error == E_OK)
		ck_assert_msg(strcmp(id, subject != NULL ? subject : "") == 0, "%s: %s", path, id);
}

/* ADP-4, ADP-24, ADP-26 */
START_TEST(outside_identifiers_are_read_alike)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/identifier", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 40);
}
END_TEST

UNIT_MAIN("identifier", references_name_one_person, tokens_have_a_system_and_a_value, hl7_cx_has_an_authority,
	nobody_and_everybody, identifiers_need_both_members, reasons_are_silent, repetitions_are_one_person_each,
	outside_identifiers_are_read_alike)
