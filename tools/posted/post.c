#include "tools/posted/post.h"

#include "ledger/base/clock.h"
#include "ledger/json/json_read.h"
#include "tools/fhir/fhir_outcome.h"
#include "tools/otlpbody/otlp_protobuf.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct post *post_new(enum post_kind kind, const struct request *request, struct bytes body)
{
	struct post *post = calloc(1, sizeof *post);
	char *text = malloc(body.len + 1);
	if (post == NULL || text == NULL) {
		free(post);
		free(text);
		return NULL;
	}
	if (body.len > 0)
		memcpy(text, body.data, body.len);
	text[body.len] = '\0';
	*post = (struct post){.kind = kind, .body = bytes_of(text, body.len), .came_ms = clock_ms()};
	if (request->certificate != NULL)
		snprintf(post->certificate, sizeof post->certificate, "%s", request->certificate);
	if (request->address != NULL)
		snprintf(post->address, sizeof post->address, "%s", request->address);
	return post;
}

void post_free(struct post *post)
{
	uint8_t *text = (uint8_t *)(uintptr_t)post->body.data;
	sodium_memzero(text, post->body.len);
	free(text);
	fhir_bundle_free(&post->bundle);
	free(post->answer);
	free(post);
}

void post_make_line(struct post *post)
{
	for (char *at = (char *)(uintptr_t)post->body.data; *at != '\0'; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
}

bool post_is_fhir(const struct post *post)
{
	return post->kind >= POST_CREATE;
}

json_t *post_problem(int status, enum error error, const char *detail)
{
	return json_pack(
		"{s:s,s:i,s:s,s:s}", "type", "about:blank", "status", status, "error", error_name(error), "detail", detail);
}

void post_set_answer(struct post *post, int status, json_t *json)
{
	free(post->answer);
	post->answer = json_write(json, JSON_COMPACT);
	post->answer_len = post->answer != NULL ? strlen(post->answer) : 0;
	post->status = post->answer != NULL ? status : 0;
	json_decref(json);
}

/* Takes the bytes over; NULL: there was no memory. */
static void set_bytes(struct post *post, int status, uint8_t *bytes, size_t len)
{
	free(post->answer);
	post->answer = (char *)bytes;
	post->answer_len = len;
	post->status = bytes != NULL ? status : 0;
}

void post_records_answer(struct post *post, size_t refused, const char *why)
{
	size_t len = 0;
	if (post->protobuf) {
		uint8_t *bytes = otlp_protobuf_answer((int64_t)refused, why, &len);
		set_bytes(post, 200, bytes, len);
	} else if (refused == 0) {
		post_set_answer(post, 200, json_object());
	} else { /* a number of 64 bits is text in JSON of protobuf */
		char count[24];
		snprintf(count, sizeof count, "%zu", refused);
		post_set_answer(post, 200,
			json_pack("{s:{s:s,s:s}}", "partialSuccess", post->spans ? "rejectedSpans" : "rejectedLogRecords", count,
				"errorMessage", why));
	}
}

const char *post_answer_type(const struct post *post)
{
	if (post->kind == POST_RECORDS)
		return post->protobuf ? POST_TYPE_PROTOBUF : "application/json";
	if (post_is_fhir(post))
		return POST_TYPE_FHIR;
	return post->status != 0 && post->status < 400 ? "application/json" : POST_TYPE_PROBLEM;
}

void post_refuse(struct post *post, int status, enum error error, const char *why)
{
	size_t len = 0;
	post->location[0] = '\0';
	if (post_is_fhir(post)) {
		post_set_answer(post, status, fhir_outcome(error, why, NULL));
	} else if (post->kind != POST_RECORDS) {
		post_set_answer(post, status, post_problem(status, error, why));
	} else if (post->protobuf) {
		uint8_t *bytes = otlp_protobuf_failure(why, &len);
		set_bytes(post, status, bytes, len);
	} else {
		post_set_answer(post, status, json_pack("{s:s}", "message", why));
	}
}

void post_respond(struct response *out, int status, json_t *json, const char *type)
{
	response_release(out);
	out->body = json_write(json, JSON_COMPACT);
	out->status = out->body != NULL ? status : 503;
	out->body_len = out->body != NULL ? strlen(out->body) : 0;
	response_header(out, "Content-Type", type);
	if (out->status == 503)
		response_header(out, "Retry-After", "5");
	json_decref(json);
}
