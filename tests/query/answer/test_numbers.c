/* What everybody may know of everybody's accesses: the rule, and that no person is made out by it. */
#include "ledger/json/json_read.h"
#include "query/answer/numbers.h"
#include "tests/lib/fixture.h"

#define DAY_S 86400u

static struct fixture f;
static struct archive *archive;
static uint64_t sequences[4];
static uint64_t start_day;

/* Senders 1 and 3 are systems of one organisation, 2 is another's. All on the first day, from noon on. */
static void begin(void)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	start_day = f.now_s / DAY_S + 1;
	memset(sequences, 0, sizeof sequences);
	f.now_s = start_day * DAY_S + DAY_S / 2;
	fixture_register(&f, 2, "cvr:29190925", "Another");
	fixture_register(&f, 3, FIXTURE_ORG, "Its second system");
	ck_ok(archive_open(f.dir, true, &archive, &fault));
}

static void end(void)
{
	archive_close(archive);
	fixture_remove(&f);
}

/* So many events about one person on a day, counted from the first. */
static void report(uint32_t sender, uint32_t day, uint32_t person, uint32_t count)
{
	uint32_t subjects[100];
	ck_assert_uint_le(count, 100);
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = person;
	f.sender = sender;
	uint64_t at_s = (start_day + day) * DAY_S + DAY_S / 2;
	if (at_s > f.now_s) { /* nothing may wait for days to be filed */
		fixture_epoch(&f);
		f.now_s = at_s;
	}
	if (count == 0)
		return;
	fixture_append(&f, fixture_batch(&f, sequences[sender], subjects, count, (uint32_t)sequences[sender]));
	sequences[sender] += count;
}

/* A new reference. */
static json_t *numbers_of(struct numbers_memory *memory)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(text_release) struct text text = {.room = NULL};
	json_t *json = NULL;
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(numbers_write(&text, NULL, snapshot, memory));
	ck_ok(text_done(&text));
	ck_ok(json_read(bytes_of(text.data, text.len), JSON_REJECT_DUPLICATES, NULL, &json));
	return json;
}

/* -1: not told apart from none; -2: not there. Days are counted from the first. */
static int64_t published(const json_t *numbers, const char *org, uint32_t day)
{
	char wanted[32];
	time_t time_s = (time_t)((start_day + day) * DAY_S);
	strftime(wanted, sizeof wanted, "%Y-%m-%dT00:00:00Z", gmtime(&time_s));
	const json_t *days = json_object_get(numbers, "days"), *item;
	size_t i, place = 0;
	while (place < json_array_size(days) && strcmp(json_string_value(json_array_get(days, place)), wanted) != 0)
		place++;
	json_array_foreach(json_object_get(numbers, "organisations"), i, item)
	{
		const json_t *events = json_object_get(item, "events");
		ck_assert_uint_eq(json_array_size(events), json_array_size(days));
		if (strcmp(json_string_value(json_object_get(item, "org")), org) != 0 || place == json_array_size(days))
			continue;
		const json_t *count = json_array_get(events, place);
		return json_is_null(count) ? -1 : json_integer_value(count);
	}
	return -2;
}

/* NUM-1, NUM-2, NUM-3 */
START_TEST(past_days_are_published_by_organisation)
{
	begin();
	report(1, 0, 1234, 8);
	report(3, 0, 77, 15);
	report(2, 0, 77, 9);
	report(2, 1, 77, 30);
	report(2, 1, 1234, 10);
	json_t *numbers = numbers_of(NULL);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 0), 20);    /* 23, of two systems */
	ck_assert_int_eq(published(numbers, "cvr:29190925", 0), -1); /* 9 */
	ck_assert_int_eq(published(numbers, "cvr:29190925", 1), -2); /* the log is not past it */
	json_decref(numbers);
	report(1, 2, 9, 1);
	numbers = numbers_of(NULL);
	ck_assert_int_eq(published(numbers, "cvr:29190925", 1), 40);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 1), -1); /* none */
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 2), -2);
	ck_assert_uint_eq(json_array_size(json_object_get(numbers, "organisations")), 2);
	json_decref(numbers);
	end();
}
END_TEST

/* NUM-3: what is published of a day never changes, whatever comes later, and whoever remembers it or not. */
START_TEST(a_day_is_published_once)
{
	struct numbers_memory memory = NUMBERS_MEMORY;
	begin();
	report(1, 0, 1234, 14);
	report(2, 1, 1234, 21);
	report(2, 2, 1234, 1);
	json_t *first = numbers_of(&memory);
	report(2, 2, 1234, 90);
	fixture_epoch(&f);
	fixture_revoke(&f, 3, true);
	fixture_register(&f, 4, "cvr:34051178", "Newer");
	json_t *again = numbers_of(&memory), *anew = numbers_of(NULL);
	ck_assert(json_equal(first, again) && json_equal(first, anew));
	ck_assert_int_eq(published(again, "cvr:34051178", 0), -2);
	json_decref(again);
	json_decref(anew);
	report(1, 3, 1234, 1);
	again = numbers_of(&memory);
	for (uint32_t day = 0; day < 2; day++) {
		ck_assert_int_eq(published(again, FIXTURE_ORG, day), published(first, FIXTURE_ORG, day));
		ck_assert_int_eq(published(again, "cvr:29190925", day), published(first, "cvr:29190925", day));
	}
	ck_assert_int_eq(published(again, "cvr:29190925", 2), 90); /* 91 */
	ck_assert_int_eq(published(again, "cvr:34051178", 2), -1); /* it was there by then */
	json_decref(again);
	json_decref(first);
	numbers_memory_release(&memory);
	end();
}
END_TEST

START_TEST(a_month_of_days_is_published)
{
	begin();
	for (uint32_t day = 0; day < 40; day += 3)
		report(1, day, 1234, 12);
	json_t *numbers = numbers_of(NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(numbers, "days")), NUMBERS_DAYS);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 7), -2);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 9), 10);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 10), -1);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 36), 10);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 38), -1);
	ck_assert_int_eq(published(numbers, FIXTURE_ORG, 39), -2);
	json_decref(numbers);
	end();
}
END_TEST

/* ---- the property ---- */

#define DAYS 3u
#define ORGS 2u
static const char *const orgs[ORGS] = {FIXTURE_ORG, "cvr:29190925"};

/* Every cell and every sum: what is published of a ledger with these counts, of which `mine` are about one person. */
static void publish(
	const uint32_t others[DAYS][ORGS], const uint32_t mine[DAYS][ORGS], int64_t cells[DAYS][ORGS], int64_t sums[DAYS])
{
	begin();
	for (uint32_t day = 0; day < DAYS; day++)
		for (uint32_t org = 0; org < ORGS; org++) {
			report(org + 1, day, 77, others[day][org]);
			report(org + 1, day, 1234, mine[day][org]);
		}
	report(1, DAYS, 77, 1);
	json_t *numbers = numbers_of(NULL);
	for (uint32_t day = 0; day < DAYS; day++) {
		sums[day] = json_integer_value(json_array_get(json_object_get(numbers, "sums"), day + 1));
		for (uint32_t org = 0; org < ORGS; org++)
			cells[day][org] = published(numbers, orgs[org], day);
	}
	ck_assert_uint_eq(json_array_size(json_object_get(numbers, "sums")), DAYS + 1); /* the log began a day before */
	json_decref(numbers);
	end();
}

static int64_t as_number(int64_t cell)
{
	return cell == -1 ? 0 : cell;
}

/* NUM-2, NUM-4: fewer than ten events of one person move a number by a step at most, and no other number at all; and
 * a sum says nothing that its parts do not. */
START_TEST(one_person_moves_a_number_by_a_step_at_most)
{
	static const uint32_t nothing[DAYS][ORGS];
	for (uint32_t round = 0; round < 6; round++) {
		uint32_t others[DAYS][ORGS], mine[DAYS][ORGS];
		int64_t with[DAYS][ORGS], without[DAYS][ORGS], sums[DAYS], bare[DAYS];
		for (uint32_t i = 0; i < DAYS * ORGS; i++) {
			others[i / ORGS][i % ORGS] = round < 3 ? 6 + 4 * round : randombytes_uniform(40);
			mine[i / ORGS][i % ORGS] = i % 3 == round % 3 ? randombytes_uniform(10) : 0;
		}
		publish(others, mine, with, sums);
		publish(others, nothing, without, bare);
		for (uint32_t day = 0; day < DAYS; day++) {
			int64_t parts = 0;
			for (uint32_t org = 0; org < ORGS; org++) {
				uint32_t all = others[day][org] + mine[day][org];
				int64_t moved = as_number(with[day][org]) - as_number(without[day][org]);
				ck_assert_int_eq(with[day][org], all < 10 ? -1 : (int64_t)(all / 10 * 10));
				ck_assert(moved == 0 || (moved == 10 && mine[day][org] > 0));
				parts += as_number(with[day][org]);
			}
			ck_assert_int_eq(sums[day], parts);
		}
	}
}
END_TEST

/* NUM-2, for every count: all of ten look alike, and none and few do. */
START_TEST(ten_counts_look_alike)
{
	for (uint64_t count = 0; count < 1000; count++) {
		ck_assert_uint_eq(numbers_rounded(count) % 10, 0);
		ck_assert_uint_eq(numbers_rounded(count), count / 10 * 10);
	}
	ck_assert_uint_eq(numbers_rounded(0), numbers_rounded(9));
}
END_TEST

UNIT_MAIN("numbers", past_days_are_published_by_organisation, a_day_is_published_once, a_month_of_days_is_published,
	one_person_moves_a_number_by_a_step_at_most, ten_counts_look_alike)
