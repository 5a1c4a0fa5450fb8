/* What an accredited auditor may ask: the label stream. spec/http.md
 *
 * Labels are pseudonyms of everybody's accesses, so they are for accredited auditors alone, and only as far as an epoch
 * covers them. Rows are of fixed length, so the body is taken at once, and a range has a limit: whoever wants more asks
 * again. The log of requests says which range was asked for, because who reads all of this leaves a trace. */
#include "ledger/text/number.h"
#include "query/routes/call.h"

#include <inttypes.h>

#define LABELS_DETAIL "parameters 'from' and 'to' must be log indexes, 'to' after 'from' by at most 16384"

static bool read_range(struct call *call, const struct params *params, uint64_t *from, uint64_t *to)
{
	if (!number_parse(params_get(params, "from"), 0, NUMBER_INDEX_MAX, from) ||
		!number_parse(params_get(params, "to"), 0, NUMBER_INDEX_MAX, to) || *from >= *to ||
		*to - *from > LABELS_RANGE_MAX)
		return call_refuse_param(call, LABELS_DETAIL);
	_Static_assert(LABELS_RANGE_MAX == 16384, "the text names the limit");
	return true;
}

static enum error add_row(void *context, const struct label_row *place)
{
	uint8_t **at = context;
	label_row_encode(place, *at);
	*at += LABEL_ROW_BYTES;
	return E_OK;
}

void route_labels(struct call *call)
{
	struct asking asking;
	struct params params;
	uint64_t from, to;
	if (!call_asking(call, &asking, &params) || !read_range(call, &params, &from, &to) || !call_snapshot(call))
		return;
	if (to > snapshot_filed(call->snapshot)) {
		call_refuse_param(call, "parameter 'to' must not be over the size that the newest epoch covers");
		return;
	}
	OWNED_MEMORY uint8_t *rows = malloc((to - from) * LABEL_ROW_BYTES);
	uint8_t *end = rows;
	if (!call_good(call, rows != NULL ? snapshot_visit_filing(call->snapshot, from, to, add_row, &end) : E_NO_MEMORY))
		return;
	struct response *response = call->response;
	snprintf(response->note, sizeof response->note, " from=%" PRIu64 " to=%" PRIu64, from, to);
	call_body(call, (char *)rows, (size_t)(end - rows), "application/octet-stream", "no-store");
	rows = NULL;
	call_record(call, &asking, &(struct read){"export", "Udtræk af hændelsers pseudonymer"});
}
