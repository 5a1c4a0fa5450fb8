/* The server of witnesses and mirrors, with answers that are larger than theirs. */
#include "ledger/base/clock.h"
#include "query/server/http_server.h"
#include "query/server/timed.h"
#include "tests/lib/http.h"
#include "tests/lib/unit.h"

#include <event2/buffer.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#define LARGE (8u << 20)
#define CLIENTS 24
#define CONNECTIONS_MAX 100

#define UNLUCKY 4711 /* libevent has no memory for a body of so many bytes */

static pid_t pid;
static uint16_t port;
static int told_fd; /* a line for each answer that is told of */

int __real_evbuffer_add_reference(
	struct evbuffer *buffer, const void *data, size_t len, evbuffer_ref_cleanup_cb cleanup, void *extra);
int __wrap_evbuffer_add_reference(
	struct evbuffer *buffer, const void *data, size_t len, evbuffer_ref_cleanup_cb cleanup, void *extra);
unsigned char *__real_evbuffer_pullup(struct evbuffer *buffer, ev_ssize_t len);
unsigned char *__wrap_evbuffer_pullup(struct evbuffer *buffer, ev_ssize_t len);

int __wrap_evbuffer_add_reference(
	struct evbuffer *buffer, const void *data, size_t len, evbuffer_ref_cleanup_cb cleanup, void *extra)
{
	return len == UNLUCKY ? -1 : __real_evbuffer_add_reference(buffer, data, len, cleanup, extra);
}

unsigned char *__wrap_evbuffer_pullup(struct evbuffer *buffer, ev_ssize_t len)
{
	return evbuffer_get_length(buffer) == UNLUCKY ? NULL : __real_evbuffer_pullup(buffer, len);
}

static void give(void *context, const struct request *request, struct response *out)
{
	static unsigned asked;
	(void)context;
	response_text(out, 200, "small\n");
	if (strcmp(request->path, "/nowhere") == 0)
		response_text(out, 404, "nothing\n");
	if (strncmp(request->path, "/report/", 8) == 0)
		out->report = strdup(request->path + 8);
	if (strcmp(request->path, "/once") == 0 && ++asked == 1)
		out->report = strdup("known");
	out->timed = strcmp(request->path, "/timed") == 0;
	for (size_t i = 0; i < request->body.len; i++)
		out->note[0] = (char)(out->note[0] ^ request->body.data[i]);
	size_t len = strcmp(request->path, "/large") == 0 ? LARGE : strcmp(request->path, "/unlucky") == 0 ? UNLUCKY : 0;
	if (len == 0)
		return;
	free(out->body);
	out->body = calloc(1, len);
	out->body_len = len;
}

/* "wait" is on record, or not, when another report has said which. */
static void record(void *context, char *report, http_recorded *done, void *done_context)
{
	static struct {
		http_recorded *done;
		void *context;
	} waiting;
	(void)context;
	enum error error = strcmp(report, "yes") == 0 ? E_OK : strcmp(report, "known") == 0 ? E_EXISTS : E_UNRECORDED;
	bool wait = strcmp(report, "wait") == 0;
	free(report);
	if (wait) {
		waiting.done = done;
		waiting.context = done_context;
		return;
	}
	if (waiting.done != NULL)
		waiting.done(waiting.context, error, 0);
	waiting.done = NULL;
	done(done_context, error, 0);
}

static void told(const struct request *request, const struct response *response, double ms)
{
	(void)ms;
	dprintf(told_fd, "%s %d\n", request->path, response->status);
}

static void tell(const char *line)
{
	(void)line;
}

/* In the child. */
static int serve(int out_fd)
{
	struct fault fault = {.text = ""};
	struct address address;
	struct http_server *server;
	const struct http_options options = {.answer = give,
		.workers = 1,
		.refuse = http_refuse_text,
		.answered = told,
		.tell = tell,
		.record = record,
		.body_bytes_max = 2 * UNLUCKY,
		.takes_body = http_takes_posts,
		.connections_max = CONNECTIONS_MAX,
		.turns_away = true,
		.connection_seconds = 60,
		.output_bytes_max = 64u << 20,
		.large_output_bytes_max = 64u << 20};
	if (address_parse("127.0.0.1:0", &address, &fault) != E_OK ||
		http_server_new(&address, &options, &server, &fault) != E_OK)
		return 1;
	const char *text = http_server_address(server);
	if (write(out_fd, text, strlen(text)) < 0 || close(out_fd) != 0)
		return 1;
	enum error error = http_server_run(server, &fault);
	http_server_free(server);
	return error != E_OK;
}

static void begin(void)
{
	char line[64] = "";
	int ends[2], told_ends[2];
	unsigned number = 0;
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(pipe2(told_ends, O_NONBLOCK), 0);
	pid = fork();
	told_fd = told_ends[pid == 0];
	close(told_ends[pid != 0]);
	if (pid == 0)
		_exit(serve(ends[1]));
	close(ends[1]);
	ck_assert_int_gt(read(ends[0], line, sizeof line - 1), 0);
	close(ends[0]);
	ck_assert_int_eq(sscanf(line, "127.0.0.1:%u", &number), 1);
	port = (uint16_t)number;
}

/* It ends cleanly. */
static void end(void)
{
	int status;
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	close(told_fd);
}

/* HTTP-35: 64 MiB for all who do not read, a refusal for who comes then, and room again when they are gone. */
START_TEST(answers_that_wait)
{
	int clients[CLIENTS];
	unsigned given = 0, refused = 0;
	struct http_answer answer;
	begin();
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = http_ask_deaf(port, "/large", NULL);
	for (int i = 0; i < CLIENTS; i++) {
		char head[13] = "";
		ck_assert_int_eq(recv(clients[i], head, sizeof head - 1, MSG_WAITALL), (ssize_t)sizeof head - 1);
		given += strcmp(head, "HTTP/1.1 200") == 0;
		refused += strcmp(head, "HTTP/1.1 503") == 0;
	}
	ck_assert_uint_eq(given, (64u << 20) / LARGE);
	ck_assert_uint_eq(refused, CLIENTS - given);
	int fd = http_connect(port);
	answer = http_ask(fd, "HEAD", "/large", NULL);
	ck_assert_int_eq(answer.status, 200);
	answer = http_ask(fd, "GET", "/nowhere", NULL); /* a refusal is short */
	ck_assert_int_eq(answer.status, 404);
	free(answer.body);
	answer = http_ask(fd, "GET", "/large", NULL);
	ck_assert_int_eq(answer.status, 503);
	ck_assert_str_eq(http_header(&answer, "Retry-After"), "1");
	free(answer.body);
	ck_assert(http_ended(fd));
	close(fd);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	for (answer.status = 503; answer.status == 503; free(answer.body), close(fd)) {
		fd = http_connect(port);
		answer = http_ask(fd, "GET", "/large", NULL);
	}
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.body_len, LARGE);
	end();
}
END_TEST

static void expect_answer(int fd, int status, const char *body)
{
	struct http_answer answer;
	ck_assert(http_answer_read(fd, false, &answer));
	ck_assert_int_eq(answer.status, status);
	ck_assert_ptr_nonnull(strstr(answer.body, body));
	ck_assert_ptr_null(strstr(answer.head, status == 200 ? "Retry-After" : "Content-Length: 6\r\n"));
	free(answer.body);
}

/* ROLE-7, ROLE-8: such an answer goes out when it is on record, and where it cannot be nothing of it does; whoever
 * needs no record is answered meanwhile, with one worker. */
START_TEST(answers_that_are_put_on_record)
{
	static const char *const ends[] = {"/report/yes", "/report/no"};
	begin();
	for (int i = 0; i < 2; i++) {
		int status = i == 0 ? 200 : 503;
		int waits = http_connect(port), fd = http_connect(port);
		http_request(waits, "GET", "/report/wait", NULL);
		struct http_answer answer = http_ask(fd, "GET", "/small", NULL);
		ck_assert_int_eq(answer.status, 200);
		free(answer.body);
		char byte;
		ck_assert_int_eq(recv(waits, &byte, 1, MSG_DONTWAIT), -1);
		do { /* once "wait" is with who records it */
			http_request(fd, "GET", ends[i], NULL);
			expect_answer(fd, status, i == 0 ? "small" : "on record");
		} while (recv(waits, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0);
		expect_answer(waits, status, i == 0 ? "small" : "on record");
		close(waits);
		close(fd);
	}
	end();
}
END_TEST

/* HTTP-40: what was on record already is asked for once more, and answered from there; but not for ever. */
START_TEST(answers_that_were_on_record)
{
	static const char *const paths[] = {"/once", "/report/known"};
	begin();
	int fd = http_connect(port);
	for (int i = 0; i < 2; i++) {
		http_request(fd, "GET", paths[i], NULL);
		expect_answer(fd, i == 0 ? 200 : 503, i == 0 ? "small" : "on record");
	}
	close(fd);
	end();
}
END_TEST

/* ROLE-4: whatever it took to make, and also when the server is told to end meanwhile. */
START_TEST(answers_that_do_not_tell_how_long_they_took)
{
	begin();
	int fd = http_connect(port), other = http_connect(port);
	for (int i = 0; i < 3; i++) {
		uint64_t begun_us = clock_us();
		struct http_answer answer = http_ask(fd, i == 1 ? "HEAD" : "GET", "/timed", NULL);
		ck_assert_int_eq(answer.status, 200);
		ck_assert_uint_ge(clock_us() - begun_us, HTTP_TIMED_MS * 1000);
		free(answer.body);
	}
	http_request(other, "GET", "/timed", NULL);
	struct http_answer answer = http_ask(fd, "GET", "/small", NULL); /* with one worker: the other was made before */
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	expect_answer(other, 200, "small");
	close(fd);
	close(other);
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(told_fd);
}
END_TEST

/* What libevent has no memory for: an answer is not told of as one that was given, and a request is refused. */
START_TEST(without_memory_in_libevent)
{
	static char body[UNLUCKY];
	char lines[256] = "";
	struct http_answer answer;
	begin();
	int fd = http_connect(port);
	http_request(fd, "GET", "/unlucky", NULL);
	ck_assert(http_ended(fd)); /* without an answer */
	close(fd);
	fd = http_connect(port);
	memset(body, 'b', sizeof body);
	snprintf(lines, sizeof lines, "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", UNLUCKY);
	http_put(fd, lines);
	ck_assert_int_eq(send(fd, body, sizeof body, MSG_NOSIGNAL), (ssize_t)sizeof body);
	ck_assert(http_answer_read(fd, false, &answer));
	ck_assert_int_eq(answer.status, 503);
	free(answer.body);
	close(fd);
	fd = http_connect(port);
	answer = http_ask(fd, "GET", "/nowhere", NULL);
	ck_assert_int_eq(answer.status, 404);
	free(answer.body);
	close(fd);
	memset(lines, 0, sizeof lines);
	ck_assert_int_gt(read(told_fd, lines, sizeof lines - 1), 0);
	ck_assert_str_eq(lines, "/unlucky 0\n/nowhere 404\n");
	end();
}
END_TEST

/* As the first question of a connection, or behind others. */
static void expect_refused(int fd, const char *request, int status)
{
	struct http_answer answer;
	http_put(fd, request);
	ck_assert(http_answer_read(fd, false, &answer));
	ck_assert_msg(answer.status == status, "%d for: %s", answer.status, request);
	ck_assert_msg(strcmp(http_header(&answer, "X-Content-Type-Options"), "nosniff") == 0, "%s", answer.head);
	ck_assert(http_ended(fd));
	free(answer.body);
	close(fd);
}

static void expect_sniffed_by_nobody(const char *request, int status)
{
	expect_refused(http_connect(port), request, status);
	int fd = http_connect(port);
	for (int i = 0; i < 2 && status != 503; i++) {
		struct http_answer answer = http_ask(fd, "GET", "/", NULL);
		ck_assert_int_eq(answer.status, 200);
		free(answer.body);
	}
	if (status != 503)
		expect_refused(fd, request, status);
	else
		close(fd);
}

/* HTTP-4: also to who sends far more than is taken, and reads only then. */
START_TEST(what_is_too_long_is_heard)
{
	static const size_t lens[] = {2 * UNLUCKY + 1, 1u << 17, LARGE};
	static char body[LARGE];
	char head[128];
	struct http_answer answer;
	begin();
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		const size_t len = lens[i];
		int fd = http_connect(port);
		snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", len);
		http_put(fd, head);
		for (size_t sent = 0; sent < len;) {
			ssize_t n = send(fd, body + sent, len - sent, MSG_NOSIGNAL);
			ck_assert_msg(n > 0, "%zu of %zu: %m", sent, len);
			sent += (size_t)n;
		}
		ck_assert_msg(http_answer_read(fd, false, &answer), "%zu", len);
		ck_assert_int_eq(answer.status, 413);
		ck_assert_str_eq(http_header(&answer, "X-Content-Type-Options"), "nosniff");
		ck_assert(http_ended(fd));
		free(answer.body);
		close(fd);
	}
	end();
}
END_TEST

/* HTTP-5: also what libevent refuses by itself, and one connection too many; and nothing is put into what is no answer
 * yet. */
START_TEST(refusals_of_the_server_itself)
{
	char head[26] = "";
	int fds[CONNECTIONS_MAX];
	struct http_answer answer;
	begin();
	expect_sniffed_by_nobody("what is this\r\n\r\n", 400);
	expect_sniffed_by_nobody("BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501);
	int fd = http_connect(port);
	http_put(fd, "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	ck_assert_int_eq(recv(fd, head, sizeof head - 1, MSG_WAITALL), (ssize_t)sizeof head - 1);
	ck_assert_str_eq(head, "HTTP/1.1 100 Continue\r\n\r\n");
	http_put(fd, "abc");
	ck_assert(http_answer_read(fd, false, &answer));
	ck_assert_int_eq(answer.status, 200);
	free(answer.body);
	close(fd);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		fds[i] = http_connect(port);
		answer = http_ask(fds[i], "GET", "/", NULL);
		ck_assert_int_eq(answer.status, 200);
		free(answer.body);
	}
	expect_sniffed_by_nobody("", 503);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		close(fds[i]);
	end();
}
END_TEST

UNIT_MAIN("http_server", answers_that_wait, answers_that_are_put_on_record, answers_that_were_on_record,
	answers_that_do_not_tell_how_long_they_took, without_memory_in_libevent, what_is_too_long_is_heard,
	refusals_of_the_server_itself)
