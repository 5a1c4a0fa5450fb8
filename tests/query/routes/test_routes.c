/* Requests in a table, and what comes back. */
#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/db/db_put.h"
#include "ledger/entry/sender_request.h"
#include "ledger/proof/filing_proof.h"
#include "ledger/read/status.h"
#include "ledger/statement/statement.h"
#include "ledger/store/store.h"
#include "query/answer/coverage.h"
#include "query/routes/routes.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

static struct fixture f;
static struct routes routes;
static struct demo_issuer issuer = {.name = "indsigt-demo/log.example", .key = {{5}}};
static const struct issuers issuers = {.demo = &issuer};
static struct archive *archive;

static void begin(void)
{
	uint32_t subjects[5] = {1234, 1234, 1234, 9, 1234};
	struct fault fault = {0};
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 5, 0));
	ck_ok(archive_open(f.dir, true, &archive, &fault));
	routes = (struct routes){
		.archive = archive, .issuers = &issuers, .cursor_key = {{6}}, .silent_after_s = COVERAGE_SILENT_S_DEFAULT};
}

static void end(void)
{
	archive_close(archive);
	fixture_remove(&f);
}

/* "Bearer ..." for a role; borrowed until the next call. */
static const char *bearer(enum role role)
{
	static char header[TOKEN_TEXT_MAX + 16];
	char text[TOKEN_TEXT_MAX + 1];
	struct identity identity = {.role = role, .expires_s = f.now_s + 100};
	strcpy(identity.id, fixture_subject(1234));
	ck_ok(demo_issue(&issuer, &identity, f.now_s, text));
	snprintf(header, sizeof header, "Bearer %s", text);
	return header;
}

static const char *header_of(const struct response *response, const char *name)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (strcmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	return "";
}

static struct response ask(const char *method, const char *path, const char *query, const char *authorization)
{
	struct response response;
	struct request request = {
		.method = method, .path = path, .query = query, .authorization = authorization, .local = true};
	routes_answer(&routes, &request, f.now_s, &response);
	/* HTTP-5 */
	ck_assert_str_eq(header_of(&response, "X-Content-Type-Options"), "nosniff");
	return response;
}

/* HTTP-4: the shape of every refusal. */
static void check_problem(const struct response *response, int status, const char *says)
{
	json_t *problem = json_loadb(response->body, response->body_len, 0, NULL);
	ck_assert_int_eq(response->status, status);
	ck_assert_str_eq(header_of(response, "Content-Type"), "application/problem+json");
	ck_assert_str_eq(header_of(response, "Cache-Control"), "no-store");
	ck_assert_int_eq(json_integer_value(json_object_get(problem, "status")), status);
	ck_assert(json_is_string(json_object_get(problem, "type")));
	ck_assert(json_is_string(json_object_get(problem, "title")));
	ck_assert(json_is_string(json_object_get(problem, "error")));
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	ck_assert_ptr_nonnull(detail);
	ck_assert_msg(strstr(detail, says), "%s", detail);
	ck_assert_ptr_null(strstr(response->body, "0101701234"));
	json_decref(problem);
}

/* "Indsigt-Sender ..." of the fixture's sender for a query; borrowed until the next call. */
static const char *signed_request(const char *query, uint32_t sender, uint64_t time_s)
{
	static char header[SENDER_REQUEST_TEXT_MAX + 1];
	char target[256];
	snprintf(target, sizeof target, "/v1/filing?%s", query);
	ck_ok(sender_request_sign(FIXTURE_ORIGIN, target, sender, time_s, f.secret_key, header));
	return header;
}

static void check_filing(const char *query, size_t subjects)
{
	struct filing_proof *proof = NULL;
	struct finding finding = {.text = ""};
	struct response response = ask("GET", "/v1/filing", query, signed_request(query, 1, f.now_s));
	ck_assert_int_eq(response.status, 200);
	ck_assert_str_eq(header_of(&response, "Cache-Control"), "no-store");
	enum error error = filing_proof_verify(bytes_of(response.body, response.body_len), &f.vkey, NULL, &proof, &finding);
	ck_assert_msg(error == E_OK, "%s", finding.text);
	ck_assert_uint_eq(proof->batch.sender, 1);
	ck_assert_uint_eq(proof->batch.count, 5);
	ck_assert_uint_eq(proof->first_index, 2);
	ck_assert_uint_eq(proof->subject_count, subjects);
	filing_proof_free(proof);
	response_release(&response);
}

static void check_filing_refused(const char *query, const char *authorization, int status, const char *says)
{
	struct response response = ask("GET", "/v1/filing", query, authorization);
	check_problem(&response, status, says);
	response_release(&response);
}

/* HTTP-32, HTTP-33 */
START_TEST(filing_is_answered_to_its_sender)
{
	static const char good[] = "sender=1&seq=3";
	begin();
	check_filing_refused(good, signed_request(good, 1, f.now_s), 404, "not filed yet");
	fixture_epoch(&f);
	check_filing(good, 2);
	check_filing("sender=1&seq=0&proofs=all", 2);
	check_filing("sender=1&seq=4&proofs=none", 0);
	fixture_append(&f, fixture_batch(&f, 5, NULL, 2, 0));
	check_filing_refused("sender=1&seq=5", signed_request("sender=1&seq=5", 1, f.now_s), 404, "mass events");
	check_filing_refused("sender=1&seq=7", signed_request("sender=1&seq=7", 1, f.now_s), 404, "has not been received");
	check_filing_refused("sender=2&seq=3", signed_request("sender=2&seq=3", 1, f.now_s), 403, "its own events only");
	check_filing_refused(good, NULL, 401, "must sign the request");
	check_filing_refused(good, bearer(ROLE_AUDITOR), 401, "must sign the request");
	check_filing_refused(good, signed_request(good, 1, f.now_s + 61), 401, "60 seconds");
	check_filing_refused(good, signed_request(good, 1, f.now_s - 61), 401, "60 seconds");
	check_filing_refused(good, signed_request(good, 2, f.now_s), 401, "registered sender's key");
	check_filing_refused(good, signed_request("sender=1&seq=2", 1, f.now_s), 401, "registered sender's key");
	check_filing_refused("seq=3", signed_request("seq=3", 1, f.now_s), 400, "'sender'");
	check_filing_refused("sender=1", signed_request("sender=1", 1, f.now_s), 400, "'seq'");
	check_filing_refused(
		"sender=1&seq=3&proofs=some", signed_request("sender=1&seq=3&proofs=some", 1, f.now_s), 400, "'proofs'");
	end();
}
END_TEST

/* HTTP-31, ROLE-1 */
START_TEST(labels_are_given_to_auditors)
{
	static const char *const bad[] = {NULL, "from=0", "to=3", "from=3&to=3", "from=0&to=16385", "from=-1&to=3",
		"from=0&to=1000", "from=0x1&to=3", "from=0&to=3&more=1"};
	begin();
	f.mandate.rights = RIGHT_READS;
	fixture_register(&f, 2, "cvr:34051178", "Indsigt");
	fixture_epoch(&f);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct response response = ask("GET", "/v1/labels", bad[i], bearer(ROLE_AUDITOR));
		check_problem(&response, 400, "parameter");
		response_release(&response);
	}
	struct response response = ask("GET", "/v1/labels", "from=0&to=7", bearer(ROLE_AUDITOR));
	ck_assert_int_eq(response.status, 200);
	ck_assert_str_eq(header_of(&response, "Cache-Control"), "no-store");
	ck_assert_str_eq(response.note, " from=0 to=7");
	ck_assert_ptr_nonnull(response.report); /* ROLE-7 */
	ck_assert_uint_eq(response.body_len, 5 * 104);
	for (size_t i = 0; i < 5; i++)
		ck_assert_uint_eq(get_u64((uint8_t *)response.body + 104 * i), 2 + i);
	ck_assert_mem_eq(response.body + 8, response.body + 104 + 8, 32);     /* of one person */
	ck_assert_mem_ne(response.body + 8, response.body + 3 * 104 + 8, 32); /* of another */
	response_release(&response);
	response = ask("GET", "/v1/labels", "from=3&to=5", bearer(ROLE_AUDITOR)); /* inside of a batch */
	ck_assert_uint_eq(response.body_len, 2 * 104);
	response_release(&response);
	response = ask("GET", "/v1/labels", "from=0&to=2", bearer(ROLE_AUDITOR)); /* no events */
	ck_assert_int_eq(response.status, 200);
	ck_assert_uint_eq(response.body_len, 0);
	response_release(&response);
	response = ask("GET", "/v1/labels", "from=0&to=7", bearer(ROLE_SUBJECT));
	check_problem(&response, 403, "this role may not ask");
	response_release(&response);
	response = ask("GET", "/v1/labels", "from=0&to=7", NULL);
	check_problem(&response, 401, "bearer token");
	response_release(&response);
	end();
}
END_TEST

/* HTTP-30 */
START_TEST(statements_are_given_to_their_subject)
{
	begin();
	struct response response = ask("GET", "/v1/statement", NULL, bearer(ROLE_SUBJECT));
	check_problem(&response, 404, "no epoch yet");
	response_release(&response);
	fixture_epoch(&f);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const queries[] = {NULL, "signatures=1", "from=2020-01-01&to=2020-01-02", "from=2020-01-01"};
		struct statement *statement;
		struct finding finding;
		response = ask("GET", "/v1/statement", queries[i], bearer(i == 1 ? ROLE_PROXY : ROLE_SUBJECT));
		ck_assert_int_eq(response.status, 200);
		ck_assert_str_eq(header_of(&response, "Cache-Control"), "no-store");
		ck_assert_ptr_nonnull(strstr(header_of(&response, "Content-Disposition"), "attachment"));
		const struct statement_options options = {.subject = fixture_subject(1234)};
		ck_ok(statement_verify(bytes_of(response.body, response.body_len), &f.vkey, &options, &statement, &finding));
		ck_assert_uint_eq(statement->event_count, i == 2 ? 0 : 4);
		ck_assert_uint_eq(statement->count, 4);
		ck_assert_int_eq(statement->signatures, i == 1);
		statement_free(statement);
		response_release(&response);
	}
	response = ask("GET", "/v1/statement", NULL, bearer(ROLE_AUDITOR));
	check_problem(&response, 403, "role");
	response_release(&response);
	response = ask("GET", "/v1/statement", NULL, NULL);
	check_problem(&response, 401, "bearer token");
	response_release(&response);
	response = ask("GET", "/v1/statement", "signatures=yes", bearer(ROLE_SUBJECT));
	check_problem(&response, 400, "'signatures' must be 0 or 1");
	response_release(&response);
	end();
}
END_TEST

static struct response ask_statement(bool gzip, const char *query)
{
	struct response response;
	const struct request request = {
		.method = "GET", .path = "/v1/statement", .query = query, .authorization = bearer(ROLE_SUBJECT), .gzip = gzip};
	routes_answer(&routes, &request, f.now_s, &response);
	ck_assert_int_eq(response.status, 200);
	ck_assert_str_eq(header_of(&response, "Vary"), "Accept-Encoding");
	return response;
}

/* HTTP-38: a long one comes compressed for who takes it so, and is the same. */
START_TEST(long_statements_are_compressed)
{
	uint32_t subjects[1000];
	begin();
	for (size_t i = 0; i < 1000; i++)
		subjects[i] = 1234;
	fixture_append(&f, fixture_batch(&f, 5, subjects, 1000, 7));
	fixture_epoch(&f);
	struct response plain = ask_statement(false, NULL), zipped = ask_statement(true, NULL);
	ck_assert_str_eq(header_of(&plain, "Content-Encoding"), "");
	ck_assert_str_eq(header_of(&zipped, "Content-Encoding"), "gzip");
	ck_assert_uint_lt(zipped.body_len, plain.body_len / 2);
	uint8_t *text = malloc(plain.body_len + 1);
	z_stream stream = {.next_in = (Bytef *)zipped.body,
		.avail_in = (uInt)zipped.body_len,
		.next_out = text,
		.avail_out = (uInt)plain.body_len + 1};
	ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.total_out, plain.body_len);
	ck_assert_mem_eq(text, plain.body, plain.body_len);
	inflateEnd(&stream);
	free(text);
	response_release(&plain);
	response_release(&zipped);
	zipped = ask_statement(true, "from=2020-01-01&to=2020-01-02");
	ck_assert_str_eq(header_of(&zipped, "Content-Encoding"), "");
	response_release(&zipped);
	end();
}
END_TEST

/* HTTP-1, HTTP-2, HTTP-3, HTTP-8, HTTP-9, HTTP-10, HTTP-11, HTTP-12, HTTP-13 */
START_TEST(refusals_say_what_is_wrong)
{
	static const struct {
		int status;
		const char *method, *path, *query;
		int role; /* -1: no token */
		const char *says;
	} cases[] = {
		{404, "GET", "/", NULL, -1, "nothing at this address"},
		{404, "GET", "/v1/accesses/", NULL, 0, "nothing"},
		{404, "GET", "/v1/cpr:0101701234", NULL, 0, "nothing"},
		{404, "GET", "", NULL, -1, "nothing"},
		{404, "POST", "/nowhere", NULL, -1, "nothing"},
		{405, "POST", "/v1/accesses", NULL, 0, "GET and HEAD"},
		{405, "DELETE", "/checkpoint", NULL, -1, "GET and HEAD"},
		{400, "GET", "/checkpoint", "size=3", -1, "not known"},
		{400, "GET", "/v1/coverage", "org=cvr:1", -1, "not known"},
		{401, "GET", "/v1/accesses", NULL, -1, "bearer token is needed"},
		{403, "GET", "/v1/accesses", NULL, ROLE_AUDITOR, "role"},
		{400, "GET", "/v1/accesses", "limit=0", 0, "'limit' must be a whole number from 1 to 1000"},
		{400, "GET", "/v1/accesses", "limit=1001", 0, "'limit'"},
		{400, "GET", "/v1/accesses", "limit=", 0, "'limit'"},
		{400, "GET", "/v1/accesses", "limit=+5", 0, "'limit'"},
		{400, "GET", "/v1/accesses", "limit=5x", 0, "'limit'"},
		{400, "GET", "/v1/accesses", "limit=00005", 0, "'limit'"},
		{400, "GET", "/v1/accesses", "limit=5&limit=5", 0, "'limit' is given twice"},
		{400, "GET", "/v1/accesses", "from=yesterday", 0, "'from' must be"},
		{400, "GET", "/v1/accesses", "from=2026-11-23T08:15:30", 0, "'from' must be"},
		{400, "GET", "/v1/accesses", "to=2026-02-30", 0, "'to' must be"},
		{400, "GET", "/v1/accesses", "from=2026-11-23&to=2026-11-23", 0, "earlier than 'to'"},
		{400, "GET", "/v1/accesses", "org=", 0, "'org'"},
		{400, "GET", "/v1/accesses", "org=%FF", 0, "'org'"},
		{400, "GET", "/v1/accesses", "cursor=", 0, "'cursor'"},
		{400, "GET", "/v1/accesses", "cursor=0101701234", 0, "'cursor'"},
		{400, "GET", "/v1/accesses", "coverage=short", 0, "'coverage' must be whole"},
		{400, "GET", "/v1/accesses", "coverage=", 0, "'coverage'"},
		{400, "GET", "/v1/accesses", "subject=cpr:0101701234", 0, "not known"},
	};
	begin();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *token = cases[i].role < 0 ? NULL : bearer((enum role)cases[i].role);
		struct response response = ask(cases[i].method, cases[i].path, cases[i].query, token);
		check_problem(&response, cases[i].status, cases[i].says);
		ck_assert_str_eq(header_of(&response, "Allow"), cases[i].status == 405 ? "GET, HEAD" : "");
		ck_assert_int_eq(strncmp(header_of(&response, "WWW-Authenticate"), "Bearer", 6) == 0, cases[i].status == 401);
		response_release(&response);
	}
	char org[ORG_BYTES_MAX + 6];
	snprintf(org, sizeof org, "org=%0*d", (int)ORG_BYTES_MAX + 1, 7);
	struct response response = ask("GET", "/v1/accesses", org, bearer(ROLE_SUBJECT));
	check_problem(&response, 400, "128");
	response_release(&response);
	end();
}
END_TEST

START_TEST(bad_tokens_are_refused)
{
	static const char *const headers[] = {"Basic eDp5", "Bearer", "Bearer ", "Bearer x.y.z", "eyJhbGciOiJIUzI1NiJ9"};
	static const struct issuers nobodys = {.demo = NULL};
	begin();
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct response response = ask("GET", "/v1/accesses", NULL, headers[i]);
		check_problem(&response, 401, "token");
		response_release(&response);
	}
	/* The token is looked at before the question is. */
	struct response response = ask("GET", "/v1/accesses", "limit=0", "Bearer x.y.z");
	check_problem(&response, 401, "token");
	response_release(&response);
	routes.issuers = &nobodys;
	response = ask("GET", "/v1/accesses", NULL, bearer(ROLE_SUBJECT));
	check_problem(&response, 401, "identity provider");
	ck_assert_ptr_null(strstr(response.body, "--demo-tokens")); /* off this machine it is refused */
	response_release(&response);
	routes.loopback = true;
	response = ask("GET", "/v1/accesses", NULL, bearer(ROLE_SUBJECT));
	check_problem(&response, 401, "--demo-tokens");
	response_release(&response);
	routes.loopback = false;
	end();
}
END_TEST

/* A supervisor without a case, or with one that says nothing, is nobody; what they may ask is another matter. */
START_TEST(supervisors_name_their_case)
{
	char long_case[CASE_REFERENCE_BYTES_MAX + 2];
	memset(long_case, 'x', sizeof long_case - 1);
	long_case[sizeof long_case - 1] = '\0';
	const char *const bad[] = {NULL, "", " ", "2026\t17", "\xff", long_case};
	begin();
	struct request request = {
		.method = "GET", .path = "/v1/labels", .authorization = bearer(ROLE_SUPERVISOR), .local = true};
	struct response response;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		request.case_reference = bad[i];
		routes_answer(&routes, &request, f.now_s, &response);
		check_problem(&response, 403, "Indsigt-Case");
		response_release(&response);
	}
	const char *const good[] = {"2026-17", "Sag 2026-17 (æøå)", long_case + 1};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		request.case_reference = good[i];
		routes_answer(&routes, &request, f.now_s, &response);
		check_problem(&response, 403, "this role may not ask");
		response_release(&response);
	}
	end();
}
END_TEST

START_TEST(the_public_part_needs_no_token)
{
	begin();
	struct checkpoint checkpoint;
	struct response response = ask("GET", "/checkpoint", NULL, NULL);
	ck_assert_int_eq(response.status, 200);
	ck_assert_str_eq(header_of(&response, "Content-Type"), "text/plain; charset=utf-8");
	ck_assert_str_eq(header_of(&response, "Cache-Control"), "public, max-age=2");
	ck_ok(checkpoint_verify(bytes_of(response.body, response.body_len), &f.vkey, &checkpoint));
	ck_assert_uint_eq(checkpoint.size, 8); /* genesis, sender, five events, batch */
	response_release(&response);

	response = ask("HEAD", "/v1/coverage", "", NULL);
	ck_assert_int_eq(response.status, 200);
	ck_assert_str_eq(response.route, "/v1/coverage");
	json_t *json = json_loadb(response.body, response.body_len, 0, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "senders")), 1);
	json_decref(json);
	response_release(&response);

	struct request far = {.method = "GET", .path = "/healthz"};
	routes_answer(&routes, &far, f.now_s, &response);
	check_problem(&response, 404, "nothing"); /* HTTP-3 */
	response_release(&response);
	response = ask("GET", "/metrics", NULL, NULL);
	ck_assert_int_eq(response.status, 200);
	ck_assert_ptr_nonnull(strstr(response.body, "\nindsigt_entries "));
	ck_assert_ptr_null(strstr(response.body, "witness")); /* there is no policy */
	response_release(&response);
	far.path = "/metrics";
	routes_answer(&routes, &far, f.now_s, &response);
	check_problem(&response, 404, "nothing");
	response_release(&response);
	end();
}
END_TEST

/* HTTP-13: pages by cursor, bound to subject and filters; limit may change. HTTP-36, HTTP-37: coverage goes with the
 * first page in short, behind it by its hash, and whole for who wants it. */
START_TEST(pages_go_on_by_cursor)
{
	begin();
	char query[256];
	struct response response = ask("GET", "/v1/accesses", "limit=3&org=cvr%3A55133018", bearer(ROLE_PROXY));
	ck_assert_int_eq(response.status, 200);
	ck_assert_str_eq(header_of(&response, "Cache-Control"), "no-store");
	json_t *page = json_loadb(response.body, response.body_len, 0, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "accesses")), 3);
	json_auto_t *coverage = json_incref(json_object_get(page, "coverage"));
	ck_assert_ptr_null(json_object_get(coverage, "senders"));
	ck_assert_str_eq(json_string_value(json_object_get(coverage, "whole")), "/v1/coverage");
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(coverage, "counts"), "senders")), 1);
	snprintf(query, sizeof query, "org=cvr%%3A55133018&cursor=%s", json_string_value(json_object_get(page, "cursor")));
	json_decref(page);
	response_release(&response);

	response = ask("GET", "/v1/accesses", query, bearer(ROLE_SUBJECT));
	ck_assert_int_eq(response.status, 200);
	page = json_loadb(response.body, response.body_len, 0, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "accesses")), 1);
	ck_assert_ptr_null(json_object_get(page, "cursor"));
	json_t *named = json_object_get(page, "coverage");
	ck_assert_uint_eq(json_object_size(named), 1);
	ck_assert(json_equal(json_object_get(named, "hash"), json_object_get(coverage, "hash")));
	json_decref(page);
	response_release(&response);

	strcat(query, "&coverage=whole");
	response = ask("GET", "/v1/accesses", query, bearer(ROLE_SUBJECT));
	page = json_loadb(response.body, response.body_len, 0, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(page, "coverage"), "senders")), 1);
	ck_assert(
		json_equal(json_object_get(json_object_get(page, "coverage"), "hash"), json_object_get(coverage, "hash")));
	json_decref(page);
	response_release(&response);

	response = ask("GET", "/v1/accesses", strstr(query, "cursor="), bearer(ROLE_SUBJECT));
	check_problem(&response, 400, "'cursor'");
	response_release(&response);
	end();
}
END_TEST

/* ---- what ingestd says about itself ---- */

static void write_status(struct bytes content)
{
	int dir_fd = open(f.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(file_write_atomic(dir_fd, STATUS_NAME, content, 0644));
	close(dir_fd);
}

static void say(const struct status *status)
{
	static uint8_t text[STATUS_BYTES];
	ck_ok(status_encode(status, text));
	write_status(BYTES_ARRAY(text));
}

/* One reason, or none. */
static void expect_health(const char *reason)
{
	struct response response = ask("GET", "/healthz", NULL, NULL);
	json_t *json = json_loadb(response.body, response.body_len, 0, NULL);
	const json_t *reasons = json_object_get(json, "reasons");
	ck_assert_int_eq(response.status, reason ? 503 : 200);
	ck_assert_str_eq(json_string_value(json_object_get(json, "status")), reason ? "failing" : "ok");
	ck_assert_uint_eq(json_array_size(reasons), reason ? 1 : 0);
	if (reason != NULL) {
		ck_assert_str_eq(json_string_value(json_object_get(json_array_get(reasons, 0), "reason")), reason);
		char line[128];
		snprintf(line, sizeof line, "\nindsigt_ingest_failing{reason=\"%s\"} 1\n", reason);
		struct response metrics = ask("GET", "/metrics", NULL, NULL);
		ck_assert_ptr_nonnull(strstr(metrics.body, line));
		response_release(&metrics);
	}
	json_decref(json);
	response_release(&response);
}

static long metric(const char *body, const char *name)
{
	char front[64];
	snprintf(front, sizeof front, "\n%s ", name);
	const char *line = strstr(body, front);
	ck_assert_msg(line != NULL, "%s", name);
	return strtol(line + strlen(front), NULL, 10);
}

/* The log was made by the machine's clock, which may have gone on since `f.now_s` was taken. */
static void assert_time_ahead(const char *body)
{
	long time_s = metric(body, "indsigt_ledger_time_seconds");
	long now_s = (long)f.now_s;
	ck_assert_int_eq(metric(body, "indsigt_ledger_time_ahead_seconds"), time_s > now_s ? time_s - now_s : 0);
}

/* HTTP-34 */
START_TEST(health_says_what_is_not_well)
{
	begin();
	expect_health("ingest-away");
	struct status status = {.beat_ms = clock_ms(), .writer_ms = clock_ms()};
	say(&status);
	expect_health(NULL);
	for (unsigned i = STATUS_WRITER_STUCK + 1; i < STATUS_REASONS; i++) {
		status.since_s[i] = f.now_s;
		say(&status);
		expect_health(i == STATUS_QUORUM ? NULL : status_name((enum status_reason)i)); /* seen, not told */
		status.since_s[i] = 0;
	}
	/* A policy that nothing fulfils, also one that cannot be read. */
	char path[160];
	snprintf(path, sizeof path, "%s/witnesses", f.dir);
	say(&status);
	FILE *policy = fopen(path, "w");
	fputs("quorum nobody\n", policy);
	fclose(policy);
	expect_health("quorum-late");
	unlink(path);
	expect_health(NULL);
	static struct quality_memory quality = QUALITY_MEMORY;
	routes.quality = &quality;
	status.refused[E_EQUIVOCATION] = 3;
	status.refused_of[1] = (struct status_refused){2, E_EQUIVOCATION, 3};
	status.writer_ms -= STATUS_FRESH_MS + 1000;
	say(&status);
	expect_health("writer-stuck");
	struct response response = ask("GET", "/metrics", NULL, NULL);
	ck_assert_ptr_nonnull(strstr(response.body, "\nindsigt_refused_batches_total{error=\"equivocation\"} 3\n"));
	ck_assert_ptr_nonnull(
		strstr(response.body, "\nindsigt_sender_refused_batches{sender=\"2\",error=\"equivocation\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(response.body, "\nindsigt_sender_events{sender=\"1\"} "));
	assert_time_ahead(response.body);
	response_release(&response);
	status.beat_ms -= STATUS_FRESH_MS + 1000;
	say(&status);
	expect_health("ingest-away");
	status.beat_ms = status.writer_ms = clock_ms() + 86400000; /* of before a restart of the machine */
	say(&status);
	expect_health("ingest-away");
	write_status(BYTES_LITERAL("{\"beat_ms\":"));
	expect_health("ingest-away");
	end();
}
END_TEST

/* A log that is ahead of the clock is told of wherever somebody looks. */
START_TEST(ahead_of_the_clock)
{
	begin();
	f.now_s -= 7200;
	struct response response = ask("GET", "/v1/coverage", NULL, NULL);
	json_t *json = json_loadb(response.body, response.body_len, 0, NULL);
	json_int_t ahead_s = json_integer_value(json_object_get(json, "ledger_time_ahead_s"));
	ck_assert_int_ge(ahead_s, 7195);
	json_decref(json);
	response_release(&response);
	response = ask("GET", "/healthz", NULL, NULL);
	json = json_loadb(response.body, response.body_len, 0, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(json, "ledger_time_ahead_s")), ahead_s);
	json_decref(json);
	response_release(&response);
	response = ask("GET", "/metrics", NULL, NULL);
	char line[96];
	snprintf(line, sizeof line, "\nindsigt_ledger_time_ahead_seconds %lld\n", (long long)ahead_s);
	ck_assert_ptr_nonnull(strstr(response.body, line));
	response_release(&response);
	end();
}
END_TEST

/* HTTP-35: who sends it counts what waits for its reader. Without room what is short is refused for what it is, and a
 * HEAD, which sends no body, is answered. */
START_TEST(short_answers_need_no_room)
{
	struct room room;
	begin();
	room_init(&room, 10, 10);
	struct request request = {.method = "GET", .path = "/nowhere", .room = &room};
	struct response response;
	routes_answer(&routes, &request, f.now_s, &response);
	check_problem(&response, 404, "nothing");
	response_release(&response);
	request.method = "HEAD";
	request.path = "/v1/coverage";
	routes_answer(&routes, &request, f.now_s, &response);
	ck_assert_int_eq(response.status, 200);
	ck_assert_uint_eq(room.used, 0);
	response_release(&response);
	room_release(&room);
	end();
}
END_TEST

/* HTTP-5: what the server refuses looks like what a route refuses. */
START_TEST(refusals_of_the_server_are_whole)
{
	static const char *const all[] = {
		"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Content-Type", "Cache-Control"};
	struct response refused = {.route = "-"};
	begin();
	struct response response = ask("GET", "/nowhere", NULL, NULL);
	routes_problem(400, E_BAD_VALUE, "why", &refused);
	check_problem(&refused, 400, "why");
	ck_assert_uint_eq(refused.header_count, response.header_count);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		ck_assert_str_eq(header_of(&refused, all[i]), header_of(&response, all[i]));
	response_release(&refused);
	response_release(&response);
	end();
}
END_TEST

/* Rows of batches are all of another length: one who reads them cannot go on. */
static void damage_batches(void)
{
	char path[128];
	struct db_env *env = NULL;
	struct db_txn txn;
	struct db_walk walk;
	uint8_t key[12];
	archive_close(archive);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, false, &env, NULL));
	ck_ok(db_begin(env, true, &txn));
	ck_ok(db_walk_begin(&txn, STORE_BATCH, &walk));
	ck_ok(db_walk_last(&walk));
	ck_assert_uint_eq(walk.key.len, sizeof key);
	memcpy(key, walk.key.data, sizeof key);
	db_walk_end(&walk);
	db_put(&txn, STORE_BATCH, BYTES_ARRAY(key), BYTES_LITERAL("?"));
	ck_ok(db_commit(&txn));
	db_close(env);
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	routes.archive = archive;
}

/* The other figures are wanted all the more. */
START_TEST(figures_are_given_of_a_damaged_store)
{
	struct quality_memory quality = QUALITY_MEMORY;
	begin();
	damage_batches();
	routes.quality = &quality;
	struct response response = ask("GET", "/metrics", NULL, NULL);
	ck_assert_int_eq(response.status, 200);
	ck_assert_ptr_nonnull(strstr(response.body, "\nindsigt_quality_complete 0\n"));
	ck_assert_ptr_nonnull(strstr(response.body, "\nindsigt_entries 8\n"));
	ck_assert_ptr_null(strstr(response.body, "indsigt_sender_events{"));
	response_release(&response);
	response = ask("GET", "/v1/quality", NULL, bearer(ROLE_AUDITOR));
	check_problem(&response, 500, "");
	response_release(&response);
	quality_memory_release(&quality);
	end();
}
END_TEST

UNIT_MAIN("routes", figures_are_given_of_a_damaged_store, short_answers_need_no_room, refusals_of_the_server_are_whole,
	health_says_what_is_not_well, ahead_of_the_clock, filing_is_answered_to_its_sender,
	statements_are_given_to_their_subject, long_statements_are_compressed, labels_are_given_to_auditors,
	refusals_say_what_is_wrong, bad_tokens_are_refused, supervisors_name_their_case, the_public_part_needs_no_token,
	pages_go_on_by_cursor)
