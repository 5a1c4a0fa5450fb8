/* An input, message by message:
 *
 *   looks like another format? ──yes──► a file: nothing of it is taken; a pipe: all of it is kept with the refused ones
 *   whole ──► a row of refused ones? ─► its message, or its events ─┐
 *                 └─ no ───────────────────────────────────────────┴► item
 *   in parts ─► too long: kept with the refused ones
 *
 *   item ─► sent before: skipped ─► waits until the outbox is ready ─► mapped ─► outbox, or a row of refused ones
 *
 * Before it waits for input the open batch is closed, so what was read does not wait for what may never come. When the
 * run ends early (a signal, the disk), the rest of a file is read by the next run; what a pipe has brought by then is
 * kept with the refused ones, since nobody brings it again. */
#include "tools/send/send_item.h"

#include "ingest/framing/looks.h"
#include "ingest/spool/spool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>

/* ---- waiting ---- */

void send_look_for_signal(struct send *send)
{
	struct signalfd_siginfo info;
	if (read(send->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGHUP)
		send->reload = true;
	else
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

/* A signal ends the waiting, and takes nothing from a message that need not wait. */
static enum error wait_until_ready(struct send *send, struct fault *fault)
{
	TRY(send->ended);
	while (!send->stopped && !outbox_ready(send->outbox))
		TRY(send->meanwhile != NULL ? send->meanwhile(send, fault) : send_wait(send, send->signals, fault));
	if (!outbox_ready(send->outbox)) /* perhaps it only waits to be synced */
		TRY(outbox_poll(send->outbox, -1, NULL, 0, fault));
	return outbox_ready(send->outbox) ? E_OK : E_STOPPED;
}

/* Until the input can be read. What was read so far does not wait for more. */
static enum error wait_for_input(struct send *send, int fd, struct fault *fault)
{
	TRY(send->ended);
	send_look_for_signal(send);
	struct pollfd input = {.fd = fd, .events = POLLIN};
	while (!send->stopped && poll(&input, 1, 0) == 0) {
		TRY(outbox_flush(send->outbox, fault));
		TRY(send_wait(send, send->events, fault));
	}
	send->unread |= send->stopped && poll(&input, 1, 0) != 0;
	return send->stopped ? E_STOPPED : E_OK;
}

/* ---- messages ---- */

/* Somebody waits for an answer, and gives again what is not taken. */
static bool is_heard(const struct send *send)
{
	return send->tickets != NULL || send->heard != NULL;
}

static struct bytes run_of(const struct send *send, const struct input *input)
{
	return input->passing || input->line != NULL ? BYTES_EMPTY : bytes_text(send->run);
}

/* A line that broke off is made again, and what was on its way comes a second time: equal to the last byte, on another
 * line. Equal ones of the same line are others; but of syslog, where relays repeat themselves, not if they say the very
 * moment. */
static enum error came_before(struct send *send, const struct item *item, bool *out, struct fault *fault)
{
	uint32_t nth;
	bool single = item->format == ADAPTER_SYSLOG && equals_says_moment(item->source.text);
	TRY(fault_set(fault, equals_count(&item->line->equals, outbox_content(send->outbox, &item->source), &nth), ""));
	*out = outbox_has(send->outbox, &item->source, single ? 1 : nth);
	item->line->repeated += *out;
	return E_OK;
}

/* `row` if it is one that holds events. */
static enum error place_item(struct send *send, const struct item *item, const struct message *message,
	struct rejected_row *row, struct fault *fault)
{
	bool taken = false, readable = message == NULL || message->error == E_OK;
	if (!readable && message->error == E_NO_MEMORY) /* says nothing of the message, and the run ends */
		return fault_set(fault, message->error, "");
	TRY(tickets_reserve(send->tickets, fault));
	if (item->line == NULL)
		TRY(outbox_taken(send->outbox, &item->source, &taken, fault));
	else if (readable) /* what is refused however it reads is none that was taken */
		TRY(came_before(send, item, &taken, fault));
	send->skipped += taken;
	send->met += taken && item->source.place != 0;
	if (taken) {
		tally_again(&send->tally, (uint64_t)time(NULL));
		item_tell_taken(send, 0);
		return E_OK;
	}
	TRY(wait_until_ready(send, fault));
	if (row != NULL)
		return item_add_row(send, item, row, fault);
	struct fault why = message->fault;
	return message->error == E_OK ? item_add(send, item, fault)
								  : item_report(send, item, NULL, 0, message->error, &why);
}

/* The first thing that ends the run is what it ends with. */
static void end_with(struct send *send, enum error error, const struct fault *fault)
{
	if (send->ended != E_OK)
		return;
	send->ended = error;
	send->ended_fault = *fault;
}

/* The run is at its end, and a pipe or a line brings its messages once: those that were read are kept with the refused
 * ones, a row of events as it came. A caller gives its message again: kept here as well it would be sent twice. */
static enum error keep_item(struct send *send, const struct item *item, enum error error, const struct fault *fault)
{
	struct fault why = {.text = ""};
	end_with(send, error, fault);
	if (is_heard(send)) {
		send->left++;
		item_tell_refused(send, E_STOPPED, "not taken: the sender ended; give it again");
		return E_OK;
	}
	if (item->row.len > 0) {
		send_keep_row(send, item->row);
		return E_OK;
	}
	(void)fault_set(&why, E_STOPPED, "read from %s, and not sent: the run ended; send it again",
		item->line != NULL ? "a line" : "a pipe");
	return item_report(send, item, NULL, 0, E_STOPPED, &why);
}

/* One message, of the input itself or out of a row. What a file holds is read again by the next run. */
static enum error send_item(struct send *send, const struct item *item, const struct message *message,
	struct rejected_row *row, struct fault *fault)
{
	tickets_begin(send->tickets, item->source.number);
	enum error error = place_item(send, item, message, row, fault);
	send->messages++;
	if (error != E_OK && (item->source.passing || item->line != NULL))
		return keep_item(send, item, error, fault);
	send->left += error != E_OK;
	send->unread |= error == E_STOPPED;
	return error;
}

static struct item item_of(const struct send *send, const struct input *input, const struct message *message)
{
	return (struct item){.source = {input->name, input->number, message->text, input->passing, 0, input->place},
		.mark = message->mark,
		.input = input->name,
		.number = input->number,
		.run = run_of(send, input),
		.format = input->format,
		.line = input->line};
}

/* There was no memory to read what begins as a row: the run ends. */
static enum error leave_row(struct send *send, struct input *input, const struct message *message, struct fault *fault)
{
	struct message unread = {.text = message->text, .error = fault_set(fault, E_NO_MEMORY, "")};
	struct item item = item_of(send, input, message);
	item.row = message->text;
	input->number++;
	return send_item(send, &item, &unread, NULL, fault);
}

/* One message that was refused by several runs is one message. Whether that one was taken nobody remembers here, so its
 * caller is not told that it is known. */
static enum error skip_repeated(struct send *send, struct input *input, const struct rejected_row *row,
	const struct outbox_source *source, bool *out)
{
	TRY(rejected_row_seen(&input->seen, row, outbox_content(send->outbox, source), out));
	send->messages += *out;
	send->repeated += *out;
	if (*out) {
		tickets_begin(send->tickets, source->number);
		item_tell_refused(
			send, E_EXISTS, "a row before it on this connection is of the same message, and has the answer for both");
	}
	return E_OK;
}

/* What was refused before is read in the format that it was refused in, unless the user says another. */
static enum error send_row(
	struct send *send, struct input *input, const struct message *whole, struct rejected_row *row, struct fault *fault)
{
	bool as_first = row->input.len <= SPOOL_NAME_BYTES_MAX && send->tickets == NULL; /* they are answered by number */
	struct item item = {.source = {as_first ? row->input : input->name, as_first ? row->number : input->number,
							row->text, input->passing, row->is_events ? row->identity : 0, input->place},
		.input = row->input,
		.number = row->number,
		.run = row->run,
		.row = row->is_events ? whole->text : BYTES_EMPTY,
		.format = send->format_given || !row->has_format ? send->format : row->format};
	bool repeated = false;
	bool first = true;
	if (skip_repeated(send, input, row, &item.source, &repeated) != E_OK)
		return leave_row(send, input, whole, fault);
	input->number++;
	if (repeated)
		return E_OK;
	if (row->is_events)
		return send_item(send, &item, NULL, row, fault);
	struct messages inner;
	struct message message = {.text = row->text};
	enum adapter_format looks;
	const char *says = looks_like(item.format, row->text, false, &looks);
	if (says != NULL && looks == item.format) { /* in no format that is read: it stays one */
		message.error = fault_set(&message.fault, E_BAD_VALUE, "%s", says);
		return send_item(send, &item, &message, NULL, fault);
	}
	messages_open_text(row->text, item.format, &inner);
	for (enum error error; (error = messages_next(&inner, &message)) != E_CLOSED;) {
		if (message.kind != MESSAGE_WHOLE)
			message.error = fault_set(
				&message.fault, E_TOO_LONG, "the message is longer than %u bytes: this is a part", FRAMING_BYTES_MAX);
		item.source.text = message.text;
		item.mark = message.mark;
		if (!first && send->tickets != NULL) /* each is one of the connection */
			item.source.number = input->number++;
		first = false;
		TRY(send_item(send, &item, &message, NULL, fault));
		item.source.place += item.source.place != 0;
	}
	return E_OK;
}

/* What is read from a pipe is on the disk by then, but for the piece that had no room. */
static enum error not_kept(const struct send *send, const struct input *input, enum error error, struct fault *fault)
{
	if (error == E_OK || !input->kept.is_open || !input->kept.once)
		return fault_because(fault, error, "'%s' cannot be written", send->rejected.path);
	return fault_because(
		fault, error, "what the pipe has brought is in '%s'; run it again, and it is handed back", input->kept.path);
}

static enum error end_parts(struct send *send, struct input *input, struct refused *refused)
{
	struct fault why;
	enum error error;
	refused->error = input->says != NULL ? fault_set(&why, E_BAD_VALUE, "%s", input->says)
										 : fault_set(&why, E_TOO_LONG, "the message is longer than %u bytes",
											   adapter_bytes_max(refused->format));
	refused->reason = why.text;
	do
		error = kept_finish(&input->kept, &send->rejected, refused);
	while (send_room(send, error));
	if (error != E_OK)
		return error;
	tickets_begin(send->tickets, input->number);
	item_tell_refused(send, refused->error, refused->reason);
	input->number++;
	send->messages++;
	send->refused++;
	tally_refused(&send->tally, refused->error, refused->reason, (uint64_t)time(NULL));
	return E_OK;
}

/* A message that is too long for memory: all of it becomes a row. */
static enum error keep_part(struct send *send, struct input *input, const struct message *message, struct fault *fault)
{
	struct refused refused = {.input = input->name,
		.number = input->number,
		.format = input->format,
		.run = run_of(send, input),
		.error = E_STOPPED,
		.reason = "read from a pipe by a run that was killed; there may have been more of it"};
	enum error error;
	if (!input->in_parts) {
		input->kept.row = input->line == NULL && rejected_row_begins(message->text);   /* a stranger's is text */
		input->kept.once = (input->passing || input->line != NULL) && !is_heard(send); /* callers wait for an answer */
	}
	input->in_parts = message->kind == MESSAGE_PART;
	do
		error = kept_add(&input->kept, send->spool, &refused, message->text);
	while (send_room(send, error));
	if (error == E_OK && !input->in_parts)
		error = end_parts(send, input, &refused);
	return not_kept(send, input, error, fault);
}

enum error send_message(struct send *send, struct input *input, struct message *message, struct fault *fault)
{
	if (message->kind != MESSAGE_WHOLE)
		return keep_part(send, input, message, fault);
	struct rejected_row row;
	enum error is_row = input->line == NULL ? rejected_row_read(message->text, &row) : E_NOT_FOUND; /* of strangers */
	if (is_row == E_NO_MEMORY)
		return leave_row(send, input, message, fault);
	if (is_row == E_OK) {
		enum error error = send_row(send, input, message, &row, fault);
		rejected_row_free(&row);
		return error;
	}
	const struct item item = item_of(send, input, message);
	input->number++;
	if (input->says != NULL)
		message->error = fault_set(&message->fault, E_BAD_VALUE, "%s", input->says);
	return send_item(send, &item, message, NULL, fault);
}

enum error send_text(struct send *send, struct input *input, struct bytes text, struct fault *fault)
{
	struct messages messages;
	struct message message;
	enum error error = E_OK;
	messages_open_text(text, input->format, &messages);
	while (error == E_OK && messages_next(&messages, &message) == E_OK)
		error = send_message(send, input, &message, fault);
	messages_close(&messages);
	return error;
}

/* What stands around them may be other when they come again. One alone is the same as if it had come alone. */
static enum error content_of_parts(
	const struct send *send, const struct bytes *parts, size_t count, uint64_t *out, struct fault *fault)
{
	OWNED_MEMORY uint64_t *contents = calloc(count, sizeof *contents);
	TRY(fault_set(fault, allocated(contents), ""));
	for (size_t i = 0; i < count; i++)
		contents[i] = outbox_content(send->outbox, &(struct outbox_source){.text = parts[i]});
	const struct outbox_source all = {.text = bytes_of(contents, count * sizeof *contents)};
	*out = count == 1 ? contents[0] : outbox_content(send->outbox, &all);
	return E_OK;
}

enum error send_together(struct send *send, struct input *input, const struct message *whole, const struct bytes *parts,
	size_t count, struct fault *fault)
{
	struct item item = item_of(send, input, whole);
	TRY(content_of_parts(send, parts, count, &item.source.identity, fault));
	item.parts = parts;
	item.part_count = count;
	input->number++;
	return send_item(send, &item, whole, NULL, fault);
}

/* ---- inputs ---- */

/* Reads on; what is complete does not wait for it. */
static enum error read_more(struct send *send, struct input *input, struct messages *messages, struct fault *fault)
{
	tally_look(&send->tally, send->spool, (uint64_t)time(NULL), false);
	TRY(wait_for_input(send, input->fd, fault));
	if (messages_fill(messages) != E_OK)
		return fault_set(fault, E_IO, "'%.*s': %m", (int)input->name.len, (const char *)input->name.data);
	return E_OK;
}

static bool can_read(int fd)
{
	struct pollfd input = {.fd = fd, .events = POLLIN};
	return poll(&input, 1, 0) != 0;
}

/* An input at rest gives out a document that is whole, and does not wait to see what stands behind it. */
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
			return send->ended;
		if (error != E_NOT_FOUND) {
			TRY(send_message(send, input, &message, fault));
			continue;
		}
		error = read_more(send, input, messages, fault);
		if (error == E_OK)
			continue;
		if (!input->passing)
			return error;
		end_with(send, error, fault);
		messages_end(messages); /* what came in by now is all there is */
	}
}

/* Nothing is read for which there is no room. */
static enum error reserve(struct send *send, struct input *input, struct fault *fault)
{
	enum error error;
	do
		error = kept_reserve(&input->kept, MESSAGES_READ_BYTES);
	while (send_room(send, error));
	return not_kept(send, input, error, fault);
}

/* A pipe brings once what is in no format that is read, too: all of it becomes a row, to be given again once it is
 * converted. */
static enum error keep_input(struct send *send, struct input *input, struct messages *messages, struct fault *fault)
{
	while (!messages->ended) {
		const struct message part = {.kind = MESSAGE_PART, .text = messages_take_window(messages)};
		TRY(keep_part(send, input, &part, fault));
		TRY(reserve(send, input, fault));
		enum error error = read_more(send, input, messages, fault);
		if (error != E_OK) {
			end_with(send, error, fault);
			messages_end(messages);
		}
	}
	const struct message last = {.kind = MESSAGE_LAST, .text = messages_take_window(messages)};
	TRY(keep_part(send, input, &last, fault));
	return send->ended;
}

/* What looks like something else is left as it is: one sentence instead of a refusal a line. */
static enum error judge_input(
	struct send *send, struct input *input, struct messages *messages, bool *good, struct fault *fault)
{
	TRY(read_more(send, input, messages, fault));
	const char *says = looks_like(send->format, messages_window(messages), !input->regular, &input->format);
	*good = says == NULL;
	if (*good)
		return E_OK;
	progress_clear(&send->progress);
	fprintf(stderr, "indsigt: '%.*s' %s; nothing of it was %s\n", (int)input->name.len, (const char *)input->name.data,
		says, input->passing ? "sent: what comes through a pipe is kept with the refused messages" : "taken");
	send->inputs_refused++;
	input->says = says;
	return E_OK;
}

/* What this run refuses may be added to the very file that it reads: only what was there before is read. */
static enum error read_input(struct send *send, struct input *input, struct messages *messages, struct fault *fault)
{
	bool good = false;
	if (rejected_is(&send->rejected, input->fd))
		messages_limit(messages);
	TRY(judge_input(send, input, messages, &good, fault));
	if (!good && !input->passing)
		return E_OK;
	if (!good && input->format == send->format)
		return keep_input(send, input, messages, fault);
	messages_reframe(messages, input->format);
	return send_messages(send, input, messages, fault);
}

/* What is no file comes once: an equal message later is another one, but after a run that did not come to its end. So a
 * file that cannot be looked at is not taken for a pipe: all of it would be sent twice. */
static enum error look_at(const struct send *send, struct input *input, struct fault *fault)
{
	struct stat info;
	if (fstat(input->fd, &info) != 0)
		return fault_set(
			fault, E_IO, "'%.*s' cannot be looked at: %m", (int)input->name.len, (const char *)input->name.data);
	input->regular = S_ISREG(info.st_mode);
	input->passing = send->resume == NULL && !input->regular;
	return E_OK;
}

static enum error send_input(struct send *send, int fd, const char *name, struct fault *fault)
{
	struct input input = {.fd = fd, .name = bytes_text(name)};
	struct epoll_event event = {.events = EPOLLIN};
	struct messages messages;
	TRY(look_at(send, &input, fault));
	TRY(outbox_begin_input(send->outbox, input.name, input.passing, send->again, fault));
	if (messages_open(fd, send->format, &messages) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	bool watched = epoll_ctl(send->events, EPOLL_CTL_ADD, fd, &event) == 0; /* a regular file can always be read */
	enum error error = read_input(send, &input, &messages, fault);
	if (watched)
		epoll_ctl(send->events, EPOLL_CTL_DEL, fd, NULL);
	messages_close(&messages);
	rejected_seen_free(&input.seen);
	kept_close(&input.kept);
	if (error != E_OK && error == send->ended)
		*fault = send->ended_fault;
	return error;
}

enum error send_file(struct send *send, const char *path, struct fault *fault)
{
	char name[PATH_MAX];
	if (strcmp(path, "-") == 0)
		return send_input(send, STDIN_FILENO, send->resume != NULL ? send->resume : "-", fault);
	int fd = realpath(path, name) == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, E_IO, "'%s': %m", path);
	enum error error = send_input(send, fd, name, fault);
	close(fd);
	return error;
}
