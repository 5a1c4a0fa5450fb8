#include "query/server/asked.h"

#include "query/http/negotiate.h"
#include "query/server/secure.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <sodium.h>
#include <stddef.h>
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

/* Headers that are handed on as they came. */
static const struct {
	const char *name;
	size_t at; /* in the request */
} kept[] = {{"Authorization", offsetof(struct request, authorization)},
	{"Indsigt-Subject", offsetof(struct request, subject)}, {"Indsigt-Case", offsetof(struct request, case_reference)},
	{"If-None-Match", offsetof(struct request, if_none_match)}, {"Host", offsetof(struct request, host)},
	{"Last-Event-ID", offsetof(struct request, last_event_id)},
	{"Content-Type", offsetof(struct request, content_type)},
	{"Content-Encoding", offsetof(struct request, content_encoding)}, {"Accept", offsetof(struct request, accept)},
	{"Prefer", offsetof(struct request, prefer)}, {"If-None-Exist", offsetof(struct request, if_none_exist)}};

#define KEPT_COUNT (sizeof kept / sizeof kept[0])

static size_t kept_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Who is at the other end. */
static void look_at_peer(struct evhttp_connection *connection, const char **address, char key[2 * HASH_BYTES + 1])
{
	struct hash hash;
	key[0] = '\0';
	if (secure_peer_key(evhttp_connection_get_bufferevent(connection), &hash))
		sodium_bin2hex(key, 2 * HASH_BYTES + 1, hash.b, sizeof hash.b);
	evhttp_connection_get_peer(connection, (char **)address, &(uint16_t){0});
}

char *asked_read(struct evhttp_request *http, struct request *out)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri), *address = NULL;
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	struct evbuffer *body = evhttp_request_get_input_buffer(http);
	const struct bytes whole = bytes_of(evbuffer_pullup(body, -1), evbuffer_get_length(body));
	char key[2 * HASH_BYTES + 1];
	if (whole.data == NULL && whole.len > 0)
		return NULL;
	look_at_peer(evhttp_request_get_connection(http), &address, key);
	size_t room = 1 + kept_bytes(path) + kept_bytes(query) + kept_bytes(address) + sizeof key;
	for (size_t i = 0; i < KEPT_COUNT; i++)
		room += kept_bytes(evhttp_find_header(headers, kept[i].name));
	char *text = malloc(room);
	if (text == NULL)
		return NULL;
	char *at = text;
	out->method = method_name(http);
	out->path = path ? keep(&at, path) : "";
	out->query = keep(&at, query);
	for (size_t i = 0; i < KEPT_COUNT; i++)
		*(const char **)((char *)out + kept[i].at) = keep(&at, evhttp_find_header(headers, kept[i].name));
	out->certificate = keep(&at, key[0] != '\0' ? key : NULL);
	out->address = keep(&at, address);
	out->gzip = negotiate_gzip(evhttp_find_header(headers, "Accept-Encoding"));
	out->event_stream = out->accept != NULL && strstr(out->accept, "text/event-stream") != NULL;
	out->body = whole;
	out->local = address && (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0);
	return text;
}
