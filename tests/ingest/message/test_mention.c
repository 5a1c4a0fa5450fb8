/* Patients who are mentioned in words. spec/adapters.md, "Mentions in words" */
#include "ingest/message/mention.h"
#include "tests/lib/unit.h"

#include <string.h>

struct row {
	const char *text;
	bool wanted;
};

static void check_rows(const struct row *rows, size_t count, enum mention_where where)
{
	for (size_t i = 0; i < count; i++) {
		bool found = false;
		ck_assert_int_eq(mention_look(bytes_text(rows[i].text), where, &found), E_OK);
		ck_assert_msg(found == rows[i].wanted, "%s", rows[i].text);
	}
}

#define CHECK_ROWS(rows, where) check_rows(rows, sizeof(rows) / sizeof(rows)[0], where)

START_TEST(texts_are_searched_for_people)
{
	static const struct row rows[] = {
		{"", false},
		{"see Patient/77", true},
		{"GET https://x.example/fhir/patient/77/$everything", true},
		{"https%3A%2F%2Fx.example%2FPatient%2F77", true},
		{"Patient/", false},
		{"Patient/$match", false},
		{"InPatient/77", false},
		{"77^^^NS&1.2.3&ISO", true},
		{"<77^^^&amp;1.2.3&amp;ISO>", true},
		{"77%5E%5E%5E%261.2.3%26ISO", true},
		{"77^4^M11^NS&1.2.3&ISO^PI", true},
		{"V1^^^NS&1.2.3&ISO^VN", false},                     /* a visit */
		{"A1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:acc", false}, /* an order */
		{"11^Smith^John^^^^^^&1.2.3&ISO", false},            /* somebody at work */
		{"Ward^^^^^&1.2.3&ISO^^^^1", false},                 /* an organisation */
		{"^^^NS&1.2.3&ISO", false},
		{"77^^^NS", false},
		{"urn:oid:1.2.208.176.1.2|0101701234", true},
		{"https://fhir.nhs.uk/Id/nhs-number|9434765919", true},
		{"https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9434765919", true},
		{"urn:oid:1.2.208.176.1.2", false},
		{"urn:oid:1.2.208.176.1.21|7", false},
		{"patient=77", true},
		{"GET Observation?subject=77", true},
		{"Patient?_id=77", true},
		{"GET /patients/77/labs", true},
		{"patients/staff", false},
		{"a patient is here", false},
		{"Patient\\/77", true},
		{"Patient\\u002f77", true},
		{"Patient&#x2F;77", true},
		{"Patient&#47;77", true},
		{"Patient%u002F77", true},
		{"Patient&#x2F77", false},
		{"Patient&#x12F;77", false},
		{"0101701234", true},
		{"opslag på 010170-1234.", true},
		{"CPR:0101701234", true},
		{"0001701234", false}, /* no day */
		{"0113701234", false}, /* no month */
		{"01017012345", false},
		{"101017012", false},
		{"010170-12345", false},
		{"1.2.0101701234", false},
		{"Observation/0101701234", false},
		{"0101701234.5", false},
		{"x0101701234", false},
		{"2026-11-20T08:15:30Z", false},
		{"100%", false},
	};
	CHECK_ROWS(rows, MENTION_TEXT);
}
END_TEST

/* What people at work are called may be a number too. */
START_TEST(addresses_at_work_are_no_people)
{
	static const struct row rows[] = {
		{"https://x.example/fhir/Patient/77", true},
		{"u7^^^&1.2.3&ISO", false},
		{"urn:oid:1.2.208.176.1.2|0101701234", false},
		{"https://x.example/fhir/Consent?patient=77", true},
		{"Patient?identifier=urn:oid:1.2.3|77", true},
		{"https://x.example/fhir/Consent?status=active&amp;patient=77", true},
		{"patient=77", false},
		{"cpr: 0101701234", false},
	};
	CHECK_ROWS(rows, MENTION_ADDRESS);
}
END_TEST

START_TEST(queries_are_searched_for_people)
{
	static const struct row rows[] = {
		{"Observation?patient=77", true},
		{"T2JzZXJ2YXRpb24/cGF0aWVudD03Nw==", true},
		{"T2JzZXJ2YXRpb24_cGF0aWVudD03Nw", true}, /* without padding, for addresses */
		{"Observation?patient=Patient%2F77", true},
		{"Observation?subject:Patient=77", true},
		{"Observation?subject:Patient.identifier=urn:oid:1.2.3|77", true},
		{"Observation?subject=Group/7", false},
		{"Observation?subject=", false},
		{"Observation?code=77", false},
		{"Observation?subject=Group/1,77", true},
		{"Observation?subject=Group/1,Group/2", false},
		{"Observation?subject.id=77", true},
		{"Task?for=77", true},
		{"Patient?identifier=|MRN77", true},
		{"Observation?patient.identifier=|MRN77", true},
		{"patient=+77", true},
		{"patient=&code=5", false},
		{"Patient?identifier=urn:oid:1.2.3|77", true},
		{"Patient?_id=77", true},
		{"Patient/$ihe-pix?sourceIdentifier=urn:oid:1.2.3|77", true},
		{"Patient?family=hansen&birthdate=1970-01-01", false},
		{"Practitioner?identifier=urn:oid:1.2.3|77", false},
		{"identifier=urn%3Aoid%3A1.2.208.176.1.2%7C0101701234", true},
		{"{\"patientId\": \"77\"}", true},
		{"{\\\"patient\\\":\\\"77\\\"}", true},
		{"patient_id=77", true},
		{"studies?PatientID=77", true},
		{"(0010,0020) LO [77] PatientID", true},
		{"(0010,1000) LO [77\\\\78] OtherPatientIDs\n", true},
		{"(0010,0020) LO [] PatientID\n(0020,000D) UI [] StudyInstanceUID\n", false},
		{"(0010,0020) LO [*] PatientID\n(0020,000D) UI [1.2] StudyInstanceUID\n", false},
		{"(0010,0020) LO (no value available) # 0, 0 PatientID\n(0010,0030) DA [19700101]", false},
		{"PatientID (0010, 0020)", true},
		{"studies?00100020=77", true},
		{"studies?PatientName=H*", false},
		{"cpr=0101701234", true},
		{"url=Patient%253Fidentifier%253Durn%253Aoid%253A1.2.3%257C77", true}, /* two layers */
		{"SELECT * FROM obs WHERE o.patient_id\t= 77", true},
		{"SELECT * FROM obs WHERE patient_id IN (77, 78)", true},
		{"{\"parameter\":[{\"name\":\"patient\",\"valueString\":\"77\"}]}", true},
		{"{\"parameter\":[{\"name\":\"patient\"},{\"name\":\"x\",\"valueString\":\"77\"}]}", false},
		{"{ Patient(id: \"77\") { name } }", true},
		{"<query><patientId>77</patientId></query>", true},
		{"<query><patient id=\"77\"/></query>", true},
		{"UABhAHQAaQBlAG4AdAA/AF8AaQBkAD0ANwA=", true}, /* UTF-16 */
		{"QPD|IHE PIX Query|1|77^^^NS&1.2.3&ISO^PI|", true},
		{"QPD|IHE PDQ Query|1|@PID.3.1^77", true},
		{"QPD|IHE PDQ Query|1|@PID.5.1^meier", false},
		{"<Slot name=\"$XDSDocumentEntryPatientId\"><Value>'77^^^&amp;1.2.3&amp;ISO'</Value></Slot>", true},
		{"<livingSubjectId><value root=\"1.2.3\" extension=\"77\"/></livingSubjectId>", true},
		{"<livingSubjectName><value><family>H</family></value></livingSubjectName>", false},
	};
	CHECK_ROWS(rows, MENTION_QUERY);
}
END_TEST

/* As languages of databases and documents write it. */
START_TEST(queries_of_databases_are_searched_for_people)
{
	static const struct row rows[] = {
		{"patient_id==77", true},
		{"patient_id <=> 77", true},
		{"patient_id <> 77", false},
		{"PatientId eq '77'", true},
		{"patient_id LIKE '77'", true},
		{"patient_id IN('MRN77')", true},
		{"patient_id in\n( 'MRN77')", true},
		{"patient in bed", false},
		{"patients=77,78", true},
		{"patientIDs=77", true},
		{"patient_key=77", true},
		{"pasient=77", true},
		{"patientName=77", false},
		{"{\"patient\":{\"value\":\"77\"}}", true},
		{"{\"patient\":{\"system\":\"urn:x\",\"value\":\"77\"}}", true},
		{"{\"patient\":{\"name\":\"Jens\"}}", false},
		{"{\"patient\":{}}", false},
		{"{\"patient\":[\"77\"]}", true},
		{"{\"patient\":[]}", false},
		{"{\"subject\":{\"reference\":\"Patient\\/77\"}}", true},
		{"{\"subject\":{\"reference\":\"Group/7\"}}", false},
		{"{\"patient_id\":{\"$in\":[\"77\"]}}", true},
		{"{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"77\"]}}", true},
		{"{\"00100020\":{\"vr\":\"LO\"}}", false},
		{"<patient><id root='1.2.3' extension='77'/></patient>", true},
		{"<Slot name='$XDSDocumentEntryPatientId'><ValueList><Value>'77'</Value></ValueList></Slot>", true},
	};
	CHECK_ROWS(rows, MENTION_QUERY);
}
END_TEST

/* Programs have pids, certificates have subjects. What is not plainly technical is of somebody. */
START_TEST(technical_texts_mention_nobody)
{
	static const struct row rows[] = {
		{"worker pid=4711 restarted", false},
		{"nightly job (pid: 4711) ended", false},
		{"forked with pid=4711.", false},
		{"systemd[1]: x.service: Main PID: 4711 (code=exited)", false},
		{"{\"pid\":4711,\"hostname\":\"app1\",\"level\":30}", false},
		{"type=USER_LOGIN pid=4711 auid=0 exe=\"/usr/sbin/sshd\"", false},
		{"pid=77", true},
		{"fetched pid=77", true},
		{"worker pid=4711-A", true},
		{"worker pid=47110000", true},
		{"worker pid=0077", true},
		{"worker fetched pid=77", true},
		{"worker pid=4711 for patient", true},
		{"server GET /chart?pid=77", true},
		{"worker pid=4711 GET /chart?pid=77", true},
		{"worker pid=4711, then pid=77", true},
		{"subject: CN=epj.example.dk, O=Hospital, C=DK", false},
		{"subject=/C=DK/O=Hospital/CN=epj.example.dk", false},
		{"\"subject\": \"CN=*.example.dk\"", false},
		{"subject=C = DK, O = Hospital, CN = epj.example.dk", false},
		{"subject: CN=Jens Hansen", true},
		{"subject: CN=Jens Hansen, O=Hospital", true},
		{"subject: O = Hospital, CN = Jens Hansen", true},
		{"subject: CN=epj.example.dk, serialNumber=77", true},
		{"subject: C=DK", true},
		{"subject: indsigt.audit.events", false},
		{"subject: 77.audit", true},
		{"subject: hansen", true},
		{"GET Observation?subject=a.b", true},
	};
	CHECK_ROWS(rows, MENTION_TEXT);
	CHECK_ROWS(rows, MENTION_QUERY);
}
END_TEST

/* A C-FIND with a patient's id to match, or with an empty one, which asks for it. */
START_TEST(a_c_find_names_whom_it_asks_for)
{
	static const char *const rows[][2] = {
		{"CABSAENTBgBTVFVEWSAQACAATE8CADc3", "explicit"}, {"EAAgAAIAAAA3Nw==", "implicit"},
		{"EAAgAFVOAAACAAAANzc=", "unknown type"}, {"ABAAIExPAAI3Nw==", "big endian"}, {"EAAAEExPAgA3Nw==", "other ids"},
		{"ABAAIExPAAAAAAAA", ""}, {"CABSAENTBgBTVFVEWSAQACAATE8AAA==", ""}, {"EAAgAAAAAAAQADAAAAAAAA==", ""},
		{"EAAgAExPAgAqIA==", ""}, /* "* " */
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool found = false;
		ck_assert_int_eq(mention_look(bytes_text(rows[i][0]), MENTION_QUERY, &found), E_OK);
		ck_assert_msg(found == (rows[i][1][0] != '\0'), "%s", rows[i][0]);
	}
}
END_TEST

START_TEST(numbers_are_people_where_they_can_be)
{
	static const struct row rows[] = {
		{"0101701234^^^&1.2.208.176.1.2&ISO", true},
		{"URN:OID:2.16.756.5.32|7561234567897", true},
		{" https://FHIR.nhs.uk/Id/nhs-number/ |9434765919", true},
		{"77^^^&1.2.3&ISO", false},
		{"urn:oid:1.2.208.176.1.2|", false},
		{"urn:oid:1.2.208.176.1.2", false},
		{"", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(mention_is_number(bytes_text(rows[i].text)) == rows[i].wanted, "%s", rows[i].text);
}
END_TEST

/* A text of 64 KiB that makes each place look like the beginning of something is looked at in linear time: the test
 * would not end otherwise. */
START_TEST(hostile_texts_take_no_longer)
{
	static const char *const pieces[] = {"patient=/", "a^", "Patient/", "1.2.208.176.1.2", "livingSubjectId ", "^^^&",
		"%", "worker pid=1 ", "subject: CN=a.b ", "a.b pid:1,ppid "};
	static char text[1u << 16];
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		size_t len = strlen(pieces[i]);
		bool found = false;
		for (size_t at = 0; at + len < sizeof text; at += len)
			memcpy(text + at, pieces[i], len);
		ck_assert_int_eq(mention_look(bytes_of(text, sizeof text), MENTION_QUERY, &found), E_OK);
	}
}
END_TEST

UNIT_MAIN("mention", texts_are_searched_for_people, addresses_at_work_are_no_people, queries_are_searched_for_people,
	queries_of_databases_are_searched_for_people, technical_texts_mention_nobody, a_c_find_names_whom_it_asks_for,
	numbers_are_people_where_they_can_be, hostile_texts_take_no_longer)
