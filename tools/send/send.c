/* indsigt send: events from files or standard input to a ledger.
 *
 *   input ─► messages ─► events ─► outbox (batches, spool, connection) ─► receipts on stdout
 *                │            └──► refused here: --rejected                    └──► refused by the ledger: --rejected
 *                └──► taken by an earlier run: skipped
 *
 * SIGINT and SIGTERM end it in order: what was read is signed and in the spool, the next run goes on from there.
 *
 * What fails, and what then: the ledger is away: it waits for it, for as long as it takes. The disk of the spool is
 * full: it waits, and reads nothing meanwhile. A message is refused: it becomes a row that can be sent again, and the
 * others go on. The sender is revoked, or its key is another ledger's: nothing is sent, what waits stays. A receipt
 * does not verify: that is the ledger's, and ends it. Whatever ends it, what was read is on the disk, or is said to be
 * nowhere.
 *
 * The exit code says what whoever runs this has to do: nothing; look at what was refused; run it again. */
#include "ingest/net/web.h"
#include "ledger/base/clock.h"
#include "ledger/process/user.h"
#include "tools/command/command.h"
#include "tools/send/callers.h"
#include "tools/send/follow.h"
#include "tools/send/receipt_json.h"
#include "tools/send/send_input.h"
#include "tools/show/output.h"
#include "tools/show/table.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define OPEN_AGAIN_MS 1000 /* a spool whose disk is full */

#define FILING_LOOK_MS 200
/* Without anything checked for so long --check-filing ends: what is filed too late is an alarm by then. */
#define FILING_PATIENCE_S (FILING_LATE_SECONDS + 60)

/* ---- what the outbox tells ---- */

/* The first one: what comes after it is mostly a consequence. */
static void keep_error(struct send *send, enum error error)
{
	if (send->write_error == E_OK)
		send->write_error = error;
}

/* Callers are told, and else it is printed, before the spool forgets the batch (on_flush): a receipt that was lost with
 * stdout is given again by the next run. */
static void on_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt)
{
	struct send *send = context;
	send->acknowledged += batch->count;
	send->batches++;
	if (send->silent)
		return;
	json_t *json = receipt_to_json(outbox_log(send->outbox)->name, batch, receipt);
	keep_error(send, send->tickets ? tickets_receipt(send->tickets, json, batch->first_sequence, receipt->first_index)
								   : output_json(json, stdout));
	progress_update(&send->progress, send->acknowledged, 0);
}

static void on_message(void *context, const struct outbox_message *message)
{
	struct send *send = context;
	tickets_acknowledged(send->tickets, message);
}

void send_report(struct send *send, const struct refused *refused)
{
	enum error error;
	do
		error = rejected_write(&send->rejected, refused);
	while (send_room(send, error));
	keep_error(send, error);
	send->refused++;
	tally_refused(&send->tally, refused->error, refused->reason, (uint64_t)time(NULL));
}

void send_keep_row(struct send *send, struct bytes row)
{
	enum error error;
	do
		error = rejected_write_again(&send->rejected, row);
	while (send_room(send, error));
	keep_error(send, error);
	send->refused++;
	tally_refused(&send->tally, E_STOPPED, error_text(E_STOPPED), (uint64_t)time(NULL));
}

/* Refused by the ledger, after this sender had taken it: by now only the events are left of the message. */
static void on_rejected(void *context, const struct outbox_rejection *rejection)
{
	struct send *send = context;
	struct refused refused = {.input = rejection->input,
		.number = rejection->number,
		.format = ADAPTER_JSON,
		.error = rejection->error,
		.reason = rejection->text,
		.events = rejection->events,
		.count = rejection->count,
		.identity = rejection->identity,
		.run = rejection->identity != 0 ? bytes_text(send->run) : BYTES_EMPTY};
	send_report(send, &refused);
	tickets_rejected(send->tickets, rejection);
	send->moved++;
}

/* The outbox forgets nothing before this has said that its results are written. */
static enum error on_flush(void *context)
{
	struct send *send = context;
	if (fflush(stdout) != 0 || rejected_sync(&send->rejected) != E_OK)
		keep_error(send, E_IO);
	tally_look(&send->tally, send->spool, (uint64_t)time(NULL), false);
	return send->write_error;
}

static void on_notice(void *context, const char *text)
{
	struct send *send = context;
	progress_clear(&send->progress);
	table_line(stderr, "indsigt: %s", text);
}

/* Nothing else goes on meanwhile: what is refused comes before what is forgotten, and a full disk is mostly the spool's
 * as well. */
bool send_room(struct send *send, enum error error)
{
	struct pollfd signals = {.fd = send->signals, .events = POLLIN};
	if (error == E_FULL && !send->full)
		on_notice(send, "this sender's disk is full, what is refused cannot be kept; waiting for room");
	send->full = error == E_FULL;
	return send->full && !send->stopped && poll(&signals, 1, OPEN_AGAIN_MS) == 0;
}

/* ---- from start to end ---- */

/* Without input: until an epoch covers everything that was sent and it was checked, or no more comes of it. Patience is
 * counted from the last progress, not from the start: a ledger that files a long backlog is not late. */
static enum error check_filing(struct send *send, struct fault *fault)
{
	char text[FAULT_TEXT_MAX + 1];
	uint64_t checked = outbox_filing_checked(send->outbox);
	uint64_t since_s = clock_ms() / 1000;
	enum filing_state state;
	while ((state = outbox_filing(send->outbox, text)) == FILING_WORKING && !send->stopped) {
		bool ready = false;
		if (checked != outbox_filing_checked(send->outbox))
			since_s = clock_ms() / 1000;
		checked = outbox_filing_checked(send->outbox);
		if (clock_ms() / 1000 - since_s > FILING_PATIENCE_S)
			return fault_set(fault, E_IO, "nothing more could be checked for %u seconds: %s; run it again",
				FILING_PATIENCE_S, text[0] != '\0' ? text : "the ledger has not filed it yet");
		TRY(outbox_poll(send->outbox, send->signals, &ready, FILING_LOOK_MS, fault));
		if (ready)
			send_look_for_signal(send);
	}
	if (state == FILING_REFUSED && !send->stopped)
		return fault_set(fault, E_TOKEN, "the filing cannot be checked: %s", text);
	return send->stopped ? E_STOPPED : E_OK;
}

/* A signal between two files leaves the others unread, which the exit code has to say: the next run reads them. */
static enum error send_all(struct send *send, char **paths, struct fault *fault)
{
	const char *const standard_input[] = {"-", NULL};
	for (const char *const *path = *paths == NULL ? standard_input : (const char *const *)paths; *path != NULL;
		 path++) {
		enum error error = send_file(send, *path, fault);
		send->unread |= error == E_STOPPED && path[1] != NULL;
		TRY(error);
	}
	TRY(outbox_flush(send->outbox, fault));
	while (!send->stopped && !outbox_idle(send->outbox))
		TRY(send_wait(send, send->signals, fault));
	return send->stopped ? E_STOPPED : E_OK;
}

static enum error do_all(struct send *send, char **paths, struct fault *fault)
{
	if (send->take_out)
		return outbox_take_out(send->outbox, fault);
	if (send->listen != NULL)
		return callers_run(send, fault);
	if (send->follow)
		return follow_run(send, fault);
	return send->check_filing ? check_filing(send, fault) : send_all(send, paths, fault);
}

/* Signals are read where everything else is waited for, so none comes at a moment at which nobody looks. */
static enum error watch_signals(struct send *send)
{
	sigset_t set;
	struct epoll_event event = {.events = EPOLLIN};
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (send->reloads)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return E_IO;
	send->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	send->events = epoll_create1(EPOLL_CLOEXEC);
	bool good =
		send->signals >= 0 && send->events >= 0 && epoll_ctl(send->events, EPOLL_CTL_ADD, send->signals, &event) == 0;
	return good ? E_OK : E_IO;
}

/* Where each message is: the numbers add up to all that were read, or had waited. The numbers have to add up to what
 * was read, or somebody will look for a message that was never lost. */
static void say_messages(const struct send *send, uint64_t waiting)
{
	uint64_t added = send->waited + send->added - send->moved;
	uint64_t wait = waiting < added ? waiting : added;
	fprintf(stderr, "; %" PRIu64 " messages: %" PRIu64 " acknowledged", send->waited + send->messages, added - wait);
	if (send->nobody > 0)
		fprintf(stderr, " (%" PRIu64 " about nobody)", send->nobody);
	if (send->skipped > 0)
		fprintf(stderr, ", %" PRIu64 " messages sent before", send->skipped);
	if (send->repeated > 0)
		fprintf(stderr, ", %" PRIu64 " rows of the same messages", send->repeated);
	if (send->refused > 0)
		fprintf(stderr, ", %" PRIu64 " messages refused, see '%s'", send->refused, send->rejected.path);
	if (wait > 0)
		fprintf(stderr, ", %" PRIu64 " messages wait", wait);
	if (send->left > 0)
		fprintf(stderr, ", %" PRIu64 " not taken", send->left);
}

/* `kept`: all that waits is in the spool. `revoked`: running it again would change nothing. In this order: what was
 * done, what waits, what to do about it. */
static void say_result(struct send *send, uint64_t waiting, bool kept, bool revoked)
{
	progress_clear(&send->progress);
	fprintf(
		stderr, "indsigt: %" PRIu64 " events acknowledged in %" PRIu64 " batches", send->acknowledged, send->batches);
	if (send->waited + send->messages > 0)
		say_messages(send, outbox_waiting_messages(send->outbox));
	if (waiting > 0)
		fprintf(stderr, "; %" PRIu64 " events wait%s%s", waiting,
			kept ? " in the spool" : ", those that were read last in no spool",
			revoked ? ": take them out with --take-out and send them as another sender" : ": run it again to go on");
	fputc('\n', stderr);
	if (send->unread)
		fprintf(stderr,
			"indsigt: ended before all was read: run it again on the same files to go on; what was read from "
			"a pipe is with the refused messages\n");
	if (send->skipped > 0 && send->silent)
		fprintf(stderr,
			"indsigt: %" PRIu64
			" messages came again, after a line had broken off or an answer was lost, and were left "
			"out\n",
			send->skipped);
	else if (send->skipped > send->met)
		fprintf(stderr,
			"indsigt: %" PRIu64 " messages equal to ones sent before were left out; if they are others, give events "
			"an id, or use --again\n",
			send->skipped - send->met);
}

/* What was read before a signal is signed, and what has come is taken. */
static enum error stop(struct send *send, struct fault *fault)
{
	TRY(outbox_flush(send->outbox, fault));
	return outbox_poll(send->outbox, -1, NULL, 0, fault);
}

/* Saving comes before telling, so what is told to be in the spool is there, whatever ended it. */
static enum error settle(struct send *send, enum error error, struct fault *fault)
{
	bool stopped = error == E_STOPPED && send->stopped;
	if (stopped)
		error = stop(send, fault);
	struct fault unsaved = {.event = FAULT_NO_EVENT};
	enum error saved = outbox_save(send->outbox, &unsaved);
	if (saved == E_FULL)
		fault_set(&unsaved, saved,
			"this sender's disk is full: what was read last is in no spool; files are read again by the next run, "
			"what came through a pipe is not");
	if (stopped && error == E_OK && saved != E_OK) {
		error = saved;
		*fault = unsaved;
	}
	if (error == E_OK && on_flush(send) != E_OK)
		error = fault_set(fault, send->write_error, "receipts or refused messages cannot be written");
	tally_look(&send->tally, send->spool, (uint64_t)time(NULL), true);
	uint64_t waiting = outbox_waiting(send->outbox);
	bool idle = waiting + send->acknowledged + send->messages == 0;
	if (!(idle && (send->check_filing || (send->silent && error != E_OK))))
		say_result(send, waiting, saved == E_OK, error == E_REVOKED_SENDER);
	progress_clear(&send->progress);
	return error;
}

/* The alarm about filing stands over everything else: it says that the ledger has broken its promise. */
static int finish(struct send *send, enum error error, struct fault *fault)
{
	error = settle(send, error, fault);
	uint64_t waiting = outbox_waiting(send->outbox);
	char text[FAULT_TEXT_MAX + 1];
	int code = command_end(&command_send, error, fault);
	if (outbox_filing(send->outbox, text) == FILING_ALARM) {
		table_line(stderr, "indsigt: ALARM: %s; what shows it is kept in the spool", text);
		return EXIT_REFUSED;
	}
	/* What was refused is told; that something waits is what whoever runs this has to do something about. */
	if (code != EXIT_DONE)
		return code == EXIT_REFUSED && waiting > 0 ? EXIT_PARTLY : code;
	if (send->check_filing && !send->stopped)
		fprintf(stderr, "indsigt: all that was sent with --query is filed under those it is about\n");
	if (waiting == 0 && !send->unread && !send->stopped && !send->take_out && !send->check_filing)
		outbox_end_inputs(send->outbox);
	bool refused = send->refused + send->inputs_refused > 0 || outbox_damaged(send->outbox);
	return waiting > 0 || send->unread ? EXIT_PARTLY : refused ? EXIT_REFUSED : EXIT_DONE;
}

/* As the outbox calls it. Beside the spool, where only this sender's user may look: refused messages are about
 * people. */
static enum error open_rejected(struct send *send, const struct outbox_options *options, struct fault *fault)
{
	char *spool = send->spool;
	int len = options->spool != NULL ? snprintf(spool, sizeof send->spool, "%s", options->spool)
									 : snprintf(spool, sizeof send->spool, "%s.spool", options->key_path);
	if (len < 0 || (size_t)len >= sizeof send->spool)
		return fault_set(fault, E_USAGE, "the name of the spool is too long");
	return rejected_open(&send->rejected, send->rejected_path, spool, fault);
}

/* What runs that were killed had taken from pipes. */
static enum error hand_back(struct send *send, struct fault *fault)
{
	char text[PATH_MAX + 128];
	uint64_t all = 0;
	uint64_t count = 0;
	enum error error;
	do {
		error = kept_hand_back(send->spool, &send->rejected, &count);
		all += count;
	} while (send_room(send, error));
	snprintf(text, sizeof text,
		"what a run that was killed had read from a pipe is with the refused messages: see '%s'", send->rejected.path);
	if (all > 0)
		on_notice(send, text);
	for (uint64_t i = 0; i < all; i++)
		tally_refused(&send->tally, E_STOPPED, "read from a pipe by a run that was killed", (uint64_t)time(NULL));
	send->messages += all;
	send->refused += all;
	return fault_because(fault, error, "what a run that was killed had read from a pipe cannot be handed back");
}

/* Waits for room, as it does once it runs: nothing of the input is read before. */
static enum error open_outbox(struct send *send, const struct outbox_options *options, struct fault *fault)
{
	struct pollfd signals = {.fd = send->signals, .events = POLLIN};
	for (bool said = false;; said = true) {
		enum error error = outbox_open(options, &send->outbox, fault);
		if (error != E_FULL)
			return error;
		if (!said)
			on_notice(send, "this sender's disk is full, its spool cannot be opened; waiting for room");
		if (poll(&signals, 1, OPEN_AGAIN_MS) != 0)
			return error;
	}
}

/* In the order in which a mistake is cheapest: nothing is read or opened before signals can end it. */
static enum error begin(struct send *send, struct outbox_options *options, struct fault *fault)
{
	uint8_t run[8];
	struct user user;
	TRY(user_find(send->user, NULL, &user, fault));
	TRY(user_become(&user, fault));
	randombytes_buf(run, sizeof run);
	sodium_bin2hex(send->run, sizeof send->run, run, sizeof run);
	options->calls = (struct outbox_calls){
		.receipt = on_receipt, .rejected = on_rejected, .flush = on_flush, .notice = on_notice, .context = send};
	if (send->listen != NULL)
		options->calls.message = on_message;
	TRY(fault_because(fault, watch_signals(send), "signals"));
	TRY(open_rejected(send, options, fault));
	TRY(open_outbox(send, options, fault));
	tally_open(
		&send->tally, send->spool, outbox_log(send->outbox)->name, outbox_sender(send->outbox), (uint64_t)time(NULL));
	TRY(hand_back(send, fault));
	if (send->format != ADAPTER_JSON && (outbox_org(send->outbox)[0] == '\0' || outbox_name(send->outbox)[0] == '\0'))
		return fault_set(fault, E_BAD_KEY, "'%s' names no org and name, which events of this format need: add both",
			options->key_path);
	send->waited = outbox_waiting_messages(send->outbox);
	progress_start(&send->progress, "events");
	return E_OK;
}

/* Both are closed whatever came of it: the outbox writes its journal, and the rejected file what is buffered. */
static int run_sender(struct send *send)
{
	struct fault fault = {.text = ""};
	enum error error = begin(send, &send->options, &fault);
	int code = error == E_OK ? finish(send, do_all(send, send->paths, &fault), &fault)
							 : command_end(&command_send, error, &fault);
	outbox_close(send->outbox);
	rejected_close(&send->rejected);
	return code;
}

enum error send_serve(struct send *send, enum error (*work)(struct send *send, void *context, struct fault *fault),
	void *context, struct fault *fault)
{
	enum error error = begin(send, &send->options, fault);
	if (error == E_OK)
		error = settle(send, work(send, context, fault), fault);
	outbox_close(send->outbox);
	rejected_close(&send->rejected);
	return error;
}

#define T struct send
#define SENDS FORM(0)
#define LISTENS FORM(1)
#define CHECKS FORM(2)
#define TAKES_OUT FORM(3)
#define FOLLOWS FORM(4)
#define TALKS (SENDS | LISTENS | CHECKS | FOLLOWS)
/* Noted that it was given: rows of refused messages keep their own format, unless somebody says another. */
static enum error take_format(void *out, const char *word, struct fault *fault)
{
	struct send *send = out;
	send->format_given = true;
	if (adapter_format_parse(word, &send->format) == E_OK)
		return E_OK;
	return fault_set(fault, E_USAGE, "--format is json, fhir, dicom, syslog, otlp or cadf");
}

static const struct option_row rows[] = {
	OPTION_TEXT(T, options.server, "server", "[tls://]HOST:PORT", .required = TALKS, .forms = TALKS,
		.help = "the ledger's ingest address; tls:// encrypts what is sent, and proves who gets it before anything is"),
	WEB_TRUST_ROWS(.forms = TALKS),
	OPTION_TEXT(T, options.tls.certificate, "tls-cert", "FILE", .forms = TALKS,
		.help = "show this certificate (PEM) to the ledger, where it asks for one of this sender's"),
	OPTION_TEXT(T, options.tls.key, "tls-key", "FILE", .forms = TALKS, .help = "... and its private key (PEM, 0600)"),
	OPTION_TEXT(T, options.key_path, "key", "FILE", .required = REQUIRED,
		.help = "the sender's key file, made by 'indsigt sender add'"),
	OPTION_TAKEN(take_format, "format", "json|fhir|dicom|syslog|otlp|cadf", .forms = SENDS | LISTENS | FOLLOWS,
		.help = "json: one event a line (the default); fhir: AuditEvents in JSON, also in arrays and Bundles; dicom: "
				"audit messages in XML; syslog: any of these behind a syslog head, with lengths before them or one a "
				"line; otlp: log records and spans of OpenTelemetry with the attributes of the Dutch processing log, a "
				"request in JSON a line; cadf: events of OpenStack, one a line. A damaged message costs only itself"),
	OPTION_NUMBER(T, options.batch, "batch", "N", 1, BATCH_EVENTS_MAX, .forms = SENDS | LISTENS | FOLLOWS,
		.help = "events in a batch, 1 to 4096; 1000 unless told otherwise, and 1 MiB cuts too"),
	OPTION_TEXT(T, rejected_path, "rejected", "FILE",
		.help = "refused messages are added to FILE, one JSON object a line, with the reason; in place of "
				"rejected.jsonl in the spool. Such a file can be sent as it is, once what was wrong is right"),
	OPTION_TEXT(
		T, options.spool, "spool", "DIR", .help = "in place of FILE.spool beside the key file; one process at a time"),
	OPTION_FLAG(T, again, "again", .forms = SENDS, .help = "send all of these inputs, also what was sent before"),
	OPTION_TEXT(T, resume, "resume", "NAME", .forms = SENDS,
		.help = "recognise what was sent before on standard input too, which NAME stands for in what is said"),
	OPTION_TEXT(T, options.query, "query", "URL", .forms = SENDS | LISTENS | CHECKS | FOLLOWS, .required = CHECKS,
		.help = "check in the background how the ledger files these events, at its query daemon's address; what was "
				"checked is signed into the next batches, what does not hold is an alarm"),
	OPTION_TEXT(T, listen, "listen", "[unix:]SOCKET", .forms = LISTENS, .required = REQUIRED,
		.help =
			"takes messages from programs on this machine, as many as connect to this Unix socket (mode 0660), and "
			"answers each with a line of JSON once it is in the ledger, proven: number, index and receipt; or "
			"refused: error and reason. What comes while a batch is under way is the next one. A message without an "
			"answer is to be given again, best with an \"id\""),
	OPTION_TEXT(T, options.tls.pin, "pin", "FILE", .forms = LISTENS | FOLLOWS,
		.help = "to tls://: believe the first certificate in FILE (PEM) alone, whatever name it is made out for"),
	OPTION_TEXT(T, user, "user", "NAME", .forms = LISTENS | FOLLOWS, .help = "as root: go on as this user for good"),
	OPTION_FLAG(T, follow, "follow", .forms = FOLLOWS, .required = REQUIRED,
		.help = "reads on as the files grow, for good, and waits for those that are not there yet. A file that is "
				"rotated (renamed, copied and cut, or another one under a name with *, ? or [ in it) is read to its "
				"end, and then the next; how far each was read stands in the spool. What was lost is told. Compressed "
				"files are not read. A last line waits for its end"),
	OPTION_FLAG(T, check_filing, "check-filing", .forms = CHECKS, .required = REQUIRED,
		.help =
			"send nothing; wait until all that was sent with --query is filed, and check it. Ends with exit 4 when the "
			"ledger refuses to answer (a clock that is wrong), or when nothing could be checked for 11 minutes"),
	OPTION_FLAG(T, take_out, "take-out", .forms = TAKES_OUT, .required = REQUIRED,
		.help = "send nothing; what waits in the spool becomes refused messages, for another sender to send when this "
				"one is revoked. What the ledger has without that this sender knows is reported twice then"),
	ARGUMENT_REST(T, paths, "FILE...|-", .forms = SENDS | FOLLOWS),
};

static int run(int argc, char **argv)
{
	struct send send = {.signals = -1, .events = -1};
	int misread = command_read(&command_send, argc, argv, &send);
	if (misread != EXIT_DONE)
		return misread;
	if (send.listen != NULL && strncmp(send.listen, "unix:", 5) == 0)
		send.listen += 5;
	send.options.tls.ca = web_trust().ca;
	send.options.plain_off_loopback = web_trust().plain_off_loopback;
	return run_sender(&send);
}

const struct command command_send = {
	.options = {.name = "indsigt send",
		.summary = "sends events to a ledger, prints a receipt for each batch",
		.text = "Reads events from the files in turn, or from standard input (-, the default) as they come. Signed "
				"batches wait in a spool until their receipt has been checked. Run again on the same files it goes on "
				"where it stopped and sends nothing twice: a message is left out if as many equal ones as the file has "
				"had by then wait or were acknowledged, whatever the file is called now; a line that was mended or put "
				"in is sent, and what was refused is tried again. Equal messages of another file are taken for the "
				"same: give events an \"id\" of your own, by which they are always recognised, or use --again. What "
				"comes through a pipe is always new, but for events with an id. The newest four million messages are "
				"remembered. A lost connection is made again, for as long as it takes.\n",
		OPTION_ROWS(rows),
		.after = "On stdout one JSON object for each batch: its receipt, which 'indsigt verify' reads. Exit 1 if "
				 "something was refused, a message or the sender itself; 3 if events wait in the spool, or a signal "
				 "ended it before all was read: run it again. It waits for a ledger that is away, and for room on a "
				 "full disk: in a job say 'timeout --preserve-status 1h indsigt send ...'.\n"},
	.run = run,
};
