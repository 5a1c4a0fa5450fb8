/* FHIR's XML becomes FHIR's JSON, or is refused. */
#include "tests/lib/unit.h"
#include "tools/fhirbody/fhir_xml.h"

#include <string.h>

static struct fault fault;

/* The JSON; "bad-value: ..." where it is refused. */
static const char *made(const char *xml)
{
	static char text[4096];
	json_t *json = NULL;
	enum error error = fhir_xml_read(bytes_text(xml), &json, &fault);
	if (error != E_OK) {
		snprintf(text, sizeof text, "%s: %s", error_name(error), fault.text);
		return text;
	}
	char *dumped = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	snprintf(text, sizeof text, "%s", dumped);
	free(dumped);
	json_decref(json);
	return text;
}

/* Within an AuditEvent. */
static const char *inner(const char *xml)
{
	static char text[8192];
	snprintf(text, sizeof text, "<AuditEvent xmlns=\"http://hl7.org/fhir\">%s</AuditEvent>", xml);
	return made(text);
}

#define AUDIT_EVENT(rest) "{\"resourceType\":\"AuditEvent\"" rest "}"

START_TEST(lists_are_lists_where_json_has_them)
{
	ck_assert_str_eq(inner(""), AUDIT_EVENT());
	ck_assert_str_eq(inner("<type><code value=\"rest\"/></type>"), AUDIT_EVENT(",\"type\":{\"code\":\"rest\"}"));
	ck_assert_str_eq(inner("<subtype><code value=\"a\"/></subtype>"), AUDIT_EVENT(",\"subtype\":[{\"code\":\"a\"}]"));
	ck_assert_str_eq(
		inner("<subtype><code value=\"a\"/></subtype><action value=\"R\"/><subtype><code value=\"b\"/></subtype>"),
		AUDIT_EVENT(",\"subtype\":[{\"code\":\"a\"},{\"code\":\"b\"}],\"action\":\"R\""));
	ck_assert_str_eq(inner("<outcome value=\"0\"/>"), AUDIT_EVENT(",\"outcome\":\"0\""));
	ck_assert_str_eq(inner("<outcome><code><code value=\"success\"/></code></outcome>"),
		AUDIT_EVENT(",\"outcome\":{\"code\":{\"code\":\"success\"}}"));
	ck_assert_str_eq(inner("<agent><requestor value=\"true\"/><policy value=\"urn:a\"/></agent>"),
		AUDIT_EVENT(",\"agent\":[{\"requestor\":true,\"policy\":[\"urn:a\"]}]"));
	ck_assert_str_eq(
		inner("<agent><requestor value=\"no\"/></agent>"), AUDIT_EVENT(",\"agent\":[{\"requestor\":\"no\"}]"));
	ck_assert_str_eq(
		inner("<entity><type><coding><code value=\"1\"/></coding></type><detail><type value=\"t\"/></detail></entity>"),
		AUDIT_EVENT(",\"entity\":[{\"type\":{\"coding\":[{\"code\":\"1\"}]},\"detail\":[{\"type\":\"t\"}]}]"));
	ck_assert_str_eq(inner("<new><a value=\"1\"/></new>"), AUDIT_EVENT(",\"new\":{\"a\":\"1\"}"));
	ck_assert_str_eq(inner("<new value=\"1\"/><new value=\"2\"/>"), AUDIT_EVENT(",\"new\":[\"1\",\"2\"]"));
}
END_TEST

START_TEST(a_resource_stands_in_what_holds_it)
{
	ck_assert_str_eq(
		inner(
			"<contained><Patient><id value=\"p\"/><identifier><value value=\"1\"/></identifier></Patient></contained>"),
		AUDIT_EVENT(",\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"p\",\"identifier\":[{\"value\":\"1\"}]}]"));
	ck_assert_str_eq(
		inner("<contained><Composition><identifier><value value=\"1\"/></identifier></Composition></contained>"),
		AUDIT_EVENT(",\"contained\":[{\"resourceType\":\"Composition\",\"identifier\":{\"value\":\"1\"}}]"));
	ck_assert_str_eq(made("<Bundle><type value=\"batch\"/><entry><resource><AuditEvent><agent><name "
						  "value=\"x\"/></agent></AuditEvent>"
						  "</resource><request><method value=\"POST\"/></request></entry></Bundle>"),
		"{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{\"resource\":{\"resourceType\":\"AuditEvent\","
		"\"agent\":[{\"name\":\"x\"}]},"
		"\"request\":{\"method\":\"POST\"}}]}");
	ck_assert_str_eq(
		inner("<contained><Patient/><Device/></contained>"), "bad-value: contained: holds more than one resource");
	ck_assert_str_eq(inner("<contained><patient/></contained>"),
		"bad-value: patient: a resource is meant here, and its type begins with a capital letter");
}
END_TEST

START_TEST(what_stands_beside_a_value_is_kept)
{
	ck_assert_str_eq(
		inner("<action id=\"i\" value=\"R\"/>"), AUDIT_EVENT(",\"_action\":{\"id\":\"i\"},\"action\":\"R\""));
	ck_assert_str_eq(
		inner("<recorded value=\"t\"><extension url=\"u\"><valueString value=\"v\"/></extension></recorded>"),
		AUDIT_EVENT(",\"_recorded\":{\"extension\":[{\"url\":\"u\",\"valueString\":\"v\"}]},\"recorded\":\"t\""));
	ck_assert_str_eq(
		inner("<recorded value=\"t\"><a value=\"b\"/></recorded>"), "bad-value: recorded: has a value and elements");
	ck_assert_str_eq(inner("<agent><policy id=\"x\" value=\"y\"/></agent>"),
		"bad-value: policy: a text of a list with an id or extension is not read");
}
END_TEST

/* GW-24: and what it points to, which may be a patient that nothing else names (ADP-11). */
START_TEST(a_narrative_keeps_its_words)
{
	ck_assert_str_eq(inner("<text><status value=\"generated\"/><div xmlns=\"http://www.w3.org/1999/xhtml\">Some <b "
						   "a=\"c\">words</b><div>x</div>&lt;</div></text>"),
		AUDIT_EVENT(",\"text\":{\"status\":\"generated\",\"div\":\"Some  c wordsx<\"}"));
	ck_assert_str_eq(
		inner("<text><div xmlns=\"x\" title=\"\"><a href=\"Patient/1\">this</a><img src=\"a\"/></div></text>"),
		AUDIT_EVENT(",\"text\":{\"div\":\" Patient/1 this a \"}"));
	ck_assert_str_eq(inner("<text><div/><div/></text>"), "bad-value: div: stands twice");
	ck_assert_str_eq(inner("<text><div/></text>"), AUDIT_EVENT(",\"text\":{\"div\":\"\"}"));
}
END_TEST

START_TEST(what_json_has_no_place_for_is_refused)
{
	ck_assert_str_eq(inner("<type/><type/>"), "bad-value: type: stands twice");
	ck_assert_str_eq(inner("<action value=\"R\"/><action value=\"R\"/>"), "bad-value: action: stands twice");
	ck_assert_str_eq(inner("words"), "bad-value: AuditEvent: has text in it; FHIR has values in the attribute 'value'");
	ck_assert_str_eq(inner("<action values=\"R\"/>"), "bad-value: action: has an attribute that FHIR does not have");
	ck_assert_str_eq(made("<auditEvent/>"),
		"bad-value: auditEvent: a resource is meant here, and its type begins with a capital letter");
	ck_assert(strstr(made("<!DOCTYPE a><AuditEvent/>"), "document type") != NULL);
	ck_assert(strstr(made("<AuditEvent>"), "bad-xml") != NULL);
	ck_assert(strstr(made("<AuditEvent/><AuditEvent/>"), "bad-xml") != NULL);
	ck_assert(strstr(made(""), "bad-xml") != NULL);
	ck_assert(strstr(inner("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a></a></"
						   "a></a></a></a></a>"),
				  "nested more than 16") != NULL);
	ck_assert_str_eq(inner("<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>"),
		"bad-value: ?: is no element of FHIR's");
}
END_TEST

START_TEST(more_elements_than_the_limit_are_refused)
{
	const size_t count = FHIR_XML_ELEMENTS_MAX;
	char *text = malloc(4 * count + 64);
	char *at = stpcpy(text, "<A>");
	for (size_t i = 0; i < count; i++)
		at = stpcpy(at, "<a/>");
	strcpy(at, "</A>");
	json_t *json = NULL;
	ck_error(fhir_xml_read(bytes_text(text), &json, &fault), E_TOO_LONG);
	strcpy(at - 4, "</A>");
	ck_ok(fhir_xml_read(bytes_text(text), &json, &fault));
	json_decref(json);
	free(text);
}
END_TEST

UNIT_MAIN("fhir_xml", lists_are_lists_where_json_has_them, a_resource_stands_in_what_holds_it,
	what_stands_beside_a_value_is_kept, a_narrative_keeps_its_words, what_json_has_no_place_for_is_refused,
	more_elements_than_the_limit_are_refused)
