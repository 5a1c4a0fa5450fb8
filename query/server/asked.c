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

/* Who is at the other end. Texts are empty where no certificate was shown. */
struct peer_shown {
	const char *address;
	char key[2 * HASH_BYTES + 1], thumbprint[2 * HASH_BYTES + 1];
};

static struct peer_shown look_at_peer(struct evhttp_connection *connection)
{
	struct peer_shown shown = {.address = NULL};
	struct bufferevent *stream = evhttp_connection_get_bufferevent(connection);
	struct hash hash;
	if (secure_peer_key(stream, &hash))
		sodium_bin2hex(shown.key, sizeof shown.key, hash.b, sizeof hash.b);
	if (secure_peer_thumbprint(stream, &hash))
		sodium_bin2hex(shown.thumbprint, sizeof shown.thumbprint, hash.b, sizeof hash.b);
	evhttp_connection_get_peer(connection, (char **)&shown.address, &(uint16_t){0});
	return shown;
}

char *asked_read(struct evhttp_request *http, struct request *out)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	struct evbuffer *body = evhttp_request_get_input_buffer(http);
	const struct bytes whole = bytes_of(evbuffer_pullup(body, -1), evbuffer_get_length(body));
	if (whole.data == NULL && whole.len > 0)
		return NULL;
	const struct peer_shown peer = look_at_peer(evhttp_request_get_connection(http));
	size_t room =
		1 + kept_bytes(path) + kept_bytes(query) + kept_bytes(peer.address) + sizeof peer.key + sizeof peer.thumbprint;
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
	out->certificate = keep(&at, peer.key[0] != '\0' ? peer.key : NULL);
	out->thumbprint = keep(&at, peer.thumbprint[0] != '\0' ? peer.thumbprint : NULL);
	out->address = keep(&at, peer.address);
	out->gzip = negotiate_gzip(evhttp_find_header(headers, "Accept-Encoding"));
	out->event_stream = out->accept != NULL && strstr(out->accept, "text/event-stream") != NULL;
	out->body = whole;
	out->local = peer.address && (strncmp(peer.address, "127.", 4) == 0 || strcmp(peer.address, "::1") == 0);
	return text;
}
