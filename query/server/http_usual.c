/* What most servers want for their options: refusals in plain text, lines on stderr, as many files as connections. */
#include "query/server/http_server.h"
#include "query/server/request_end.h"
#include "query/server/secure.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

bool http_takes_posts(const void *context, const struct request *request)
{
	(void)context;
	return strcmp(request->method, "POST") == 0;
}

/* evhttp forgives much in the length of a chunk ("+5", "0x5"); so what follows the last one is nobody's request. */
bool http_end_clear(
	const struct http_options *options, struct evhttp_request *http, const struct request *request, bool *last)
{
	enum request_end end = request_end(http);
	*last = end == REQUEST_CHUNKED;
	return end == REQUEST_BODILESS ||
		   ((end == REQUEST_BODY || (end == REQUEST_CHUNKED && options->takes_chunks)) && options->takes_body != NULL &&
			   options->takes_body(options->context, request));
}

bool http_take_room(const struct http_options *options, bool head, struct response *response)
{
	bool waits = !head && response->status < 400;
	if (room_set(response->room, &response->held, waits ? response->body_len : 0))
		return true;
	options->refuse(503, E_TOO_MANY, "too many answers wait for their readers; try again later", response);
	return false;
}

static void record_nothing(void *context, char *report, http_recorded *done, void *done_context)
{
	(void)context;
	free(report);
	done(done_context, E_UNRECORDED, 0);
}

static void ask_nobody(void *context, char *question, http_told *done, void *done_context)
{
	(void)context;
	free(question);
	done(done_context, BYTES_EMPTY);
}

void http_fill(struct http_options *options)
{
	options->record = options->record != NULL ? options->record : record_nothing;
	options->ask = options->ask != NULL ? options->ask : ask_nobody;
	options->files_max = options->files_max > 0 ? options->files_max : options->connections_max + HTTP_OTHER_FDS;
}

enum error http_secure(
	const struct http_options *options, struct event_base *base, struct secure **out, struct fault *fault)
{
	const struct tls_server_options tls = {.files = options->tls,
		.protocol = TLS_PROTOCOL_HTTP,
		.asks = options->asks_certificate,
		.client_ca = options->client_ca,
		.client_may = options->client_may,
		.tell = options->tell};
	return secure_new(&tls, base, out, fault);
}

void http_tell(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

void http_refuse_text(int status, enum error error, const char *line, struct response *response)
{
	char text[200];
	(void)error;
	snprintf(text, sizeof text, "%s\n", line);
	response_text(response, status, text);
	if (status == 503)
		response_header(response, "Retry-After", "1");
}

enum error http_fit_files(uint32_t *connections, struct fault *fault)
{
	struct rlimit files;
	const rlim_t wanted = *connections + HTTP_OTHER_FDS;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return fault_set(fault, E_IO, "the limit of open files cannot be read: %m");
	if (files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &files) != 0)
			return fault_set(fault, E_IO, "the limit of open files cannot be set: %m");
	}
	if (files.rlim_cur < HTTP_FDS_MIN)
		return fault_set(fault, E_IO, "this process may open only %ju files, and needs %u at least ('ulimit -n')",
			(uintmax_t)files.rlim_cur, HTTP_FDS_MIN);
	if (files.rlim_cur >= wanted)
		return E_OK;
	uint32_t quarter = (uint32_t)files.rlim_cur / 4;
	*connections = files.rlim_cur > HTTP_OTHER_FDS + quarter ? (uint32_t)files.rlim_cur - HTTP_OTHER_FDS : quarter;
	return E_OK;
}
