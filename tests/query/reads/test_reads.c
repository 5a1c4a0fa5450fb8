/* Reports, with the test as the sender that takes them. */
#include "query/reads/reads.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct place place;
static struct reads *reads;
static int listener = -1;

/* What became of a report. */
struct outcome {
	pthread_mutex_t lock;
	pthread_cond_t told;
	unsigned count;
	enum error error;
};

#define OUTCOME                                                             \
	{                                                                       \
		.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER \
	}

static void on_done(void *context, enum error error, uint64_t index)
{
	(void)index;
	struct outcome *outcome = context;
	pthread_mutex_lock(&outcome->lock);
	outcome->count++;
	outcome->error = error;
	pthread_cond_signal(&outcome->told);
	pthread_mutex_unlock(&outcome->lock);
}

static enum error outcome_of(struct outcome *outcome)
{
	pthread_mutex_lock(&outcome->lock);
	while (outcome->count == 0)
		pthread_cond_wait(&outcome->told, &outcome->lock);
	ck_assert_uint_eq(outcome->count, 1);
	pthread_mutex_unlock(&outcome->lock);
	return outcome->error;
}

static void begin(bool listening)
{
	struct fault fault = {.text = ""};
	place_make(&place);
	shell("mkdir %s/" READS_DIR, place.path);
	if (listening) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		snprintf(address.sun_path, sizeof address.sun_path, "%s/" READS_SOCKET, place.path);
		listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
		ck_assert_int_eq(listen(listener, 5), 0);
	}
	ck_ok(reads_open(place.path, &reads, &fault));
}

static void end(void)
{
	reads_close(reads);
	if (listener >= 0)
		close(listener);
	listener = -1;
	place_remove(&place);
}

static void record(const char *report, struct outcome *outcome)
{
	reads_record(reads, strdup(report), on_done, outcome);
}

/* One line, as the sender's side gets it. */
static void expect_line(int fd, const char *wanted)
{
	char line[256];
	size_t len = 0;
	while (len < sizeof line - 1 && read(fd, line + len, 1) == 1 && line[len] != '\n')
		len++;
	line[len] = '\0';
	ck_assert_str_eq(line, wanted);
}

static void answer(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* ROLE-7 */
START_TEST(what_is_in_the_log_is_on_record)
{
	struct outcome first = OUTCOME, second = OUTCOME, third = OUTCOME;
	begin(true);
	record("{\"a\":1}", &first);
	record("{\"a\":2}", &second);
	int fd = accept(listener, NULL, NULL);
	expect_line(fd, "{\"a\":1}");
	expect_line(fd, "{\"a\":2}");
	answer(fd, "{\"number\":1,\"sequence\":0,\"index\":7,\"events\":1,\"receipt\":{}}\n{\"number\":2,");
	ck_ok(outcome_of(&first));
	answer(fd, "\"known\":true}\n");
	ck_error(outcome_of(&second), E_EXISTS);
	record("{\"a\":3}", &third);
	expect_line(fd, "{\"a\":3}");
	answer(fd, "{\"number\":3,\"error\":\"revoked-sender\",\"reason\":\"x\"}\n");
	ck_error(outcome_of(&third), E_UNRECORDED);
	close(fd);
	end();
}
END_TEST

/* ROLE-8 */
START_TEST(without_a_sender_nothing_is)
{
	struct outcome outcome = OUTCOME;
	begin(false);
	record("{}", &outcome);
	ck_error(outcome_of(&outcome), E_UNRECORDED);
	end();
}
END_TEST

/* Whatever it says that is no answer to a report ends the connection, and the next report makes another one. */
START_TEST(what_is_no_answer_records_nothing)
{
	static const char *const answers[] = {"", "x\n", "{}\n", "{\"number\":2,\"index\":1}\n",
		"{\"number\":\"1\",\"index\":1}\n", "{\"number\":1,\"index\":\"1\"}\n", "{\"number\":1}\n",
		"{\"number\":1,\"number\":1,\"index\":1}\n"};
	begin(true);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct outcome outcome = OUTCOME;
		record("{}", &outcome);
		int fd = accept(listener, NULL, NULL);
		expect_line(fd, "{}");
		answer(fd, answers[i]);
		shutdown(fd, SHUT_WR);
		ck_error(outcome_of(&outcome), E_UNRECORDED);
		char ignored;
		ck_assert_int_le(read(fd, &ignored, 1), 0);
		close(fd);
	}
	end();
}
END_TEST

/* ROLE-8: it is refused after a while, others at once, until the sender has answered. */
START_TEST(nobody_waits_for_ever)
{
	struct outcome slow = OUTCOME, next = OUTCOME, later = OUTCOME;
	begin(true);
	record("{\"a\":1}", &slow);
	int fd = accept(listener, NULL, NULL);
	expect_line(fd, "{\"a\":1}");
	ck_error(outcome_of(&slow), E_UNRECORDED);
	record("{\"a\":2}", &next);
	ck_error(outcome_of(&next), E_UNRECORDED);
	struct pollfd sent = {.fd = fd, .events = POLLIN};
	ck_assert_int_eq(poll(&sent, 1, 0), 0); /* it was not given to the sender */
	answer(fd, "{\"number\":1,\"index\":7}\n");
	do {
		struct outcome again = OUTCOME; /* the thread has seen the answer once it takes one */
		record("{\"a\":3}", &again);
		while (again.count == 0 && poll(&sent, 1, 10) == 0)
			;
		if (again.count == 0) {
			expect_line(fd, "{\"a\":3}");
			answer(fd, "{\"number\":2,\"index\":8}\n");
		}
		later.error = outcome_of(&again);
	} while (later.error != E_OK);
	ck_assert_uint_eq(slow.count, 1);
	close(fd);
	end();
}
END_TEST

START_TEST(what_waits_fails_at_the_end)
{
	struct outcome outcome = OUTCOME;
	begin(true);
	record("{}", &outcome);
	int fd = accept(listener, NULL, NULL);
	expect_line(fd, "{}");
	end();
	ck_error(outcome_of(&outcome), E_UNRECORDED);
	close(fd);
}
END_TEST

UNIT_MAIN("reads", what_is_in_the_log_is_on_record, without_a_sender_nothing_is, what_is_no_answer_records_nothing,
	nobody_waits_for_ever, what_waits_fails_at_the_end)
