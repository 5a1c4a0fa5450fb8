/* What everybody may ask: the checkpoint, who reports, and how much.
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

/* Beside what is published of past days: who reports and is silent, in numbers, and what it stands under. */
void route_numbers(struct call *call)
{
	OWNED(text_release) struct text text = {.room = NULL};
	if (!call_no_params(call) || !call_snapshot(call))
		return;
	const struct coverage_query query = call_coverage(call, COVERAGE_COUNTED);
	text_object(&text, NULL);
	text_string(&text, "origin", bytes_text(snapshot_origin(call->snapshot)));
	text_string(&text, "checkpoint", snapshot_note(call->snapshot));
	enum error error = numbers_write(&text, "accesses", call->snapshot, call->routes->numbers)
						   ?: answering_write(&text, "reports", call->snapshot, call->routes->answering)
						   ?: coverage_write(&text, "coverage", call->snapshot, &query);
	text_object_end(&text);
	call_text(call, error == E_OK ? text_done(&text) : error, &text, "public, max-age=2");
}
