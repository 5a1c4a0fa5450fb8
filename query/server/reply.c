/* A body goes out from where it was made: what is large is in memory once. */
#include "query/server/reply.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NO_SNIFF "X-Content-Type-Options: nosniff\r\n"

void reply_mark(struct evbuffer *output)
{
	static const char go_on[] = "HTTP/1.1 1";
	struct evbuffer_iovec first; /* not copied out: the front of what libevent is sending is frozen */
	if (evbuffer_peek(output, (ev_ssize_t)sizeof go_on - 1, NULL, &first, 1) == 1 &&
		first.iov_len >= sizeof go_on - 1 && memcmp(first.iov_base, go_on, sizeof go_on - 1) != 0)
		evbuffer_add(output, NO_SNIFF, strlen(NO_SNIFF));
}

void reply_turn_away(int fd)
{
	static const char refusal[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n" NO_SNIFF
								  "Content-Length: 0\r\n\r\n";
	send(fd, refusal, sizeof refusal - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

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
	if (response->status != 304 && response->stream == NULL) /* its length would be that of what is not sent */
		evhttp_add_header(headers, "Content-Length", length);
	for (size_t i = 0; i < response->header_count; i++)
		evhttp_add_header(headers, response->headers[i].name, response->headers[i].value);
	if (last)
		evhttp_add_header(headers, "Connection", "close");
}
