/* indsigt bench: how fast it is, measured from outside, with real senders.
 *
 *   fresh ledger ─► every subject once (untimed) ─► batches of 1000, 100, 1 ─► new subjects ─► while an epoch runs
 *                ─► questions ─► statements ─► audit
 *
 * An epoch is asked for and waited for before each part, so that none pays for the filing of the one before. */
#include "ingest/net/fetch.h"
#include "ledger/base/clock.h"
#include "ledger/base/own.h"
#include "ledger/read/archive.h"
#include "ledger/statement/statement.h"
#include "query/http/token.h"
#include "tools/bench/bench_load.h"
#include "tools/bench/bench_place.h"
#include "tools/bench/bench_query.h"
#include "tools/command/admin.h"
#include "tools/command/command.h"
#include "tools/show/answer.h"
#include "tools/show/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define EVENTS_DEFAULT 500000u
#define SUBJECTS_DEFAULT 1000000u
#define SENDERS_DEFAULT 2u
#define SENDERS_SINGLE 32u /* connections for batches of one */
#define SINGLE_SHARE 10u   /* batches of one: a tenth of the events */
#define NEW_SHARE 4u       /* new subjects: a quarter */
#define WARM_UP_BATCH 1000u
#define NEW_SUBJECTS_FROM 5000000000u
#define CITIZENS_FROM 9000000000u
#define CITIZENS 100u
#define CITIZEN_EVENTS 20u
#define QUESTIONS_MAX 2000u
#define QUESTION_CONNECTIONS 8u
#define EPOCH_EVENTS 100000u /* that are filed while more come */
#define PROVERS_FROM (CITIZENS_FROM + 1000000u)
#define PROVERS 20u
#define PROVER_EVENTS 100u
#define STATEMENTS 200u
#define VERIFICATIONS 50u

struct bench {
	uint64_t events;
	uint64_t subjects;
	uint64_t batch;   /* 0: all three */
	uint64_t senders; /* 0: the usual */
	const char *dir;
	struct bench_place place;
	struct progress progress;
	uint64_t progress_total;
};

/* ---- load ---- */

static void watch(void *context, uint64_t done)
{
	struct bench *bench = context;
	bench_place_sample(&bench->place);
	progress_update(&bench->progress, done, bench->progress_total);
}

static enum error load(
	struct bench *bench, const char *what, struct load *load, struct load_result *out, struct fault *fault)
{
	load->server = bench->place.ingest;
	load->keys = bench->place.dir;
	load->watch = watch;
	load->context = bench;
	bench->progress_total = load->events;
	TRY(admin_epoch(&(struct admin){.dir = bench->place.ledger}, false, fault));
	progress_start(&bench->progress, what);
	enum error error = load_run(load, out, fault);
	progress_clear(&bench->progress);
	return error;
}

static uint32_t senders_for(const struct bench *bench, uint64_t batch)
{
	if (bench->senders)
		return (uint32_t)bench->senders;
	return batch == 1 ? SENDERS_SINGLE : SENDERS_DEFAULT;
}

static enum error warm_up(struct bench *bench, struct fault *fault)
{
	struct load_result result;
	struct load each = {.senders = senders_for(bench, WARM_UP_BATCH),
		.batch = WARM_UP_BATCH,
		.events = bench->subjects,
		.order = LOAD_EACH,
		.subjects = bench->subjects};
	return load(bench, "subjects made known", &each, &result, fault);
}

static enum error measure_batch(struct bench *bench, uint32_t batch, struct fault *fault)
{
	struct load_result result;
	struct load known = {.senders = senders_for(bench, batch),
		.batch = batch,
		.events = batch == 1 && bench->batch == 0 ? bench->events / SINGLE_SHARE : bench->events,
		.order = LOAD_RANDOM,
		.subjects = bench->subjects};
	if (known.events == 0)
		known.events = 1;
	TRY(load(bench, "events", &known, &result, fault));
	printf("ingest events/s=%.0f batch=%" PRIu32 " events=%" PRIu64 " batches=%" PRIu64 " senders=%" PRIu32
		   " subjects=%" PRIu64 " seconds=%.3f\n",
		(double)result.events / result.seconds, batch, result.events, result.batches, known.senders, known.subjects,
		result.seconds);
	fflush(stdout);
	return E_OK;
}

static enum error measure_new(struct bench *bench, struct fault *fault)
{
	struct load_result result;
	uint64_t events = bench->events / NEW_SHARE ? bench->events / NEW_SHARE : 1;
	struct load fresh = {.senders = senders_for(bench, WARM_UP_BATCH),
		.batch = WARM_UP_BATCH,
		.events = events,
		.order = LOAD_EACH,
		.first_subject = NEW_SUBJECTS_FROM,
		.subjects = events};
	TRY(load(bench, "events of new subjects", &fresh, &result, fault));
	printf("new-subjects events/s=%.0f batch=%u events=%" PRIu64 " senders=%" PRIu32 " seconds=%.3f\n",
		(double)result.events / result.seconds, WARM_UP_BATCH, result.events, fresh.senders, result.seconds);
	fflush(stdout);
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
	struct archive *archive = NULL;
	struct snapshot *snapshot = NULL;
	struct checkpoint checkpoint;
	struct bytes note;
	TRY(archive_open(bench->place.ledger, false, &archive, fault));
	enum error error = snapshot_begin(archive, &snapshot, fault);
	if (error == E_OK) {
		snapshot_checkpoint(snapshot, &checkpoint, &note);
		*out = checkpoint.size;
		snapshot_end(snapshot);
	}
	archive_close(archive);
	return error;
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
	watch(run->bench, done);
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
	struct load known = {.senders = senders_for(bench, WARM_UP_BATCH),
		.batch = WARM_UP_BATCH,
		.events = EPOCH_EVENTS < bench->events ? EPOCH_EVENTS : bench->events,
		.order = LOAD_RANDOM,
		.subjects = bench->subjects};
	TRY(load(bench, "events to be filed", &known, &alone, fault));
	known.events = bench->events;
	bench->progress_total = known.events;
	progress_start(&bench->progress, "events while an epoch runs");
	enum error error = run_epoch(&run, &known, fault);
	progress_clear(&bench->progress);
	TRY(error);
	double alone_per_s = (double)alone.events / alone.seconds;
	double entries = (double)(run.last_entry - run.first_entry);
	double during_per_s = entries * WARM_UP_BATCH / (WARM_UP_BATCH + 1) / (run.end_s - run.start_s);
	printf("epoch ingest_ratio=%.2f events/s=%.0f without_events/s=%.0f seconds=%.3f filed=%" PRIu64
		   " subjects=%" PRIu64 "\n",
		during_per_s / alone_per_s, during_per_s, alone_per_s, run.epoch_s, alone.events, bench->subjects);
	fflush(stdout);
	return E_OK;
}

/* ---- questions ---- */

struct tokens {
	char *texts[CITIZENS];
};

static void tokens_free(struct tokens *tokens)
{
	for (size_t i = 0; i < CITIZENS; i++)
		free(tokens->texts[i]);
}

static void issuer_wipe(struct token_issuer *issuer)
{
	sodium_memzero(issuer, sizeof *issuer);
}

static enum error make_tokens(
	const struct bench *bench, uint64_t from, size_t count, struct tokens *out, struct fault *fault)
{
	OWNED(issuer_wipe) struct token_issuer issuer = {0};
	char text[TOKEN_TEXT_MAX + 1];
	uint64_t now_s = (uint64_t)time(NULL);
	TRY(token_issuer_open(bench->place.ledger, false, &issuer, fault));
	for (size_t i = 0; i < count; i++) {
		struct token_claims claims = {.role = TOKEN_SUBJECT, .issued_s = now_s, .expires_s = now_s + 3600};
		load_subject(from + i, claims.subject);
		TRY(token_issue(&issuer, &claims, text));
		out->texts[i] = strdup(text);
		if (out->texts[i] == NULL)
			return fault_set(fault, E_NO_MEMORY, "");
	}
	return E_OK;
}

/* One answer is verified whole, as a citizen would. */
static enum error check_answer(const struct bench *bench, const char *token, struct fault *fault)
{
	char url[ADDRESS_TEXT_MAX + 16];
	char subject[LOAD_SUBJECT_MAX];
	OWNED(answer_release) struct answer answer = {0};
	snprintf(url, sizeof url, "http://%s", bench->place.query);
	load_subject(CITIZENS_FROM, subject);
	struct answer_query query = {.subject = subject, .ledger = url, .token = token, .vkey = &bench->place.vkey};
	TRY(answer_ask(&query, &answer, fault));
	if (answer.open != CITIZEN_EVENTS)
		return fault_set(fault, E_STOPPED, "a citizen with %u events is shown %" PRIu64, CITIZEN_EVENTS, answer.open);
	return E_OK;
}

static enum error measure_query(struct bench *bench, struct fault *fault)
{
	OWNED(tokens_free) struct tokens tokens = {0};
	struct load_result loaded;
	struct ask_result one;
	struct ask_result many;
	struct load citizens = {.senders = 1,
		.batch = WARM_UP_BATCH,
		.events = CITIZENS * CITIZEN_EVENTS,
		.order = LOAD_EACH,
		.first_subject = CITIZENS_FROM,
		.subjects = CITIZENS};
	TRY(load(bench, "events of the citizens who will ask", &citizens, &loaded, fault));
	TRY(admin_epoch(&(struct admin){.dir = bench->place.ledger}, false, fault));
	TRY(make_tokens(bench, CITIZENS_FROM, CITIZENS, &tokens, fault));
	TRY(check_answer(bench, tokens.texts[0], fault));
	struct ask ask = {.server = bench->place.query,
		.path = "/v1/accesses",
		.tokens = (const char *const *)tokens.texts,
		.token_count = CITIZENS,
		.connections = 1,
		.requests = bench->events < QUESTIONS_MAX ? (uint32_t)bench->events : QUESTIONS_MAX};
	TRY(ask_run(&ask, &one, fault));
	bench_place_sample(&bench->place);
	ask.connections = QUESTION_CONNECTIONS;
	TRY(ask_run(&ask, &many, fault));
	bench_place_sample(&bench->place);
	printf("query p50_ms=%.3f p99_ms=%.3f queries/s=%.0f events=%u connections=%u answer_bytes=%zu\n", one.p50_ms,
		one.p99_ms, many.per_second, CITIZEN_EVENTS, QUESTION_CONNECTIONS, one.answer_bytes);
	fflush(stdout);
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
	OWNED(tokens_free) struct tokens tokens = {0};
	struct load_result loaded;
	struct ask_result asked;
	double verify_ms = 0;
	struct load provers = {.senders = 1,
		.batch = WARM_UP_BATCH,
		.events = PROVERS * PROVER_EVENTS,
		.order = LOAD_EACH,
		.first_subject = PROVERS_FROM,
		.subjects = PROVERS};
	TRY(load(bench, "events of the citizens who want a statement", &provers, &loaded, fault));
	TRY(admin_epoch(&(struct admin){.dir = bench->place.ledger}, false, fault));
	TRY(make_tokens(bench, PROVERS_FROM, PROVERS, &tokens, fault));
	struct ask ask = {.server = bench->place.query,
		.path = "/v1/statement",
		.tokens = (const char *const *)tokens.texts,
		.token_count = PROVERS,
		.connections = 1,
		.requests = STATEMENTS};
	TRY(ask_run(&ask, &asked, fault));
	bench_place_sample(&bench->place);
	TRY(time_verification(bench, tokens.texts[0], &verify_ms, fault));
	printf("statement p50_ms=%.3f p99_ms=%.3f verify_ms=%.3f events=%u bytes=%zu\n", asked.p50_ms, asked.p99_ms,
		verify_ms, PROVER_EVENTS, asked.answer_bytes);
	fflush(stdout);
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

static enum error measure(struct bench *bench, struct fault *fault)
{
	static const uint32_t batches[] = {1000, 100, 1};
	uint32_t senders = bench->senders ? (uint32_t)bench->senders : SENDERS_SINGLE;
	TRY(bench_place_open(bench->dir, senders, &bench->place, fault));
	TRY(warm_up(bench, fault));
	for (size_t i = 0; bench->batch == 0 && i < sizeof batches / sizeof batches[0]; i++)
		TRY(measure_batch(bench, batches[i], fault));
	if (bench->batch)
		TRY(measure_batch(bench, (uint32_t)bench->batch, fault));
	TRY(measure_new(bench, fault));
	TRY(measure_epoch(bench, fault));
	TRY(measure_query(bench, fault));
	TRY(measure_statement(bench, fault));
	TRY(measure_audit(bench, fault));
	printf("memory ingestd_anon_mib=%.1f queryd_anon_mib=%.1f\n", (double)bench->place.ingestd_kib / 1024,
		(double)bench->place.queryd_kib / 1024);
	return E_OK;
}

#define T struct bench
static const struct option_row rows[] = {
	OPTION_NUMBER(T, events, "events", "N", 1, 1000000000,
		.help = "events in each part (500000); batches of one a tenth, new subjects a quarter of it"),
	OPTION_NUMBER(
		T, subjects, "subjects", "M", 1, 1000000000, .help = "people the events are about, at random (1000000)"),
	OPTION_NUMBER(T, batch, "batch", "B", 1, BATCH_EVENTS_MAX,
		.help = "only batches of this size; otherwise 1000, then 100, then 1"),
	OPTION_NUMBER(
		T, senders, "senders", "S", 1, LOAD_SENDERS_MAX, .help = "sender processes (2; 32 for batches of one)"),
	OPTION_TEXT(
		T, dir, "dir", "DIR", .help = "where to put ledger and keys, and leave them; otherwise a temporary directory"),
};
#undef T

static int run(int argc, char **argv)
{
	struct bench bench = {.events = EVENTS_DEFAULT, .subjects = SUBJECTS_DEFAULT, .place.serve = CHILD_NONE};
	struct fault fault = {0};
	if (!command_read(&command_bench, argc, argv, &bench))
		return EXIT_USAGE;
	enum error error = measure(&bench, &fault);
	bench_place_close(&bench.place);
	return command_end(&command_bench, error, &fault);
}

const struct command command_bench = {
	.options = {.name = "indsigt bench",
		.summary = "measures how fast events go in, questions are answered and all is verified",
		.text =
			"Makes a fresh ledger, serves it, and sends to it over TCP from sender processes with keys and spools of\n"
			"their own; the clock runs from the first batch to the last verified receipt. Before, every subject is "
			"made\n"
			"known by one event. All of it runs on this machine, senders too.\n",
		OPTION_ROWS(rows)},
	.run = run,
};
