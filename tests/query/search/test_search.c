/* What is asked in FHIR's search parameters, and what matches. spec/fhir.md */
#include "query/fhir/person.h"
#include "query/search/media.h"
#include "query/search/search.h"
#include "query/search/search_date.h"
#include "query/search/search_value.h"
#include "query/searchset/continuation.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#define NOW 1796000000 /* 2026-11-30 */

static struct search search;
static struct fault fault;

/* FHQ-8: each prefix by the ranges of R4: before, at the beginning, within, at the end, behind. */
START_TEST(dates_are_ranges)
{
	static const struct {
		const char *asked, *instant;
		bool matches;
	} cases[] = {
		{"2026-11-23", "2026-11-23T00:00:00Z", true},
		{"2026-11-23", "2026-11-23T23:59:59.999999999Z", true},
		{"2026-11-23", "2026-11-24T00:00:00Z", false},
		{"2026-11-23", "2026-11-22T23:59:59Z", false},
		{"2026-11", "2026-11-30T23:59:59Z", true},
		{"2026-11", "2026-12-01T00:00:00Z", false},
		{"2026-12", "2027-01-01T00:00:00Z", false},
		{"2026", "2026-01-01T00:00:00Z", true},
		{"2028-02", "2028-02-29T12:00:00Z", true},
		{"2026-11-23T08:15Z", "2026-11-23T08:15:59Z", true},
		{"2026-11-23T08:15", "2026-11-23T08:15:59Z", true},
		{"2026-11-23T08:15Z", "2026-11-23T08:16:00Z", false},
		{"2026-11-23T10:15:30+02:00", "2026-11-23T08:15:30.120Z", true},
		{"2026-11-23T08:15:30.1Z", "2026-11-23T08:15:30.120Z", true},
		{"2026-11-23T08:15:30.120Z", "2026-11-23T08:15:30.120Z", true},
		{"2026-11-23T08:15:30.12001Z", "2026-11-23T08:15:30.120Z", false}, /* narrower than what is known */
		{"ne2026-11-23", "2026-11-23T12:00:00Z", false},
		{"ne2026-11-23", "2026-11-24T00:00:00Z", true},
		{"lt2026-11-23", "2026-11-22T23:59:59Z", true},
		{"lt2026-11-23", "2026-11-23T00:00:00Z", false},
		{"gt2026-11-23", "2026-11-24T00:00:00Z", true},
		{"gt2026-11-23", "2026-11-23T23:59:59Z", false},
		{"le2026-11-23", "2026-11-23T23:59:59Z", true},
		{"le2026-11-23", "2026-11-24T00:00:00Z", false},
		{"ge2026-11-23", "2026-11-23T00:00:00Z", true},
		{"ge2026-11-23", "2026-11-22T23:59:59Z", false},
		{"sa2026-11-23", "2026-11-24T00:00:00Z", true},
		{"sa2026-11-23", "2026-11-23T23:59:59Z", false},
		{"eb2026-11-23", "2026-11-22T23:59:59Z", true},
		{"eb2026-11-23", "2026-11-23T00:00:00Z", false},
		{"ge2026-11-23T08:15:30Z", "2026-11-23T08:15:30.120Z", true},
		{"gt2026-11-23T08:15:30Z", "2026-11-23T08:15:30.120Z", false},
		{"gt2026-11-23T08:15:30.1201Z", "2026-11-23T08:15:30.120Z", true}, /* the rest of its millisecond is behind */
		{"ap2026-11-20", "2026-11-19T12:00:00Z", true},                    /* a tenth of ten days */
		{"ap2026-11-20", "2026-11-18T12:00:00Z", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct search_date date;
		struct date_range range;
		ck_assert_msg(search_date_parse(bytes_text(cases[i].asked), NOW, &date) == E_OK, "%s", cases[i].asked);
		ck_ok(search_date_instant(bytes_text(cases[i].instant), &range));
		ck_assert_msg(search_date_matches(&date, range) == cases[i].matches, "%s %s", cases[i].asked, cases[i].instant);
	}
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
	static const char *const wrong[] = {"", "x", "ge", "20", "2026-13", "2026-00", "2026-02-29", "2026-11-31", "1969",
		"2262", "2026-1-1", "2026-11-23T08", "2026-11-23T08:15:30 00:00", "2026-11-23T08:61", "xx2026", "2026-11-23T",
		"2026-11-23T08:15:30.Z", "eqge2026"};
	struct search_date date;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_msg(search_date_parse(bytes_text(wrong[i]), NOW, &date) == E_BAD_VALUE, "%s", wrong[i]);
}
END_TEST

static bool token(const char *asked, const char *element)
{
	struct search_token wanted;
	json_t *json = json_loads(element, JSON_DECODE_ANY, NULL);
	ck_assert_ptr_nonnull(json);
	ck_ok(search_token_parse(bytes_text(asked), &wanted));
	bool matches = search_token_matches(&wanted, json);
	json_decref(json);
	return matches;
}

START_TEST(tokens_are_systems_and_codes)
{
	const char *coding = "{\"system\":\"s\",\"code\":\"c\"}", *bare = "{\"code\":\"c\"}";
	ck_assert(token("c", coding) && token("s|c", coding) && token("s|", coding) && !token("|c", coding));
	ck_assert(!token("t|c", coding) && !token("s|d", coding) && !token("C", coding));
	ck_assert(token("|c", bare) && token("c", bare) && !token("s|c", bare));
	ck_assert(token("c", "{\"coding\":[{\"code\":\"b\"},{\"code\":\"c\"}]}") && !token("c", "{\"text\":\"c\"}"));
	ck_assert(token("s|v", "{\"system\":\"s\",\"value\":\"v\"}"));
	ck_assert(
		token("R", "\"R\"") && token("http://hl7.org/fhir/audit-event-action|R", "\"R\"") && !token("r", "\"R\""));
	ck_assert(token("http://hl7.org/fhir/audit-event-action|", "\"R\"")); /* whatever it is */
	ck_assert(token("s|a\\|b\\,c\\$\\\\", "{\"system\":\"s\",\"value\":\"a|b,c$\\\\\"}"));
}
END_TEST

START_TEST(strings_begin_unless_they_are_told)
{
	json_t *name = json_string("Ærø Kommune");
	ck_assert(search_string_matches("ærØ", STRING_BEGINS, name) && !search_string_matches("kom", STRING_BEGINS, name));
	ck_assert(search_string_matches("KOM", STRING_CONTAINS, name));
	ck_assert(search_string_matches("Ærø Kommune", STRING_EXACT, name));
	ck_assert(!search_string_matches("ærø kommune", STRING_EXACT, name));
	ck_assert(!search_string_matches("Ærø Kommune ", STRING_BEGINS, name));
	json_decref(name);
}
END_TEST

static bool matches(const char *query, const char *text)
{
	json_t *event = json_loads(text, 0, NULL);
	enum error error = search_parse(query, NULL, false, NOW, &search, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", query, fault.text);
	bool found = search_matches(&search, event);
	json_decref(event);
	return found;
}

/* FHQ-7 */
START_TEST(all_parameters_and_any_value)
{
	const char *event =
		"{\"id\":\"7\",\"action\":\"R\",\"outcome\":\"0\",\"recorded\":\"2026-11-23T08:15:30Z\","
		"\"agent\":[{\"who\":{\"identifier\":{\"value\":\"a,b\"}},\"name\":\"Bo\"},{\"who\":{}}],"
		"\"entity\":[{\"type\":{\"system\":\"t\",\"code\":\"1\"}},{\"type\":{\"system\":\"t\",\"code\":\"2\"}}]}";
	ck_assert(matches("", event) && matches("action=R", event) && !matches("action=E", event));
	ck_assert(matches("action=E,R", event) && !matches("action=R&action=E", event));
	ck_assert(matches("entity-type=t%7C1&entity-type=2", event));
	ck_assert(matches("agent.identifier=a%5C,b", event) && !matches("agent.identifier=a,b", event));
	ck_assert(matches("agent:identifier=a%5C%2Cb", event) && matches("agent-name=b", event));
	ck_assert(!matches("agent-name:exact=b", event) && matches("agent-name:contains=O", event));
	ck_assert(!matches("action:not=R", event) && matches("action:not=E,C", event));
	ck_assert(matches("address:missing=true", event) && !matches("address:missing=false", event));
	ck_assert(!matches("action:missing=true", event) && matches("action:missing=false", event));
	ck_assert(matches("date=ge2026-11-23T08%3A15%3A00%2B00%3A00&date=lt2026-11-24", event));
	ck_assert(matches("date=2020,2026", event) && !matches("date=ge2026&date=eb2026-11-23", event));
	ck_assert(matches("_id=6,7", event) && !matches("_id=8", event));
}
END_TEST

/* FHQ-9, FHQ-10 */
START_TEST(what_is_not_understood_is_refused)
{
	static const struct {
		const char *query;
		enum error error;
	} cases[] = {{"foo=1", E_UNKNOWN_FIELD}, {"agent=Device/1", E_UNKNOWN_FIELD}, {"date:not=2026", E_UNKNOWN_FIELD},
		{"action:exact=R", E_UNKNOWN_FIELD}, {"action:missing=x", E_BAD_VALUE}, {"_elements=id", E_UNKNOWN_FIELD},
		{"_include=x", E_UNKNOWN_FIELD}, {"_summary=true", E_BAD_VALUE}, {"_sort=agent", E_BAD_VALUE},
		{"_sort=date,-date", E_BAD_VALUE}, {"_count=-1", E_BAD_VALUE}, {"_count=x", E_BAD_VALUE},
		{"date=", E_BAD_VALUE}, {"action=", E_BAD_VALUE}, {"action=R,", E_BAD_VALUE}, {"action=%5Cx", E_BAD_VALUE},
		{"agent-name=%5C", E_BAD_VALUE}, {"action=%zz", E_BAD_VALUE}, {"action=%00", E_BAD_VALUE},
		{"action=%FF", E_BAD_VALUE}, {"=R", E_BAD_VALUE}, {"patient.identifier=0101701234", E_BAD_SUBJECT},
		{"patient.identifier=%7C0101701234", E_BAD_SUBJECT},
		{"patient.identifier=urn:oid:1.2.208.176.1.2%7C01", E_BAD_SUBJECT},
		{"patient.identifier=a:b%7C1,a:b%7C2", E_BAD_VALUE},
		{"patient.identifier=a:b%7C1&patient.identifier=a:b%7C1", E_BAD_VALUE}, {"_page=x&action=R", E_BAD_VALUE},
		{"_count=0&_summary=true", E_BAD_VALUE}, {"_summary=count&_summary=false", E_BAD_VALUE},
		{"_count=0&_count=5", E_BAD_VALUE}, {"_sort=date&_sort=-date", E_BAD_VALUE},
		{"_format=json&_format=xml", E_BAD_VALUE}, {"_page=x&_page=y", E_BAD_VALUE}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		enum error error = search_parse(cases[i].query, NULL, false, NOW, &search, &fault);
		ck_assert_msg(error == cases[i].error, "%s: %s", cases[i].query, error_name(error));
		ck_assert_ptr_null(strstr(fault.text, "01017"));
	}
	ck_ok(search_parse("foo=1&action=R&_elements=id", NULL, true, NOW, &search, &fault));
	ck_assert(search.ignored && search.count == 1);
	ck_assert_str_eq(search.asked, "action=R");
	ck_error(search_parse("date=x", NULL, true, NOW, &search, &fault), E_BAD_VALUE);
	char many[40 * 9 + 1] = "";
	for (int i = 0; i < 33; i++)
		strcat(many, "action=R&");
	ck_error(search_parse(many, NULL, false, NOW, &search, &fault), E_TOO_LONG);
	char values[sizeof "action=R&_id=" + 2 * SEARCH_VALUES_MAX] = "action=R&_id=1";
	for (unsigned i = 2; i < SEARCH_VALUES_MAX; i++)
		strcat(values, ",1");
	ck_ok(search_parse(values, NULL, false, NOW, &search, &fault));
	ck_error(search_parse(strcat(values, ",1"), NULL, false, NOW, &search, &fault), E_TOO_LONG);
}
END_TEST

START_TEST(form_and_query_are_one_question)
{
	ck_ok(search_parse("_count=500&_sort=-date",
		"action=R&patient.identifier=urn%3Aoid%3A1.2.208.176.1.2%7C010170-1234", false, NOW, &search, &fault));
	ck_assert_uint_eq(search.page, SEARCH_COUNT_MAX);
	ck_assert_int_eq((int)search.order, (int)ORDER_DATE_DOWN);
	ck_assert_str_eq(search.person, "cpr:0101701234");
	ck_assert_uint_eq(search.count, 1);
	ck_assert_str_eq(
		search.asked, "_count=500&_sort=-date&action=R&patient.identifier=urn:oid:1.2.208.176.1.2%7C010170-1234");
	ck_assert(search.shaped);
	ck_ok(search_parse("_count=0", NULL, false, NOW, &search, &fault));
	ck_assert(search.counted);
	ck_ok(search_parse("_format=json&action=R", NULL, false, NOW, &search, &fault));
	ck_assert(!search.shaped);
}
END_TEST

START_TEST(a_window_is_no_narrower_than_its_dates)
{
	uint64_t from, to;
	ck_ok(search_parse("_lastUpdated=ge1970-01-02&_lastUpdated=lt1970-01-03", NULL, false, NOW, &search, &fault));
	search_window(&search, &from, &to);
	ck_assert(from == 86400 && to == 2 * 86400 + 86400 + 1);
	ck_ok(search_parse("_lastUpdated=1970-01-02,1971&date=1970", NULL, false, NOW, &search, &fault));
	search_window(&search, &from, &to);
	ck_assert(from == 0 && to == UINT64_MAX);
}
END_TEST

START_TEST(people_are_identifiers)
{
	static const char *const people[][3] = {{"cpr:0101701234", "urn:oid:1.2.208.176.1.2", "0101701234"},
		{"oid:1.2.3:AB:C", "urn:oid:1.2.3", "AB:C"}, {"uri:http://a.example/x|7", "http://a.example/x", "7"},
		{"ref:cvr:55133018/Patient/p-1", "https://indsigt.example/fhir/NamingSystem/reference",
			"cvr:55133018/Patient/p-1"}};
	char back[SUBJECT_BYTES_MAX + 1];
	for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
		json_t *identifier = person_identifier(bytes_text(people[i][0]));
		ck_assert_str_eq(json_string_value(json_object_get(identifier, "system")), people[i][1]);
		ck_assert_str_eq(json_string_value(json_object_get(identifier, "value")), people[i][2]);
		ck_ok(person_of(bytes_text(people[i][1]), bytes_text(people[i][2]), back, NULL));
		ck_assert_str_eq(back, people[i][0]);
		json_decref(identifier);
	}
	json_t *identifier = person_identifier(BYTES_LITERAL("grants:cpr:0101701234"));
	ck_assert_str_eq(json_string_value(json_object_get(identifier, "value")), "0101701234");
	json_decref(identifier);
}
END_TEST

/* FHQ-12 */
START_TEST(a_link_is_opened_by_who_made_it)
{
	const struct key key = {{1}}, other = {{2}};
	struct continuation from = {.before = 7, .size = 9, .key = -3, .subject = "cpr:0101701234", .asked = "action=R"},
						back;
	char *text = NULL;
	ck_ok(continuation_seal(&key, &from, &text));
	ck_assert_ptr_null(strstr(text, "0101701234"));
	ck_ok(continuation_open(&key, text, &back));
	ck_assert(back.before == 7 && back.size == 9 && back.key == -3);
	ck_assert_str_eq(back.subject, from.subject);
	ck_assert_str_eq(back.asked, from.asked);
	ck_error(continuation_open(&other, text, &back), E_BAD_VALUE);
	text[60] = text[60] == 'A' ? 'B' : 'A';
	ck_error(continuation_open(&key, text, &back), E_BAD_VALUE);
	ck_error(continuation_open(&key, "", &back), E_BAD_VALUE);
	free(text);
}
END_TEST

/* FHQ-3 */
START_TEST(json_is_what_there_is)
{
	ck_assert(media_takes_json(NULL, NULL) && media_takes_json(NULL, "*/*"));
	ck_assert(
		media_takes_json(NULL, "application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9"));
	ck_assert(media_takes_json(NULL, "text/html,*/*;q=0.8") && media_takes_json(NULL, "application/json"));
	ck_assert(media_takes_json(NULL, "application/fhir+json; fhirVersion=4.0"));
	ck_assert(!media_takes_json(NULL, "application/fhir+json; fhirVersion=5.0") &&
			  !media_takes_json(NULL, "application/fhir+xml"));
	ck_assert(media_takes_json("json", "application/fhir+xml") && media_takes_json("application/fhir json", NULL));
	ck_assert(!media_takes_json("xml", NULL) && !media_takes_json("application/fhir+xml", "*/*"));
}
END_TEST

UNIT_MAIN("search", dates_are_ranges, what_is_no_date_is_refused, tokens_are_systems_and_codes,
	strings_begin_unless_they_are_told, all_parameters_and_any_value, what_is_not_understood_is_refused,
	form_and_query_are_one_question, a_window_is_no_narrower_than_its_dates, people_are_identifiers,
	a_link_is_opened_by_who_made_it, json_is_what_there_is)
