/* indsigt bench: how fast it is, measured from outside, with real senders.
 *
 *   fresh ledger ─► every subject once (untimed) ─┬► batches of 1000, 100, 1 ─► new subjects ─► while an epoch runs
 *                                                 │  ─► questions ─► statements ─► audit
 *                                                 └► with --minutes: all at once (sustained.c) ─► audit
 *   two fresh ledgers ─► with --tls: one by TLS, one in the clear, by turns (bench_tls.c)
 *
 * The first is a sprint: an epoch is asked for and waited for before each part, so that none pays for the filing of the
 * one before. */
#include "ingest/net/fetch.h"
#include "ledger/base/clock.h"
#include "ledger/read/archive.h"
#include "ledger/statement/statement.h"
#include "tools/bench/bench_place.h"
#include "tools/bench/bench_query.h"
#include "tools/command/admin.h"
#include "tools/command/command.h"
#include "tools/show/answer.h"

#include <inttypes.h>
#include <pthread.h>
#include <sys/wait.h>

#define EVENTS_DEFAULT 500000u
#define SUBJECTS_DEFAULT 1000000u
#define NEW_PERCENT_DEFAULT 5u
#define MINUTES_MIN 0.05
#define MINUTES_MAX 1440.0
#define LONE_MAX 2000u /* one after the other */
#define SENDER_END_MS 10000
#define SINGLE_SHARE 10u /* batches of one: a tenth of the events */
#define NEW_SHARE 4u     /* new subjects: a quarter */
#define NEW_SUBJECTS_FROM 5000000000u
#define QUESTIONS_MAX 2000u
#define QUESTION_CONNECTIONS 8u
#define EPOCH_EVENTS 100000u /* that are filed while more come */
#define PROVERS_FROM (BENCH_CITIZENS_FROM + 1000000u)
#define PROVERS 20u
#define PROVER_EVENTS 100u
#define STATEMENTS 200u
#define VERIFICATIONS 50u

/* ---- events ---- */

static uint64_t single_events(const struct bench *bench)
{
	uint64_t events = bench->batch == 0 ? bench->events / SINGLE_SHARE : bench->events;
	return events ? events : 1;
}

static enum error measure_batch(struct bench *bench, uint32_t batch, struct fault *fault)
{
	struct load_result result;
	struct load known = {
		.batch = batch, .events = batch == 1 ? single_events(bench) : bench->events, .order = LOAD_RANDOM};
	TRY(bench_load(bench, "events", &known, &result, fault));
	printf("ingest events/s=%.0f batch=%" PRIu32 " events=%" PRIu64 " batches=%" PRIu64 " senders=%" PRIu32
		   " subjects=%" PRIu64 " seconds=%.3f\n",
		(double)result.events / result.seconds, batch, result.events, result.batches, known.senders, known.subjects,
		result.seconds);
	return E_OK;
}

/* ---- single events that are waited for ---- */

static void say_waited(const char *what, const struct load *load, const struct load_result *result)
{
	printf("%s events/s=%.0f p50_ms=%.3f p99_ms=%.3f events=%" PRIu64 " callers=%" PRIu32 " seconds=%.3f\n", what,
		(double)result->events / result->seconds, result->times.p50_ms, result->times.p99_ms, result->events,
		load->senders, result->seconds);
	fflush(stdout);
}

/* One event, its receipt checked, the next. */
static enum error measure_lone(struct bench *bench, uint64_t events, struct fault *fault)
{
	struct load_result result;
	struct load lone = {.senders = 1,
		.batch = 1,
		.events = events < LONE_MAX ? events : LONE_MAX,
		.order = LOAD_RANDOM,
		.closed = true};
	TRY(bench_load(bench, "events, one after the other", &lone, &result, fault));
	say_waited("lone", &lone, &result);
	return E_OK;
}

/* The same of many programs that share a sender: each gives an event, and waits for its own answer. */
static enum error measure_callers(struct bench *bench, uint64_t events, struct fault *fault)
{
	char self[CHILD_PATH_MAX];
	char key[CHILD_PATH_MAX];
	char at[CHILD_PATH_MAX];
	char log[CHILD_PATH_MAX];
	struct child sender = CHILD_NONE;
	struct load_result result;
	struct load calls = {.senders = bench_senders_for(bench, 1),
		.events = events,
		.order = LOAD_RANDOM,
		.first_subject = 1, /* 0 is nobody's number, which a message is refused for */
		.socket = at};
	snprintf(key, sizeof key, "%s/1.json", bench->place.dir);
	snprintf(at, sizeof at, "%s/callers.sock", bench->place.dir);
	snprintf(log, sizeof log, "%s/log", bench->place.dir);
	const char *argv[] = {"indsigt", "send", "--server", bench->place.ingest, "--key", key, "--listen", at, NULL};
	TRY(child_self(self, fault));
	TRY(child_start(self, (char *const *)argv, log, &sender, fault));
	enum error error = bench_load(bench, "events of callers", &calls, &result, fault);
	child_stop(&sender);
	if (child_wait(&sender, SENDER_END_MS) != 0 && error == E_OK)
		error = fault_set(fault, E_STOPPED, "the callers' sender did not end in order");
	child_forget(&sender);
	TRY(error);
	say_waited("callers", &calls, &result);
	return E_OK;
}

static enum error measure_single(struct bench *bench, struct fault *fault)
{
	TRY(measure_lone(bench, single_events(bench), fault));
	return measure_callers(bench, single_events(bench), fault);
}

static enum error measure_new(struct bench *bench, struct fault *fault)
{
	struct load_result result;
	uint64_t events = bench->events / NEW_SHARE ? bench->events / NEW_SHARE : 1;
	struct load fresh = {.batch = BENCH_BATCH,
		.events = events,
		.order = LOAD_EACH,
		.first_subject = NEW_SUBJECTS_FROM,
		.subjects = events};
	TRY(bench_load(bench, "events of new subjects", &fresh, &result, fault));
	printf("new-subjects events/s=%.0f batch=%u events=%" PRIu64 " senders=%" PRIu32 " seconds=%.3f\n",
		(double)result.events / result.seconds, BENCH_BATCH, result.events, fresh.senders, result.seconds);
	return E_OK;
}

/* ---- while an epoch runs ---- */

/* An epoch that is asked for once the load runs, and how much the log grew until either was over. */
struct epoch_run {
	struct bench *bench;
	pthread_t thread;
	bool started;
	_Atomic bool load_over;
	uint64_t first_entry;
	uint64_t last_entry;
	double start_s;
	double end_s;   /* of what was counted */
	double epoch_s; /* how long the epoch took */
	enum error error;
	struct fault fault;
};

static enum error count_entries(const struct bench *bench, uint64_t *out, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	TRY(archive_open(bench->place.ledger, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	*out = snapshot_checkpoint(snapshot)->size;
	return E_OK;
}

static void *ask_for_epoch(void *context)
{
	struct epoch_run *run = context;
	run->error = admin_epoch(&(struct admin){.dir = run->bench->place.ledger}, false, &run->fault);
	double now_s = (double)clock_ns() / 1e9;
	run->epoch_s = now_s - run->start_s;
	if (run->error == E_OK && !run->load_over) {
		run->end_s = now_s;
		run->error = count_entries(run->bench, &run->last_entry, &run->fault);
	}
	return NULL;
}

static void watch_epoch(void *context, uint64_t done)
{
	struct epoch_run *run = context;
	bench_watch(run->bench, done);
	if (run->started || done == 0 || run->error != E_OK)
		return;
	run->error = count_entries(run->bench, &run->first_entry, &run->fault);
	run->start_s = (double)clock_ns() / 1e9;
	run->started = run->error == E_OK && pthread_create(&run->thread, NULL, ask_for_epoch, run) == 0;
}

static enum error run_epoch(struct epoch_run *run, struct load *load, struct fault *fault)
{
	struct load_result result;
	load->watch = watch_epoch;
	load->context = run;
	enum error error = load_run(load, &result, fault);
	double now_s = (double)clock_ns() / 1e9;
	run->load_over = true;
	if (run->started)
		pthread_join(run->thread, NULL);
	TRY(error);
	if (run->error != E_OK || !run->started)
		return fault_set(
			fault, run->error != E_OK ? run->error : E_STOPPED, "the epoch while events came: %s", run->fault.text);
	if (run->end_s == 0) { /* the load was over before the epoch */
		run->end_s = now_s;
		TRY(count_entries(run->bench, &run->last_entry, fault));
	}
	return E_OK;
}

static enum error measure_epoch(struct bench *bench, struct fault *fault)
{
	struct load_result alone;
	struct epoch_run run = {.bench = bench};
	struct load known = {.batch = BENCH_BATCH,
		.events = EPOCH_EVENTS < bench->events ? EPOCH_EVENTS : bench->events,
		.order = LOAD_RANDOM};
	TRY(bench_load(bench, "events to be filed", &known, &alone, fault));
	known.events = bench->events;
	bench->progress_total = known.events;
	progress_start(&bench->progress, "events while an epoch runs");
	enum error error = run_epoch(&run, &known, fault);
	progress_clear(&bench->progress);
	TRY(error);
	double alone_per_s = (double)alone.events / alone.seconds;
	double entries = (double)(run.last_entry - run.first_entry);
	double during_per_s = entries * BENCH_BATCH / (BENCH_BATCH + 1) / (run.end_s - run.start_s);
	printf("epoch ingest_ratio=%.2f events/s=%.0f without_events/s=%.0f seconds=%.3f filed=%" PRIu64
		   " subjects=%" PRIu64 "\n",
		during_per_s / alone_per_s, during_per_s, alone_per_s, run.epoch_s, alone.events, bench->subjects);
	return E_OK;
}

/* ---- questions ---- */

/* One answer is verified whole, as a citizen would. */
static enum error check_answer(const struct bench *bench, const char *token, struct fault *fault)
{
	char url[ADDRESS_TEXT_MAX + 16];
	char subject[LOAD_SUBJECT_MAX];
	OWNED(answer_release) struct answer answer = {0};
	snprintf(url, sizeof url, "http://%s", bench->place.query);
	load_subject(BENCH_CITIZENS_FROM, subject);
	struct answer_query query = {.subject = subject, .ledger = url, .token = token, .vkey = &bench->place.vkey};
	TRY(answer_ask(&query, &answer, fault));
	if (answer.open != BENCH_CITIZEN_EVENTS)
		return fault_set(
			fault, E_STOPPED, "a citizen with %u events is shown %" PRIu64, BENCH_CITIZEN_EVENTS, answer.open);
	return E_OK;
}

static enum error measure_query(struct bench *bench, struct fault *fault)
{
	OWNED(bench_tokens_free) struct bench_tokens tokens = {0};
	struct ask_result one;
	struct ask_result many;
	TRY(bench_people(bench, &bench_citizens, &tokens, fault));
	TRY(check_answer(bench, tokens.texts[0], fault));
	struct ask ask = {.server = bench->place.query,
		.path = "/v1/accesses",
		.tokens = (const char *const *)tokens.texts,
		.token_count = BENCH_CITIZENS,
		.connections = 1,
		.requests = bench->events < QUESTIONS_MAX ? (uint32_t)bench->events : QUESTIONS_MAX};
	TRY(ask_run(&ask, &one, fault));
	bench_place_look(&bench->place, NULL);
	ask.connections = QUESTION_CONNECTIONS;
	TRY(ask_run(&ask, &many, fault));
	bench_place_look(&bench->place, NULL);
	printf("query p50_ms=%.3f p99_ms=%.3f queries/s=%.0f events=%u connections=%u answer_bytes=%zu\n", one.times.p50_ms,
		one.times.p99_ms, many.per_second, BENCH_CITIZEN_EVENTS, QUESTION_CONNECTIONS, one.answer_bytes);
	return E_OK;
}

/* ---- statements ---- */

/* Fetches one statement and verifies it many times. */
static enum error time_verification(const struct bench *bench, const char *token, double *out_ms, struct fault *fault)
{
	char url[ADDRESS_TEXT_MAX + 16];
	struct bytes text;
	struct finding finding = {.text = ""};
	const struct statement_options options = {.subject = NULL};
	OWNED(fetch_release) struct fetch *fetch = NULL;
	snprintf(url, sizeof url, "http://%s", bench->place.query);
	TRY(fetch_open(url, token, &fetch, fault));
	TRY(fetch_text(fetch, "/v1/statement", NULL, 0, &text, fault));
	double start_s = (double)clock_ns() / 1e9;
	for (unsigned i = 0; i < VERIFICATIONS; i++) {
		struct statement *statement = NULL;
		if (statement_verify(text, &bench->place.vkey, &options, &statement, &finding) != E_OK)
			return fault_set(fault, E_BAD_PROOF, "a statement does not verify: %s", finding.text);
		uint64_t shown = statement->event_count;
		statement_free(statement);
		if (shown != PROVER_EVENTS)
			return fault_set(fault, E_STOPPED, "a statement of %u events shows %" PRIu64, PROVER_EVENTS, shown);
	}
	*out_ms = ((double)clock_ns() / 1e9 - start_s) * 1000 / VERIFICATIONS;
	return E_OK;
}

static enum error measure_statement(struct bench *bench, struct fault *fault)
{
	OWNED(bench_tokens_free) struct bench_tokens tokens = {0};
	const struct bench_people provers = {
		"events of the citizens who want a statement", PROVERS_FROM, PROVERS, PROVER_EVENTS};
	struct ask_result asked;
	double verify_ms = 0;
	TRY(bench_people(bench, &provers, &tokens, fault));
	struct ask ask = {.server = bench->place.query,
		.path = "/v1/statement",
		.tokens = (const char *const *)tokens.texts,
		.token_count = PROVERS,
		.connections = 1,
		.requests = STATEMENTS};
	TRY(ask_run(&ask, &asked, fault));
	bench_place_look(&bench->place, NULL);
	TRY(time_verification(bench, tokens.texts[0], &verify_ms, fault));
	printf("statement p50_ms=%.3f p99_ms=%.3f verify_ms=%.3f events=%u bytes=%zu\n", asked.times.p50_ms,
		asked.times.p99_ms, verify_ms, PROVER_EVENTS, asked.answer_bytes);
	return E_OK;
}

/* ---- audit ---- */

static enum error measure_audit(struct bench *bench, struct fault *fault)
{
	char self[CHILD_PATH_MAX];
	char vkey[VKEY_TEXT_MAX + 1];
	char line[CHILD_LINE_MAX + 1];
	char last[CHILD_LINE_MAX + 1] = "";
	struct child child = CHILD_NONE;
	uint64_t entries = 0;
	vkey_format(&bench->place.vkey, vkey);
	const char *argv[] = {"indsigt", "audit", bench->place.ledger, "--vkey", vkey, NULL};
	TRY(admin_epoch(&(struct admin){.dir = bench->place.ledger}, false, fault));
	TRY(child_self(self, fault));
	uint64_t start_ns = clock_ns();
	TRY(child_start(self, (char *const *)argv, NULL, &child, fault));
	while (child.output >= 0) {
		while (child_line(&child, line))
			strcpy(last, line);
		if (child.output >= 0)
			(void)child_wait_output(&child, -1);
	}
	int status = child_wait(&child, -1);
	uint64_t end_ns = clock_ns();
	if (status != 0 || sscanf(last, "audit: ok entries=%" SCNu64, &entries) != 1)
		return fault_set(fault, E_STOPPED, "the audit did not end with 'audit: ok' but '%.150s'", last);
	double seconds = (double)(end_ns - start_ns) / 1e9;
	printf("audit entries/s=%.0f entries=%" PRIu64 " seconds=%.3f\n", (double)entries / seconds, entries, seconds);
	return E_OK;
}

/* ---- all of it ---- */

static enum error sprint(struct bench *bench, struct fault *fault)
{
	static const uint32_t batches[] = {1000, 100, 1};
	for (size_t i = 0; bench->batch == 0 && i < sizeof batches / sizeof batches[0]; i++)
		TRY(measure_batch(bench, batches[i], fault));
	if (bench->batch)
		TRY(measure_batch(bench, (uint32_t)bench->batch, fault));
	if (bench->batch <= 1)
		TRY(measure_single(bench, fault));
	if (bench->singles)
		return E_OK;
	TRY(measure_new(bench, fault));
	TRY(measure_epoch(bench, fault));
	TRY(measure_query(bench, fault));
	return measure_statement(bench, fault);
}

static enum error measure(struct bench *bench, struct fault *fault)
{
	uint32_t senders = bench->senders ? (uint32_t)bench->senders : BENCH_SENDERS_SINGLE;
	setlinebuf(stdout); /* each figure as soon as it is there */
	if (bench->tls)
		return bench_tls(bench, fault);
	printf("machine cpus=%ld sha256=\"%s\"\n", sysconf(_SC_NPROCESSORS_ONLN), hash_sha256_maker());
	TRY(bench_place_open(bench->dir, senders, false, &bench->place, fault));
	TRY(bench_warm_up(bench, fault));
	TRY(bench->minutes > 0 ? bench_sustained(bench, fault) : sprint(bench, fault));
	TRY(measure_audit(bench, fault));
	printf("memory ingestd_anon_mib=%.1f queryd_anon_mib=%.1f\n", (double)bench->place.ingestd_kib / 1024,
		(double)bench->place.queryd_kib / 1024);
	return E_OK;
}

static enum error take_minutes(void *member, const char *text, struct fault *fault)
{
	char *end;
	double minutes = strtod(text, &end);
	if (end == text || *end != '\0' || !(minutes >= MINUTES_MIN && minutes <= MINUTES_MAX))
		return fault_set(fault, E_USAGE, "--minutes is a number from %g to %g", MINUTES_MIN, MINUTES_MAX);
	*(double *)member = minutes;
	return E_OK;
}

#define SPRINT FORM(0)
#define SUSTAINED FORM(1)
#define BY_TURNS FORM(2)

#define T struct bench
static const struct option_row rows[] = {
	OPTION_NUMBER(T, events, "events", "N", 1, 1000000000,
		.help = "events in each part (500000); batches of one a tenth, new subjects a quarter of it"),
	OPTION_NUMBER(
		T, subjects, "subjects", "M", 1, 1000000000, .help = "people the events are about, at random (1000000)"),
	OPTION_NUMBER(T, batch, "batch", "B", 1, BATCH_EVENTS_MAX, .forms = SPRINT | SUSTAINED,
		.help = "only batches of this size; otherwise 1000, then 100, then 1"),
	OPTION_FLAG(T, singles, "singles", .forms = SPRINT, .wants = "batch",
		.help = "with --batch 1: nothing but single events, of senders each with a key, one after the other, and of "
				"callers "
				"that share a sender"),
	OPTION_NUMBER(
		T, senders, "senders", "S", 1, LOAD_SENDERS_MAX, .help = "sender processes (2; 32 for batches of one)"),
	OPTION_TAKEN(take_minutes, "minutes", "N", .forms = SUSTAINED, .required = REQUIRED,
		.offset = offsetof(struct bench, minutes),
		.help =
			"not the sprint but what the ledger keeps up for so long, with questions beside it, until all is filed; "
			"--events does not count"),
	OPTION_NUMBER(T, new_percent, "new-percent", "P", 0, 100, .forms = SUSTAINED,
		.help = "of those events, how many in a hundred are about people whom nobody has met (5)"),
	OPTION_TEXT(T, picture, "picture", "FILE", .forms = SUSTAINED, .help = "draws it over time, as SVG"),
	OPTION_FLAG(T, tls, "tls", .forms = BY_TURNS, .required = REQUIRED,
		.help = "not the sprint but a ledger by TLS beside one in the clear, by turns: batches of 1000, single events, "
				"answers; so many events in five rounds of each, a tenth in single events"),
	OPTION_FLAG(T, json, "json", .forms = BY_TURNS, .help = "one JSON object in place of the table"),
	OPTION_TEXT(
		T, dir, "dir", "DIR", .help = "where to put ledger and keys, and leave them; otherwise a temporary directory"),
};

static enum error measure_and_leave(void *given, struct fault *fault)
{
	struct bench *bench = given;
	bench->place.serve = CHILD_NONE;
	enum error error = measure(bench, fault);
	bench_place_close(&bench->place);
	return error;
}

const struct command command_bench = {
	.options = {.name = "indsigt bench",
		.summary = "measures how fast events go in, questions are answered and all is verified",
		.text = "Makes a fresh ledger, serves it, and sends to it over TCP from sender processes with keys and spools "
				"of their own; the clock runs from the first batch to the last verified receipt. Before, every subject "
				"is made known by one event. All of it runs on this machine, senders too.\n",
		OPTION_ROWS(rows),
		.after =
			"With --tls the last line is 'tls ratio batch=N single=N answers=N': what is left by TLS of each rate.\n"},
	.work = measure_and_leave,
	COMMAND_GIVEN(
		struct bench, .events = EVENTS_DEFAULT, .subjects = SUBJECTS_DEFAULT, .new_percent = NEW_PERCENT_DEFAULT),
};
