/* Senders as 'indsigt send' is one: a file that grows, read from its beginning by every run, through the real outbox.
 */
#include "ingest/sender/outbox_state.h"
#include "ledger/event/event_json.h"
#include "ledger/read/archive.h"
#include "ledger/text/timestamp.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDED_MOST 12 /* messages in one turn */

struct person people[SENDERS_MAX];
unsigned people_count;

/* The one that an operator waits for. */
static struct {
	bool waits;
	unsigned person;
	struct sender_key key; /* that the sender has from then on */
	struct entry_sender entry;
} request;

static struct outbox *outboxes[SENDERS_MAX];
static bool begun[SENDERS_MAX]; /* the pass over the file */

/* ---- what the outbox tells ---- */

static void on_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt)
{
	struct person *person = context;
	if (watchers_see_lost(receipt->first_index))
		sim_fail("%s gets a receipt for what the log says is lost", person->machine.name);
	if (person->acknowledged_count == person->acknowledged_capacity) {
		person->acknowledged_capacity = 2 * person->acknowledged_capacity + 64;
		person->acknowledged =
			realloc(person->acknowledged, person->acknowledged_capacity * sizeof *person->acknowledged);
	}
	person->acknowledged[person->acknowledged_count++] =
		(struct acknowledged){batch->first_sequence, receipt->first_index, batch->count};
	sim_say("  %s has a receipt for %" PRIu64 "+%u at %" PRIu64, person->machine.name, batch->first_sequence,
		batch->count, receipt->first_index);
}

/* A clock that is behind is a reason only where the sender's own is as well. */
static bool may_refuse(const struct person *person, uint64_t number, enum error error)
{
	uint64_t time_s = person->time_s[number];
	uint64_t own_s = sim_now_s() + (uint64_t)person->machine.ahead_s;
	uint64_t ledger_s = sim_now_s() + (uint64_t)ledger_machine.ahead_s;
	uint64_t told_s = outbox_ledger_now_s(outboxes[person - people]); /* by the last welcome */
	if (told_s < ledger_s)
		ledger_s = told_s;
	if (sim_now_s() < ledger_machine.wrong_until_s) /* a refusal may be older than the clock is right */
		ledger_s = 0;
	bool ahead = time_s > own_s + EVENT_AHEAD_SECONDS_MAX && time_s > ledger_s + EVENT_AHEAD_SECONDS_MAX;
	return error == E_LOST || (error == E_TIME_AHEAD && ahead) || (error == E_EQUIVOCATION && person->old_spool);
}

/* Whoever runs the sender gives it the file again. */
static void on_rejected(void *context, const struct outbox_rejection *rejection)
{
	struct person *person = context;
	sim_say("  %s: message %" PRIu64 " is refused: %s: %s", person->machine.name, rejection->number,
		error_name(rejection->error), rejection->text);
	if (!may_refuse(person, rejection->number, rejection->error))
		sim_fail("%s: message %" PRIu64 " is refused: %s: %s", person->machine.name, rejection->number,
			error_name(rejection->error), rejection->text);
	person->added = 0;
	begun[person - people] = false;
}

static void on_notice(void *context, const char *text)
{
	const struct person *person = context;
	sim_say("  %s says: %s", person->machine.name, text);
	bool may = strstr(text, "clock is") != NULL || (person->old_spool && strstr(text, "the spool is an older copy"));
	if (strstr(text, "ALARM") != NULL && !may)
		sim_fail("%s says: %s", person->machine.name, text);
}

/* ---- sending ---- */

/* Message n of a sender: an event about somebody, with a mark that is looked for in the log; every ninth is about
 * nobody, every third has an id. */
static void write_message(const struct person *person, uint64_t n, char out[768])
{
	char time[TIMESTAMP_TEXT_MAX + 1], subject[48], id[48] = "";
	unsigned who = (unsigned)(person - people);
	timestamp_format_s(person->time_s[n], time);
	if (n % 9 == 8)
		strcpy(subject, "\"subjects\":3");
	else
		snprintf(subject, sizeof subject, "\"subject\":\"cpr:01017%05u\"",
			n % 3 == 0 ? (unsigned)(n * 10 + who) : (unsigned)n % 7);
	if (n % 3 == 1)
		snprintf(id, sizeof id, ",\"id\":\"%u/%" PRIu64 "\"", who, n);
	snprintf(out, 768,
		"{%s,\"time\":\"%s\",\"action\":\"read\",\"outcome\":\"ok\",\"org\":{\"id\":\"cvr:1\",\"name\":\"N\"},"
		"\"system\":\"S\",\"activity\":\"mark %u-%" PRIu64 ";\"%s%s,\"actor\":{\"kind\":\"human\",\"role\":\"r\"}%s}",
		subject, time, who, n, n % 4 == 0 ? ",\"legal_basis\":\"x\"" : "", n % 5 == 0 ? "" : ",\"purpose\":\"own\"",
		id);
}

/* Errors of the machine's own disk: whoever runs the sender starts it again. */
static bool disk_failed(const struct person *person, enum error error)
{
	return error == E_IO && person->machine.failed;
}

/* Not *added: it is not the time for it. Other errors end the sender. */
static enum error add_message(struct person *person, struct outbox *outbox, bool *added, struct fault *fault)
{
	static struct event event;
	static char subject[SUBJECT_BYTES_MAX + 1];
	char text[768];
	json_t *document = NULL;
	bool taken = false;
	uint64_t n = person->added;
	*added = false;
	write_message(person, n, text);
	struct outbox_source source = {BYTES_LITERAL("file"), n, bytes_text(text), false, 0, 0};
	if (!outbox_ready(outbox))
		return E_OK;
	TRY(outbox_taken(outbox, &source, &taken, fault));
	if (!taken) {
		const char *purpose = outbox_policy(outbox)->purpose;
		enum error error = event_parse_json(bytes_text(text), purpose, subject, &document, &event, fault);
		if (error != E_OK)
			sim_fail("%s: %s", text, fault->text);
		error = outbox_add(outbox, &event, 1, &source, fault);
		json_decref(document);
		if (disk_failed(person, error))
			return error;
		if (error == E_FULL || (outbox_refusal(error) && error != E_EXISTS && may_refuse(person, n, error)))
			return E_OK;
		if (error != E_OK && error != E_EXISTS)
			sim_fail("%s: message %" PRIu64 ": %s: %s", person->machine.name, n, error_name(error), fault->text);
	}
	person->added = (uint32_t)n + 1;
	*added = true;
	return E_OK;
}

static bool open_outbox(struct person *person, unsigned i)
{
	struct fault fault = {.text = ""};
	struct outbox_options options = {.server = "127.0.0.1:7514",
		.key_path = person->key_path,
		.batch = 1 + sim_pick(12),
		.calls = {.receipt = on_receipt, .rejected = on_rejected, .notice = on_notice, .context = person}};
	person->machine.failed = false;
	enum error error = outbox_open(&options, &outboxes[i], &fault);
	if (error != E_OK) {
		outboxes[i] = NULL;
		if (error != E_FULL && !disk_failed(person, error))
			sim_fail("%s cannot start: %s: %s", person->machine.name, error_name(error), fault.text);
		return false;
	}
	begun[i] = false;
	person->added = 0;
	return true;
}

/* An error of outbox_poll is its end; whoever runs it starts it again, unless it can never go on. */
static void end(struct person *person, unsigned i, enum error error, const struct fault *fault)
{
	sim_say("  %s ends: %s: %s", person->machine.name, error_name(error), fault->text);
	bool revoking = request.waits && request.person == i && request.entry.action == SENDER_REVOKE;
	bool may = (error == E_REVOKED_SENDER && (person->revoked || revoking)) || disk_failed(person, error);
	if (!may)
		sim_fail("%s ends: %s: %s", person->machine.name, error_name(error), fault->text);
	person->ended = error == E_REVOKED_SENDER;
	outbox_close(outboxes[i]);
	outboxes[i] = NULL;
}

static void turn(void *context)
{
	struct person *person = context;
	unsigned i = (unsigned)(person - people);
	struct fault fault = {.text = ""};
	if (outboxes[i] == NULL && !open_outbox(person, i))
		return;
	enum error error = outbox_poll(outboxes[i], -1, NULL, 0, &fault);
	if (error == E_OK && !begun[i]) {
		begun[i] = true;
		error = outbox_begin_input(outboxes[i], BYTES_LITERAL("file"), false, false, &fault);
	}
	bool added = true;
	for (unsigned n = sim_pick(ADDED_MOST); error == E_OK && added && n > 0 && person->added < person->given; n--)
		error = add_message(person, outboxes[i], &added, &fault);
	if (error == E_OK && (person->added == person->given || sim_chance(4)))
		error = outbox_flush(outboxes[i], &fault);
	if (error != E_OK)
		end(person, i, error, &fault);
}

void person_step(unsigned i)
{
	struct person *person = &people[i];
	if (person->id == 0 || person->ended)
		return;
	if (machine_run(&person->machine, turn, person))
		return;
	sim_say("%s was killed", person->machine.name);
	outboxes[i] = NULL;
}

static void stop(void *context)
{
	struct person *person = context;
	outbox_close(outboxes[person - people]);
}

void person_stop(unsigned i)
{
	if (outboxes[i] == NULL)
		return;
	(void)machine_run(&people[i].machine, stop, &people[i]);
	outboxes[i] = NULL;
}

void person_back_up(unsigned i)
{
	struct person *person = &people[i];
	person_stop(i);
	if (access(person->key_path, F_OK) != 0)
		return;
	sim_shell(
		"cd %s && rm -rf copy && if test -e key.json.spool; then cp -a key.json.spool copy; fi", person->machine.dir);
	person->copied = true;
}

void person_put_back(unsigned i)
{
	struct person *person = &people[i];
	person_stop(i);
	if (!person->copied)
		return;
	sim_say("an old spool of %s is put back", person->machine.name);
	sim_shell(
		"cd %s && rm -rf key.json.spool && if test -e copy; then cp -a copy key.json.spool; fi", person->machine.dir);
	person->old_spool = true;
}

bool person_is_done(unsigned i)
{
	const struct person *person = &people[i];
	return person->ended || person->id == 0 ||
		   (outboxes[i] != NULL && begun[i] && person->added == person->given && outbox_idle(outboxes[i]));
}

/* ---- registering and changing ---- */

bool people_wait(void)
{
	return request.waits;
}

static void ask(void)
{
	sim_say("operator: %s, action %d%s", people[request.person].machine.name, (int)request.entry.action,
		daemon_runs() ? "" : ", by a command");
	request.waits = true;
	if (daemon_runs())
		daemon_submit(&request.entry);
	else
		daemon_append(&request.entry);
}

/* What the ledger has of the sender, whether or not it runs; E_UNKNOWN_SENDER. */
static enum error read_row(uint32_t id, struct sender *out)
{
	struct archive *archive = NULL;
	struct snapshot *snapshot = NULL;
	struct fault fault = {.text = ""};
	if (daemon_runs())
		return ledger_sender(daemon_ledger(), id, out);
	sim_must(archive_open(ledger_machine.dir, false, &archive, &fault));
	sim_must(snapshot_begin(archive, &snapshot, &fault));
	enum error error = snapshot_sender(snapshot, id, out);
	snapshot_end(snapshot);
	archive_close(archive);
	return error;
}

void people_add(void)
{
	char text[64];
	if (request.waits || !daemon_runs() || people_count == SENDERS_MAX)
		return;
	struct person *person = &people[people_count];
	memset(&request, 0, sizeof request);
	request.person = people_count++;
	snprintf(text, sizeof text, "sender %u", request.person);
	person->machine.name = strdup(text);
	snprintf(person->machine.dir, sizeof person->machine.dir, "%s/sender-%u", sim_place(), request.person);
	snprintf(person->key_path, sizeof person->key_path, "%s/sender-%u/key.json", sim_place(), request.person);
	sim_shell("mkdir %s", person->machine.dir);
	request.key.log = *ledger_vkey(daemon_ledger());
	request.key.sender = ledger_next_sender(daemon_ledger());
	sender_key_generate(&request.key);
	request.entry =
		(struct entry_sender){.action = SENDER_REGISTER, .sender = request.key.sender, .follows = FOLLOWS_NOTHING};
	policy_default(&request.entry.policy);
	strcpy(request.entry.policy.purpose, "p");
	strcpy(request.entry.org, "cvr:1");
	strcpy(request.entry.name, text);
	memcpy(request.entry.public_key, request.key.public_key, 32);
	sim_must(sender_key_endorse(&request.key, &request.entry));
	ask();
}

static void change_policy(struct policy *policy)
{
	static const char *const words[] = {"close=legal_basis", "open=legal_basis", "withhold", "open=objects"};
	char text[32];
	struct fault fault = {.text = ""};
	snprintf(text, sizeof text, "purpose=p%u", sim_pick(100));
	sim_must(policy_apply(policy, text, &fault));
	sim_must(policy_apply(policy, words[sim_pick(sizeof words / sizeof words[0])], &fault));
}

void people_change(unsigned i, enum sender_action action)
{
	struct person *person = &people[i];
	struct sender row;
	struct sender_key old;
	if (request.waits || person->id == 0 || person->revoked)
		return;
	memset(&request, 0, sizeof request);
	request.person = i;
	sim_must(read_row(person->id, &row));
	sim_must(sender_key_read(person->key_path, &old, NULL));
	request.key = old;
	request.entry = (struct entry_sender){.action = action,
		.sender = person->id,
		.follows = row.version,
		.change = row.changes + 1,
		.policy = row.policy,
		.mandate = row.mandate};
	memcpy(request.entry.org, row.org, sizeof row.org);
	memcpy(request.entry.name, row.name, sizeof row.name);
	if (action == SENDER_ROTATE)
		sender_key_generate(&request.key);
	if (action == SENDER_POLICY)
		change_policy(&request.entry.policy);
	memcpy(request.entry.public_key, request.key.public_key, 32);
	if (action != SENDER_REVOKE) {
		sim_must(sender_key_endorse(&request.key, &request.entry));
		sim_must(sender_key_endorse_old(&old, &request.entry));
	}
	ask();
}

/* The new key takes the old one's place once the ledger has it. */
static void done(void)
{
	struct person *person = &people[request.person];
	if (request.entry.action == SENDER_REGISTER)
		person->id = request.entry.sender;
	if (request.entry.action == SENDER_REVOKE)
		person->revoked = true;
	else
		sim_must(sender_key_write(person->key_path, &request.key, true, NULL));
	sim_say("operator: done for %s", person->machine.name);
	request.waits = false;
}

/* Nobody answers any more: what the ledger has says what became of it. */
static void look_in_ledger(void)
{
	struct sender row;
	bool there = read_row(request.entry.sender, &row) == E_OK;
	bool same = there && memcmp(row.public_key, request.entry.public_key, 32) == 0;
	if (request.entry.action == SENDER_REVOKE && there && row.status == SENDER_REVOKED)
		done();
	else if (request.entry.action != SENDER_REVOKE && same && row.version != request.entry.follows)
		done();
	else
		ask();
}

void people_look(void)
{
	enum error error;
	if (!request.waits || sim_chance(4)) /* people take their time */
		return;
	if (!daemon_answered(&error)) {
		if (daemon_lost_request())
			look_in_ledger();
		return;
	}
	if (error == E_OK) {
		done();
		return;
	}
	/* It changed meanwhile, or nothing is signed now: the operator asks again later. */
	sim_say("operator: refused: %s", error_name(error));
	if (error != E_CLOCK && error != E_UNWITNESSED)
		sim_fail("a request of %s is refused: %s", people[request.person].machine.name, error_name(error));
	ask();
}
