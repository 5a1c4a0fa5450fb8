/* A body goes through what it came in: gzip, protobuf; what is posted is always JSON. What is wrong about the request
 * is answered here and kept nowhere; a body that cannot be read goes to whoever keeps what is refused, since an
 * exporter drops what it is told not to repeat. */
#include "tools/posted/otlp_route.h"

#include "ingest/otlp/otlp_parts.h"
#include "ingest/otlp/otlp_value.h"
#include "ledger/base/own.h"
#include "ledger/json/json_read.h"
#include "tools/otlpbody/otlp_protobuf.h"
#include "tools/posted/unpack.h"

#include <stdlib.h>
#include <string.h>

#define LOGS "/v1/logs"
#define TRACES "/v1/traces"

bool otlp_route_is(const char *path)
{
	return strcmp(path, LOGS) == 0 || strcmp(path, TRACES) == 0 || strcmp(path, "/v1/metrics") == 0;
}

static bool is_protobuf(const struct request *request)
{
	return request_is_of(request, POST_TYPE_PROTOBUF);
}

/* ---- answers ---- */

void otlp_route_refuse(int status, enum error error, const char *line, struct response *out)
{
	(void)error; /* OTLP has no place for it */
	post_respond(out, status, json_pack("{s:s}", "message", line), "application/json");
}

void otlp_route_form(const struct request *request, struct response *out)
{
	if (out->question != NULL || out->body == NULL || !is_protobuf(request))
		return;
	json_auto_t *said = NULL;
	enum error error = out->status == 200 ? E_OK : json_read(bytes_of(out->body, out->body_len), 0, NULL, &said);
	const char *message = json_string_value(json_object_get(said, "message"));
	if (error == E_NO_MEMORY) { /* an exporter gives it again then, and hears the reason */
		otlp_route_refuse(503, error, "", out);
		message = error_text(error);
	}
	size_t len = 0;
	uint8_t *body = out->status == 200 ? otlp_protobuf_answer(0, "", &len)
									   : otlp_protobuf_failure(message != NULL ? message : "", &len);
	free(out->body);
	out->body = (char *)body;
	out->body_len = len;
	for (size_t i = 0; i < out->header_count; i++)
		if (strcmp(out->headers[i].name, "Content-Type") == 0)
			out->headers[i].value = POST_TYPE_PROTOBUF;
}

/* ---- the request ---- */

/* All that is wrong about it before its body is looked at; true if nothing is. */
static bool is_post(const struct request *request, struct response *out)
{
	bool known = is_protobuf(request) || request_is_of(request, "application/json");
	if (strcmp(request->path, LOGS) != 0 && strcmp(request->path, TRACES) != 0) {
		otlp_route_refuse(
			404, E_NOT_FOUND, "here are POST " LOGS " and " TRACES "; metrics say nothing of an access", out);
	} else if (strcmp(request->method, "POST") != 0) {
		otlp_route_refuse(405, E_USAGE, "records are given with POST", out);
		response_header(out, "Allow", "POST");
	} else if (request->query != NULL) {
		otlp_route_refuse(400, E_USAGE, "there are no parameters here", out);
	} else if (!known) {
		otlp_route_refuse(415, E_USAGE, "header Content-Type: application/x-protobuf or application/json", out);
		response_header(out, "Accept-Post", "application/x-protobuf, application/json");
	} else if (request->body.len > OTLP_ROUTE_BODY_BYTES_MAX) {
		otlp_route_refuse(413, E_TOO_LONG, "the body is longer than 1048576 bytes; export fewer records at once", out);
	} else {
		return true;
	}
	return false;
}

/* ---- the body ---- */

static const struct unpacking unpacking = {.bytes_max = OTLP_ROUTE_BODY_BYTES_MAX,
	.too_long = "the body becomes longer than 1048576 bytes; export fewer records at once",
	.refuse = otlp_route_refuse};

/* So many brackets as no request of records has would be a hundred times their bytes in memory. */
static enum error check_brackets(struct bytes body, struct fault *fault)
{
	size_t brackets = 0;
	for (size_t i = 0; i < body.len; i++)
		brackets += body.data[i] == '{' || body.data[i] == '[';
	return brackets <= OTLP_VALUES_MAX
			   ? E_OK
			   : fault_set(fault, E_TOO_LONG, "the request has more than %u values", OTLP_VALUES_MAX);
}

static enum error check_records(struct bytes text, bool spans, struct fault *fault)
{
	OWNED(otlp_parts_end) struct otlp_parts parts;
	TRY(check_brackets(text, fault));
	TRY(otlp_parts_begin(text, &parts, fault));
	if (parts.spans != spans)
		return fault_set(fault, E_BAD_VALUE, "%s: this is posted to %s", otlp_lists(parts.spans)->groups,
			parts.spans ? TRACES : LOGS);
	if (parts.count > OTLP_ROUTE_RECORDS_MAX || otlp_parts_bytes(&parts) > OTLP_ROUTE_PARTS_BYTES_MAX)
		return fault_set(fault, E_BATCH_TOO_LARGE,
			"the request has more than %u records, or they are longer than %u bytes with the resource around each; "
			"export fewer at once",
			OTLP_ROUTE_RECORDS_MAX, OTLP_ROUTE_PARTS_BYTES_MAX);
	return E_OK;
}

/* An object without members, however it is spaced, which OTLP lets be sent. */
static bool is_empty(struct bytes body)
{
	size_t found = 0;
	for (size_t i = 0; i < body.len; i++) {
		if (body.data[i] != '\0' && strchr(" \t\r\n", body.data[i]) != NULL)
			continue;
		if (found == 2 || body.data[i] != "{}"[found++])
			return false;
	}
	return found == 2;
}

/* The post, of JSON; of protobuf that cannot become any, as it came, with the reason. NULL: no memory. */
static struct post *post_of(const struct request *request, struct bytes body)
{
	json_auto_t *json = NULL;
	OWNED_MEMORY char *text = NULL;
	struct fault fault = {.error = E_OK};
	bool spans = strcmp(request->path, TRACES) == 0, protobuf = is_protobuf(request);
	if (protobuf && otlp_protobuf_read(body, spans, &json, &fault) == E_OK) {
		text = json_write(json, JSON_COMPACT);
		if (text == NULL)
			return NULL;
		body = bytes_text(text);
	}
	bool empty = is_empty(body);
	body = empty ? BYTES_LITERAL("{}") : body;
	if (fault.error == E_OK && !empty && check_records(body, spans, &fault) == E_NO_MEMORY)
		return NULL;
	struct post *post = fault.error != E_NO_MEMORY ? post_new(POST_RECORDS, request, body) : NULL;
	if (post != NULL) {
		post->fault = fault;
		post->protobuf = protobuf;
		post->spans = spans;
	}
	return post;
}

void otlp_route(const struct request *request, struct response *out)
{
	OWNED_MEMORY char *owned = NULL;
	struct bytes body;
	out->route = strcmp(request->path, TRACES) == 0 ? TRACES : LOGS;
	if (!is_post(request, out) || !unpack(&unpacking, request, &owned, &body, out))
		return;
	struct post *post = post_of(request, body);
	if (post == NULL)
		otlp_route_refuse(503, E_NO_MEMORY, error_text(E_NO_MEMORY), out);
	out->question = (char *)post;
}
