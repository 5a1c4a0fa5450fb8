/* One loop over all callers' sockets, beside the outbox's connection: an epoll descriptor is what outbox_poll waits
 * for.
 *
 *   message taken ─► a ticket, behind those of all messages before it ─┬─ receipt checked ─► answer with the receipt
 *                                                                      ├─ refused by the ledger ─► answer with the
 * reason └─ taken before ─► answer once it is the first refused here ─► answer at once
 *
 * What fails, and what then: a caller goes away: what it gave is sent all the same, and its answers find nobody. It
 * does not read its answers, or has given much that waits: it is not read from until it has fewer tickets. The ledger
 * is away, or the spool full: nobody is read from. This program dies: callers see their connection end, and give again
 * what had no answer; a message that the spool has by then is recognised by its id, or, as after a pipe that broke, by
 * its content. An answer is written after the receipt was, and a caller that has one needs nothing more. */
#include "tools/send/callers.h"

#include "ledger/base/clock.h"
#include "ledger/process/process.h"
#include "ledger/process/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALLERS_MAX 1024u
#define TICKETS_MAX 1024u     /* of one caller: then it is not read from */
#define OUTPUT_MAX (1u << 20) /* likewise: answers that a caller has not read */
#define OTHER_FDS 64u         /* what the spool, what is refused and the ledger take beside them */
#define GATHER_NS 4000000u    /* as long as a batch may wait for those before it, to hold more */
#define END_MS 2000u          /* after a signal, for the receipts of what was taken */
#define EVENTS_AT_ONCE 64

struct caller {
	struct caller *next;
	int fd;
	struct asker asker;
	bool ended;        /* it gives nothing more */
	uint32_t interest; /* what epoll watches for */
	struct input input;
	struct messages messages;
};

struct callers {
	struct send *send;
	char name[PATH_MAX + 32]; /* of the input: the socket and this run */
	int dir_fd;
	const char *socket_name; /* in it */
	int listener;
	bool listening; /* epoll watches it */
	bool crowded;   /* there was no descriptor for one more, and nobody has gone since */
	struct caller *first;
	unsigned count, most;
	uint64_t number; /* of the next message, of whomever */
	struct tickets tickets;
};

/* ---- callers ---- */

static void watch(struct callers *callers, struct caller *caller)
{
	bool reads = !caller->ended && caller->asker.tickets < TICKETS_MAX && caller->asker.out_len < OUTPUT_MAX;
	uint32_t interest = (reads ? EPOLLIN : 0u) | (caller->asker.out_len > 0 ? EPOLLOUT : 0u);
	struct epoll_event event = {.events = interest, .data.ptr = caller};
	if (interest != caller->interest && epoll_ctl(callers->send->events, EPOLL_CTL_MOD, caller->fd, &event) != 0)
		caller->asker.gone = true;
	caller->interest = interest;
}

/* As much as the system takes; the rest when it takes more. */
static void write_out(struct caller *caller)
{
	if (caller->asker.out_len == 0 || caller->asker.gone)
		return;
	ssize_t n;
	do
		n = send(caller->fd, caller->asker.out, caller->asker.out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		caller->asker.gone = true;
	if (n <= 0)
		return;
	caller->asker.out_len -= (size_t)n;
	memmove(caller->asker.out, caller->asker.out + n, caller->asker.out_len);
}

static void free_caller(struct callers *callers, struct caller *caller)
{
	tickets_forget(&callers->tickets, &caller->asker);
	close(caller->fd);
	messages_close(&caller->messages);
	rejected_seen_free(&caller->input.seen);
	kept_close(&caller->input.kept);
	free(caller);
	callers->count--;
	callers->crowded = false;
}

static void listen_on(struct callers *callers, bool on)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &callers->listener};
	if (on != callers->listening &&
		epoll_ctl(callers->send->events, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, callers->listener, &event) == 0)
		callers->listening = on;
}

/* After each round: answers go out, and who has nothing more to say or to hear is let go of. */
static void tend(struct callers *callers)
{
	for (struct caller **link = &callers->first; *link != NULL;) {
		struct caller *caller = *link;
		write_out(caller);
		if (!caller->asker.gone)
			watch(callers, caller);
		if (caller->asker.gone || (caller->ended && caller->asker.tickets == 0 && caller->asker.out_len == 0)) {
			*link = caller->next;
			free_caller(callers, caller);
		} else {
			link = &caller->next;
		}
	}
	listen_on(callers, callers->count < callers->most && !callers->crowded);
}

static void let_in(struct callers *callers)
{
	int fd = accept4(callers->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct caller *caller = fd >= 0 ? calloc(1, sizeof *caller) : NULL;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = caller};
	if (caller == NULL || messages_open(fd, callers->send->format, &caller->messages) != E_OK ||
		epoll_ctl(callers->send->events, EPOLL_CTL_ADD, fd, &event) != 0) {
		if (caller != NULL)
			messages_close(&caller->messages);
		free(caller);
		if (fd >= 0)
			close(fd);
		else
			callers->crowded = callers->count > 0 && (errno == EMFILE || errno == ENFILE);
		return;
	}
	caller->fd = fd;
	caller->interest = EPOLLIN;
	caller->input =
		(struct input){.fd = fd, .name = bytes_text(callers->name), .format = callers->send->format, .passing = true};
	caller->next = callers->first;
	callers->first = caller;
	callers->count++;
}

/* ---- messages ---- */

static enum error read_messages(struct callers *callers, struct caller *caller, struct fault *fault)
{
	struct send *send = callers->send;
	callers->tickets.reading = &caller->asker;
	for (;;) {
		struct message message;
		enum error error = messages_next(&caller->messages, &message);
		if (error == E_NOT_FOUND && !caller->messages.idle) {
			messages_idle(&caller->messages); /* a document that is whole does not wait for what stands behind it */
			continue;
		}
		if (error != E_OK) {
			caller->ended = error == E_CLOSED;
			return E_OK;
		}
		caller->input.number = callers->number;
		error = send_message(send, &caller->input, &message, fault);
		callers->number = caller->input.number;
		TRY(error);
		if (send->ended != E_OK) {
			*fault = send->ended_fault;
			return send->ended;
		}
	}
}

/* A caller that has closed its end may have left messages: they are read first. */
static enum error serve(struct callers *callers, struct caller *caller, uint32_t events, struct fault *fault)
{
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || !outbox_ready(callers->send->outbox))
		return E_OK;
	if (caller->ended) {
		caller->asker.gone |= (events & (EPOLLHUP | EPOLLERR)) != 0;
		return E_OK;
	}
	if (messages_fill(&caller->messages) != E_OK) {
		caller->asker.gone = true;
		return E_OK;
	}
	return read_messages(callers, caller, fault);
}

static enum error look(struct callers *callers, struct fault *fault)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_wait(callers->send->events, events, EVENTS_AT_ONCE, 0);
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr == NULL)
			send_look_for_signal(callers->send);
		else if (events[i].data.ptr == &callers->listener)
			let_in(callers);
		else
			TRY(serve(callers, events[i].data.ptr, events[i].events, fault));
	}
	return E_OK;
}

/* Closes the batch when nothing is under way that it would wait behind, or it has waited long enough. */
static enum error close_batch(struct callers *callers, int *wait_ms, struct fault *fault)
{
	struct tickets *tickets = &callers->tickets;
	*wait_ms = -1;
	if (tickets->gathered == 0)
		return E_OK;
	uint64_t waited_ns = clock_ns() - tickets->gathering_ns;
	*wait_ms = (int)((GATHER_NS - waited_ns) / 1000000) + 1;
	if (tickets->waiting > tickets->gathered && waited_ns < GATHER_NS)
		return E_OK;
	*wait_ms = -1;
	tickets->gathered = 0;
	return outbox_flush(callers->send->outbox, fault);
}

/* ---- from start to end ---- */

static enum error listen_at(struct callers *callers, const char *path, struct fault *fault)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	callers->socket_name = slash ? slash + 1 : path;
	int len = slash ? snprintf(dir, sizeof dir, "%.*s/", (int)(slash - path), path) : snprintf(dir, sizeof dir, ".");
	if (len >= (int)sizeof dir || callers->socket_name[0] == '\0' || strlen(callers->socket_name) > NAME_MAX / 4)
		return fault_set(
			fault, E_USAGE, "--listen is the name of a socket, of at most %d bytes, in a directory", NAME_MAX / 4);
	callers->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWNED_FD probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (callers->dir_fd < 0 || probe < 0)
		return fault_set(fault, E_IO, "%s: %s", dir, strerror(errno));
	int failed = unix_connect(probe, callers->dir_fd, callers->socket_name) != 0 ? errno : 0;
	if (failed == 0 || failed == EAGAIN) /* or has more waiting than may */
		return fault_set(fault, E_BUSY, "%s: somebody listens there already", path);
	/* What is left over from a run that was killed gives way; anything else stays. */
	callers->listener = unix_listen(callers->dir_fd, callers->socket_name, 0660, SOMAXCONN);
	if (callers->listener < 0)
		return fault_set(fault, E_IO, "%s: %s", path, strerror(errno));
	return E_OK;
}

/* Nobody is read from any more; what was taken is signed, and who waits for its receipt gets it if it comes soon. */
static enum error end(struct callers *callers, struct fault *fault)
{
	struct send *send = callers->send;
	uint64_t until_ms = clock_ms() + END_MS;
	TRY(outbox_flush(send->outbox, fault));
	for (uint64_t now_ms; !outbox_idle(send->outbox) && (now_ms = clock_ms()) < until_ms;) {
		TRY(outbox_poll(send->outbox, -1, NULL, (int)(until_ms - now_ms), fault));
		tend(callers);
	}
	send->stopped = !outbox_idle(send->outbox);
	return send->stopped ? E_STOPPED : E_OK;
}

static enum error go_round(struct callers *callers, struct fault *fault)
{
	struct send *send = callers->send;
	bool ready = false;
	int wait_ms;
	TRY(close_batch(callers, &wait_ms, fault));
	bool takes = outbox_ready(send->outbox);
	TRY(outbox_poll(send->outbox, takes ? send->events : send->signals, &ready, wait_ms, fault));
	if (ready && !takes)
		send_look_for_signal(send);
	/* Twice, for those who were just answered: what they give next belongs into the batch that is closed next. */
	for (unsigned round = 0; round < 2; round++) {
		tend(callers);
		TRY(look(callers, fault));
	}
	tend(callers);
	return E_OK;
}

static enum error run(struct callers *callers, struct fault *fault)
{
	struct send *send = callers->send;
	/* What is known of a message is then what this run knows of it. */
	while (!send->stopped && !(outbox_idle(send->outbox) && outbox_ready(send->outbox)))
		TRY(send_wait(send, send->signals, fault));
	if (send->stopped)
		return E_STOPPED;
	/* They never take the descriptors that go on being needed: without them this sender would end. */
	callers->most = process_fit_files(CALLERS_MAX, OTHER_FDS);
	TRY(listen_at(callers, send->listen, fault));
	TRY(outbox_begin_input(send->outbox, bytes_text(callers->name), true, false, fault));
	fprintf(stderr, "indsigt: takes messages at %s\n", send->listen);
	listen_on(callers, true);
	while (!send->stopped) {
		enum error error = go_round(callers, fault);
		if (error != E_STOPPED || !send->stopped) /* else the signal came while a message waited for room */
			TRY(error);
	}
	return end(callers, fault);
}

static void free_callers(struct callers *callers)
{
	callers->send->tickets = NULL;
	while (callers->first != NULL) {
		struct caller *caller = callers->first;
		callers->first = caller->next;
		write_out(caller);
		free_caller(callers, caller);
	}
	if (callers->listener >= 0)
		unlinkat(callers->dir_fd, callers->socket_name, 0);
	if (callers->listener >= 0)
		close(callers->listener);
	if (callers->dir_fd >= 0)
		close(callers->dir_fd);
	tickets_free(&callers->tickets);
}

enum error callers_run(struct send *send, struct fault *fault)
{
	OWNED(free_callers) struct callers callers = {.send = send, .dir_fd = -1, .listener = -1};
	callers.tickets.newest = &callers.tickets.oldest;
	callers.tickets.name = callers.name;
	snprintf(callers.name, sizeof callers.name, "%s#%s", send->listen, send->run);
	send->tickets = &callers.tickets;
	return run(&callers, fault);
}
