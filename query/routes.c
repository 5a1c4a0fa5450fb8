#include "query/routes.h"

#include "ledger/subject.h"
#include "ledger/timestamp.h"
#include "query/accesses.h"
#include "query/coverage.h"
#include "query/cursor.h"
#include "query/params.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a route works with. */
struct call {
	const struct routes *routes;
	const struct request *request;
	uint64_t now_s;
	struct snapshot *snapshot;
	struct response *response;
};

struct route {
	const char *path;
	bool local; /* for the machine itself only */
	void (*answer)(struct call *call);
};

static void snapshot_release(struct snapshot **snapshot)
{
	if (*snapshot)
		snapshot_end(*snapshot);
}

/* ---- responses ---- */

static void set_header(struct response *response, const char *name, const char *value)
{
	response->headers[response->header_count].name = name;
	response->headers[response->header_count].value = value;
	response->header_count++;
}

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
	response->body = json ? json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	response->body_len = response->body ? strlen(response->body) : 0;
}

void routes_problem(int status, const char *error, const char *detail, struct response *out)
{
	response_release(out);
	out->status = status;
	json_auto_t *problem = json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", "about:blank", "title", status_title(status),
		"status", status, "detail", detail, "error", error);
	set_body(out, problem);
	set_header(out, "Content-Type", "application/problem+json");
	set_header(out, "Cache-Control", "no-store");
}

void response_release(struct response *response)
{
	free(response->body);
	response->body = NULL;
	response->body_len = 0;
	response->header_count = 0;
}

static void problem(struct call *call, int status, enum error error, const char *detail)
{
	routes_problem(status, error_name(error), detail, call->response);
}

/* What is not the asker's fault: they learn that it failed, and where an operator finds out more. */
static void internal(struct call *call, enum error error)
{
	bool passing = error == E_IO || error == E_FULL || error == E_NO_MEMORY;
	problem(call, passing ? 503 : 500, error, error_text(error));
}

static void unauthorized(struct call *call, bool presented, const char *detail)
{
	problem(call, 401, E_TOKEN, detail);
	set_header(call->response, "WWW-Authenticate",
		presented ? "Bearer realm=\"indsigt\", error=\"invalid_token\"" : "Bearer realm=\"indsigt\"");
}

static void answer_json(struct call *call, json_t *json, const char *cache)
{
	call->response->status = 200;
	set_body(call->response, json);
	if (call->response->body == NULL) {
		internal(call, E_NO_MEMORY);
		return;
	}
	set_header(call->response, "Content-Type", "application/json");
	set_header(call->response, "Cache-Control", cache);
}

/* The snapshot of this call; without one the response is made. */
static bool take_snapshot(struct call *call)
{
	enum error error = snapshot_begin(call->routes->archive, &call->snapshot, NULL);
	if (error != E_OK)
		internal(call, error);
	return error == E_OK;
}

/* For routes without parameters. */
static bool no_params(struct call *call)
{
	static const char *const none[] = {NULL};
	struct params params;
	struct fault fault;
	enum error error = params_parse(call->request->query, none, &params, &fault);
	if (error != E_OK)
		problem(call, 400, error, fault.text);
	return error == E_OK;
}

/* ---- the public part ---- */

static void answer_checkpoint(struct call *call)
{
	struct checkpoint checkpoint;
	struct bytes note;
	if (!no_params(call) || !take_snapshot(call))
		return;
	snapshot_checkpoint(call->snapshot, &checkpoint, &note);
	call->response->body = strndup((const char *)note.data, note.len);
	if (call->response->body == NULL) {
		internal(call, E_NO_MEMORY);
		return;
	}
	call->response->body_len = note.len;
	call->response->status = 200;
	set_header(call->response, "Content-Type", "text/plain; charset=utf-8");
	set_header(call->response, "Cache-Control", "public, max-age=2");
}

static void answer_coverage(struct call *call)
{
	json_auto_t *coverage = NULL;
	if (!no_params(call) || !take_snapshot(call))
		return;
	enum error error = coverage_make(call->snapshot, call->now_s, call->routes->silent_after_s, &coverage);
	if (error != E_OK)
		internal(call, error);
	else
		answer_json(call, coverage, "public, max-age=2");
}

static void answer_health(struct call *call)
{
	char time[TIMESTAMP_TEXT_MAX];
	struct checkpoint checkpoint;
	struct bytes note;
	if (!no_params(call) || !take_snapshot(call))
		return;
	snapshot_checkpoint(call->snapshot, &checkpoint, &note);
	timestamp_format_s(snapshot_time_s(call->snapshot), time);
	json_auto_t *health = json_pack("{s:s,s:I,s:I,s:s}", "status", "ok", "entries", (json_int_t)checkpoint.size,
		"filed", (json_int_t)snapshot_filed(call->snapshot), "ledger_time", time);
	answer_json(call, health, "no-store");
}

/* ---- the personal part ---- */

/* The token of an Authorization header, or NULL. */
static const char *bearer(const char *authorization)
{
	if (authorization == NULL || strncasecmp(authorization, "Bearer ", strlen("Bearer ")) != 0)
		return NULL;
	authorization += strlen("Bearer ");
	return authorization + strspn(authorization, " ");
}

static bool authorize(struct call *call, struct token_claims *out)
{
	struct fault fault;
	const char *token = bearer(call->request->authorization);
	if (call->routes->issuer == NULL) {
		unauthorized(call, false, "this ledger trusts no identity provider; see --demo-tokens for trying things out");
		return false;
	}
	if (token == NULL) {
		unauthorized(call, false, "a bearer token is needed: Authorization: Bearer TOKEN");
		return false;
	}
	if (token_verify(call->routes->issuer, token, call->now_s, out, &fault) != E_OK) {
		unauthorized(call, true, fault.text);
		return false;
	}
	if (out->role != TOKEN_SUBJECT && out->role != TOKEN_PROXY) {
		problem(call, 403, E_FORBIDDEN, "accesses are for the subject or a proxy; this role may not read them");
		return false;
	}
	return true;
}

static bool refuse_param(struct call *call, const char *detail)
{
	problem(call, 400, E_BAD_VALUE, detail);
	return false;
}

static bool read_limit(struct call *call, const char *text, uint32_t *out)
{
	static const char detail[] = "parameter 'limit' must be a whole number from 1 to 1000";
	_Static_assert(QUERY_PAGE_MAX == 1000, "the text names the limit");
	if (text == NULL) {
		*out = QUERY_PAGE_DEFAULT;
		return true;
	}
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len > 4 || text[len] != '\0')
		return refuse_param(call, detail);
	long value = strtol(text, NULL, 10);
	if (value < 1 || value > (long)QUERY_PAGE_MAX)
		return refuse_param(call, detail);
	*out = (uint32_t)value;
	return true;
}

static bool read_window(struct call *call, const struct params *params, struct accesses_query *query)
{
	const char *from = params_get(params, "from");
	const char *to = params_get(params, "to");
	if (from && accesses_time(from, &query->from_s) != E_OK)
		return refuse_param(call, "parameter 'from' must be a date or an RFC 3339 time with a zone, from 1970 to 2261");
	if (to && accesses_time(to, &query->to_s) != E_OK)
		return refuse_param(call, "parameter 'to' must be a date or an RFC 3339 time with a zone, from 1970 to 2261");
	if (query->from_s >= query->to_s)
		return refuse_param(call, "parameter 'from' must be earlier than 'to'");
	return true;
}

static bool read_query(struct call *call, const struct params *params, struct accesses_query *query)
{
	const char *org = params_get(params, "org");
	const char *cursor = params_get(params, "cursor");
	if (!read_window(call, params, query) || !read_limit(call, params_get(params, "limit"), &query->limit))
		return false;
	if (org && (*org == '\0' || strlen(org) > ORG_BYTES_MAX))
		return refuse_param(call, "parameter 'org' must be SCHEME:ID of 1 to 128 bytes");
	_Static_assert(ORG_BYTES_MAX == 128, "the text names the limit");
	query->org = org ? bytes_text(org) : BYTES_EMPTY;
	struct hash question;
	accesses_question(query, &question);
	if (cursor && cursor_open(&call->routes->cursor_key, &question, cursor, &query->before) != E_OK)
		return refuse_param(
			call, "parameter 'cursor' is not from this question's previous page; start again without it");
	return true;
}

static void answer_accesses(struct call *call)
{
	static const char *const known[] = {"from", "to", "org", "limit", "cursor", NULL};
	struct token_claims claims;
	struct params params;
	struct fault fault;
	if (!authorize(call, &claims))
		return;
	enum error error = params_parse(call->request->query, known, &params, &fault);
	if (error != E_OK) {
		problem(call, 400, error, fault.text);
		return;
	}
	struct accesses_query query = {
		.subject = bytes_text(claims.subject),
		.to_s = UINT64_MAX,
		.before = ACCESSES_FROM_START,
		.now_s = call->now_s,
		.silent_after_s = call->routes->silent_after_s,
	};
	if (!read_query(call, &params, &query) || !take_snapshot(call))
		return;
	json_auto_t *page = NULL;
	uint64_t next = 0;
	error = accesses_page(call->snapshot, &query, &page, &next, &fault);
	if (error == E_OK && next > 0) {
		char cursor[CURSOR_TEXT_BYTES + 1];
		struct hash question;
		accesses_question(&query, &question);
		cursor_seal(&call->routes->cursor_key, &question, next, cursor);
		error = json_object_set_new_nocheck(page, "cursor", json_string_nocheck(cursor)) ? E_NO_MEMORY : E_OK;
	}
	if (error != E_OK)
		internal(call, error);
	else
		answer_json(call, page, "no-store");
}

/* ---- the table ---- */

static const struct route routes_table[] = {
	{"/checkpoint", false, answer_checkpoint},
	{"/v1/coverage", false, answer_coverage},
	{"/v1/accesses", false, answer_accesses},
	{"/healthz", true, answer_health},
};

static const struct route *route_of(const struct request *request)
{
	for (size_t i = 0; i < sizeof routes_table / sizeof routes_table[0]; i++) {
		const struct route *route = &routes_table[i];
		if (strcmp(route->path, request->path) == 0)
			return route->local && !request->local ? NULL : route;
	}
	return NULL;
}

static void answer_call(struct call *call)
{
	const struct route *route = route_of(call->request);
	if (route == NULL) {
		problem(call, 404, E_NOT_FOUND, "there is nothing at this address");
		return;
	}
	call->response->route = route->path;
	if (strcmp(call->request->method, "GET") != 0 && strcmp(call->request->method, "HEAD") != 0) {
		problem(call, 405, E_BAD_VALUE, "this address answers GET and HEAD");
		set_header(call->response, "Allow", "GET, HEAD");
		return;
	}
	route->answer(call);
}

void routes_answer(const struct routes *routes, const struct request *request, uint64_t now_s, struct response *out)
{
	*out = (struct response){.route = "-"};
	__attribute__((cleanup(snapshot_release))) struct snapshot *snapshot = NULL;
	struct call call = {.routes = routes, .request = request, .now_s = now_s, .response = out};
	answer_call(&call);
	snapshot = call.snapshot;
	set_header(out, "X-Content-Type-Options", "nosniff");
	set_header(out, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	set_header(out, "Referrer-Policy", "no-referrer");
}
