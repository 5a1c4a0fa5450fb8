#include "tools/posted/event_route.h"

#include <string.h>

bool event_route_is(const char *path)
{
	return strcmp(path, EVENT_ROUTE_PATH) == 0 || strcmp(path, EVENT_ROUTE_CADF_PATH) == 0;
}

void event_route_refuse(int status, enum error error, const char *line, struct response *out)
{
	post_respond(out, status, post_problem(status, error, line), POST_TYPE_PROBLEM);
}

/* How many lines it has that are not empty. */
static size_t count_lines(struct bytes body)
{
	size_t count = 0;
	for (size_t i = 0; i < body.len; i++)
		count += body.data[i] != '\n' && body.data[i] != '\r' && (i == 0 || body.data[i - 1] == '\n');
	return count;
}

/* All that is wrong about a request before its events are looked at; true if nothing is. */
static bool is_request(const struct request *request, bool lines, struct response *out)
{
	if (!event_route_is(request->path)) {
		event_route_refuse(404, E_NOT_FOUND,
			"here are POST " EVENT_ROUTE_PATH " and " EVENT_ROUTE_CADF_PATH ", and OTLP's /v1/logs and /v1/traces",
			out);
	} else if (strcmp(request->method, "POST") != 0) {
		event_route_refuse(405, E_BAD_VALUE, "events are given with POST", out);
		response_header(out, "Allow", "POST");
	} else if (request->query != NULL) {
		event_route_refuse(400, E_BAD_VALUE, "there are no parameters here", out);
	} else if (!lines && !request_is_of(request, "application/json")) {
		event_route_refuse(415, E_BAD_VALUE,
			"header Content-Type: application/json for one event, application/x-ndjson for an event a line", out);
		response_header(out, "Accept-Post", "application/json, application/x-ndjson");
	} else if (request->body.len == 0) {
		event_route_refuse(400, E_MISSING_FIELD, "the body is empty: it has to be an event", out);
	} else if (memchr(request->body.data, '\0', request->body.len) != NULL) {
		event_route_refuse(400, E_BAD_JSON, "the body has a NUL in it, which no JSON has", out);
	} else if (lines && count_lines(request->body) > EVENT_ROUTE_LINES_MAX) {
		event_route_refuse(413, E_TOO_LONG, "the body has more than 8192 lines; send fewer events at once", out);
	} else {
		return true;
	}
	return false;
}

void event_route(const struct request *request, struct response *out)
{
	bool lines = request_is_of(request, "application/x-ndjson");
	bool cadf = strcmp(request->path, EVENT_ROUTE_CADF_PATH) == 0;
	out->route = cadf ? EVENT_ROUTE_CADF_PATH : EVENT_ROUTE_PATH;
	if (!is_request(request, lines, out))
		return;
	struct post *post = post_new(lines ? POST_EVENTS : POST_EVENT, request, request->body);
	if (post == NULL)
		event_route_refuse(503, E_NO_MEMORY, error_text(E_NO_MEMORY), out);
	else
		post->cadf = cadf;
	out->question = (char *)post;
}
