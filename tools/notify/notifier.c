/* One loop, one thread:
 *
 *   look at the log ─► hear callers ─► whose turn is it? ─► commit ─► send, answer ─► wait ─► what has come back ─► ...
 *
 * Everything that happens in a round is one commit, and only after it does anybody outside see any of it: a notice is
 * on the disk before it is on the line, a wish before its answer. What fails at the disk ends the process; `serve`
 * starts it again, and the file is what holds. The portal's failures are no errors here.
 *
 * No line on stderr names anybody; how the portal is doing is said when it changes. */
#include "tools/notify/notifier.h"

#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/base/lock.h"
#include "ledger/json/json_number.h"
#include "ledger/json/json_read.h"
#include "ledger/keys/keyfile.h"
#include "ledger/process/process.h"
#include "ledger/store/place.h"
#include "tools/notify/delivery.h"
#include "tools/notify/door.h"
#include "tools/notify/news.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>

#define LOOK_MS 500u    /* between two looks at the log */
#define STATUS_MS 1000u /* between two status files, when something has changed */

struct notifier {
	const struct notify_options *options;
	int dir_fd, notify_fd, events, signals;
	struct notify_config config;
	struct news *news;
	struct book *book;
	struct delivery *delivery;
	struct door *door;
	struct news_seen seen;
	uint64_t look_ms;
	uint64_t status_ms;
	uint64_t delivered_s; /* when the portal last took one */
	char *status;         /* as it was last written */
	bool troubled;        /* which was said */
	bool held;
};

/* ---- what is new ---- */

static enum error on_news(void *context, const struct alias *alias)
{
	return book_news(context, alias);
}

static void tell_held(struct notifier *notifier)
{
	if (notifier->seen.held != notifier->held)
		fprintf(stderr,
			notifier->seen.held ? "indsigt: notify: events from entry %" PRIu64 " cannot be read now; nobody "
								  "is told of anything behind them until they can\n"
								: "indsigt: notify: events are read again, from entry %" PRIu64 "\n",
			notifier->seen.position.next);
	notifier->held = notifier->seen.held;
}

static enum error look(struct notifier *notifier, uint64_t now_ms, struct fault *fault)
{
	if (now_ms < notifier->look_ms)
		return E_OK;
	struct book_position before = book_position(notifier->book);
	TRY(news_read(notifier->news, &before, on_news, notifier->book, &notifier->seen, fault));
	notifier->look_ms = now_ms + (notifier->seen.more ? 0 : LOOK_MS);
	tell_held(notifier);
	if (notifier->seen.position.next != before.next)
		TRY(fault_set(fault, book_reached(notifier->book, &notifier->seen.position), ""));
	return E_OK;
}

/* ---- callers ---- */

static json_t *state_of(const struct person *person)
{
	json_t *json = json_pack("{s:o, s:b, s:b}", "wishes", wishes_json(person != NULL ? &person->wishes : NULL),
		"stopped", person != NULL && person->stopped, "waiting",
		person != NULL && (person->new_s != 0 || person->made_s != 0));
	if (json != NULL && person != NULL && person->told_s != 0)
		json_object_set_new(json, "told", json_time(person->told_s));
	return json;
}

static enum error on_request(void *context, const struct door_request *request, json_t **answer)
{
	struct notifier *notifier = context;
	struct book *book = notifier->book;
	if (request->puts && request->on)
		TRY(book_set(book, request->subject, &request->wishes));
	const struct person *person = book_find(book, request->subject);
	if (request->puts && !request->on && person != NULL) {
		delivery_drop(notifier->delivery, person);
		TRY(book_remove(book, request->subject));
		person = NULL;
	}
	*answer = state_of(person);
	return allocated(*answer != NULL);
}

/* ---- notices ---- */

/* Those whose turn it is, as many as may be on the line; none of them is sent yet. */
static enum error take_turns(
	struct notifier *notifier, uint64_t now_ms, struct person *out[DELIVERY_SLOTS], size_t *count)
{
	size_t most = delivery_room(notifier->delivery, now_ms);
	*count = 0;
	while (*count < most) {
		TRY(book_next(notifier->book, &out[*count]));
		if (out[*count] == NULL)
			return E_OK;
		++*count;
	}
	return E_OK;
}

static enum error take_answer(struct notifier *notifier, const struct delivered *delivered, uint64_t now_s)
{
	struct book *book = notifier->book;
	if (delivered->verdict == HOOK_TAKEN || delivered->verdict == HOOK_GONE)
		notifier->delivered_s = now_s;
	switch (delivered->verdict) {
	case HOOK_TAKEN:
		return book_delivered(book, delivered->person);
	case HOOK_GONE:
		return book_stop(book, delivered->person);
	case HOOK_REFUSED:
	case HOOK_AWAY:
		break;
	}
	return book_failed(book, delivered->person, delivered->verdict == HOOK_REFUSED, delivered->again_ms);
}

static enum error take_answers(struct notifier *notifier, uint64_t now_s, uint64_t now_ms)
{
	struct delivered delivered;
	while (delivery_ended(notifier->delivery, now_ms, &delivered))
		TRY(take_answer(notifier, &delivered, now_s));
	const char *trouble = delivery_trouble(notifier->delivery);
	if ((trouble != NULL) != notifier->troubled)
		fprintf(stderr, "indsigt: notify: the portal %s%s\n",
			trouble != NULL ? "does not take notices: " : "takes notices again", trouble != NULL ? trouble : "");
	notifier->troubled = trouble != NULL;
	return E_OK;
}

/* ---- status ---- */

static char *status_text(struct notifier *notifier)
{
	struct book_totals totals = book_totals(notifier->book);
	const char *trouble = delivery_trouble(notifier->delivery);
	json_auto_t *json = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s?, s:o}", "version", 1, "people",
		json_number(people_count(book_people(notifier->book))), "stopped", json_number(totals.stopped), "waiting",
		json_number(totals.waiting), "delivered", json_number(totals.delivered), "dead", json_number(totals.dead),
		"position", json_number(book_position(notifier->book).next), "size", json_number(notifier->seen.size), "held",
		notifier->seen.held, "trouble", trouble, "last_delivered",
		notifier->delivered_s != 0 ? json_time(notifier->delivered_s) : json_null());
	return json_write(json, JSON_COMPACT);
}

/* For people and monitors: without it notices go on. */
static void write_status(struct notifier *notifier, uint64_t now_ms)
{
	if (now_ms < notifier->status_ms)
		return;
	notifier->status_ms = now_ms + STATUS_MS;
	char *text = status_text(notifier);
	if (text == NULL || (notifier->status != NULL && strcmp(text, notifier->status) == 0)) {
		free(text);
		return;
	}
	if (file_write_atomic(notifier->notify_fd, NOTIFY_STATUS, bytes_text(text), 0644) != E_OK)
		fprintf(stderr, "indsigt: notify: notify/" NOTIFY_STATUS " cannot be written: %m\n");
	free(notifier->status);
	notifier->status = text;
}

/* ---- the loop ---- */

static bool stopped(const struct notifier *notifier)
{
	struct signalfd_siginfo info;
	return read(notifier->signals, &info, sizeof info) == (ssize_t)sizeof info;
}

static int wait_ms(const struct notifier *notifier, uint64_t now_ms)
{
	uint64_t turn_ms = book_turn_ms(notifier->book), opens_ms = delivery_opens_ms(notifier->delivery, now_ms);
	uint64_t next_ms = turn_ms > opens_ms ? turn_ms : opens_ms;
	uint64_t door_ms = door_next_ms(notifier->door);
	next_ms = next_ms < notifier->look_ms ? next_ms : notifier->look_ms;
	next_ms = next_ms < door_ms ? next_ms : door_ms;
	return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

static enum error send_all(struct notifier *notifier, struct person *const people[], size_t count, uint64_t now_s)
{
	for (size_t i = 0; i < count; i++)
		TRY(delivery_begin(notifier->delivery, people[i], now_s));
	return E_OK;
}

static enum error go_round(struct notifier *notifier, struct fault *fault)
{
	struct person *people[DELIVERY_SLOTS];
	size_t count;
	uint64_t now_ms = clock_ms(), now_s = (uint64_t)time(NULL);
	struct book *book = notifier->book;
	TRY(fault_set(fault, book_now(book, now_s, now_ms), ""));
	TRY(look(notifier, now_ms, fault));
	TRY(fault_set(fault, door_serve(notifier->door, now_ms, on_request, notifier), ""));
	TRY(fault_set(fault, take_turns(notifier, now_ms, people, &count), ""));
	TRY(fault_because(fault, book_commit(book), "notify/wishes cannot be written"));
	door_answer(notifier->door, now_ms);
	TRY(fault_because(fault, send_all(notifier, people, count, now_s), "a notice cannot be sent"));
	write_status(notifier, now_ms);
	enum error error = delivery_wait(notifier->delivery, notifier->events, wait_ms(notifier, now_ms));
	if (error != E_OK && error != E_CLOSED)
		return fault_set(fault, E_IO, "waiting for the portal failed");
	now_ms = clock_ms();
	now_s = (uint64_t)time(NULL);
	TRY(fault_set(fault, book_now(book, now_s, now_ms), ""));
	TRY(fault_set(fault, take_answers(notifier, now_s, now_ms), ""));
	process_wipe_traces();
	return E_OK;
}

/* ---- from start to end ---- */

static enum error open_events(struct notifier *notifier, struct fault *fault)
{
	sigset_t mask;
	struct epoll_event event = {.events = EPOLLIN};
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	notifier->events = epoll_create1(EPOLL_CLOEXEC);
	notifier->signals = sigprocmask(SIG_BLOCK, &mask, NULL) == 0 ? signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	if (notifier->events < 0 || notifier->signals < 0 ||
		epoll_ctl(notifier->events, EPOLL_CTL_ADD, notifier->signals, &event) != 0)
		return fault_set(fault, E_IO, "signals cannot be received: %m");
	return E_OK;
}

static enum error open_book(struct notifier *notifier, struct fault *fault)
{
	OWNED_KEY sealing = {0};
	const struct book_rules rules = {
		.gap_s = notifier->config.gap_s, .dead_s = (uint64_t)notifier->config.days * 86400};
	TRY(keyfile_read(notifier->notify_fd, NOTIFY_SEALING, KEYFILE_OWNER, &sealing, fault));
	TRY(book_open(notifier->notify_fd, news_alias_key(notifier->news), &sealing, &rules, &notifier->book, fault));
	if (book_cut(notifier->book) > 0)
		fprintf(stderr,
			"indsigt: notify: the last %" PRIu64 " bytes of notify/wishes were never finished and are cut off\n",
			book_cut(notifier->book));
	return E_OK;
}

/* Who has never read the log begins at its end: nobody is told of what was before they could wish for it. */
static enum error begin(struct notifier *notifier, struct fault *fault)
{
	struct book_position position;
	if (book_begun(notifier->book) && notifier->options->from == NOTIFY_FROM_LEFT)
		return E_OK;
	TRY(news_at(notifier->news, notifier->options->from, &position, fault));
	return fault_because(fault, book_reached(notifier->book, &position) ?: book_commit(notifier->book),
		"notify/wishes cannot be written");
}

static enum error open_all(struct notifier *notifier, struct fault *fault)
{
	const char *dir = notifier->options->dir;
	TRY(notify_keys_make(notifier->notify_fd, fault));
	TRY(news_open(dir, &notifier->news, fault));
	TRY(open_book(notifier, fault));
	TRY(begin(notifier, fault));
	TRY(delivery_open(&notifier->config, notifier->notify_fd, &notifier->delivery, fault));
	TRY(open_events(notifier, fault));
	return door_open(notifier->notify_fd, notifier->events, &notifier->door, fault);
}

/* As root what is the user's is given to it first; the lock is its own from then on. */
static enum error open_place(struct notifier *notifier, struct fault *fault)
{
	struct user user;
	TRY(user_find(notifier->options->user, notifier->options->group, &user, fault));
	notifier->dir_fd = place_open(notifier->options->dir);
	if (notifier->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s is not a ledger: %m", notifier->options->dir);
	TRY(notify_config_read(notifier->dir_fd, &notifier->config, fault));
	TRY(notify_dir_open(notifier->dir_fd, &user, &notifier->notify_fd, fault));
	TRY(user_become(&user, fault));
	TRY(process_harden(fault));
	TRY(lock_dir(notifier->notify_fd, E_LOCKED, "", " sends the notices of this ledger", fault));
	file_remove_left(notifier->notify_fd, NOTIFY_STATUS);
	file_remove_left(notifier->notify_fd, "wishes");
	return E_OK;
}

static void notifier_close(struct notifier *notifier)
{
	door_close(notifier->door);
	delivery_close(notifier->delivery);
	book_close(notifier->book);
	news_close(notifier->news);
	free(notifier->status);
	own_close(&notifier->signals);
	own_close(&notifier->events);
	own_close(&notifier->notify_fd);
	own_close(&notifier->dir_fd);
}

enum error notifier_run(const struct notify_options *options, struct fault *fault)
{
	OWNED(notifier_close)
	struct notifier notifier = {.options = options, .dir_fd = -1, .notify_fd = -1, .events = -1, .signals = -1};
	TRY(open_place(&notifier, fault));
	TRY(open_all(&notifier, fault));
	printf("listening none\n"); /* it accepts nothing from the network; whoever started it sees that it is well */
	fflush(stdout);
	while (!stopped(&notifier))
		TRY(go_round(&notifier, fault));
	notifier.status_ms = 0;
	write_status(&notifier, clock_ms());
	return fault_because(fault, book_commit(notifier.book), "notify/wishes cannot be written");
}
