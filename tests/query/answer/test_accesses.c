/* Answers from a real ledger: pages, windows, filters, withholding, and what a reader's check refuses. */
#include "ledger/db/db.h"
#include "ledger/db/db_put.h"
#include "ledger/text/timestamp.h"
#include "query/answer/accesses.h"
#include "query/answer/verify.h"
#include "tests/lib/answered.h"
#include "tests/lib/fixture.h"
#include "tests/lib/withholding.h"

#define SUBJECT "cpr:0101701234"
#define BASE                                                                                                    \
	"\"time\":\"2026-11-23T08:15:30Z\",\"action\":\"read\",\"outcome\":\"ok\",\"system\":\"KSD\",\"activity\":" \
	"\"Opslag\","                                                                                               \
	"\"purpose\":\"sagsbehandling\",\"objects\":[\"sag:hemmelig\"],"                                            \
	"\"actor\":{\"kind\":\"human\",\"id\":\"uuid:hemmelig\",\"name\":\"A. Hemmelig\",\"role\":\"sagsbehandler\"}"
#define EVENT(subject, org) "{\"subject\":\"" subject "\",\"org\":{\"id\":\"" org "\",\"name\":\"Kommune\"}," BASE "}"

static struct fixture f;
static struct archive *archive;
static uint64_t next_sequence;

static void begin(void)
{
	struct fault fault = {0};
	fixture_make(&f);
	next_sequence = 0;
	enum error error = archive_open(f.dir, true, &archive, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
}

static void end(void)
{
	archive_close(archive);
	fixture_remove(&f);
}

static struct appended append(const char *const *events, uint32_t count)
{
	struct appended appended = fixture_append(&f, fixture_batch_of_json(&f, next_sequence, events, count));
	next_sequence += count;
	return appended;
}

static struct accesses_query query_of(uint32_t limit)
{
	return (struct accesses_query){.subject = BYTES_LITERAL(SUBJECT),
		.to_s = UINT64_MAX,
		.limit = limit,
		.before = ACCESSES_FROM_START,
		.now_s = f.now_s};
}

static struct coverage_query coverage_asked(enum coverage_form form, uint64_t now_s)
{
	return (struct coverage_query){.form = form, .now_s = now_s, .silent_after_s = COVERAGE_SILENT_S_DEFAULT};
}

/* A new reference. */
static json_t *coverage_at(
	struct snapshot *snapshot, enum coverage_form form, uint64_t now_s, struct coverage_memory *memory)
{
	OWNED(cosigned_release) struct cosigned *cosigned = cosigned_look(archive, NULL);
	struct coverage_query query = coverage_asked(form, now_s);
	query.cosigned = cosigned;
	query.memory = memory;
	enum error error;
	json_t *coverage = coverage_read(snapshot, &query, &error);
	ck_ok(error);
	return coverage;
}

/* One page from a snapshot of its own, verified; moves the query on. A new reference. */
static json_t *page_of(struct accesses_query *query, struct verified *out)
{
	struct fault fault = {0};
	struct snapshot *snapshot = NULL;
	uint64_t before = query->before;
	OWNED(cosigned_release) struct cosigned *cosigned = cosigned_look(archive, NULL);
	struct coverage_query coverage = coverage_asked(COVERAGE_WHOLE, query->now_s);
	enum error error;
	coverage.cosigned = cosigned;
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	json_t *page = page_read(snapshot, query, &coverage, &query->before, &error, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	snapshot_end(snapshot);
	error = verify_page(page, query->subject, before, query->now_s, &f.vkey, out, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	return page;
}

static size_t count_of(const json_t *page)
{
	return json_array_size(json_object_get(page, "accesses"));
}

/* HTTP-14, HTTP-24: every event once, newest first, in whatever state the filing is and while events are appended. */
START_TEST(pages_show_every_event_once)
{
	uint64_t wanted[400];
	size_t wanted_count = 0;
	static const uint32_t sizes[] = {1, 7, 63, 1000};
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	const char *other = EVENT("cpr:0202802222", "cvr:1");
	for (uint32_t round = 0; round < 40; round++) {
		const char *events[] = {mine, other, mine, other, other};
		struct appended appended = append(events, 5);
		wanted[wanted_count++] = appended.first_index;
		wanted[wanted_count++] = appended.first_index + 2;
		if (round == 15 || round == 30)
			fixture_epoch(&f);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct accesses_query query = query_of(sizes[i]);
		size_t seen = 0;
		while (query.before > 0) {
			struct verified verified;
			json_t *page = page_of(&query, &verified);
			ck_assert_uint_le(count_of(page), sizes[i]);
			for (size_t k = 0; k < count_of(page); k++) {
				const json_t *item = json_array_get(json_object_get(page, "accesses"), k);
				ck_assert_uint_lt(seen, wanted_count);
				ck_assert_uint_eq(
					(uint64_t)json_integer_value(json_object_get(item, "index")), wanted[wanted_count - 1 - seen]);
				seen++;
			}
			json_decref(page);
			if (sizes[i] >= 7)
				append(&mine, 1);
		}
		ck_assert_uint_eq(seen, wanted_count);
		/* What came in between is on top the next time. */
		struct accesses_query again = query_of(1000);
		struct verified verified;
		json_t *page = page_of(&again, &verified);
		wanted_count = count_of(page);
		for (size_t k = 0; k < wanted_count; k++)
			wanted[wanted_count - 1 - k] = (uint64_t)json_integer_value(
				json_object_get(json_array_get(json_object_get(page, "accesses"), k), "index"));
		json_decref(page);
	}
	end();
}
END_TEST

/* HTTP-10, HTTP-14: the last page has no next, also when it is exactly full. */
START_TEST(a_full_last_page_has_no_next)
{
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	const char *events[] = {mine, mine, mine, mine};
	struct verified verified;
	append(events, 4);
	struct accesses_query query = query_of(4);
	json_t *page = page_of(&query, &verified);
	ck_assert_uint_eq(count_of(page), 4);
	ck_assert_uint_eq(query.before, 0);
	json_decref(page);
	query = query_of(3);
	page = page_of(&query, &verified);
	ck_assert_uint_eq(count_of(page), 3);
	ck_assert_uint_gt(query.before, 0);
	json_decref(page);

	struct accesses_query nobody = query_of(3);
	nobody.subject = BYTES_LITERAL("cpr:0303803333");
	page = page_of(&nobody, &verified);
	ck_assert_uint_eq(count_of(page), 0);
	ck_assert_uint_eq(nobody.before, 0);
	json_decref(page);

	static const uint32_t bad[] = {0, QUERY_PAGE_MAX + 1};
	struct snapshot *snapshot = NULL;
	struct fault fault = {0};
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	for (size_t i = 0; i < 2; i++) {
		uint64_t next = 0;
		enum error error;
		query = query_of(bad[i]);
		ck_assert_ptr_null(page_read(snapshot, &query, NULL, &next, &error, &fault));
		ck_error(error, E_BAD_VALUE);
		ck_assert_ptr_nonnull(strstr(fault.text, "1 to 1000"));
	}
	snapshot_end(snapshot);
	end();
}
END_TEST

/* HTTP-9: half-open, over ledger time. */
START_TEST(a_window_is_half_open)
{
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	uint64_t start = f.now_s + 10; /* behind the registration, however long that took */
	for (uint32_t i = 0; i < 10; i++) {
		f.now_s = start + 10 * i;
		append(&mine, 1);
		if (i == 4)
			fixture_epoch(&f);
	}
	static const struct {
		int from, to;
		size_t count;
	} cases[] = {{0, 1000, 10}, {0, 90, 9}, {0, 91, 10}, {10, 90, 8}, {11, 90, 7}, {9, 10, 0}, {10, 11, 1}, {91, 92, 0},
		{30, 60, 3}, {-50, 0, 0}, {-50, 1, 1}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct verified verified;
		struct accesses_query query = query_of(2);
		size_t seen = 0;
		query.from_s = (uint64_t)((int64_t)start + cases[i].from);
		query.to_s = (uint64_t)((int64_t)start + cases[i].to);
		while (query.before > 0) {
			json_t *page = page_of(&query, &verified);
			seen += count_of(page);
			json_decref(page);
		}
		ck_assert_msg(seen == cases[i].count, "case %zu: %zu", i, seen);
	}
	end();
}
END_TEST

/* HTTP-11: by the organisation in the event, over pages that are bounded. */
START_TEST(pages_by_organisation_are_bounded)
{
	begin();
	for (uint32_t round = 0; round < 30; round++) {
		const char *events[] = {EVENT(SUBJECT, "cvr:1"), EVENT(SUBJECT, "cvr:2"), EVENT(SUBJECT, "cvr:1")};
		append(events, 3);
	}
	struct accesses_query query = query_of(7);
	size_t seen = 0;
	query.org = BYTES_LITERAL("cvr:2");
	while (query.before > 0) {
		struct verified verified;
		json_t *page = page_of(&query, &verified);
		for (size_t k = 0; k < count_of(page); k++)
			ck_assert_str_eq(json_string_value(json_object_get(
								 json_object_get(json_array_get(json_object_get(page, "accesses"), k), "org"), "id")),
				"cvr:2");
		seen += count_of(page);
		json_decref(page);
	}
	ck_assert_uint_eq(seen, 30);
	query = query_of(7);
	query.org = BYTES_LITERAL("cvr:55133018"); /* the sender's, in whosever name it reports */
	struct verified verified;
	json_t *page = page_of(&query, &verified);
	ck_assert_uint_eq(count_of(page), 7);
	json_decref(page);
	query = query_of(7);
	query.org = BYTES_LITERAL("cvr:3");
	page = page_of(&query, &verified);
	ck_assert_uint_eq(count_of(page), 0);
	ck_assert_uint_eq(query.before, 0);
	json_decref(page);
	end();
}
END_TEST

/* Who reported an access stands beside it, also where the one before it came from somebody else, and is who a filter
 * finds. */
START_TEST(each_access_has_its_own_sender)
{
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	append(&mine, 1);
	fixture_withholding_sender(&f);
	next_sequence = 0;
	append(&mine, 1);
	struct verified verified;
	struct accesses_query query = query_of(10);
	json_t *page = page_of(&query, &verified);
	json_t *accesses = json_object_get(page, "accesses");
	const json_t *second = json_object_get(json_array_get(accesses, 0), "sender");
	const json_t *first = json_object_get(json_array_get(accesses, 1), "sender");
	ck_assert_int_eq(json_integer_value(json_object_get(second, "id")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(second, "name")), "Rigspolitiet");
	ck_assert_int_eq(json_integer_value(json_object_get(first, "id")), 1);
	ck_assert_str_eq(json_string_value(json_object_get(first, "org")), "cvr:55133018");
	ck_assert_str_ne(json_string_value(json_object_get(first, "name")), "Rigspolitiet");
	query = query_of(10);
	query.org = BYTES_LITERAL("cvr:55133018");
	json_t *filtered = page_of(&query, &verified);
	ck_assert_uint_eq(count_of(filtered), 1);
	ck_assert(json_equal(json_array_get(json_object_get(filtered, "accesses"), 0), json_array_get(accesses, 1)));
	json_decref(filtered);
	json_decref(page);
	end();
}
END_TEST

/* HTTP-16: what the policy keeps back is nowhere in an answer, not even encoded. */
START_TEST(what_is_restricted_stays)
{
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	struct appended appended = append(&mine, 1);
	struct accesses_query query = query_of(10);
	struct verified verified;
	struct snapshot *snapshot = NULL;
	struct opened opened;
	struct fault fault = {0};
	json_t *page = page_of(&query, &verified);
	char *text = json_dumps(page, 0);
	ck_assert_ptr_null(strstr(text, "emmelig"));
	ck_assert_ptr_nonnull(strstr(text, "sagsbehandler"));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	ck_ok(snapshot_open_record(snapshot, appended.first_index, &opened));
	ck_assert_uint_gt(opened.restricted.len, 0);
	ck_assert_ptr_nonnull(memmem(opened.restricted.data, opened.restricted.len, "emmelig", 7));
	snapshot_end(snapshot);
	free(text);
	json_decref(page);
	end();
}
END_TEST

/* HTTP-17, EVT-14: counted and dated, not shown, whatever the filter; open after the date. */
START_TEST(withheld_events_are_counted_and_dated)
{
	char event[1024];
	char until[TIMESTAMP_TEXT_MAX];
	begin();
	fixture_withholding_sender(&f);
	next_sequence = 0;
	timestamp_format_s(f.now_s + 1000, until);
	snprintf(event, sizeof event,
		"{\"subject\":\"" SUBJECT "\",\"org\":{\"id\":\"cvr:1\",\"name\":\"K\"},\"withheld_until\":\"%s\","
		"\"withheld_basis\":\"rpl-729\"," BASE "}",
		until);
	const char *events[] = {EVENT(SUBJECT, "cvr:1"), event};
	append(events, 2);
	struct accesses_query query = query_of(10);
	struct verified verified;
	query.org = BYTES_LITERAL("cvr:2");
	json_t *page = page_of(&query, &verified);
	ck_assert_uint_eq(verified.withheld, 1);
	ck_assert_uint_eq(verified.open, 0);
	json_decref(page);

	query = query_of(10);
	page = page_of(&query, &verified);
	ck_assert_uint_eq(verified.withheld, 1);
	ck_assert_uint_eq(verified.open, 1);
	const json_t *item = json_array_get(json_object_get(json_object_get(page, "withheld"), "events"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(item, "until")), until);
	ck_assert_str_eq(json_string_value(json_object_get(item, "basis")), "rpl-729");
	ck_assert_ptr_null(json_object_get(json_object_get(item, "proof"), "disclosed"));
	ck_assert_ptr_null(json_object_get(json_object_get(item, "proof"), "c_r"));
	ck_assert_uint_eq(json_object_size(item), 5);
	/* HTTP-23: shown as withheld after the date, it is refused, with a minute for the clocks. */
	struct fault fault = {0};
	ck_ok(verify_page(page, query.subject, UINT64_MAX, f.now_s + 1059, &f.vkey, &verified, &fault));
	ck_error(verify_page(page, query.subject, UINT64_MAX, f.now_s + 1060, &f.vkey, &verified, &fault), E_BAD_PROOF);
	json_decref(page);

	query = query_of(10);
	query.now_s = f.now_s + 1000;
	page = page_of(&query, &verified);
	ck_assert_uint_eq(verified.withheld, 0);
	ck_assert_uint_eq(verified.open, 2);
	json_decref(page);
	end();
}
END_TEST

/* What erasing does to keys: all of them gone. */
static void destroy_keys(void)
{
	static const char *const tables[] = {"key", "subject", "period", "meta"};
	char path[128];
	struct db_env *env = NULL;
	struct db_txn txn;
	struct db_walk walk;
	snprintf(path, sizeof path, "%s/keys/env", f.dir);
	ck_ok(db_open(path, tables, 4, KEYS_MAP_BYTES, false, false, &env, NULL));
	ck_ok(db_begin(env, true, &txn));
	ck_ok(db_walk_begin(&txn, 0, &walk));
	while (db_walk_last(&walk) == E_OK)
		db_delete(&txn, 0, walk.key);
	db_walk_end(&walk);
	ck_ok(db_commit(&txn));
	db_close(env);
}

static void lose_sender(uint32_t id)
{
	char path[128];
	uint8_t key[4];
	struct db_env *env = NULL;
	struct db_txn txn;
	snprintf(path, sizeof path, "%s/store", f.dir);
	put_u32(key, id);
	ck_ok(store_open(path, false, &env, NULL));
	ck_ok(db_begin(env, true, &txn));
	db_delete(&txn, STORE_SENDER, BYTES_ARRAY(key));
	ck_ok(db_commit(&txn));
	db_close(env);
}

/* HTTP-18, HTTP-19 */
START_TEST(erased_events_are_listed)
{
	const char *events[] = {EVENT(SUBJECT, "cvr:1"), EVENT(SUBJECT, "cvr:2")};
	char now[TIMESTAMP_TEXT_MAX];
	begin();
	append(events, 2);
	timestamp_format_s(ledger_time_s(f.ledger), now);
	archive_close(archive);
	fixture_close(&f);
	destroy_keys();
	fixture_open(&f);
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	struct accesses_query query = query_of(10);
	struct verified verified;
	json_t *page = page_of(&query, &verified);
	ck_assert_uint_eq(verified.erased, 2);
	ck_assert_uint_eq(verified.open, 0);
	ck_assert_str_eq(json_string_value(json_object_get(page, "complete_until")), now);
	const json_t *item = json_array_get(json_object_get(page, "accesses"), 1);
	ck_assert(json_is_true(json_object_get(item, "erased")));
	ck_assert_ptr_nonnull(json_object_get(item, "index"));
	ck_assert_ptr_nonnull(json_object_get(item, "ledger_time"));
	ck_assert_ptr_nonnull(json_object_get(item, "sender"));
	ck_assert_ptr_nonnull(json_object_get(item, "proof"));
	ck_assert_uint_eq(json_object_size(item), 5);
	json_decref(page);
	end();
}
END_TEST

/* Who reported an event decides whether an organisation sees it: where that cannot be looked up there is no page, and
 * none that is one short. (ROLE-5) */
START_TEST(a_sender_that_is_not_there_leaves_nothing_out)
{
	const char *mine = EVENT(SUBJECT, "cvr:1");
	struct snapshot *snapshot = NULL;
	struct fault fault = {0};
	uint64_t next;
	enum error error = E_OK;
	begin();
	append(&mine, 1);
	archive_close(archive);
	fixture_close(&f);
	lose_sender(f.sender);
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	struct accesses_query query = query_of(10);
	const struct coverage_query coverage = coverage_asked(COVERAGE_NAMED, query.now_s);
	query.org = BYTES_LITERAL("cvr:55133018");
	query.org_alone = true;
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	json_t *page = page_read(snapshot, &query, &coverage, &next, &error, &fault);
	ck_assert_ptr_null(page);
	ck_error(error, E_NOT_FOUND);
	snapshot_end(snapshot);
	end();
}
END_TEST

/* HTTP-15 */
START_TEST(coverage_says_who_reports)
{
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	append(&mine, 1);
	fixture_withholding_sender(&f);
	next_sequence = 0;
	static const struct {
		uint64_t later;
		bool silent;
	} cases[] = {{0, false}, {86400, false}, {86405, true}, {86400, false}, {864050, true}};
	struct coverage_memory memory = COVERAGE_MEMORY;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct snapshot *snapshot = NULL;
		struct fault fault = {0};
		ck_ok(snapshot_begin(archive, &snapshot, &fault));
		uint64_t now_s = snapshot_time_s(snapshot) + cases[i].later;
		json_t *json = coverage_at(snapshot, COVERAGE_WHOLE, now_s, &memory);
		snapshot_end(snapshot);
		const json_t *senders = json_object_get(json, "senders");
		ck_assert_uint_eq(json_array_size(senders), 2);
		const json_t *first = json_array_get(senders, 0);
		const json_t *second = json_array_get(senders, 1);
		ck_assert_int_eq(json_integer_value(json_object_get(first, "events")), 1);
		ck_assert_str_eq(json_string_value(json_object_get(first, "org")), "cvr:55133018");
		ck_assert_str_eq(json_string_value(json_object_get(first, "status")), "active");
		ck_assert(json_is_true(json_object_get(first, "endorsed")));
		ck_assert_int_eq(json_integer_value(json_object_get(first, "filing_checked")), 0);
		ck_assert_int_eq(json_integer_value(json_object_get(first, "filing_unchecked")), 1);
		ck_assert_str_eq(json_string_value(json_object_get(first, "filing_unchecked_since")),
			json_string_value(json_object_get(first, "last_received")));
		ck_assert(json_is_null(json_object_get(second, "filing_unchecked_since")));
		ck_assert_int_eq(json_is_true(json_object_get(first, "silent")), cases[i].silent);
		ck_assert(json_is_null(json_object_get(second, "last_received")));
		ck_assert_str_eq(json_string_value(json_object_get(second, "name")), "Rigspolitiet");
		ck_assert_uint_eq(json_array_size(json_object_get(second, "policy")), 4); /* ... and whom it reports for */
		ck_assert_str_eq(json_string_value(json_array_get(json_object_get(second, "policy"), 0)), "withhold");
		json_decref(json);
	}
	coverage_memory_release(&memory);
	end();
}
END_TEST

static size_t page_bytes(const struct accesses_query *query, enum coverage_form form, struct coverage_memory *memory)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(cosigned_release) struct cosigned *cosigned = cosigned_look(archive, NULL);
	OWNED(text_release) struct text text = {.room = NULL};
	struct coverage_query coverage = coverage_asked(form, query->now_s);
	struct fault fault = {0};
	uint64_t next;
	coverage.cosigned = cosigned;
	coverage.memory = memory;
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	ck_ok(accesses_page(snapshot, query, &coverage, &text, &next, &fault));
	return text.len;
}

/* HTTP-36: the hash is of who reports, and the counts are those of the list; an answer in short does not grow with it.
 */
START_TEST(an_answer_does_not_grow_with_the_senders)
{
	struct coverage_memory memory = COVERAGE_MEMORY;
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	append(&mine, 1);
	struct accesses_query query = query_of(10);
	size_t few = page_bytes(&query, COVERAGE_COUNTED, &memory);
	size_t few_whole = page_bytes(&query, COVERAGE_WHOLE, &memory);
	for (uint32_t id = 2; id <= 200; id++)
		fixture_register(&f, id, "cvr:55133018", "Aarhus Kommune");
	ck_assert_uint_gt(page_bytes(&query, COVERAGE_WHOLE, &memory), few_whole + 199 * 200);
	size_t proof = 8 * 47; /* of a log that is longer */
	ck_assert_uint_le(page_bytes(&query, COVERAGE_COUNTED, &memory), few + proof + 20);

	struct snapshot *snapshot = NULL;
	struct fault fault = {0};
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	uint64_t later_s = snapshot_time_s(snapshot) + 2 * COVERAGE_SILENT_S_DEFAULT;
	json_auto_t *whole = coverage_at(snapshot, COVERAGE_WHOLE, f.now_s, &memory);
	json_auto_t *counted = coverage_at(snapshot, COVERAGE_COUNTED, f.now_s, &memory);
	json_auto_t *named = coverage_at(snapshot, COVERAGE_NAMED, f.now_s, &memory);
	json_auto_t *silent = coverage_at(snapshot, COVERAGE_COUNTED, later_s, &memory);
	ck_assert_uint_eq(json_array_size(json_object_get(whole, "senders")), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(counted, "counts"), "senders")), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(counted, "counts"), "silent")), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(silent, "counts"), "silent")), 200);
	ck_assert(json_equal(json_object_get(whole, "hash"), json_object_get(counted, "hash")));
	ck_assert(json_equal(json_object_get(whole, "hash"), json_object_get(named, "hash")));
	ck_assert(!json_equal(json_object_get(silent, "hash"), json_object_get(named, "hash")));
	ck_assert_ptr_null(json_object_get(counted, "senders"));
	json_object_del(whole, "senders");
	json_object_del(counted, "whole");
	ck_assert(json_equal(whole, counted));
	snapshot_end(snapshot);
	coverage_memory_release(&memory);
	end();
}
END_TEST

/* What is remembered of it is what would be computed: whoever the clock makes silent, or not yet, and after a commit.
 */
START_TEST(remembered_coverage_is_the_same)
{
	static const int steps[] = {1, 1, 1, 1, -1, -1, -1, -1, 90000, 1, -90002};
	struct coverage_memory memory = COVERAGE_MEMORY;
	uint64_t later = 86398;
	begin();
	const char *mine = EVENT(SUBJECT, "cvr:1");
	append(&mine, 1);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
			OWNED(snapshot_release) struct snapshot *snapshot = NULL;
			struct fault fault = {0};
			enum coverage_form form = (enum coverage_form)((i + (size_t)round) % 3);
			ck_ok(snapshot_begin(archive, &snapshot, &fault));
			later += (uint64_t)steps[i];
			uint64_t now_s = snapshot_time_s(snapshot) + later;
			json_auto_t *remembered = coverage_at(snapshot, form, now_s, &memory);
			json_auto_t *computed = coverage_at(snapshot, form, now_s, NULL);
			ck_assert(json_equal(remembered, computed));
		}
		later = 86398;
		append(&mine, 1);
	}
	coverage_memory_release(&memory);
	end();
}
END_TEST

/* ---- what the reader's check refuses ---- */

static json_t *item_of(json_t *page)
{
	return json_array_get(json_object_get(page, "accesses"), 0);
}

static void spoil(json_t *object, const char *name, const char *value)
{
	ck_assert_ptr_nonnull(json_object_get(object, name));
	ck_assert_int_eq(json_object_set_new(object, name, json_string(value)), 0);
}

/* Changes one base64 member in its first byte. */
static void flip(json_t *object, const char *name)
{
	char *text = strdup(json_string_value(json_object_get(object, name)));
	text[0] = text[0] == 'A' ? 'B' : 'A';
	spoil(object, name, text);
	free(text);
}

static void change_proof(json_t *proof, int which)
{
	switch (which) {
	case 6:
		json_object_set_new(proof, "index", json_integer(7));
		break;
	case 7:
		flip(proof, "disclosed");
		break;
	case 8:
		flip(proof, "c_r");
		break;
	case 9:
		json_object_del(proof, "c_r");
		break;
	case 10:
		flip(proof, "entry");
		break;
	case 11:
		flip(proof, "header");
		break;
	case 12:
		json_array_remove(json_object_get(proof, "inclusion"), 0);
		break;
	case 13:
		json_object_set_new(proof, "inclusion", json_array());
		break;
	default:
		json_object_set_new(proof, "size", json_integer(5));
		break;
	}
}

static void change(json_t *page, int which)
{
	json_t *item = item_of(page);
	if (which >= 6 && which <= 14) {
		change_proof(json_object_get(item, "proof"), which);
		return;
	}
	switch (which) {
	case 0:
		spoil(item, "activity", "Noget andet");
		break;
	case 1:
		json_object_del(item, "purpose");
		break;
	case 2:
		json_object_set_new(item, "reason", json_string("added"));
		break;
	case 3:
		spoil(item, "ledger_time", "2020-01-01T00:00:00Z");
		break;
	case 4:
		json_object_set_new(json_object_get(item, "sender"), "id", json_integer(7));
		break;
	case 5:
		json_object_set_new(item, "index", json_integer(7));
		break;
	case 15:
		json_object_del(item, "proof");
		break;
	case 16:
		spoil(page, "subject", "cpr:0202802222");
		break;
	case 17:
		json_array_append(json_object_get(page, "accesses"), item);
		break;
	case 18:
		json_object_set_new(json_object_get(page, "withheld"), "count", json_integer(1));
		break;
	case 19: /* passed off as withheld */
		json_object_set_new(item, "until", json_string("2099-01-01T00:00:00Z"));
		json_object_set_new(item, "basis", json_string(""));
		json_array_append(json_object_get(json_object_get(page, "withheld"), "events"), item);
		json_object_set_new(json_object_get(page, "withheld"), "count", json_integer(1));
		break;
	case 20: /* passed off as erased */
		json_object_set_new(item, "erased", json_true());
		break;
	default:
		spoil(page, "checkpoint", "log.example.dk/test\n3\nAAAA\n\n");
		break;
	}
}

/* HTTP-20, HTTP-21, HTTP-22, HTTP-23, HTTP-24 */
START_TEST(the_reader_refuses_false_pages)
{
	begin();
	const char *events[] = {EVENT(SUBJECT, "cvr:1"), EVENT("cpr:0202802222", "cvr:1"), EVENT(SUBJECT, "cvr:1")};
	append(events, 3);
	struct accesses_query query = query_of(10);
	struct verified verified;
	json_t *page = page_of(&query, &verified);
	ck_assert(verified.signature);
	for (int which = 0; which <= 21; which++) {
		struct fault fault = {0};
		json_t *spoilt = json_deep_copy(page);
		change(spoilt, which);
		enum error error = verify_page(spoilt, BYTES_LITERAL(SUBJECT), UINT64_MAX, f.now_s, &f.vkey, &verified, &fault);
		ck_assert_msg(error != E_OK, "change %d was taken", which);
		ck_assert_msg(fault.text[0] != '\0', "change %d: no reason", which);
		json_decref(spoilt);
	}
	/* Another log's key; and without a key the same page, said to be unsigned. */
	struct vkey other = f.vkey;
	struct fault fault = {0};
	other.public_key[0] ^= 1;
	ck_assert(verify_page(page, BYTES_LITERAL(SUBJECT), UINT64_MAX, f.now_s, &other, &verified, &fault) != E_OK);
	ck_ok(verify_page(page, BYTES_LITERAL(SUBJECT), UINT64_MAX, f.now_s, NULL, &verified, &fault));
	ck_assert(!verified.signature);
	/* A page that does not lie below the one before it. */
	ck_assert(verify_page(page, BYTES_LITERAL(SUBJECT), 3, f.now_s, NULL, &verified, &fault) != E_OK);
	json_decref(page);
	end();
}
END_TEST

UNIT_MAIN("accesses", erased_events_are_listed, a_sender_that_is_not_there_leaves_nothing_out,
	pages_show_every_event_once, a_full_last_page_has_no_next, a_window_is_half_open, pages_by_organisation_are_bounded,
	each_access_has_its_own_sender, what_is_restricted_stays, withheld_events_are_counted_and_dated,
	coverage_says_who_reports, an_answer_does_not_grow_with_the_senders, remembered_coverage_is_the_same,
	the_reader_refuses_false_pages)
