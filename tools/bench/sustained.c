/* What the ledger keeps up: everything at once, for minutes, until all of it is filed.
 *
 *   senders ─► ingestd ─► epochs          the load: known people, and some whom nobody has met
 *   a citizen ─► queryd                   ASKS_PER_SECOND questions a second, one in STATEMENT_SHARE a statement
 *   once a second                         how far the log and its filing are, what the daemons hold and have written
 *
 * A rate at which work is put off is no rate, so the clock runs until the last event is filed. How old the oldest
 * event is that is not filed is seen from outside: when the log first was longer than what is filed now. The citizen
 * asks in time, whether the last answer was slow or not, but never twice at once. */
#include "ledger/base/clock.h"
#include "ledger/read/archive.h"
#include "tools/bench/bench_place.h"
#include "tools/bench/bench_query.h"
#include "tools/command/admin.h"
#include "tools/show/chart.h"
#include "tools/show/table.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#define ASKS_PER_SECOND 20u
#define STATEMENT_SHARE 10u
#define EXTRA_SECONDS 3600u /* for filing what is left */
#define PERIODS 20u         /* rows of the table */
#define THREADS 2u          /* beside the load */

struct sample {
	double at_s;
	double oldest_s; /* age of the oldest event that is not filed */
	uint64_t acknowledged;
	uint64_t entries;
	uint64_t filed;
	struct bench_look look;
};

struct answer_time {
	double at_s;
	double ms;
	bool statement;
};

struct sustained {
	struct bench *bench;
	struct bench_tokens tokens;
	struct archive *archive;
	uint64_t start_ns; /* 0: the senders are not told to begin yet */
	pthread_t threads[THREADS];
	size_t thread_count;
	_Atomic uint64_t acknowledged;
	_Atomic bool over;
	struct sample *samples;
	size_t sample_count, sample_max;
	struct answer_time *answers;
	size_t answer_count, answer_max;
	struct fault sampler_fault, asker_fault;
};

static void sustained_release(struct sustained *run)
{
	bench_tokens_free(&run->tokens);
	archive_close(run->archive);
	free(run->samples);
	free(run->answers);
}

static uint64_t bench_seconds(const struct bench *bench)
{
	return (uint64_t)(bench->minutes * 60);
}

static double seconds_since(const struct sustained *run)
{
	return (double)(clock_ns() - run->start_ns) / 1e9;
}

/* Until `at_s` of the run, or for a fifth of a second: so long may the end of the run wait for its threads. */
static void wait_until(const struct sustained *run, double at_s)
{
	while (!run->over && seconds_since(run) < at_s) {
		double left_s = at_s - seconds_since(run);
		struct timespec wait = {.tv_nsec = (long)((left_s < 0.2 ? left_s : 0.2) * 1e9)};
		if (left_s > 0)
			(void)nanosleep(&wait, NULL);
	}
}

/* ---- once a second ---- */

/* The log of a moment that goes on has at its end the entry of an epoch, which is not filed itself. */
static double oldest_unfiled_s(const struct sustained *run, const struct sample *now)
{
	if (now->entries <= now->filed + 1)
		return 0;
	size_t first = 0;
	while (first < run->sample_count && run->samples[first].entries <= now->filed + 1)
		first++;
	return first < run->sample_count ? now->at_s - run->samples[first].at_s : 0;
}

static enum error take_sample(struct sustained *run, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	struct sample sample = {.acknowledged = run->acknowledged};
	TRY(snapshot_begin(run->archive, &snapshot, fault));
	sample.entries = snapshot_checkpoint(snapshot)->size;
	sample.filed = snapshot_filed(snapshot);
	sample.at_s = seconds_since(run);
	bench_place_look(&run->bench->place, &sample.look);
	sample.oldest_s = oldest_unfiled_s(run, &sample);
	if (run->sample_count < run->sample_max)
		run->samples[run->sample_count++] = sample;
	return E_OK;
}

static void *sampler(void *context)
{
	struct sustained *run = context;
	for (double next_s = 0;; next_s += 1) {
		wait_until(run, next_s);
		bool last = run->over;
		if (take_sample(run, &run->sampler_fault) != E_OK || last)
			return NULL;
	}
}

/* ---- the citizen ---- */

static enum error ask(struct sustained *run, struct ask_line *line, struct fault *fault)
{
	const char *server = run->bench->place.query;
	TRY(ask_line_open(server, NULL, line, fault));
	for (size_t i = 0; !run->over && i < run->answer_max; i++) {
		struct answer_time *answer = &run->answers[i];
		answer->statement = i % STATEMENT_SHARE == STATEMENT_SHARE - 1;
		wait_until(run, (double)i / ASKS_PER_SECOND);
		answer->at_s = seconds_since(run);
		TRY(ask_line_once(line, server, answer->statement ? "/v1/statement" : "/v1/accesses",
			run->tokens.texts[i % BENCH_CITIZENS], &answer->ms, fault));
		run->answer_count = i + 1;
	}
	return E_OK;
}

static void *asker(void *context)
{
	struct sustained *run = context;
	struct ask_line line = ASK_LINE_NONE;
	if (ask(run, &line, &run->asker_fault) != E_OK && run->asker_fault.text[0] == '\0')
		(void)fault_set(&run->asker_fault, E_STOPPED, "the citizen got no answer");
	ask_line_close(&line);
	return NULL;
}

/* ---- what came of it ---- */

/* The first answer that was asked for at `at_s` or later: they stand in the order in which they were asked for. */
static size_t answer_from(const struct sustained *run, double at_s)
{
	size_t low = 0;
	for (size_t high = run->answer_count; low < high;) {
		size_t middle = low + (high - low) / 2;
		if (run->answers[middle].at_s < at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of the answers of one kind that were asked for from `from_s` on and before `to_s`; negative: there was none. `room`
 * holds answer_count. */
static struct ask_times times_of(const struct sustained *run, bool statements, double from_s, double to_s, double *room)
{
	size_t count = 0;
	for (size_t i = answer_from(run, from_s); i < run->answer_count && run->answers[i].at_s < to_s; i++)
		if (run->answers[i].statement == statements)
			room[count++] = run->answers[i].ms;
	return count > 0 ? ask_times_of(room, count) : (struct ask_times){-1, -1};
}

static void cell(char *out, size_t room, double value, int digits)
{
	snprintf(out, room, value < 0 ? "-" : "%.*f", digits, value);
}

static double oldest_in(const struct sustained *run, size_t from, size_t to)
{
	double oldest_s = 0;
	for (size_t i = from; i <= to; i++)
		oldest_s = run->samples[i].oldest_s > oldest_s ? run->samples[i].oldest_s : oldest_s;
	return oldest_s;
}

static double mib(uint64_t kib)
{
	return (double)kib / 1024;
}

static bool add_period(const struct sustained *run, size_t from, size_t to, double *room, struct table *table)
{
	const struct sample *a = &run->samples[from];
	const struct sample *b = &run->samples[to];
	struct ask_times accesses = times_of(run, false, a->at_s, b->at_s, room);
	struct ask_times statements = times_of(run, true, a->at_s, b->at_s, room);
	double seconds = b->at_s - a->at_s;
	uint64_t events = b->acknowledged - a->acknowledged;
	const double values[] = {b->at_s, (double)events / seconds, (double)(b->filed - a->filed) / seconds,
		b->entries > b->filed ? (double)(b->entries - b->filed - 1) : 0, oldest_in(run, from, to), accesses.p50_ms,
		accesses.p99_ms, statements.p50_ms, mib(b->look.ingestd_kib), mib(b->look.queryd_kib),
		events ? (double)(b->look.written - a->look.written) / (double)events : -1};
	static const int digits[] = {0, 0, 0, 0, 1, 2, 2, 2, 1, 1, 0};
	char texts[sizeof values / sizeof *values][32];
	const char *cells[sizeof values / sizeof *values];
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		cell(texts[i], sizeof texts[i], values[i], digits[i]);
		cells[i] = texts[i];
	}
	return table_add(table, cells);
}

static enum error print_table(const struct sustained *run, double *room, struct fault *fault)
{
	static const char *const headings[] = {"second", "events/s", "filed/s", "unfiled", "oldest s", "answer p50 ms",
		"p99 ms", "statement p50 ms", "ingestd MiB", "queryd MiB", "bytes written an event"};
	OWNED(table_release) struct table *table = table_new(headings, sizeof headings / sizeof *headings);
	size_t step = (run->sample_count - 1 + PERIODS - 1) / PERIODS;
	bool good = table != NULL;
	for (size_t from = 0; good && from + 1 < run->sample_count; from += step) {
		size_t to = from + step < run->sample_count ? from + step : run->sample_count - 1;
		good = add_period(run, from, to, room, table);
	}
	TRY(fault_set(fault, allocated(good), ""));
	table_print(table, table_terminal_width(stdout), stdout);
	return E_OK;
}

enum { PANEL_EVENTS, PANEL_FILED, PANEL_OLDEST, PANEL_ANSWERS, PANEL_INGESTD, PANELS };

static void fill_panels(const struct sustained *run, double *y, double *room)
{
	size_t count = run->sample_count;
	for (size_t i = 0; i < count; i++) {
		const struct sample *b = &run->samples[i];
		const struct sample *a = i > 0 ? b - 1 : b;
		double seconds = b->at_s - a->at_s;
		bool first = i == 0 || seconds <= 0;
		y[PANEL_EVENTS * count + i] = first ? -1 : (double)(b->acknowledged - a->acknowledged) / seconds;
		y[PANEL_FILED * count + i] = first ? -1 : (double)(b->filed - a->filed) / seconds;
		y[PANEL_OLDEST * count + i] = b->oldest_s;
		y[PANEL_ANSWERS * count + i] = times_of(run, false, a->at_s, b->at_s, room).p99_ms;
		y[PANEL_INGESTD * count + i] = mib(b->look.ingestd_kib);
	}
}

static enum error draw(const struct sustained *run, double *room, struct fault *fault)
{
	static const char *const titles[PANELS] = {"events acknowledged, per second", "events filed, per second",
		"oldest event that is not filed, seconds", "answers, slowest of a second, ms",
		"anonymous memory of ingestd, MiB"};
	const struct bench *bench = run->bench;
	size_t count = run->sample_count;
	char caption[160];
	struct chart_panel panels[PANELS];
	OWNED_MEMORY double *y = calloc(count * PANELS, sizeof *y);
	OWNED_MEMORY double *x = calloc(count, sizeof *x);
	TRY(fault_set(fault, allocated(y && x), ""));
	for (size_t i = 0; i < count; i++)
		x[i] = run->samples[i].at_s;
	fill_panels(run, y, room);
	for (size_t i = 0; i < PANELS; i++)
		panels[i] = (struct chart_panel){.title = titles[i], .y = y + i * count};
	snprintf(caption, sizeof caption,
		"indsigt bench: %g minutes, %" PRIu64 " known people, %" PRIu64 " per cent of events about new ones",
		bench->minutes, bench->subjects, bench->new_percent);
	return chart_write(bench->picture, caption, x, count, panels, PANELS, fault);
}

static double written_per_event(uint64_t before, uint64_t after, uint64_t events)
{
	return (double)(after - before) / (double)(events ? events : 1);
}

static enum error report(const struct sustained *run, const struct load_result *result, struct fault *fault)
{
	const struct sample *first = &run->samples[0];
	const struct sample *last = &run->samples[run->sample_count - 1];
	OWNED_MEMORY double *room = calloc(run->answer_count + 1, sizeof *room);
	TRY(fault_set(fault, allocated(room), ""));
	TRY(print_table(run, room, fault));
	struct ask_times accesses = times_of(run, false, 0, last->at_s + 1, room);
	struct ask_times statements = times_of(run, true, 0, last->at_s + 1, room);
	printf("sustained-answers questions=%zu p50_ms=%.3f p99_ms=%.3f statement_p50_ms=%.3f statement_p99_ms=%.3f\n",
		run->answer_count, accesses.p50_ms, accesses.p99_ms, statements.p50_ms, statements.p99_ms);
	if (first->look.on_disk > 0)
		printf("sustained-disk written_bytes=%.0f by=\"all that write to it, senders too\"\n",
			written_per_event(first->look.on_disk, last->look.on_disk, result->events));
	printf("sustained events/s=%.0f seconds=%.1f oldest_unfiled_s=%.1f answer_p99_ms=%.3f written_bytes=%.0f\n",
		(double)result->events / last->at_s, last->at_s, oldest_in(run, 0, run->sample_count - 1), accesses.p99_ms,
		written_per_event(first->look.written, last->look.written, result->events));
	fflush(stdout);
	return run->bench->picture ? draw(run, room, fault) : E_OK;
}

/* ---- all at once ---- */

static void begin(struct sustained *run)
{
	void *(*const starts[])(void *) = {sampler, asker};
	run->start_ns = clock_ns();
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&run->threads[run->thread_count], NULL, starts[i], run) == 0)
			run->thread_count++;
}

static void watch(void *context, uint64_t done)
{
	struct sustained *run = context;
	if (run->start_ns == 0)
		begin(run);
	run->acknowledged = done;
	progress_update(&run->bench->progress, (uint64_t)seconds_since(run), bench_seconds(run->bench));
}

/* The load, and then what it left to be filed. */
static enum error send_and_file(struct sustained *run, struct load_result *out, struct fault *fault)
{
	struct bench *bench = run->bench;
	uint64_t batch = bench->batch ? bench->batch : BENCH_BATCH;
	struct load mixed = {.server = bench->place.ingest,
		.keys = bench->place.dir,
		.senders = bench_senders_for(bench, batch),
		.batch = (uint32_t)batch,
		.events = UINT64_MAX / 2,
		.seconds = bench_seconds(bench),
		.order = LOAD_MIXED,
		.new_percent = (uint32_t)bench->new_percent,
		.subjects = bench->subjects,
		.watch = watch,
		.context = run};
	progress_start(&bench->progress, "seconds under load");
	enum error error = load_run(&mixed, out, fault);
	progress_clear(&bench->progress);
	TRY(error);
	run->acknowledged = out->events;
	return admin_epoch(&(struct admin){.dir = bench->place.ledger}, false, fault);
}

static enum error run_all(struct sustained *run, struct load_result *out, struct fault *fault)
{
	enum error error = send_and_file(run, out, fault);
	run->over = true;
	for (size_t i = 0; i < run->thread_count; i++)
		pthread_join(run->threads[i], NULL);
	TRY(error);
	if (run->thread_count < THREADS)
		return fault_set(fault, E_NO_MEMORY, "no thread can be started that looks on");
	if (run->asker_fault.text[0] != '\0')
		return fault_set(fault, E_STOPPED, "questions under load: %s", run->asker_fault.text);
	return run->sampler_fault.text[0] == '\0' && run->sample_count >= 2
			   ? E_OK
			   : fault_set(fault, E_STOPPED, "looking at the log under load: %s", run->sampler_fault.text);
}

enum error bench_sustained(struct bench *bench, struct fault *fault)
{
	OWNED(sustained_release) struct sustained run = {.bench = bench};
	struct load_result result;
	size_t seconds = bench_seconds(bench) + EXTRA_SECONDS;
	run.sample_max = seconds + 2;
	run.answer_max = seconds * ASKS_PER_SECOND;
	run.samples = calloc(run.sample_max, sizeof *run.samples);
	run.answers = calloc(run.answer_max, sizeof *run.answers);
	TRY(fault_set(fault, allocated(run.samples && run.answers), ""));
	TRY(bench_people(bench, &bench_citizens, &run.tokens, fault));
	TRY(archive_open(bench->place.ledger, false, &run.archive, fault));
	TRY(run_all(&run, &result, fault));
	return report(&run, &result, fault);
}
