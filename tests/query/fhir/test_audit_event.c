/* tests/vectors/fhir: an event, the AuditEvent that it becomes, and what is different when that is read again by the
 * adapter for what others send. spec/fhir.md (FHQ-4, FHQ-5, FHQ-6) */
#include "ingest/message/adapter.h"
#include "ledger/event/event_json.h"
#include "ledger/event/event_schema.h"
#include "ledger/mapping/mapping.h"
#include "query/fhir/audit_event.h"
#include "query/fhir/terms.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <stdio.h>
#include <strings.h>

static const struct sender reporter = {.id = 3, .org = "cvr:34051178", .name = "Aarhus Kommune, KSD"};
static char subject[SUBJECT_BYTES_MAX + 1];
static unsigned seen;

static void show(const char *path, const char *what, const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(1));
	fprintf(stderr, "%s: %s: %s\n", path, what, text); /* longer than what check lets a message be */
	free(text);
	ck_abort_msg("%s: %s", path, what);
}

static json_t *made_of(const json_t *from, struct event *event, const char *path)
{
	struct fault fault;
	json_t *made = NULL;
	enum error error = event_from_json(from, "", subject, event, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", path, fault.text);
	ck_ok(audit_event_json(
		&(struct audit_event){.event = event, .index = 4711, .ledger_time_s = 1796000000, .sender = &reporter}, &made));
	return made;
}

/* A member at "a.b" set, or with null removed. */
static void change(json_t *event, const char *path, json_t *value)
{
	char group[32];
	const char *dot = strchr(path, '.');
	json_t *object = event;
	if (dot != NULL) {
		snprintf(group, sizeof group, "%.*s", (int)(dot - path), path);
		if (json_object_get(event, group) == NULL)
			json_object_set_new(event, group, json_object());
		object = json_object_get(event, group);
	}
	if (json_is_null(value))
		json_object_del(object, dot != NULL ? dot + 1 : path);
	else
		json_object_set(object, dot != NULL ? dot + 1 : path, value);
	if (dot != NULL && json_object_size(object) == 0)
		json_object_del(event, group);
}

static void check_back(const json_t *vector, const json_t *made, const char *path)
{
	static const struct source nothing;
	struct policy policy;
	struct fault fault;
	struct adapter_events events;
	const char *name;
	json_t *value;
	policy_default(&policy);
	struct adapter_context context = {"cvr:55133018", "Aarhus Kommune", &policy, &nothing, NULL};
	char *text = json_dumps(made, 0);
	enum error error = adapter_map(ADAPTER_FHIR, bytes_text(text), &context, &events, &fault);
	ck_assert_msg(error == E_OK && events.count == 1, "%s: %s", path, fault.text);
	json_t *got = event_to_json(&events.events[0]), *wanted = json_deep_copy(json_object_get(vector, "event"));
	json_object_foreach(json_object_get(vector, "back"), name, value) change(wanted, name, value);
	json_object_del(json_object_get(got, "source"), "sha256");
	if (!json_equal(got, wanted))
		show(path, "read again", got);
	json_decref(got);
	json_decref(wanted);
	adapter_events_free(&events);
	free(text);
}

static void check_vector(const json_t *vector, const char *path)
{
	struct event event;
	json_t *made = made_of(json_object_get(vector, "event"), &event, path);
	if (!json_equal(made, json_object_get(vector, "audit_event")))
		show(path, "made", made);
	check_back(vector, made, path);
	json_decref(made);
	seen++;
}

START_TEST(every_vector_becomes_its_audit_event)
{
	char path[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/fhir", path));
	vector_walk(path, check_vector);
	ck_assert_uint_eq(seen, 6);
}
END_TEST

static bool is_there(const json_t *node, const char *text)
{
	const char *name;
	json_t *value;
	size_t i;
	if (json_is_string(node))
		return strcmp(json_string_value(node), text) == 0;
	json_object_foreach((json_t *)node, name, value) if (is_there(value, text)) return true;
	json_array_foreach((json_t *)node, i, value) if (is_there(value, text)) return true;
	return false;
}

/* One with all fields; texts are "text of NUMBER", and "in a list". */
static json_t *full(uint64_t action)
{
	static char texts[EVENT_FIELDS_MAX][32];
	struct event event = {.list_count = 1, .lists = {{.count = 1, .items = {BYTES_LITERAL("in a list")}}}};
	json_t *made = NULL;
	for (unsigned number = 1; number <= EVENT_FIELD_LAST; number++) {
		const struct event_field *field = event_field(number);
		event.present |= number == EVENT_SUBJECTS ? 0 : 1ull << number;
		snprintf(texts[number], sizeof texts[number], "text of %u", number);
		if (field->type == EVENT_TYPE_TEXT)
			event.values[number].text = bytes_text(texts[number]);
		else if (field->type == EVENT_TYPE_LIST)
			event.values[number].list = 0;
	}
	event.values[EVENT_SUBJECT].text = BYTES_LITERAL("cpr:0101701234");
	event.values[EVENT_ACTION].number = action;
	event.values[EVENT_EMERGENCY].number = 1;
	ck_ok(audit_event_json(&(struct audit_event){.event = &event, .sender = &reporter}, &made));
	return made;
}

/* FHQ-5: no text of an event is left out, whatever field it stands in and whatever was done. */
START_TEST(every_text_has_a_place)
{
	for (uint64_t action = ACTION_CREATE; action <= ACTION_DISCLOSE; action++) {
		json_t *made = full(action);
		for (unsigned number = 2; number <= EVENT_FIELD_LAST; number++) {
			char text[32];
			snprintf(text, sizeof text, "text of %u", number);
			if (event_field(number)->type == EVENT_TYPE_TEXT)
				ck_assert_msg(is_there(made, text), "%s", event_field(number)->path);
		}
		ck_assert(is_there(made, "in a list") && is_there(made, TERMS_EXTENSION "consent-record-to"));
		json_decref(made);
	}
}
END_TEST

/* The code and the display are those of the table, if it has the system. */
static unsigned check_coding(const char *system, const char *code, const char *display)
{
	const struct mapping_code *row = NULL;
	bool known = false;
	for (size_t i = 0; i < mapping_codes_count; i++) {
		bool here = strcmp(mapping_codes[i].system, system) == 0;
		known |= here;
		row = here && strcmp(mapping_codes[i].code, code) == 0 ? &mapping_codes[i] : row;
	}
	ck_assert_msg(!known || row != NULL, "%s of %s", code, system);
	if (row != NULL && display != NULL)
		ck_assert_msg(strcasecmp(display, row->display) == 0, "%s, not %s", display, row->display);
	return row != NULL;
}

static unsigned check_codings(const json_t *node)
{
	const char *system = json_string_value(json_object_get(node, "system"));
	const char *code = json_string_value(json_object_get(node, "code"));
	const char *name;
	json_t *value;
	size_t i;
	unsigned codings = system != NULL && code != NULL
						   ? check_coding(system, code, json_string_value(json_object_get(node, "display")))
						   : 0;
	json_object_foreach((json_t *)node, name, value) codings += check_codings(value);
	json_array_foreach((json_t *)node, i, value) codings += check_codings(value);
	return codings;
}

/* What is written as FHIR has the codes by which it would be read. spec/mapping.md */
START_TEST(codes_are_those_of_the_table)
{
	for (uint64_t action = ACTION_CREATE; action <= ACTION_DISCLOSE; action++) {
		json_t *made = full(action);
		ck_assert_uint_ge(check_codings(made), 6); /* type, subtype, emergency, client, server, for whom */
		json_decref(made);
	}
}
END_TEST

UNIT_MAIN("audit_event", every_vector_becomes_its_audit_event, every_text_has_a_place, codes_are_those_of_the_table)
