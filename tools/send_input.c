#include "tools/send_input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ---- waiting ---- */

void send_look_for_signal(struct send *send)
{
	struct signalfd_siginfo info;
	if (read(send->signals, &info, sizeof info) == (ssize_t)sizeof info)
		send->stopped = true;
}

enum error send_wait(struct send *send, int fd, struct fault *fault)
{
	bool ready = false;
	TRY(outbox_poll(send->outbox, fd, &ready, -1, fault));
	if (ready)
		send_look_for_signal(send);
	return E_OK;
}

static enum error wait_until_ready(struct send *send, struct fault *fault)
{
	while (!send->stopped && !outbox_ready(send->outbox))
		TRY(send_wait(send, send->signals, fault));
	return send->stopped ? E_STOPPED : E_OK;
}

/* Until the input can be read. What was read so far does not wait for more. */
static enum error wait_for_input(struct send *send, int fd, struct fault *fault)
{
	send_look_for_signal(send);
	struct pollfd input = {.fd = fd, .events = POLLIN};
	while (!send->stopped && poll(&input, 1, 0) == 0) {
		TRY(outbox_flush(send->outbox, fault));
		TRY(send_wait(send, send->events, fault));
	}
	return send->stopped ? E_STOPPED : E_OK;
}

/* ---- messages ---- */

static void report_source(
	struct send *send, const struct outbox_source *source, enum error error, const struct fault *fault)
{
	struct refused refused = {.input = source->input,
		.number = source->number,
		.error = error,
		.reason = fault->text[0] != '\0' ? fault->text : error_text(error),
		.text = source->text};
	send_report(send, &refused);
}

/* A message that could not be read as events. */
static enum error refuse(struct send *send, const struct outbox_source *source, enum error error, struct fault *why)
{
	report_source(send, source, error, why);
	return outbox_refuse(send->outbox, source, why);
}

static enum error send_events(struct send *send, const struct outbox_source *source, struct fault *fault)
{
	struct adapter_context context = {outbox_org(send->outbox), outbox_name(send->outbox), outbox_policy(send->outbox)};
	struct adapter_events events;
	enum error error = adapter_map(send->format, source->text, &context, &events, fault);
	if (error != E_OK) {
		adapter_events_free(&events);
		return refuse(send, source, error, fault);
	}
	error = outbox_add(send->outbox, events.events, events.count, source, fault);
	adapter_events_free(&events);
	if (!outbox_refusal(error))
		return error;
	report_source(send, source, error, fault);
	return E_OK;
}

/* ---- inputs ---- */

struct input {
	int fd;
	struct bytes name;
	uint64_t number; /* of the next message */
	bool resuming;   /* every message so far was taken by an earlier run */
};

/* True if the message can be skipped: only from the start on, up to the first that differs. */
static enum error skip(
	struct send *send, struct input *input, const struct outbox_source *source, bool *out, struct fault *fault)
{
	*out = false;
	if (!input->resuming)
		return E_OK;
	TRY(outbox_taken(send->outbox, source, &input->resuming, fault));
	*out = input->resuming;
	send->skipped += *out;
	return E_OK;
}

static enum error send_message(
	struct send *send, struct input *input, const struct message *message, struct fault *fault)
{
	struct outbox_source source = {input->name, input->number, message->text};
	bool skipped = false;
	if (message->kind == MESSAGE_PART)
		return E_OK;
	input->number++;
	TRY(skip(send, input, &source, &skipped, fault));
	if (skipped)
		return E_OK;
	TRY(wait_until_ready(send, fault));
	struct fault why = message->fault;
	if (message->kind == MESSAGE_LAST)
		(void)fault_set(&why, E_TOO_LONG, "the message is longer than %u bytes", EVENT_BYTES_MAX_ADAPTER);
	else if (message->error == E_OK)
		return send_events(send, &source, fault);
	return refuse(send, &source, why.error, &why);
}

/* Reads on; what is complete does not wait for it. */
static enum error read_more(struct send *send, struct input *input, struct messages *messages, struct fault *fault)
{
	TRY(wait_for_input(send, input->fd, fault));
	if (messages_fill(messages) != E_OK)
		return fault_set(
			fault, E_IO, "'%.*s': %s", (int)input->name.len, (const char *)input->name.data, strerror(errno));
	return E_OK;
}

static bool can_read(int fd)
{
	struct pollfd input = {.fd = fd, .events = POLLIN};
	return poll(&input, 1, 0) != 0;
}

static enum error send_messages(struct send *send, struct input *input, struct messages *messages, struct fault *fault)
{
	for (;;) {
		struct message message;
		enum error error = messages_next(messages, &message);
		if (error == E_NOT_FOUND && !messages->idle && !can_read(input->fd)) {
			messages_idle(messages);
			continue;
		}
		if (error == E_CLOSED)
			return E_OK;
		if (error == E_NOT_FOUND)
			TRY(read_more(send, input, messages, fault));
		else
			TRY(send_message(send, input, &message, fault));
	}
}

static enum error send_input(struct send *send, int fd, const char *name, struct fault *fault)
{
	struct input input = {.fd = fd, .name = bytes_text(name), .resuming = true};
	struct epoll_event event = {.events = EPOLLIN};
	struct messages messages;
	TRY(outbox_begin_input(send->outbox, input.name, send->again, fault));
	if (messages_open(fd, send->format, &messages) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	bool watched = epoll_ctl(send->events, EPOLL_CTL_ADD, fd, &event) == 0; /* a regular file can always be read */
	enum error error = send_messages(send, &input, &messages, fault);
	if (watched)
		epoll_ctl(send->events, EPOLL_CTL_DEL, fd, NULL);
	messages_close(&messages);
	return error;
}

enum error send_file(struct send *send, const char *path, struct fault *fault)
{
	char name[PATH_MAX];
	if (strcmp(path, "-") == 0)
		return send_input(send, STDIN_FILENO, "-", fault);
	int fd = realpath(path, name) == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, E_IO, "'%s': %s", path, strerror(errno));
	enum error error = send_input(send, fd, name, fault);
	close(fd);
	return error;
}
