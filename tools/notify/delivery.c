/* A slot of web.h for each notice under way. A gate that closes stops what has not begun; what is on the line comes
 * back by itself, within DELIVERY_SECONDS. */
#include "tools/notify/delivery.h"

#include "ingest/net/web.h"

#include <sodium.h>
#include <stdio.h>

#define ANSWER_BYTES_MAX 65536u /* nobody reads it */

struct delivery {
	const struct notify_config *config;
	struct hook_keys *keys; /* guarded */
	struct hook_gate gate;
	struct web *web;
	struct person *sent[DELIVERY_SLOTS]; /* NULL: the slot is free */
	size_t under_way;
	char trouble[128];
	struct hook_message message;
};

static const struct web_manner manner = {.private = true,
	.seconds = DELIVERY_SECONDS,
	.connect_seconds = 5,
	.connections = DELIVERY_SLOTS,
	.refusal_max = ANSWER_BYTES_MAX};

enum error delivery_open(const struct notify_config *config, int notify_fd, struct delivery **out, struct fault *fault)
{
	OWNED(delivery_release) struct delivery *delivery = calloc(1, sizeof *delivery);
	TRY(fault_set(fault, allocated(delivery), ""));
	delivery->config = config;
	delivery->gate = HOOK_GATE_FIRST;
	delivery->keys = sodium_malloc(sizeof *delivery->keys);
	TRY(fault_set(fault, allocated(delivery->keys), ""));
	TRY(notify_keys_read(notify_fd, delivery->keys, fault));
	TRY(fault_set(fault, web_open(&manner, DELIVERY_SLOTS, &delivery->web), ""));
	*out = OWN_TAKE(delivery);
	return E_OK;
}

void delivery_close(struct delivery *delivery)
{
	if (delivery == NULL)
		return;
	web_close(delivery->web);
	sodium_free(delivery->keys);
	free(delivery);
}

size_t delivery_room(const struct delivery *delivery, uint64_t now_ms)
{
	if (!hook_gate_open(&delivery->gate, delivery->under_way, now_ms))
		return 0;
	return delivery->gate.trying ? 1 : DELIVERY_SLOTS - delivery->under_way;
}

uint64_t delivery_opens_ms(const struct delivery *delivery, uint64_t now_ms)
{
	if (delivery_room(delivery, now_ms) > 0)
		return now_ms;
	return delivery->gate.closed_until_ms > now_ms ? delivery->gate.closed_until_ms : TURN_NEVER;
}

enum error delivery_begin(struct delivery *delivery, struct person *person, uint64_t now_s)
{
	struct hook_message *message = &delivery->message;
	size_t slot = 0;
	while (delivery->sent[slot] != NULL)
		slot++;
	TRY(hook_write(person, delivery->keys, now_s, message));
	struct web_question question = {.url = delivery->config->url,
		.ca = *delivery->config->ca != '\0' ? delivery->config->ca : NULL,
		.body = bytes_of(message->body, message->body_bytes),
		.answer_max = ANSWER_BYTES_MAX};
	for (size_t i = 0; i < HOOK_HEADERS; i++)
		question.headers[i] = message->headers[i];
	enum error error = web_begin(delivery->web, slot, &question);
	sodium_memzero(message, sizeof *message);
	TRY(error);
	delivery->sent[slot] = person;
	delivery->under_way++;
	return E_OK;
}

static void free_slot(struct delivery *delivery, size_t slot)
{
	web_drop(delivery->web, slot);
	delivery->sent[slot] = NULL;
	delivery->under_way--;
}

void delivery_drop(struct delivery *delivery, const struct person *person)
{
	for (size_t slot = 0; slot < DELIVERY_SLOTS; slot++)
		if (delivery->sent[slot] == person)
			free_slot(delivery, slot);
}

enum error delivery_wait(struct delivery *delivery, int wake_fd, int timeout_ms)
{
	return web_wait(delivery->web, wake_fd, timeout_ms);
}

/* Of what libcurl says only its general words: what it knows of one question may name what was asked. */
static void note_trouble(struct delivery *delivery, const struct web_answer *answer)
{
	if (answer->end == WEB_PLAIN)
		strcpy(delivery->trouble, "its name leads to another machine, and it is not https: nothing was sent");
	else if (answer->status == 0)
		snprintf(delivery->trouble, sizeof delivery->trouble, "no answer: %.100s", answer->why);
	else
		snprintf(delivery->trouble, sizeof delivery->trouble, "it answers with status %ld", answer->status);
}

bool delivery_ended(struct delivery *delivery, uint64_t now_ms, struct delivered *out)
{
	size_t slot;
	if (!web_find_ended(delivery->web, &slot))
		return false;
	struct web_answer answer = web_answer(delivery->web, slot);
	uint32_t chance = randombytes_random();
	enum hook_verdict verdict = hook_judge(answer.end == WEB_PLAIN ? 0 : answer.status);
	struct person *person = delivery->sent[slot];
	hook_gate_take(&delivery->gate, verdict, answer.retry_after_s, chance, now_ms);
	if (verdict == HOOK_TAKEN || verdict == HOOK_GONE)
		delivery->trouble[0] = '\0';
	else
		note_trouble(delivery, &answer);
	free_slot(delivery, slot);
	uint64_t asked_s = answer.retry_after_s < GATE_RETRY_AFTER_S_MAX ? answer.retry_after_s : GATE_RETRY_AFTER_S_MAX;
	uint64_t wait_ms = verdict == HOOK_REFUSED ? hook_wait_ms(person->refusals + 1, chance) : 0;
	*out = (struct delivered){person, verdict, now_ms + (wait_ms > asked_s * 1000 ? wait_ms : asked_s * 1000)};
	return true;
}

const char *delivery_trouble(const struct delivery *delivery)
{
	return delivery->trouble[0] != '\0' ? delivery->trouble : NULL;
}
