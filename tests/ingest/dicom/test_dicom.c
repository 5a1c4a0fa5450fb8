/* DICOM audit messages: each row is a message, and what a person must be shown of it or why it is refused.
 * spec/adapters.md */
#include "ingest/message/adapter.h"
#include "ledger/event/event_schema.h"
#include "tests/lib/unit.h"

#include <iconv.h>
#include <stdio.h>
#include <string.h>

static struct policy policy;
static struct adapter_events events;
static struct fault fault;

static enum error map(struct bytes message)
{
	static const struct source nothing;
	struct adapter_context context = {"cvr:29190925", "Region Midtjylland", &policy, &nothing, NULL};
	policy_default(&policy);
	adapter_events_free(&events);
	fault = (struct fault){0};
	return adapter_map(ADAPTER_DICOM, message, &context, &events, &fault);
}

/* Whom the message is about, with spaces between; "-" for nobody; the reason when it is refused. */
static const char *whose(const char *message)
{
	static char list[1024];
	size_t len = 0;
	if (map(bytes_text(message)) != E_OK)
		return fault.text;
	for (size_t i = 0; i < events.count; i++) {
		struct bytes id = event_is_mass(&events.events[i]) ? BYTES_LITERAL("-") : event_subject(&events.events[i]);
		len +=
			(size_t)snprintf(list + len, sizeof list - len, "%s%.*s", i ? " " : "", (int)id.len, (const char *)id.data);
	}
	return list;
}

static const char *field(unsigned number)
{
	static char text[EVENT_TEXT_BYTES_MAX + 1];
	struct bytes value = events.events[0].values[number].text;
	if ((events.events[0].present & 1ull << number) == 0)
		return "";
	snprintf(text, sizeof text, "%.*s", (int)value.len, (const char *)value.data);
	return text;
}

#define EVENT_TAG                                                                                \
	"<EventIdentification EventActionCode=\"R\" EventDateTime=\"2026-11-20T10:00:00Z\" "         \
	"EventOutcomeIndicator=\"0\"><EventID csd-code=\"record\" originalText=\"Patient Record\"/>" \
	"</EventIdentification>"
#define USER_TAG \
	"<ActiveParticipant UserID=\"u1\"><RoleIDCode csd-code=\"x\" originalText=\"nurse\"/></ActiveParticipant>"
#define SOURCE_TAG "<AuditSourceIdentification AuditSourceID=\"RIS\"/>"
#define MESSAGE(event, rest) "<AuditMessage>" event USER_TAG SOURCE_TAG rest "</AuditMessage>"
#define OBJECT(attributes, inner) \
	"<ParticipantObjectIdentification " attributes ">" inner "</ParticipantObjectIdentification>"
#define TYPE(type, role) "ParticipantObjectTypeCode=\"" type "\" ParticipantObjectTypeCodeRole=\"" role "\" "
#define ID "ParticipantObjectID=\"77^^^NS&amp;1.2.3.4&amp;ISO\" "
#define ID_TYPE(code, system, words) \
	"<ParticipantObjectIDTypeCode csd-code=\"" code "\" codeSystemName=\"" system "\" originalText=\"" words "\"/>"
#define PATIENT OBJECT(ID TYPE("1", "1"), "")
#define SHOWN "oid:1.2.3.4:77"
#define ABOUT(object) MESSAGE(EVENT_TAG, object)

struct row {
	const char *message;
	const char *wanted; /* ids, "-", or words of the reason */
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *got = whose(rows[i].message);
		bool ids = strncmp(rows[i].wanted, "oid:", 4) == 0 || strncmp(rows[i].wanted, "ref:", 4) == 0 ||
				   rows[i].wanted[0] == '-';
		bool good = ids ? fault.error == E_OK && strcmp(got, rows[i].wanted) == 0
						: fault.error != E_OK && strstr(got, rows[i].wanted) != NULL;
		ck_assert_msg(good, "%s\ngives %s, not %s", rows[i].message, got, rows[i].wanted);
	}
	adapter_events_free(&events);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* ADP-22: who is a person whose data it is. */
START_TEST(persons_are_those_whose_data_it_is)
{
	static const struct row rows[] = {
		{ABOUT(PATIENT), SHOWN},
		{ABOUT(OBJECT(ID TYPE(" 1 ", " 01 "), "")), SHOWN},
		{ABOUT(OBJECT(ID "ParticipantObjectTypeCode=\"1\"", "")), SHOWN},
		{ABOUT(OBJECT(ID "ParticipantObjectTypeCodeRole=\"1\"", "")), SHOWN},
		{ABOUT(OBJECT(ID TYPE("2", "1"), "")), SHOWN},
		{ABOUT(OBJECT(ID TYPE("1", ""), ID_TYPE("2", "RFC-3881", "Patient Number"))), SHOWN},
		{ABOUT(OBJECT(ID, ID_TYPE("2", "RFC-3881", ""))), SHOWN},
		{ABOUT(OBJECT(ID, ID_TYPE("2", "", ""))), SHOWN},
		{ABOUT(OBJECT(ID, ID_TYPE("x", "LOCAL", "patient id"))), SHOWN},
		{ABOUT(OBJECT(ID, ID_TYPE("x", "LOCAL", "number of the patient"))), SHOWN},
		{ABOUT(OBJECT(ID, ID_TYPE("1", "RFC-3881", "Medical Record Number"))), SHOWN},
		{ABOUT(OBJECT(ID TYPE("2", "3"), ID_TYPE("2", "RFC-3881", "Patient Number"))), SHOWN},
		{ABOUT(OBJECT(ID TYPE("1", "6"), ID_TYPE("2", "RFC-3881", "Patient Number"))), SHOWN},
		{ABOUT(OBJECT("ParticipantObjectID=\"Patient/p1\" " TYPE("2", "4"), "")), "ref:cvr:29190925/Patient/p1"},
		{ABOUT(OBJECT(ID TYPE("1", "10"), "")), SHOWN}, /* a guarantor has data too */
		{ABOUT(OBJECT(ID TYPE("1", "4"), "")), SHOWN},
		{ABOUT(OBJECT("ParticipantObjectID=\"&lt;none&gt;\" " TYPE("1", "1"), "")), "-"},
		{ABOUT(OBJECT("ParticipantObjectID=\"&lt;none&gt;^^^S&amp;1.2.3&amp;ISO\" " TYPE("1", "1"), "")), "-"},
		/* a person whom nobody can find */
		{ABOUT(OBJECT(TYPE("1", "1"), "")), "without an identifier"},
		{ABOUT(OBJECT("ParticipantObjectID=\"\" " TYPE("1", "1"), "")), "without an identifier"},
		{ABOUT(OBJECT("ParticipantObjectID=\"77\" " TYPE("1", "1"), "")), "authority"},
		{ABOUT(OBJECT("ParticipantObjectID=\"Patient/77?x=1\" " TYPE("1", "1"), "")), "FHIR id"},
		/* no sign that it is about nobody */
		{ABOUT(OBJECT(ID, "")), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("", ""), ID_TYPE("9", "LOCAL", "number"))), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("1", "7"), "")), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("1", "27"), "")), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("1", "patient"), "")), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("Person", "2"), "")), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("5", "2"), "")), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("2", "27"), "")), "could be a person"},
		{ABOUT(PATIENT OBJECT(ID TYPE("1", "7"), "")), "could be a person"},
		{ABOUT(OBJECT(ID TYPE("1", "6"), "")), "whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"dr\" " TYPE("1", "8"), "")), "whose data"},
		{ABOUT(OBJECT(ID TYPE("4", "4"), "")), "whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"1\" " TYPE("2", "3"),
			 "<ParticipantObjectDetail type=\"PatientID\" value=\"Nzc=\"/>")),
			"whose data"},
		{MESSAGE(EVENT_TAG, "<Patient id=\"77\"/>"), "whose data"},
		/* beside a patient they are known to be others */
		{ABOUT(PATIENT OBJECT(ID TYPE("1", "6"), "")), SHOWN},
		{ABOUT(PATIENT OBJECT("ParticipantObjectID=\"dr\" " TYPE("1", "15"), "")), SHOWN},
		/* positively nobody */
		{ABOUT(""), "-"},
		{ABOUT(OBJECT("ParticipantObjectID=\"1.2.3\" " TYPE("2", "3"), ID_TYPE("110180", "DCM", "Study"))), "-"},
		{ABOUT(OBJECT("ParticipantObjectID=\"Q\" " TYPE("2", "24"),
			 ID_TYPE("ITI-83", "IHE Transactions", "Mobile Patient Identifier Cross-reference Query"))),
			"-"},
		{ABOUT(OBJECT("ParticipantObjectID=\"1.2.3\"", ID_TYPE("110180", "DCM", "Study"))), "-"},
		{ABOUT(OBJECT("ParticipantObjectID=\"Q\"", ID_TYPE("ITI-83", "IHE Transactions", "Patient query"))), "-"},
		{ABOUT(OBJECT("ParticipantObjectID=\"u\" " TYPE("1", "6"), ID_TYPE("11", "RFC-3881", "User Identifier"))), "-"},
		{ABOUT(OBJECT("ParticipantObjectID=\"x\" " TYPE("3", "2"), "")), "-"},
	};
	CHECK_ROWS(rows);
}
END_TEST

/* ADP-22: people who are named in the place of something else, or in words. */
START_TEST(people_in_other_places_refuse_it)
{
	static const struct row rows[] = {
		{ABOUT(OBJECT("ParticipantObjectID=\"7^^^&amp;1.2.246.21&amp;ISO\" " TYPE("2", "3"), "")), "oid:1.2.246.21:7"},
		{ABOUT(OBJECT("ParticipantObjectID=\"urn:oid:1.2.246.21|7\" " TYPE("2", "20"), "")), "oid:1.2.246.21:7"},
		{ABOUT(OBJECT(ID TYPE("2", "3"), "")), "whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"7\" " TYPE("2", "3"), ID_TYPE("1", "RFC-3881", ""))), "whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"7\" " TYPE("3", "4"), ID_TYPE("5", "RFC-3881", ""))), "whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"7\" " TYPE("2", "20"), ID_TYPE("x", "LOCAL", "Patientennummer"))),
			"whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"1\" " TYPE("2", "3"),
			 "<ParticipantObjectDetail type=\"id\" value=\"NzdeXl5OUyYxLjIuMyZJU08=\"/>")),
			"whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"1\" " TYPE("2", "3"),
			 "<ParticipantObjectDescription>Patient/p1</ParticipantObjectDescription>")),
			"whose data"},
		{ABOUT(OBJECT(TYPE("2", "3"), "<ParticipantObjectName>77^^^&amp;1.2.3&amp;ISO</ParticipantObjectName>")),
			"whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"q\" " TYPE("2", "24"),
			 "<ParticipantObjectQuery>UGF0aWVudD9pZGVudGlmaWVyPXVybjpvaWQ6MS4yLjN8Nzc=</ParticipantObjectQuery>")),
			"whose data"},
		{ABOUT(OBJECT("ParticipantObjectID=\"q\" " TYPE("2", "24"),
			 "<ParticipantObjectQuery>Patient?family=hansen</ParticipantObjectQuery>")),
			"-"},
		{"<AuditMessage>" EVENT_TAG "<ActiveParticipant UserID=\"https://x.example/Patient/p1\"/>" SOURCE_TAG
		 "</AuditMessage>",
			"whose data"},
		{"<AuditMessage>" EVENT_TAG "<ActiveParticipant UserID=\"77\"><RoleIDCode csd-code=\"P\" "
		 "originalText=\"Patient\"/></ActiveParticipant>" SOURCE_TAG "</AuditMessage>",
			"whose data"},
	};
	CHECK_ROWS(rows);
}
END_TEST

/* ADP-21: an element counts where the standard has it. */
START_TEST(by_the_tree)
{
	static const struct row rows[] = {
		{MESSAGE(EVENT_TAG EVENT_TAG, PATIENT), "EventIdentification: more than one"},
		{ABOUT(OBJECT(ID TYPE("1", "1"), EVENT_TAG)), "EventIdentification: in another place"},
		{ABOUT("<Extension>" PATIENT "</Extension>"), "ParticipantObjectIdentification: in another place"},
		{ABOUT("<Extension>" USER_TAG "</Extension>"), "ActiveParticipant: in another place"},
		{ABOUT("<AuditMessage>" SOURCE_TAG "</AuditMessage>"), "AuditSourceIdentification: in another place"},
		{ABOUT("<participantobjectidentification " ID "/>"), "ParticipantObjectIdentification: in another"},
		{ABOUT("<Object " ID TYPE("1", "1") "/>"), "in another element"},
		{ABOUT("<Extension><Deep a=\"1\">text</Deep></Extension>" PATIENT), SHOWN},
		{"<a:AuditMessage xmlns:a=\"urn:x\"><a:EventIdentification EventDateTime=\"2026-11-20T10:00:00Z\" "
		 "EventOutcomeIndicator=\"0\"/><a:ActiveParticipant UserID=\"u\"/><b:AuditSourceIdentification "
		 "xmlns:b=\"urn:y\" AuditSourceID=\"s\"/><a:ParticipantObjectIdentification a:" ID TYPE(
			 "1", "1") "/></a:AuditMessage>",
			SHOWN},
		{"<!-- <AuditMessage/> --><AuditMessage><!-- </AuditMessage> -->" EVENT_TAG USER_TAG SOURCE_TAG
		 "<Extension><![CDATA[</AuditMessage>]]></Extension>" PATIENT "</AuditMessage><!-- end -->",
			SHOWN},
		{"<AuditMessages>" MESSAGE(EVENT_TAG, PATIENT) "</AuditMessages>", "must be AuditMessage"},
		{"<AuditMessage>" EVENT_TAG SOURCE_TAG PATIENT "</AuditMessage>", "ActiveParticipant"},
		{"<AuditMessage>" EVENT_TAG USER_TAG "<AuditSourceIdentification/>" PATIENT "</AuditMessage>", "AuditSourceID"},
		{"<AuditMessage>" USER_TAG SOURCE_TAG PATIENT "</AuditMessage>", "EventIdentification"},
	};
	CHECK_ROWS(rows);
	/* Words elsewhere are not the event's. */
	ck_assert_str_eq(whose(ABOUT(OBJECT(ID TYPE("1", "1"),
						 "<EventTypeCode csd-code=\"a\" originalText=\"Other\"/><PurposeOfUse csd-code=\"BTG\" "
						 "originalText=\"x\"/><RoleIDCode csd-code=\"110153\"/>"))),
		SHOWN);
	ck_assert_str_eq(field(EVENT_ACTIVITY), "Patient Record");
	ck_assert_str_eq(field(EVENT_PURPOSE), "unspecified");
	ck_assert_str_eq(field(EVENT_ACTOR_ROLE), "nurse");
	ck_assert_uint_eq(events.events[0].present >> EVENT_EMERGENCY & 1, 0);
	adapter_events_free(&events);
}
END_TEST

#define TYPED(types)                                                                                             \
	MESSAGE("<EventIdentification EventDateTime=\" 2026-11-20T10:00:00Z \" EventOutcomeIndicator=\" 0 \">" types \
			"</EventIdentification>",                                                                            \
		PATIENT)
#define EVENT_ID "<EventID code=\"110110\" originalText=\" \" displayName=\"Patient Record\"/>"

/* ADP-21: of several the first that says something. */
START_TEST(first_words_win)
{
	static const char *const activities[][2] = {
		{TYPED(EVENT_ID), "Patient Record"},
		{TYPED(EVENT_ID "<EventTypeCode csd-code=\"\" originalText=\"\"/>"), "Patient Record"},
		{TYPED("<EventTypeCode csd-code=\"a\" originalText=\"\" displayName=\"Seen\"/>" EVENT_ID), "Seen"},
		{TYPED("<EventTypeCode csd-code=\"a\"/>" EVENT_ID), "a"},
		{TYPED(EVENT_ID "<EventTypeCode csd-code=\"a\" originalText=\"Seen\"/><EventTypeCode csd-code=\"b\" "
						"originalText=\"Printed\"/>"),
			"Seen, Printed"},
		{TYPED(""), "unspecified"},
	};
	for (size_t i = 0; i < sizeof activities / sizeof activities[0]; i++) {
		ck_assert_str_eq(whose(activities[i][0]), SHOWN);
		ck_assert_str_eq(field(EVENT_ACTIVITY), activities[i][1]);
	}
	static const char *const sources[] = {SOURCE_TAG "<AuditSourceIdentification/>",
		"<AuditSourceIdentification/>" SOURCE_TAG, SOURCE_TAG "<AuditSourceIdentification AuditSourceID=\"x\"/>"};
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		char text[2048];
		snprintf(text, sizeof text, "<AuditMessage>" EVENT_TAG USER_TAG "%s" PATIENT "</AuditMessage>", sources[i]);
		ck_assert_str_eq(whose(text), SHOWN);
		ck_assert_str_eq(field(EVENT_SYSTEM), "RIS");
	}
	adapter_events_free(&events);
}
END_TEST

/* ADP-8: who acted, with booleans as XML Schema has them. */
START_TEST(who_acted_is_told)
{
	static const struct {
		const char *participants;
		const char *actor; /* its id, or words of the reason */
		uint64_t kind;
	} rows[] = {
#define APP(requestor) \
	"<ActiveParticipant UserID=\"app\" " requestor "><RoleIDCode csd-code=\"110153\"/></ActiveParticipant>"
#define HUMAN(requestor) "<ActiveParticipant UserID=\"u1\" UserName=\"N\" " requestor "/>"
		{APP("UserIsRequestor=\"true\"") HUMAN("UserIsRequestor=\"true\""), "u1", ACTOR_HUMAN},
		{APP("UserIsRequestor=\"false\"") HUMAN("UserIsRequestor=\"1\""), "u1", ACTOR_HUMAN},
		{APP("UserIsRequestor=\"0\"") HUMAN(""), "u1", ACTOR_HUMAN},
		{HUMAN("UserIsRequestor=\"0\"") APP("UserIsRequestor=\"TRUE\""), "app", ACTOR_SYSTEM},
		{HUMAN("UserIsRequestor=\"False\"") APP(""), "app", ACTOR_SYSTEM},
		{HUMAN("UserIsRequestor=\"\""), "u1", ACTOR_HUMAN},
		{HUMAN("UserIsRequestor=\"yes\""), "UserIsRequestor", 0},
		{"<ActiveParticipant UserID=\"\" AlternativeUserID=\"u2\"/>", "u2", ACTOR_HUMAN},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[2048];
		snprintf(text, sizeof text, "<AuditMessage>" EVENT_TAG "%s" SOURCE_TAG PATIENT "</AuditMessage>",
			rows[i].participants);
		const char *got = whose(text);
		if (fault.error != E_OK) {
			ck_assert_msg(strstr(got, rows[i].actor) != NULL, "%s: %s", rows[i].participants, got);
			continue;
		}
		ck_assert_str_eq(field(EVENT_ACTOR_ID), rows[i].actor);
		ck_assert_msg(events.events[0].values[EVENT_ACTOR_KIND].number == rows[i].kind, "%s", rows[i].participants);
	}
	/* The patient who looks is a person in the message too. */
	ck_assert_str_eq(
		whose("<AuditMessage>" EVENT_TAG "<ActiveParticipant UserID=\"Patient/p9\"/>" SOURCE_TAG "</AuditMessage>"),
		"ref:cvr:29190925/Patient/p9");
	ck_assert_ptr_nonnull(strstr(whose("<AuditMessage>" EVENT_TAG "<ActiveParticipant UserID=\"x\"><RoleIDCode "
									   "csd-code=\"PAT\"/></ActiveParticipant>" SOURCE_TAG "</AuditMessage>"),
		"whose data"));
	adapter_events_free(&events);
}
END_TEST

/* ADP-10: words of refusal in the outcome. */
START_TEST(words_of_refusal_are_an_outcome)
{
	static const struct {
		const char *words;
		uint64_t outcome;
	} rows[] = {{"", OUTCOME_FAILED}, {"timeout", OUTCOME_FAILED}, {"HTTP 403", OUTCOME_DENIED},
		{"Access <![CDATA[denied]]>", OUTCOME_DENIED}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[2048];
		snprintf(text, sizeof text,
			MESSAGE("<EventIdentification EventDateTime=\"2026-11-20T10:00:00Z\" EventOutcomeIndicator=\"4\">"
					"<EventOutcomeDescription>%s</EventOutcomeDescription></EventIdentification>",
				PATIENT),
			rows[i].words);
		ck_assert_str_eq(whose(text), SHOWN);
		ck_assert_msg(events.events[0].values[EVENT_OUTCOME].number == rows[i].outcome, "%s", rows[i].words);
	}
	adapter_events_free(&events);
}
END_TEST

/* What a search is: a code of the event, or a query among the objects. */
START_TEST(a_search_is_told_as_one)
{
#define ACTED(code)                                                                                                  \
	"<EventIdentification EventActionCode=\"E\" EventDateTime=\"2026-11-20T10:00:00Z\" EventOutcomeIndicator=\"0\">" \
	"<EventID csd-code=\"" code "\"/></EventIdentification>"
	static const struct {
		const char *message;
		uint64_t action;
	} rows[] = {{MESSAGE(ACTED("110110"), PATIENT), ACTION_EXECUTE}, {MESSAGE(ACTED("110112"), PATIENT), ACTION_SEARCH},
		{MESSAGE(ACTED("110106"), PATIENT), ACTION_EXPORT},
		{MESSAGE(ACTED("110110"), PATIENT OBJECT(TYPE("2", "24"), "<ParticipantObjectQuery/>")), ACTION_SEARCH},
		{MESSAGE(ACTED("110110"), PATIENT "<ParticipantObjectQuery/>"), ACTION_EXECUTE}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_str_eq(whose(rows[i].message), SHOWN);
		ck_assert_msg(events.events[0].values[EVENT_ACTION].number == rows[i].action, "%s", rows[i].message);
	}
	adapter_events_free(&events);
}
END_TEST

/* ADP-25: what is about patients by its definition is refused when it is about nobody. */
START_TEST(events_about_patients)
{
#define STUDY OBJECT("ParticipantObjectID=\"1.2.3\" " TYPE("2", "3"), "")
#define NONE OBJECT("ParticipantObjectID=\"&lt;none&gt;\" " TYPE("1", "1"), "")
	static const struct row rows[] = {
		{MESSAGE(ACTED("110102"), STUDY), "110102"},
		{MESSAGE(ACTED("110103"), STUDY), "110103, DICOM Instances Accessed, is about a patient, and none is named"},
		{MESSAGE(ACTED("110104"), ""), "110104"},
		{MESSAGE(ACTED("110105"), ""), "110105"},
		{MESSAGE(ACTED("110106"), ""), "110106, Export, is about a patient unless"},
		{MESSAGE(ACTED("110106"), STUDY), "-"},
		{MESSAGE(ACTED("110107"), ""), "110107"},
		{MESSAGE(ACTED("110109"), STUDY), "110109"},
		{MESSAGE(ACTED("110110"), STUDY), "110110, Patient Record,"},
		{MESSAGE(ACTED("110111"), STUDY), "110111"},
		{MESSAGE(ACTED("110110"), NONE), "-"},
		{MESSAGE(ACTED("110110"), PATIENT), SHOWN},
		{MESSAGE(ACTED("110112"), STUDY), "-"},
		{MESSAGE(ACTED("110114"), ""), "-"},
	};
	CHECK_ROWS(rows);
}
END_TEST

#define TIMED(time) MESSAGE("<EventIdentification EventDateTime=\"" time "\" EventOutcomeIndicator=\"0\"/>", PATIENT)

/* ADP-6, ADP-20 */
START_TEST(times_are_read_exactly)
{
	static const struct row rows[] = {
		{TIMED("2026-11-20T10:00:00"), "time: without a zone"},
		{TIMED("2016-12-31T23:59:60Z"), SHOWN},
		{TIMED("2016-12-31T12:00:60Z"), "leap second"},
		{TIMED("2026-11-20T10:00:00.1234567891Z"), "9 decimals"},
		{TIMED("2026-11-20"), "without a time"},
		{TIMED(" "), "time: required"},
	};
	CHECK_ROWS(rows);
	whose(rows[1].message);
	ck_assert(events.events[0].values[EVENT_TIME].time_ns == 1483228799999999999);
	adapter_events_free(&events);
}
END_TEST

/* A message in another encoding, whose actor is called `name` there. */
static enum error map_encoded(const char *declared, const char *name)
{
	static char text[4096];
	snprintf(text, sizeof text,
		"<?xml version=\"1.0\" encoding=\"%s\"?><AuditMessage>" EVENT_TAG
		"<ActiveParticipant UserID=\"u\" UserName=\"%s\"/>" SOURCE_TAG PATIENT "</AuditMessage>",
		declared, name);
	return map(bytes_text(text));
}

/* ADP-23: any encoding that iconv knows. */
START_TEST(any_encoding_of_iconv_is_read)
{
	static const struct {
		const char *declared;
		const char *bytes;
		const char *name;
	} rows[] = {
		{"ASCII", "Jens", "Jens"},
		{"us-ascii", "Jens", "Jens"},
		{"utf8", "S\xC3\xB8ren", "S\xC3\xB8ren"},
		{"UTF-8", "S\xC3\xB8ren", "S\xC3\xB8ren"},
		{"utf-16", "S\xC3\xB8ren", "S\xC3\xB8ren"}, /* of programs that declare what the text was before */
		{"latin1", "S\xF8ren", "S\xC3\xB8ren"},
		{"ISO-8859-1", "S\xF8ren", "S\xC3\xB8ren"},
		{"iso-8859-15", "S\xF8ren \xA4", "S\xC3\xB8ren \xE2\x82\xAC"},
		{"windows-1252", "S\xF8ren \x80", "S\xC3\xB8ren \xE2\x82\xAC"},
		{"Shift_JIS", "\x93\x63", "\xE7\x94\xB0"},
		{"Big5", "\xA5\xD0", "\xE7\x94\xB0"},
		{"GB18030", "\xCC\xEF", "\xE7\x94\xB0"},
		{"ISO_8859_15", "\xA4", "\xE2\x82\xAC"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum error error = map_encoded(rows[i].declared, rows[i].bytes);
		if (error != E_OK && strstr(fault.text, "none that this system's iconv knows") != NULL && i >= 9)
			continue; /* a system with few encodings */
		ck_assert_msg(error == E_OK, "%s: %s", rows[i].declared, fault.text);
		ck_assert_msg(
			strcmp(field(EVENT_ACTOR_NAME), rows[i].name) == 0, "%s: %s", rows[i].declared, field(EVENT_ACTOR_NAME));
	}
	ck_error(map_encoded("x-nobody-knows", "Jens"), E_BAD_XML);
	ck_assert_ptr_nonnull(strstr(fault.text, "encoding"));
	ck_error(map_encoded("ASCII", "S\xF8ren"), E_BAD_XML);
	ck_error(map_encoded("Shift_JIS", "\x93"), E_BAD_XML);
	ck_error(map_encoded("UTF-8", "S\xF8ren"), E_BAD_XML);
	ck_error(map(BYTES_LITERAL("<AuditMessage>S\xF8ren</AuditMessage>")), E_BAD_XML);
	ck_assert_ptr_nonnull(strstr(fault.text, "not UTF-8"));
	ck_assert_ptr_null(strstr(fault.text, "ren<"));
	adapter_events_free(&events);
}
END_TEST

/* ADP-23: 16 bits a character, with and without its mark. */
START_TEST(utf16_is_read_with_and_without_mark)
{
	static const char message[] = ABOUT(PATIENT);
	static const char *const names[] = {"UTF-16", "UTF-16LE", "UTF-16BE"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char out[2 * sizeof message + 8];
		char *from = (char *)(uintptr_t)message;
		char *to = out;
		size_t left = sizeof message - 1;
		size_t room = sizeof out;
		iconv_t converter = iconv_open(names[i], "UTF-8");
		ck_assert(converter != (iconv_t)-1);
		ck_assert(iconv(converter, &from, &left, &to, &room) != (size_t)-1);
		iconv_close(converter);
		ck_assert_msg(map(bytes_of(out, sizeof out - room)) == E_OK, "%s: %s", names[i], fault.text);
		ck_assert(bytes_equal(event_subject(&events.events[0]), BYTES_LITERAL(SHOWN)));
		ck_error(map(bytes_of(out, sizeof out - room - 4)), E_BAD_XML);
		ck_assert_ptr_nonnull(strstr(fault.text, "byte"));
	}
	adapter_events_free(&events);
}
END_TEST

/* Where it is broken is told by lines. */
START_TEST(where_it_is_broken_is_told)
{
	ck_error(map(BYTES_LITERAL("<AuditMessage>\n\n<x></AuditMessage>")), E_BAD_XML);
	ck_assert_ptr_nonnull(strstr(fault.text, "line 3"));
	ck_error(map(BYTES_LITERAL("<!DOCTYPE a [<!ENTITY x \"y\">]><AuditMessage/>")), E_BAD_XML);
	ck_assert_ptr_nonnull(strstr(fault.text, "document type"));
	char deep[600] = "<AuditMessage>";
	for (int i = 0; i < 17; i++)
		strcat(deep, "<a>");
	ck_error(map(bytes_text(deep)), E_BAD_XML);
	ck_assert_ptr_nonnull(strstr(fault.text, "16 deep"));
	adapter_events_free(&events);
}
END_TEST

/* What is not about a person is an object; its name stands for an id that is not there. */
START_TEST(what_is_no_person_is_an_object)
{
	ck_assert_str_eq(
		whose(ABOUT(PATIENT OBJECT(TYPE("2", "3"), "<ParticipantObjectName> X-ray </ParticipantObjectName>") OBJECT(
			"ParticipantObjectID=\"d-1\" " TYPE("1", "8"), "<ParticipantObjectName>N</ParticipantObjectName>"))),
		SHOWN);
	const struct event_list *list = &events.events[0].lists[0];
	ck_assert_uint_eq(list->count, 2);
	ck_assert(bytes_equal(list->items[0], BYTES_LITERAL("X-ray")));
	ck_assert(bytes_equal(list->items[1], BYTES_LITERAL("d-1")));
	ck_assert_str_eq(
		whose(ABOUT(PATIENT OBJECT(TYPE("2", "24"), "<ParticipantObjectQuery>UQ==</ParticipantObjectQuery>"))), SHOWN);
	adapter_events_free(&events);
}
END_TEST

UNIT_MAIN("dicom", persons_are_those_whose_data_it_is, people_in_other_places_refuse_it, by_the_tree, first_words_win,
	who_acted_is_told, words_of_refusal_are_an_outcome, a_search_is_told_as_one, events_about_patients,
	times_are_read_exactly, any_encoding_of_iconv_is_read, utf16_is_read_with_and_without_mark,
	where_it_is_broken_is_told, what_is_no_person_is_an_object)
