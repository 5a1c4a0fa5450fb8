/* The witness as a process: HTTP, several who ask at once, and being killed. */
#include "ledger/note/cosignature.h"
#include "tests/lib/any_log.h"
#include "tests/lib/http.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#define KILLS 25
#define ASKERS 4

static struct place place;
static char dir[96];
static pid_t pid;
static uint16_t port;
static struct log logs[2];
static struct vkey witness;

/* Runs the program; its standard output is a pipe to be read. */
static pid_t run(const char *const argv[], FILE **out)
{
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		int quiet = open("/dev/null", O_WRONLY);
		dup2(fds[1], 1);
		dup2(quiet, 2);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(fds[1]);
	*out = fdopen(fds[0], "r");
	return child;
}

static int run_line(const char *const argv[], char *line, size_t room)
{
	FILE *out;
	int status;
	pid_t child = run(argv, &out);
	line[0] = '\0';
	if (fgets(line, (int)room, out) != NULL)
		line[strcspn(line, "\n")] = '\0';
	fclose(out);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void begin_as(const char *const argv[])
{
	FILE *out;
	unsigned got_port = 0, count = 0;
	pid = run(argv, &out);
	ck_assert_int_eq(fscanf(out, "ready witness=127.0.0.1:%u logs=%u", &got_port, &count), 2);
	ck_assert_uint_eq(count, 2);
	port = (uint16_t)got_port;
	fclose(out);
}

static void begin(void)
{
	const char *argv[] = {getenv("INDSIGT"), "witness", "serve", dir, "--listen", "127.0.0.1:0", NULL};
	begin_as(argv);
}

static void end(int signal_number)
{
	int status;
	kill(pid, signal_number);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (signal_number == SIGTERM)
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void set_up(void)
{
	char line[512], text[VKEY_TEXT_MAX + 1];
	const char *indsigt = getenv("INDSIGT");
	place_make(&place);
	snprintf(dir, sizeof dir, "%s/w", place.path);
	const char *init[] = {indsigt, "witness", "init", dir, "--name", "witness.example/w1", NULL};
	ck_assert_int_eq(run_line(init, line, sizeof line), 0);
	ck_ok(vkey_parse(bytes_text(line), &witness));
	for (int i = 0; i < 2; i++) {
		logs[i] = make_log(i == 0 ? "ledger.example/2026" : "other.example/log", (uint8_t)(i + 1));
		vkey_format(&logs[i].vkey, text);
		const char *add[] = {indsigt, "witness", "add", dir, text, NULL};
		ck_assert_int_eq(run_line(add, line, sizeof line), 0);
		ck_assert_int_eq(run_line(add, line, sizeof line), 1);
	}
	begin();
}

static void tear_down(void)
{
	end(SIGTERM);
	place_remove(&place);
}

static bool post(int fd, const char *target, struct bytes body, struct http_answer *out)
{
	char head[200];
	int len =
		snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: w\r\nContent-Length: %zu\r\n\r\n", target, body.len);
	memset(out, 0, sizeof *out);
	if (send(fd, head, (size_t)len, MSG_NOSIGNAL) != len ||
		send(fd, body.data, body.len, MSG_NOSIGNAL) != (ssize_t)body.len)
		return false;
	return http_answer_read(fd, false, out);
}

/* Status, and for 409 the size. */
static int add(int fd, struct log *log, uint64_t old, uint64_t size, uint64_t *told)
{
	struct ask *ask = malloc(sizeof *ask);
	char *body = malloc(70000);
	struct http_answer answer;
	ask_signed(ask, log, old, size);
	bool answered = post(fd, "/add-checkpoint", ask_body(ask, body, 70000), &answer);
	int status = answered ? answer.status : 0;
	if (status == 200) {
		char note_text[5000];
		struct note note;
		uint64_t time_s;
		snprintf(note_text, sizeof note_text, "%s\n%s", ask->text, answer.body);
		ck_ok(note_split(bytes_text(note_text), NOTE_BYTES_MAX, &note));
		ck_ok(cosignatures_read(&note, &witness, 1, &time_s));
		ck_assert(time_s != 0);
	}
	if (status == 409) {
		ck_assert_str_eq(http_header(&answer, "Content-Type"), "text/x.tlog.size");
		*told = strtoull(answer.body, NULL, 10);
	}
	if (answered)
		free(answer.body);
	free(body);
	free(ask);
	return status;
}

/* WIT-5, WIT-11: statuses, headers and other addresses over one connection. */
START_TEST(addresses_have_their_answers)
{
	uint64_t told;
	char hash[65], target[100];
	struct http_answer answer;
	set_up();
	int fd = http_connect(port);
	witness_origin_hash(bytes_text(logs[1].origin), hash);
	snprintf(target, sizeof target, "/%s/checkpoint", hash);
	answer = http_ask(fd, "GET", target, NULL);
	ck_assert_int_eq(answer.status, 404);
	free(answer.body);
	ck_assert_int_eq(add(fd, &logs[1], 0, 70, &told), 200);
	ck_assert_int_eq(add(fd, &logs[1], 0, 90, &told), 409);
	ck_assert_uint_eq(told, 70);
	ck_assert_int_eq(add(fd, &logs[1], 95, 90, &told), 400);
	ck_assert_int_eq(add(fd, &logs[1], 70, 90, &told), 200);
	answer = http_ask(fd, "GET", target, NULL);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(http_header(&answer, "Content-Type"), "text/plain; charset=utf-8");
	ck_assert_ptr_nonnull(strstr(answer.body, "other.example/log\n90\n"));
	ck_assert_ptr_nonnull(strstr(answer.body, "\n\xE2\x80\x94 witness.example/w1 "));
	size_t len = answer.body_len;
	free(answer.body);
	answer = http_ask(fd, "HEAD", target, NULL);
	ck_assert(answer.status == 200 && answer.body_len == len);
	const char *const others[][2] = {{"GET", "/"}, {"GET", "/checkpoint"}, {"POST", "/sign-subtree"}, {"GET", "/add"},
		{"DELETE", target}, {"PUT", "/add-checkpoint"}, {"GET", "/add-checkpoint"}};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		answer = http_ask(fd, others[i][0], others[i][1], NULL);
		ck_assert_msg(answer.status == (i < 4 ? 404 : 405), "%s %s: %d", others[i][0], others[i][1], answer.status);
		free(answer.body);
	}
	ck_assert(post(fd, "/add-checkpoint", BYTES_EMPTY, &answer));
	ck_assert_int_eq(answer.status, 400);
	free(answer.body);
	close(fd);
	/* Far too long: told by the server itself. */
	static const uint8_t long_body[999999];
	fd = http_connect(port);
	ck_assert(post(fd, "/add-checkpoint", bytes_of(long_body, sizeof long_body), &answer));
	ck_assert_int_eq(answer.status, 413);
	free(answer.body);
	close(fd);
	tear_down();
}
END_TEST

static int ask_raw(const char *text, char allow[100])
{
	struct http_answer answer;
	int fd = http_connect(port);
	http_put(fd, text);
	ck_assert_msg(http_answer_read(fd, strncmp(text, "HEAD", 4) == 0, &answer), "%s", text);
	snprintf(allow, 100, "%s", http_header(&answer, "Allow"));
	if (answer.status == 400)
		ck_assert_str_eq(http_header(&answer, "Connection"), "close");
	if (strcmp(http_header(&answer, "Connection"), "close") == 0)
		ck_assert(http_ended(fd)); /* and nothing behind it is answered */
	free(answer.body);
	close(fd);
	return answer.status;
}

#define NEXT "GET /next HTTP/1.1\r\nHost: w\r\n\r\n"

/* Nothing that a proxy in front could take for the end of a request is taken for another one. */
START_TEST(requests_with_two_ends)
{
	static const struct {
		const char *text;
		int status;
		const char *allow;
	} cases[] = {
		{"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 31\r\n\r\n" NEXT, 400, ""},
		{"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding : chunked\r\n\r\n" NEXT, 400, ""},
		{"POST /add-checkpoint HTTP/1.1\r\nContent-Length : 31\r\n\r\n" NEXT, 400, ""},
		{"POST /add-checkpoint HTTP/1.1\r\nContent-Length: +31\r\n\r\n" NEXT, 400, ""},
		{"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 031\r\n\r\n" NEXT, 400, ""},
		{"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400, ""},
		{"POST /add-checkpoint HTTP/1.1\r\nX: a\rContent-Length: 31\r\n\r\n" NEXT, 400, ""},
		{"GET /add-checkpoint HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 400, ""},
		{"GET /add-checkpoint HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n" NEXT, 400, ""},
		{"HEAD /add-checkpoint HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 400, ""},
		{"HEAD /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n" NEXT, 400, ""},
		{"BREW /add-checkpoint HTTP/1.1\r\nContent-Length: 31\r\n\r\n" NEXT, 400, ""},
		{"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 405, "POST"},
		{"POST /0000000000000000000000000000000000000000000000000000000000000000/checkpoint HTTP/1.1\r\n\r\n", 405,
			"GET, HEAD"},
	};
	char allow[100];
	set_up();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(ask_raw(cases[i].text, allow), cases[i].status);
		ck_assert_str_eq(allow, cases[i].allow);
	}
	tear_down();
}
END_TEST

/* Where few files may be open there are few connections; with more, accepting would fail over and over. */
START_TEST(few_files_mean_few_connections)
{
	static const char command[] = "ulimit -n 300; exec \"$INDSIGT\" witness serve \"$0\" --listen 127.0.0.1:0";
	const char *const limited[] = {"/bin/sh", "-c", command, dir, NULL};
	int fds[100];
	unsigned answered = 0;
	struct http_answer answer;
	set_up();
	end(SIGTERM);
	begin_as(limited);
	for (size_t i = 0; i < 100; i++)
		fds[i] = http_connect(port);
	for (size_t i = 0; i < 100; i++)
		(void)!send(fds[i], NEXT, strlen(NEXT), MSG_NOSIGNAL);
	for (size_t i = 0; i < 100; i++) {
		answered += http_answer_read(fds[i], false, &answer);
		free(answer.body);
	}
	ck_assert_uint_eq(answered, 75);
	for (size_t i = 0; i < 100; i++)
		close(fds[i]);
	tear_down();
}
END_TEST

/* Who asks and asks and takes no answers is read no further: what it sends fills its own buffers. */
START_TEST(answers_that_nobody_takes)
{
	static char requests[1 << 20];
	const struct timeval patience = {.tv_sec = 1};
	size_t len = 0, sent = 0;
	ssize_t n;
	set_up();
	int fd = http_connect(port);
	while (len + strlen(NEXT) < sizeof requests)
		len += (size_t)sprintf(requests + len, NEXT);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
	while (sent < 64u << 20 && (n = send(fd, requests, len, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	ck_assert_msg(sent < 64u << 20, "the witness took all %zu bytes", sent);
	close(fd);
	tear_down();
}
END_TEST

struct asker {
	pthread_t thread;
	struct log *log;
	unsigned given;
};

/* Each goes from what the witness has to one more, and counts how often it was the one. */
static void *ask_on(void *context)
{
	struct asker *asker = context;
	uint64_t have = 0, told = 0;
	int fd = http_connect(port);
	while (have < 60) {
		int status = add(fd, asker->log, have, have + 1, &told);
		ck_assert_int_ne(status, 0);
		ck_assert(status == 200 || status == 409);
		asker->given += status == 200;
		ck_assert(status == 200 || told > have);
		have = status == 200 ? have + 1 : told;
	}
	close(fd);
	return NULL;
}

/* WIT-7: of several who ask for the same at once, one is answered. */
START_TEST(one_of_several_at_once_is_answered)
{
	struct asker askers[ASKERS] = {0};
	unsigned given = 0;
	set_up();
	for (int i = 0; i < ASKERS; i++) {
		askers[i].log = &logs[0];
		ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask_on, &askers[i]), 0);
	}
	for (int i = 0; i < ASKERS; i++) {
		pthread_join(askers[i].thread, NULL);
		given += askers[i].given;
	}
	ck_assert_uint_eq(given, 60);
	tear_down();
}
END_TEST

/* Sends a request and kills the witness while it works on it, a little later each time. Gives the answer's status, 0 if
 * it never came. */
static int add_and_kill(int fd, struct log *log, uint64_t old, unsigned later)
{
	static struct ask ask;
	static char body[70000];
	char head[100];
	struct http_answer answer;
	ask_signed(&ask, log, old, old + 1);
	struct bytes whole = ask_body(&ask, body, sizeof body);
	snprintf(head, sizeof head, "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %zu\r\n\r\n", whole.len);
	http_put(fd, head);
	body[whole.len] = '\0';
	http_put(fd, body);
	for (unsigned i = 0; i < later; i++)
		sched_yield();
	end(SIGKILL);
	if (!http_answer_read(fd, false, &answer))
		return 0;
	free(answer.body);
	return answer.status;
}

/* WIT-10: killed at any moment, it knows at least what it answered, and nothing that was not asked. */
START_TEST(killed_anywhere_it_remembers)
{
	uint64_t answered[2] = {0}, told = 0;
	unsigned without_answer = 0;
	set_up();
	for (unsigned round = 0; round < KILLS; round++) {
		struct log *log = &logs[round & 1];
		uint64_t *have = &answered[round & 1], asked = *have + 1;
		int fd = http_connect(port);
		int status = add_and_kill(fd, log, *have, round * round * 3);
		ck_assert(status == 0 || status == 200);
		without_answer += status == 0;
		close(fd);
		begin();
		fd = http_connect(port);
		/* An old size that it cannot have: it says which one it has. */
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(add(fd, &logs[i], LEAVES, LEAVES, &told), 409);
			if (i == (int)(round & 1)) {
				ck_assert(told == asked || (status == 0 && told == *have));
				*have = told;
			}
			ck_assert_uint_eq(told, answered[i]);
		}
		close(fd);
	}
	ck_assert_uint_gt(without_answer, 0);
	tear_down();
}
END_TEST

/* FORK-4: a fork with the log's own key is refused, and the file that is kept convinces whoever has the vkey. */
START_TEST(a_fork_is_refused_and_kept)
{
	uint64_t told;
	char hash[65], path[300], vkey[VKEY_TEXT_MAX + 1], other[VKEY_TEXT_MAX + 1], line[1000];
	set_up();
	struct log fork = logs[0];
	fork.leaves[5].b[0] ^= 1;
	int fd = http_connect(port);
	ck_assert_int_eq(add(fd, &logs[0], 0, 70, &told), 200);
	ck_assert_int_eq(add(fd, &fork, 70, 90, &told), 422);
	close(fd);
	witness_origin_hash(bytes_text(logs[0].origin), hash);
	snprintf(path, sizeof path, "%s/evidence/%s", dir, hash);
	vkey_format(&logs[0].vkey, vkey);
	vkey_format(&logs[1].vkey, other);
	const char *verify[] = {getenv("INDSIGT"), "verify", path, "--vkey", vkey, "--lang", "en", NULL};
	ck_assert_int_eq(run_line(verify, line, sizeof line), 0);
	ck_assert_ptr_nonnull(strstr(line, "has signed two histories"));
	verify[4] = other;
	ck_assert_int_eq(run_line(verify, line, sizeof line), 5); /* another log than it speaks of */
	tear_down();
}
END_TEST

UNIT_MAIN("witness_server", a_fork_is_refused_and_kept, addresses_have_their_answers, requests_with_two_ends,
	answers_that_nobody_takes, few_files_mean_few_connections, one_of_several_at_once_is_answered,
	killed_anywhere_it_remembers)
