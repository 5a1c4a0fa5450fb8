/* A request of OTLP in its records: each is a request of its own, with what stood around it. OTL-1 */
#include "ingest/otlp/otlp_parts.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct otlp_parts parts;
static struct fault fault;

static enum error begin(const char *text)
{
	return otlp_parts_begin(bytes_text(text), &parts, &fault);
}

static void expect_next(const char *wanted)
{
	struct bytes text;
	ck_assert(otlp_parts_next(&parts, &text, &fault));
	ck_ok(fault.error);
	ck_assert_msg(bytes_equal(text, bytes_text(wanted)), "%.*s", (int)text.len, (const char *)text.data);
}

static void expect_end(void)
{
	struct bytes text;
	ck_assert(!otlp_parts_next(&parts, &text, &fault));
	otlp_parts_end(&parts);
}

START_TEST(records_come_out_with_what_is_around_them)
{
	ck_ok(begin("{\"resourceLogs\":[{\"resource\":{\"a\":1},\"schemaUrl\":\"u\",\"scopeLogs\":[{\"scope\":{\"b\":2},"
				"\"logRecords\":[{\"n\":1},{\"n\":2}]},{\"logRecords\":[]},{\"logRecords\":[{\"n\":3}]}]},{},"
				"{\"scopeLogs\":[{\"schemaUrl\":\"v\",\"logRecords\":[{\"n\":4}]}]}]}"));
	ck_assert_uint_eq(parts.count, 4);
	expect_next("{\"resourceLogs\":[{\"resource\":{\"a\":1},\"schemaUrl\":\"u\",\"scopeLogs\":[{\"scope\":{\"b\":2},"
				"\"logRecords\":[{\"n\":1}]}]}]}");
	expect_next("{\"resourceLogs\":[{\"resource\":{\"a\":1},\"schemaUrl\":\"u\",\"scopeLogs\":[{\"scope\":{\"b\":2},"
				"\"logRecords\":[{\"n\":2}]}]}]}");
	expect_next(
		"{\"resourceLogs\":[{\"resource\":{\"a\":1},\"schemaUrl\":\"u\",\"scopeLogs\":[{\"logRecords\":[{\"n\":3}]}"
		"]}]}");
	expect_next("{\"resourceLogs\":[{\"scopeLogs\":[{\"schemaUrl\":\"v\",\"logRecords\":[{\"n\":4}]}]}]}");
	expect_end();
}
END_TEST

/* OTL-10: an exporter may give again alone what it gave with others, and the other way round. */
START_TEST(a_record_is_the_same_alone_and_beside_others)
{
	const char *wanted = "{\"resourceSpans\":[{\"resource\":{},\"schemaUrl\":\"u\",\"scopeSpans\":[{\"spans\":"
						 "[{\"name\":\"x\",\"n\":0.5}]}]}]}";
	ck_ok(begin(
		" { \"resourceSpans\": [ {\"resource\":{}, \"scopeSpans\":[ {\"spans\":[ {\"name\":\"x\",\"n\":0.5} ]} ], "
		"\"schemaUrl\":\"u\"} ] }"));
	ck_assert(parts.spans);
	expect_next(wanted);
	expect_end();
	ck_ok(begin("{\"resourceSpans\":[{\"resource\":{},\"schemaUrl\":\"u\",\"scopeSpans\":[{\"spans\":[{\"name\":\"x\","
				"\"n\":0.5},"
				"{}]}]}]}"));
	expect_next(wanted);
	otlp_parts_end(&parts);
	ck_ok(begin(wanted));
	expect_next(wanted);
	expect_end();
}
END_TEST

START_TEST(null_is_what_is_not_there)
{
	ck_ok(begin(
		"{\"resourceLogs\":null,\"resourceMetrics\":null,\"resourceSpans\":[{\"resource\":null,\"schemaUrl\":null,"
		"\"scopeSpans\":[{\"scope\":null,\"spans\":null},{\"spans\":[{\"name\":\"x\"}]}]},{\"scopeSpans\":null}]}"));
	expect_next("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x\"}]}]}]}");
	expect_end();
}
END_TEST

START_TEST(nothing_comes_out_of_an_empty_request)
{
	ck_ok(begin("{\"resourceLogs\":[]}"));
	expect_end();
	ck_ok(begin("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[]}]}]}"));
	expect_end();
}
END_TEST

START_TEST(what_is_no_request_is_refused_whole)
{
	static const struct {
		const char *text;
		enum error error;
		const char *place;
	} cases[] = {{"{}", E_MISSING_FIELD, "resourceLogs or resourceSpans"}, {"[]", E_MISSING_FIELD, "resourceLogs"},
		{"{\"resourceLogs\":[],\"resourceSpans\":[]}", E_MISSING_FIELD, "one of them"},
		{"{\"resourceMetrics\":[]}", E_BAD_VALUE, "metrics"}, {"{\"resourceLogs\":{}}", E_BAD_VALUE, "resourceLogs"},
		{"{\"resourceLogs\":[1]}", E_BAD_VALUE, "resourceLogs"},
		{"{\"resourceLogs\":[{\"scopeLogs\":7}]}", E_BAD_VALUE, "scopeLogs"},
		{"{\"resourceLogs\":[{\"resource\":[]}]}", E_BAD_VALUE, "resource an object"},
		{"{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":1}]}]}", E_BAD_VALUE, "scope an object"},
		{"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{},null]}]}]}", E_BAD_VALUE, "logRecords"},
		{"{\"resourceLogs\":[}", E_BAD_JSON, ""}, {"", E_BAD_JSON, ""}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		enum error error = begin(cases[i].text);
		ck_assert_msg(error == cases[i].error && strstr(fault.text, cases[i].place) != NULL, "%s: %s: %s",
			cases[i].text, error_name(error), fault.text);
		ck_assert_ptr_null(parts.root);
	}
}
END_TEST

/* OTL-11: what is counted before anything is cut is not less than what comes out. */
START_TEST(bytes_are_bounded_before_they_are_made)
{
	struct bytes text;
	size_t bytes = 0;
	ck_ok(begin("{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"0123456789\"}]},\"scopeLogs\":[{"
				"\"scope\":{\"name\":"
				"\"0123456789\"},\"logRecords\":[{},{\"body\":{\"stringValue\":\"0123456789\"}},{},{}]}]}]}"));
	size_t bound = otlp_parts_bytes(&parts);
	while (otlp_parts_next(&parts, &text, &fault))
		bytes += text.len;
	ck_assert_uint_le(bytes, bound);
	ck_assert_uint_le(bound, 3 * bytes);
	otlp_parts_end(&parts);
}
END_TEST

UNIT_MAIN("otlp_parts", records_come_out_with_what_is_around_them, a_record_is_the_same_alone_and_beside_others,
	null_is_what_is_not_there, nothing_comes_out_of_an_empty_request, what_is_no_request_is_refused_whole,
	bytes_are_bounded_before_they_are_made)
