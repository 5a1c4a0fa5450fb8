/* All are asked at once, and the time limit is one for all of them: however many are away, the wait is the same.
 *
 * Each witness that has an address is heard exactly once: with its answer, or with why there is none. A witness that
 * cannot be asked is no error: what its silence means is for the one who hears. What ends the asking is memory, the
 * waiting itself, and what the one who hears says. */
#include "ingest/net/asker.h"

#include "ingest/net/asking.h"
#include "ledger/base/clock.h"
#include "ledger/base/own.h"
#include "ledger/witness/witness_request.h"

#include <stdio.h>
#include <time.h>

struct asked_all {
	const struct witness_policy *policy;
	struct asking *asking;
	bool waits[POLICY_WITNESSES_MAX]; /* for this one's answer */
	uint32_t waiting;
	door_heard *heard;
	void *context;
};

static enum error silent(struct asked_all *all, uint32_t witness, const char *why, struct fault *fault)
{
	return all->heard(all->context, &(struct door_answer){.witness = witness, .why = why}, fault);
}

static enum error begin_all(struct asked_all *all, const char *origin, struct fault *fault)
{
	char hash[2 * HASH_BYTES + 1], path[100];
	witness_origin_hash(bytes_text(origin), hash);
	snprintf(path, sizeof path, "/%s/checkpoint", hash);
	for (uint32_t i = 0; i < all->policy->witness_count; i++) {
		const char *url = all->policy->witnesses[i].url;
		if (url[0] == '\0')
			continue;
		enum error error = asking_begin(all->asking, i, url, path, BYTES_EMPTY);
		if (error == E_NO_MEMORY)
			return fault_set(fault, error, "");
		all->waits[i] = error == E_OK;
		all->waiting += error == E_OK;
		if (error != E_OK)
			TRY(silent(all, i, "its address is not one of http or https", fault));
	}
	return E_OK;
}

static enum error take(struct asked_all *all, const struct asked *asked, struct fault *fault)
{
	char status[40];
	all->waits[asked->index] = false;
	all->waiting--;
	if (asked->status == 0)
		return silent(all, asked->index, asked->why, fault);
	struct door_answer answer = {.witness = asked->index, .came = true};
	if (asked->status == 404)
		return all->heard(all->context, &answer, fault);
	if (asked->status == 200 && asked->body.len > 0) {
		answer.note = asked->body;
		return all->heard(all->context, &answer, fault);
	}
	snprintf(status, sizeof status, "it answers with HTTP status %d", asked->status);
	return silent(all, asked->index, status, fault);
}

static enum error wait_for_all(struct asked_all *all, struct fault *fault)
{
	struct asked asked;
	uint64_t begun_ms = clock_ms();
	for (uint64_t now_ms = begun_ms; all->waiting > 0 && now_ms < begun_ms + ASKER_MS; now_ms = clock_ms()) {
		if (asking_wait(all->asking, -1, begun_ms + ASKER_MS - now_ms) != E_OK)
			return fault_set(fault, E_IO, "waiting for witnesses failed");
		while (asking_finished(all->asking, &asked))
			TRY(take(all, &asked, fault));
	}
	for (uint32_t i = 0; i < all->policy->witness_count; i++)
		if (all->waits[i])
			TRY(silent(all, i, "no answer in time", fault));
	return E_OK;
}

enum error asker_ask(
	const char *origin, const struct witness_policy *policy, door_heard *heard, void *context, struct fault *fault)
{
	OWNED(asking_release) struct asking *asking = NULL;
	struct asked_all all = {.policy = policy, .heard = heard, .context = context};
	if (asking_open(policy->witness_count, &asking) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	all.asking = asking;
	TRY(begin_all(&all, origin, fault));
	return wait_for_all(&all, fault);
}

static void tell(const char *text)
{
	fprintf(stderr, "indsigt: %s\n", text);
}

struct door_asker asker_of(bool without_witnesses)
{
	return (struct door_asker){.ask = asker_ask, .tell = tell, .without_witnesses = without_witnesses};
}
