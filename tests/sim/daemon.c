/* indsigt-ingestd, but for libevent: sessions over sockets, and the real sequencer behind them. */
#include "ingest/sequencer/health.h"
#include "ingest/sequencer/sequencer.h"
#include "ingest/wire/session.h"
#include "tests/sim/sim.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES_MAX 16
#define IN_BYTES (1u << 18)

struct line {
	uint64_t id; /* 0: free */
	int fd;
	struct session session;
	struct seat *seat;
	bool mute; /* what is answered does not arrive, and the line breaks */
	uint8_t *in;
	size_t in_len;
};

struct machine ledger_machine = {.name = "ledger"};
static struct ledger *ledger;
static struct health *health;
static struct sequencer *sequencer;
static bool runs;
static struct line lines[LINES_MAX];
static uint64_t next_line;
static bool answered;
static enum error answer;
static bool asked; /* and not answered yet */
static bool lost;

struct ledger *daemon_ledger(void)
{
	return ledger;
}

bool daemon_runs(void)
{
	return runs;
}

static void wake(void *context)
{
	(void)context;
}

static void make(void *context)
{
	struct fault fault = {.text = ""};
	(void)context;
	if (ledger_create(ledger_machine.dir, SIM_ORIGIN, &fault) != E_OK)
		sim_fail("%s", fault.text);
}

void daemon_make(void)
{
	snprintf(ledger_machine.dir, sizeof ledger_machine.dir, "%s/ledger", sim_place());
	(void)machine_run(&ledger_machine, make, NULL);
}

/* ---- lines ---- */

static void line_free(struct line *line)
{
	if (line->id == 0)
		return;
	close(line->fd);
	free(line->in);
	seat_release(line->seat);
	*line = (struct line){.id = 0};
}

void daemon_hang_up(void)
{
	for (unsigned i = 0; i < LINES_MAX; i++)
		line_free(&lines[i]);
}

void daemon_lose_answers(void)
{
	for (unsigned i = 0; i < LINES_MAX; i++)
		lines[i].mute = true;
}

static void line_send(struct line *line, const struct writer *w)
{
	if (writer_len(w) > 0 && line->mute) {
		line_free(line);
		return;
	}
	if (writer_len(w) > 0)
		(void)!send(line->fd, w->start, writer_len(w), MSG_NOSIGNAL);
	if (line->session.state == SESSION_CLOSING)
		line_free(line);
}

static void line_open(void)
{
	struct machine *from;
	int fd = network_accept(&from);
	struct line *line = lines;
	if (fd < 0)
		return;
	while (line < lines + LINES_MAX && line->id != 0)
		line++;
	assert(line < lines + LINES_MAX);
	*line = (struct line){.id = ++next_line, .fd = fd, .seat = seat_new(), .in = malloc(IN_BYTES)};
	static uint8_t output[SESSION_OUTPUT_MAX];
	struct writer w = writer_of(output, sizeof output);
	session_init(&line->session, ledger_vkey(ledger), &w);
	line_send(line, &w);
}

static void submit(struct line *line, enum session_request request, struct bytes body)
{
	if (request == SESSION_NOTHING)
		return;
	struct job *job = job_new(request == SESSION_LOOK_UP ? JOB_HELLO : JOB_BATCH, line->id);
	job->sender = line->session.sender;
	memcpy(job->challenge, line->session.challenge.nonce, sizeof job->challenge);
	job->seat = seat_hold(line->seat);
	job->body = malloc(body.len + 1);
	job->body_bytes = body.len;
	if (body.len > 0)
		memcpy(job->body, body.data, body.len);
	sequencer_submit(sequencer, job);
}

/* One frame; false when there is no whole one. */
static bool line_frame(struct line *line, size_t *at)
{
	static uint8_t output[SESSION_OUTPUT_MAX];
	struct writer w = writer_of(output, sizeof output);
	enum frame_type type;
	size_t len = 0;
	if (line->in_len - *at < FRAME_HEAD_BYTES || !session_may_read(&line->session))
		return false;
	sim_must(frame_head_decode(bytes_of(line->in + *at, FRAME_HEAD_BYTES), &type, &len));
	sim_must(session_head(&line->session, type, len, &w));
	if (line->in_len - *at - FRAME_HEAD_BYTES < len)
		return false;
	struct bytes body = bytes_of(line->in + *at + FRAME_HEAD_BYTES, len);
	*at += FRAME_HEAD_BYTES + len;
	enum session_request request = session_frame(&line->session, type, body, &w);
	submit(line, request, body);
	line_send(line, &w);
	return line->id != 0;
}

static void line_read(struct line *line)
{
	size_t at = 0;
	ssize_t n = recv(line->fd, line->in + line->in_len, IN_BYTES - line->in_len, MSG_DONTWAIT);
	bool gone = n == 0 || (n < 0 && errno != EAGAIN);
	line->in_len += n > 0 ? (size_t)n : 0;
	while (line_frame(line, &at))
		;
	if (line->id == 0)
		return;
	line->in_len -= at;
	memmove(line->in, line->in + at, line->in_len);
	if (gone)
		line_free(line);
}

/* ---- answers ---- */

static void deliver_batch(struct line *line, const struct job *job)
{
	static uint8_t output[SESSION_OUTPUT_MAX];
	struct writer w = writer_of(output, sizeof output);
	struct frame_refusal refusal = {
		job->first_sequence, job->expected_sequence, job->error, job->fault.event, bytes_text(job->fault.text)};
	if (job->error != E_OK)
		sim_say("  ledger refuses sender %u from %lu: %s", job->sender, (unsigned long)job->first_sequence,
			error_name(job->error));
	if (job->error == E_OK)
		session_receipt(&line->session, bytes_of(job->receipt, job->receipt_bytes), job->body_bytes, &w);
	else
		session_refusal(&line->session, &refusal, job->body_bytes, &w);
	line_send(line, &w);
}

static void deliver(const struct job *job)
{
	static uint8_t output[SESSION_OUTPUT_MAX];
	struct writer w = writer_of(output, sizeof output);
	struct line *line = lines;
	if (job->kind == JOB_SENDER) {
		answered = true;
		asked = false;
		answer = job->error;
	}
	while (line < lines + LINES_MAX && (line->id == 0 || line->id != job->connection))
		line++;
	if (line == lines + LINES_MAX)
		return;
	if (job->kind == JOB_BATCH) {
		deliver_batch(line, job);
	} else if (job->kind == JOB_HELLO) {
		session_looked_up(&line->session, job->error, job->fault.text, bytes_of(job->receipt, job->receipt_bytes), &w);
		line_send(line, &w);
	}
}

static void deliver_all(void)
{
	struct job *jobs = sequencer_take_done(sequencer);
	while (jobs != NULL) {
		struct job *next = jobs->next;
		deliver(jobs);
		job_free(jobs);
		jobs = next;
	}
}

/* ---- requests ---- */

void daemon_submit(const struct entry_sender *entry)
{
	struct job *job = job_new(JOB_SENDER, 0);
	job->entry = malloc(sizeof *job->entry);
	*job->entry = *entry;
	answered = false;
	asked = true;
	sequencer_submit(sequencer, job);
}

bool daemon_lost_request(void)
{
	bool was = lost;
	lost = false;
	return was;
}

bool daemon_answered(enum error *out)
{
	bool was = answered;
	answered = false;
	*out = answer;
	return was;
}

void daemon_ask_epoch(void)
{
	sequencer_submit(sequencer, job_new(JOB_EPOCH, 0));
}

/* ---- commands, while no daemon runs ---- */

struct command {
	struct entry_sender entry;
	enum error error;
	struct fault fault;
};

static enum error file_first(struct ledger *opened, struct fault *fault)
{
	bool working = false;
	bool finished = false;
	if (ledger_unfiled(opened) == 0)
		return E_OK;
	TRY(ledger_epoch_start(opened, &working, fault));
	while (working && !finished)
		TRY(ledger_epoch_slice(opened, &finished, fault));
	return E_OK;
}

static enum error append(struct ledger *opened, struct entry_sender *entry, struct fault *fault)
{
	TRY(file_first(opened, fault));
	TRY(ledger_begin(opened, fault));
	enum error error = ledger_append_sender(opened, entry, fault);
	if (error != E_OK) {
		ledger_abort(opened);
		return error;
	}
	return ledger_commit(opened, fault);
}

static void run_command(void *context)
{
	struct command *command = context;
	struct ledger *opened = NULL;
	command->error = ledger_open(ledger_machine.dir, watchers_asker(), &opened, &command->fault);
	if (command->error == E_OK)
		command->error = append(opened, &command->entry, &command->fault);
	ledger_close(opened);
}

void daemon_append(const struct entry_sender *entry)
{
	struct command command = {.entry = *entry};
	if (!machine_run(&ledger_machine, run_command, &command)) {
		sim_say("the command was killed");
		lost = true;
		return;
	}
	sim_say("the command ends: %s: %s", error_name(command.error), command.fault.text);
	/* Whether it was committed is not known after these. */
	lost = command.error == E_IO || command.error == E_FULL;
	answered = !lost;
	answer = command.error;
}

/* ---- running ---- */

static void start(void *context)
{
	struct daemon_result *out = context;
	struct sequencer_options options = {.dir = ledger_machine.dir, .epoch_seconds = 5, .wake = wake};
	ledger = NULL;
	health = NULL;
	out->error = ledger_open(ledger_machine.dir, watchers_asker(), &ledger, &out->fault);
	if (out->error == E_OK)
		out->error = health_new(ledger_machine.dir, &health);
	options.ledger = ledger;
	options.health = health;
	if (out->error == E_OK)
		out->error = sequencer_start(&options, &sequencer, &out->fault);
	if (out->error == E_OK || ledger == NULL)
		return;
	health_free(health);
	ledger_close(ledger);
}

static void forget(void)
{
	daemon_hang_up();
	ledger = NULL;
	health = NULL;
	sequencer = NULL;
	runs = false;
	lost = lost || asked || answered;
	asked = answered = false;
	network_listen(false);
	struct machine *from;
	int fd = network_accept(&from);
	if (fd >= 0)
		close(fd);
}

void daemon_start(struct daemon_result *out)
{
	assert(!runs);
	memset(out, 0, sizeof *out);
	out->died = !machine_run(&ledger_machine, start, out);
	runs = !out->died && out->error == E_OK;
	if (!runs) {
		forget();
		return;
	}
	network_listen(true);
}

static void step(void *context)
{
	(void)context;
	line_open();
	for (unsigned i = 0; i < LINES_MAX; i++)
		if (lines[i].id != 0)
			line_read(&lines[i]);
	machine_run_threads();
	deliver_all();
	health_beat(health);
}

bool daemon_step(void)
{
	if (!machine_run(&ledger_machine, step, NULL))
		forget();
	return runs;
}

static void ask_clock(void *context)
{
	uint64_t now_s;
	*(bool *)context = ledger_now(ledger, &now_s, NULL) == E_CLOCK;
}

bool daemon_refuses_clock(void)
{
	bool refuses = false;
	if (runs && !machine_run(&ledger_machine, ask_clock, &refuses))
		forget();
	return refuses;
}

static void stop(void *context)
{
	(void)context;
	sequencer_stop(sequencer);
	deliver_all();
	sequencer_free(sequencer);
	health_free(health);
	ledger_close(ledger);
}

bool daemon_stop(void)
{
	bool survived = machine_run(&ledger_machine, stop, NULL);
	forget();
	return survived;
}
