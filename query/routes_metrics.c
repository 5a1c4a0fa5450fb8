/* For the machine itself: figures in Prometheus text. spec/http.md */
#include "query/call.h"
#include "query/cosigned.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void gauge(FILE *out, const char *name, const char *help, uint64_t value)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRIu64 "\n", name, help, name, name, value);
}

/* A label's value: backslash, quote and newline are escaped. Witness names hold no newline. */
static void label_value(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		fputc(*text, out);
	}
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
		label_value(out, name ? name : "");
		fprintf(out, "\",state=\"%s\"} 1\n", state ? state : "");
	}
	fputs("# HELP indsigt_witness_cosigned_size entries under a witness's newest cosignature\n"
		  "# TYPE indsigt_witness_cosigned_size gauge\n",
		out);
	json_array_foreach(list, at, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		fputs("indsigt_witness_cosigned_size{witness=\"", out);
		label_value(out, name ? name : "");
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

void route_metrics(struct call *call)
{
	struct checkpoint checkpoint;
	struct bytes note;
	char *text = NULL;
	size_t len = 0;
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	snapshot_checkpoint(call->snapshot, &checkpoint, &note);
	json_auto_t *witnessing = cosigned_json(call->snapshot, call->now_s);
	FILE *out = open_memstream(&text, &len);
	if (witnessing == NULL || out == NULL) {
		if (out)
			fclose(out);
		free(text);
		call_internal(call, E_NO_MEMORY);
		return;
	}
	gauge(out, "indsigt_entries", "entries of the log", checkpoint.size);
	gauge(out, "indsigt_filed", "entries below this index are filed", snapshot_filed(call->snapshot));
	gauge(out, "indsigt_lost_events", "events whose content is lost", losses_events(snapshot_losses(call->snapshot)));
	gauge(out, "indsigt_ledger_time_seconds", "time of the newest entry, in seconds since 1970",
		snapshot_time_s(call->snapshot));
	witnessing_metrics(out, witnessing);
	bool failed = ferror(out) != 0;
	failed = fclose(out) != 0 || failed;
	if (failed) {
		free(text);
		call_internal(call, E_NO_MEMORY);
		return;
	}
	call->response->body = text;
	call->response->body_len = len;
	call->response->status = 200;
	call_header(call, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	call_header(call, "Cache-Control", "no-store");
}
