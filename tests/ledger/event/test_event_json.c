#include "ledger/event/event_json.h"
#include "ledger/event/event_schema.h"
#include "tests/lib/unit.h"

#include <string.h>

#define REQUIRED                                                                                              \
	"\"time\":\"2026-11-23T08:15:30.120Z\",\"action\":\"read\",\"outcome\":\"ok\",\"org\":{\"id\":\"cvr:1\"," \
	"\"name\":\"Kommune\"},\"system\":\"KSD\",\"activity\":\"Opslag\",\"purpose\":\"sag\",\"actor\":{"        \
	"\"kind\":\"human\",\"role\":\"sagsbehandler\"}"
#define EVENT "{\"subject\":\"cpr:0101701234\"," REQUIRED

static struct event event;
static char subject[SUBJECT_BYTES_MAX + 1];
static struct fault fault;

static enum error parse(const char *text, json_t **document)
{
	return event_parse_json(bytes_text(text), "", subject, document, &event, &fault);
}

#define ACT_FIELDS ((UINT64_MAX << EVENT_GRANT_ID) & ((2ull << EVENT_FIELD_LAST) - 1))

/* Takes the document. */
static void check_back(json_t *document)
{
	json_t *back = event_to_json(&event);
	ck_assert(json_equal(document, back));
	json_decref(back);
	json_decref(document);
}

/* EVT-1 */
START_TEST(every_field_comes_back)
{
	static const char *const text =
		"{\"subject\":\"cpr:0101701234\",\"time\":\"2026-11-23T08:15:30.120Z\","
		"\"end_time\":\"2026-11-23T08:16:00Z\",\"action\":\"export\",\"outcome\":\"denied\","
		"\"org\":{\"id\":\"cvr:55133018\",\"name\":\"Aarhus Kommune\"},\"system\":\"KSD\",\"activity\":\"Opslag\","
		"\"purpose\":\"sagsbehandling\",\"actor\":{\"kind\":\"ai\",\"id\":\"uuid:1\",\"name\":\"A. "
		"Jensen\",\"role\":\"r\"},"
		"\"custodian\":\"c\",\"recipient\":\"modtager\",\"reason\":\"fordi\",\"legal_basis\":\"SDL \xC2\xA7 3\","
		"\"processing_activity\":\"pa\",\"on_behalf_of\":{\"id\":\"uuid:2\",\"name\":\"B\",\"role\":\"l\xC3\xA6ge\"},"
		"\"ai\":{\"system\":\"s\",\"version\":\"1\",\"sources\":[\"a\",\"b\"],\"reviewed_by\":\"C\"},"
		"\"consent\":\"x\",\"categories\":[\"helbred\"],\"objects\":[\"sag:1\",\"sag:2\"],\"emergency\":true,"
		"\"session\":\"s1\",\"trace\":\"t1\",\"access_point\":\"10.0.0.1\",\"id\":\"e-1\","
		"\"source\":{\"format\":\"fhir\",\"sha256\":"
		"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"},"
		"\"withheld_until\":\"2027-01-01T00:00:00Z\",\"withheld_basis\":\"RPL \xC2\xA7 729\",\"retention\":\"10y\"}";
	json_t *document = NULL;
	ck_assert_msg(parse(text, &document) == E_OK, "%s", fault.text);
	ck_assert(event.present == (event_fields_with(0) & ~(1ull << EVENT_SUBJECTS) & ~ACT_FIELDS));
	check_back(document);
}
END_TEST

/* EVT-1, EVT-15: those of a grant, which other events do not have. */
START_TEST(every_field_of_a_grant_comes_back)
{
	static const char *const ends[] = {"\"until\":\"2030-01-01T00:00:00Z\"", "\"revoked\":true"};
	for (size_t i = 0; i < 2; i++) {
		char text[1024];
		json_t *document = NULL;
		snprintf(text, sizeof text,
			"{\"subject\":\"grants:cpr:0101701234\"," REQUIRED
			",\"grant\":{\"id\":\"f-7\",\"kind\":\"attorney\",\"to\":\"cpr:0202702345\",%s}}",
			ends[i]);
		ck_assert_msg(parse(text, &document) == E_OK, "%s", fault.text);
		ck_assert(event_act(&event) == ACT_GRANT);
		ck_assert_uint_eq(event.present >> EVENT_GRANT_UNTIL & 1, i == 0);
		ck_assert_uint_eq(event.present >> EVENT_GRANT_REVOKED & 1, i == 1);
		check_back(document);
	}
}
END_TEST

/* EVT-1: those of other acts. EVT-18, EVT-19, EVT-20, EVT-23 */
START_TEST(every_field_of_an_act_comes_back)
{
	static const struct {
		const char *subject;
		const char *members;
		enum event_act_kind act;
	} cases[] = {
		{"mandates:cpr:0101701234",
			"\"grant\":{\"id\":\"f\",\"kind\":\"attorney\",\"from\":\"cpr:0202702345\",\"name\":\"Bo\","
			"\"until\":\"2030-01-01T00:00:00Z\"}",
			ACT_MANDATE},
		{"cpr:0101701234", "\"report\":{\"id\":\"r\",\"index\":17,\"org\":\"cvr:1\",\"text\":\"Hvem?\"}", ACT_REPORT},
		{"reports:cvr:1", "\"report\":{\"id\":\"r\",\"index\":17,\"org\":\"cvr:1\",\"by\":\"cpr:0101701234\"}",
			ACT_REPORT},
		{"cpr:0101701234", "\"answer\":{\"report\":\"r\",\"text\":\"Ja\"}", ACT_ANSWER},
		{"cpr:0101701234",
			"\"consent_record\":{\"id\":\"s\",\"to\":[\"cvr:1\"],\"purposes\":[\"p\"],\"categories\":[\"c\"],"
			"\"until\":\"2030-01-01T00:00:00Z\"}",
			ACT_CONSENT},
		{"cpr:0101701234", "\"consent_record\":{\"id\":\"s\",\"withdrawn\":true}", ACT_CONSENT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[1024];
		json_t *document = NULL;
		snprintf(text, sizeof text, "{\"subject\":\"%s\"," REQUIRED ",%s}", cases[i].subject, cases[i].members);
		ck_assert_msg(parse(text, &document) == E_OK, "%s", fault.text);
		ck_assert_int_eq(event_act(&event), cases[i].act);
		check_back(document);
	}
}
END_TEST

struct refused {
	const char *text;
	enum error error;
	const char *named;
};

/* EVT-2, EVT-3, EVT-4, EVT-6 */
START_TEST(refusals_name_the_field)
{
	static const struct refused cases[] = {
		{"", E_BAD_JSON, "JSON"},
		{"[]", E_BAD_JSON, "object"},
		{"{\"a\":1", E_BAD_JSON, "byte"},
		{EVENT "} x", E_BAD_JSON, "byte"},
		{EVENT ",\"action\":\"read\"}", E_BAD_JSON, "\"action\" stands twice"},
		{EVENT ",\"0101701234\":1}", E_UNKNOWN_FIELD, "?: there is no such field"},
		{EVENT ",\"colour\":\"red\"}", E_UNKNOWN_FIELD, "colour"},
		{EVENT ",\"actor.kind\":\"human\"}", E_UNKNOWN_FIELD, "actor.kind"},
		{EVENT ",\"ai\":{\"colour\":\"red\"}}", E_UNKNOWN_FIELD, "ai.colour"},
		{EVENT ",\"ai\":{}}", E_BAD_VALUE, "ai"},
		{EVENT ",\"ai\":\"x\"}", E_BAD_VALUE, "ai"},
		{EVENT ",\"reason\":7}", E_BAD_VALUE, "reason"},
		{EVENT ",\"emergency\":\"yes\"}", E_BAD_VALUE, "emergency"},
		{EVENT ",\"objects\":\"x\"}", E_BAD_VALUE, "objects"},
		{EVENT ",\"objects\":[1]}", E_BAD_VALUE, "objects"},
		{EVENT ",\"end_time\":\"yesterday\"}", E_BAD_VALUE, "\"yesterday\""},
		{EVENT ",\"withheld_until\":\"soon\"}", E_BAD_VALUE, "withheld_until"},
		{EVENT ",\"withheld_basis\":\"\"}", E_BAD_VALUE, "withheld_basis"},
		{EVENT ",\"retention\":\"0y\"}", E_BAD_VALUE, "retention"},
		{EVENT ",\"retention\":\"100y\"}", E_BAD_VALUE, "retention"},
		{EVENT ",\"retention\":5}", E_BAD_VALUE, "retention"},
		{"{\"subjects\":-1," REQUIRED "}", E_BAD_VALUE, "subjects"},
		{"{\"subjects\":1.5," REQUIRED "}", E_BAD_VALUE, "subjects"},
		{"{\"subject\":\"0101701234\"," REQUIRED "}", E_BAD_SUBJECT, "subject"},
		{"{\"action\":\"peek\"}", E_BAD_VALUE, "\"peek\" is not one of create, read"},
		{"{\"actor\":{\"kind\":\"dog\"}}", E_BAD_VALUE, "human, system, ai"},
		{"{\"reason\":\"a\\u0000b\"}", E_BAD_JSON, "JSON"},
		{"{\"reason\":\"\xE6\"}", E_BAD_JSON, "JSON"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *document = NULL;
		ck_assert_msg(parse(cases[i].text, &document) == cases[i].error, "%s: %s", cases[i].text, fault.text);
		ck_assert_msg(strstr(fault.text, cases[i].named) != NULL, "%s: %s", cases[i].text, fault.text);
	}
}
END_TEST

/* EVT-9: values of fields that may hold personal data are never echoed. */
START_TEST(errors_hold_no_personal_data)
{
	json_t *document = NULL;
	ck_error(parse("{\"subject\":\"cpr:0101701234x\"}", &document), E_BAD_SUBJECT);
	ck_assert_ptr_null(strstr(fault.text, "0101701234"));
	ck_error(parse("{\"actor\":{\"name\":{\"first\":\"Jens\"}}}", &document), E_BAD_VALUE);
	ck_assert_ptr_null(strstr(fault.text, "Jens"));
}
END_TEST

START_TEST(purpose_of_the_registration)
{
	json_t *document = NULL;
	ck_ok(event_parse_json(
		BYTES_LITERAL("{\"subject\":\"cpr:010170-1234\"}"), "behandling", subject, &document, &event, &fault));
	ck_assert(bytes_equal(event.values[EVENT_PURPOSE].text, BYTES_LITERAL("behandling")));
	ck_assert(bytes_equal(event_subject(&event), BYTES_LITERAL("cpr:0101701234")));
	json_decref(document);
}
END_TEST

UNIT_MAIN("event_json", every_field_comes_back, every_field_of_a_grant_comes_back, every_field_of_an_act_comes_back,
	refusals_name_the_field, errors_hold_no_personal_data, purpose_of_the_registration)
