/* What the ledger sees of how well its senders report, against counts of the test's own. (QLT-1 to QLT-6, QLT-10) */
#include "ledger/event/event_schema.h"
#include "ledger/json/json_read.h"
#include "ledger/text/timestamp.h"
#include "query/quality/quality.h"
#include "query/quality/sample.h"
#include "tests/lib/fixture.h"

#define DAY_S 86400u
#define HOUR_S 3600u

static struct fixture f;
static struct archive *archive;
static struct quality_memory memory = QUALITY_MEMORY;
static uint64_t sequence;

static void begin(void)
{
	fixture_make(&f);
	f.now_s = (f.now_s / DAY_S + 1) * DAY_S;
	f.mandate.source = (struct source){.words = "identifiers-in=reason"};
	strcpy(f.policy.purpose, "behandling");
	fixture_register(&f, 2, FIXTURE_ORG, "Journal");
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	memory = QUALITY_MEMORY;
	sequence = 0;
}

static void end(void)
{
	quality_memory_release(&memory);
	archive_close(archive);
	fixture_remove(&f);
}

struct seen {
	uint32_t id;
	struct quality_sender quality;
	bool found;
};

static bool see(void *context, const struct sender *sender, const struct quality_sender *quality)
{
	struct seen *seen = context;
	if (sender->id == seen->id) {
		seen->quality = *quality;
		seen->found = true;
	}
	return true;
}

/* What is known of a sender after so many looks; whether that is all. */
static bool look(struct quality_memory *known, uint32_t id, uint64_t looks, struct quality_sender *out)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	struct seen seen = {.id = id};
	bool complete = false;
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(quality_visit(snapshot, known, f.now_s, looks, see, &seen, &complete));
	ck_assert(seen.found);
	*out = seen.quality;
	return complete;
}

/* Looked at anew, as a command does. */
static struct quality_figures figures_anew(uint32_t id)
{
	struct quality_memory anew = QUALITY_MEMORY;
	struct quality_sender quality;
	ck_assert(look(&anew, id, UINT64_MAX, &quality));
	quality_memory_release(&anew);
	return quality.figures;
}

/* ---- events ---- */

struct said {
	const char *purpose, *activity, *reason;
	int64_t lag_s;
};

static char *json_of(const struct said *said)
{
	char time[TIMESTAMP_TEXT_MAX], *out = NULL;
	timestamp_format_s((uint64_t)((int64_t)f.now_s - said->lag_s), time);
	ck_assert(asprintf(&out,
				  "{\"subject\":\"cpr:0101701234\",\"time\":\"%s\",\"action\":\"read\",\"outcome\":\"ok\",\"org\":{"
				  "\"id\":\"" FIXTURE_ORG
				  "\",\"name\":\"Aarhus\"},\"system\":\"KSD\",\"activity\":\"%s\",\"purpose\":\"%s\",\"reason\":\"%s\","
				  "\"actor\":{\"kind\":\"human\",\"id\":\"u:1\",\"role\":\"sagsbehandler\"}}",
				  time, said->activity, said->purpose, said->reason) > 0);
	return out;
}

static void report(const struct said *said, uint32_t count)
{
	const char **texts = calloc(count, sizeof *texts);
	for (uint32_t i = 0; i < count; i++)
		texts[i] = json_of(&said[i]);
	fixture_append(&f, fixture_batch_of_json(&f, sequence, texts, count));
	sequence += count;
	for (uint32_t i = 0; i < count; i++)
		free((char *)(uintptr_t)texts[i]);
	free(texts);
}

static unsigned place_of(const char *field)
{
	unsigned place = 0;
	while (strcmp(quality_field(place), field) != 0)
		place++;
	return place;
}

START_TEST(what_few_events_say_is_counted)
{
	static const struct said said[] = {
		{"unspecified", "Opslag", "x", 10},
		{"behandling", "Opslag", "x", 20},
		{"kontrol", "Opslag 010170-1234", "x", 30},
		{"kontrol", "Opslag 0707614285", "0707614285", 40},
		{"kontrol", "Opslag", "0101701234", 2 * DAY_S},
		{"kontrol 070761-4286", "Opslag", "x", -5},
	};
	begin();
	report(said, 6);
	struct quality_figures figures = figures_anew(2);
	ck_assert_uint_eq(figures.events, 6);
	ck_assert_uint_eq(figures.sample, 6);
	ck_assert_uint_eq(figures.looked_at, 6);
	ck_assert_uint_eq(figures.unreadable, 0);
	ck_assert_uint_eq(figures.purposes, 6);
	ck_assert_uint_eq(figures.missing, 1);
	ck_assert_uint_eq(figures.usual, 1);
	ck_assert_uint_eq(figures.numbers, 3);
	ck_assert_uint_eq(figures.own, 1);
	ck_assert_uint_eq(figures.checked, 1);
	ck_assert_uint_eq(figures.fields[place_of("activity")], 2);
	ck_assert_uint_eq(figures.fields[place_of("purpose")], 1);
	ck_assert_uint_eq(figures.fields[place_of("reason")], 0); /* they are to be expected there */
	ck_assert_uint_eq(figures.lags, 6);
	ck_assert_int_eq(figures.p50_s, 20);
	ck_assert_int_eq(figures.p90_s, 2 * DAY_S);
	ck_assert_int_eq(figures.max_s, 2 * DAY_S);
	ck_assert_uint_eq(figures.over_day, 1);
	ck_assert_uint_eq(figures.ahead, 1);
	end();
}
END_TEST

/* Remembered, in small steps, and anew: the same; and what the registration says now is what counts. */
START_TEST(what_is_remembered_is_the_same_as_anew)
{
	struct quality_sender quality;
	uint64_t times_s[20], wanted = 0;
	begin();
	for (uint32_t round = 0; round < 20; round++) {
		times_s[round] = f.now_s;
		struct said said[60];
		for (size_t i = 0; i < 60; i++)
			said[i] = (struct said){randombytes_uniform(3) ? "kontrol" : "unspecified",
				randombytes_uniform(5) ? "Opslag" : "Opslag 0101701234", "x", randombytes_uniform(3 * DAY_S)};
		report(said, 60);
		uint32_t steps = 0;
		while (!look(&memory, 2, 7, &quality))
			steps++;
		ck_assert_uint_ge(steps, 1);
		struct quality_figures anew = figures_anew(2);
		ck_assert_mem_eq(&anew, &quality.figures, sizeof anew);
		fixture_epoch(&f);
		f.now_s += DAY_S / 2 + randombytes_uniform(DAY_S);
	}
	while (!look(&memory, 2, 7, &quality))
		continue;
	for (uint32_t round = 0; round < 20; round++)
		wanted += times_s[round] >= f.now_s / DAY_S * DAY_S - 7 * DAY_S ? 60 : 0;
	ck_assert_uint_eq(quality.figures.events, wanted); /* what came over a week ago is not looked at */
	ck_assert_uint_lt(wanted, 1200);
	ck_assert(look(&memory, 2, 0, &quality)); /* nothing is left */
	end();
}
END_TEST

/* Of many a sample: no more are opened, and what they say of all is near to what is so. */
START_TEST(of_many_a_sample_speaks)
{
	struct said said[500];
	struct quality_sender quality;
	begin();
	for (uint32_t round = 0; round < 12; round++) {
		for (size_t i = 0; i < 500; i++) /* two for each access, of which one says nothing */
			said[i] = (struct said){i % 2 ? "kontrol" : "unspecified", "Opslag", "x", 1 + (int64_t)(i % 100)};
		report(said, 500);
	}
	ck_assert(look(&memory, 2, UINT64_MAX, &quality));
	const struct quality_figures *figures = &quality.figures;
	ck_assert_uint_eq(figures->events, 6000);
	ck_assert(figures->sample <= SAMPLE_EVENTS_MAX && figures->sample >= SAMPLE_EVENTS_MAX / 2);
	ck_assert_uint_eq(figures->looked_at, figures->sample);
	ck_assert(figures->missing * 100 > figures->sample * 40 && figures->missing * 100 < figures->sample * 60);
	ck_assert(figures->p50_s > 40 && figures->p50_s < 60);
	end();
}
END_TEST

/* With the hours of its batches: always at eight and nine in the morning, three weeks long. */
START_TEST(silence_is_against_its_own_rhythm)
{
	static const struct said said = {"kontrol", "Opslag", "x", 1};
	struct quality_sender quality;
	begin();
	uint64_t start_s = f.now_s;
	for (uint32_t day = 0; day < 21; day++)
		for (uint32_t hour = 8; hour < 10; hour++) {
			fixture_epoch(&f);
			f.now_s = start_s + day * DAY_S + hour * HOUR_S + 60;
			report(&said, 1);
			(void)look(&memory, 2, 5, &quality);
			ck_assert(!quality.silent);
		}
	while (!look(&memory, 2, 5, &quality))
		continue;
	struct quality_memory anew = QUALITY_MEMORY;
	struct quality_sender same;
	ck_assert(look(&anew, 2, UINT64_MAX, &same));
	quality_memory_release(&anew);
	ck_assert_int_eq(quality.rhythm.kind, RHYTHM_WEEKLY);
	ck_assert_uint_eq(quality.rhythm.usual, 14);
	ck_assert_uint_eq(quality.rhythm.silent_from_s, start_s + 21 * DAY_S + 10 * HOUR_S);
	ck_assert_uint_eq(same.rhythm.silent_from_s, quality.rhythm.silent_from_s);
	ck_assert_uint_eq(quality.heard_s, f.now_s);
	f.now_s = start_s + 21 * DAY_S + 10 * HOUR_S - 1;
	(void)look(&memory, 2, 5, &quality);
	ck_assert(!quality.silent);
	f.now_s++;
	(void)look(&memory, 2, 5, &quality);
	ck_assert(quality.silent);
	(void)look(&memory, 1, 5, &quality);
	ck_assert(!quality.silent && quality.heard_s == 0); /* which has never said anything */
	end();
}
END_TEST

/* What was not looked at yet is not told as if nothing were there. */
START_TEST(who_was_not_looked_at_yet_is_told_so)
{
	static const struct said said = {"kontrol", "Opslag", "x", 1};
	struct quality_sender quality;
	OWNED(text_release) struct text text = {.room = NULL};
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	begin();
	report(&said, 1);
	const struct quality_query query = {.now_s = f.now_s, .looks = 0};
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(quality_write(&text, snapshot, &memory, &query));
	json_auto_t *json = NULL;
	ck_ok(json_read(bytes_of(text.data, text.len), JSON_REJECT_DUPLICATES, NULL, &json));
	const json_t *one = json_array_get(json_object_get(json, "senders"), 1);
	const json_t *rhythm = json_object_get(one, "rhythm");
	ck_assert(json_is_false(json_object_get(json, "complete")));
	ck_assert_str_eq(json_string_value(json_object_get(rhythm, "kind")), "pending");
	ck_assert(json_is_null(json_object_get(rhythm, "silent_from")));
	ck_assert(!look(&memory, 2, 0, &quality) && !quality.looked);
	ck_assert(!look(&memory, 1, 0, &quality) && quality.looked); /* there is nothing to look at */
	ck_assert(look(&memory, 2, UINT64_MAX, &quality) && quality.looked);
	snapshot_end(OWN_TAKE(snapshot));
	end();
}
END_TEST

/* With a clock that was set back the time is the ledger's: as that of which the figures are. */
START_TEST(a_clock_that_was_set_back_moves_no_day)
{
	static const struct said said = {"kontrol", "Opslag", "x", 1};
	char since[TIMESTAMP_TEXT_MAX];
	OWNED(text_release) struct text text = {.room = NULL};
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	begin();
	report(&said, 1);
	const struct quality_query query = {.now_s = f.now_s - 30 * DAY_S, .looks = UINT64_MAX};
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(quality_write(&text, snapshot, &memory, &query));
	json_auto_t *json = NULL;
	ck_ok(json_read(bytes_of(text.data, text.len), JSON_REJECT_DUPLICATES, NULL, &json));
	timestamp_format_s(quality_since(snapshot_time_s(snapshot)), since);
	ck_assert_str_eq(json_string_value(json_object_get(json, "since")), since);
	snapshot_end(OWN_TAKE(snapshot));
	end();
}
END_TEST

/* A registration that changes is looked at by. */
START_TEST(figures_are_by_the_registration_as_it_is)
{
	static const struct said said = {"behandling", "Opslag 0101701234", "x", 1};
	struct quality_sender quality;
	begin();
	report(&said, 1);
	ck_assert(look(&memory, 2, UINT64_MAX, &quality));
	ck_assert(quality.figures.usual == 1 && quality.figures.numbers == 1);
	fixture_revoke(&f, 2, false);
	ck_assert(look(&memory, 2, UINT64_MAX, &quality));
	ck_assert(quality.figures.usual == 1 && !quality.silent);
	f.mandate.rights = RIGHT_READS; /* whose recipients are ids */
	fixture_register(&f, 3, FIXTURE_ORG, "Indsigt");
	sequence = 0;
	report(&said, 1);
	ck_assert(look(&memory, 3, UINT64_MAX, &quality));
	ck_assert(quality.figures.looked_at == 1 && quality.figures.numbers == 0 && quality.figures.own == 0);
	end();
}
END_TEST

/* What is written has the counts, of whom it may tell of, and no number of anybody. */
START_TEST(what_is_written_is_about_nobody)
{
	static const struct said said = {"kontrol", "Opslag 0707614285", "x", -7};
	static struct status status;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(text_release) struct text text = {.room = NULL};
	begin();
	report(&said, 1);
	fixture_register(&f, 3, "cvr:29190925", "Another");
	status.refused_of[0] = (struct status_refused){2, E_POLICY, 4};
	const struct quality_query query = {.now_s = f.now_s, .looks = UINT64_MAX, .org = FIXTURE_ORG, .status = &status};
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(quality_write(&text, snapshot, &memory, &query));
	ck_assert(
		memmem(text.data, text.len, "0707614285", 10) == NULL && memmem(text.data, text.len, "01701234", 8) == NULL);
	json_auto_t *json = NULL;
	ck_ok(json_read(bytes_of(text.data, text.len), JSON_REJECT_DUPLICATES, NULL, &json));
	const json_t *senders = json_object_get(json, "senders"), *one = json_array_get(senders, 1);
	ck_assert_uint_eq(json_array_size(senders), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(one, "lag"), "max_s")), -7);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(one, "refused_batches"), "policy")), 4);
	ck_assert_int_eq(json_integer_value(json_object_get(
						 json_object_get(json_object_get(one, "numbers_in_texts"), "fields"), "activity")),
		1);
	ck_assert(json_is_true(json_object_get(json, "complete")));
	snapshot_end(OWN_TAKE(snapshot));
	end();
}
END_TEST

UNIT_MAIN("quality", what_few_events_say_is_counted, what_is_remembered_is_the_same_as_anew, of_many_a_sample_speaks,
	silence_is_against_its_own_rhythm, who_was_not_looked_at_yet_is_told_so, a_clock_that_was_set_back_moves_no_day,
	figures_are_by_the_registration_as_it_is, what_is_written_is_about_nobody)
