/* OTLP's protobuf becomes OTLP's JSON, within bounds. OTL-7, OTL-12 */
#include "ledger/base/own.h"
#include "tests/lib/unit.h"
#include "tools/otlpbody/otlp_protobuf.h"

#include <math.h>
#include <string.h>

#define BODY_MAX (2u << 20)

static uint8_t body[BODY_MAX];
static struct fault fault;

/* Bytes of a message, the inner ones first: field numbers and wire types as OTLP has them. */
struct made {
	uint8_t *at; /* grows down from the end */
};

static struct made begin(void)
{
	return (struct made){body + sizeof body};
}

static void put(struct made *made, const void *data, size_t len)
{
	made->at -= len;
	memcpy(made->at, data, len);
}

static void varint(struct made *made, uint64_t number)
{
	uint8_t bytes[10];
	size_t len = 0;
	for (; number > 127; number >>= 7)
		bytes[len++] = (uint8_t)(number | 128);
	bytes[len++] = (uint8_t)number;
	put(made, bytes, len);
}

/* What was put since `end` becomes the field. */
static void wrap(struct made *made, const uint8_t *end, unsigned field)
{
	varint(made, (uint64_t)(end - made->at));
	varint(made, field << 3 | 2);
}

static void text_field(struct made *made, unsigned field, const void *data, size_t len)
{
	const uint8_t *end = made->at;
	put(made, data, len);
	wrap(made, end, field);
}

/* The value of an attribute "k" of the only span. */
static enum error read_value(struct made *made, json_t **out)
{
	const uint8_t *end = body + sizeof body;
	wrap(made, end, 2); /* value */
	text_field(made, 1, "k", 1);
	wrap(made, end, 9); /* attributes */
	wrap(made, end, 2); /* spans */
	wrap(made, end, 2); /* scope_spans */
	wrap(made, end, 1); /* resource_spans */
	return otlp_protobuf_read(bytes_of(made->at, (size_t)(end - made->at)), true, out, &fault);
}

static void expect_value(struct made *made, const char *wanted)
{
	json_auto_t *json = NULL;
	ck_ok(read_value(made, &json));
	char *text = json_dumps(json, JSON_COMPACT);
	char whole[1024];
	snprintf(whole, sizeof whole,
		"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[{\"key\":\"k\",\"value\":%s}]}]}]}]}",
		wanted);
	ck_assert_str_eq(text, whole);
	free(text);
}

static void expect_refused(struct made *made, enum error error, const char *says)
{
	json_auto_t *json = NULL;
	enum error got = read_value(made, &json);
	ck_assert_msg(got == error && strstr(fault.text, says) != NULL, "%s: %s", error_name(got), fault.text);
	ck_assert_ptr_null(json);
}

START_TEST(values_of_each_form)
{
	struct made made = begin();
	text_field(&made, 1, "\xC3\xA6", 2);
	expect_value(&made, "{\"stringValue\":\"\xC3\xA6\"}");
	made = begin();
	text_field(&made, 1, "", 0); /* which is there, in a oneof */
	expect_value(&made, "{\"stringValue\":\"\"}");
	made = begin();
	put(&made, "\x10\x00", 2);
	expect_value(&made, "{\"boolValue\":false}");
	made = begin();
	varint(&made, UINT64_MAX);
	varint(&made, 3 << 3);
	expect_value(&made, "{\"intValue\":\"-1\"}");
	made = begin();
	double half = 0.5;
	put(&made, &half, sizeof half);
	varint(&made, 4 << 3 | 1);
	expect_value(&made, "{\"doubleValue\":0.5}");
	made = begin();
	text_field(&made, 7, "\x00\xFF", 2);
	expect_value(&made, "{\"bytesValue\":\"AP8=\"}");
	made = begin();
	expect_value(&made, "{}");
}
END_TEST

START_TEST(values_within_values)
{
	struct made made = begin();
	const uint8_t *end = made.at;
	text_field(&made, 1, "b", 1);
	wrap(&made, end, 1);
	const uint8_t *second = made.at;
	text_field(&made, 1, "a", 1);
	wrap(&made, second, 1);
	wrap(&made, end, 5);
	expect_value(&made, "{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"},{\"stringValue\":\"b\"}]}}");
	made = begin();
	text_field(&made, 1, "v", 1);
	wrap(&made, end, 2);
	text_field(&made, 1, "n", 1);
	wrap(&made, end, 1);
	wrap(&made, end, 6);
	expect_value(&made, "{\"kvlistValue\":{\"values\":[{\"key\":\"n\",\"value\":{\"stringValue\":\"v\"}}]}}");
}
END_TEST

START_TEST(a_nul_is_not_the_end_of_a_text)
{
	struct made made = begin();
	text_field(&made, 1, "a\0b", 3);
	expect_value(&made, "{\"stringValue\":\"a\\u0000b\"}"); /* which the reader of JSON refuses */
}
END_TEST

/* A log record's members; what is not known is passed over. */
START_TEST(members_have_the_names_of_the_json)
{
	static const uint8_t time[9] = {1 << 3 | 1, 0x15, 0xCD, 0x5B, 0x07, 0, 0, 0, 0};
	struct made made = begin();
	const uint8_t *end = made.at;
	json_auto_t *json = NULL;
	text_field(&made, 99, "?", 1);
	text_field(&made, 12, "opslag", 6);
	text_field(&made, 10, "\xEE\xE1\x9B\x7E\xC3\xC1\xB1\x74", 8);
	put(&made, "\x10\x11", 2);
	put(&made, time, sizeof time);
	wrap(&made, end, 2);
	wrap(&made, end, 2);
	wrap(&made, end, 1);
	ck_ok(otlp_protobuf_read(bytes_of(made.at, (size_t)(end - made.at)), false, &json, &fault));
	char *text = json_dumps(json, JSON_COMPACT);
	ck_assert_str_eq(text,
		"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"123456789\",\"severityNumber\":17,"
		"\"spanId\":\"eee19b7ec3c1b174\",\"eventName\":\"opslag\"}]}]}]}");
	free(text);
}
END_TEST

START_TEST(what_has_no_place_in_json_is_refused)
{
	struct made made = begin();
	json_auto_t *json = NULL;
	text_field(&made, 1, "\xFF", 1);
	expect_refused(&made, E_NOT_UTF8, "string_value");
	made = begin();
	text_field(&made, 1, "\xED\xA0\x80", 3); /* half a surrogate pair */
	expect_refused(&made, E_NOT_UTF8, "string_value");
	ck_assert_int_eq(otlp_protobuf_read(BYTES_LITERAL("\x0A\x05x"), true, &json, &fault), E_BAD_VALUE);
	ck_assert_int_eq(
		otlp_protobuf_read(BYTES_LITERAL("\x0A\x80\xA0\x94\xA5\x8D\x1D"), true, &json, &fault), E_BAD_VALUE);
	ck_ok(otlp_protobuf_read(BYTES_EMPTY, true, &json, &fault));
	ck_assert_uint_eq(json_object_size(json), 0);
}
END_TEST

/* OTL-12: one odd number of some span costs nobody else's records. */
START_TEST(what_is_no_number_has_its_name)
{
	static const struct {
		double number;
		const char *name;
	} cases[] = {{NAN, "NaN"}, {INFINITY, "Infinity"}, {-INFINITY, "-Infinity"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct made made = begin();
		json_auto_t *json = NULL;
		put(&made, &cases[i].number, sizeof cases[i].number);
		put(&made, "\x21", 1);
		ck_ok(read_value(&made, &json));
		OWNED_MEMORY char *text = json_dumps(json, JSON_COMPACT);
		ck_assert_ptr_nonnull(strstr(text, "{\"doubleValue\":\""));
		ck_assert_ptr_nonnull(strstr(text, cases[i].name));
	}
}
END_TEST

/* Each time a message stands again its lists are copied as a whole. */
START_TEST(merging_has_an_end)
{
	struct made made = begin();
	for (unsigned i = 0; i < 100000; i++)
		put(&made, "\x0A\x02\x0A\x00", 4); /* resource: one attribute */
	wrap(&made, body + sizeof body, 1);
	json_auto_t *json = NULL;
	struct bytes text = bytes_of(made.at, (size_t)(body + sizeof body - made.at));
	ck_assert_int_eq(otlp_protobuf_read(text, true, &json, &fault), E_TOO_LONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "bytes of memory"));
}
END_TEST

static struct made nested(unsigned depth)
{
	struct made made = begin();
	text_field(&made, 1, "x", 1);
	for (unsigned i = 0; i < depth; i++) {
		wrap(&made, body + sizeof body, 1);
		wrap(&made, body + sizeof body, 5);
	}
	return made;
}

START_TEST(depth_and_number_have_an_end)
{
	struct made made = nested(OTLP_DEPTH_MAX);
	json_auto_t *json = NULL;
	ck_ok(read_value(&made, &json));
	made = nested(OTLP_DEPTH_MAX + 1);
	expect_refused(&made, E_TOO_LONG, "inside each other");
	made = nested(100000);
	expect_refused(&made, E_TOO_LONG, "inside each other");
	made = begin();
	for (unsigned i = 0; i < 140000; i++)
		put(&made, "\x0A\x00", 2);
	wrap(&made, body + sizeof body, 5);
	expect_refused(&made, E_TOO_LONG, "more than");
	made = begin();
	for (unsigned i = 0; i < 300000; i++)
		put(&made, "\x0A\x00", 2);
	wrap(&made, body + sizeof body, 5);
	expect_refused(&made, E_TOO_LONG, "bytes of memory");
}
END_TEST

/* OTL-8 */
START_TEST(answers_are_packed)
{
	size_t len = 7;
	uint8_t *bytes = otlp_protobuf_answer(0, "x", &len);
	ck_assert_uint_eq(len, 0);
	free(bytes);
	bytes = otlp_protobuf_answer(3, "why", &len);
	ck_assert(bytes_equal(bytes_of(bytes, len), BYTES_LITERAL("\x0A\x07\x08\x03\x12\x03why")));
	free(bytes);
	bytes = otlp_protobuf_failure("why", &len);
	ck_assert(bytes_equal(bytes_of(bytes, len), BYTES_LITERAL("\x12\x03why")));
	free(bytes);
}
END_TEST

UNIT_MAIN("otlp_protobuf", values_of_each_form, values_within_values, a_nul_is_not_the_end_of_a_text,
	members_have_the_names_of_the_json, what_has_no_place_in_json_is_refused, what_is_no_number_has_its_name,
	merging_has_an_end, depth_and_number_have_an_end, answers_are_packed)
