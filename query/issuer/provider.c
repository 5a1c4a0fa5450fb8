#include "query/issuer/provider.h"

#include <assert.h>
#include <string.h>

void provider_follow(struct provider *provider, const struct provider *before)
{
	const char *ca = provider->config.ca, *ca_before = before->config.ca;
	bool same_ca = ca == NULL || ca_before == NULL ? ca == ca_before : strcmp(ca, ca_before) == 0;
	provider->begun_ms = before->begun_ms;
	provider->wanted = true;
	if (!same_ca || before->keys == NULL)
		return;
	provider->keys = key_set_hold(before->keys);
	provider->keys_ms = before->keys_ms;
	provider->discovery = before->discovery;
}

const struct key_set *provider_keys(const struct provider *provider, uint64_t now_ms)
{
	uint64_t kept_ms = provider->config.keys_kept_hours * 3600000ull;
	return provider->keys != NULL && now_ms - provider->keys_ms <= kept_ms ? provider->keys : NULL;
}

/* A failure that is just past stands for the attempt that could be made now: whoever came meanwhile is told at once. */
enum provider_word provider_ask(struct provider *provider, uint64_t arrived_ms, uint64_t now_ms)
{
	bool heard = provider->ended_of > 0 && provider->ended_of >= arrived_ms;
	bool just_failed = provider->ended_of > 0 && provider->failed && now_ms < provider->ended_of + PROVIDER_PACE_MS;
	if ((heard && provider->failed) || just_failed)
		return PROVIDER_UNREACHABLE;
	if (heard)
		return PROVIDER_SAYS_NO;
	provider->wanted = true;
	return PROVIDER_WILL_BE_ASKED;
}

uint32_t provider_due(const struct provider *provider, uint64_t now_ms)
{
	uint64_t due_ms = 0;
	if (provider->step != PROVIDER_RESTING)
		return UINT32_MAX;
	if (provider->begun_ms > 0)
		due_ms = provider->begun_ms + (provider->wanted      ? PROVIDER_PACE_MS
										  : provider->failed ? PROVIDER_RETRY_MS
															 : PROVIDER_REFRESH_MS);
	return due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 0;
}

/* Whoever comes from here on needs the next one. */
void provider_begin(struct provider *provider, uint64_t now_ms)
{
	assert(provider->step == PROVIDER_RESTING);
	provider->step = PROVIDER_DISCOVERY;
	provider->begun_ms = now_ms;
	provider->wanted = false;
}

void provider_take_discovery(struct provider *provider, const struct discovery *discovery)
{
	assert(provider->step == PROVIDER_DISCOVERY);
	provider->discovery = *discovery;
	provider->step = PROVIDER_KEYS;
}

static void end(struct provider *provider, bool failed)
{
	assert(provider->step != PROVIDER_RESTING);
	provider->step = PROVIDER_RESTING;
	provider->ended_of = provider->begun_ms;
	provider->failed = failed;
}

struct key_set *provider_take_keys(struct provider *provider, struct key_set *keys)
{
	struct key_set *before = provider->keys;
	provider->keys = keys;
	provider->keys_ms = provider->begun_ms;
	provider->why[0] = '\0';
	end(provider, false);
	return before;
}

void provider_fail(struct provider *provider, const char *why)
{
	snprintf(provider->why, sizeof provider->why, "%s", why);
	end(provider, true);
}
