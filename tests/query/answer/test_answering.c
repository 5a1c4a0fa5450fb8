/* How long people waited for answers: what is counted, when, and that no person is made out by it. */
#include "ledger/json/json_read.h"
#include "query/answer/answering.h"
#include "tests/lib/fixture.h"

#define DAY_S 86400u
#define BASE                                                                                                \
	"\"time\":\"2026-11-23T08:15:30Z\",\"action\":\"create\",\"outcome\":\"ok\",\"system\":\"KSD\","        \
	"\"activity\":\"Opslag\",\"purpose\":\"sagsbehandling\",\"actor\":{\"kind\":\"human\",\"role\":\"x\"}," \
	"\"org\":{\"id\":\"" FIXTURE_ORG "\",\"name\":\"Aarhus Kommune\"}"

static struct fixture f;
static struct archive *archive;
static uint64_t sequences[4];
static uint64_t first_day; /* of the first whole quarter, since 1970 */

static uint64_t next_quarter_day(uint64_t time_s)
{
	struct tm tm;
	time_t at = (time_t)time_s;
	gmtime_r(&at, &tm);
	tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon / 3 * 3 + 3, .tm_mday = 1};
	return (uint64_t)timegm(&tm) / DAY_S;
}

/* Sender 1 is the organisation's own, 2 the ledger's, 3 somebody who may report for the organisation. */
static void begin(void)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	memset(sequences, 0, sizeof sequences);
	first_day = next_quarter_day(f.now_s);
	f.now_s = first_day * DAY_S + DAY_S / 2;
	f.mandate.rights = RIGHT_READS;
	fixture_register(&f, 2, "cvr:34051178", "The ledger");
	f.mandate.rights = 0;
	fixture_register(&f, 3, "cvr:29190925", "Its supplier");
	ck_ok(archive_open(f.dir, true, &archive, &fault));
}

static void end(void)
{
	archive_close(archive);
	fixture_remove(&f);
}

/* Nothing may wait for days to be filed. */
static void day(uint32_t number)
{
	uint64_t at_s = (first_day + number) * DAY_S + DAY_S / 2;
	if (at_s <= f.now_s)
		return;
	fixture_epoch(&f);
	f.now_s = at_s;
}

/* What waits to be sent together. */
static char *waiting[400];
static uint32_t waiting_count;

static void flush(uint32_t sender)
{
	f.sender = sender;
	if (waiting_count > 0)
		fixture_append(&f, fixture_batch_of_json(&f, sequences[sender], (const char *const *)waiting, waiting_count));
	sequences[sender] += waiting_count;
	while (waiting_count > 0)
		free(waiting[--waiting_count]);
}

static void put(char *event)
{
	ck_assert_uint_lt(waiting_count, sizeof waiting / sizeof waiting[0]);
	waiting[waiting_count++] = event;
}

static char *event_text(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	ck_assert(vasprintf(&text, format, arguments) > 0);
	va_end(arguments);
	return text;
}

static void put_report(uint32_t person, uint32_t id)
{
	put(event_text("{\"subject\":\"reports:" FIXTURE_ORG "\"," BASE
				   ",\"report\":{\"id\":\"r-%u\",\"index\":1,\"org\":\"" FIXTURE_ORG "\",\"by\":\"%s\"}}",
		id, fixture_subject(person)));
}

static void put_answer(uint32_t person, uint32_t id)
{
	put(event_text("{\"subject\":\"%s\"," BASE ",\"answer\":{\"report\":\"r-%u\",\"text\":\"Det var mig.\"}}",
		fixture_subject(person), id));
}

static void report(uint32_t person, uint32_t id)
{
	put_report(person, id);
	flush(2);
}

/* People `first` to `first + count`, each of one report of that id. */
static void reports(uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		put_report(i, i);
	flush(2);
}

static void answers(uint32_t sender, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		put_answer(i, i);
	flush(sender);
}

/* A new reference. */
static json_t *told(struct answering_memory *memory)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(text_release) struct text text = {.room = NULL};
	json_t *json = NULL;
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(answering_write(&text, NULL, snapshot, memory));
	ck_ok(text_done(&text));
	ck_ok(json_read(bytes_of(text.data, text.len), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL, &json));
	return json;
}

/* What is published of the organisation's quarter: 0 where it is null or not there. Quarters from the first whole one;
 * -1: it is not published. */
static int64_t cell(const json_t *told, uint32_t quarter, uint32_t class)
{
	char wanted[32];
	time_t time_s = (time_t)(first_day * DAY_S);
	for (; quarter > 0; quarter--)
		time_s = (time_t)(next_quarter_day((uint64_t)time_s) * DAY_S);
	strftime(wanted, sizeof wanted, "%Y-%m-%dT00:00:00Z", gmtime(&time_s));
	const json_t *quarters = json_object_get(told, "quarters"), *item;
	size_t i, at = 0;
	while (at < json_array_size(quarters) && strcmp(json_string_value(json_array_get(quarters, at)), wanted) != 0)
		at++;
	if (at == json_array_size(quarters))
		return -1;
	int64_t found = 0, sum = 0;
	json_array_foreach(json_object_get(told, "organisations"), i, item)
	{
		const json_t *one = json_array_get(json_array_get(json_object_get(item, "people"), at), class);
		ck_assert(json_is_null(one) || json_integer_value(one) > 0);
		sum += json_integer_value(one);
		if (strcmp(json_string_value(json_object_get(item, "org")), FIXTURE_ORG) == 0)
			found = json_integer_value(one);
	}
	/* NUM-8 */
	ck_assert_int_eq(sum, json_integer_value(json_array_get(json_array_get(json_object_get(told, "sums"), at), class)));
	return found;
}

/* NUM-5, NUM-6, NUM-7 */
START_TEST(people_are_counted_by_how_long_they_waited)
{
	begin();
	reports(0, 45);
	answers(1, 0, 6);
	day(7);           /* to the second */
	answers(3, 6, 5); /* who may report for it */
	day(8);
	answers(1, 11, 12);
	day(30);
	answers(1, 23, 4);
	day(31);
	answers(1, 27, 18); /* too late */
	day(121);
	report(99, 99);
	json_t *json = told(NULL);
	ck_assert_int_eq(cell(json, 0, 0), 10); /* 11 */
	ck_assert_int_eq(cell(json, 0, 1), 10); /* 16 */
	ck_assert_int_eq(cell(json, 0, 2), 10); /* 18 */
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(json_object_get(json, "organisations"), 0), "name")),
		"Aarhus Kommune");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "organisations")), 1);
	json_decref(json);
	end();
}
END_TEST

/* NUM-6, EVT-19: another organisation's word, one about another report, and one before it, are no answers. */
START_TEST(only_answers_answer)
{
	begin();
	answers(1, 0, 10);
	reports(0, 10);
	for (uint32_t i = 0; i < 10; i++)
		put_answer(i, i + 100);
	flush(1);
	for (uint32_t i = 0; i < 10; i++) {
		char *text = event_text(
			"{\"subject\":\"%s\"," BASE ",\"answer\":{\"report\":\"r-%u\",\"text\":\"Nej.\"}}", fixture_subject(i), i);
		char *org = strstr(text, FIXTURE_ORG);
		memcpy(org, "cvr:29190925", strlen("cvr:29190925"));
		put(text);
	}
	flush(3);
	day(125);
	report(99, 99);
	json_t *json = told(NULL);
	ck_assert_int_eq(cell(json, 0, 0), 0);
	ck_assert_int_eq(cell(json, 0, 2), 10);
	json_decref(json);
	end();
}
END_TEST

/* NUM-7: a quarter comes when its last report has had its days, and never changes. */
START_TEST(a_quarter_is_published_once)
{
	struct answering_memory memory = ANSWERING_MEMORY;
	begin();
	uint32_t length = (uint32_t)(next_quarter_day(first_day * DAY_S) - first_day);
	reports(0, 12);
	day(length - 1);
	reports(12, 10);
	day(length);
	reports(22, 10);
	day(length + 29);
	answers(1, 12, 10);
	json_t *json = told(&memory);
	ck_assert_int_eq(cell(json, 0, 2), -1);
	json_decref(json);
	memory.counting = true; /* somebody else is at it: NUM-9 */
	memory.until_s = 0;
	json = told(&memory);
	ck_assert(json_is_null(json));
	json_decref(json);
	memory.counting = false;
	day(length + 30);
	report(98, 98);
	json_t *first = told(&memory);
	ck_assert_int_eq(cell(first, 0, 1), 10);
	ck_assert_int_eq(cell(first, 0, 2), 10);
	ck_assert_int_eq(cell(first, 1, 2), -1);
	answers(1, 0, 12);
	reports(0, 12);
	fixture_revoke(&f, 1, true);
	json_t *again = told(&memory), *anew = told(NULL);
	ck_assert(json_equal(first, again) && json_equal(first, anew));
	json_decref(again);
	json_decref(anew);
	day(length * 2 + 40);
	report(98, 97);
	again = told(&memory);
	for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++)
		ck_assert_int_eq(cell(again, 0, class), cell(first, 0, class));
	ck_assert_int_eq(cell(again, 1, 2), 20); /* 23: the last report of each of those who answered came too late */
	json_decref(again);
	json_decref(first);
	answering_memory_release(&memory);
	end();
}
END_TEST

/* NUM-9: many reports are counted in steps, which come to the same. */
START_TEST(a_long_count_goes_on)
{
	struct answering_memory memory = ANSWERING_MEMORY;
	uint32_t asked = 0;
	begin();
	reports(0, 320);
	answers(1, 0, 300);
	day(125);
	report(999, 999);
	json_t *json = told(&memory), *whole = told(NULL);
	ck_assert(json_is_null(json));
	for (; json_is_null(json) && asked < 10; asked++) {
		json_decref(json);
		report(1000 + asked, 1000 + asked);
		json = told(&memory);
	}
	ck_assert(json_equal(json, whole));
	ck_assert_int_eq(cell(json, 0, 0), 300);
	ck_assert_int_eq(cell(json, 0, 2), 20);
	json_decref(json);
	json_decref(whole);
	answering_memory_release(&memory);
	end();
}
END_TEST

/* ---- the property ---- */

static void publish(const uint32_t others[ANSWERING_CLASSES], const uint32_t mine[ANSWERING_CLASSES], bool last_late,
	int64_t out[ANSWERING_CLASSES])
{
	static const uint32_t days[] = {3, 20};
	const uint32_t me = 500;
	begin();
	uint32_t person = 0, first[ANSWERING_CLASSES + 1] = {0}, id = 1000;
	uint32_t owed[ANSWERING_CLASSES + 1] = {id};
	for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++) {
		uint32_t at = last_late ? class : ANSWERING_CLASSES - 1 - class;
		reports(person, others[class]);
		first[class] = person;
		person += others[class];
		owed[at] = id;
		for (uint32_t i = 0; i < mine[at]; i++)
			put_report(me, id++);
		flush(2);
	}
	for (uint32_t class = 0; class < ANSWERING_CLASSES - 1; class ++) {
		day(days[class]);
		answers(1, first[class], others[class]);
		for (uint32_t i = 0; i < mine[class]; i++)
			put_answer(me, owed[class] + i);
		flush(1);
	}
	day(125);
	report(999, 1);
	json_t *json = told(NULL);
	for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++)
		out[class] = cell(json, 0, class);
	json_decref(json);
	end();
}

static void compare(
	const uint32_t others[ANSWERING_CLASSES], const uint32_t mine[ANSWERING_CLASSES], bool last_late, uint32_t *moved)
{
	static const uint32_t nobody[ANSWERING_CLASSES];
	int64_t with[ANSWERING_CLASSES], without[ANSWERING_CLASSES];
	*moved = 0;
	publish(others, mine, last_late, with);
	publish(others, nobody, last_late, without);
	for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++) {
		ck_assert_int_eq(without[class], others[class] / 10 * 10);
		ck_assert(with[class] == without[class] || with[class] == without[class] + 10);
		*moved += with[class] != without[class];
	}
	ck_assert_uint_le(*moved, 1);
}

/* NUM-5, NUM-8: however many reports one person makes, and however they are answered, one number at most moves, by one
 * step: each of these numbers is about to. */
START_TEST(one_person_moves_one_number_by_one_step)
{
	for (uint32_t round = 0; round < 2; round++) {
		uint32_t moved;
		compare((uint32_t[]){9, 19, 29}, (uint32_t[]){12, 12, 12}, round == 0, &moved);
		ck_assert_uint_eq(moved, 1);
	}
}
END_TEST

START_TEST(whatever_others_do)
{
	for (uint32_t round = 0; round < 2; round++) {
		uint32_t others[ANSWERING_CLASSES], mine[ANSWERING_CLASSES], moved;
		for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++) {
			others[class] = randombytes_uniform(25);
			mine[class] = randombytes_uniform(14);
		}
		compare(others, mine, round == 0, &moved);
	}
}
END_TEST

UNIT_MAIN("answering", people_are_counted_by_how_long_they_waited, only_answers_answer, a_quarter_is_published_once,
	a_long_count_goes_on, one_person_moves_one_number_by_one_step, whatever_others_do)
