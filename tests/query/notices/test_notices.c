/* Questions, with the test as the notifier. */
#include "query/notices/notices.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct place place;
static struct notices *notices;
static int listener = -1;

/* What came of a question. */
struct outcome {
	pthread_mutex_t lock;
	pthread_cond_t told;
	unsigned count;
	char answer[64];
};

#define OUTCOME                                                             \
	{                                                                       \
		.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER \
	}

static void on_done(void *context, struct bytes answer)
{
	struct outcome *outcome = context;
	pthread_mutex_lock(&outcome->lock);
	outcome->count++;
	snprintf(outcome->answer, sizeof outcome->answer, "%.*s", (int)answer.len, (const char *)answer.data);
	pthread_cond_signal(&outcome->told);
	pthread_mutex_unlock(&outcome->lock);
}

static const char *answer_of(struct outcome *outcome)
{
	pthread_mutex_lock(&outcome->lock);
	while (outcome->count == 0)
		pthread_cond_wait(&outcome->told, &outcome->lock);
	ck_assert_uint_eq(outcome->count, 1);
	pthread_mutex_unlock(&outcome->lock);
	return outcome->answer;
}

static void begin(bool listening)
{
	struct fault fault = {.text = ""};
	place_make(&place);
	shell("mkdir %s/notify", place.path);
	if (listening) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		snprintf(address.sun_path, sizeof address.sun_path, "%s/" NOTICES_SOCKET, place.path);
		listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
		ck_assert_int_eq(listen(listener, 5), 0);
	}
	ck_ok(notices_open(place.path, &notices, &fault));
}

static void end(void)
{
	notices_close(notices);
	if (listener >= 0)
		close(listener);
	listener = -1;
	place_remove(&place);
}

static void ask(const char *question, struct outcome *outcome)
{
	notices_ask(notices, strdup(question), on_done, outcome);
}

static int expect(const char *wanted)
{
	char line[256] = "";
	size_t len = 0;
	int fd = accept(listener, NULL, NULL);
	while (len < sizeof line - 1 && read(fd, line + len, 1) == 1 && line[len] != '\n')
		len++;
	line[len] = '\0';
	ck_assert_str_eq(line, wanted);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* NTF-7, HTTP-45: in turn, each with its own line, in however many pieces it comes. */
START_TEST(each_question_has_its_answer)
{
	struct outcome first = OUTCOME, second = OUTCOME;
	begin(true);
	ask("{\"get\":1}", &first);
	ask("{\"get\":2}", &second);
	int fd = expect("{\"get\":1}");
	say(fd, "{\"a\":");
	say(fd, "1}\n");
	ck_assert_str_eq(answer_of(&first), "{\"a\":1}");
	close(fd);
	fd = expect("{\"get\":2}");
	say(fd, "{}\n");
	ck_assert_str_eq(answer_of(&second), "{}");
	close(fd);
	end();
}
END_TEST

/* HTTP-45 */
START_TEST(without_a_notifier_there_is_no_answer)
{
	struct outcome outcome = OUTCOME;
	begin(false);
	ask("{}", &outcome);
	ck_assert_str_eq(answer_of(&outcome), "");
	end();
}
END_TEST

/* HTTP-45: half a line is none, and the next question is another one. */
START_TEST(what_ends_before_its_line_is_no_answer)
{
	struct outcome first = OUTCOME, second = OUTCOME;
	begin(true);
	ask("1", &first);
	int fd = expect("1");
	say(fd, "{\"wishes\":{}}");
	close(fd);
	ck_assert_str_eq(answer_of(&first), "");
	ask("2", &second);
	fd = expect("2");
	say(fd, "good\n");
	ck_assert_str_eq(answer_of(&second), "good");
	close(fd);
	end();
}
END_TEST

/* HTTP-45: of one that stands still nobody waits for longer than anybody else, and no more than so many wait. */
START_TEST(who_stands_still_holds_nobody_up)
{
	static struct outcome outcomes[NOTICES_MAX + 2];
	begin(true);
	for (size_t i = 0; i < NOTICES_MAX + 2; i++) {
		pthread_mutex_init(&outcomes[i].lock, NULL);
		pthread_cond_init(&outcomes[i].told, NULL);
	}
	ask("0", &outcomes[0]);
	int fd = expect("0"); /* in hand */
	for (size_t i = 1; i < NOTICES_MAX + 2; i++)
		ask("1", &outcomes[i]);
	ck_assert_uint_eq(outcomes[NOTICES_MAX + 1].count, 1); /* at once */
	ck_assert_uint_eq(outcomes[NOTICES_MAX].count, 0);
	for (size_t i = 0; i < NOTICES_MAX + 2; i++)
		ck_assert_str_eq(answer_of(&outcomes[i]), "");
	close(fd);
	end();
}
END_TEST

/* At the end of the process nobody is left without a word. */
START_TEST(what_waits_at_the_end_has_no_answer)
{
	struct outcome first = OUTCOME, second = OUTCOME;
	begin(true);
	ask("1", &first);
	int fd = expect("1");
	ask("2", &second);
	end();
	ck_assert_uint_eq(first.count, 1);
	ck_assert_uint_eq(second.count, 1);
	ck_assert_str_eq(second.answer, "");
	close(fd);
}
END_TEST

UNIT_MAIN("notices", each_question_has_its_answer, without_a_notifier_there_is_no_answer,
	what_ends_before_its_line_is_no_answer, who_stands_still_holds_nobody_up, what_waits_at_the_end_has_no_answer)
