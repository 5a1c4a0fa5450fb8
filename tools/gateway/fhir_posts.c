/* A post is a line of its own (send_input.h): what is in it is counted among itself, and taken for the same as what was
 * taken before by its content. So who got no answer gives it again, and equal entries of one Bundle are so many
 * accesses. A transaction is one message for whoever sends: it goes into one batch, or nowhere. */
#include "tools/gateway/fhir_posts.h"

#include "ledger/json/json_outcome.h"
#include "ledger/json/json_text.h"
#include "tools/fhir/fhir_outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_NAME "fhir"

/* What is heard of one post, or of one entry after the other. */
struct hearing {
	struct post *post;
	struct send *send;
	struct input input;
	struct send_line who;
	struct equals ids;
	struct fhir_result *result; /* whose turn it is */
	json_t *outcome;            /* of a transaction: what keeps it from being taken */
	bool failed;                /* no memory */
};

/* ---- what is heard ---- */

static void hear_taken(void *context, size_t events)
{
	struct hearing *hearing = context;
	hearing->result->status = events > 0 ? 201 : 200;
	hearing->result->error = E_OK;
	snprintf(hearing->result->reason, sizeof hearing->result->reason, "%s",
		events > 0 ? "taken, and durable" : "taken before: a resource that is equal in each byte");
}

static void set_refused(struct fhir_result *result, enum error error, const char *reason)
{
	result->status = fhir_outcome_status(error);
	result->error = error;
	snprintf(result->reason, sizeof result->reason, "%s", reason);
}

/* The reason of the only part says more than that of the whole, and comes first. */
static void hear_refused(void *context, enum error error, const char *reason)
{
	struct hearing *hearing = context;
	if (hearing->result->error == E_OK)
		set_refused(hearing->result, error, reason);
}

static void hear_part(void *context, size_t number, enum error error, const char *reason)
{
	struct hearing *hearing = context;
	char at[64];
	if (hearing->outcome == NULL) {
		set_refused(hearing->result, error, reason);
		return;
	}
	set_refused(hearing->result, hearing->result->error != E_OK ? hearing->result->error : error, reason);
	for (size_t i = 0; i <= number; i++) /* numbers are of those that are not left out */
		number += hearing->post->bundle.parts[i].left_out;
	snprintf(at, sizeof at, "Bundle.entry[%zu].resource", number);
	hearing->failed |= !fhir_outcome_add(hearing->outcome, error, reason, at);
}

/* ---- taking ---- */

/* What the resource is called from here on: the same whenever it comes again. */
static void name_it(struct hearing *hearing, struct bytes text, struct fhir_result *result)
{
	const struct outbox_source source = {.input = BYTES_LITERAL(INPUT_NAME), .text = text};
	uint64_t content = outbox_content(hearing->send->outbox, &source);
	uint32_t nth = 1;
	hearing->failed |= equals_count(&hearing->ids, content, &nth) != E_OK;
	int len = snprintf(result->id, sizeof result->id, "%016jx", (uintmax_t)content);
	if (nth > 1)
		snprintf(result->id + len, sizeof result->id - (size_t)len, "-%u", nth);
}

static enum error take_message(struct hearing *hearing, const struct message *message, const struct bytes *parts,
	size_t count, struct fhir_result *result, struct fault *fault)
{
	const struct send_heard heard = {
		.taken = hear_taken, .refused = hear_refused, .part = hear_part, .context = hearing};
	hearing->result = result;
	hearing->send->heard = &heard;
	enum error error = send_together(hearing->send, &hearing->input, message, parts, count, fault);
	hearing->send->heard = NULL;
	return error;
}

static struct message message_of(struct bytes text, const struct fault *why)
{
	return (struct message){.kind = MESSAGE_WHOLE, .text = text, .error = why->error, .fault = *why};
}

/* One resource, for itself. */
static enum error take_part(
	struct hearing *hearing, const struct fhir_part *part, struct fhir_result *result, struct fault *fault)
{
	const struct message message = message_of(part->text, &part->fault);
	if (part->left_out) {
		*result = (struct fhir_result){.status = 200, .told = true, .reason = "left out: search.mode says so"};
		return E_OK;
	}
	TRY(take_message(hearing, &message, &part->text, 1, result, fault));
	if (result->error == E_OK)
		name_it(hearing, part->text, result);
	else if (part->status != 0)
		result->status = part->status;
	return E_OK;
}

/* ---- answers ---- */

/* As it was posted, with the id that it has. */
static json_t *resource_of(struct bytes text, const char *id)
{
	struct fault fault;
	json_t *resource = NULL;
	if (json_text_parse(text, &resource, &fault) != E_OK)
		return NULL;
	if (json_object_set_new(resource, "id", json_string(id)) == 0)
		return resource;
	json_decref(resource);
	return NULL;
}

static void refuse_all(struct post *post, int status, enum error error, const char *reason, const char *at)
{
	post_set_answer(post, status, fhir_outcome(error, reason, at));
}

static void answer_one(struct post *post, const struct fhir_result *result)
{
	if (result->error != E_OK) {
		refuse_all(post, result->status, result->error, result->reason, "AuditEvent");
		return;
	}
	post->status = result->status;
	snprintf(post->location, sizeof post->location, "AuditEvent/%s", result->id);
	if (post->wish == FHIR_RETURN_OUTCOME)
		post_set_answer(post, result->status, fhir_outcome(E_OK, result->reason, NULL));
	else if (post->wish == FHIR_RETURN_RESOURCE)
		post_set_answer(post, result->status, resource_of(post->body, result->id));
}

static void answer_bundle(struct hearing *hearing, struct fhir_result *results)
{
	struct post *post = hearing->post;
	struct fhir_bundle *bundle = &post->bundle;
	json_t **resources = calloc(bundle->count + 1, sizeof(json_t *));
	bool good = resources != NULL && !hearing->failed;
	for (size_t i = 0; good && i < bundle->count; i++) {
		results[i].told |= post->wish == FHIR_RETURN_OUTCOME;
		if (post->wish == FHIR_RETURN_RESOURCE && results[i].id[0] != '\0')
			results[i].resource = resources[i] = resource_of(bundle->parts[i].text, results[i].id);
	}
	post_set_answer(post, 200, good ? fhir_outcome_bundle(bundle->transaction, results, bundle->count) : NULL);
	for (size_t i = 0; resources != NULL && i < bundle->count; i++)
		json_decref(resources[i]);
	free(resources);
}

/* ---- Bundles ---- */

static enum error take_batch(struct hearing *hearing, struct fhir_result *results, struct fault *fault)
{
	const struct fhir_bundle *bundle = &hearing->post->bundle;
	for (size_t i = 0; i < bundle->count; i++)
		TRY(take_part(hearing, &bundle->parts[i], &results[i], fault));
	answer_bundle(hearing, results);
	return E_OK;
}

/* What is wrong about its requests; `*first` E_OK: nothing. */
static void judge_transaction(struct hearing *hearing, struct fault *first, struct fhir_result *result)
{
	const struct fhir_bundle *bundle = &hearing->post->bundle;
	for (size_t i = 0; i < bundle->count; i++) {
		const struct fhir_part *part = &bundle->parts[i];
		if (part->fault.error == E_OK)
			continue;
		hearing->failed |= !fhir_outcome_add(hearing->outcome, part->fault.error, part->fault.text, "Bundle");
		if (first->error != E_OK)
			continue;
		*first = part->fault;
		set_refused(result, first->error, first->text);
		result->status = part->status != 0 ? part->status : result->status;
	}
}

static void answer_transaction(struct hearing *hearing, const struct fhir_result *whole, struct fhir_result *results)
{
	const struct fhir_bundle *bundle = &hearing->post->bundle;
	if (whole->error != E_OK) {
		if (json_array_size(json_object_get(hearing->outcome, "issue")) == 0)
			hearing->failed |= !fhir_outcome_add(hearing->outcome, whole->error, whole->reason, "Bundle");
		post_set_answer(hearing->post, whole->status, hearing->failed ? NULL : json_incref(hearing->outcome));
		return;
	}
	for (size_t i = 0; i < bundle->count; i++) {
		results[i] = *whole;
		if (!bundle->parts[i].left_out)
			name_it(hearing, bundle->parts[i].text, &results[i]);
	}
	answer_bundle(hearing, results);
}

static enum error take_transaction(struct hearing *hearing, struct fhir_result *results, struct fault *fault)
{
	const struct fhir_bundle *bundle = &hearing->post->bundle;
	struct fault why = {.error = E_OK};
	struct fhir_result whole = {.status = 200, .reason = "nothing is in it"};
	size_t count = 0;
	hearing->outcome = json_outcome();
	struct bytes *parts = calloc(bundle->count + 1, sizeof *parts);
	hearing->failed |= hearing->outcome == NULL || parts == NULL;
	if (!hearing->failed) {
		for (size_t i = 0; i < bundle->count; i++)
			if (!bundle->parts[i].left_out)
				parts[count++] = bundle->parts[i].text;
		judge_transaction(hearing, &why, &whole);
	}
	const struct message message = message_of(hearing->post->body, &why);
	enum error error =
		hearing->failed || count == 0 ? E_OK : take_message(hearing, &message, parts, count, &whole, fault);
	free(parts);
	if (error == E_OK)
		answer_transaction(hearing, &whole, results);
	json_decref(hearing->outcome);
	return error;
}

static enum error take_bundle(struct hearing *hearing, struct fault *fault)
{
	struct post *post = hearing->post;
	struct fhir_result whole = {.status = 0};
	if (post->fault.error != E_OK) {
		const struct message message = message_of(post->body, &post->fault);
		TRY(take_message(hearing, &message, &post->body, 1, &whole, fault));
		refuse_all(post, whole.status, whole.error, whole.reason, "Bundle");
		return E_OK;
	}
	struct fhir_result *results = calloc(post->bundle.count + 1, sizeof *results);
	if (results == NULL)
		return E_OK; /* nothing is taken, and it hears so */
	enum error error =
		post->bundle.transaction ? take_transaction(hearing, results, fault) : take_batch(hearing, results, fault);
	free(results);
	return error;
}

/* ---- one post ---- */

static enum error take_one(struct hearing *hearing, struct fault *fault)
{
	const struct fhir_part part = {.text = hearing->post->body, .fault = hearing->post->fault};
	struct fhir_result result = {.status = 0};
	TRY(take_part(hearing, &part, &result, fault));
	if (!hearing->failed)
		answer_one(hearing->post, &result);
	return E_OK;
}

/* Of what cannot be judged now nothing is said. */
static enum error check(struct hearing *hearing, struct fault *fault)
{
	struct post *post = hearing->post;
	struct fault why = post->fault;
	if (why.error == E_OK)
		why.error = send_check(hearing->send, &hearing->input, post->body, &why);
	if (why.error != E_OK && !outbox_refusal(why.error)) {
		*fault = why;
		return why.error;
	}
	refuse_all(post, 200, why.error, why.error == E_OK ? "it would be taken" : why.text, "AuditEvent");
	return E_OK;
}

/* The registration is known once the ledger was reached, which is when posts are taken. */
static bool is_let_in(struct send *send, struct post *post)
{
	char why[256];
	struct source_origin origin;
	if (!post->to_be_registered ||
		source_origin(outbox_source(send->outbox), "certificate", bytes_text(post->certificate), &origin))
		return true;
	snprintf(why, sizeof why,
		"the registration does not name this certificate's key; add "
		"from=certificate:%s=SCHEME:ID=ORGANISATION=SYSTEM",
		post->certificate);
	post_refuse(post, 403, E_FORBIDDEN, why);
	return false;
}

enum error fhir_posts_take(struct send *send, struct post *post, struct fault *fault)
{
	struct hearing hearing = {.post = post, .send = send};
	if (!is_let_in(send, post))
		return E_OK;
	memcpy(hearing.who.certificate, post->certificate, sizeof post->certificate);
	memcpy(hearing.who.address, post->address, sizeof post->address);
	hearing.input =
		(struct input){.fd = -1, .name = BYTES_LITERAL(INPUT_NAME), .format = ADAPTER_FHIR, .line = &hearing.who};
	enum error error = post->kind == POST_BUNDLE  ? take_bundle(&hearing, fault)
					   : post->kind == POST_CHECK ? check(&hearing, fault)
												  : take_one(&hearing, fault);
	equals_free(&hearing.who.equals);
	equals_free(&hearing.ids);
	return error;
}
