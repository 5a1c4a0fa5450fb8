#include "query/http/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool request_reads(const struct request *request)
{
	return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

void response_header(struct response *response, const char *name, const char *value)
{
	assert(response->header_count < RESPONSE_HEADERS_MAX);
	response->headers[response->header_count].name = name;
	response->headers[response->header_count].value = value;
	response->header_count++;
}

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
	room_set(response->room, &response->held, 0);
	response->body = NULL;
	response->body_len = 0;
	response->header_count = 0;
}
