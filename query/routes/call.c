/* Steps that refuse by making the response: a route is a chain of them, and the first false is its end.
 *
 * What the asker can mend is told with the parameter or the limit (400, 401, 403). What they cannot is told with the
 * error's own text alone and never with a fault's, which may name files: 503 for what passes (the disk, memory, too
 * many readers), 500 for what somebody has to look at. */
#include "query/routes/call.h"

#include "ledger/json/json_read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- responses ---- */

/* As RFC 9110 has them; what is not listed here is not given by any route. */
static const char *status_title(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

static void set_body(struct response *response, json_t *json)
{
	response->body = json ? json_write(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	response->body_len = response->body ? strlen(response->body) : 0;
}

void call_problem(struct call *call, int status, enum error error, const char *detail)
{
	struct response *out = call->response;
	response_release(out);
	out->status = status;
	json_auto_t *problem = json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", "about:blank", "title", status_title(status),
		"status", status, "detail", detail, "error", error_name(error));
	set_body(out, problem);
	response_header(out, "Content-Type", "application/problem+json");
	response_header(out, "Cache-Control", "no-store");
	if (status == 503)
		response_header(out, "Retry-After", "1");
}

void call_internal(struct call *call, enum error error)
{
	bool passing = error == E_IO || error == E_FULL || error == E_NO_MEMORY || error == E_READERS;
	call_problem(call, passing ? 503 : 500, error, error_text(error));
}

/* 401; `presented`: there was a token. */
static void refuse_unauthorized(struct call *call, bool presented, const char *detail)
{
	call_problem(call, 401, E_TOKEN, detail);
	response_header(call->response, "WWW-Authenticate",
		presented ? "Bearer realm=\"indsigt\", error=\"invalid_token\"" : "Bearer realm=\"indsigt\"");
}

/* The text is made before a header is set: without memory for it the answer is another one. */
void call_json(struct call *call, json_t *json, const char *cache)
{
	call->response->status = 200;
	set_body(call->response, json);
	if (call->response->body == NULL) {
		call_internal(call, E_NO_MEMORY);
		return;
	}
	response_header(call->response, "Content-Type", "application/json");
	response_header(call->response, "Cache-Control", cache);
}

void call_text(struct call *call, struct text *text, const char *cache)
{
	struct response *response = call->response;
	response->status = 200;
	response->body = text->data;
	response->body_len = text->len;
	response->held = text->held;
	*text = (struct text){.data = NULL};
	response_header(response, "Content-Type", "application/json");
	response_header(response, "Cache-Control", cache);
}

bool call_snapshot(struct call *call)
{
	enum error error = snapshot_begin(call->routes->archive, &call->snapshot, NULL);
	if (error != E_OK)
		call_internal(call, error);
	return error == E_OK;
}

/* Looked for once for a request, so that all parts of an answer rest on the same. */
const struct cosigned *call_cosigned(struct call *call)
{
	if (call->cosigned == NULL)
		call->cosigned = cosigned_look(call->routes->archive, call->routes->cosigned);
	return call->cosigned;
}

bool call_coverage(struct call *call, json_t **out)
{
	const struct routes *routes = call->routes;
	enum error error =
		coverage_make(call->snapshot, call_cosigned(call), routes->coverage, call->now_s, routes->silent_after_s, out);
	if (error != E_OK)
		call_internal(call, error);
	return error == E_OK;
}

bool call_params(struct call *call, const char *const known[], struct params *out)
{
	struct fault fault;
	enum error error = params_parse(call->request->query, known, out, &fault);
	if (error != E_OK)
		call_problem(call, 400, error, fault.text);
	return error == E_OK;
}

bool call_no_params(struct call *call)
{
	static const char *const none[] = {NULL};
	struct params params;
	return call_params(call, none, &params);
}

bool call_refuse_param(struct call *call, const char *detail)
{
	call_problem(call, 400, E_BAD_VALUE, detail);
	return false;
}

/* Both ends are read before they are compared, so that the one that is wrong is named. */
bool call_window(struct call *call, const struct params *params, uint64_t *from_s, uint64_t *to_s)
{
	const char *from = params_get(params, "from");
	const char *to = params_get(params, "to");
	if (from && accesses_time(from, from_s) != E_OK)
		return call_refuse_param(
			call, "parameter 'from' must be a date or an RFC 3339 time with a zone, from 1970 to 2261");
	if (to && accesses_time(to, to_s) != E_OK)
		return call_refuse_param(
			call, "parameter 'to' must be a date or an RFC 3339 time with a zone, from 1970 to 2261");
	if (*from_s >= *to_s)
		return call_refuse_param(call, "parameter 'from' must be earlier than 'to'");
	return true;
}

/* ---- tokens ---- */

/* The token of an Authorization header, or NULL. The scheme's name may be written in any case; a token never. */
static const char *bearer(const char *authorization)
{
	if (authorization == NULL || strncasecmp(authorization, "Bearer ", strlen("Bearer ")) != 0)
		return NULL;
	authorization += strlen("Bearer ");
	return authorization + strspn(authorization, " ");
}

bool call_token(struct call *call, struct token_claims *out)
{
	struct fault fault;
	const char *token = bearer(call->request->authorization);
	if (call->routes->issuer == NULL) {
		refuse_unauthorized(
			call, false, "this ledger trusts no identity provider; see --demo-tokens for trying things out");
		return false;
	}
	if (token == NULL) {
		refuse_unauthorized(call, false, "a bearer token is needed: Authorization: Bearer TOKEN");
		return false;
	}
	enum error error = token_verify(call->routes->issuer, token, call->now_s, out, &fault);
	if (error == E_NO_MEMORY)
		call_internal(call, error);
	else if (error != E_OK)
		refuse_unauthorized(call, true, fault.text);
	return error == E_OK;
}
