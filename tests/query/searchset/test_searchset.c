/* What a search finds in a real ledger, as far as it takes one: erased events, organisations, and what is too much.
 * Over HTTP: tests/e2e/fhir_search.py. spec/fhir.md */
#include "ledger/db/db.h"
#include "ledger/db/db_put.h"
#include "query/searchset/searchset.h"
#include "tests/lib/fixture.h"

#define SUBJECT "cpr:0101701234"
#define OURS "cvr:55133018"
#define EVENT(org, time)                                                                                     \
	"{\"subject\":\"" SUBJECT "\",\"org\":{\"id\":\"" org "\",\"name\":\"Kommune\"},\"time\":\"" time "\","  \
	"\"action\":\"read\",\"outcome\":\"ok\",\"system\":\"KSD\",\"activity\":\"Opslag\",\"purpose\":\"sag\"," \
	"\"objects\":[\"sag:hemmelig\"],\"actor\":{\"kind\":\"human\",\"id\":\"uuid:hemmelig\",\"role\":"        \
	"\"sagsbehandler\"}}"
#define BATCH 200

static struct fixture f;
static struct archive *archive;
static struct search search;
static struct fault fault;
static const struct key page_key = {{7}};

static void begin(void)
{
	fixture_make(&f);
	ck_ok(archive_open(f.dir, true, &archive, NULL));
}

static void end(void)
{
	archive_close(archive);
	fixture_remove(&f);
}

static enum error ask(const char *asked, const char *org, json_t **out)
{
	struct snapshot *snapshot = NULL;
	OWNED(text_release) struct text text = {.room = NULL};
	ck_ok(search_parse(asked, NULL, false, f.now_s, &search, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	const struct searchset_query query = {.subject = BYTES_LITERAL(SUBJECT),
		.org = org != NULL ? bytes_text(org) : BYTES_EMPTY,
		.base = "http://a.example/fhir",
		.search = &search,
		.key = &page_key,
		.now_s = f.now_s};
	enum error error = searchset_write(snapshot, &query, &text, &fault);
	*out = error == E_OK ? json_loadb(text.data, text.len, 0, NULL) : NULL;
	snapshot_end(snapshot);
	return error;
}

static enum error ask_one(uint64_t index)
{
	struct snapshot *snapshot = NULL;
	OWNED(text_release) struct text text = {.room = NULL};
	ck_ok(search_parse(NULL, NULL, false, f.now_s, &search, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	const struct searchset_query query = {
		.subject = BYTES_LITERAL(SUBJECT), .base = "http://a.example/fhir", .search = &search, .now_s = f.now_s};
	enum error error = searchset_event(snapshot, &query, index, &text, &fault);
	snapshot_end(snapshot);
	return error;
}

/* The codes of what is said beside, with spaces between; how many match. */
static const char *said(json_t *bundle, uint64_t *matches)
{
	static char codes[4096];
	size_t i, k, len = 0;
	json_t *entry, *issue;
	*matches = 0;
	codes[0] = '\0';
	ck_assert_ptr_nonnull(bundle);
	json_array_foreach(json_object_get(bundle, "entry"), i, entry)
	{
		const json_t *resource = json_object_get(entry, "resource");
		*matches += json_object_get(resource, "issue") == NULL;
		json_array_foreach(json_object_get(resource, "issue"), k, issue) len += (size_t)snprintf(
			codes + len, sizeof codes - len, "%s%s", k ? " " : "", json_string_value(json_object_get(issue, "code")));
	}
	json_decref(bundle);
	return codes;
}

static void destroy_keys(void)
{
	static const char *const tables[] = {"key", "subject", "period", "meta"};
	struct db_env *env = NULL;
	struct db_txn txn;
	struct db_walk walk;
	char path[sizeof f.dir + 16];
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

/* FHQ-13, FHQ-14, FHQ-15 */
START_TEST(erased_events_are_said)
{
	const char *events[] = {EVENT(OURS, "2026-11-23T08:15:30Z"), EVENT("cvr:2", "2026-11-23T08:15:31Z")};
	json_t *bundle;
	uint64_t matches;
	begin();
	struct appended appended = fixture_append(&f, fixture_batch_of_json(&f, 0, events, 2));
	ck_ok(ask_one(appended.first_index));
	ck_ok(ask("", "cvr:2", &bundle));
	ck_assert_str_eq(said(bundle, &matches), "informational");
	ck_assert_uint_eq(matches, 1);
	archive_close(archive);
	fixture_close(&f);
	destroy_keys();
	fixture_open(&f);
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	ck_ok(ask("action=C", NULL, &bundle));
	ck_assert_str_eq(said(bundle, &matches), "informational deleted deleted");
	ck_assert_uint_eq(matches, 0);
	ck_ok(ask("_sort=date", NULL, &bundle));
	ck_assert_str_eq(said(bundle, &matches), "informational deleted deleted");
	ck_ok(ask("", "cvr:2", &bundle));
	ck_assert_str_eq(said(bundle, &matches), "informational");
	ck_error(ask_one(appended.first_index), E_ERASED);
	ck_error(ask_one(appended.first_index + 100), E_NOT_FOUND);
	end();
}
END_TEST

/* FHQ-11 */
START_TEST(what_is_too_much_is_refused)
{
	const char *events[BATCH];
	json_t *bundle;
	uint64_t matches;
	begin();
	for (size_t i = 0; i < BATCH; i++)
		events[i] = EVENT(OURS, "2026-11-23T08:15:30Z");
	for (uint64_t done = 0; done < SEARCHSET_SCAN_MAX; done += BATCH)
		fixture_append(&f, fixture_batch_of_json(&f, done, events, BATCH));
	ck_ok(ask("_sort=date&_count=3", NULL, &bundle));
	ck_assert_int_eq(json_integer_value(json_object_get(bundle, "total")), SEARCHSET_SCAN_MAX);
	said(bundle, &matches);
	ck_assert_uint_eq(matches, 3);
	fixture_append(&f, fixture_batch_of_json(&f, SEARCHSET_SCAN_MAX, events, 1));
	ck_error(ask("_sort=date", NULL, &bundle), E_TOO_LONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "_lastUpdated"));
	ck_error(ask("_summary=count", NULL, &bundle), E_TOO_LONG);
	ck_ok(ask("_sort=date&_lastUpdated=lt1980", NULL, &bundle));
	said(bundle, &matches);
	ck_ok(ask("action=C", NULL, &bundle)); /* an empty page, and another one */
	ck_assert_ptr_null(json_object_get(bundle, "total"));
	ck_assert_uint_eq(json_array_size(json_object_get(bundle, "link")), 2);
	said(bundle, &matches);
	ck_assert_uint_eq(matches, 0);
	ck_ok(ask("_count=999", NULL, &bundle));
	said(bundle, &matches);
	ck_assert_uint_eq(matches, SEARCH_COUNT_MAX);
	end();
}
END_TEST

UNIT_MAIN("searchset", erased_events_are_said, what_is_too_much_is_refused)
