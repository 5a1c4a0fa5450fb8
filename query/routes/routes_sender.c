/* What a sender may ask about its own events: how they are filed. spec/http.md
 *
 * A sender asks with its own key, over the very address that it asks for, so a request that is seen by others is of use
 * for nothing else, and not for long. Its own batches are all that it may ask about: a proof names people. The snapshot
 * comes first, since the keys that requests are judged by are in it. */
#include "ledger/entry/sender_request.h"
#include "ledger/text/number.h"
#include "query/answer/filing_make.h"
#include "query/routes/call.h"

#define NOT_SIGNED "the sender that asks must sign the request: Authorization: Indsigt-Sender ..."

static void unauthorized(struct call *call, const char *detail)
{
	call_problem(call, 401, E_TOKEN, detail);
	response_header(call->response, "WWW-Authenticate", "Indsigt-Sender realm=\"indsigt\"");
}

/* Path and query as they were sent, which is what was signed. */
static bool target_of(const struct request *request, char out[SENDER_REQUEST_TARGET_MAX + 1])
{
	const char *query = request->query;
	int len =
		snprintf(out, SENDER_REQUEST_TARGET_MAX + 1, "%s%s%s", request->path, query ? "?" : "", query ? query : "");
	return len >= 0 && (size_t)len <= SENDER_REQUEST_TARGET_MAX;
}

/* The sender that signed this request. After the snapshot is taken: keys come from it. The clock is judged before the
 * signature: that is what is mostly wrong, and the sentence helps. */
static bool authorize(struct call *call, uint32_t *out)
{
	char target[SENDER_REQUEST_TARGET_MAX + 1];
	struct sender_request request;
	struct sender sender;
	const char *text = call->request->authorization;
	if (text == NULL || sender_request_parse(text, &request) != E_OK || !target_of(call->request, target)) {
		unauthorized(call, NOT_SIGNED);
		return false;
	}
	uint64_t apart = request.time_s > call->now_s ? request.time_s - call->now_s : call->now_s - request.time_s;
	if (apart > SENDER_REQUEST_SKEW_S) {
		unauthorized(call, "the request was signed more than 60 seconds away from the ledger's time; check the clock");
		return false;
	}
	_Static_assert(SENDER_REQUEST_SKEW_S == 60, "the text names the limit");
	if (snapshot_sender(call->snapshot, request.sender, &sender) != E_OK || sender.status != SENDER_ACTIVE ||
		sender_request_check(&request, snapshot_origin(call->snapshot), target, sender.public_key) != E_OK) {
		unauthorized(call, "the request is not signed by a registered sender's key");
		return false;
	}
	*out = request.sender;
	return true;
}

static bool read_query(struct call *call, struct filing_query *out)
{
	static const char *const known[] = {"sender", "seq", "proofs", NULL};
	struct params params;
	uint64_t sender;
	if (!call_params(call, known, &params))
		return false;
	if (!number_parse(params_get(&params, "sender"), 0, UINT32_MAX, &sender))
		return call_refuse_param(call, "parameter 'sender' must be a sender's id");
	if (!number_parse(params_get(&params, "seq"), 0, NUMBER_INDEX_MAX, &out->sequence))
		return call_refuse_param(call, "parameter 'seq' must be a sequence number");
	const char *proofs = params_get(&params, "proofs");
	if (proofs != NULL && strcmp(proofs, "all") != 0 && strcmp(proofs, "none") != 0)
		return call_refuse_param(call, "parameter 'proofs' must be all or none");
	out->sender = (uint32_t)sender;
	out->proofs = proofs == NULL || strcmp(proofs, "all") == 0;
	return true;
}

void route_filing(struct call *call)
{
	struct filing_query query;
	uint32_t sender;
	struct fault fault = {.text = ""};
	OWNED(text_release) struct text text = {.room = NULL};
	if (!call_snapshot(call) || !authorize(call, &sender) || !read_query(call, &query))
		return;
	if (query.sender != sender) {
		call_problem(call, 403, E_FORBIDDEN, "a sender may ask about its own events only");
		return;
	}
	query.now_s = call->now_s;
	query.cosigned = call_cosigned(call);
	enum error error = filing_make(call->snapshot, &query, &text, &fault);
	if (error == E_NOT_FOUND)
		call_problem(call, 404, error, fault.text);
	else
		call_text(call, error, &text, "no-store");
}
