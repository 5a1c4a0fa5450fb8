/* From the file: the thread that counts is another one, and what it has not written yet is a few seconds old. */
#include "tools/gateway/quality_route.h"

#include "ledger/base/own.h"
#include "tools/gateway/event_route.h"
#include "tools/send/tally.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUALITY_PATH "/v1/quality"
#define METRICS_PATH "/metrics"

bool quality_route_is(const char *path)
{
	return strcmp(path, QUALITY_PATH) == 0 || strcmp(path, METRICS_PATH) == 0;
}

static bool is_request(const struct request *request, struct response *out)
{
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
		event_route_refuse(405, E_BAD_VALUE, "this address answers GET and HEAD", out);
		response_header(out, "Allow", "GET, HEAD");
	} else if (request->query != NULL) {
		event_route_refuse(400, E_BAD_VALUE, "there are no parameters here", out);
	} else {
		return true;
	}
	return false;
}

static void respond_metrics(const struct tally *tally, uint64_t now_s, struct response *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);
	if (file != NULL)
		tally_metrics(tally, now_s, file);
	if (file == NULL || fclose(file) != 0) {
		free(text);
		event_route_refuse(503, E_NO_MEMORY, error_text(E_NO_MEMORY), out);
		return;
	}
	out->status = 200;
	out->body = text;
	out->body_len = len;
	response_header(out, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
}

/* Before anything was counted there is no file, which is no fault. */
void quality_route(const char *spool, const struct request *request, struct response *out)
{
	bool metrics = strcmp(request->path, METRICS_PATH) == 0;
	uint64_t now_s = (uint64_t)time(NULL);
	OWNED_MEMORY struct tally *tally = calloc(1, sizeof *tally);
	out->route = metrics ? METRICS_PATH : QUALITY_PATH;
	if (!is_request(request, out))
		return;
	enum error error = allocated(tally) ?: tally_read(spool, now_s, tally, NULL);
	if (error != E_OK && error != E_NOT_FOUND)
		event_route_refuse(503, error, error_text(error), out);
	else if (metrics)
		respond_metrics(tally, now_s, out);
	else
		post_respond(out, 200, tally_to_json(tally, now_s), "application/json");
	if (out->status == 200)
		response_header(out, "Cache-Control", "no-store");
}
