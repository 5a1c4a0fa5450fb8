/* From the file: the thread that counts is another one, and what it has not written yet is a few seconds old. */
#include "tools/quality/quality_route.h"

#include "ledger/base/own.h"
#include "ledger/json/json_read.h"
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

static bool is_request(const struct request *request, response_refuser *refuse, struct response *out)
{
	if (!request_reads(request)) {
		refuse(405, E_BAD_VALUE, "this address answers GET and HEAD", out);
		response_header(out, "Allow", "GET, HEAD");
	} else if (request->query != NULL) {
		refuse(400, E_BAD_VALUE, "there are no parameters here", out);
	} else {
		return true;
	}
	return false;
}

/* Takes the text. */
static void respond(char *text, const char *type, response_refuser *refuse, struct response *out)
{
	if (text == NULL) {
		refuse(503, E_NO_MEMORY, error_text(E_NO_MEMORY), out);
		return;
	}
	out->status = 200;
	out->body = text;
	out->body_len = strlen(text);
	response_header(out, "Content-Type", type);
	response_header(out, "Cache-Control", "no-store");
}

static char *metrics_of(const struct tally *tally, uint64_t now_s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);
	if (file == NULL)
		return NULL;
	tally_metrics(tally, now_s, file);
	bool failed = ferror(file) != 0;
	if (fclose(file) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}

static char *json_of(const struct tally *tally, uint64_t now_s)
{
	json_auto_t *json = tally_to_json(tally, now_s);
	return json_write(json, JSON_COMPACT);
}

/* Before anything was counted there is no file, which is no fault. */
void quality_route(const char *spool, const struct request *request, response_refuser *refuse, struct response *out)
{
	bool metrics = strcmp(request->path, METRICS_PATH) == 0;
	uint64_t now_s = (uint64_t)time(NULL);
	OWNED_MEMORY struct tally *tally = calloc(1, sizeof *tally);
	out->route = metrics ? METRICS_PATH : QUALITY_PATH;
	if (!is_request(request, refuse, out))
		return;
	enum error error = allocated(tally) ?: tally_read(spool, now_s, tally, NULL);
	if (error != E_OK && error != E_NOT_FOUND)
		refuse(503, error, error_text(error), out);
	else if (metrics)
		respond(metrics_of(tally, now_s), "text/plain; version=0.0.4; charset=utf-8", refuse, out);
	else
		respond(json_of(tally, now_s), "application/json", refuse, out);
}
