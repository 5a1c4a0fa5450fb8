#include "tools/gateway/post.h"

#include "ledger/base/clock.h"
#include "tools/fhir/fhir_outcome.h"

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
	post->answer = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	post->status = post->answer != NULL ? status : 0;
	json_decref(json);
}

void post_refuse(struct post *post, int status, enum error error, const char *why)
{
	post->location[0] = '\0';
	post_set_answer(
		post, status, post_is_fhir(post) ? fhir_outcome(error, why, NULL) : post_problem(status, error, why));
}

void post_respond(struct response *out, int status, json_t *json, const char *type)
{
	response_release(out);
	out->status = json != NULL ? status : 503;
	out->body = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	out->body_len = out->body != NULL ? strlen(out->body) : 0;
	response_header(out, "Content-Type", type);
	if (out->status == 503)
		response_header(out, "Retry-After", "5");
	json_decref(json);
}
