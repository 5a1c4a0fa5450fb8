/* indsigt issuer check: whether the identity providers of a ledger or a gateway can be asked, and what they answer.
 * spec/identity.md
 *
 * What indsigt-queryd does by itself, done once and told in words: for whoever sets an issuer up, or hears that nobody
 * comes in. A token that is none is put to the introspection endpoint, which shows whether it takes the client. */
#include "ingest/net/web.h"
#include "ledger/base/file.h"
#include "ledger/json/json_text.h"
#include "query/issuer/client.h"
#include "query/issuer/discovery.h"
#include "query/providers/providers.h"
#include "query/token/key_set.h"
#include "tools/command/command.h"
#include "tools/show/table.h"

#include <fcntl.h>
#include <libgen.h>

#define NO_TOKEN "indsigt-issuer-check"

struct issuer_options {
	const char *dir;     /* or NULL */
	const char *file;    /* or NULL */
	const char *gateway; /* its file, or NULL */
};

/* What one issuer is asked with. */
struct check {
	const struct issuer_config *config;
	const char *folder; /* what the file names is beside it */
	struct web *web;
	bool gateway; /* it is systems that come with its tokens */
	char ca[PATH_BYTES_MAX];
};

/* One question, waited for: what came with status 200, borrowed until the next. */
static enum error ask(struct check *check, const char *url, const char *authorization, const char *body,
	struct bytes *out, struct fault *fault)
{
	const struct web_question question = {.url = url,
		.headers = {"Accept: application/json", authorization},
		.ca = check->config->ca != NULL ? check->ca : NULL,
		.body = body != NULL ? bytes_text(body) : BYTES_EMPTY,
		.answer_max = DISCOVERY_BYTES_MAX};
	TRY(fault_set(fault, web_begin(check->web, 0, &question), "its address cannot be asked"));
	struct web_answer answer = web_answer(check->web, 0);
	while (answer.end == WEB_UNDER_WAY) {
		TRY(fault_set(fault, web_wait(check->web, -1, 1000), "waiting for it failed"));
		answer = web_answer(check->web, 0);
	}
	if (answer.end != WEB_WHOLE)
		return fault_set(fault, E_IO, "no answer that can be read: %.200s", answer.details);
	if (answer.status != 200)
		return fault_set(fault, E_IO, "it answers with HTTP status %ld%s", answer.status,
			answer.status == 401 && authorization != NULL ? ": it does not take the client's id and secret" : "");
	*out = answer.body;
	return E_OK;
}

static enum error check_keys(struct check *check, const char *url, struct fault *fault)
{
	OWNED(key_set_release) struct key_set *keys = NULL;
	struct bytes document;
	TRY(ask(check, url, NULL, NULL, &document, fault));
	TRY(key_set_read(document, &keys, fault));
	printf("  keys           ok: %zu can verify tokens", keys->count);
	if (keys->passed_over > 0)
		printf("; %zu passed over, the last since %s", keys->passed_over, keys->why);
	puts("");
	return E_OK;
}

static enum error ask_about(
	struct check *check, const char *url, const char *authorization, struct bytes *out, struct fault *fault)
{
	OWNED_MEMORY char *body = client_question(NO_TOKEN);
	TRY(fault_set(fault, allocated(body), ""));
	return ask(check, url, authorization, body, out, fault);
}

static enum error check_introspection(struct check *check, const char *url, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	OWNED(client_release) char *authorization = NULL;
	json_auto_t *answer = NULL;
	struct bytes document;
	if (check->config->client == NULL) {
		puts("  introspection  not asked for: opaque tokens are refused");
		return E_OK;
	}
	if (url[0] == '\0')
		return fault_set(fault, E_BAD_VALUE, "the discovery document names no introspection_endpoint");
	if (!client_path(check->folder, check->config->client, sizeof path, path))
		return fault_set(fault, E_BAD_VALUE, "the client's file has too long a name");
	TRY(client_read(path, &authorization, fault));
	TRY(ask_about(check, url, authorization, &document, fault));
	TRY(json_text_parse(document, &answer, fault));
	if (!json_is_false(json_object_get(answer, "active")))
		return fault_set(fault, E_BAD_VALUE, "of a token that nobody gave it does not say that it is not active");
	puts("  introspection  ok: it takes the client, and opaque tokens are asked about");
	return E_OK;
}

/* A gateway tells its clients where. */
static enum error check_tokens(const struct discovery *discovery, struct fault *fault)
{
	if (discovery->token_url[0] == '\0')
		return fault_set(fault, E_BAD_VALUE, "the discovery document names no token_endpoint of https");
	table_line(stdout, "  tokens         ok: had at %s", discovery->token_url);
	return E_OK;
}

/* What went wrong is told where it stands, and the next step is not tried. */
static enum error told(const char *step, enum error error, const struct fault *fault)
{
	if (error != E_OK)
		table_line(stdout, "  %-13s  FAILED: %s", step, fault->text[0] != '\0' ? fault->text : error_reason(error));
	return error;
}

static enum error check_issuer(struct check *check)
{
	char url[ISSUER_BYTES_MAX + 40];
	struct discovery discovery;
	struct bytes document;
	struct fault fault = {.text = ""};
	printf("issuer %s\n", check->config->issuer);
	if (check->config->ca != NULL && !client_path(check->folder, check->config->ca, sizeof check->ca, check->ca))
		return told("ca", fault_set(&fault, E_BAD_VALUE, "the file has too long a name"), &fault);
	discovery_url(check->config, url);
	TRY(told("discovery",
		ask(check, url, NULL, NULL, &document, &fault) ?: discovery_read(check->config, document, &discovery, &fault),
		&fault));
	puts("  discovery      ok");
	TRY(told("keys", check_keys(check, discovery.keys_url, &fault), &fault));
	if (check->gateway)
		return told("tokens", check_tokens(&discovery, &fault), &fault);
	return told("introspection", check_introspection(check, discovery.introspection_url, &fault), &fault);
}

/* All are looked at; what does not hold comes before what could not be looked at. */
static enum error check_all(const char *folder, bool gateway, const struct issuer_config *configs, size_t count)
{
	static const struct web_manner manner = {.seconds = 10,
		.connect_seconds = 5,
		.connections = 1,
		.refusal_max = 8192,
		.trust = "the member 'ca' of its entry"};
	enum error worst = E_OK;
	for (size_t i = 0; i < count; i++) {
		OWNED(web_release) struct web *web = NULL;
		TRY(web_open(&manner, 1, &web));
		struct check check = {.config = &configs[i], .folder = folder, .web = web, .gateway = gateway};
		enum error error = check_issuer(&check);
		if (worst == E_OK || (error != E_OK && error_judges(error)))
			worst = error;
	}
	return worst;
}

static enum error find_file(const struct issuer_options *options, char path[PATH_BYTES_MAX], struct fault *fault)
{
	const char *named = options->gateway != NULL ? options->gateway : options->file;
	if ((options->gateway != NULL) == (options->dir != NULL) || (options->gateway != NULL && options->file != NULL))
		return fault_set(
			fault, E_USAGE, "give a ledger's directory (and --issuers), or --gateway and the file of --fhir-issuers");
	bool fits = named == NULL ? client_path(options->dir, ISSUERS_FILE_NAME, PATH_BYTES_MAX, path)
							  : snprintf(path, PATH_BYTES_MAX, "%s", named) < (int)PATH_BYTES_MAX;
	return fits ? E_OK : fault_set(fault, E_USAGE, "the file has too long a name");
}

static enum error issuer_check(void *given, struct fault *fault)
{
	const struct issuer_options *options = given;
	struct issuer_config configs[ISSUERS_MAX];
	char path[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
	OWNED_MEMORY uint8_t *text = NULL;
	struct fault why;
	size_t len, count;
	TRY(find_file(options, path, fault));
	enum error error = file_read_all(AT_FDCWD, path, ISSUERS_FILE_BYTES_MAX, &text, &len);
	if (error == E_NOT_FOUND)
		return fault_set(fault, error,
			"%s is not there, so no provider's tokens are believed; %s has one to begin with", path,
			options->gateway != NULL ? "spec/gateway.md" : "spec/identity.md");
	TRY(fault_because(fault, error, "%s", path));
	error = (options->gateway != NULL ? issuer_config_read_backends : issuer_config_read)(
		bytes_of(text, len), configs, &count, &why);
	if (error != E_OK)
		return fault_set(fault, error, "%s: %s", path, why.text);
	strcpy(folder, path);
	error = check_all(dirname(folder), options->gateway != NULL, configs, count);
	for (size_t i = 0; i < count; i++)
		issuer_config_release(&configs[i]);
	return fault_set(
		fault, error, error_judges(error) ? "not every issuer does as it should" : "not every issuer could be asked");
}

#define T struct issuer_options
static const struct option_row rows[] = {
	{.name = "DIR", .argument = true, .kind = OPTION_IS_TEXT, OPTION_MEMBER(T, dir, const char *)},
	OPTION_TEXT(T, file, "issuers", "FILE", .help = "in place of DIR/issuers.json"),
	OPTION_TEXT(T, gateway, "gateway", "FILE", .help = "in place of DIR: a gateway's file of --fhir-issuers"),
};

const struct command command_issuer_check = {
	.options = {.name = "indsigt issuer check",
		.summary = "asks the identity providers of a ledger or a gateway, and says what works",
		.text =
			"Reads DIR/issuers.json and asks each issuer as indsigt-queryd does: for its discovery document, its keys, "
			"and, where opaque tokens are asked about, whether it takes the client; of a gateway's file, as "
			"indsigt-gateway does. Changes nothing.\n",
		OPTION_ROWS(rows)},
	.work = issuer_check,
	COMMAND_GIVEN(struct issuer_options, .dir = NULL),
};
