/* One thread asks for all: a slot of web.h for each issuer's keys, and a few for opaque tokens. What comes is read
 * without the lock, and put in place with it.
 *
 *   wait ─► woken: look what is wanted ─► begin ─► wait ─► something ended: take it, tell, wake those who wait
 *
 * What fails is how an attempt ends, and never the thread. */
#include "query/providers/providers_state.h"

#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/base/thread.h"
#include "ledger/json/json_text.h"
#include "ledger/process/process.h"
#include "query/claims/claims.h"
#include "query/issuer/client.h"

#include <poll.h>
#include <sodium.h>
#include <sys/eventfd.h>

#define INQUIRY_SLOTS 8u
#define SLOTS (ISSUERS_MAX + INQUIRY_SLOTS)
#define FAILED_WAIT_MS 100
#define ROUND_MS 60000u /* the longest wait: nothing depends on it */
#define SAY_MS 60000u   /* that no answer comes about tokens: whoever likes may show as many as they like */

/* Invariant: an inquiry in `inquiries` is ASKED, in the set. */
struct asking {
	struct providers *providers;
	struct provider_set *set; /* the current one: only this thread changes it */
	struct web *web;
	struct inquiry *inquiries[INQUIRY_SLOTS];
	uint64_t say_ms; /* not before */
	bool news;       /* for who waits */
};

static void tell(const struct asking *asking, const char *issuer, const char *what)
{
	char line[ISSUER_BYTES_MAX + FAULT_TEXT_MAX + 32];
	snprintf(line, sizeof line, "issuer %s: %s", issuer, what);
	asking->providers->ears.tell(line);
}

/* ---- beginning ---- */

static enum error ask(struct asking *asking, size_t slot, const struct issuer_config *config, const char *url,
	const char *authorization, struct bytes body, size_t answer_max)
{
	char ca[PATH_BYTES_MAX];
	struct web_question question = {
		.url = url, .headers = {"Accept: application/json", authorization}, .body = body, .answer_max = answer_max};
	if (config->ca != NULL) {
		if (!client_path(asking->providers->folder, config->ca, sizeof ca, ca))
			return E_USAGE;
		question.ca = ca;
	}
	return web_begin(asking->web, slot, &question);
}

/* With the lock. */
static void fail(struct asking *asking, struct provider *provider, const char *why)
{
	bool first = !provider->failed;
	provider_fail(provider, why);
	asking->news = true;
	if (first)
		tell(asking, provider->config.issuer, provider->why);
}

static void begin_attempt(struct asking *asking, size_t slot)
{
	struct provider *provider = &asking->set->list[slot];
	char url[ISSUER_BYTES_MAX + 40];
	provider_begin(provider, clock_ms());
	discovery_url(&provider->config, url);
	if (ask(asking, slot, &provider->config, url, NULL, BYTES_EMPTY, DISCOVERY_BYTES_MAX) != E_OK)
		fail(asking, provider, "its address cannot be asked");
}

static void fail_inquiry(struct asking *asking, struct inquiry *inquiry)
{
	inquiry_fail(inquiry, clock_ms(), "");
	asking->news = true;
}

/* Tokens wait until it is known where they are asked about, or that nobody can say so. A slot ends in time, and then
 * it is looked who has waited for too long; so nobody waits for twice as long. */
static void begin_inquiries(struct asking *asking)
{
	struct provider *provider = asking->set->asked;
	struct inquiry *inquiry;
	bool known = provider != NULL && provider->discovery.introspection_url[0] != '\0';
	asking->news |= inquiries_expire(&asking->set->inquiries, clock_ms());
	if (provider == NULL || (!known && provider->ended_of == 0))
		return;
	for (size_t i = 0; i < INQUIRY_SLOTS; i++) {
		if (asking->inquiries[i] != NULL || (inquiry = inquiries_next(&asking->set->inquiries)) == NULL)
			continue;
		char *token = inquiry_begin(inquiry, clock_ms());
		char *body = known ? client_question(token) : NULL;
		enum error error = body == NULL
							   ? E_NO_MEMORY
							   : ask(asking, ISSUERS_MAX + i, &provider->config, provider->discovery.introspection_url,
									 asking->set->authorization, bytes_text(body), INQUIRY_ANSWER_BYTES_MAX);
		own_wipe(token, strlen(token));
		own_wipe(body, body != NULL ? strlen(body) : 0);
		if (error == E_OK)
			asking->inquiries[i] = inquiry;
		else
			fail_inquiry(asking, inquiry);
	}
}

/* ---- what came ---- */

/* What ended well, or why not. */
static bool whole(const struct web_answer *answer, char why[FAULT_TEXT_MAX + 1])
{
	if (answer->end == WEB_WHOLE && answer->status == 200)
		return true;
	if (answer->end == WEB_WHOLE)
		snprintf(why, FAULT_TEXT_MAX + 1, "it answers with HTTP status %ld", answer->status);
	else
		snprintf(why, FAULT_TEXT_MAX + 1, "it gives no answer: %.200s",
			answer->end == WEB_TOO_LONG ? "more than what is read of one" : answer->details);
	return false;
}

static void take_discovery(struct asking *asking, size_t slot, const struct web_answer *answer)
{
	struct provider *provider = &asking->set->list[slot];
	struct discovery discovery;
	struct fault fault = {.text = ""};
	bool good =
		whole(answer, fault.text) && discovery_read(&provider->config, answer->body, &discovery, &fault) == E_OK;
	LOCKED(&asking->providers->lock);
	if (!good) {
		fail(asking, provider, fault.text);
		return;
	}
	provider_take_discovery(provider, &discovery);
	if (ask(asking, slot, &provider->config, discovery.keys_url, NULL, BYTES_EMPTY, KEY_SET_BYTES_MAX) != E_OK)
		fail(asking, provider, "the address of its keys cannot be asked");
}

static void take_keys(struct asking *asking, size_t slot, const struct web_answer *answer)
{
	struct provider *provider = &asking->set->list[slot];
	struct key_set *keys = NULL, *before = NULL;
	struct fault fault = {.text = ""};
	bool good = whole(answer, fault.text) && key_set_read(answer->body, &keys, &fault) == E_OK;
	pthread_mutex_lock(&asking->providers->lock);
	bool first = good && (provider->failed || provider->keys == NULL);
	asking->news = true;
	if (good)
		before = provider_take_keys(provider, keys);
	else
		fail(asking, provider, fault.text);
	pthread_mutex_unlock(&asking->providers->lock);
	if (before != NULL)
		key_set_free(before);
	if (first)
		tell(asking, provider->config.issuer, "its keys are here");
}

/* What the issuer says of one token: E_ISSUER where that cannot be told from its answer. */
static enum error read_answer(
	const struct provider *provider, const struct web_answer *answer, struct identity *out, struct fault *fault)
{
	json_auto_t *claims = NULL;
	if (!whole(answer, fault->text))
		return E_ISSUER;
	enum error error = json_text_parse(answer->body, &claims, fault);
	const json_t *active = json_object_get(claims, "active");
	if (error != E_OK || !json_is_boolean(active))
		return fault_set(fault, E_ISSUER, "the token's issuer gave no answer about it that can be read");
	if (!json_is_true(active))
		return fault_set(fault, E_TOKEN, "the token is not valid, its issuer says");
	return claims_show(&provider->config, claims, CLAIMS_OF_ANSWER, clock_wall_ns() / 1000000000u, out, fault);
}

static void take_answer(struct asking *asking, size_t i, const struct web_answer *answer)
{
	struct identity who;
	struct fault fault = {.text = ""};
	enum error error = read_answer(asking->set->asked, answer, &who, &fault);
	LOCKED(&asking->providers->lock);
	if (error == E_ISSUER || error == E_NO_MEMORY)
		fail_inquiry(asking, asking->inquiries[i]);
	else
		inquiry_know(asking->inquiries[i], error, &who, &fault);
	if (error == E_ISSUER && clock_ms() >= asking->say_ms) {
		asking->say_ms = clock_ms() + SAY_MS;
		tell(asking, asking->set->asked->config.issuer, fault.text);
	}
	asking->inquiries[i] = NULL;
	asking->news = true;
	sodium_memzero(&who, sizeof who);
}

static void take(struct asking *asking, size_t slot)
{
	struct web_answer answer = web_answer(asking->web, slot);
	web_drop(asking->web, slot);
	if (slot >= ISSUERS_MAX) {
		take_answer(asking, slot - ISSUERS_MAX, &answer);
		web_forget(asking->web, slot); /* the token, the secret that it was asked with, and whom it shows */
	} else if (asking->set->list[slot].step == PROVIDER_DISCOVERY)
		take_discovery(asking, slot, &answer);
	else
		take_keys(asking, slot, &answer);
}

/* ---- reading the file again ---- */

static void carry_over(const struct provider_set *from, struct provider_set *to)
{
	for (size_t i = 0; i < to->count; i++)
		for (size_t k = 0; k < from->count; k++)
			if (strcmp(from->list[k].config.issuer, to->list[i].config.issuer) == 0)
				provider_follow(&to->list[i], &from->list[k]);
}

static void reload(struct asking *asking)
{
	struct providers *providers = asking->providers;
	struct provider_set *set, *before = asking->set;
	struct fault fault = {.text = ""};
	char line[FAULT_TEXT_MAX + 64];
	bool nobody_before = before->count == 0;
	if (provider_set_read(providers, &set, &fault) != E_OK) {
		snprintf(line, sizeof line, "the issuers stay as they were: %s", fault.text);
		providers->ears.tell(line);
		return;
	}
	for (size_t i = 0; i < SLOTS; i++)
		web_forget(asking->web, i);
	memset(asking->inquiries, 0, sizeof asking->inquiries);
	pthread_mutex_lock(&providers->lock);
	carry_over(before, set);
	providers->set = set;
	pthread_mutex_unlock(&providers->lock);
	asking->set = set;
	provider_set_let_go(providers, before);
	asking->news = true;                  /* whom the old ones let wait */
	if (!nobody_before || set->count > 0) /* else there is still no file */
		providers->ears.tell("the issuers were read again");
}

/* ---- the thread ---- */

/* What is wanted by now; gives how long it may be waited for something. False: it is over. */
static bool look(struct asking *asking, int *timeout_ms)
{
	struct providers *providers = asking->providers;
	uint32_t wait_ms = ROUND_MS;
	LOCKED(&providers->lock);
	for (size_t i = 0; i < asking->set->count; i++) {
		if (provider_due(&asking->set->list[i], clock_ms()) == 0)
			begin_attempt(asking, i);
		uint32_t due_ms = provider_due(&asking->set->list[i], clock_ms());
		wait_ms = due_ms < wait_ms ? due_ms : wait_ms;
	}
	begin_inquiries(asking);
	*timeout_ms = (int)wait_ms;
	return !providers->stopping;
}

static bool take_reload(struct providers *providers)
{
	LOCKED(&providers->lock);
	bool wanted = providers->reload;
	providers->reload = false;
	return wanted;
}

static void go_round(struct asking *asking)
{
	int timeout_ms;
	size_t slot;
	while (look(asking, &timeout_ms)) {
		eventfd_t count;
		process_wipe_traces();
		enum error error = web_wait(asking->web, asking->providers->wake_fd, asking->news ? 0 : timeout_ms);
		if (error == E_CLOSED)
			eventfd_read(asking->providers->wake_fd, &count);
		else if (error != E_OK) /* no memory to wait with */
			poll(&(struct pollfd){.fd = asking->providers->wake_fd, .events = POLLIN}, 1, FAILED_WAIT_MS);
		while (web_find_ended(asking->web, &slot))
			take(asking, slot);
		if (take_reload(asking->providers))
			reload(asking);
		if (asking->news)
			asking->providers->ears.woken(asking->providers->ears.context);
		asking->news = false;
	}
}

enum error providers_web_open(struct web **out)
{
	static const struct web_manner manner = {.seconds = 10,
		.connect_seconds = 5,
		.connections = 4,
		.refusal_max = 8192,
		.trust = "the member 'ca' of its entry"};
	return web_open(&manner, SLOTS, out);
}

void *providers_run(void *context)
{
	struct providers *providers = context;
	struct asking asking = {.providers = providers, .set = providers->set, .web = providers->web};
	go_round(&asking);
	return NULL;
}
