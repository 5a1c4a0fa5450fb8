/* What a sender counts of its messages. (QLT-2, QLT-11, QLT-12, QLT-13, QLT-14) */
#include "ledger/event/event_schema.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"
#include "tools/send/tally.h"

#include <sys/stat.h>

#define DAY_S 86400u
#define NOW_S (20800ull * DAY_S + 3600)
#define ORIGIN "log.example.dk/test"

static struct place place;
static struct tally tally;
static const struct source nothing;

static void begin(void)
{
	place_make(&place);
	tally_open(&tally, place.path, ORIGIN, 7, NOW_S);
}

static void end(void)
{
	place_remove(&place);
}

static json_int_t number(const struct tally *of, uint64_t now_s, const char *group, const char *name)
{
	json_auto_t *json = tally_to_json(of, now_s);
	const json_t *object = group != NULL ? json_object_get(json, group) : json;
	ck_assert(json_is_integer(json_object_get(object, name)));
	return json_integer_value(json_object_get(object, name));
}

static void take(const char *purpose, const char *activity, uint64_t now_s)
{
	struct policy policy;
	struct event event = {.present = 1ull << EVENT_PURPOSE | 1ull << EVENT_ACTIVITY | 1ull << EVENT_SUBJECT};
	policy_default(&policy);
	strcpy(policy.purpose, "behandling");
	event.values[EVENT_PURPOSE].text = bytes_text(purpose);
	event.values[EVENT_ACTIVITY].text = bytes_text(activity);
	event.values[EVENT_SUBJECT].text = BYTES_LITERAL("cpr:0101701234");
	tally_taken(&tally, &event, 1, &policy, &nothing, now_s);
}

START_TEST(messages_are_counted_by_what_became_of_them)
{
	begin();
	take("unspecified", "Opslag", NOW_S);
	take("behandling", "Opslag 0101701234", NOW_S);
	take("kontrol", "Opslag 070761-4285", NOW_S);
	tally_again(&tally, NOW_S);
	tally_refused(&tally, E_MISSING_FIELD, "time: missing", NOW_S);
	ck_assert_int_eq(number(&tally, NOW_S, "messages", "taken"), 3);
	ck_assert_int_eq(number(&tally, NOW_S, "messages", "again"), 1);
	ck_assert_int_eq(number(&tally, NOW_S, "messages", "refused"), 1);
	ck_assert_int_eq(number(&tally, NOW_S, NULL, "events"), 3);
	ck_assert_int_eq(number(&tally, NOW_S, NULL, "purpose_missing"), 1);
	ck_assert_int_eq(number(&tally, NOW_S, NULL, "purpose_usual"), 1);
	ck_assert_int_eq(number(&tally, NOW_S, "numbers_in_texts", "events"), 2);
	ck_assert_int_eq(number(&tally, NOW_S, "numbers_in_texts", "own"), 1);
	ck_assert_int_eq(number(&tally, NOW_S, "numbers_in_texts", "checked"), 1);
	end();
}
END_TEST

/* The first refusal as it is told; a new reference. */
static json_t *first_refused(const struct tally *of)
{
	json_auto_t *json = tally_to_json(of, NOW_S);
	return json_incref(json_array_get(json_object_get(json, "refused"), 0));
}

START_TEST(reasons_say_nothing_about_anybody)
{
	static const struct {
		enum error error;
		const char *reason, *told;
	} cases[] = {
		{E_TOO_LONG, "activity: longer than 1024 bytes", "activity: longer than 1024 bytes"},
		{E_BAD_JSON, "not valid JSON at byte 17: x", "not valid JSON at byte #: x"},
		{E_BAD_JSON, "entry[3].resource: of R4", "entry[#].resource: of R4"},
		{E_BAD_VALUE, "entry 12 of the Bundle: resource: it has none", "entry # of the Bundle: resource: it has none"},
		{E_BAD_VALUE, "number 3 of 10: time: missing", "number # of #: time: missing"},
		{E_TOO_LONG, "activity: 1301 bytes, the limit is 1024", "activity: # bytes, the limit is 1024"},
		{E_BAD_VALUE, "objects: 65 elements, must be 1 to 64", "objects: # elements, must be 1 to 64"},
		{E_BAD_VALUE, "says 0101701234, 010170-1234 and 123456", "says #, # and #"},
		{E_BAD_VALUE, "time: \"Karen \"Jensen\" 7\" is none; send it", "time: # is none; send it"},
		{E_BAD_VALUE, "time: \"x such as 0101701234\" not an RFC 3339 time such as 2026-03-27T08:15:30Z",
			"time: # not an RFC 3339 time such as 2026-03-27T08:15:30Z"},
		{E_BAD_VALUE, "action \"Karen", "action #"},
		{E_UNKNOWN_FIELD, "Karen Jensen 12: there is no such field",
			"the event has a field that the schema does not know"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin();
		tally_refused(&tally, cases[i].error, cases[i].reason, NOW_S);
		json_auto_t *row = first_refused(&tally);
		ck_assert_str_eq(json_string_value(json_object_get(row, "reason")), cases[i].told);
		ck_assert_str_eq(json_string_value(json_object_get(row, "error")), error_name(cases[i].error));
		ck_assert(json_object_get(row, "namespace") == NULL);
		end();
	}
}
END_TEST

START_TEST(a_namespace_is_told_where_it_is_no_number)
{
	static const char front[] =
		"subject: the identifier's authority is a local name, no OID and no absolute URI, and nothing says whose "
		"numbers it stands for; send it with its OID, or have the registration say it ('indsigt sender policy', ";
	static const char *const cases[][2] = {{"namespace=SITE=OID)", "SITE"}, {"namespace=NAME=OID)", "NAME"},
		{"namespace=0101701234=OID)", "NAME"}, {"namespace=SI", "NAME"}, {"", "NAME"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char reason[400];
		begin();
		snprintf(reason, sizeof reason, "%s%s", front, cases[i][0]);
		tally_refused(&tally, E_BAD_SUBJECT, reason, NOW_S);
		json_auto_t *row = first_refused(&tally);
		ck_assert_str_eq(json_string_value(json_object_get(row, "namespace")), cases[i][1]);
		end();
	}
}
END_TEST

START_TEST(different_reasons_are_bounded)
{
	begin();
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < TALLY_REASONS_MAX + 5; i++) {
			char reason[32];
			snprintf(reason, sizeof reason, "reason %u", i);
			tally_refused(&tally, E_BAD_VALUE, reason, NOW_S);
		}
	ck_assert_int_eq(number(&tally, NOW_S, NULL, "refused_otherwise"), 15);
	ck_assert_int_eq(number(&tally, NOW_S, "messages", "refused"), 3 * (TALLY_REASONS_MAX + 5));
	for (unsigned i = 0; i < 5; i++) /* a week later there is place */
		tally_refused(&tally, E_BAD_VALUE, "another", NOW_S + TALLY_DAYS * DAY_S);
	ck_assert_int_eq(number(&tally, NOW_S + TALLY_DAYS * DAY_S, NULL, "refused_otherwise"), 0);
	ck_assert_int_eq(number(&tally, NOW_S + TALLY_DAYS * DAY_S, "messages", "refused"), 5);
	end();
}
END_TEST

/* Over restarts, by day; of nobody else. */
START_TEST(counts_are_kept_for_a_week)
{
	static struct tally again;
	struct stat info;
	struct fault fault;
	char path[200];
	begin();
	take("unspecified", "Opslag 0101701234", NOW_S);
	tally_refused(&tally, E_MISSING_FIELD, "time: missing", NOW_S);
	take("kontrol", "Opslag", NOW_S + DAY_S);
	tally_refused(&tally, E_MISSING_FIELD, "time: missing", NOW_S + DAY_S);
	tally_look(&tally, place.path, NOW_S + DAY_S, true);
	snprintf(path, sizeof path, "%s/%s", place.path, TALLY_FILE);
	ck_assert(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
	json_auto_t *told = tally_to_json(&tally, NOW_S + DAY_S);
	tally_open(&again, place.path, ORIGIN, 7, NOW_S + DAY_S);
	json_auto_t *same = tally_to_json(&again, NOW_S + DAY_S);
	ck_assert(json_equal(told, same));
	ck_assert_int_eq(number(&again, NOW_S + 7 * DAY_S, NULL, "events"), 2);
	ck_assert_int_eq(number(&again, NOW_S + 8 * DAY_S, NULL, "events"), 1);
	ck_assert_int_eq(number(&again, NOW_S + 8 * DAY_S, "messages", "refused"), 1);
	ck_assert_int_eq(number(&again, NOW_S + 9 * DAY_S, NULL, "events"), 0);
	tally_open(&again, place.path, ORIGIN, 8, NOW_S + DAY_S);
	ck_assert_int_eq(number(&again, NOW_S + DAY_S, NULL, "events"), 0);
	tally_open(&again, place.path, "elsewhere", 7, NOW_S + DAY_S);
	ck_assert_int_eq(number(&again, NOW_S + DAY_S, NULL, "events"), 0);
	ck_ok(tally_read(path, NOW_S + DAY_S, &again, &fault));
	ck_assert_uint_eq(again.sender, 7);
	FILE *file = fopen(path, "w");
	ck_assert(file != NULL && fputs("{\"origin\":7}", file) >= 0 && fclose(file) == 0);
	ck_error(tally_read(place.path, NOW_S, &again, &fault), E_BAD_JSON);
	tally_open(&again, place.path, ORIGIN, 7, NOW_S); /* begun anew, also for who reads the file */
	tally_look(&again, place.path, NOW_S, false);
	ck_ok(tally_read(place.path, NOW_S, &again, &fault));
	ck_assert_uint_eq(again.sender, 7);
	ck_assert_int_eq(unlink(path), 0);
	ck_error(tally_read(place.path, NOW_S, &again, &fault), E_NOT_FOUND);
	end();
}
END_TEST

/* Not at each message. */
START_TEST(it_is_written_now_and_then)
{
	struct stat info;
	char path[200];
	begin();
	snprintf(path, sizeof path, "%s/%s", place.path, TALLY_FILE);
	tally_look(&tally, place.path, NOW_S, true);
	ck_assert_int_eq(unlink(path), 0); /* of whom it is, from the beginning */
	tally_look(&tally, place.path, NOW_S, true);
	ck_assert(stat(path, &info) != 0); /* nothing has changed */
	tally.written_ms = 0;
	tally_again(&tally, NOW_S);
	tally_look(&tally, place.path, NOW_S, false);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(unlink(path), 0);
	tally_again(&tally, NOW_S);
	tally_look(&tally, place.path, NOW_S, false);
	ck_assert(stat(path, &info) != 0);
	tally_look(&tally, place.path, NOW_S, true);
	ck_assert_int_eq(stat(path, &info), 0);
	end();
}
END_TEST

static unsigned allocations, short_at;

static void *allocate(size_t size)
{
	return allocations++ == short_at ? NULL : malloc(size);
}

/* Wherever memory is short, nothing is left out. */
START_TEST(counts_are_told_whole_or_not_at_all)
{
	begin();
	take("unspecified", "Opslag 0101701234", NOW_S);
	tally_refused(&tally, E_MISSING_FIELD, "time: missing", NOW_S);
	tally_refused(&tally, E_BAD_VALUE, "time: none", NOW_S);
	json_t *whole = tally_to_json(&tally, NOW_S);
	json_set_alloc_funcs(allocate, free);
	for (short_at = 0, allocations = 1; short_at < allocations; short_at++) {
		allocations = 0;
		json_t *told = tally_to_json(&tally, NOW_S);
		ck_assert(told == NULL || json_equal(told, whole));
		json_decref(told);
	}
	json_set_alloc_funcs(malloc, free);
	ck_assert_uint_gt(short_at, 20);
	json_decref(whole);
	end();
}
END_TEST

UNIT_MAIN("tally", messages_are_counted_by_what_became_of_them, reasons_say_nothing_about_anybody,
	a_namespace_is_told_where_it_is_no_number, different_reasons_are_bounded, counts_are_kept_for_a_week,
	it_is_written_now_and_then, counts_are_told_whole_or_not_at_all)
