/* What everybody may ask: the checkpoint, and who reports.
 *
 * What is published to everybody is the same for all, so it may be kept for two seconds by any cache: that is what
 * makes it cheap to ask. With witnesses the checkpoint that is shown is the newest that enough of them have seen, since
 * one that nobody else has seen proves less. */
#include "query/routes/call.h"

void route_checkpoint(struct call *call)
{
	struct checkpoint checkpoint;
	struct bytes note;
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	/* The newest that is witnessed, where there is a policy; before the first one, the log's alone. */
	cosigned_rest(call->snapshot, call_cosigned(call), call->now_s, false);
	snapshot_checkpoint(call->snapshot, &checkpoint, &note);
	call_body(
		call, strndup((const char *)note.data, note.len), note.len, "text/plain; charset=utf-8", "public, max-age=2");
}

void route_coverage(struct call *call)
{
	json_auto_t *coverage = NULL;
	if (call_no_params(call) && call_snapshot(call) && call_coverage(call, &coverage))
		call_json(call, coverage, "public, max-age=2");
}
