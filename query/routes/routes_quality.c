/* How well senders report: for the organisation that is registered for them, for who supervises, and as figures for the
 * machine itself. spec/quality.md
 *
 * Nothing here is about a person, so no read of somebody's data is put on record. What is left to be looked at when a
 * request has had its share is not waited for: the answer says that it is not complete. */
#include "ledger/base/clock.h"
#include "ledger/read/status.h"
#include "query/routes/call.h"

#include <inttypes.h>

#define SENDERS_SHOWN_MAX 200u /* as figures: what a monitor takes in */

void route_quality(struct call *call)
{
	struct asking asking;
	struct params params;
	struct status status;
	OWNED(text_release) struct text text = {.room = NULL};
	if (!call_asking(call, &asking, &params) || !call_snapshot(call))
		return;
	enum error error = status_read(snapshot_dir(call->snapshot), clock_ms(), &status);
	OWNED(quality_memory_release) struct quality_memory anew = QUALITY_MEMORY;
	const struct quality_query query = {.now_s = call->now_s,
		.looks = call->routes->quality != NULL ? QUALITY_LOOKS_MAX : UINT64_MAX,
		.org = asking.who.role == ROLE_AUTHORITY ? asking.who.organisation : NULL,
		.status = &status};
	if (error == E_OK)
		error =
			quality_write(&text, call->snapshot, call->routes->quality != NULL ? call->routes->quality : &anew, &query);
	call_text(call, error, &text, "no-store");
}

/* ---- figures ---- */

void metric_label(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		fputc(*text, out);
	}
}

struct shown {
	uint32_t id;
	struct quality_sender quality;
};

struct showing {
	struct shown *senders;
	size_t count;
	uint64_t left_out;
};

static bool add_sender(void *context, const struct sender *sender, const struct quality_sender *quality)
{
	struct showing *showing = context;
	if (!quality->looked)
		return true;
	if (sender->status != SENDER_ACTIVE || showing->count == SENDERS_SHOWN_MAX)
		showing->left_out += sender->status == SENDER_ACTIVE;
	else
		showing->senders[showing->count++] = (struct shown){sender->id, *quality};
	return true;
}

static void head(FILE *out, const char *name, const char *help)
{
	fprintf(out, "# HELP indsigt_sender_%s %s\n# TYPE indsigt_sender_%s gauge\n", name, help, name);
}

/* One number of each sender. */
static void show(FILE *out, const struct showing *showing, const char *name, const char *help,
	uint64_t (*number)(const struct shown *shown))
{
	head(out, name, help);
	for (size_t i = 0; i < showing->count; i++)
		fprintf(out, "indsigt_sender_%s{sender=\"%" PRIu32 "\"} %" PRIu64 "\n", name, showing->senders[i].id,
			number(&showing->senders[i]));
}

#define NUMBER(name, expression)                             \
	static uint64_t number_##name(const struct shown *shown) \
	{                                                        \
		return (expression);                                 \
	}
NUMBER(events, shown->quality.figures.events)
NUMBER(looked_at, shown->quality.figures.looked_at)
NUMBER(purposes, shown->quality.figures.purposes)
NUMBER(missing, shown->quality.figures.missing)
NUMBER(usual, shown->quality.figures.usual)
NUMBER(numbers, shown->quality.figures.numbers)
NUMBER(over_day, shown->quality.figures.over_day)
NUMBER(ahead, shown->quality.figures.ahead)
NUMBER(silent, shown->quality.silent)

static void show_lags(FILE *out, const struct showing *showing)
{
	head(out, "lag_seconds", "from an access to its report, in the sample");
	for (size_t i = 0; i < showing->count; i++) {
		const struct shown *shown = &showing->senders[i];
		const struct quality_figures *figures = &shown->quality.figures;
		const struct {
			const char *quantile;
			int32_t seconds;
		} lags[] = {{"0.5", figures->p50_s}, {"0.9", figures->p90_s}, {"0.99", figures->p99_s}, {"1", figures->max_s}};
		for (size_t k = 0; figures->lags > 0 && k < sizeof lags / sizeof lags[0]; k++)
			fprintf(out, "indsigt_sender_lag_seconds{sender=\"%" PRIu32 "\",quantile=\"%s\"} %" PRId32 "\n", shown->id,
				lags[k].quantile, lags[k].seconds);
	}
}

static void show_refused(FILE *out, const struct status *status)
{
	head(out, "refused_batches", "refused since ingest began; of the first pairs of sender and error alone");
	for (size_t i = 0; i < STATUS_REFUSED_OF_MAX; i++)
		if (status->refused_of[i].count > 0)
			fprintf(out, "indsigt_sender_refused_batches{sender=\"%" PRIu32 "\",error=\"%s\"} %" PRIu64 "\n",
				status->refused_of[i].sender, error_name(status->refused_of[i].error), status->refused_of[i].count);
}

enum error quality_metrics(FILE *out, struct call *call, const struct status *status)
{
	struct showing showing = {.count = 0};
	bool complete = false;
	if (call->routes->quality == NULL)
		return E_OK;
	OWNED_MEMORY struct shown *senders = calloc(SENDERS_SHOWN_MAX, sizeof *senders);
	TRY(allocated(senders));
	showing.senders = senders;
	enum error error = quality_visit(
		call->snapshot, call->routes->quality, call->now_s, QUALITY_LOOKS_MAX, add_sender, &showing, &complete);
	TRY(error == E_NO_MEMORY ? error : E_OK);
	if (error != E_OK) /* a damaged store: the other figures are wanted all the more */
		showing.count = 0;
	show(out, &showing, "events", "events of the last days", number_events);
	show(out, &showing, "sample", "of these, looked at for what follows", number_looked_at);
	show(out, &showing, "purpose_seen", "events of the sample whose purpose is not restricted", number_purposes);
	show(out, &showing, "purpose_missing", "events of these without a purpose", number_missing);
	show(out, &showing, "purpose_usual", "events of these with the registration's purpose", number_usual);
	show(out, &showing, "numbers_in_texts", "events of the sample with a person's number in a free text",
		number_numbers);
	show_lags(out, &showing);
	show(out, &showing, "late", "events of the sample that came over a day after the access", number_over_day);
	show(out, &showing, "ahead", "events of the sample that say to be later than they came", number_ahead);
	show(out, &showing, "silent", "1 if it is silent against its own rhythm", number_silent);
	show_refused(out, status);
	fprintf(out,
		"# HELP indsigt_quality_complete 1 if nothing is left to be looked at for the figures of senders\n"
		"# TYPE indsigt_quality_complete gauge\nindsigt_quality_complete %d\n"
		"# HELP indsigt_quality_left_out senders without figures, for there are too many\n"
		"# TYPE indsigt_quality_left_out gauge\nindsigt_quality_left_out %" PRIu64 "\n",
		error == E_OK && complete, showing.left_out);
	return E_OK;
}
