/* What a person wishes to be told, which the notifier keeps (spec/notify.md): both ways are handed to it as a line, and
 * what it says is the answer. Only about who asks, by a token of their own: nobody else's wishes can be named here.
 *
 * The notifier judges what a wish is, and says what is wrong with one by the member's name. That goes to who sent it,
 * and to no log. */
#include "ledger/json/json_read.h"
#include "query/routes/call.h"

#define WISHES_BYTES_MAX 2048u /* as JSON; the line that it goes in ends at 4,096 */

/* What a notifier says of a line that is not its fault; all else is. */
static const enum error refusals[] = {
	E_BAD_VALUE, E_MISSING_FIELD, E_UNKNOWN_FIELD, E_BAD_JSON, E_TOO_LONG, E_NOT_UTF8, E_BAD_SUBJECT};

static void refuse(struct response *response, const json_t *answer)
{
	const char *name = json_string_value(json_object_get(answer, "error"));
	const char *reason = json_string_value(json_object_get(answer, "reason"));
	for (size_t i = 0; name != NULL && reason != NULL && i < sizeof refusals / sizeof refusals[0]; i++)
		if (strcmp(name, error_name(refusals[i])) == 0)
			return routes_problem(400, refusals[i], reason, response);
	routes_problem(503, E_NOTIFIER, error_text(E_NOTIFIER), response);
}

static void on_answer(struct response *response, struct bytes answer)
{
	struct call call = {.response = response};
	json_auto_t *json = NULL;
	enum error error = json_read(answer, JSON_REJECT_DUPLICATES, NULL, &json);
	if (error != E_OK || !json_is_object(json_object_get(json, "wishes")))
		refuse(response, json);
	else
		call_json(&call, json, "no-store");
}

/* A new reference; NULL: the response is made. */
static json_t *read_wishes(struct call *call)
{
	json_auto_t *wishes = call_object(call);
	OWNED_MEMORY char *text = wishes != NULL ? json_write(wishes, JSON_COMPACT) : NULL;
	if (wishes == NULL)
		return NULL;
	if (!call_good(call, allocated(text)))
		return NULL;
	if (strlen(text) > WISHES_BYTES_MAX) {
		call_problem(call, 400, E_TOO_LONG, "the body is longer than wishes are: 2048 bytes");
		return NULL;
	}
	_Static_assert(WISHES_BYTES_MAX == 2048, "the text names the limit");
	return OWN_TAKE(wishes);
}

void route_notifications(struct call *call)
{
	struct asking asking;
	struct params params;
	bool reads = request_reads(call->request);
	if (!call_asking(call, &asking, &params))
		return;
	json_auto_t *wishes = reads ? NULL : read_wishes(call);
	if (!reads && wishes == NULL)
		return;
	json_auto_t *line = json_pack("{s:s, s:O*}", reads ? "get" : "put", asking.who.id, "wishes", wishes);
	call->response->question = line ? json_write(line, JSON_COMPACT) : NULL;
	call->response->answered = on_answer;
	call_good(call, allocated(call->response->question));
}
