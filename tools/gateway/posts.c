/* An answer says what became of each event, in their order. One that is refused stands with the refused ones, too; one
 * that was not taken stands nowhere, and is to be given again. */
#include "tools/gateway/posts.h"

#include "ledger/base/clock.h"
#include "tools/gateway/fhir_posts.h"
#include "tools/gateway/otlp_posts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* What is heard of one post's messages. */
struct hearing {
	json_t *results;
	enum error error; /* of the last one */
	bool known;
	bool failed; /* no memory */
};

static void put(struct hearing *hearing, json_t *result)
{
	bool good = result != NULL && json_object_set_new(result, "number",
									  json_integer((json_int_t)json_array_size(hearing->results) + 1)) == 0;
	hearing->failed |= json_array_append_new(hearing->results, result) != 0 || !good;
}

static void hear_taken(void *context, size_t events)
{
	struct hearing *hearing = context;
	hearing->error = E_OK;
	hearing->known = events == 0;
	put(hearing, events > 0 ? json_pack("{s:b,s:I}", "taken", true, "events", (json_int_t)events)
							: json_pack("{s:b}", "known", true));
}

static void hear_refused(void *context, enum error error, const char *reason)
{
	struct hearing *hearing = context;
	hearing->error = error;
	put(hearing, json_pack("{s:s,s:s}", "error", error_name(error), "reason", reason));
}

/* ---- answers ---- */

/* A single event has an answer of its own. */
static void answer_one(struct post *post, const struct hearing *hearing)
{
	json_t *result = json_array_get(hearing->results, 0);
	if (json_array_size(hearing->results) != 1) {
		post_refuse(
			post, 400, E_BAD_JSON, "the body has to be one event; several go as application/x-ndjson, one a line");
		return;
	}
	if (hearing->error == E_OK) {
		json_object_del(result, "number");
		post_set_answer(post, hearing->known ? 200 : 201, json_incref(result));
		return;
	}
	post_refuse(post, hearing->error == E_STOPPED ? 503 : 422, hearing->error,
		json_string_value(json_object_get(result, "reason")));
}

static void set_answer(struct post *post, const struct hearing *hearing)
{
	if (hearing->failed)
		return;
	if (post->kind == POST_EVENTS)
		post_set_answer(post, 200, json_pack("{s:O}", "results", hearing->results));
	else
		answer_one(post, hearing);
}

static void refuse(struct posts *posts, struct post *post, const char *why)
{
	post_refuse(post, 503, E_STOPPED, why);
	http_door_answer(posts->door, post);
}

/* ---- taking ---- */

static enum error take_from(struct posts *posts, struct post *post, struct input *input, struct fault *fault)
{
	struct hearing hearing = {.results = json_array()};
	const struct send_heard heard = {.taken = hear_taken, .refused = hear_refused, .context = &hearing};
	if (post->kind == POST_EVENT)
		post_make_line(post);
	hearing.failed = hearing.results == NULL;
	posts->send->heard = &heard;
	enum error error = send_text(posts->send, input, post->body, fault);
	posts->send->heard = NULL;
	rejected_seen_free(&input->seen); /* rows of one post alone are told apart */
	set_answer(post, &hearing);
	json_decref(hearing.results);
	return error;
}

/* Events of ours are known by their id; CADF's by all of their bytes, each post being a line of its own. */
static enum error take_events(struct posts *posts, struct post *post, struct fault *fault)
{
	struct send_line who = {.certificate = ""};
	struct input cadf = {.fd = -1, .name = BYTES_LITERAL("cadf"), .format = ADAPTER_CADF, .line = &who};
	memcpy(who.address, post->address, sizeof post->address);
	enum error error = take_from(posts, post, post->cadf ? &cadf : &posts->input, fault);
	equals_free(&who.equals);
	return error;
}

static enum error take(struct posts *posts, struct post *post, struct fault *fault)
{
	if (post->kind == POST_RECORDS)
		return otlp_posts_take(posts->send, post, fault);
	return post_is_fhir(post) ? fhir_posts_take(posts->send, post, fault) : take_events(posts, post, fault);
}

enum error posts_take(struct posts *posts, struct fault *fault)
{
	struct post **last = &posts->held;
	if (posts->door == NULL)
		return E_OK;
	while (*last != NULL)
		last = &(*last)->next;
	while (posts->waiting != NULL && outbox_ready(posts->send->outbox)) {
		struct post *post = posts->waiting;
		posts->waiting = post->next;
		post->next = NULL;
		*last = post;
		last = &post->next;
		TRY(take(posts, post, fault));
	}
	if (posts->send->ended != E_OK)
		*fault = posts->send->ended_fault;
	return posts->send->ended;
}

void posts_gather(struct posts *posts)
{
	struct post **link = &posts->waiting;
	if (posts->door == NULL)
		return;
	while (*link != NULL)
		link = &(*link)->next;
	*link = http_door_take(posts->door);
	for (link = &posts->waiting; *link != NULL;) {
		struct post *post = *link;
		if (clock_ms() - post->came_ms < POSTS_PATIENCE_MS) {
			link = &post->next;
			continue;
		}
		*link = post->next;
		refuse(posts, post,
			"not taken: the ledger cannot be reached yet, or this machine's disk is full; give it again later");
	}
}

void posts_settle(struct posts *posts)
{
	for (struct post *post = posts->held, *next; post != NULL; post = next) {
		next = post->next;
		http_door_answer(posts->door, post);
	}
	posts->held = NULL;
}

enum error posts_begin(struct posts *posts, struct send *send, struct http_door *door, struct fault *fault)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = posts};
	*posts = (struct posts){.send = send, .door = door};
	posts->input = (struct input){.fd = -1, .name = BYTES_LITERAL("http"), .format = ADAPTER_JSON, .passing = true};
	if (epoll_ctl(send->events, EPOLL_CTL_ADD, http_door_fd(door), &event) != 0)
		return fault_set(fault, E_IO, "the loop cannot wait for what is posted: %m");
	/* No run before is looked at: an equal event without an id is another, whenever it is posted (GW-14). */
	return outbox_begin_input(send->outbox, posts->input.name, false, false, fault);
}

void posts_end(struct posts *posts)
{
	if (posts->door == NULL)
		return;
	http_door_stop(posts->door);
	posts_gather(posts);
	for (struct post *post = posts->held, *next; post != NULL; post = next) {
		next = post->next;
		refuse(posts, post, "it could not be made durable before the gateway ended; give it again");
	}
	posts->held = NULL;
	for (struct post *post = posts->waiting, *next; post != NULL; post = next) {
		next = post->next;
		refuse(posts, post, "not taken: the gateway ends; give it again");
	}
	posts->waiting = NULL;
	http_door_close(posts->door);
	posts->door = NULL;
}
