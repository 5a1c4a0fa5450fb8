/* Two ways to ask, one below the other: a request and its answer, and all witnesses once, within one time limit:
 * however many are away, the wait is the same. There each witness that has an address is heard exactly once, with its
 * answer or with why there is none: what its silence means is for the one who hears. What ends that asking is memory,
 * the waiting itself, and what the one who hears says.
 *
 * What can fail in a request (no connection, no answer in time, an answer longer than the limit) is no error of this
 * file: it comes out of asking_finished as status 0 with a reason. Redirections are not followed: a witness is asked
 * where its address says, and nowhere else. */
#include "ingest/net/asking.h"

#include "ledger/base/clock.h"
#include "ledger/witness/witness_request.h"

#include <stdio.h>

#define URL_BYTES_MAX 2048

enum error asking_open(uint32_t count, struct web **out)
{
	static const struct web_manner manner = {.connect_seconds = ASKING_CONNECT_SECONDS,
		.seconds = ASKING_ANSWER_SECONDS,
		.refusal_max = ASKING_ANSWER_BYTES_MAX};
	return web_open(&manner, count, out);
}

enum error asking_begin(struct web *asking, uint32_t index, const char *url, const char *path, struct bytes body)
{
	char whole[URL_BYTES_MAX];
	size_t url_len = strlen(url);
	if (!web_is_http(url))
		return E_USAGE;
	if (url_len > 0 && url[url_len - 1] == '/')
		url_len--;
	snprintf(whole, sizeof whole, "%.*s%s", (int)url_len, url, path);
	return web_begin(asking, index,
		&(struct web_question){.url = whole,
			.headers = {body.data != NULL ? "Content-Type: text/plain; charset=utf-8" : NULL},
			.body = body,
			.answer_max = ASKING_ANSWER_BYTES_MAX});
}

bool asking_finished(struct web *asking, struct asked *out)
{
	size_t index;
	if (!web_find_ended(asking, &index))
		return false;
	const struct web_answer answer = web_answer(asking, index);
	*out = (struct asked){.index = (uint32_t)index,
		.status = answer.end == WEB_WHOLE ? (int)answer.status : 0,
		.body = answer.body,
		.why = answer.why};
	web_drop(asking, index);
	return true;
}

/* ---- all at once ---- */

/* Invariant: `waiting` is how many of `waits` are set; each witness is heard when its bit goes, or never had one. */
struct asked_all {
	const struct witness_policy *policy;
	struct web *asking;
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
	for (uint64_t now_ms = begun_ms; all->waiting > 0 && now_ms < begun_ms + ASKING_ALL_MS; now_ms = clock_ms()) {
		if (web_wait(all->asking, -1, (int)(begun_ms + ASKING_ALL_MS - now_ms)) != E_OK)
			return fault_set(fault, E_IO, "waiting for witnesses failed");
		while (asking_finished(all->asking, &asked))
			TRY(take(all, &asked, fault));
	}
	for (uint32_t i = 0; i < all->policy->witness_count; i++)
		if (all->waits[i])
			TRY(silent(all, i, "no answer in time", fault));
	return E_OK;
}

enum error asking_all(
	const char *origin, const struct witness_policy *policy, door_heard *heard, void *context, struct fault *fault)
{
	OWNED(web_release) struct web *asking = NULL;
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

struct door_asker asking_means(bool without_witnesses)
{
	return (struct door_asker){.ask = asking_all, .tell = tell, .without_witnesses = without_witnesses};
}
