/* A request is a line of its own (send_input.h), as one of FHIR's is: an exporter that got no answer gives it again,
 * and what was taken of it is known. What is refused is kept and counted in the answer, after which no exporter gives
 * it again; where room ended all of it is to be given again. */
#include "tools/gateway/otlp_posts.h"

#include <stdio.h>
#include <string.h>

#define INPUT_NAME "otlp"
#define WHY_MAX (FAULT_TEXT_MAX + 128)

struct hearing {
	size_t records, refused;
	size_t first; /* of the refused ones: its number, from 1 */
	char why[FAULT_TEXT_MAX + 1];
	bool stopped;
};

static void hear_taken(void *context, size_t events)
{
	struct hearing *hearing = context;
	(void)events;
	hearing->records++;
}

static void hear_refused(void *context, enum error error, const char *reason)
{
	struct hearing *hearing = context;
	hearing->records++;
	if (error == E_STOPPED) {
		hearing->stopped = true;
		return;
	}
	if (hearing->refused++ == 0) {
		hearing->first = hearing->records;
		snprintf(hearing->why, sizeof hearing->why, "%s", reason);
	}
}

static void answer(struct post *post, const struct hearing *hearing)
{
	char why[WHY_MAX];
	if (hearing->stopped) {
		post_refuse(post, 503, E_STOPPED, "not all of it was taken; give it again");
	} else if (post->fault.error != E_OK) {
		bool large = post->fault.error == E_BATCH_TOO_LARGE || post->fault.error == E_TOO_LONG;
		post_refuse(post, large ? 413 : 400, post->fault.error, hearing->why);
	} else {
		snprintf(why, sizeof why,
			"%zu of %zu refused, and kept with the gateway's refused messages; the first is number %zu: %s",
			hearing->refused, hearing->records, hearing->first, hearing->why);
		post_records_answer(post, hearing->refused, why);
	}
}

static enum error take_records(struct send *send, struct input *input, struct post *post, struct fault *fault)
{
	if (bytes_equal(post->body, BYTES_LITERAL("{}"))) /* which OTLP lets be sent, and has nothing in it */
		return E_OK;
	post_make_line(post);
	return send_text(send, input, post->body, fault);
}

enum error otlp_posts_take(struct send *send, struct post *post, struct fault *fault)
{
	struct hearing hearing = {.records = 0};
	const struct send_heard heard = {.taken = hear_taken, .refused = hear_refused, .context = &hearing};
	struct send_line who = {.certificate = ""};
	struct input input = {.fd = -1, .name = BYTES_LITERAL(INPUT_NAME), .format = ADAPTER_OTLP, .line = &who};
	struct message whole = {
		.kind = MESSAGE_WHOLE, .text = post->body, .error = post->fault.error, .fault = post->fault};
	memcpy(who.certificate, post->certificate, sizeof post->certificate);
	memcpy(who.address, post->address, sizeof post->address);
	send->heard = &heard;
	enum error error =
		post->fault.error != E_OK ? send_message(send, &input, &whole, fault) : take_records(send, &input, post, fault);
	send->heard = NULL;
	equals_free(&who.equals);
	answer(post, &hearing);
	return error;
}
