/* Steps that refuse by making the response: a route is a chain of them, and the first false is its end.
 *
 * What the asker can mend is told with the parameter or the limit (400, 401, 403). What they cannot is told with the
 * error's own text alone and never with a fault's, which may name files: 503 for what passes (the disk, memory, too
 * many readers), 500 for what somebody has to look at. */
#include "query/routes/call.h"

#include "ledger/json/json_read.h"
#include "query/fhir/outcome.h"
#include "query/fhir/terms.h"

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
	case 429:
		return "Too Many Requests";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

static char *text_of(const json_t *json)
{
	return json ? json_write(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
}

void call_problem(struct call *call, int status, enum error error, const char *detail)
{
	struct response *out = call->response;
	bool fhir = out->route != NULL && strncmp(out->route, "/fhir/", strlen("/fhir/")) == 0;
	response_release(out);
	out->status = status;
	json_auto_t *problem =
		fhir ? outcome_of(status, error, detail)
			 : json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", "about:blank", "title", status_title(status), "status",
				   status, "detail", detail, "error", error_name(error));
	out->body = text_of(problem);
	out->body_len = out->body ? strlen(out->body) : 0;
	response_header(out, "Content-Type", fhir ? TERMS_JSON : "application/problem+json");
	response_header(out, "Cache-Control", "no-store");
	if (status == 503)
		response_header(out, "Retry-After", "1");
}

void call_internal(struct call *call, enum error error)
{
	bool passing = error == E_IO || error == E_FULL || error == E_NO_MEMORY || error == E_READERS;
	call_problem(call, passing ? 503 : 500, error, error_text(error));
}

bool call_good(struct call *call, enum error error)
{
	if (error != E_OK)
		call_internal(call, error);
	return error == E_OK;
}

void call_body(struct call *call, char *body, size_t len, const char *type, const char *cache)
{
	struct response *response = call->response;
	if (!call_good(call, body != NULL ? E_OK : E_NO_MEMORY))
		return;
	response->status = 200;
	response->body = body;
	response->body_len = len;
	response_header(response, "Content-Type", type);
	response_header(response, "Cache-Control", cache);
}

/* 401; `presented`: there was a token. */
static void refuse_unauthorized(struct call *call, bool presented, const char *detail)
{
	call_problem(call, 401, E_TOKEN, detail);
	response_header(call->response, "WWW-Authenticate",
		presented ? "Bearer realm=\"indsigt\", error=\"invalid_token\"" : "Bearer realm=\"indsigt\"");
}

static const char *media_type(const struct call *call)
{
	return call->type != NULL ? call->type : "application/json";
}

/* The text is made before a header is set: without memory for it the answer is another one. */
void call_json(struct call *call, json_t *json, const char *cache)
{
	char *text = text_of(json);
	call_body(call, text, text ? strlen(text) : 0, media_type(call), cache);
}

void call_text(struct call *call, enum error error, struct text *text, const char *cache)
{
	if (error == E_TOO_MANY) {
		call_problem(call, 503, error, ROUTES_NO_ROOM);
		return;
	}
	if (!call_good(call, error))
		return;
	call->response->held = text->room != NULL ? text->held : 0;
	call_body(call, text->data, text->len, media_type(call), cache);
	if (text->gzip)
		response_header(call->response, "Content-Encoding", "gzip");
	*text = (struct text){.data = NULL};
}

json_t *call_object(struct call *call)
{
	json_auto_t *body = NULL;
	if (!request_is_of(call->request, "application/json")) {
		call_refuse_param(call, "header Content-Type must be application/json");
		return NULL;
	}
	enum error error = json_read(call->request->body, JSON_REJECT_DUPLICATES, NULL, &body);
	if (error == E_NO_MEMORY) {
		call_internal(call, error);
		return NULL;
	}
	if (error != E_OK || !json_is_object(body)) {
		call_problem(call, 400, E_BAD_JSON, "the body must be one JSON object");
		return NULL;
	}
	return OWN_TAKE(body);
}

bool call_snapshot(struct call *call)
{
	return call_good(call, snapshot_begin(call->routes->archive, &call->snapshot, NULL));
}

/* Looked for once for a request, so that all parts of an answer rest on the same. */
const struct cosigned *call_cosigned(struct call *call)
{
	if (call->cosigned == NULL)
		call->cosigned = cosigned_look(call->routes->archive, call->routes->cosigned);
	return call->cosigned;
}

struct coverage_query call_coverage(struct call *call, enum coverage_form form)
{
	return (struct coverage_query){.form = form,
		.cosigned = call_cosigned(call),
		.memory = call->routes->coverage,
		.now_s = call->now_s,
		.silent_after_s = call->routes->silent_after_s};
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

/* ---- who asks ---- */

/* More blanks before it are passed over. */
static const char *bearer(const struct request *request)
{
	const char *token = request_bearer(request);
	return token != NULL ? token + strspn(token, " ") : NULL;
}

/* What does not hold is told with its reason, which names nothing of the token; what could not be looked at is nobody's
 * lack of rights. */
bool call_identity(struct call *call, struct identity *out)
{
	struct fault fault;
	const struct presented presented = {.token = bearer(call->request),
		.case_reference = call->request->case_reference,
		.arrived_ms = call->request->arrived_ms};
	if (!identity_possible(call->routes->issuers)) {
		refuse_unauthorized(call, false,
			call->routes->loopback
				? "this ledger trusts no identity provider: it is for its operator to name one (issuers.json, 'indsigt "
				  "issuer check'); for trying things out there is 'indsigt serve --demo-tokens'"
				: "this ledger trusts no identity provider: it is for its operator to name one (issuers.json)");
		return false;
	}
	if (presented.token == NULL) {
		refuse_unauthorized(call, false, "a bearer token is needed: Authorization: Bearer TOKEN");
		return false;
	}
	enum error error = identity_show(call->routes->issuers, &presented, call->now_s, out, &fault);
	if (error == E_TOKEN)
		refuse_unauthorized(call, true, fault.text);
	else if (error == E_FORBIDDEN)
		call_problem(call, 403, error, fault.text);
	else if (error == E_PENDING || error == E_ISSUER)
		call_problem(call, 503, error, error_text(error));
	else if (error != E_OK)
		call_internal(call, error);
	call->response->later = error == E_PENDING;
	return error == E_OK;
}
