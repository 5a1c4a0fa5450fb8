/* A body goes out from where it was made: what is large is in memory once. */
#include "query/server/reply.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

static void body_release(const void *data, size_t len, void *body)
{
	(void)data, (void)len;
	free(body);
}

bool reply_body(struct response *response, struct evbuffer *body)
{
	if (body == NULL || evbuffer_add_reference(body, response->body, response->body_len, body_release, response->body))
		return false;
	response->body = NULL;
	return true;
}

void reply_headers(const struct response *response, bool last, struct evkeyvalq *headers)
{
	char length[24];
	snprintf(length, sizeof length, "%zu", response->body_len);
	if (response->status != 304) /* its length would be that of what is not sent */
		evhttp_add_header(headers, "Content-Length", length);
	for (size_t i = 0; i < response->header_count; i++)
		evhttp_add_header(headers, response->headers[i].name, response->headers[i].value);
	if (last)
		evhttp_add_header(headers, "Connection", "close");
}
