/* The adapters over small messages of our own, and over real ones where they are (INDSIGT_SHARED). spec/adapters.md */
#include "ingest/message/adapter.h"
#include "ledger/event/event_json.h"
#include "ledger/event/event_schema.h"
#include "tests/lib/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static struct policy policy;
static struct source source;
static const struct source_origin *line;
static struct adapter_events events;
static struct fault fault;

static enum error map(enum adapter_format format, struct bytes message)
{
	struct adapter_context context = {"cvr:55133018", "Aarhus Kommune", &policy, &source, line};
	adapter_events_free(&events);
	return adapter_map(format, message, &context, &events, &fault);
}

/* Subjects of the mapped events, with spaces between, in order; "-" for a mass event. Every event must be encodable. */
static const char *subjects(void)
{
	static char list[2048];
	static uint8_t disclosed[EVENT_BYTES_MAX];
	static uint8_t restricted[EVENT_BYTES_MAX];
	size_t len = 0;
	for (size_t i = 0; i < events.count; i++) {
		const struct event *event = &events.events[i];
		struct bytes id = event_is_mass(event) ? BYTES_LITERAL("-") : event_subject(event);
		struct writer d = writer_of(disclosed, sizeof disclosed);
		struct writer r = writer_of(restricted, sizeof restricted);
		ck_assert_msg(event_encode(event, &policy, &d, &r, &fault) == E_OK, "%s", fault.text);
		len +=
			(size_t)snprintf(list + len, sizeof list - len, "%s%.*s", i ? " " : "", (int)id.len, (const char *)id.data);
	}
	return list;
}

static bool field_is(unsigned field, const char *text)
{
	return bytes_equal(events.events[0].values[field].text, bytes_text(text));
}

static struct bytes read_file(const char *directory, const char *name)
{
	static uint8_t buffer[1 << 17];
	char path[4096 + 1 + 256];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s", path);
	size_t len = fread(buffer, 1, sizeof buffer, file);
	fclose(file);
	return bytes_of(buffer, len);
}

static struct bytes own(const char *name)
{
	char directory[4096];
	snprintf(directory, sizeof directory, "%s/tests/samples", getenv("INDSIGT_SOURCE"));
	return read_file(directory, name);
}

/* ADP-1, ADP-3, ADP-4 */
START_TEST(dicom_newer_dialect)
{
	policy_default(&policy);
	ck_assert_msg(map(ADAPTER_DICOM, own("dicom/query.xml")) == E_OK, "%s", fault.text);
	ck_assert_str_eq(subjects(), "cpr:0101701234 oid:1.2.208.184.100:A-7 uri:https://fhir.example.dk/r4/Patient|p1");
	ck_assert_uint_eq(events.events[0].values[EVENT_ACTION].number, ACTION_SEARCH);
	ck_assert_uint_eq(events.events[0].values[EVENT_ACTOR_KIND].number, ACTOR_HUMAN);
	ck_assert(field_is(EVENT_ACTIVITY, "Patient Demographics Query"));
	ck_assert(field_is(EVENT_SYSTEM, "RIS"));
	ck_assert(field_is(EVENT_PURPOSE, "unspecified"));
	ck_assert(field_is(EVENT_ACTOR_ID, "abc123"));
	ck_assert(field_is(EVENT_ACTOR_ROLE, "Radiographer"));
	ck_assert(field_is(EVENT_SOURCE_FORMAT, "dicom"));
	adapter_events_free(&events);
}
END_TEST

/* ADP-2, ADP-5 */
START_TEST(dicom_older_dialect)
{
	policy_default(&policy);
	ck_assert_msg(map(ADAPTER_DICOM, own("dicom/older.xml")) == E_OK, "%s", fault.text);
	ck_assert_str_eq(subjects(), "cpr:0202801234");
	ck_assert_uint_eq(events.events[0].values[EVENT_ACTION].number, ACTION_READ);
	ck_assert_uint_eq(events.events[0].values[EVENT_OUTCOME].number, OUTCOME_FAILED); /* 4 without a sign */
	ck_assert(field_is(EVENT_ACTIVITY, "Images viewed"));
	ck_assert(field_is(EVENT_PURPOSE, "Emergency Treatment"));
	ck_assert_uint_eq(events.events[0].values[EVENT_EMERGENCY].number, 1);
	adapter_events_free(&events);
}
END_TEST

/* ADP-1, ADP-3 */
START_TEST(fhir_r4_and_r5)
{
	policy_default(&policy);
	ck_assert_msg(map(ADAPTER_FHIR, own("fhir/read-r4.json")) == E_OK, "%s", fault.text);
	ck_assert_str_eq(subjects(), "cpr:0101701234 uri:https://fhir.example.dk/patients|77");
	ck_assert(field_is(EVENT_PURPOSE, "treatment"));
	ck_assert(field_is(EVENT_ACTOR_NAME, "Betina Jensen"));
	ck_assert_uint_eq(events.events[0].values[EVENT_ACTOR_KIND].number, ACTOR_HUMAN);
	ck_assert_msg(map(ADAPTER_FHIR, own("fhir/create-r5.json")) == E_OK, "%s", fault.text);
	ck_assert_str_eq(subjects(), "ref:cvr:55133018/Patient/p9");
	ck_assert_uint_eq(events.events[0].values[EVENT_ACTION].number, ACTION_CREATE);
	ck_assert(field_is(EVENT_SOURCE_FORMAT, "fhir-r5"));
	ck_assert_msg(map(ADAPTER_FHIR, own("fhir/nobody-r4.json")) == E_OK, "%s", fault.text);
	ck_assert_str_eq(subjects(), "-");
	ck_assert_uint_eq(events.events[0].values[EVENT_SUBJECTS].number, 0);
	adapter_events_free(&events);
}
END_TEST

/* ADP-5 */
START_TEST(purposes_by_policy)
{
	policy_default(&policy);
	ck_ok(policy_apply(&policy, "purpose=behandling", NULL));
	ck_ok(map(ADAPTER_DICOM, own("dicom/query.xml")));
	ck_assert(field_is(EVENT_PURPOSE, "behandling"));
	policy_default(&policy);
	policy.flags = POLICY_PURPOSE_REQUIRED;
	ck_error(map(ADAPTER_DICOM, own("dicom/query.xml")), E_MISSING_FIELD);
	ck_assert_ptr_nonnull(strstr(fault.text, "purpose"));
	adapter_events_free(&events);
}
END_TEST

#define DICOM(event, rest)                                                                              \
	"<AuditMessage><EventIdentification " event "><EventID csd-code=\"1\"/></EventIdentification>" rest \
	"</AuditMessage>"
#define GOOD_EVENT "EventActionCode=\"R\" EventDateTime=\"2026-11-23T08:00:00Z\" EventOutcomeIndicator=\"0\""
#define PEOPLE \
	"<ActiveParticipant UserID=\"u\" UserIsRequestor=\"true\"/><AuditSourceIdentification AuditSourceID=\"s\"/>"
#define PATIENT(id)                                              \
	"<ParticipantObjectIdentification ParticipantObjectID=\"" id \
	"\" ParticipantObjectTypeCode=\"1\" ParticipantObjectTypeCodeRole=\"1\"/>"

struct refusal {
	enum adapter_format format;
	const char *text;
	enum error error;
	const char *named;
};

/* ADP-2, ADP-4, ADP-6 */
START_TEST(what_is_not_understood_is_refused)
{
	static const struct refusal cases[] = {
		{ADAPTER_DICOM, "", E_BAD_XML, "XML"},
		{ADAPTER_DICOM, "<AuditMessage>", E_BAD_XML, "line 1"},
		{ADAPTER_DICOM, "<Other/>", E_BAD_XML, "AuditMessage"},
		{ADAPTER_DICOM, "<AuditMessage/>", E_MISSING_FIELD, "EventIdentification"},
		{ADAPTER_DICOM, "<!DOCTYPE a [<!ENTITY x \"y\">]><AuditMessage/>", E_BAD_XML, "document type"},
		{ADAPTER_DICOM, DICOM("EventOutcomeIndicator=\"0\"", PEOPLE), E_MISSING_FIELD, "time"},
		{ADAPTER_DICOM, DICOM("EventDateTime=\"2026-11-23T08:00:00\" EventOutcomeIndicator=\"0\"", PEOPLE), E_BAD_VALUE,
			"time"},
		{ADAPTER_DICOM, DICOM("EventDateTime=\"2026-11-23T08:00:00Z\" EventOutcomeIndicator=\"1\"", PEOPLE),
			E_BAD_VALUE, "EventOutcomeIndicator"},
		{ADAPTER_DICOM,
			DICOM("EventDateTime=\"2026-11-23T08:00:00Z\" EventOutcomeIndicator=\"0\" EventActionCode=\"X\"", PEOPLE),
			E_BAD_VALUE, "action"},
		{ADAPTER_DICOM, DICOM(GOOD_EVENT, "<AuditSourceIdentification AuditSourceID=\"s\"/>"), E_MISSING_FIELD,
			"ActiveParticipant"},
		{ADAPTER_DICOM, DICOM(GOOD_EVENT, "<ActiveParticipant UserID=\"u\"/>"), E_MISSING_FIELD, "AuditSourceID"},
		{ADAPTER_DICOM, DICOM(GOOD_EVENT, PEOPLE PATIENT("4711")), E_BAD_SUBJECT, "authority"},
		{ADAPTER_DICOM, DICOM(GOOD_EVENT, PEOPLE PATIENT("4711^^^LOCAL")), E_BAD_SUBJECT, "authority"},
		{ADAPTER_DICOM, DICOM(GOOD_EVENT, PEOPLE PATIENT("12345^^^&amp;1.2.208.176.1.2&amp;ISO")), E_BAD_SUBJECT,
			"ten digits"},
		{ADAPTER_FHIR, "{}", E_BAD_VALUE, "resourceType"},
		{ADAPTER_FHIR, "{", E_BAD_JSON, "JSON"},
		{ADAPTER_FHIR, "{\"resourceType\":\"Bundle\"}", E_BAD_VALUE, "AuditEvent"},
		{ADAPTER_FHIR, "{\"resourceType\":\"AuditEvent\",\"outcome\":\"9\"}", E_BAD_VALUE, "outcome"},
		{ADAPTER_FHIR, "{\"resourceType\":\"AuditEvent\",\"recorded\":\"2026-11-23T08:00:00Z\"}", E_MISSING_FIELD,
			"agent"},
		{ADAPTER_FHIR, "{\"resourceType\":\"AuditEvent\",\"agent\":[{\"requestor\":true}]}", E_MISSING_FIELD, "time"},
		{ADAPTER_FHIR,
			"{\"resourceType\":\"AuditEvent\",\"agent\":[{}],\"entity\":[{\"role\":{\"code\":\"1\"},\"what\":{"
			"\"display\":\"Jens\"}}]}",
			E_BAD_SUBJECT, "entity[0].what"},
		{ADAPTER_FHIR,
			"{\"resourceType\":\"AuditEvent\",\"agent\":[{}],\"entity\":[{\"role\":{\"code\":\"1\"},\"what\":{"
			"\"identifier\":{\"value\":\"7\"}}}]}",
			E_BAD_SUBJECT, "authority"},
		{ADAPTER_JSON, "{\"colour\":1}", E_UNKNOWN_FIELD, "colour"},
	};
	policy_default(&policy);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_msg(
			map(cases[i].format, bytes_text(cases[i].text)) == cases[i].error, "%s: %s", cases[i].text, fault.text);
		ck_assert_msg(strstr(fault.text, cases[i].named) != NULL, "%s: %s", cases[i].text, fault.text);
	}
	static uint8_t large[EVENT_BYTES_MAX_ADAPTER + 1];
	ck_error(map(ADAPTER_DICOM, BYTES_ARRAY(large)), E_TOO_LONG);
	adapter_events_free(&events);
}
END_TEST

/* ADP-4: nobody, each person once, and no more than the limit. */
START_TEST(people_of_a_message)
{
	static char text[20000];
	policy_default(&policy);
	ck_ok(map(ADAPTER_DICOM, BYTES_LITERAL(DICOM(GOOD_EVENT,
								 PEOPLE PATIENT("&lt;none&gt;") PATIENT("&lt;none&gt;^^^S&amp;1.2.3&amp;ISO")))));
	ck_assert_str_eq(subjects(), "-");
	ck_error(map(ADAPTER_DICOM, BYTES_LITERAL(DICOM(GOOD_EVENT, PEOPLE PATIENT("")))), E_BAD_SUBJECT);
	ck_ok(
		map(ADAPTER_DICOM, BYTES_LITERAL(DICOM(GOOD_EVENT, PEOPLE PATIENT("010170-1234^^^&amp;1.2.208.176.1.2&amp;ISO")
															   PATIENT("urn:oid:1.2.208.176.1.2|0101701234")))));
	ck_assert_str_eq(subjects(), "cpr:0101701234");
	size_t len = (size_t)sprintf(text, "<AuditMessage><EventIdentification " GOOD_EVENT "/>" PEOPLE);
	for (int i = 0; i < (int)EVENT_SUBJECTS_MAX; i++)
		len += (size_t)sprintf(text + len, PATIENT("%d^^^&amp;1.2.3&amp;ISO"), i);
	strcpy(text + len, "</AuditMessage>");
	ck_ok(map(ADAPTER_DICOM, bytes_text(text)));
	ck_assert_uint_eq(events.count, EVENT_SUBJECTS_MAX);
	strcpy(text + len, PATIENT("x^^^&amp;1.2.3&amp;ISO") "</AuditMessage>");
	ck_error(map(ADAPTER_DICOM, bytes_text(text)), E_TOO_LONG);
	adapter_events_free(&events);
}
END_TEST

#define STUDY(id)                                                \
	"<ParticipantObjectIdentification ParticipantObjectID=\"" id \
	"\" ParticipantObjectTypeCode=\"2\" ParticipantObjectTypeCodeRole=\"3\"/>"

static struct bytes object(size_t index)
{
	return events.events[0].lists[0].items[index];
}

/* ADP-9: an access to more than an event has room for is told, and how many things are missing from the list. */
START_TEST(more_objects_than_fit_are_counted)
{
	static char text[60000];
	policy_default(&policy);
	for (int many = 63; many <= 65; many++) {
		size_t len = (size_t)sprintf(text, "<AuditMessage><EventIdentification " GOOD_EVENT "/>" PEOPLE);
		for (int i = 0; i < many; i++)
			len += (size_t)sprintf(text + len, STUDY("1.2.9.%d"), i);
		strcpy(text + len, "</AuditMessage>");
		ck_ok(map(ADAPTER_DICOM, bytes_text(text)));
		ck_assert_uint_eq(events.events[0].lists[0].count, many < 64 ? 63 : 64);
		ck_assert(bytes_equal(object(62), BYTES_LITERAL("1.2.9.62")));
		if (many == 64)
			ck_assert(bytes_equal(object(63), BYTES_LITERAL("1.2.9.63")));
		if (many == 65)
			ck_assert(bytes_equal(object(63), BYTES_LITERAL("+ 2 more")));
		subjects();
	}
	size_t len = (size_t)sprintf(text, "<AuditMessage><EventIdentification " GOOD_EVENT "/>" PEOPLE);
	for (int i = 0; i < 40; i++)
		len += (size_t)sprintf(text + len, STUDY("%0900d"), i);
	strcpy(text + len, "</AuditMessage>");
	ck_ok(map(ADAPTER_DICOM, bytes_text(text)));
	uint32_t listed = events.events[0].lists[0].count;
	ck_assert_uint_gt(listed, 10);
	ck_assert_int_eq(memcmp(object(listed - 1).data, "+ ", 2), 0);
	subjects();
	adapter_events_free(&events);
}
END_TEST

#define OUTCOME(code, type)                                                                            \
	"<AuditMessage><EventIdentification EventActionCode=\"R\" EventDateTime=\"2026-11-23T08:00:00Z\" " \
	"EventOutcomeIndicator=\"" code "\"><EventID csd-code=\"" type "\"/></EventIdentification>" PEOPLE \
	"</AuditMessage>"

/* ADP-10 */
START_TEST(outcomes_become_the_events_own)
{
	static const struct {
		const char *text;
		uint64_t outcome;
	} cases[] = {
		{OUTCOME("0", "110113"), OUTCOME_OK},
		{OUTCOME("4", "110100"), OUTCOME_FAILED},
		{OUTCOME("4", "110113"), OUTCOME_DENIED},
		{OUTCOME("8", "110100"), OUTCOME_FAILED},
		{OUTCOME("8", "110113"), OUTCOME_DENIED},
		{OUTCOME("12", "110100"), OUTCOME_FAILED},
	};
	policy_default(&policy);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_ok(map(ADAPTER_DICOM, bytes_text(cases[i].text)));
		ck_assert_msg(events.events[0].values[EVENT_OUTCOME].number == cases[i].outcome, "%s", cases[i].text);
		ck_assert_uint_eq(events.events[0].values[EVENT_EMERGENCY].number, 0);
	}
	ck_ok(map(ADAPTER_DICOM, BYTES_LITERAL(OUTCOME("0", "110127")))); /* Emergency Override Started */
	ck_assert_uint_eq(events.events[0].values[EVENT_EMERGENCY].number, 1);
	adapter_events_free(&events);
}
END_TEST

#define NIST "oid:2.16.840.1.113883.3.72.5.9.1:"
#define MPI "oid:2.16.840.1.113883.3.37.4.1.1.2."
#define RED "oid:1.3.6.1.4.1.21367.13.20.1000:IHERED-"
#define GREEN "oid:1.3.6.1.4.1.21367.13.20.2000:IHEGREEN-"
#define BLUE "oid:1.3.6.1.4.1.21367.13.20.3000:IHEBLUE-"
#define FACILITY "oid:1.3.6.1.4.1.21367.3000.1.6:IHEFACILITY-"

/* Who is named in each of the real messages, read by a person. */
static const char *const real_dicom[][2] = {
	{"pdq.xml", MPI "1.1:24 " MPI "511.1:78246 " MPI "1.1:27 " MPI "511.1:78106"},
	{"pdqm.xml", "-"},
	{"pdqmread.xml", "ref:cvr:55133018/Patient/IHERED-2340"},
	{"pdqv3.xml", RED "2340 " GREEN "2340 " BLUE "2340 " BLUE "2342 " FACILITY "2340 " FACILITY "2342"},
	{"pixfeed.xml", MPI "411.1:7627199"},
	{"pixfeedmerge.xml", NIST "MW-10001"},
	{"pixfeedmergesource.xml", RED "2340 " BLUE "2342 " FACILITY "2342 " FACILITY "2340 " GREEN "2340 " BLUE "2340"},
	{"pixfeedsource.xml", RED "2342 " BLUE "2342 " FACILITY "2342"},
	{"pixm.xml", BLUE "2340"},
	{"pixquery.xml", MPI "1.1:27 " MPI "511.1:78106"},
	{"pixupdatesource.xml", RED "2342 " BLUE "2342 " FACILITY "2342"},
	{"pixv3feed.xml", NIST "JW-824-v3"},
	{"pixv3query.xml", NIST "JW-824-v3"},
	{"pixv3sourcefeed.xml", "oid:1.3.6.1.4.1.21367.2011.2.5.5488:PIX"},
	{"start.xml", "-"},
	{"stop.xml", "-"},
	{"xcpd.xml", RED "1040"},
	{"xpidsource.xml", GREEN "2340 " GREEN "2342 " RED "2340 " RED "2342"},
};

START_TEST(real_dicom_messages)
{
	char directory[4096];
	snprintf(directory, sizeof directory, "%s/samples/dicom", getenv("INDSIGT_SHARED"));
	DIR *there = opendir(directory);
	if (there == NULL)
		return;
	closedir(there);
	policy_default(&policy);
	for (size_t i = 0; i < sizeof real_dicom / sizeof real_dicom[0]; i++) {
		ck_assert_msg(
			map(ADAPTER_DICOM, read_file(directory, real_dicom[i][0])) == E_OK, "%s: %s", real_dicom[i][0], fault.text);
		ck_assert_str_eq(subjects(), real_dicom[i][1]);
	}
	adapter_events_free(&events);
}
END_TEST

/* The six about nobody; all others are about one invented patient. */
static bool about_nobody(const char *name)
{
	return strstr(name, "NoPatient") != NULL || strstr(name, "auditPoke") != NULL;
}

START_TEST(real_fhir_messages)
{
	char directory[4096];
	snprintf(directory, sizeof directory, "%s/samples/fhir-balp", getenv("INDSIGT_SHARED"));
	DIR *there = opendir(directory);
	if (there == NULL)
		return;
	int count = 0;
	policy_default(&policy);
	for (const struct dirent *entry; (entry = readdir(there)) != NULL;) {
		if (strstr(entry->d_name, ".json") == NULL)
			continue;
		ck_assert_msg(
			map(ADAPTER_FHIR, read_file(directory, entry->d_name)) == E_OK, "%s: %s", entry->d_name, fault.text);
		ck_assert_str_eq(subjects(), about_nobody(entry->d_name) ? "-" : "ref:cvr:55133018/Patient/ex-patient");
		count++;
	}
	closedir(there);
	ck_assert_int_ge(count, 23);
	adapter_events_free(&events);
}
END_TEST

static void say(const char *word)
{
	bool taken = false;
	ck_ok(source_apply(&source, word, &taken, &fault));
	ck_assert(taken);
}

static void assert_text(unsigned field, const char *wanted)
{
	struct bytes text = events.events[0].values[field].text;
	ck_assert_msg(
		bytes_equal(text, bytes_text(wanted)), "%.*s, not %s", (int)text.len, (const char *)text.data, wanted);
}

/* ADP-27, ADP-28 */
START_TEST(the_registration_says_who_accessed)
{
	static const char message[] = DICOM(GOOD_EVENT, PEOPLE PATIENT("4711^^^SITE"));
	static const struct source_origin peer = {
		BYTES_LITERAL("cvr:3"), BYTES_LITERAL("Klinik"), BYTES_LITERAL("Klinikjournal")};
	policy_default(&policy);
	say("namespace=SITE=1.2.3.4");
	ck_ok(map(ADAPTER_DICOM, bytes_text(message)));
	ck_assert_str_eq(subjects(), "oid:1.2.3.4:4711");
	assert_text(EVENT_ORG_ID, "cvr:55133018");
	assert_text(EVENT_ACTOR_ROLE, "unspecified");
	line = &peer;
	say("role=læge");
	ck_ok(map(ADAPTER_DICOM, bytes_text(message)));
	assert_text(EVENT_ORG_ID, "cvr:3");
	assert_text(EVENT_SYSTEM, "Klinikjournal");
	assert_text(EVENT_ACTOR_ROLE, "læge");
	say("from=source:s=cvr:2=Hospital=Røntgen");
	ck_ok(map(ADAPTER_DICOM, bytes_text(message)));
	assert_text(EVENT_ORG_ID, "cvr:2");
	assert_text(EVENT_ORG_NAME, "Hospital");
	assert_text(EVENT_SYSTEM, "Røntgen");
	ck_ok(map(ADAPTER_DICOM, bytes_text(DICOM(GOOD_EVENT, PEOPLE PATIENT("Patient/7")))));
	ck_assert_str_eq(subjects(), "ref:cvr:2/Patient/7");
	source = (struct source){.words = ""};
	line = NULL;
}
END_TEST

UNIT_MAIN("adapter", the_registration_says_who_accessed, dicom_newer_dialect, dicom_older_dialect, fhir_r4_and_r5,
	purposes_by_policy, what_is_not_understood_is_refused, people_of_a_message, more_objects_than_fit_are_counted,
	outcomes_become_the_events_own, real_dicom_messages, real_fhir_messages)
