/* One thread and a list. What can fail: nobody listens, the notifier does not hear this user (it ends the connection),
 * or it stands still. All of it is the same for who asked: no answer. While the notifier stands still, the first
 * question waits for its time to end and those behind it for what is then left of theirs. */
#include "query/notices/notices.h"

#include "ledger/base/clock.h"
#include "ledger/base/thread.h"
#include "ledger/process/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

struct ticket {
	struct ticket *next;
	char *question;
	notices_done *done;
	void *context;
	uint64_t until_ms;
};

struct notices {
	int dir_fd;
	int stop_fd; /* readable once it is to end */
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t more;
	struct ticket *first;
	struct ticket **last;
	size_t count;
	bool stopping;
};

static void end_ticket(struct ticket *ticket, struct bytes answer)
{
	ticket->done(ticket->context, answer);
	own_wipe(ticket->question, strlen(ticket->question));
	free(ticket);
}

/* ---- one question ---- */

/* False: its time is over, or the thread is to end. */
static bool await(const struct notices *notices, int fd, short events, uint64_t until_ms)
{
	for (uint64_t now_ms = clock_ms(); now_ms < until_ms; now_ms = clock_ms()) {
		struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = notices->stop_fd, .events = POLLIN}};
		int ready = poll(fds, 2, (int)(until_ms - now_ms));
		if ((ready < 0 && errno != EINTR) || (ready > 0 && fds[1].revents != 0))
			return false;
		if (ready > 0)
			return true;
	}
	return false;
}

static bool put(const struct notices *notices, int fd, const char *text, size_t len, uint64_t until_ms)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n < 0 && !await(notices, fd, POLLOUT, until_ms))
			return false;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* The whole line, without its newline; empty: there is none. */
static struct bytes get(const struct notices *notices, int fd, char line[NOTICES_LINE_MAX], uint64_t until_ms)
{
	size_t len = 0;
	while (len < NOTICES_LINE_MAX && await(notices, fd, POLLIN, until_ms)) {
		ssize_t n = recv(fd, line + len, NOTICES_LINE_MAX - len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
		if (len > 0 && line[len - 1] == '\n')
			return bytes_of(line, len - 1);
	}
	return BYTES_EMPTY;
}

static void answer_ticket(const struct notices *notices, struct ticket *ticket)
{
	char line[NOTICES_LINE_MAX];
	struct bytes answer = BYTES_EMPTY;
	uint64_t until_ms = ticket->until_ms;
	OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool there = fd >= 0 && unix_connect(fd, notices->dir_fd, NOTICES_SOCKET) == 0;
	if (there && put(notices, fd, ticket->question, strlen(ticket->question), until_ms) &&
		put(notices, fd, "\n", 1, until_ms))
		answer = get(notices, fd, line, until_ms);
	end_ticket(ticket, answer);
	explicit_bzero(line, sizeof line);
}

/* ---- the thread ---- */

/* NULL: it is to end. */
static struct ticket *next_ticket(struct notices *notices)
{
	LOCKED(&notices->lock);
	while (notices->first == NULL && !notices->stopping)
		pthread_cond_wait(&notices->more, &notices->lock);
	struct ticket *ticket = notices->stopping ? NULL : notices->first;
	if (ticket == NULL)
		return NULL;
	notices->first = ticket->next;
	if (notices->first == NULL)
		notices->last = &notices->first;
	notices->count--;
	return ticket;
}

static void *ask(void *context)
{
	struct notices *notices = context;
	struct ticket *ticket;
	while ((ticket = next_ticket(notices)) != NULL)
		answer_ticket(notices, ticket);
	return NULL;
}

enum error notices_open(const char *dir, struct notices **out, struct fault *fault)
{
	OWNED(notices_release) struct notices *notices = calloc(1, sizeof *notices);
	TRY(fault_set(fault, allocated(notices), ""));
	pthread_mutex_init(&notices->lock, NULL);
	pthread_cond_init(&notices->more, NULL);
	notices->last = &notices->first;
	notices->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	notices->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = notices->stop_fd < 0 || notices->dir_fd < 0 ? errno : thread_start(&notices->thread, ask, notices);
	notices->started = failed == 0;
	if (failed != 0)
		return fault_set(fault, E_IO, "what asks the notifier cannot be started: %s", strerror(failed));
	*out = OWN_TAKE(notices);
	return E_OK;
}

void notices_close(struct notices *notices)
{
	if (notices == NULL)
		return;
	pthread_mutex_lock(&notices->lock);
	notices->stopping = true;
	pthread_cond_signal(&notices->more);
	pthread_mutex_unlock(&notices->lock);
	if (notices->stop_fd >= 0)
		eventfd_write(notices->stop_fd, 1);
	if (notices->started)
		pthread_join(notices->thread, NULL);
	while (notices->first != NULL) {
		struct ticket *ticket = notices->first;
		notices->first = ticket->next;
		end_ticket(ticket, BYTES_EMPTY);
	}
	own_close(&notices->stop_fd);
	own_close(&notices->dir_fd);
	pthread_cond_destroy(&notices->more);
	pthread_mutex_destroy(&notices->lock);
	free(notices);
}

void notices_ask(void *context, char *question, notices_done *done, void *done_context)
{
	struct notices *notices = context;
	struct ticket *ticket = malloc(sizeof *ticket);
	bool taken = false;
	if (ticket == NULL) {
		own_wipe(question, strlen(question));
		done(done_context, BYTES_EMPTY);
		return;
	}
	*ticket = (struct ticket){
		.question = question, .done = done, .context = done_context, .until_ms = clock_ms() + NOTICES_MS};
	pthread_mutex_lock(&notices->lock);
	taken = !notices->stopping && notices->count < NOTICES_MAX;
	if (taken) {
		*notices->last = ticket;
		notices->last = &ticket->next;
		notices->count++;
		pthread_cond_signal(&notices->more);
	}
	pthread_mutex_unlock(&notices->lock);
	if (!taken)
		end_ticket(ticket, BYTES_EMPTY);
}
