/* What everybody may ask: the checkpoint, and who reports.
 *
 * What is published to everybody is the same for all, so it may be kept for two seconds by any cache: that is what
 * makes it cheap to ask. With witnesses the checkpoint that is shown is the newest that enough of them have seen, since
 * one that nobody else has seen proves less. */
#include "query/routes/call.h"

void route_checkpoint(struct call *call)
{
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	/* The newest that is witnessed, where there is a policy; before the first one, the log's alone. */
	cosigned_rest(call->snapshot, call_cosigned(call), call->now_s, false);
	struct bytes note = snapshot_note(call->snapshot);
	call_body(
		call, strndup((const char *)note.data, note.len), note.len, "text/plain; charset=utf-8", "public, max-age=2");
}

void route_coverage(struct call *call)
{
	OWNED(text_release) struct text text = {.room = NULL};
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	const struct coverage_query query = call_coverage(call, COVERAGE_WHOLE);
	enum error error = coverage_write(&text, NULL, call->snapshot, &query);
	call_text(call, error == E_OK ? text_done(&text) : error, &text, "public, max-age=2");
}
