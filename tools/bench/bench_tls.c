/* What TLS costs: two ledgers that differ in nothing else, served at the same time and measured by turns.
 *
 *   round 1:  plain, TLS     round 2:  TLS, plain     ...          of batches of 1000, then of single events, then of
 * answers
 *
 * The ratio is the median of the rounds' ratios, so that what else the machine does, which changes from one minute to
 * the next, is in both halves of each. Before each measurement both ledgers have filed what they have, so that neither
 * works beside the other. All connections are kept: handshakes are made before the clock starts, but for batches and
 * single events of new senders, of whom there are few. */
#include "ledger/json/json_read.h"
#include "tools/bench/bench_place.h"
#include "tools/bench/bench_query.h"
#include "tools/command/admin.h"
#include "tools/show/table.h"

#include <inttypes.h>
#include <sys/stat.h>

#define ROUNDS 5u
#define SINGLE_SHARE 10u /* single events: a tenth */
#define ANSWERS 2000u    /* of each side in a round */
#define CONNECTIONS 8u

enum { PLAIN, TLS, SIDES };

struct side {
	struct bench bench;
	struct bench_tokens tokens;
};

struct beside {
	struct side sides[SIDES];
	uint64_t events; /* of one side in a round */
};

typedef enum error measure_side(struct beside *beside, struct side *side, double *out, struct fault *fault);

struct kind {
	const char *name;    /* in the line and in JSON */
	const char *heading; /* for people */
	measure_side *measure;
	double wanted; /* of the ratio */
};

struct figures {
	double per_second[SIDES]; /* medians */
	double ratio;
};

static void beside_release(struct beside *beside)
{
	for (size_t i = 0; i < SIDES; i++) {
		bench_tokens_free(&beside->sides[i].tokens);
		bench_place_close(&beside->sides[i].bench.place);
	}
}

/* ---- one side, once ---- */

static enum error send_events(
	struct side *side, const char *what, uint32_t batch, uint64_t events, double *out, struct fault *fault)
{
	struct load_result result;
	struct load load = {.batch = batch, .events = events ? events : 1, .order = LOAD_RANDOM};
	TRY(bench_load(&side->bench, what, &load, &result, fault));
	*out = (double)result.events / result.seconds;
	return E_OK;
}

static enum error measure_batches(struct beside *beside, struct side *side, double *out, struct fault *fault)
{
	return send_events(side, "batches of 1000", BENCH_BATCH, beside->events, out, fault);
}

static enum error measure_singles(struct beside *beside, struct side *side, double *out, struct fault *fault)
{
	return send_events(side, "single events", 1, beside->events / SINGLE_SHARE, out, fault);
}

static enum error measure_answers(struct beside *beside, struct side *side, double *out, struct fault *fault)
{
	struct ask_result result;
	struct ask ask = {.server = side->bench.place.query,
		.ca = bench_ca(&side->bench.place),
		.path = "/v1/accesses",
		.tokens = (const char *const *)side->tokens.texts,
		.token_count = BENCH_CITIZENS,
		.connections = CONNECTIONS,
		.requests = beside->events < ANSWERS ? (uint32_t)beside->events : ANSWERS};
	TRY(ask_run(&ask, &result, fault));
	*out = result.per_second;
	return E_OK;
}

static const struct kind kinds[] = {
	{"batch", "events, in batches of 1000", measure_batches, 0.85},
	{"single", "events, each sent alone", measure_singles, 0.8},
	{"answers", "citizens' answers", measure_answers, 0.8},
};

#define KINDS (sizeof kinds / sizeof *kinds)

/* ---- both, by turns ---- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof *values, compare);
	return values[ROUNDS / 2];
}

static enum error settle(struct beside *beside, struct fault *fault)
{
	for (size_t i = 0; i < SIDES; i++)
		TRY(admin_epoch(&(struct admin){.dir = beside->sides[i].bench.place.ledger}, false, fault));
	return E_OK;
}

static enum error measure_kind(struct beside *beside, const struct kind *kind, struct figures *out, struct fault *fault)
{
	double rates[SIDES][ROUNDS];
	double ratios[ROUNDS];
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t turn = 0; turn < SIDES; turn++) {
			size_t i = (round + turn) % SIDES;
			TRY(settle(beside, fault));
			TRY(kind->measure(beside, &beside->sides[i], &rates[i][round], fault));
		}
		ratios[round] = rates[TLS][round] / rates[PLAIN][round];
	}
	*out = (struct figures){{median(rates[PLAIN]), median(rates[TLS])}, median(ratios)};
	return E_OK;
}

/* ---- what came of it ---- */

static enum error print_table(const struct figures figures[KINDS], struct fault *fault)
{
	static const char *const headings[] = {"a second", "plain", "TLS", "ratio", "wanted"};
	OWNED(table_release) struct table *table = table_new(headings, sizeof headings / sizeof *headings);
	bool good = table != NULL;
	for (size_t i = 0; good && i < KINDS; i++) {
		char texts[4][32];
		snprintf(texts[0], sizeof texts[0], "%.0f", figures[i].per_second[PLAIN]);
		snprintf(texts[1], sizeof texts[1], "%.0f", figures[i].per_second[TLS]);
		snprintf(texts[2], sizeof texts[2], "%.2f", figures[i].ratio);
		snprintf(texts[3], sizeof texts[3], "%.2f", kinds[i].wanted);
		good = table_add(table, (const char *const[]){kinds[i].heading, texts[0], texts[1], texts[2], texts[3]});
	}
	TRY(fault_set(fault, allocated(good), ""));
	table_print(table, table_terminal_width(stdout), stdout);
	printf("tls ratio batch=%.2f single=%.2f answers=%.2f\n", figures[0].ratio, figures[1].ratio, figures[2].ratio);
	return E_OK;
}

static enum error print_json(const struct figures figures[KINDS], struct fault *fault)
{
	json_auto_t *json = json_pack("{s:i}", "rounds", (int)ROUNDS);
	bool good = json != NULL;
	for (size_t i = 0; good && i < KINDS; i++)
		good = json_object_set_new(json, kinds[i].name,
				   json_pack("{s:f, s:f, s:f, s:f}", "plain_per_second", figures[i].per_second[PLAIN], "tls_per_second",
					   figures[i].per_second[TLS], "ratio", figures[i].ratio, "wanted", kinds[i].wanted)) == 0;
	OWNED_MEMORY char *text = good ? json_write(json, JSON_COMPACT | JSON_REAL_PRECISION(4)) : NULL;
	TRY(fault_set(fault, allocated(text), ""));
	puts(text);
	return E_OK;
}

/* ---- two ledgers ---- */

static enum error open_side(const struct bench *bench, struct side *side, bool tls, struct fault *fault)
{
	char dir[CHILD_PATH_MAX / 4];
	int len = bench->dir ? snprintf(dir, sizeof dir, "%s/%s", bench->dir, tls ? "tls" : "plain") : 0;
	if (len < 0 || (size_t)len >= sizeof dir)
		return fault_set(fault, E_USAGE, "the name of the directory is too long");
	side->bench = *bench;
	TRY(bench_place_open(bench->dir ? dir : NULL, bench_senders_for(bench, 1), tls, &side->bench.place, fault));
	TRY(bench_warm_up(&side->bench, fault));
	return bench_people(&side->bench, &bench_citizens, &side->tokens, fault);
}

enum error bench_tls(const struct bench *bench, struct fault *fault)
{
	OWNED(beside_release) struct beside beside = {.events = bench->events / ROUNDS ? bench->events / ROUNDS : 1};
	struct figures figures[KINDS];
	for (size_t i = 0; i < SIDES; i++)
		beside.sides[i].bench.place.serve = CHILD_NONE;
	if (bench->dir && mkdir(bench->dir, 0700) != 0)
		return fault_set(fault, errno == EEXIST ? E_EXISTS : E_IO, "'%s' cannot be made: %m", bench->dir);
	for (size_t i = 0; i < SIDES; i++)
		TRY(open_side(bench, &beside.sides[i], i == TLS, fault));
	for (size_t i = 0; i < KINDS; i++)
		TRY(measure_kind(&beside, &kinds[i], &figures[i], fault));
	return bench->json ? print_json(figures, fault) : print_table(figures, fault);
}
