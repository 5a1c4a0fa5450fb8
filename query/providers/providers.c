/* Judging holds the lock only to look: the set is held meanwhile, and so are the keys, so that verifying, which takes a
 * tenth of a millisecond, is done by as many at once as there are workers. */
#include "query/providers/providers_state.h"

#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/base/thread.h"
#include "query/claims/claims.h"
#include "query/issuer/client.h"

#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/eventfd.h>

/* ---- sets ---- */

static void set_free(struct provider_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].keys != NULL)
			key_set_free(set->list[i].keys);
		issuer_config_release(&set->list[i].config);
	}
	client_release(&set->authorization);
	free(set->verified);
	inquiries_clear(&set->inquiries);
	sodium_free(set); /* which wipes it */
}
OWN(provider_set, set_free);

static enum error take_client(const struct providers *providers, struct provider_set *set, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < set->count; i++)
		if (set->list[i].config.client != NULL)
			set->asked = &set->list[i];
	if (set->asked == NULL)
		return E_OK;
	if (!client_path(providers->folder, set->asked->config.client, sizeof path, path))
		return fault_set(fault, E_BAD_VALUE, "the client's file has too long a name");
	return client_read(path, &set->authorization, fault);
}

/* Once there was somebody, a file that is gone is a mistake: whoever means nobody says so by starting anew. */
static enum error fill(const struct providers *providers, struct provider_set *set, struct fault *fault)
{
	struct issuer_config configs[ISSUERS_MAX];
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len;
	bool nobody_yet = providers->may_come && (providers->set == NULL || providers->set->count == 0);
	enum error error = file_read_all(AT_FDCWD, providers->path, ISSUERS_FILE_BYTES_MAX, &text, &len);
	if (error == E_NOT_FOUND && nobody_yet)
		return E_OK;
	if (error == E_TOO_LONG)
		return fault_set(fault, error, "%s is longer than %u bytes", providers->path, (unsigned)ISSUERS_FILE_BYTES_MAX);
	TRY(fault_because(fault, error, "%s", providers->path));
	struct fault why;
	error = (providers->backends ? issuer_config_read_backends : issuer_config_read)(
		bytes_of(text, len), configs, &set->count, &why);
	if (error != E_OK)
		return fault_set(fault, error, "%s: %s", providers->path, why.text);
	for (size_t i = 0; i < set->count; i++)
		set->list[i].config = configs[i];
	return take_client(providers, set, fault);
}

enum error provider_set_read(const struct providers *providers, struct provider_set **out, struct fault *fault)
{
	OWNED(provider_set_release) struct provider_set *set = sodium_malloc(sizeof *set);
	TRY(fault_set(fault, allocated(set), ""));
	memset(set, 0, sizeof *set);
	inquiries_init(&set->inquiries);
	if (providers->backends) {
		set->verified = malloc(sizeof *set->verified);
		TRY(fault_set(fault, allocated(set->verified), ""));
		verified_init(set->verified);
	}
	TRY(fill(providers, set, fault));
	set->holders = 1;
	*out = OWN_TAKE(set);
	return E_OK;
}

static struct provider_set *hold_set(struct providers *providers)
{
	LOCKED(&providers->lock);
	providers->set->holders++;
	return providers->set;
}

void provider_set_let_go(struct providers *providers, struct provider_set *set)
{
	pthread_mutex_lock(&providers->lock);
	bool last = --set->holders == 0;
	pthread_mutex_unlock(&providers->lock);
	if (last)
		set_free(set);
}

/* ---- life ---- */

static enum error open_file(const char *path, bool backends, bool may_come, struct providers **out, struct fault *fault)
{
	OWNED(providers_release) struct providers *providers = calloc(1, sizeof *providers);
	TRY(fault_set(fault, allocated(providers), ""));
	pthread_mutex_init(&providers->lock, NULL);
	providers->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	providers->backends = backends;
	providers->may_come = may_come;
	providers->path = strdup(path);
	providers->folder = strdup(path);
	if (providers->wake_fd < 0 || providers->path == NULL || providers->folder == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	dirname(providers->folder); /* in place, but for what has no folder */
	if (strchr(path, '/') == NULL)
		strcpy(providers->folder, ".");
	TRY(provider_set_read(providers, &providers->set, fault));
	*out = OWN_TAKE(providers);
	return E_OK;
}

enum error providers_open(const char *path, bool may_come, struct providers **out, struct fault *fault)
{
	return open_file(path, false, may_come, out, fault);
}

enum error providers_open_backends(const char *path, struct providers **out, struct fault *fault)
{
	return open_file(path, true, false, out, fault);
}

void providers_close(struct providers *providers)
{
	providers_stop(providers);
	if (providers->set != NULL)
		set_free(providers->set);
	web_release(&providers->web);
	own_close(&providers->wake_fd);
	pthread_mutex_destroy(&providers->lock);
	free(providers->path);
	free(providers->folder);
	free(providers);
}

static void wake(struct providers *providers)
{
	eventfd_write(providers->wake_fd, 1); /* fails only where it is full, and then the thread is awake */
}

enum error providers_start(struct providers *providers, const struct providers_ears *ears, struct fault *fault)
{
	providers->ears = *ears;
	TRY(fault_set(fault, providers_web_open(&providers->web), ""));
	int failed = thread_start(&providers->thread, providers_run, providers);
	if (failed != 0)
		return fault_set(fault, E_IO, "a thread cannot be made: %s", strerror(failed));
	providers->started = true;
	return E_OK;
}

void providers_stop(struct providers *providers)
{
	if (!providers->started)
		return;
	pthread_mutex_lock(&providers->lock);
	providers->stopping = true;
	pthread_mutex_unlock(&providers->lock);
	wake(providers);
	pthread_join(providers->thread, NULL);
	providers->started = false;
}

bool providers_any(struct providers *providers)
{
	LOCKED(&providers->lock);
	return providers->set->count > 0;
}

void providers_reload(struct providers *providers)
{
	pthread_mutex_lock(&providers->lock);
	providers->reload = true;
	pthread_mutex_unlock(&providers->lock);
	wake(providers);
}

/* ---- judging ---- */

static struct key_set *hold_keys(struct providers *providers, const struct provider *provider, uint64_t *keys_ms)
{
	LOCKED(&providers->lock);
	const struct key_set *keys = provider_keys(provider, clock_ms());
	*keys_ms = provider->keys_ms;
	return keys != NULL ? key_set_hold(provider->keys) : NULL;
}

/* No key that is here has signed it. */
static enum error ask_for_keys(struct providers *providers, struct provider *provider, uint64_t arrived_ms,
	const char *refusal, struct fault *fault)
{
	pthread_mutex_lock(&providers->lock);
	enum provider_word word = provider_ask(provider, arrived_ms, clock_ms());
	pthread_mutex_unlock(&providers->lock);
	if (word == PROVIDER_SAYS_NO)
		return fault_set(fault, E_TOKEN, "%s", refusal);
	if (word == PROVIDER_UNREACHABLE)
		return fault_set(fault, E_ISSUER, "");
	wake(providers);
	return fault_set(fault, E_PENDING, "");
}

/* `keys_ms`: of the keys that it was verified with. */
static enum error verify(struct providers *providers, struct provider *provider, const struct jws *jws,
	uint64_t arrived_ms, uint64_t *keys_ms, struct fault *fault)
{
	static const char unknown[] = "the token is signed with a key that its issuer does not publish";
	static const char wrong[] = "the token is not signed with its issuer's key";
	if ((provider->config.algorithms & 1u << jws->algorithm) == 0)
		return fault_set(fault, E_TOKEN, "the token's alg is none that its issuer may use here");
	OWNED(key_set_release) struct key_set *keys = hold_keys(providers, provider, keys_ms);
	enum error error = keys != NULL ? key_set_verify(keys, jws, fault) : E_NOT_FOUND;
	if (error == E_NOT_FOUND || (error == E_BAD_SIGNATURE && !jws->has_key_id)) /* it may have a new one */
		return ask_for_keys(providers, provider, arrived_ms, error == E_NOT_FOUND ? unknown : wrong, fault);
	if (error == E_BAD_SIGNATURE)
		return fault_set(fault, E_TOKEN, "%s", wrong);
	return error == E_TOKEN ? error : fault_set(fault, error, "");
}

static struct provider *provider_of(struct provider_set *set, const char *issuer)
{
	for (size_t i = 0; issuer != NULL && i < set->count; i++)
		if (strcmp(set->list[i].config.issuer, issuer) == 0)
			return &set->list[i];
	return NULL;
}

static enum error show_signed(struct providers *providers, struct provider_set *set, const struct jws *jws,
	uint64_t arrived_ms, uint64_t now_s, struct identity *out, struct fault *fault)
{
	uint64_t keys_ms;
	struct provider *provider = provider_of(set, claims_issuer(jws->claims));
	if (provider == NULL)
		return fault_set(fault, E_TOKEN, "the token is from an issuer that is not believed here");
	TRY(verify(providers, provider, jws, arrived_ms, &keys_ms, fault));
	return claims_show(&provider->config, jws->claims, CLAIMS_OF_TOKEN, now_s, out, fault);
}

/* RFC 6750 section 2.1: b64token. */
static bool is_token(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");
	return len > 0 && len <= TOKEN_TEXT_MAX && text[len + strspn(text + len, "=")] == '\0' &&
		   strlen(text) <= TOKEN_TEXT_MAX;
}

static enum error show_opaque(struct providers *providers, struct provider_set *set, const char *token, uint64_t now_s,
	struct identity *out, struct fault *fault)
{
	bool asks;
	if (set->asked == NULL || !is_token(token))
		return fault_set(
			fault, E_TOKEN, "the token is not a signed one of three parts, and nobody is asked about others");
	pthread_mutex_lock(&providers->lock);
	enum error error = inquiries_look(&set->inquiries, token, clock_ms(), now_s, out, &asks, fault);
	pthread_mutex_unlock(&providers->lock);
	if (asks)
		wake(providers);
	return error;
}

enum error providers_show(struct providers *providers, const char *token, const struct jws *jws, uint64_t arrived_ms,
	uint64_t now_s, struct identity *out, struct fault *fault)
{
	struct provider_set *set = hold_set(providers);
	enum error error = jws != NULL ? show_signed(providers, set, jws, arrived_ms, now_s, out, fault)
								   : show_opaque(providers, set, token, now_s, out, fault);
	provider_set_let_go(providers, set);
	return error;
}

/* ---- judging systems ---- */

static bool remembers(struct providers *providers, const struct provider_set *set, const struct hash *hash,
	uint64_t now_s, struct backend *out)
{
	LOCKED(&providers->lock);
	const struct verified_token *token = verified_find(set->verified, hash, now_s);
	const struct provider *provider = token != NULL ? &set->list[token->by.issuer] : NULL;
	if (token == NULL || token->by.keys_ms != provider->keys_ms || provider_keys(provider, clock_ms()) == NULL)
		return false;
	*out = token->shown;
	return true;
}

static enum error show_new(struct providers *providers, struct provider_set *set, const char *token,
	uint64_t arrived_ms, uint64_t now_s, struct verified_token *out, struct fault *fault)
{
	OWNED(jws_release) struct jws jws = {.claims = NULL};
	TRY(jws_read(token, &jws, fault));
	struct provider *provider = provider_of(set, claims_issuer(jws.claims));
	if (provider == NULL)
		return fault_set(fault, E_TOKEN, "the token's iss is none of the issuers in the file of --fhir-issuers");
	out->by.issuer = (size_t)(provider - set->list);
	TRY(verify(providers, provider, &jws, arrived_ms, &out->by.keys_ms, fault));
	return backend_show(&provider->config, jws.claims, now_s, &out->shown, fault);
}

static enum error show_backend(struct providers *providers, struct provider_set *set, const char *token,
	uint64_t arrived_ms, uint64_t now_s, struct backend *out, struct fault *fault)
{
	struct verified_token shown = {.by.issuer = 0};
	if (strnlen(token, TOKEN_TEXT_MAX + 1) > TOKEN_TEXT_MAX || !jws_looks_so(token))
		return fault_set(fault, E_TOKEN,
			"the token is not a signed one of three parts (a JWT) and at most 8192 bytes; opaque ones are not taken: "
			"have its provider give JWTs");
	_Static_assert(TOKEN_TEXT_MAX == 8192, "the text names the limit");
	verified_hash(set->verified, token, &shown.hash);
	if (remembers(providers, set, &shown.hash, now_s, out))
		return E_OK;
	TRY(show_new(providers, set, token, arrived_ms, now_s, &shown, fault));
	*out = shown.shown;
	LOCKED(&providers->lock);
	verified_remember(set->verified, &shown);
	return E_OK;
}

enum error providers_show_backend(struct providers *providers, const char *token, uint64_t arrived_ms, uint64_t now_s,
	struct backend *out, struct fault *fault)
{
	struct provider_set *set = hold_set(providers);
	enum error error = show_backend(providers, set, token, arrived_ms, now_s, out, fault);
	provider_set_let_go(providers, set);
	return error;
}

bool providers_first(struct providers *providers, struct discovery *out)
{
	LOCKED(&providers->lock);
	*out = providers->set->list[0].discovery;
	return providers->set->count > 0 && out->token_url[0] != '\0';
}
