/* What each role may ask about whom, as far as one process shows it; over HTTP: tests/e2e/roles.py. */
#include "ledger/db/db.h"
#include "ledger/db/db_put.h"
#include "query/answer/coverage.h"
#include "query/answer/verify.h"
#include "query/routes/routes.h"
#include "tests/lib/fixture.h"

static struct fixture f;
static struct routes routes;
static struct demo_issuer issuer = {.name = "indsigt-demo/log.example", .key = {{5}}};
static struct issuers issuers = {.demo = &issuer};
static struct archive *archive;

#define OURS "cvr:55133018"
#define OTHER "cvr:29190925"
#define PERSON "cpr:0101701234"
#define FRONT "{\"subject\":\"" PERSON "\",\"time\":\"2026-11-20T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\","
#define BEHIND                                                                                                      \
	",\"system\":\"KSD\",\"activity\":\"Opslag\",\"purpose\":\"sag\",\"actor\":{\"kind\":\"human\",\"id\":\"u:1\"," \
	"\"role\":\"sagsbehandler\"}"
#define BY_OWN FRONT "\"org\":{\"id\":\"" OURS "\",\"name\":\"Aarhus\"}" BEHIND
#define BY_OTHER FRONT "\"org\":{\"id\":\"" OTHER "\",\"name\":\"Region\"}" BEHIND
#define WITHHELD ",\"withheld_until\":\"2100-01-01T00:00:00Z\",\"withheld_basis\":\"RPL 729\"}"

/* One event of each organisation, and one of each that is withheld: sender 1 is Aarhus', sender 2 the region's. */
static void begin(void)
{
	const char *own[] = {BY_OWN "}", BY_OWN WITHHELD}, *other[] = {BY_OTHER "}", BY_OTHER WITHHELD};
	fixture_make(&f);
	f.policy.flags |= POLICY_WITHHOLD;
	fixture_register(&f, 2, OURS, "KSD");
	fixture_append(&f, fixture_batch_of_json(&f, 0, own, 2));
	fixture_register(&f, 3, OTHER, "EPJ");
	fixture_append(&f, fixture_batch_of_json(&f, 0, other, 2));
	f.mandate.rights = RIGHT_READS;
	fixture_register(&f, 4, "cvr:34051178", "Indsigt");
	f.mandate.rights = 0;
	f.policy.flags = 0;
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	routes = (struct routes){
		.archive = archive, .issuers = &issuers, .cursor_key = {{6}}, .silent_after_s = COVERAGE_SILENT_S_DEFAULT};
}

static void end(void)
{
	archive_close(archive);
	fixture_remove(&f);
}

struct asked {
	enum role role;
	const char *id, *organisation;
	const char *path, *query, *subject;
};

#define AS(asker, number, ...) (&(struct asked){.role = asker, .id = number __VA_OPT__(, ) __VA_ARGS__})

static struct response ask(const struct asked *asked)
{
	struct identity who = {.role = asked->role, .expires_s = f.now_s + 100};
	char token[TOKEN_TEXT_MAX + 1], header[TOKEN_TEXT_MAX + 16];
	struct response response;
	strcpy(who.id, asked->id);
	strcpy(who.organisation, asked->organisation ? asked->organisation : "");
	ck_ok(demo_issue(&issuer, &who, f.now_s, token));
	snprintf(header, sizeof header, "Bearer %s", token);
	const struct request request = {.method = "GET",
		.path = asked->path ? asked->path : "/v1/accesses",
		.query = asked->query,
		.authorization = header,
		.subject = asked->subject,
		.case_reference = "2026-17",
		.local = true};
	routes_answer(&routes, &request, f.now_s, &response);
	return response;
}

/* The page, verified: it shows so many open and withheld events. A new reference. */
static json_t *page_of(const struct asked *asked, uint64_t open, uint64_t withheld)
{
	struct verified verified;
	struct fault fault = {.text = ""};
	struct response response = ask(asked);
	ck_assert_msg(response.status == 200, "%s", response.body);
	ck_assert_int_eq(response.report != NULL, asked->role != ROLE_SUBJECT); /* ROLE-7 */
	json_t *page = json_loadb(response.body, response.body_len, 0, NULL);
	enum error error = verify_page(page, bytes_text(PERSON), UINT64_MAX, f.now_s, &f.vkey, &verified, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_assert_uint_eq(verified.open, open);
	ck_assert_uint_eq(verified.withheld, withheld);
	response_release(&response);
	return page;
}

static void check_refused(const struct asked *asked, int status, const char *says)
{
	struct response response = ask(asked);
	ck_assert_int_eq(response.status, status);
	ck_assert_msg(strstr(response.body, says) != NULL, "%s", response.body);
	ck_assert_ptr_null(strstr(response.body, "01017"));
	response_release(&response);
}

/* ROLE-5 */
START_TEST(an_authority_sees_its_own)
{
	begin();
	json_t *page = page_of(AS(ROLE_AUTHORITY, "oid:1.2.3:anna", .organisation = OURS, .subject = PERSON), 1, 1);
	const json_t *item = json_array_get(json_object_get(page, "accesses"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(item, "org"), "id")), OURS);
	ck_assert_ptr_null(json_object_get(json_object_get(item, "actor"), "id"));
	json_decref(page);
	json_decref(page_of(AS(ROLE_AUTHORITY, "oid:1.2.3:anna", .organisation = "cvr:1", .subject = PERSON), 0, 0));
	json_decref(page_of(AS(ROLE_SUBJECT, PERSON, .query = "org=cvr%3A1"), 0, 2));
	json_decref(page_of(AS(ROLE_SUBJECT, PERSON), 2, 2));
	check_refused(AS(ROLE_AUTHORITY, "oid:1.2.3:anna", .organisation = OURS), 400, "must say whom");
	check_refused(AS(ROLE_AUTHORITY, "oid:1.2.3:anna", .organisation = OURS, .query = "org=cvr%3A1", .subject = PERSON),
		400, "not known");
	check_refused(
		AS(ROLE_AUTHORITY, "oid:1.2.3:anna", .organisation = OURS, .subject = "grants:" PERSON), 403, "grants");
	end();
}
END_TEST

/* ROLE-6 */
START_TEST(a_supervisor_opens_what_is_kept_back)
{
	begin();
	json_decref(page_of(AS(ROLE_SUPERVISOR, "oid:1.2.3:otto", .subject = PERSON), 2, 2));
	json_t *page = page_of(AS(ROLE_SUPERVISOR, "oid:1.2.3:otto", .subject = PERSON, .query = "whole=1"), 4, 0);
	const json_t *item = json_array_get(json_object_get(page, "accesses"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(item, "actor"), "id")), "u:1");
	ck_assert_ptr_nonnull(json_object_get(item, "withheld_until"));
	json_decref(page);
	check_refused(AS(ROLE_SUPERVISOR, "oid:1.2.3:otto", .subject = PERSON, .query = "whole=0"), 400, "'whole'");
	check_refused(AS(ROLE_SUBJECT, PERSON, .query = "whole=1"), 400, "not known");
	end();
}
END_TEST

/* ROLE-2, ROLE-3 */
START_TEST(whom_it_is_about_stands_in_a_header)
{
	struct response own, named;
	begin();
	own = ask(AS(ROLE_SUBJECT, PERSON, .query = "limit=1"));
	named = ask(AS(ROLE_SUBJECT, PERSON, .query = "limit=1", .subject = PERSON));
	ck_assert_int_eq(own.status, 200);
	ck_assert_int_eq(named.status, 200);
	response_release(&own);
	response_release(&named);
	own = ask(AS(ROLE_SUBJECT, PERSON, .subject = "grants:" PERSON));
	ck_assert_int_eq(own.status, 200);
	response_release(&own);
	check_refused(AS(ROLE_SUBJECT, PERSON, .subject = "cpr:0101705678"), 403, "nobody else");
	check_refused(AS(ROLE_SUBJECT, PERSON, .subject = "grants:cpr:0101705678"), 403, "nobody else");
	check_refused(AS(ROLE_SUBJECT, "grants:" PERSON), 403, "nobody else");
	check_refused(AS(ROLE_SUBJECT, PERSON, .subject = "cpr:010170-1234"), 400, "canonical");
	check_refused(AS(ROLE_SUBJECT, PERSON, .subject = ""), 400, "canonical");
	check_refused(AS(ROLE_PROXY, PERSON, .subject = "grants:cpr:0101705678"), 403, "grants");
	check_refused(AS(ROLE_AUDITOR, "oid:1.2.3:otto", .path = "/v1/labels", .subject = PERSON), 400, "nobody alone");
	end();
}
END_TEST

/* ROLE-4: who has no grant is told so in the same bytes, whoever the person is. */
START_TEST(without_a_grant_nothing_is_told)
{
	begin();
	struct response known = ask(AS(ROLE_PROXY, "cpr:0202702345", .subject = PERSON));
	struct response unknown = ask(AS(ROLE_PROXY, "cpr:0202702345", .subject = "cpr:0101705678"));
	ck_assert_int_eq(known.status, 403);
	ck_assert_int_eq(unknown.status, 403);
	ck_assert_str_eq(known.body, unknown.body);
	ck_assert(known.timed && unknown.timed); /* tests/query/server/test_http_server.c */
	response_release(&known);
	response_release(&unknown);
	end();
}
END_TEST

/* ---- grants ---- */

#define CHILD PERSON
#define PARENT "cpr:0202702345"
#define GIVEN_S 1794996800 /* 2026-11-18T10:13:20Z */

static uint64_t grants_sequence;

static void begin_grants(void)
{
	begin();
	f.mandate.rights = RIGHT_GRANTS;
	fixture_register(&f, 5, "cvr:34051178", "Fuldmagtsregisteret");
	grants_sequence = 0;
	f.sender = 5;
}

/* "grant" has these members, with `number` for a "%u" in them. */
static void grant_event(const char *members, unsigned number, char event[1024])
{
	char filled[256];
	snprintf(filled, sizeof filled, members, number);
	snprintf(event, 1024,
		"{\"subject\":\"grants:" CHILD "\",\"time\":\"2026-11-18T10:13:20Z\",\"action\":\"create\",\"outcome\":\"ok\","
		"\"org\":{\"id\":\"cvr:34051178\",\"name\":\"R\"},\"system\":\"R\",\"activity\":\"A\",\"purpose\":\"p\","
		"\"actor\":{"
		"\"kind\":\"system\",\"role\":\"register\"},\"grant\":{%s}}",
		filled);
}

/* Filed, or not yet. */
static void grant(const char *members, bool filed)
{
	char event[1024];
	const char *events[] = {event};
	grant_event(members, 0, event);
	fixture_append(&f, fixture_batch_of_json(&f, grants_sequence++, events, 1));
	if (filed)
		fixture_epoch(&f);
}

/* What erasing a month does to its key: the newest month's. */
static void destroy_newest_period(void)
{
	static const char *const tables[] = {"key", "subject", "period", "meta"};
	enum { PERIODS = 2 };
	char path[128];
	struct db_env *env = NULL;
	struct db_txn txn;
	struct db_walk walk;
	archive_close(archive);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/keys/env", f.dir);
	ck_ok(db_open(path, tables, 4, KEYS_MAP_BYTES, false, false, &env, NULL));
	ck_ok(db_begin(env, true, &txn));
	ck_ok(db_walk_begin(&txn, PERIODS, &walk));
	ck_ok(db_walk_last(&walk));
	db_delete(&txn, PERIODS, walk.key);
	db_walk_end(&walk);
	ck_ok(db_commit(&txn));
	db_close(env);
	fixture_open(&f);
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	routes.archive = archive;
}

#define TO(id, to) "\"id\":\"" id "\",\"kind\":\"parental\",\"to\":\"" to "\""

static int status_at(const char *who, uint64_t now_s)
{
	uint64_t now = f.now_s;
	f.now_s = now_s;
	struct response response = ask(AS(ROLE_PROXY, who, .subject = CHILD));
	f.now_s = now;
	int status = response.status;
	if (status == 200)
		ck_assert_ptr_nonnull(strstr(response.report, "\"consent\""));
	response_release(&response);
	return status;
}

/* ROLE-4: in the tail and filed, from its time until its end. */
START_TEST(a_grant_lasts_until_its_end)
{
	begin_grants();
	ck_assert_int_eq(status_at(PARENT, GIVEN_S), 403);
	grant(TO("1", PARENT) ",\"until\":\"2026-11-19T10:13:20Z\"", false);
	for (int filed = 0; filed < 2; filed++) {
		ck_assert_int_eq(status_at(PARENT, GIVEN_S - 1), 403);
		ck_assert_int_eq(status_at(PARENT, GIVEN_S), 200);
		ck_assert_int_eq(status_at(PARENT, GIVEN_S + 86399), 200);
		ck_assert_int_eq(status_at(PARENT, GIVEN_S + 86400), 403);
		ck_assert_int_eq(status_at("cpr:0303703456", GIVEN_S), 403);
		fixture_epoch(&f);
	}
	end();
}
END_TEST

/* ROLE-4: revoked is revoked, by whatever is said of that grant later; another grant is another one. */
START_TEST(a_revoked_grant_stays_revoked)
{
	begin_grants();
	grant(TO("1", PARENT), true);
	grant(TO("2", PARENT), false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 200);
	grant(TO("1", PARENT) ",\"revoked\":true", true);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 200); /* by the other */
	grant(TO("2", PARENT) ",\"revoked\":true", false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 403);
	grant(TO("1", PARENT), false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 403);
	grant(TO("3", PARENT), false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 200);
	grant(TO("3", "cpr:0303703456"), false); /* the newest word counts */
	ck_assert_int_eq(status_at(PARENT, f.now_s), 403);
	ck_assert_int_eq(status_at("cpr:0303703456", f.now_s), 200);
	end();
}
END_TEST

/* ROLE-4: what is erased may have been a revocation, and takes nothing back of those that are there. */
START_TEST(erasing_gives_nothing)
{
	begin_grants();
	grant(TO("1", PARENT) ",\"revoked\":true", false);
	grant(TO("2", PARENT), true);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 200);
	f.now_s += 40 * 86400; /* each month has a key of its own */
	grant(TO("3", PARENT), true);
	destroy_newest_period();
	ck_assert_int_eq(status_at(PARENT, f.now_s), 403);
	f.now_s += 40 * 86400;
	grant(TO("1", PARENT), false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 403);
	grant(TO("4", PARENT), false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 200);
	end();
}
END_TEST

/* One batch of as many. */
static void grants(const char *members, unsigned count)
{
	char(*texts)[1024] = malloc(count * sizeof *texts);
	const char **events = malloc(count * sizeof *events);
	for (unsigned i = 0; i < count; i++) {
		grant_event(members, i, texts[i]);
		events[i] = texts[i];
	}
	fixture_append(&f, fixture_batch_of_json(&f, grants_sequence, events, count));
	grants_sequence += count;
	free(events);
	free(texts);
}

/* ROLE-4: however much is said of however many grants, those that were given are in force, and what was revoked long
 * ago is not. */
START_TEST(a_long_list_is_as_good_as_a_short_one)
{
	begin_grants();
	grant(TO("old", PARENT), false);
	grant(TO("old", PARENT) ",\"revoked\":true", false);
	grant(TO("kept", "cpr:0303703456"), true);
	grants(TO("g-%u", "cpr:0404704567"), 2000);
	grants(TO("old", PARENT), 1100);
	for (int filed = 0; filed < 2; filed++) {
		ck_assert_int_eq(status_at(PARENT, f.now_s), 403);
		ck_assert_int_eq(status_at("cpr:0303703456", f.now_s), 200);
		ck_assert_int_eq(status_at("cpr:0404704567", f.now_s), 200);
		ck_assert_int_eq(status_at("cpr:0505705678", f.now_s), 403);
		fixture_epoch(&f);
	}
	grants(TO("g-%u", "cpr:0404704567") ",\"revoked\":true", 2000);
	ck_assert_int_eq(status_at("cpr:0404704567", f.now_s), 403);
	ck_assert_int_eq(status_at("cpr:0303703456", f.now_s), 200);
	end();
}
END_TEST

/* ROLE-4: of a sender that was trusted with it once. */
START_TEST(a_grant_needs_a_sender_that_may_still_give_it)
{
	begin_grants();
	grant(TO("1", PARENT), false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 200);
	fixture_revoke(&f, 5, false);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 200); /* it stands, who gave it reports no more */
	end();
	begin_grants();
	grant(TO("1", PARENT), false);
	fixture_revoke(&f, 5, true);
	ck_assert_int_eq(status_at(PARENT, f.now_s), 403);
	end();
}
END_TEST

/* ROLE-7: what an event about a read says, and that the person's own reads need none. */
START_TEST(reads_are_on_record)
{
	begin_grants();
	grant(TO("g-1", PARENT), false);
	const struct {
		const struct asked *asked;
		const char *says[4];
	} cases[] = {
		{AS(ROLE_PROXY, PARENT, .subject = CHILD), {"\"subject\":\"" CHILD "\"", "\"recipient\":\"" PARENT "\"",
													   "\"consent\":\"g-1\"", "\"role\":\"repræsentant\""}},
		{AS(ROLE_AUTHORITY, "oid:1.2.3:anna", .organisation = OURS, .subject = CHILD),
			{"\"subject\":\"" CHILD "\"", "oid:1.2.3:anna", "\"recipient\":\"" OURS "\"", "\"action\":\"read\""}},
		{AS(ROLE_SUPERVISOR, "oid:1.2.3:otto", .subject = "grants:" CHILD),
			{"\"subject\":\"" CHILD "\"", "\"reason\":\"sag 2026-17\"", "fuldmagter", "\"purpose\":\"tilsyn\""}},
		{AS(ROLE_AUDITOR, "oid:1.2.3:rita", .path = "/v1/labels", .query = "from=0&to=2"),
			{"\"subjects\":0", "oid:1.2.3:rita", "\"action\":\"export\"", "\"org\":{\"id\":\"cvr:34051178\""}},
	};
	fixture_epoch(&f);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		static struct event event;
		char subject[SUBJECT_BYTES_MAX + 1];
		json_t *document = NULL;
		struct fault fault = {.text = ""};
		struct response response = ask(cases[i].asked);
		ck_assert_msg(response.status == 200, "%s", response.body);
		for (size_t j = 0; j < 4; j++)
			ck_assert_msg(strstr(response.report, cases[i].says[j]) != NULL, "%s", response.report);
		enum error error = event_parse_json(bytes_text(response.report), "", subject, &document, &event, &fault);
		ck_assert_msg(error == E_OK, "%s", fault.text);
		const char *events[] = {response.report}; /* as the sender of reads reports it */
		f.sender = 4;
		fixture_append(&f, fixture_batch_of_json(&f, i, events, 1));
		json_decref(document);
		response_release(&response);
	}
	end();
}
END_TEST

/* ROLE-8 */
START_TEST(without_a_sender_of_reads_only_ones_own_is_answered)
{
	begin();
	fixture_revoke(&f, 4, false);
	check_refused(AS(ROLE_SUPERVISOR, "oid:1.2.3:otto", .subject = PERSON), 503, "unrecorded");
	json_decref(page_of(AS(ROLE_SUBJECT, PERSON), 2, 2));
	end();
}
END_TEST

UNIT_MAIN("roles", an_authority_sees_its_own, a_supervisor_opens_what_is_kept_back, whom_it_is_about_stands_in_a_header,
	without_a_grant_nothing_is_told, a_grant_lasts_until_its_end, a_revoked_grant_stays_revoked, erasing_gives_nothing,
	a_long_list_is_as_good_as_a_short_one, a_grant_needs_a_sender_that_may_still_give_it, reads_are_on_record,
	without_a_sender_of_reads_only_ones_own_is_answered)
