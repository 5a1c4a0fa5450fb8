/* Syslog messages: heads as senders write them, what relays do, what is refused. SYS-8 to SYS-14 */
#include "ingest/message/adapter.h"
#include "ingest/message/audit_message.h"
#include "ingest/syslog/syslog_head.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

static struct adapter_events events;
static struct fault fault;

static enum error map_as(enum adapter_format format, struct bytes message)
{
	static const struct source nothing;
	struct policy policy;
	struct adapter_context context = {"cvr:55133018", "Aarhus Kommune", &policy, &nothing, NULL};
	policy_default(&policy);
	return adapter_map(format, message, &context, &events, &fault);
}

static enum error map(struct bytes message)
{
	return map_as(ADAPTER_SYSLOG, message);
}

static void expect_refused(struct bytes message, enum error error, const char *says)
{
	enum error got = map(message);
	ck_assert_msg(got == error && strstr(fault.text, says) != NULL, "%.*s: %s: %s",
		(int)(message.len < 200 ? message.len : 200), (const char *)message.data, error_name(got), fault.text);
	adapter_events_free(&events);
}

/* ---- heads ---- */

static const struct head_case {
	const char *head;
	bool carries; /* what stands behind it is found there */
} heads[] = {
	/* RFC 5424 */
	{"<85>1 2026-11-29T10:00:00.000Z host app 12 IHE+RFC-3881 - ", true},
	{"<85>1 2026-11-29T10:00:00.000Z host app 12 IHE+RFC-3881 - \xEF\xBB\xBF", true},
	{"<0>1 - - - - - - ", true},
	{"<999>1 - - - - - - ", true},
	{"<85>1 - - - - - [a] ", true},
	{"<85>1 - - - - - [a]", true},
	{"<85>1 - - - - - [a b=\"<x>{]\\\"]\" c=\"\\\\\"][d e=\"\"] ", true},
	{"<13>1 2026-11-29T10:00:00+01:00 h root - - [timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"4\"] ", true},
	{"<85>1 2026-11-29T10:00:00Z host app 12 - ", true},             /* one word is missing */
	{"<85>1 2026-11-29T10:00:00Z host app 12 [a b=\"c\"] ", true},   /* the same with data */
	{"<85>1 2026-11-29T10:00:00Z  app 12 ID - ", true},              /* an empty host */
	{"<85>1 2026-11-29T10:00:00Z [2001:db8::1] app 12 ID - ", true}, /* brackets of a host */
	{"<85>1 ", true},
	{"<85>1 - - - - - text ", false},
	{"<85>1 - - - - - - text ", false},
	/* RFC 3164 */
	{"<85>Nov 29 10:00:00 host app[12]: ", true},
	{"<85>Nov  9 10:00:00 host app: ", true},
	{"<85>Nov  9 10:00:00 host app:", true},
	{"<85>Nov 29 2026 10:00:00 host app[12]: ", true},
	{"<85>Nov 29 10:00:00 2026 host app[12]: ", true},
	{"<85>2026 Nov 29 10:00:00 host app[12]: ", true},
	{"<85>*Nov 29 10:00:00.123: host app: ", true},
	{"<85>2026-11-29T10:00:00.123456+01:00 host app[12]: ", true},
	{"<85>2026-11-29 10:00:00 host app[12]: ", true},
	{"<85>Nov 29 10:00:00 app[12]: ", true}, /* logger to a socket: no host */
	{"<85>Nov 29 10:00:00 host app [12]: ", true},
	{"<85>Nov 29 10:00:00 host app[12] ", true},
	{"<85>Nov 29 10:00:00 fe80::1 app: ", true},
	{"<85>Nov 29 10:00:00 host ", true},
	{"<85>Nov 29 10:00:00 ", true},
	{"<85>host app: ", true},
	{"<85>app: ", true},
	{"<85> ", true},
	{"<85>", true},
	/* A line of a log that holds one is none: its text may be somebody's who was turned away. */
	{"<38>Nov 29 10:00:00 host sshd[12]: Invalid user ", false},
	{"<38>Nov 29 10:00:00 host Invalid user: ", false},
	{"<38>Nov 29 10:00:00 host says that ", false},
	{"<38>1 2026-11-29T10:00:00Z host sshd 12 - - Invalid user ", false},
};

#define PEOPLE                                                                          \
	"<ActiveParticipant UserID=\"u\"/><AuditSourceIdentification AuditSourceID=\"s\"/>" \
	"<ParticipantObjectIdentification ParticipantObjectID=\"7^^^&amp;1.2.3&amp;ISO\" "  \
	"ParticipantObjectTypeCode=\"1\" ParticipantObjectTypeCodeRole=\"1\"/>"
#define EVENT                                                                            \
	"<EventIdentification EventActionCode=\"R\" EventDateTime=\"2026-11-20T10:00:00Z\" " \
	"EventOutcomeIndicator=\"0\"><EventID csd-code=\"110110\" originalText=\"x\"/></EventIdentification>"
#define XML "<AuditMessage>" EVENT PEOPLE "</AuditMessage>"
#define HEAD "<85>1 2026-11-29T10:00:00Z host app 12 IHE+RFC-3881 - "

/* SYS-8, SYS-9: whatever the head is, the event is the message's, and so is its time. */
START_TEST(heads_say_where_the_message_begins)
{
	static char text[4096];
	struct syslog_head head;
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		snprintf(text, sizeof text, "%s%s", heads[i].head, XML);
		ck_ok(syslog_head_read(bytes_text(text), &head, &fault));
		enum error error = map(bytes_text(text));
		ck_assert_msg((error == E_OK) == heads[i].carries, "%s: %s", heads[i].head, fault.text);
		if (error == E_OK)
			ck_assert_int_eq(events.events[0].values[EVENT_TIME].time_ns, 1795168800000000000);
		adapter_events_free(&events);
	}
	ck_error(syslog_head_read(BYTES_LITERAL("<1234>x"), &head, &fault), E_TRAILING);
	ck_error(syslog_head_read(BYTES_LITERAL("<>x"), &head, &fault), E_TRAILING);
	ck_error(syslog_head_read(BYTES_LITERAL("<85"), &head, &fault), E_TRAILING);
	ck_error(syslog_head_read(BYTES_EMPTY, &head, &fault), E_TRAILING);
	expect_refused(BYTES_LITERAL("<85>1 - - - - - [a b=\"c] " XML), E_BAD_VALUE, "structured data");
	expect_refused(BYTES_LITERAL("<85>1 - - - - - [a b=\"c\\"), E_BAD_VALUE, "structured data");
}
END_TEST

/* ---- what relays do ---- */

static const char *carried_text(struct bytes message, struct carried *carried)
{
	static char text[1024];
	ck_ok(syslog_read(message, carried, &fault));
	ck_assert_uint_lt(carried->text.len, sizeof text);
	memcpy(text, carried->text.data, carried->text.len);
	text[carried->text.len] = '\0';
	free(carried->memory);
	return text;
}

/* SYS-10 */
START_TEST(escapes_are_undone_where_no_doubt_can_be)
{
	static const char *const cases[][2] = {
		{"<?xml version='1.0'?>#012<A>#012#011<B/>#015#012</A>#012", "<?xml version='1.0'?>\n<A>\n\t<B/>\r\n</A>"},
		{"#012<A/>", "<A/>"},
		{"<?xml version='1.0'#012encoding='UTF-8'?><A/>", "<?xml version='1.0'\nencoding='UTF-8'?><A/>"},
		{"<A#012 b='1'#011c=\"2\"/>", "<A\n b='1'\tc=\"2\"/>"},
		/* Within a value and a text they are what somebody wrote. */
		{"<A b='#012' c=\"'#012>\">x#012y</A>", "<A b='#012' c=\"'#012>\">x#012y</A>"},
		{"<A>#012</A>", "<A>#012</A>"}, /* all that the element says */
		{"<A>#012<B/>#012</A>", "<A>\n<B/>\n</A>"},
		{"<A><B/>#012</A>", "<A><B/>\n</A>"},
		{"<A>#012x</A>#012", "<A>#012x</A>"},
		{"<A>#012<![CDATA[#012]]>#012</A>", "<A>#012<![CDATA[#012]]>#012</A>"},
		{"<A>#012<!-- #012 > -->#012<?x > #012?>#012</A>", "<A>\n<!-- #012 > -->\n<?x > #012?>\n</A>"},
		{"<A>#013#0123 </A>", "<A>#013#0123 </A>"}, /* no escapes of these */
		{"<A>#01", "<A>#01"},
		{"<A b='", "<A b='"},
		{"<A>#000<B/>#000</A>#000", "<A><B/></A>"},
		{"{#012#011\"a#012\":#012[1,#0122],\"b\":\"\\\"#012\"#015#012}#012",
			"{\n\t\"a#012\":\n[1,\n2],\"b\":\"\\\"#012\"\r\n}"},
	};
	static char message[1024];
	struct carried carried;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(message, sizeof message, HEAD "%s", cases[i][0]);
		ck_assert_str_eq(carried_text(bytes_text(message), &carried), cases[i][1]);
	}
	/* syslog-ng passes NULs on. */
	ck_assert_str_eq(
		carried_text(BYTES_LITERAL(HEAD "\0\xEF\xBB\xBF <A>\0\n<B/>\0</A>\0\n\0"), &carried), "<A>\n<B/></A>");
	ck_assert_int_eq(carried.format, ADAPTER_DICOM);
	ck_assert_str_eq(
		carried_text(BYTES_LITERAL(HEAD "{\"resourceType\":\0\"x\"}\0"), &carried), "{\"resourceType\":\"x\"}");
	ck_assert_int_eq(carried.format, ADAPTER_FHIR);
	ck_assert_str_eq(carried_text(BYTES_LITERAL(HEAD "{\"subject\":\"\\\"resourceType\\\"\"}"), &carried),
		"{\"subject\":\"\\\"resourceType\\\"\"}");
	ck_assert_int_eq(carried.format, ADAPTER_JSON);
	ck_assert_ptr_null(carried.memory);
}
END_TEST

static char *sha256(void)
{
	static char text[65];
	struct bytes hash = events.events[0].values[EVENT_SOURCE_SHA256].text;
	ck_assert_uint_eq(hash.len, 64);
	memcpy(text, hash.data, 64);
	adapter_events_free(&events);
	return text;
}

/* SYS-11: in a file, by a relay that escapes or one that does not, it is one message. */
START_TEST(the_hash_is_that_of_the_message_in_a_file)
{
	char wanted[65];
#define LINES(end) "<?xml version=\"1.0\"?>" end "<AuditMessage>" end EVENT end PEOPLE end "</AuditMessage>"
	ck_ok(map_as(ADAPTER_DICOM, BYTES_LITERAL(LINES("\n"))));
	strcpy(wanted, sha256());
	ck_ok(map(BYTES_LITERAL(HEAD LINES("\n"))));
	ck_assert_str_eq(sha256(), wanted);
	ck_ok(map(BYTES_LITERAL(HEAD "\xEF\xBB\xBF" LINES("\n") "\n")));
	ck_assert_str_eq(sha256(), wanted);
	ck_ok(map(BYTES_LITERAL("<13>Nov 29 10:00:00 other tag[1]: " LINES("#012") "#012")));
	ck_assert_str_eq(sha256(), wanted);
	ck_ok(map(BYTES_LITERAL(HEAD LINES(""))));
	ck_assert_str_ne(sha256(), wanted);
	ck_ok(map(BYTES_LITERAL(HEAD XML)));
	struct bytes format = events.events[0].values[EVENT_SOURCE_FORMAT].text;
	ck_assert(bytes_equal(format, BYTES_LITERAL("dicom")));
	adapter_events_free(&events);
}
END_TEST

/* ---- refusals ---- */

/* SYS-12 */
START_TEST(what_was_cut_is_told_from_what_is_wrong)
{
	static const char *const cut[] = {HEAD "<AuditMessage>", HEAD "<AuditMessage a=\"b", HEAD "<AuditMessage><!-- ",
		HEAD "<AuditMessage><![CDATA[x", HEAD "<?xml version=\"1.0\"", HEAD "<?xml version=\"1.0\"?>#012",
		HEAD "<AuditMessage>#012" EVENT "#01", HEAD "<AuditMessage>x\xC3", HEAD "<AuditMessage a=\"\xE2\x82",
		HEAD "{\"a\":", HEAD "{\"a\":\"b", HEAD "{\"a\":\"b\xC3", HEAD "{\"resourceType\":\"AuditEvent\",\"agent\":[{"};
	static const char *const wrong[] = {HEAD "<AuditMessage></AuditMessag>", HEAD "<AuditMessage><a></AuditMessage>",
		HEAD "<AuditMessage>&x;", HEAD "<!DOCTYPE a [<!ENTITY x \"y\">]><AuditMessage>", HEAD "{\"a\":}", HEAD "{}}",
		HEAD "<AuditMessage><a#013"};
	char says[100];
	for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
		snprintf(says, sizeof says, "cut on the way after %zu bytes; raise maxMessageSize (rsyslog)", strlen(cut[i]));
		expect_refused(bytes_text(cut[i]), E_TRUNCATED, says);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		enum error error = map(bytes_text(wrong[i]));
		ck_assert_msg(error == E_BAD_XML || error == E_BAD_JSON, "%s: %s", wrong[i], error_name(error));
		adapter_events_free(&events);
	}
}
END_TEST

/* SYS-12: what it was is not known then, and is not said. */
START_TEST(without_memory_nothing_is_said_to_be_wrong)
{
	bool all = false;
	for (unsigned number = 1; !all; number++) {
		scarce_at(number);
		enum error error = map(BYTES_LITERAL(HEAD "{\"resourceType\":\"AuditEvent\",\"agent\":[{"));
		all = !scarce_end();
		adapter_events_free(&events);
		ck_error(error, all ? E_TRUNCATED : E_NO_MEMORY);
	}
}
END_TEST

/* SYS-13 */
START_TEST(what_is_no_audit_message_is_said_to_be_that)
{
	expect_refused(BYTES_LITERAL("ticipant UserID=\"x\"/>"), E_TRAILING, "no priority");
	expect_refused(
		BYTES_LITERAL("<13>Nov 29 10:00:00 relay UserID=\"x\"/></AuditMessage>"), E_TRAILING, "a part of one");
	expect_refused(BYTES_LITERAL("<13>1 2026-11-29T10:00:00Z relay ticipant> - - - </AuditMessage>"), E_TRAILING, "");
	expect_refused(BYTES_LITERAL("<13>Nov 29 10:00:00 host root: hello"), E_BAD_VALUE, "text of 5 bytes");
	expect_refused(BYTES_LITERAL("<13>1 2026-11-29T10:00:00Z h root - - [timeQuality tzKnown=\"1\"] hello"),
		E_BAD_VALUE, "text of 5 bytes"); /* as logger says it */
	expect_refused(BYTES_LITERAL("<13>1 2026-11-29T10:00:00Z h root - - [a b=\"1\"] ID=\"x\"/>"), E_TRAILING, "a part");
	expect_refused(BYTES_LITERAL("<13>1 2026-11-29T10:00:00Z ID=\"x\" a - - [a b=\"1\"] more"), E_TRAILING, "a part");
	expect_refused(BYTES_LITERAL("<13>Nov 29 10:00:00 host root:"), E_BAD_VALUE, "empty");
	expect_refused(BYTES_LITERAL("<13>"), E_BAD_VALUE, "empty");
	expect_refused(BYTES_LITERAL(HEAD "[{}]"), E_BAD_VALUE, "neither");
	expect_refused(BYTES_LITERAL(HEAD "<AuditEvent xmlns=\"http://hl7.org/fhir\"/>"), E_BAD_XML, "FHIR in XML");
	expect_refused(BYTES_LITERAL(HEAD "<\0A\0/\0>\0"), E_BAD_XML, "UTF-16");
	expect_refused(BYTES_LITERAL(HEAD "<Other/>"), E_BAD_XML, "AuditMessage");
	expect_refused(BYTES_LITERAL(HEAD "<AuditMessage a=\"\0\"/>"), E_BAD_XML, "byte");
	expect_refused(BYTES_LITERAL(HEAD "{\"resourceType\":\"Bundle\"}"), E_BAD_VALUE, "AuditEvent");
	expect_refused(BYTES_LITERAL(HEAD "{\"colour\":1}"), E_UNKNOWN_FIELD, "colour");
}
END_TEST

/* What is under it refuses this; it does so here, too. */
START_TEST(hostile_messages_are_refused)
{
	static char text[1 << 20];
	expect_refused(BYTES_LITERAL(HEAD "<!DOCTYPE a [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c "
									  "\"&b;&b;&b;&b;\">]><AuditMessage>&c;</AuditMessage>"),
		E_BAD_XML, "document type");
	expect_refused(
		BYTES_LITERAL(HEAD "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><AuditMessage/>"), E_BAD_XML, "document type");
	expect_refused(BYTES_LITERAL(HEAD "{\"subject\":\"cpr:1\",\"subject\":\"cpr:2\"}"), E_BAD_JSON, "twice");
	expect_refused(BYTES_LITERAL(HEAD "{\"subject\":\"\\uD800\"}"), E_BAD_JSON, "JSON");
	expect_refused(
		BYTES_LITERAL(HEAD "{\"resourceType\":\"AuditEvent\",\"resourceType\":\"AuditEvent\"}"), E_BAD_JSON, "twice");
	expect_refused(BYTES_LITERAL(HEAD "{\"resourceType\":NaN}"), E_BAD_JSON, "JSON");
	expect_refused(BYTES_LITERAL(HEAD "{\"resourceType\":1e999}"), E_BAD_JSON, "JSON");
	size_t len = (size_t)sprintf(text, HEAD "<AuditMessage>");
	for (; len + 4 < 60000; len += 3)
		memcpy(text + len, "<a>", 4);
	expect_refused(bytes_text(text), E_BAD_XML, "nested");
	len = (size_t)sprintf(text, HEAD "{\"resourceType\":");
	memset(text + len, '[', 60000);
	text[len + 60000] = '\0';
	expect_refused(bytes_text(text), E_BAD_JSON, "nested");
	len = (size_t)sprintf(text, HEAD "<AuditMessage a=\"");
	memset(text + len, 'x', 1000000);
	strcpy(text + len + 1000000, "\"/>");
	expect_refused(bytes_text(text), E_MISSING_FIELD, "EventIdentification");
	memset(text, ' ', sizeof text);
	memcpy(text, HEAD "<a/>", sizeof HEAD "<a/>" - 1);
	expect_refused(bytes_of(text, sizeof text), E_BAD_XML, "AuditMessage");
}
END_TEST

/* SYS-14 */
START_TEST(a_message_may_be_as_long_as_a_large_result)
{
	static char text[(1 << 20) + 2];
	size_t len = (size_t)sprintf(text, HEAD "<AuditMessage>" EVENT PEOPLE "<!--");
	memset(text + len, 'x', sizeof text - len);
	static const char end[] = "--></AuditMessage>";
	memcpy(text + (1 << 20) - (sizeof end - 1), end, sizeof end - 1);
	ck_ok(map(bytes_of(text, 1 << 20)));
	adapter_events_free(&events);
	expect_refused(bytes_of(text, (1 << 20) + 1), E_TOO_LONG, "1048576");
}
END_TEST

UNIT_MAIN("syslog", heads_say_where_the_message_begins, escapes_are_undone_where_no_doubt_can_be,
	the_hash_is_that_of_the_message_in_a_file, what_was_cut_is_told_from_what_is_wrong,
	without_memory_nothing_is_said_to_be_wrong, what_is_no_audit_message_is_said_to_be_that,
	hostile_messages_are_refused, a_message_may_be_as_long_as_a_large_result)
