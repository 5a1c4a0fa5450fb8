#include "query/server/asked.h"

#include "query/http/negotiate.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

static const char *method_name(struct evhttp_request *http)
{
	static const struct {
		enum evhttp_cmd_type type;
		const char *name;
	} methods[] = {{EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_HEAD, "HEAD"}, {EVHTTP_REQ_POST, "POST"},
		{EVHTTP_REQ_PUT, "PUT"}, {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_OPTIONS, "OPTIONS"},
		{EVHTTP_REQ_PATCH, "PATCH"}};
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (methods[i].type == evhttp_request_get_command(http))
			return methods[i].name;
	return "OTHER";
}

/* The next place in `at`, where a copy of `text` (which may be NULL) was put. All texts in one piece of memory, which
 * is gone with the exchange. */
static const char *keep(char **at, const char *text)
{
	if (text == NULL)
		return NULL;
	char *kept = *at;
	*at = stpcpy(kept, text) + 1;
	return kept;
}

static size_t kept_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

char *asked_read(struct evhttp_request *http, struct request *out)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	const char *authorization = evhttp_find_header(headers, "Authorization");
	const char *subject = evhttp_find_header(headers, "Indsigt-Subject");
	const char *reference = evhttp_find_header(headers, "Indsigt-Case");
	const char *tags = evhttp_find_header(headers, "If-None-Match");
	const char *host = evhttp_find_header(headers, "Host");
	const char *last = evhttp_find_header(headers, "Last-Event-ID");
	const char *type = evhttp_find_header(headers, "Content-Type");
	const char *accept = evhttp_find_header(headers, "Accept"), *prefer = evhttp_find_header(headers, "Prefer");
	struct evbuffer *body = evhttp_request_get_input_buffer(http);
	const struct bytes whole = bytes_of(evbuffer_pullup(body, -1), evbuffer_get_length(body));
	if (whole.data == NULL && whole.len > 0)
		return NULL;
	char *text = malloc(1 + kept_bytes(path) + kept_bytes(query) + kept_bytes(authorization) + kept_bytes(subject) +
						kept_bytes(reference) + kept_bytes(tags) + kept_bytes(host) + kept_bytes(type) +
						kept_bytes(last) + kept_bytes(accept) + kept_bytes(prefer));
	if (text == NULL)
		return NULL;
	char *at = text, *address = NULL;
	out->method = method_name(http);
	out->path = path ? keep(&at, path) : "";
	out->query = keep(&at, query);
	out->authorization = keep(&at, authorization);
	out->subject = keep(&at, subject);
	out->case_reference = keep(&at, reference);
	out->if_none_match = keep(&at, tags);
	out->host = keep(&at, host);
	out->content_type = keep(&at, type);
	out->gzip = negotiate_gzip(evhttp_find_header(headers, "Accept-Encoding"));
	out->accept = keep(&at, accept);
	out->prefer = keep(&at, prefer);
	out->event_stream = accept != NULL && strstr(accept, "text/event-stream") != NULL;
	out->last_event_id = keep(&at, last);
	out->body = whole;
	evhttp_connection_get_peer(evhttp_request_get_connection(http), &address, &(uint16_t){0});
	out->local = address && (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0);
	return text;
}
