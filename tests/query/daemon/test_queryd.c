/* The daemon as its clients meet it: a real process, a real ledger beside it, TCP. */
#include "query/answer/verify.h"
#include "query/identity/demo_issuer.h"
#include "tests/lib/http.h"
#include "tests/lib/queryd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* HTTP-1: HEAD has the length of GET and no body, and the connection goes on. */
START_TEST(head_keeps_alive)
{
	static const char *const targets[] = {"/checkpoint", "/v1/coverage", "/v1/accesses", "/nowhere"};
	queryd_begin();
	const char *token = token_for(1234, ROLE_SUBJECT, 600);
	int fd = http_connect(port);
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		struct http_answer head = http_ask(fd, "HEAD", targets[i], token);
		struct http_answer get = http_ask(fd, "GET", targets[i], token);
		ck_assert_int_eq(head.status, get.status);
		ck_assert_uint_gt(get.body_len, 0);
		ck_assert_uint_eq(head.body_len, get.body_len);
		free(get.body);
	}
	close(fd);
	queryd_end();
}
END_TEST

/* HTTP-6, HTTP-14: to the end by cursors on one connection, each page verified, while events keep arriving. */
START_TEST(pages_while_appending)
{
	queryd_begin();
	queryd_append(200);
	fixture_epoch(&f);
	queryd_append(100);
	uint64_t wanted = 2 + 134 + 67; /* two of three are about this subject */
	char target[256] = "/v1/accesses?limit=20";
	uint64_t before = UINT64_MAX;
	uint64_t seen = 0;
	int fd = http_connect(port);
	for (bool more = true; more;) {
		struct verified verified;
		struct fault fault = {0};
		struct http_answer answer = http_ask(fd, "GET", target, token_for(1234, ROLE_SUBJECT, 600));
		ck_assert_int_eq(answer.status, 200);
		ck_assert_str_eq(http_header(&answer, "Cache-Control"), "no-store");
		json_t *page = json_loadb(answer.body, answer.body_len, 0, NULL);
		enum error error =
			verify_page(page, bytes_text(fixture_subject(1234)), before, f.now_s, &f.vkey, &verified, &fault);
		ck_assert_msg(error == E_OK, "%s", fault.text);
		seen += verified.open;
		before = verified.lowest;
		const char *cursor = json_string_value(json_object_get(page, "cursor"));
		more = cursor != NULL;
		snprintf(target, sizeof target, "/v1/accesses?limit=20&cursor=%s", more ? cursor : "");
		json_decref(page);
		free(answer.body);
		queryd_append(30);
	}
	ck_assert_uint_eq(seen, wanted);
	close(fd);
	queryd_end();
}
END_TEST

/* HTTP-12 */
START_TEST(tokens_open_what_they_should)
{
	queryd_begin();
	int fd = http_connect(port);
	char tampered[TOKEN_TEXT_MAX + 1];
	struct demo_issuer other = issuer;
	struct identity identity = {.id = "cpr:0101701234", .role = ROLE_SUBJECT, .expires_s = f.now_s + 600};
	char foreign[TOKEN_TEXT_MAX + 1];
	other.key.b[0] ^= 1;
	ck_ok(demo_issue(&other, &identity, f.now_s, foreign));
	strcpy(tampered, token_for(1234, ROLE_SUBJECT, 600));
	char *payload = strchr(tampered, '.') + 20;
	*payload = *payload == 'A' ? 'B' : 'A';
	char expired[TOKEN_TEXT_MAX + 1];
	strcpy(expired, token_for(1234, ROLE_SUBJECT, -1));
	/* {"alg":"none"} */
	static const char none[] = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjcHI6MDEwMTcwMTIzNCIsInJvbGUiOiJzdWJqZWN0In0.";
	const char *const bad[] = {NULL, foreign, tampered, expired, none, "x"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct http_answer answer = http_ask(fd, "GET", "/v1/accesses", bad[i]);
		ck_assert_int_eq(answer.status, 401);
		ck_assert_int_eq(strncmp(http_header(&answer, "WWW-Authenticate"), "Bearer", 6), 0);
		free(answer.body);
	}
	struct http_answer answer = http_ask(fd, "GET", "/v1/accesses", token_for(1234, ROLE_AUDITOR, 600));
	ck_assert_int_eq(answer.status, 403);
	free(answer.body);
	close(fd);
	queryd_end();
}
END_TEST

#define NEXT "GET /next HTTP/1.1\r\nHost: w\r\n\r\n"

/* HTTP-7: one answer, and then the end of the connection, to whatever could be read as two requests. */
START_TEST(two_ends_of_a_request_end_it)
{
	char long_one[5200];
	snprintf(long_one, sizeof long_one, "GET /checkpoint HTTP/1.1\r\nContent-Length: 5000\r\n\r\n%04969d" NEXT, 0);
	const struct {
		const char *request;
		int status;
	} bodies[] = {
		{"GET /checkpoint HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 400},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello", 400},
		{"GET /checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400},
		{long_one, 413},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
		{"HEAD /checkpoint HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 400},
		{"HEAD /checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length : 31\r\n\r\n" NEXT, 400},
		{"POST /checkpoint HTTP/1.1\r\nContent-Length\t: 31\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length: 0, 31\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length: +0\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length: 00\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nContent-Length:\r\n 31\r\n\r\n" NEXT, 400},
		{"GET /checkpoint HTTP/1.1\r\nX: a\rContent-Length: 31\r\n\r\n" NEXT, 400},
		{"GET /v1/accesses HTTP/1.1\r\nAuthorization: Bearer a\r\nauthorization: Bearer a\r\n\r\n" NEXT, 400},
		{"GET /v1/accesses HTTP/1.1\r\nIndsigt-Subject: a\r\nX: y\r\nIndsigt-Subject: b\r\n\r\n" NEXT, 400},
		{"GET /v1/accesses HTTP/1.1\r\nIndsigt-Case: a\r\nIndsigt-Case: b\r\n\r\n" NEXT, 400},
		{"DELETE /checkpoint HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 400},
		{"CONNECT w:80 HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 400},
		{"BREW /checkpoint HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 501},
		{"TRACE /checkpoint HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 501},
	};
	struct http_answer answer;
	queryd_begin();
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		int fd = http_connect(port);
		http_put(fd, bodies[i].request);
		ck_assert_msg(http_answer_read(fd, bodies[i].request[0] == 'H', &answer), "%zu", i);
		ck_assert_msg(answer.status == bodies[i].status, "%zu: %d", i, answer.status);
		ck_assert_str_eq(http_header(&answer, "Connection"), "close");
		free(answer.body);
		ck_assert(http_ended(fd));
		close(fd);
	}
	queryd_end();
}
END_TEST

/* HTTP-2, and what is no request at all: none of it disturbs another connection. */
START_TEST(hostile_bytes_disturb_nobody)
{
	queryd_begin();
	int steady = http_connect(port);
	struct http_answer answer;

	int slow = http_connect(port);
	http_put(slow, "GET /checkpoint HTTP/1.1\r\nHo");

	int fd = http_connect(port);
	http_put(fd, "POST /v1/accesses HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
	ck_assert(http_answer_read(fd, false, &answer));
	ck_assert_int_eq(answer.status, 405);
	free(answer.body);
	close(fd);

	fd = http_connect(port);
	char *large = malloc(20000);
	memset(large, 'a', 19999);
	large[19999] = '\0';
	http_put(fd, "GET /checkpoint HTTP/1.1\r\nX-Filler: ");
	http_put(fd, large);
	ck_assert(http_answer_read(fd, false, &answer));
	ck_assert_int_ge(answer.status, 400);
	free(answer.body);
	free(large);
	close(fd);

	fd = http_connect(port);
	http_put(fd, "\x16\x03\x01 this is not HTTP\r\n\r\n");
	if (http_answer_read(fd, false, &answer))
		ck_assert_int_ge(answer.status, 400);
	free(answer.body);
	close(fd);

	answer = http_ask(steady, "GET", "/checkpoint", NULL);
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);

	http_put(slow, "st: x\r\n\r\n");
	ck_assert(http_answer_read(slow, false, &answer));
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	close(slow);
	close(steady);
	queryd_end();
}
END_TEST

/* Several requests in one segment are answered one after the other, in order. */
START_TEST(a_pipeline_is_answered_in_order)
{
	queryd_begin();
	int fd = http_connect(port);
	struct http_answer answer;
	char text[4096] = "";
	for (int i = 0; i < 20; i++)
		strcat(text, i % 2 ? "GET /nowhere HTTP/1.1\r\n\r\n" : "GET /v1/coverage HTTP/1.1\r\n\r\n");
	http_put(fd, text);
	for (int i = 0; i < 20; i++) {
		ck_assert(http_answer_read(fd, false, &answer));
		ck_assert_int_eq(answer.status, i % 2 ? 404 : 200);
		free(answer.body);
	}
	close(fd);
	/* A client that goes away while it is being answered. */
	for (int i = 0; i < 50; i++) {
		fd = http_connect(port);
		http_put(fd, text);
		close(fd);
	}
	fd = http_connect(port);
	answer = http_ask(fd, "GET", "/checkpoint", NULL);
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	close(fd);
	queryd_end();
}
END_TEST

/* A client that asks for much and never reads does not keep the others waiting, nor the daemon from ending. */
START_TEST(who_never_reads_keeps_nobody_waiting)
{
	queryd_begin();
	queryd_append(1000);
	int deaf = http_connect(port);
	for (int i = 0; i < 50; i++)
		http_request(deaf, "GET", "/v1/accesses?limit=1000", token_for(1234, ROLE_SUBJECT, 600));
	int fd = http_connect(port);
	struct http_answer answer = http_ask(fd, "GET", "/v1/accesses?limit=5", token_for(77, ROLE_SUBJECT, 600));
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	close(fd);
	close(deaf);
	queryd_end();
}
END_TEST

/* A sanitizer keeps what is freed for a while. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* What the daemon has of memory beside files, in KiB. */
static long anonymous_kib(void)
{
	char path[40], line[128];
	long kib = -1;
	snprintf(path, sizeof path, "/proc/%d/status", (int)daemon_pid);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file))
		sscanf(line, "RssAnon: %ld", &kib);
	fclose(file);
	ck_assert_int_ge(kib, 0);
	return kib;
}

/* HTTP-35: sixty who ask for 8 MB each at once and do not read. Those who find no room are told so, memory keeps its
 * bound, others are answered, and afterwards there is room again. */
START_TEST(many_large_answers)
{
	enum { CLIENTS = 60, EVENTS = 20000 };
	int clients[CLIENTS];
	unsigned made = 0, refused = 0;
	struct http_answer answer;
	queryd_begin();
	for (unsigned i = 0; i < EVENTS / 1000; i++)
		queryd_append(1000);
	fixture_epoch(&f);
	char *token = strdup(token_for(1234, ROLE_SUBJECT, 600));
	int fd = http_connect(port);
	answer = http_ask(fd, "GET", "/checkpoint", NULL);
	free(answer.body);
	long before = anonymous_kib();
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = http_ask_deaf(port, "/v1/statement", token);
	for (int i = 0; i < CLIENTS; i++) {
		char head[13] = "";
		ck_assert_int_eq(recv(clients[i], head, sizeof head - 1, MSG_WAITALL), (ssize_t)sizeof head - 1);
		made += strcmp(head, "HTTP/1.1 200") == 0;
		refused += strcmp(head, "HTTP/1.1 503") == 0;
		ck_assert(SANITIZED || anonymous_kib() - before < 64 << 10);
	}
	ck_assert_uint_eq(made + refused, CLIENTS);
	ck_assert_uint_ge(made, 2);
	ck_assert_uint_ge(refused, 2);
	answer = http_ask(fd, "GET", "/v1/accesses?limit=100", token_for(77, ROLE_SUBJECT, 600));
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	answer = http_ask(fd, "GET", "/v1/statement", token);
	ck_assert_int_eq(answer.status, 503);
	ck_assert_str_eq(http_header(&answer, "Retry-After"), "1");
	free(answer.body);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	/* That they are gone is noticed one after the other. */
	for (answer.status = 503; answer.status == 503; free(answer.body))
		answer = http_ask(fd, "GET", "/v1/statement", token);
	ck_assert_int_eq(answer.status, 200);
	close(fd);
	free(token);
	queryd_end();
}
END_TEST

/* A client that sends a byte now and then is cut off when its request has taken too long, however busy it looks. */
START_TEST(who_dribbles_is_cut_off)
{
	queryd_begin();
	int fd = http_connect(port);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	http_put(fd, "GET /checkpoint HTTP/1.1\r\nX-Filler: ");
	while (poll(&ended, 1, 1000) == 0)
		http_put(fd, "x");
	ck_assert(http_ended(fd));
	close(fd);
	queryd_end();
}
END_TEST

/* One connection more than the limit is turned away; when one ends there is room again. */
START_TEST(connections_have_a_limit)
{
	struct rlimit files;
	static int fds[QUERY_CONNECTIONS_MAX];
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	queryd_begin();
	for (size_t i = 0; i < QUERY_CONNECTIONS_MAX; i++)
		fds[i] = http_connect(port);
	struct http_answer answer = http_ask(fds[QUERY_CONNECTIONS_MAX - 1], "GET", "/checkpoint", NULL);
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	int extra = http_connect(port);
	ck_assert(http_answer_read(extra, false, &answer));
	ck_assert_int_eq(answer.status, 503);
	free(answer.body);
	ck_assert(http_ended(extra));
	close(extra);
	/* Room is made by an end that the daemon has seen. */
	shutdown(fds[0], SHUT_WR);
	ck_assert(http_ended(fds[0]));
	close(fds[0]);
	extra = http_connect(port);
	answer = http_ask(extra, "GET", "/checkpoint", NULL);
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	close(extra);
	for (size_t i = 1; i < QUERY_CONNECTIONS_MAX; i++)
		close(fds[i]);
	queryd_end();
}
END_TEST

/* Who may open few files has few connections: one more is turned away, and does not wait for a file descriptor. */
START_TEST(few_files_are_few_connections)
{
	enum { CONNECTIONS = 16 };
	const struct rlimit few = {4 * CONNECTIONS, 4 * CONNECTIONS};
	int fds[CONNECTIONS];
	struct http_answer answer;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	queryd_begin();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		fds[i] = http_connect(port);
		answer = http_ask(fds[i], "GET", "/checkpoint", NULL);
		ck_assert_int_eq(answer.status, 200);
		free(answer.body);
	}
	int extra = http_connect(port);
	ck_assert(http_answer_read(extra, false, &answer));
	ck_assert_int_eq(answer.status, 503);
	free(answer.body);
	close(extra);
	for (size_t i = 0; i < CONNECTIONS; i++)
		close(fds[i]);
	queryd_end();
}
END_TEST

/* Where no file descriptor is left whoever connects waits, and one line says so. */
START_TEST(without_files_whoever_connects_waits)
{
	enum { CLIENTS = 60 };
	static char log[1 << 20];
	int clients[CLIENTS];
	struct http_answer answer;
	queryd_begin();
	struct rlimit files;
	ck_assert_int_eq(prlimit(daemon_pid, RLIMIT_NOFILE, NULL, &files), 0);
	const struct rlimit few = {40, files.rlim_max};
	ck_assert_int_eq(prlimit(daemon_pid, RLIMIT_NOFILE, &few, NULL), 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = http_connect(port);
		http_request(clients[i], "GET", "/checkpoint", NULL);
	}
	/* The first are answered, and hold what there is; as they go the last ones get on. */
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert(http_answer_read(clients[i], false, &answer));
		ck_assert_int_eq(answer.status, 200);
		free(answer.body);
		close(clients[i]);
	}
	int fd = open(log_path, O_RDONLY);
	ssize_t len = read(fd, log, sizeof log - 1);
	close(fd);
	log[len > 0 ? len : 0] = '\0';
	const char *line = strstr(log, "no connection can be accepted");
	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_null(strstr(line + 1, "no connection can be accepted"));
	ck_assert_ptr_null(strstr(log, "[warn]"));
	queryd_end();
}
END_TEST

START_TEST(refuses_to_start)
{
	static const struct {
		const char *listen;
		bool demo_tokens;
		int exit;
	} cases[] = {{"0.0.0.0:0", true, 2}, {"[::]:0", true, 2}, {"nowhere", false, 2}, {"192.0.2.1:80", false, 2}};
	queryd_begin();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fd = -1;
		int status = 0;
		char byte;
		pid_t pid = queryd_spawn(cases[i].listen, cases[i].demo_tokens, &fd);
		ck_assert_int_eq(read(fd, &byte, 1), 0);
		close(fd);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(WEXITSTATUS(status), cases[i].exit);
	}
	queryd_end();
}
END_TEST

UNIT_MAIN("queryd", head_keeps_alive, pages_while_appending, tokens_open_what_they_should, two_ends_of_a_request_end_it,
	hostile_bytes_disturb_nobody, a_pipeline_is_answered_in_order, who_never_reads_keeps_nobody_waiting,
	many_large_answers, who_dribbles_is_cut_off, connections_have_a_limit, few_files_are_few_connections,
	without_files_whoever_connects_waits, refuses_to_start)
