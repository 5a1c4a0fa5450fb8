/* One thread, one connection. A ticket is in `given` (under the lock) or in `sent`, which is the thread's own; answers
 * name it by its number on the connection.
 *
 *   given ─► sent, with a deadline ─┬─ answered: done, gone
 *                                   ├─ overdue: done (refused), but it stays until it is answered: until then all fail
 *                                   └─ the connection ended: all of them fail, and the next report makes another one
 *
 * What can fail: the socket is not there or refuses (the sender is not running), no answer comes (ingest is away), the
 * report is refused (the sender was revoked). All of it is the same for who asked: there is no record, so no answer. */
#include "query/reads/reads.h"

#include "ledger/base/clock.h"
#include "ledger/base/grow.h"
#include "ledger/base/thread.h"
#include "ledger/json/json_read.h"
#include "ledger/process/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define LINE_BYTES_MAX (64u << 10) /* an answer: a receipt in JSON, some 4 kB */

struct ticket {
	struct ticket *next;
	char *report;
	reads_done *done; /* NULL: it was told already */
	void *context;
	uint64_t number; /* of its first line */
	uint64_t lines;
	uint64_t left;  /* lines that are not answered */
	uint64_t index; /* of the first */
	bool before;    /* that was in the log already, nobody says where */
	bool refused;   /* one of them was */
	uint64_t until_ms;
};

struct tickets {
	struct ticket *first;
	struct ticket **last;
	size_t count;
};

struct reads {
	int dir_fd;
	int wake_fd;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* over what follows */
	struct tickets given;
	bool stopping;

	/* the thread's own */
	int fd; /* -1: none */
	uint64_t number;
	bool late; /* one of `sent` is overdue */
	struct tickets sent;
	char *out;
	size_t out_len, out_capacity;
	size_t in_len;
	char in[LINE_BYTES_MAX];
};

/* ---- tickets ---- */

static void push(struct tickets *tickets, struct ticket *ticket)
{
	ticket->next = NULL;
	*tickets->last = ticket;
	tickets->last = &ticket->next;
	tickets->count++;
}

static struct ticket *take(struct tickets *tickets, struct ticket **link)
{
	struct ticket *ticket = *link;
	*link = ticket->next;
	if (*link == NULL)
		tickets->last = link;
	tickets->count--;
	return ticket;
}

static void tell(struct ticket *ticket, enum error error)
{
	if (ticket->done != NULL)
		ticket->done(ticket->context, error, ticket->index);
	ticket->done = NULL;
}

static void end_ticket(struct ticket *ticket, enum error error)
{
	tell(ticket, error);
	own_wipe(ticket->report, ticket->report ? strlen(ticket->report) : 0);
	free(ticket);
}

static void fail_all(struct tickets *tickets)
{
	while (tickets->first != NULL)
		end_ticket(take(tickets, &tickets->first), E_UNRECORDED);
}

/* ---- the connection ---- */

static void disconnect(struct reads *reads)
{
	own_close_now(&reads->fd);
	reads->late = false;
	if (reads->out_len > 0)
		explicit_bzero(reads->out, reads->out_len);
	reads->out_len = reads->in_len = 0;
	reads->number = 0;
	fail_all(&reads->sent);
}

static bool connect_sender(struct reads *reads)
{
	if (reads->fd >= 0)
		return true;
	OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || unix_connect(fd, reads->dir_fd, READS_SOCKET) != 0)
		return false;
	reads->fd = fd;
	fd = -1;
	return true;
}

static bool put(struct reads *reads, const char *text, size_t len)
{
	if (GROW(reads->out, reads->out_capacity, reads->out_len + len) != E_OK)
		return false;
	memcpy(reads->out + reads->out_len, text, len);
	reads->out_len += len;
	return true;
}

/* The newline comes with its line or not at all: half of one would make one of two reports. */
static bool put_line(struct reads *reads, const char *line)
{
	size_t before = reads->out_len;
	bool good = put(reads, line, strlen(line)) && put(reads, "\n", 1);
	if (!good)
		reads->out_len = before;
	return good;
}

static void send_ticket(struct reads *reads, struct ticket *ticket)
{
	if (reads->late || reads->sent.count >= READS_MAX || !connect_sender(reads) || !put_line(reads, ticket->report)) {
		end_ticket(ticket, E_UNRECORDED);
		return;
	}
	ticket->number = reads->number + 1;
	reads->number += ticket->lines;
	ticket->until_ms = clock_ms() + READS_MS;
	push(&reads->sent, ticket);
}

static void send_given(struct reads *reads)
{
	for (;;) {
		pthread_mutex_lock(&reads->lock);
		struct ticket *ticket = reads->given.first != NULL ? take(&reads->given, &reads->given.first) : NULL;
		pthread_mutex_unlock(&reads->lock);
		if (ticket == NULL)
			return;
		send_ticket(reads, ticket);
	}
}

static void write_out(struct reads *reads)
{
	while (reads->fd >= 0 && reads->out_len > 0) {
		ssize_t n = send(reads->fd, reads->out, reads->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			disconnect(reads);
		if (n <= 0)
			return;
		reads->out_len -= (size_t)n;
		memmove(reads->out, reads->out + n, reads->out_len);
		explicit_bzero(reads->out + reads->out_len, (size_t)n); /* it names people */
	}
}

/* ---- answers ---- */

/* In the log is what has a place in it, or had one before. */
static bool is_recorded(const json_t *answer)
{
	return json_is_integer(json_object_get(answer, "index")) || json_is_true(json_object_get(answer, "known"));
}

static bool take_answer(struct reads *reads, struct bytes line)
{
	json_auto_t *answer = NULL;
	if (json_read(line, JSON_REJECT_DUPLICATES, NULL, &answer) != E_OK)
		return false;
	const json_t *number = json_object_get(answer, "number");
	struct ticket **link = &reads->sent.first;
	uint64_t at = (uint64_t)json_integer_value(number);
	while (*link != NULL && at - (*link)->number >= (*link)->lines)
		link = &(*link)->next;
	if (!json_is_integer(number) || *link == NULL)
		return false;
	struct ticket *ticket = *link;
	ticket->refused = ticket->refused || !is_recorded(answer);
	if (at == ticket->number) {
		ticket->index = (uint64_t)json_integer_value(json_object_get(answer, "index"));
		ticket->before = json_object_get(answer, "index") == NULL;
	}
	if (--ticket->left == 0)
		end_ticket(take(&reads->sent, link), ticket->refused ? E_UNRECORDED : ticket->before ? E_EXISTS : E_OK);
	return true;
}

/* All whole lines; false: what came is none of ours, or the other side ended it. */
static bool take_answers(struct reads *reads)
{
	ssize_t n = recv(reads->fd, reads->in + reads->in_len, sizeof reads->in - reads->in_len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	reads->in_len += (size_t)n;
	size_t start = 0;
	char *end;
	while ((end = memchr(reads->in + start, '\n', reads->in_len - start)) != NULL) {
		size_t len = (size_t)(end - reads->in) - start;
		if (!take_answer(reads, bytes_of(reads->in + start, len)))
			return false;
		start += len + 1;
	}
	reads->in_len -= start;
	memmove(reads->in, reads->in + start, reads->in_len);
	return n > 0 && reads->in_len < sizeof reads->in;
}

/* Those in front were sent first, so they are due first. Gives how long until the next is; -1: none. */
static int look_at_deadlines(struct reads *reads)
{
	uint64_t now_ms = clock_ms();
	reads->late = false;
	for (struct ticket *ticket = reads->sent.first; ticket != NULL; ticket = ticket->next) {
		if (ticket->until_ms > now_ms)
			return (int)(ticket->until_ms - now_ms);
		reads->late = true;
		tell(ticket, E_UNRECORDED);
	}
	return -1;
}

/* ---- the thread ---- */

static bool is_stopping(struct reads *reads)
{
	LOCKED(&reads->lock);
	return reads->stopping;
}

static void *report(void *context)
{
	struct reads *reads = context;
	while (!is_stopping(reads)) {
		int timeout_ms = look_at_deadlines(reads);
		struct pollfd fds[2] = {{.fd = reads->wake_fd, .events = POLLIN},
			{.fd = reads->fd, .events = (short)(POLLIN | (reads->out_len > 0 ? POLLOUT : 0))}};
		if (poll(fds, 2, timeout_ms) < 0)
			continue;
		eventfd_t count;
		eventfd_read(reads->wake_fd, &count);
		if (fds[1].revents != 0 && !take_answers(reads))
			disconnect(reads);
		look_at_deadlines(reads);
		send_given(reads);
		write_out(reads);
	}
	disconnect(reads);
	return NULL;
}

enum error reads_open(const char *dir, struct reads **out, struct fault *fault)
{
	OWNED(reads_release) struct reads *reads = calloc(1, sizeof *reads);
	TRY(fault_set(fault, allocated(reads), ""));
	pthread_mutex_init(&reads->lock, NULL);
	reads->given.last = &reads->given.first;
	reads->sent.last = &reads->sent.first;
	reads->fd = -1;
	reads->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	reads->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = reads->wake_fd < 0 || reads->dir_fd < 0 ? errno : thread_start(&reads->thread, report, reads);
	reads->started = failed == 0;
	if (failed != 0)
		return fault_set(fault, E_IO, "what records reads cannot be started: %s", strerror(failed));
	*out = OWN_TAKE(reads);
	return E_OK;
}

void reads_close(struct reads *reads)
{
	if (reads == NULL)
		return;
	pthread_mutex_lock(&reads->lock);
	reads->stopping = true;
	pthread_mutex_unlock(&reads->lock);
	if (reads->wake_fd >= 0)
		eventfd_write(reads->wake_fd, 1);
	if (reads->started)
		pthread_join(reads->thread, NULL);
	fail_all(&reads->given);
	own_close(&reads->wake_fd);
	own_close(&reads->dir_fd);
	pthread_mutex_destroy(&reads->lock);
	own_wipe(reads->out, reads->out_capacity);
	free(reads);
}

void reads_record(void *context, char *text, reads_done *done, void *done_context)
{
	struct reads *reads = context;
	struct ticket *ticket = malloc(sizeof *ticket);
	bool stopping = true;
	if (ticket == NULL) {
		own_wipe(text, strlen(text));
		done(done_context, E_UNRECORDED, 0);
		return;
	}
	*ticket = (struct ticket){.report = text, .done = done, .context = done_context, .lines = 1};
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		ticket->lines++;
	ticket->left = ticket->lines;
	pthread_mutex_lock(&reads->lock);
	stopping = reads->stopping;
	if (!stopping)
		push(&reads->given, ticket);
	pthread_mutex_unlock(&reads->lock);
	if (stopping)
		end_ticket(ticket, E_UNRECORDED);
	else
		eventfd_write(reads->wake_fd, 1);
}
