/* tests/vectors/syslog: what spec/syslog.md says of a connection or a file, written down by hand. */
#include "ingest/framing/framing.h"
#include "ledger/event/event_schema.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

static struct adapter_events events;
static struct policy policy;
static struct fault fault;

static void expect_events(const json_t *wanted, const char *path, size_t number)
{
	const json_t *subjects = json_object_get(wanted, "subjects");
	const char *carries = json_string_value(json_object_get(wanted, "carries"));
	const struct event *event = &events.events[0];
	ck_assert_uint_eq(events.count, json_array_size(subjects));
	for (size_t i = 0; i < events.count; i++) {
		struct bytes subject = event_subject(&events.events[i]);
		ck_assert_msg(bytes_equal(subject, bytes_text(json_string_value(json_array_get(subjects, i)))), "%s, %zu: %.*s",
			path, number, (int)subject.len, (const char *)subject.data);
	}
	if (carries == NULL)
		return;
	struct hash digest;
	char sha256[2 * HASH_BYTES + 1];
	struct bytes text = bytes_text(carries);
	hash_sha256(&text, 1, &digest);
	sodium_bin2hex(sha256, sizeof sha256, digest.b, sizeof digest.b);
	ck_assert_msg(
		bytes_equal(event->values[EVENT_SOURCE_SHA256].text, bytes_text(sha256)), "%s, %zu: the hash", path, number);
	ck_assert(bytes_equal(event->values[EVENT_SOURCE_FORMAT].text, bytes_text(vector_text(wanted, "format"))));
}

static void expect_message(const json_t *wanted, const char *path, size_t number, const struct framing_piece *piece)
{
	static const struct source nothing;
	struct adapter_context context = {"cvr:55133018", "Aarhus Kommune", &policy, &nothing, NULL};
	ck_assert_msg(wanted != NULL, "%s: message %zu is one too many", path, number);
	policy_default(&policy);
	events = (struct adapter_events){0};
	enum error error = framing_syslog_why(piece, &fault);
	if (error == E_OK)
		error = adapter_map(ADAPTER_SYSLOG, piece->text, &context, &events, &fault);
	ck_assert_msg(strcmp(vector_text(wanted, "expect"), error_name(error)) == 0, "%s, %zu: %s: %s", path, number,
		error_name(error), error == E_OK ? "" : fault.text);
	if (error == E_OK)
		expect_events(wanted, path, number);
	else
		ck_assert_msg(
			strstr(fault.text, vector_text(wanted, "place")) != NULL, "%s, %zu: %s", path, number, fault.text);
	adapter_events_free(&events);
}

static void check(const json_t *vector, const char *path, struct bytes input, size_t step)
{
	const json_t *messages = json_object_get(vector, "messages");
	struct framing framing;
	struct framing_piece piece;
	size_t at = 0;
	size_t have = 0;
	size_t number = 0;
	framing_begin(&framing, ADAPTER_SYSLOG);
	for (;;) {
		enum framing_more more = have == input.len ? FRAMING_ENDED : FRAMING_MORE;
		framing_next(&framing, bytes_of(input.data + at, have - at), more, &piece);
		if (piece.kind == FRAMING_NOTHING && more == FRAMING_ENDED)
			break;
		if (piece.kind == FRAMING_NOTHING)
			have += step < input.len - have ? step : input.len - have;
		at += piece.text.len;
		if (piece.kind == FRAMING_MESSAGE) {
			expect_message(json_array_get(messages, number), path, number, &piece);
			number++;
		}
	}
	ck_assert_uint_eq(at, input.len);
	ck_assert_msg(number == json_array_size(messages), "%s: %zu messages", path, number);
}

static void check_vector(const json_t *vector, const char *path)
{
	static uint8_t decoded[VECTOR_BYTES_MAX];
	const char *base64 = json_string_value(json_object_get(vector, "input_base64"));
	size_t len = 0;
	if (base64 != NULL)
		ck_assert_int_eq(sodium_base642bin(decoded, sizeof decoded, base64, strlen(base64), NULL, &len, NULL,
							 sodium_base64_VARIANT_ORIGINAL),
			0);
	const json_t *text = json_object_get(vector, "input");
	struct bytes input =
		base64 != NULL ? bytes_of(decoded, len) : bytes_of(json_string_value(text), json_string_length(text));
	ck_assert_uint_gt(input.len, 0);
	check(vector, path, input, input.len);
	check(vector, path, input, 1);
}

/* SYS-1 to SYS-13 */
START_TEST(every_vector_gives_its_messages)
{
	char path[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/syslog", path));
	ck_assert_uint_gt(vector_walk(path, check_vector), 50);
}
END_TEST

UNIT_MAIN("syslog_vectors", every_vector_gives_its_messages)
