#include "query/statement/statement_make.h"

#include "ledger/statement/statement.h"
#include "tests/lib/fixture.h"
#include "tests/lib/withholding.h"

#include <string.h>

#define PEOPLE 5
#define WITHHELD_UNTIL_S 4102444800u /* 2100-01-01 */

static struct fixture f;
static struct archive *archive;
static struct snapshot *snapshot;
static uint64_t next_sequence;

static void append(const uint32_t *subjects, uint32_t count)
{
	fixture_append(&f, fixture_batch(&f, next_sequence, subjects, count, (uint32_t)next_sequence));
	next_sequence += count;
}

static void look(void)
{
	struct fault fault = {.text = ""};
	ck_ok(archive_open(f.dir, true, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
}

static void look_away(void)
{
	snapshot_end(snapshot);
	archive_close(archive);
}

/* Subject 1 has 40 events in four epochs, a minute apart, subject 2 two, subject 3 none but one after the last epoch.
 */
static void make_ledger(void)
{
	fixture_make(&f);
	next_sequence = 0;
	for (unsigned epoch = 0; epoch < 4; epoch++) {
		static const uint32_t mostly[] = {1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1};
		static const uint32_t rarely[] = {2, 0, 4};
		append(mostly, 11);
		if (epoch % 2 == 1)
			append(rarely, 3);
		f.now_s += 60;
		fixture_epoch(&f);
	}
	static const uint32_t late[] = {3, 1};
	append(late, 2);
	fixture_close(&f);
	look();
}

static void done(void)
{
	look_away();
	fixture_remove(&f);
}

static struct statement *prove(struct statement_query *query, uint32_t number)
{
	struct statement *statement = NULL;
	struct finding finding = {.text = ""};
	struct fault fault = {.text = ""};
	size_t later;
	struct text text = {.room = NULL};
	query->subject = bytes_text(fixture_subject(number));
	enum error error = statement_make(snapshot, query, &text, &later, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	const struct statement_options options = {.subject = fixture_subject(number)};
	error = statement_verify(bytes_of(text.data, text.len), &f.vkey, &options, &statement, &finding);
	ck_assert_msg(error == E_OK, "%s", finding.text);
	text_release(&text);
	return statement;
}

static struct statement_query whole(void)
{
	return (struct statement_query){.to_s = UINT64_MAX, .now_s = f.now_s};
}

START_TEST(a_whole_history_verifies)
{
	make_ledger();
	struct statement_query query = whole();
	struct statement *statement = prove(&query, 1);
	ck_assert(statement->present);
	ck_assert_uint_eq(statement->count, 40);
	ck_assert_uint_eq(statement->event_count, 40);
	ck_assert_uint_eq(statement->open, 40);
	ck_assert_uint_eq(statement->later_count, 1);
	ck_assert_uint_eq(statement->sender_count, 0);
	statement_free(statement);
	statement = prove(&query, 2);
	ck_assert_uint_eq(statement->event_count, 2);
	statement_free(statement);
	done();
}
END_TEST

START_TEST(nobody_looked_verifies)
{
	make_ledger();
	struct statement_query query = whole();
	struct statement *statement = prove(&query, 17);
	ck_assert(!statement->present);
	ck_assert_uint_eq(statement->later_count, 0);
	statement_free(statement);
	statement = prove(&query, 3); /* not covered yet */
	ck_assert(!statement->present);
	ck_assert_uint_eq(statement->later_count, 1);
	statement_free(statement);
	done();
}
END_TEST

/* Every window on minute borders, and on either side of them, against the events of the whole history. */
START_TEST(every_window_verifies)
{
	make_ledger();
	struct statement_query query = whole();
	struct statement *all = prove(&query, 1);
	uint64_t start = all->events[0].entry.time_s;
	for (uint64_t from = start - 1; from < start + 250; from += 20)
		for (uint64_t to = from + 1; to < start + 270; to += 19) {
			size_t wanted = 0;
			for (size_t i = 0; i < all->event_count; i++)
				wanted += all->events[i].entry.time_s >= from && all->events[i].entry.time_s < to;
			query.from_s = from;
			query.to_s = to;
			struct statement *statement = prove(&query, 1);
			ck_assert_uint_eq(statement->event_count, wanted);
			ck_assert_uint_eq(statement->count, 40);
			statement_free(statement);
			query.to_s = UINT64_MAX;
			statement_free(prove(&query, 1));
			query.from_s = 0;
			query.to_s = to;
			statement_free(prove(&query, 1));
		}
	query.from_s = start;
	statement_free(prove(&query, 17));
	statement_free(all);
	done();
}
END_TEST

START_TEST(signatures_are_shown)
{
	make_ledger();
	struct statement_query query = whole();
	query.signatures = true;
	struct statement *statement = prove(&query, 1);
	ck_assert(statement->signatures);
	ck_assert_uint_eq(statement->sender_count, 1);
	ck_assert(statement->senders[0].endorsed);
	for (size_t i = 0; i < statement->event_count; i++)
		ck_assert_ptr_eq(statement->events[i].sender, &statement->senders[0]);
	statement_free(statement);
	statement_free(prove(&query, 17));
	done();
}
END_TEST

/* Closed until its date, opened by itself after it. */
START_TEST(withheld_events_open_by_themselves)
{
	static const char *const events[] = {
		"{\"subject\":\"cpr:0101700001\",\"time\":\"2026-11-23T08:15:30Z\",\"action\":\"read\",\"outcome\":\"ok\","
		"\"org\":{\"id\":\"cvr:17143611\",\"name\":\"Rigspolitiet\"},\"system\":\"POLSAS\",\"activity\":\"Opslag\","
		"\"purpose\":\"efterforskning\",\"actor\":{\"kind\":\"human\",\"role\":\"efterforsker\"},"
		"\"withheld_until\":\"2100-01-01T00:00:00Z\",\"withheld_basis\":\"RPL § 729 c\"}",
		"{\"subject\":\"cpr:0101700001\",\"time\":\"2026-11-23T08:16:30Z\",\"action\":\"read\",\"outcome\":\"ok\","
		"\"org\":{\"id\":\"cvr:17143611\",\"name\":\"Rigspolitiet\"},\"system\":\"POLSAS\",\"activity\":\"Opslag\","
		"\"purpose\":\"efterforskning\",\"actor\":{\"kind\":\"human\",\"role\":\"efterforsker\"}}",
	};
	fixture_make(&f);
	fixture_withholding_sender(&f);
	fixture_append(&f, fixture_batch_of_json(&f, 0, events, 2));
	fixture_epoch(&f);
	fixture_append(&f, fixture_batch_of_json(&f, 2, events, 1));
	fixture_close(&f);
	look();
	struct statement_query query = whole();
	struct statement *statement = prove(&query, 1);
	ck_assert_uint_eq(statement->event_count, 2);
	ck_assert_uint_eq(statement->withheld, 1);
	ck_assert_uint_eq(statement->open, 1);
	ck_assert_int_eq(statement->events[0].state, STATEMENT_WITHHELD);
	ck_assert_int_eq(statement->later[0].state, STATEMENT_WITHHELD);
	statement_free(statement);
	query.now_s = WITHHELD_UNTIL_S - 1;
	statement = prove(&query, 1);
	ck_assert_uint_eq(statement->withheld, 1);
	statement_free(statement);
	query.now_s = WITHHELD_UNTIL_S;
	statement = prove(&query, 1);
	ck_assert_uint_eq(statement->withheld, 0);
	ck_assert_uint_eq(statement->open, 2);
	statement_free(statement);
	done();
}
END_TEST

START_TEST(no_epoch_yet)
{
	static const uint32_t one[] = {1};
	struct statement_query query = {.to_s = UINT64_MAX, .subject = BYTES_LITERAL("cpr:0101700001")};
	struct fault fault = {.text = ""};
	size_t later;
	struct text text = {.room = NULL};
	fixture_make(&f);
	next_sequence = 0;
	append(one, 1);
	fixture_close(&f);
	look();
	ck_error(statement_make(snapshot, &query, &text, &later, &fault), E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fault.text, "no epoch yet"));
	done();
}
END_TEST

UNIT_MAIN("statement_make", a_whole_history_verifies, nobody_looked_verifies, every_window_verifies,
	signatures_are_shown, withheld_events_open_by_themselves, no_epoch_yet)
