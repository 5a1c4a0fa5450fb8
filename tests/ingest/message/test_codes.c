/* Each code of the table through the readers of the formats that have it: the event says what the table says, and what
 * a person is shown for what was stored is the table's words. spec/mapping.md */
#include "ingest/message/adapter.h"
#include "ledger/event/event_schema.h"
#include "ledger/mapping/mapping.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#define SUBJECT                                                                                                \
	"\"entity\":[{\"role\":{\"code\":\"1\"},\"what\":{\"identifier\":{\"system\":\"urn:oid:1.2.208.176.1.2\"," \
	"\"value\":\"0101701234\"}}}]"

static struct policy policy;
static struct adapter_events events;
static struct fault fault;
static char message[4096];

static const struct event *map(enum adapter_format format)
{
	static const struct source nothing;
	struct adapter_context context = {"cvr:29190925", "Region Midtjylland", &policy, &nothing, NULL};
	policy_default(&policy);
	adapter_events_free(&events);
	fault = (struct fault){0};
	enum error error = adapter_map(format, bytes_text(message), &context, &events, &fault);
	ck_assert_msg(error == E_OK, "%s in %s", fault.text, message);
	return &events.events[0];
}

/* A message of FHIR with the concept in one place: `place` is "type", "event" (subtype), "purposeOfEvent", "role". */
static const struct event *fhir(const char *place, const struct mapping_code *row, bool display, bool action)
{
	char concept[512], coding[400];
	snprintf(coding, sizeof coding, "{\"system\":\"%s\",\"code\":\"%s\"%s%s%s}", row->system, row->code,
		display ? ",\"display\":\"" : "", display ? row->display : "", display ? "\"" : "");
	snprintf(concept, sizeof concept, strcmp(place, "subtype") == 0 ? "%s" : "{\"coding\":[%s]}", coding);
	bool role = strcmp(place, "role") == 0;
	snprintf(message, sizeof message,
		"{\"resourceType\":\"AuditEvent\",\"recorded\":\"2026-11-23T08:15:30Z\",%s\"outcome\":\"0\","
		"\"type\":{\"code\":\"x\"},\"source\":{\"observer\":{\"display\":\"EPJ\"}},%s%s%s%s%s"
		"\"agent\":[{\"requestor\":true,\"who\":{\"display\":\"A\"}%s%s%s}],%s}",
		action ? "\"action\":\"R\"," : "", role ? "" : "\"", role ? "" : place, role ? "" : "\":[", role ? "" : concept,
		role ? "" : "],", role ? ",\"role\":[" : "", role ? concept : "", role ? "]" : "", SUBJECT);
	return map(ADAPTER_FHIR);
}

static uint64_t number(const struct event *event, unsigned field)
{
	return (event->present >> field & 1) != 0 ? event->values[field].number : 0;
}

/* MPG-3: what is stored is found again, in both languages. */
static void shown(const struct mapping_code *row, const struct event *event, unsigned field)
{
	struct bytes stored = event->values[field].text;
	const char *danish = mapping_words(row->kind, stored, true), *english = mapping_words(row->kind, stored, false);
	ck_assert_msg(danish != NULL && strcmp(danish, row->danish) == 0, "%s: %s", row->code, danish ? danish : "none");
	ck_assert_msg(english != NULL && strcmp(english, row->english) == 0, "%s", row->code);
}

/* MPG-1, MPG-2 */
static void check_action(const struct mapping_code *row, bool display)
{
	static const struct {
		unsigned effect;
		uint64_t action;
	} wanted[] = {{MAPPING_CREATE, ACTION_CREATE}, {MAPPING_READ, ACTION_READ}, {MAPPING_UPDATE, ACTION_UPDATE},
		{MAPPING_DELETE, ACTION_DELETE}, {MAPPING_SEARCH, ACTION_SEARCH}, {MAPPING_DISCLOSE, ACTION_DISCLOSE},
		{MAPPING_EXPORT, ACTION_EXPORT}};
	uint64_t action = ACTION_EXECUTE;
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		if ((row->effects & wanted[i].effect) != 0)
			action = wanted[i].action;
	const struct event *event = fhir("subtype", row, display, false);
	ck_assert_msg(event->values[EVENT_ACTION].number == action, "%s", row->code);
	ck_assert_uint_eq(number(event, EVENT_EMERGENCY), (row->effects & MAPPING_EMERGENCY) != 0);
	shown(row, event, EVENT_ACTIVITY);
}

START_TEST(what_happened_is_told_and_shown)
{
	unsigned rows = 0;
	for (size_t i = 0; i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		if (row->kind != MAPPING_EVENT)
			continue;
		check_action(row, false);
		if (row->display[0] != '\0')
			check_action(row, true);
		rows++;
	}
	ck_assert_uint_gt(rows, 100);
}
END_TEST

START_TEST(purposes_are_told_and_shown)
{
	unsigned rows = 0, urgent = 0;
	for (size_t i = 0; i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		for (int display = 0; row->kind == MAPPING_PURPOSE && display <= (row->display[0] != '\0'); display++) {
			const struct event *event = fhir("purposeOfEvent", row, display != 0, true);
			ck_assert_uint_eq(number(event, EVENT_EMERGENCY), (row->effects & MAPPING_EMERGENCY) != 0);
			urgent += number(event, EVENT_EMERGENCY) != 0;
			shown(row, event, EVENT_PURPOSE);
			rows++;
		}
	}
	ck_assert_uint_gt(rows, 100);
	ck_assert_uint_eq(urgent, 8);
}
END_TEST

START_TEST(roles_are_told_and_shown)
{
	unsigned rows = 0;
	for (size_t i = 0; i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		/* The patient is no role of one who acted without a number, and refused: adapters.md. */
		if (row->kind != MAPPING_ROLE || strcmp(row->danish, "patienten") == 0 || strcmp(row->code, "datasubject") == 0)
			continue;
		const struct event *event = fhir("role", row, row->display[0] != '\0', true);
		bool machine = event->values[EVENT_ACTOR_KIND].number == ACTOR_SYSTEM;
		ck_assert_msg(machine == ((row->effects & MAPPING_MACHINE) != 0), "%s", row->code);
		shown(row, event, EVENT_ACTOR_ROLE);
		rows++;
	}
	ck_assert_uint_gt(rows, 40);
}
END_TEST

/* How it ended, in all forms: R4's code, R5's coding; with and without a sign of refusal. */
START_TEST(outcomes_are_told)
{
	unsigned rows = 0;
	for (size_t i = 0; i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		unsigned severity = row->effects & (MAPPING_OK | MAPPING_MINOR | MAPPING_SERIOUS | MAPPING_MAJOR);
		bool denied = (row->effects & MAPPING_DENIED) != 0;
		if (severity == 0 && !denied)
			continue;
		bool outcome = row->kind == MAPPING_OUTCOME;
		snprintf(message, sizeof message,
			"{\"resourceType\":\"AuditEvent\",\"recorded\":\"2026-11-23T08:15:30Z\",\"action\":\"R\","
			"\"outcome\":{\"code\":{\"code\":\"%s\"},\"detail\":[{\"coding\":[{\"code\":\"%s\"}]}]},"
			"\"code\":{\"coding\":[{\"code\":\"%s\"}]},\"source\":{\"observer\":{\"display\":\"EPJ\"}},"
			"\"agent\":[{\"requestor\":true,\"who\":{\"display\":\"A\"}}],%s}",
			severity != 0 ? row->code : "error", outcome && denied ? row->code : "x", outcome ? "read" : row->code,
			SUBJECT);
		uint64_t wanted = denied ? OUTCOME_DENIED : (severity & MAPPING_OK) != 0 ? OUTCOME_OK : OUTCOME_FAILED;
		ck_assert_msg(map(ADAPTER_FHIR)->values[EVENT_OUTCOME].number == wanted, "%s", row->code);
		rows++;
	}
	ck_assert_uint_eq(rows, 17);
}
END_TEST

static const struct event *dicom(
	const char *event_code, const char *purpose, const char *role, const char *outcome, const char *subject)
{
	snprintf(message, sizeof message,
		"<AuditMessage><EventIdentification EventDateTime='2026-11-23T08:15:30Z' EventOutcomeIndicator='%s'>"
		"<EventID csd-code='x'/><EventTypeCode csd-code='%s'/><PurposeOfUse csd-code='%s'/></EventIdentification>"
		"<ActiveParticipant UserID='a' UserIsRequestor='true'><RoleIDCode csd-code='%s'/></ActiveParticipant>"
		"<AuditSourceIdentification AuditSourceID='EPJ'/>%s</AuditMessage>",
		outcome, event_code, purpose, role, subject);
	return map(ADAPTER_DICOM);
}

START_TEST(dicom_has_the_same_table)
{
	static const char patient[] = "<ParticipantObjectIdentification ParticipantObjectID='0101701234^^^&amp;"
								  "1.2.208.176.1.2&amp;ISO' ParticipantObjectTypeCode='1' "
								  "ParticipantObjectTypeCodeRole='1'/>";
	for (size_t i = 0; i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		const char *of[] = {"x", "x", "x", "0"};
		of[row->kind == MAPPING_EVENT      ? 0
			: row->kind == MAPPING_PURPOSE ? 1
			: row->kind == MAPPING_ROLE    ? 2
										   : 3] = row->code;
		bool dcm = strcmp(row->system, MAPPING_SYSTEM_DCM) == 0;
		if (row->kind == MAPPING_OUTCOME && strcmp(row->system, MAPPING_SYSTEM_OUTCOME) != 0)
			continue;
		const struct event *event = dicom(of[0], of[1], of[2], of[3], patient);
		if (row->kind == MAPPING_EVENT) {
			uint64_t wanted = !dcm                                   ? ACTION_EXECUTE
							  : (row->effects & MAPPING_EXPORT) != 0 ? ACTION_EXPORT
							  : (row->effects & MAPPING_SEARCH) != 0 ? ACTION_SEARCH
																	 : ACTION_EXECUTE;
			ck_assert_msg(event->values[EVENT_ACTION].number == wanted, "%s", row->code);
			shown(row, event, EVENT_ACTIVITY);
		}
		if (row->kind == MAPPING_EVENT || row->kind == MAPPING_PURPOSE)
			ck_assert_uint_eq(number(event, EVENT_EMERGENCY), (row->effects & MAPPING_EMERGENCY) != 0);
		if (row->kind == MAPPING_PURPOSE)
			shown(row, event, EVENT_PURPOSE);
		if (row->kind == MAPPING_ROLE)
			ck_assert_uint_eq(
				event->values[EVENT_ACTOR_KIND].number == ACTOR_SYSTEM, (row->effects & MAPPING_MACHINE) != 0);
		if (row->kind == MAPPING_OUTCOME)
			ck_assert_uint_eq(event->values[EVENT_OUTCOME].number == OUTCOME_OK, (row->effects & MAPPING_OK) != 0);
	}
}
END_TEST

/* MPG-4 */
START_TEST(a_code_that_is_not_there_changes_nothing)
{
	static const char *const texts[] = {"", "treat", "TREAT ", "Behandling", "tre", "treatment of"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ck_assert_ptr_null(mapping_words(MAPPING_PURPOSE, bytes_text(texts[i]), true));
	ck_assert_ptr_null(mapping_words(MAPPING_ROLE, BYTES_LITERAL("TREAT"), true));
	ck_assert_str_eq(mapping_words(MAPPING_PURPOSE, BYTES_LITERAL("TreatMENT"), false), "treatment of the patient");
	ck_assert_uint_eq(mapping_effects(MAPPING_EVENT, NULL, BYTES_EMPTY), 0);
	ck_assert_uint_eq(mapping_effects(MAPPING_EVENT, NULL, BYTES_LITERAL("READ")), 0);
	ck_assert_ptr_null(mapping_find(MAPPING_EVENT, MAPPING_SYSTEM_DCM, BYTES_LITERAL("read")));
}
END_TEST

/* Rows are found by halves: each is found, with all that the rows of its code say. */
START_TEST(each_row_is_found)
{
	for (size_t i = 0; i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		unsigned says = 0;
		for (size_t k = 0; k < mapping_codes_count; k++)
			if (mapping_codes[k].kind == row->kind && strcmp(mapping_codes[k].code, row->code) == 0)
				says |= mapping_codes[k].effects;
		ck_assert_ptr_eq(mapping_find(row->kind, row->system, bytes_text(row->code)), row);
		ck_assert_uint_eq(mapping_effects(row->kind, row->system, bytes_text(row->code)), row->effects);
		ck_assert_uint_eq(mapping_effects(row->kind, NULL, bytes_text(row->code)), says);
	}
	ck_assert_ptr_null(mapping_find(MAPPING_EVENT, NULL, BYTES_LITERAL("")));
	ck_assert_ptr_null(mapping_find(MAPPING_OUTCOME, NULL, BYTES_LITERAL("zzz")));
	ck_assert_ptr_null(mapping_find(MAPPING_EVENT, NULL, bytes_of("\0", 1)));
}
END_TEST

UNIT_MAIN("codes", what_happened_is_told_and_shown, purposes_are_told_and_shown, roles_are_told_and_shown,
	outcomes_are_told, dicom_has_the_same_table, a_code_that_is_not_there_changes_nothing, each_row_is_found)
