/* indsigt send: events from files or standard input to a ledger.
 *
 *   input ─► messages ─► events ─► outbox (batches, spool, connection) ─► receipts on stdout
 *                │            └──► refused here: --rejected                    └──► refused by the ledger: --rejected
 *                └──► taken by an earlier run: skipped
 *
 * SIGINT and SIGTERM end it in order: what was read is signed and in the spool, the next run goes on from there. */
#include "ingest/outbox.h"
#include "tools/command.h"
#include "tools/messages.h"
#include "tools/progress.h"
#include "tools/receipt_json.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILING_LOOK_MS 200

struct send {
	struct outbox *outbox;
	enum adapter_format format;
	bool again;
	bool check_filing; /* nothing else */
	const char *rejected_path;
	FILE *rejected;
	struct progress progress;
	int signals; /* signalfd */
	int events;  /* epoll: signals, and an input that can be waited for */
	bool stopped;
	enum error write_error; /* of stdout or the rejected file */
	uint64_t acknowledged;  /* events */
	uint64_t batches;
	uint64_t refused; /* messages */
	uint64_t skipped;
};

/* ---- what the outbox tells ---- */

static void keep_error(struct send *send, enum error error)
{
	if (send->write_error == E_OK)
		send->write_error = error;
}

static void on_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt)
{
	struct send *send = context;
	keep_error(send, json_line(receipt_to_json(outbox_log(send->outbox)->name, batch, receipt), stdout));
	send->acknowledged += batch->count;
	send->batches++;
	progress_update(&send->progress, send->acknowledged, 0);
}

static void report(struct send *send, const struct refused *refused)
{
	if (send->rejected == stderr)
		progress_clear(&send->progress);
	keep_error(send, json_line(refused_to_json(refused), send->rejected));
	send->refused++;
}

static void on_rejected(void *context, const struct outbox_rejection *rejection)
{
	struct refused refused = {.input = rejection->input,
		.number = rejection->number,
		.error = rejection->error,
		.reason = rejection->text,
		.events = rejection->events,
		.count = rejection->count};
	report(context, &refused);
}

static enum error on_flush(void *context)
{
	struct send *send = context;
	if (fflush(stdout) != 0 || fflush(send->rejected) != 0)
		keep_error(send, E_IO);
	return send->write_error;
}

static void on_notice(void *context, const char *text)
{
	struct send *send = context;
	progress_clear(&send->progress);
	fprintf(stderr, "indsigt: %s\n", text);
}

/* ---- waiting ---- */

static void look_for_signal(struct send *send)
{
	struct signalfd_siginfo info;
	if (read(send->signals, &info, sizeof info) == (ssize_t)sizeof info)
		send->stopped = true;
}

/* `fd`: send->signals, or send->events where an input is waited for too. */
static enum error wait_for_something(struct send *send, int fd, struct fault *fault)
{
	bool ready = false;
	TRY(outbox_poll(send->outbox, fd, &ready, -1, fault));
	if (ready)
		look_for_signal(send);
	return E_OK;
}

static enum error wait_until_ready(struct send *send, struct fault *fault)
{
	while (!send->stopped && !outbox_ready(send->outbox))
		TRY(wait_for_something(send, send->signals, fault));
	return send->stopped ? E_STOPPED : E_OK;
}

/* Until the input can be read. What was read so far does not wait for more. */
static enum error wait_for_input(struct send *send, int fd, struct fault *fault)
{
	look_for_signal(send);
	struct pollfd input = {.fd = fd, .events = POLLIN};
	while (!send->stopped && poll(&input, 1, 0) == 0) {
		TRY(outbox_flush(send->outbox, fault));
		TRY(wait_for_something(send, send->events, fault));
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
	report(send, &refused);
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
	struct send *send, struct input *input, struct bytes text, bool too_long, struct fault *fault)
{
	struct outbox_source source = {input->name, input->number++, text};
	bool skipped = false;
	TRY(skip(send, input, &source, &skipped, fault));
	if (skipped)
		return E_OK;
	TRY(wait_until_ready(send, fault));
	if (!too_long)
		return send_events(send, &source, fault);
	struct fault why;
	enum error error = fault_set(&why, E_TOO_LONG, "the message is longer than %u bytes", EVENT_BYTES_MAX_ADAPTER);
	return refuse(send, &source, error, &why);
}

static enum error send_messages(struct send *send, struct input *input, struct messages *messages, struct fault *fault)
{
	for (;;) {
		struct bytes text;
		enum error error = messages_next(messages, &text);
		if (error == E_CLOSED)
			return E_OK;
		if (error == E_NOT_FOUND) {
			TRY(wait_for_input(send, input->fd, fault));
			if (messages_fill(messages) != E_OK)
				return fault_set(
					fault, E_IO, "'%.*s': %s", (int)input->name.len, (const char *)input->name.data, strerror(errno));
			continue;
		}
		TRY(send_message(send, input, text, error == E_TOO_LONG, fault));
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

static enum error send_file(struct send *send, const char *path, struct fault *fault)
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

/* Without input: until an epoch covers everything that was sent and it was checked. */
static enum error check_filing(struct send *send, struct fault *fault)
{
	char text[FAULT_TEXT_MAX + 1];
	while (!send->stopped && outbox_filing(send->outbox, text) == FILING_WORKING) {
		bool ready = false;
		TRY(outbox_poll(send->outbox, send->signals, &ready, FILING_LOOK_MS, fault));
		if (ready)
			look_for_signal(send);
	}
	return send->stopped ? E_STOPPED : E_OK;
}

static enum error send_all(struct send *send, char **paths, struct fault *fault)
{
	static char standard_input[] = "-";
	static char *nothing_named[] = {standard_input, NULL};
	for (char **path = *paths == NULL ? nothing_named : paths; *path != NULL; path++)
		TRY(send_file(send, *path, fault));
	TRY(outbox_flush(send->outbox, fault));
	while (!send->stopped && !outbox_idle(send->outbox))
		TRY(wait_for_something(send, send->signals, fault));
	return send->stopped ? E_STOPPED : E_OK;
}

/* ---- from start to end ---- */

static enum error watch_signals(struct send *send)
{
	sigset_t set;
	struct epoll_event event = {.events = EPOLLIN};
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return E_IO;
	send->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	send->events = epoll_create1(EPOLL_CLOEXEC);
	bool good =
		send->signals >= 0 && send->events >= 0 && epoll_ctl(send->events, EPOLL_CTL_ADD, send->signals, &event) == 0;
	return good ? E_OK : E_IO;
}

/* Refused messages hold personal data. */
static enum error open_rejected(struct send *send, struct fault *fault)
{
	send->rejected = stderr;
	if (send->rejected_path == NULL)
		return E_OK;
	int fd = open(send->rejected_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	send->rejected = fd < 0 ? NULL : fdopen(fd, "a");
	if (send->rejected == NULL)
		return fault_set(fault, E_IO, "'%s': %s", send->rejected_path, strerror(errno));
	setvbuf(send->rejected, NULL, _IOLBF, BUFSIZ);
	return E_OK;
}

static void say_result(struct send *send, uint64_t waiting)
{
	progress_clear(&send->progress);
	fprintf(
		stderr, "indsigt: %" PRIu64 " events acknowledged in %" PRIu64 " batches", send->acknowledged, send->batches);
	if (send->skipped > 0)
		fprintf(stderr, ", %" PRIu64 " messages sent before", send->skipped);
	if (send->refused > 0)
		fprintf(stderr, ", %" PRIu64 " messages refused", send->refused);
	if (waiting > 0)
		fprintf(stderr, ", %" PRIu64 " events wait in the spool: run it again to go on", waiting);
	fputc('\n', stderr);
}

/* What was read before a signal is signed and made durable. */
static enum error stop(struct send *send, struct fault *fault)
{
	TRY(outbox_flush(send->outbox, fault));
	return outbox_poll(send->outbox, -1, NULL, 0, fault);
}

static int finish(struct send *send, enum error error, struct fault *fault)
{
	if (error == E_STOPPED && send->stopped)
		error = stop(send, fault);
	if (error == E_OK && on_flush(send) != E_OK)
		error = fault_set(fault, send->write_error, "receipts or refused messages cannot be written");
	uint64_t waiting = outbox_waiting(send->outbox);
	say_result(send, waiting);
	char text[FAULT_TEXT_MAX + 1];
	int code = command_end(&command_send, error, fault);
	if (outbox_filing(send->outbox, text) == FILING_ALARM) {
		fprintf(stderr, "indsigt: ALARM: %s; what shows it is kept in the spool\n", text);
		return EXIT_REFUSED;
	}
	return code == EXIT_DONE && (send->refused > 0 || waiting > 0) ? EXIT_REFUSED : code;
}

static int run_sender(struct send *send, struct outbox_options *options, char **paths)
{
	struct fault fault = {0};
	options->calls = (struct outbox_calls){on_receipt, on_rejected, on_flush, on_notice, send};
	enum error error = watch_signals(send);
	if (error != E_OK)
		(void)fault_set(&fault, error, "signals: %s", strerror(errno));
	if (error == E_OK)
		error = open_rejected(send, &fault);
	if (error == E_OK)
		error = outbox_open(options, &send->outbox, &fault);
	if (error == E_OK && send->format != ADAPTER_JSON &&
		(outbox_org(send->outbox)[0] == '\0' || outbox_name(send->outbox)[0] == '\0'))
		error = fault_set(&fault, E_BAD_KEY, "'%s' names no org and name, which events of this format need: add both",
			options->key_path);
	if (error != E_OK) {
		outbox_close(send->outbox);
		return command_end(&command_send, error, &fault);
	}
	progress_start(&send->progress, "events");
	error = send->check_filing ? check_filing(send, &fault) : send_all(send, paths, &fault);
	int code = finish(send, error, &fault);
	outbox_close(send->outbox);
	return code;
}

static bool read_batch(const char *text, uint32_t *out)
{
	char *end = NULL;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || value < 1 || value > BATCH_EVENTS_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

static int run(int argc, char **argv)
{
	static const struct option known[] = {{"server", required_argument, NULL, 's'},
		{"key", required_argument, NULL, 'k'}, {"format", required_argument, NULL, 'f'},
		{"batch", required_argument, NULL, 'b'}, {"rejected", required_argument, NULL, 'r'},
		{"spool", required_argument, NULL, 'p'}, {"again", no_argument, NULL, 'a'},
		{"query", required_argument, NULL, 'q'}, {"check-filing", no_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
	struct outbox_options options = {0};
	struct send send = {.signals = -1, .events = -1};
	struct fault fault = {0};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == 's')
			options.server = optarg;
		else if (option == 'k')
			options.key_path = optarg;
		else if (option == 'r')
			send.rejected_path = optarg;
		else if (option == 'p')
			options.spool = optarg;
		else if (option == 'q')
			options.query = optarg;
		else if (option == 'c')
			send.check_filing = true;
		else if (option == 'a')
			send.again = true;
		else if (option == 'f' && adapter_format_parse(optarg, &send.format) == E_OK)
			continue;
		else if (option == 'b' && read_batch(optarg, &options.batch))
			continue;
		else
			return command_usage(&command_send, &fault);
	}
	if (options.server == NULL || options.key_path == NULL ||
		(send.check_filing && (options.query == NULL || argv[optind])))
		return command_usage(&command_send, NULL);
	return run_sender(&send, &options, argv + optind);
}

const struct command command_send = {
	.name = "send",
	.arguments =
		"--server HOST:PORT --key FILE [--format json|fhir|dicom] [--batch N] [--rejected FILE] [--spool DIR] [--again]"
		" [--query URL [--check-filing]] [FILE...|-]",
	.summary = "sends events to a ledger, prints a receipt for each batch",
	.text =
		"Reads events from the files in turn, or from standard input (-, the default) as they come. Signed batches "
		"wait in\n"
		"a spool until their receipt has been checked. Run again on the same input it goes on where it stopped and "
		"sends\n"
		"nothing twice; the first message that differs from last time, and all after it,\n"
		"are new. A lost connection is made again, for as long as it takes.\n"
		"\n"
		"  --server HOST:PORT  the ledger's ingest address\n"
		"  --key FILE          the sender's key file, made by 'indsigt sender add'\n"
		"  --format FORMAT     json: one event a line (the default); fhir: AuditEvents; dicom: audit messages in XML\n"
		"  --batch N           events in a batch, 1 to 4096; 1000 unless told otherwise, and 1 MiB cuts too\n"
		"  --rejected FILE     refused messages are added to FILE, one JSON object a line, with the reason; without\n"
		"                      it they go to stderr\n"
		"  --spool DIR         in place of FILE.spool beside the key file; one process at a time\n"
		"  --again             forget that messages of these inputs were sent before\n"
		"  --query URL         check in the background how the ledger files these events, at its query daemon's "
		"address;\n"
		"                      what was checked is signed into the next batches, what does not hold is an alarm\n"
		"  --check-filing      send nothing; wait until all that was sent before is filed, and check it\n"
		"\n"
		"On stdout one JSON object for each batch: its receipt, which 'indsigt verify' reads. Exit 1 if a message was\n"
		"refused, or if events still wait in the spool.\n",
	.run = run,
};
