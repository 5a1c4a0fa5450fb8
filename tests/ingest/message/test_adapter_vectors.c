/* tests/vectors/adapters: what spec/adapters.md says of a message, written down by hand. */
#include "ingest/message/adapter.h"
#include "ledger/event/event_json.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

static struct adapter_events events;
static struct policy policy;
static struct fault fault;

/* What every vector has alike, or what stands in `subjects`. */
static json_t *without_frame(const struct event *event)
{
	json_t *json = event_to_json(event);
	ck_assert_ptr_nonnull(json);
	json_object_del(json, "org");
	json_object_del(json, "subject");
	json_object_del(json, "subjects");
	json_object_del(json, "retention");
	json_object_del(json_object_get(json, "source"), "sha256");
	return json;
}

static void expect_events(const json_t *vector, const char *path)
{
	const json_t *subjects = json_object_get(vector, "subjects");
	ck_assert_msg(json_is_array(subjects), "%s: no subjects", path);
	size_t people = json_array_size(subjects);
	ck_assert_msg(events.count == (people > 0 ? people : 1), "%s: %zu events", path, events.count);
	ck_assert_msg(event_is_mass(&events.events[0]) == (people == 0), "%s", path);
	for (size_t i = 0; i < people; i++) {
		struct bytes subject = event_subject(&events.events[i]);
		ck_assert_msg(bytes_equal(subject, bytes_text(json_string_value(json_array_get(subjects, i)))), "%s: %.*s",
			path, (int)subject.len, (const char *)subject.data);
	}
	for (size_t i = 0; i < events.count; i++) {
		json_t *got = without_frame(&events.events[i]);
		char *text = json_dumps(got, JSON_SORT_KEYS);
		ck_assert_msg(json_equal(got, json_object_get(vector, "event")), "%s: %s", path, text);
		free(text);
		json_decref(got);
	}
}

/* Messages that are no UTF-8 stand in base64. Owned by the caller. */
static char *message_of(const json_t *vector, size_t *len)
{
	const json_t *message = json_object_get(vector, "message");
	const char *base64 = json_string_value(json_object_get(vector, "message_base64"));
	char *text = base64 != NULL            ? malloc(strlen(base64))
				 : json_is_string(message) ? strdup(json_string_value(message))
										   : json_dumps(message, 0);
	ck_assert_ptr_nonnull(text);
	if (base64 == NULL)
		*len = strlen(text);
	else
		ck_assert_int_eq(sodium_base642bin((uint8_t *)text, strlen(base64), base64, strlen(base64), NULL, len, NULL,
							 sodium_base64_VARIANT_ORIGINAL),
			0);
	return text;
}

static void check_vector(const json_t *vector, const char *path)
{
	struct source source = {.words = ""};
	struct adapter_context context = {"cvr:55133018", "Aarhus Kommune", &policy, &source, NULL};
	enum adapter_format format = ADAPTER_JSON;
	const json_t *word;
	size_t i;
	size_t len = 0;
	char *text = message_of(vector, &len);
	policy_default(&policy);
	json_array_foreach(json_object_get(vector, "source"), i, word)
	{
		bool taken = false;
		ck_ok(source_apply(&source, json_string_value(word), &taken, &fault));
		ck_assert(taken);
	}
	ck_ok(adapter_format_parse(vector_text(vector, "format"), &format));
	enum error error = adapter_map(format, bytes_of(text, len), &context, &events, &fault);
	if (error != E_OK && json_object_get(vector, "place") != NULL)
		ck_assert_msg(strstr(fault.text, vector_text(vector, "place")) != NULL, "%s: %s", path, fault.text);
	if (strcmp(vector_text(vector, "expect"), error_name(error)) != 0)
		ck_assert_msg(false, "%s: %s: %s", path, error_name(error), fault.text);
	if (error == E_OK)
		expect_events(vector, path);
	adapter_events_free(&events);
	free(text);
}

/* ADP-1, ADP-3, ADP-4, ADP-8, ADP-9, ADP-10, ADP-11, ADP-12, ADP-13, ADP-20 to ADP-24 */
START_TEST(every_vector_becomes_its_events)
{
	char path[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/adapters", path));
	ck_assert_uint_gt(vector_walk(path, check_vector), 145);
}
END_TEST

/* OTL-1, OTL-2, OTL-3, OTL-4, OTL-5, OTL-6 */
START_TEST(every_vector_of_otlp_becomes_its_events)
{
	char path[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/otlp", path));
	ck_assert_uint_gt(vector_walk(path, check_vector), 65);
}
END_TEST

/* CDF-1, CDF-2, CDF-3, CDF-4, CDF-5, CDF-6, CDF-7 */
START_TEST(every_vector_of_cadf_becomes_its_events)
{
	char path[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/cadf", path));
	ck_assert_uint_gt(vector_walk(path, check_vector), 40);
}
END_TEST

UNIT_MAIN("adapter_vectors", every_vector_becomes_its_events, every_vector_of_otlp_becomes_its_events,
	every_vector_of_cadf_becomes_its_events)
