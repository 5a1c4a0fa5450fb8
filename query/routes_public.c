/* What everybody may ask: the checkpoint, who reports, and for the machine itself whether all is well. */
#include "query/call.h"

#include "ledger/timestamp.h"
#include "query/cosigned.h"
#include "query/coverage.h"

#include <string.h>

void route_checkpoint(struct call *call)
{
	struct checkpoint checkpoint;
	struct bytes note;
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	/* The newest that is witnessed, where there is a policy; before the first one, the log's alone. */
	cosigned_rest(call->snapshot, false);
	snapshot_checkpoint(call->snapshot, &checkpoint, &note);
	call->response->body = strndup((const char *)note.data, note.len);
	if (call->response->body == NULL) {
		call_internal(call, E_NO_MEMORY);
		return;
	}
	call->response->body_len = note.len;
	call->response->status = 200;
	call_header(call, "Content-Type", "text/plain; charset=utf-8");
	call_header(call, "Cache-Control", "public, max-age=2");
}

void route_coverage(struct call *call)
{
	json_auto_t *coverage = NULL;
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	enum error error = coverage_make(call->snapshot, call->now_s, call->routes->silent_after_s, &coverage);
	if (error != E_OK)
		call_internal(call, error);
	else
		call_json(call, coverage, "public, max-age=2");
}

void route_health(struct call *call)
{
	char time[TIMESTAMP_TEXT_MAX];
	struct checkpoint checkpoint;
	struct bytes note;
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	snapshot_checkpoint(call->snapshot, &checkpoint, &note);
	timestamp_format_s(snapshot_time_s(call->snapshot), time);
	json_auto_t *health = json_pack("{s:s,s:I,s:I,s:s}", "status", "ok", "entries", (json_int_t)checkpoint.size,
		"filed", (json_int_t)snapshot_filed(call->snapshot), "ledger_time", time);
	call_json(call, health, "no-store");
}
