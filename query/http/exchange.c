/* A response is filled in by whoever answers and given away whole. Headers are pointers to static texts, so that
 * nothing of them has to be freed and nothing that was sent can get into them; those that change are the tag, which
 * stands in the response itself, and one text that was made for it, which goes with the body.
 *
 * What fails: no memory for a body. Then there is none, and the server ends the connection rather than send an answer
 * that is cut off. */
#include "query/http/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is not one of these may have changed something, for all that whoever sent it knows. */
bool request_reads(const struct request *request)
{
	return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* The scheme may be written in any letter case; a token never. */
const char *request_bearer(const struct request *request)
{
	static const char scheme[] = "Bearer ";
	const char *given = request->authorization;
	bool bearer = given != NULL && strncasecmp(given, scheme, sizeof scheme - 1) == 0;
	return bearer ? given + sizeof scheme - 1 : NULL;
}

/* In any case, as RFC 9110 has types; a longer word is another one. */
bool request_is_of(const struct request *request, const char *type)
{
	const char *given = request->content_type != NULL ? request->content_type : "";
	size_t len = strlen(type);
	return strncasecmp(given, type, len) == 0 && strchr("; \t", given[len]) != NULL; /* the end mark, too */
}

/* The number of headers is known when the program is written, so that one too many is a mistake of ours, and not of
 * whoever asks. */
void response_header(struct response *response, const char *name, const char *value)
{
	assert(response->header_count < RESPONSE_HEADERS_MAX);
	response->headers[response->header_count].name = name;
	response->headers[response->header_count].value = value;
	response->header_count++;
}

bool response_index(struct response *response, uint64_t index)
{
	char *body = NULL;
	if (!response->indexed)
		return true;
	assert(response->body != NULL && response->body[0] == '{');
	int len = asprintf(&body, "{\"index\":%llu,%s", (unsigned long long)index, response->body + 1);
	if (len < 0)
		return false;
	free(response->body);
	response->body = body;
	response->body_len = (size_t)len;
	return true;
}

/* Whatever was filled in before goes, so that a refusal never carries a part of an answer. */
void response_text(struct response *response, int status, const char *line)
{
	response_release(response);
	response->status = status;
	response->body = strdup(line);
	response->body_len = response->body != NULL ? strlen(line) : 0;
	response_header(response, "Content-Type", "text/plain; charset=utf-8");
}

void response_release(struct response *response)
{
	free(response->body);
	free(response->report);
	free(response->own);
	free(response->question);
	if (response->stream != NULL)
		response->stream->free(response->stream);
	room_set(response->room, &response->held, 0);
	response->body = NULL;
	response->report = NULL;
	response->own = NULL;
	response->question = NULL;
	response->stream = NULL;
	response->body_len = 0;
	response->header_count = 0;
}
