/* For the machine itself: whether all is well, and figures in Prometheus text. spec/http.md
 *
 * Only for the machine itself: numbers of the whole ledger, nobody's own. What is seen from here (witnesses) and what
 * ingest says of itself (the status file) stand side by side, since either may be away without the other. A daemon that
 * gives no sign of life is itself a reason, so that a monitor that only asks this one hears of it. */
#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/json/json_read.h"
#include "ledger/read/status.h"
#include "ledger/text/timestamp.h"
#include "query/routes/call.h"

#include <fcntl.h>
#include <inttypes.h>

#define NOTIFY_STATUS_BYTES_MAX 4096u

/* Help and type before each value, as Prometheus wants it. */
static void gauge(FILE *out, const char *name, const char *help, uint64_t value)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRIu64 "\n", name, help, name, name, value);
}

static void witness_metrics(FILE *out, const json_t *list)
{
	size_t at;
	json_t *item;
	fputs(
		"# HELP indsigt_witness_state 1 for the state that a witness is in\n# TYPE indsigt_witness_state gauge\n", out);
	json_array_foreach(list, at, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		const char *state = json_string_value(json_object_get(item, "state"));
		fputs("indsigt_witness_state{witness=\"", out);
		metric_label(out, name ? name : "");
		fprintf(out, "\",state=\"%s\"} 1\n", state ? state : "");
	}
	fputs("# HELP indsigt_witness_cosigned_size entries under a witness's newest cosignature\n"
		  "# TYPE indsigt_witness_cosigned_size gauge\n",
		out);
	json_array_foreach(list, at, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		fputs("indsigt_witness_cosigned_size{witness=\"", out);
		metric_label(out, name ? name : "");
		fprintf(out, "\"} %" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(item, "cosigned_size")));
	}
}

static void witnessing_metrics(FILE *out, const json_t *witnessing)
{
	const json_t *witnesses = json_object_get(witnessing, "witnesses");
	uint64_t alarms = 0;
	size_t at;
	json_t *item;
	if (!json_is_object(witnessing))
		return;
	json_array_foreach(witnesses, at, item) alarms += json_is_true(json_object_get(item, "alarm"));
	gauge(out, "indsigt_quorum_reached", "1 if a checkpoint has enough cosignatures",
		json_is_true(json_object_get(witnessing, "reached")));
	gauge(out, "indsigt_quorum_size", "entries under the newest witnessed checkpoint",
		(uint64_t)json_integer_value(json_object_get(witnessing, "size")));
	if (json_is_integer(json_object_get(witnessing, "age_seconds")))
		gauge(out, "indsigt_quorum_age_seconds", "seconds since the quorum's time",
			(uint64_t)json_integer_value(json_object_get(witnessing, "age_seconds")));
	gauge(out, "indsigt_witness_alarms", "witnesses in a state that somebody should look at", alarms);
	witness_metrics(out, witnesses);
}

/* With since when, so that a person sees which of them came first. */
static json_t *reasons_json(const struct status *status)
{
	json_t *reasons = json_array();
	for (unsigned i = 0; i < STATUS_REASONS; i++) {
		enum status_reason reason = (enum status_reason)i;
		char since[TIMESTAMP_TEXT_MAX];
		if (status->since_s[i] == 0)
			continue;
		timestamp_format_s(status->since_s[i], since);
		json_t *json =
			json_pack("{s:s, s:s, s:s}", "reason", status_name(reason), "since", since, "text", status_text(reason));
		if (json_array_append_new(reasons, json) != 0) {
			json_decref(reasons);
			return NULL;
		}
	}
	return reasons;
}

/* What ingest says of itself, and what is seen from here; false: the answer is made. */
static bool read_status(struct call *call, struct status *out)
{
	if (!call_good(call, status_read(snapshot_dir(call->snapshot), clock_ms(), out)))
		return false;
	out->since_s[STATUS_QUORUM] = 0;
	cosigned_late(call->snapshot, call_cosigned(call), call->now_s, &out->since_s[STATUS_QUORUM]);
	return true;
}

void route_health(struct call *call)
{
	char time[TIMESTAMP_TEXT_MAX];
	struct status status;
	if (!call_no_params(call) || !call_snapshot(call) || !read_status(call, &status))
		return;
	uint64_t time_s = snapshot_time_s(call->snapshot);
	timestamp_format_s(time_s, time);
	json_auto_t *reasons = reasons_json(&status);
	bool good = json_array_size(reasons) == 0;
	json_auto_t *health =
		reasons == NULL ? NULL
						: json_pack("{s:s,s:O,s:I,s:I,s:s,s:I,s:I}", "status", good ? "ok" : "failing", "reasons",
							  reasons, "entries", (json_int_t)snapshot_checkpoint(call->snapshot)->size, "filed",
							  (json_int_t)snapshot_filed(call->snapshot), "ledger_time", time, "ledger_time_ahead_s",
							  (json_int_t)(time_s > call->now_s ? time_s - call->now_s : 0), "oldest_snapshot_s",
							  (json_int_t)status.snapshot_s);
	call_json(call, health, "no-store");
	if (!good && call->response->status == 200)
		call->response->status = 503;
}

static void status_metrics(FILE *out, const struct status *status)
{
	gauge(out, "indsigt_ingest_up", "1 while indsigt-ingestd gives signs of life", status->since_s[STATUS_AWAY] == 0);
	fputs("# HELP indsigt_ingest_failing 1 for each reason why nothing, or not everything, goes on\n"
		  "# TYPE indsigt_ingest_failing gauge\n",
		out);
	for (unsigned i = 0; i < STATUS_REASONS; i++)
		fprintf(out, "indsigt_ingest_failing{reason=\"%s\"} %d\n", status_name((enum status_reason)i),
			status->since_s[i] != 0);
	gauge(out, "indsigt_oldest_snapshot_seconds",
		"for so long somebody has held an old snapshot, while which the store grows", status->snapshot_s);
	if (status->certificate_s != 0)
		gauge(out, "indsigt_ingest_certificate_ends_seconds",
			"when the certificate of the ingest port ends, in seconds since 1970", status->certificate_s);
	gauge(out, "indsigt_ingest_restarts", "how often 'serve' has started ingest again", status->restarts);
	gauge(out, "indsigt_query_restarts", "how often 'serve' has started this daemon again", status_restarts());
	fputs("# HELP indsigt_refused_batches_total batches refused since ingest began\n"
		  "# TYPE indsigt_refused_batches_total counter\n",
		out);
	for (unsigned i = 0; i < STATUS_ERRORS; i++)
		if (status->refused[i] != 0)
			fprintf(out, "indsigt_refused_batches_total{error=\"%s\"} %" PRIu64 "\n", error_name((enum error)i),
				status->refused[i]);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t value)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s counter\n%s %" PRIu64 "\n", name, help, name, name, value);
}

static void reads_metrics(FILE *out, const struct read_counts *reads)
{
	if (reads == NULL)
		return;
	counter(out, "indsigt_reads_own_total", "answers to people about themselves, since this daemon began", reads->own);
	counter(out, "indsigt_reads_of_others_total", "answers about others, each put on record before it was given",
		reads->of_others);
}

/* What the notifier says of itself (spec/notify.md), where there is one. */
static void notices_metrics(FILE *out, const char *dir)
{
	static const struct {
		const char *member, *name, *help;
		void (*write)(FILE *out, const char *name, const char *help, uint64_t value);
	} table[] = {{"people", "indsigt_notify_people", "people who want to be told that there is something new", gauge},
		{"stopped", "indsigt_notify_stopped", "of them, whom the portal does not know", gauge},
		{"waiting", "indsigt_notify_waiting", "of them, with something new that they were not told of yet", gauge},
		{"position", "indsigt_notify_position", "entries below this index were read for notices", gauge},
		{"delivered", "indsigt_notices_delivered_total", "notices that the portal took", counter},
		{"dead", "indsigt_notices_dead_total", "notices that were given up", counter}};
	char path[PATH_BYTES_MAX];
	OWNED_MEMORY uint8_t *text = NULL;
	json_auto_t *json = NULL;
	size_t len;
	if (file_path(dir, "notify/status.json", path) != E_OK ||
		file_read_all(AT_FDCWD, path, NOTIFY_STATUS_BYTES_MAX, &text, &len) != E_OK ||
		json_read(bytes_of(text, len), 0, NULL, &json) != E_OK)
		return;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		table[i].write(
			out, table[i].name, table[i].help, (uint64_t)json_integer_value(json_object_get(json, table[i].member)));
}

static enum error count_evidence(void *context, const struct evidence_row *row)
{
	uint64_t *count = context;
	(void)row;
	++*count;
	return E_OK;
}

/* Written into memory first: an answer that broke off in the middle would be taken for one without the rest. */
void route_metrics(struct call *call)
{
	uint64_t evidence = 0;
	struct status status;
	OWNED_MEMORY char *text = NULL;
	size_t len = 0;
	if (!call_no_params(call) || !call_snapshot(call) ||
		!call_good(call, snapshot_visit_evidence(call->snapshot, count_evidence, &evidence)) ||
		!read_status(call, &status))
		return;
	json_auto_t *witnessing = cosigned_json(call_cosigned(call), call->now_s);
	FILE *out = open_memstream(&text, &len);
	if (witnessing == NULL || out == NULL) {
		if (out)
			fclose(out);
		call_internal(call, E_NO_MEMORY);
		return;
	}
	gauge(out, "indsigt_entries", "entries of the log", snapshot_checkpoint(call->snapshot)->size);
	gauge(out, "indsigt_filed", "entries below this index are filed", snapshot_filed(call->snapshot));
	gauge(out, "indsigt_lost_events", "events whose content is lost", losses_events(snapshot_losses(call->snapshot)));
	gauge(out, "indsigt_ledger_time_seconds", "time of the newest entry, in seconds since 1970",
		snapshot_time_s(call->snapshot));
	gauge(out, "indsigt_ledger_time_ahead_seconds", "how far that is ahead of the machine's clock",
		snapshot_time_s(call->snapshot) > call->now_s ? snapshot_time_s(call->snapshot) - call->now_s : 0);
	gauge(out, "indsigt_equivocations_total", "batches kept as evidence that their sender signed two for one sequence",
		evidence);
	if (call->request->certificate_ends_s != 0)
		gauge(out, "indsigt_query_certificate_ends_seconds",
			"when the certificate of this port ends, in seconds since 1970", call->request->certificate_ends_s);
	reads_metrics(out, call->routes->reads);
	notices_metrics(out, snapshot_dir(call->snapshot));
	status_metrics(out, &status);
	witnessing_metrics(out, witnessing);
	enum error error = quality_metrics(out, call, &status);
	bool failed = ferror(out) != 0;
	failed = fclose(out) != 0 || failed;
	if (!call_good(call, error != E_OK ? error : failed ? E_NO_MEMORY : E_OK))
		return;
	call_body(call, text, len, "text/plain; version=0.0.4; charset=utf-8", "no-store");
	text = NULL;
}
