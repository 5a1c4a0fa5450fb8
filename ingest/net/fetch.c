/* One request at a time; the caller waits for it.
 *
 * What the ledger answers is not trusted: its size is bounded, control characters in its reasons are replaced before
 * they reach a terminal, redirections are not followed, so that a token goes to no other server. What fails is not
 * tried again here: whoever asks knows whether it may be. */
#include "ingest/net/fetch.h"

#include "ledger/base/shortage.h"
#include "ledger/json/json_read.h"

struct fetch {
	struct web *web; /* of one slot */
	char *url;
	char *authorization; /* the header, or NULL */
	char *about[2];      /* headers: whom it is about, and in which case; those that there are come first */
};

static void wipe(char *text)
{
	own_wipe(text, text != NULL ? strlen(text) : 0);
}

/* `value` NULL: the header is not sent. */
static enum error authorize(struct fetch *fetch, const char *scheme, const char *value)
{
	char *line = NULL;
	if (value != NULL && asprintf(&line, "Authorization: %s%s", scheme, value) < 0)
		return E_NO_MEMORY;
	wipe(fetch->authorization);
	fetch->authorization = line;
	return E_OK;
}

enum error fetch_authorize(struct fetch *fetch, const char *value)
{
	return authorize(fetch, "", value);
}

enum error fetch_about(struct fetch *fetch, const char *subject, const char *reference)
{
	if (asprintf(&fetch->about[0], "Indsigt-Subject: %s", subject) < 0) {
		fetch->about[0] = NULL;
		return E_NO_MEMORY;
	}
	if (reference != NULL && asprintf(&fetch->about[1], "Indsigt-Case: %s", reference) < 0) {
		fetch->about[1] = NULL;
		return E_NO_MEMORY;
	}
	return E_OK;
}

enum error fetch_open(const char *url, const char *token, struct fetch **out, struct fault *fault)
{
	if (!web_is_http(url))
		return fault_set(fault, E_USAGE, "the ledger's address must begin with http:// or https://");
	static const struct web_manner manner = {
		.seconds = FETCH_SECONDS, .refusal_max = FETCH_BYTES_MAX, .compressed = true, .private = true};
	OWNED(fetch_release) struct fetch *fetch = calloc(1, sizeof *fetch);
	if (fetch == NULL || (fetch->url = strdup(url)) == NULL || authorize(fetch, "Bearer ", token) != E_OK ||
		web_open(&manner, 1, &fetch->web) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	*out = OWN_TAKE(fetch);
	return E_OK;
}

void fetch_close(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	web_close(fetch->web);
	free(fetch->url);
	wipe(fetch->authorization);
	wipe(fetch->about[0]);
	wipe(fetch->about[1]);
	free(fetch);
}

/* What an error answer says: the detail of its problem, or its status alone. */
static enum error refused(const struct web_answer *answer, struct fault *fault)
{
	long status = answer->status;
	json_auto_t *problem = NULL;
	if (json_read(answer->body, 0, NULL, &problem) == E_NO_MEMORY)
		return fault_set(fault, E_NO_MEMORY, "");
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	enum error error = status == 401 ? E_TOKEN : status == 403 ? E_FORBIDDEN : status == 404 ? E_NOT_FOUND : E_IO;
	fault_set(fault, error, "the ledger answered %ld: %s", status, detail ? detail : "no reason given");
	for (char *c = fault->text; *c; c++)
		*c = (unsigned char)*c < 0x20 || *c == 0x7F ? '?' : *c;
	return error;
}

/* The time limit is the client's (FETCH_SECONDS); a turn of this loop is none. */
enum error fetch_text(struct fetch *fetch, const char *path, const struct web_param *params, size_t count,
	struct bytes *out, struct fault *fault)
{
	(void)shortage_seen(); /* what was short before is not this question's */
	OWNED_MEMORY char *url = web_url(fetch->url, path, params, count);
	if (url == NULL)
		return shortage_seen() ? fault_set(fault, E_NO_MEMORY, "")
							   : fault_set(fault, E_USAGE, "the ledger's address is not a well-formed URL");
	struct web_question question = {.url = url, .headers = {"Accept: application/json"}, .answer_max = FETCH_BYTES_MAX};
	const char *const more[] = {fetch->authorization, fetch->about[0], fetch->about[1]};
	for (size_t i = 0, at = 1; i < 3; i++)
		if (more[i] != NULL)
			question.headers[at++] = more[i];
	TRY(fault_set(fault, web_begin(fetch->web, 0, &question), ""));
	struct web_answer answer;
	while ((answer = web_answer(fetch->web, 0)).end == WEB_UNDER_WAY)
		if (web_wait(fetch->web, -1, 1000) != E_OK) {
			web_drop(fetch->web, 0); /* so that it can be asked again */
			return fault_set(fault, E_IO, "waiting for the ledger's answer failed");
		}
	if (shortage_seen()) /* also what libcurl calls whole may not be */
		return fault_set(fault, E_NO_MEMORY, "");
	if (answer.end == WEB_PLAIN)
		return fault_set(fault, E_USAGE,
			"nothing was asked: by http what is asked and answered can be read on its way to another machine; use "
			"https://, or --plain-off-loopback");
	if (answer.end == WEB_NO_HTTP)
		return fault_set(fault, E_IO, "%s", FETCH_NO_HTTP);
	if (answer.end != WEB_WHOLE)
		return fault_set(fault, E_IO, "the ledger cannot be asked: %s", answer.details);
	if (answer.status != 200)
		return refused(&answer, fault);
	*out = answer.body;
	return E_OK;
}

enum error fetch_json(struct fetch *fetch, const char *path, const struct web_param *params, size_t count, json_t **out,
	struct fault *fault)
{
	struct bytes text;
	TRY(fetch_text(fetch, path, params, count, &text, fault));
	enum error error = json_read(text, JSON_REJECT_DUPLICATES, NULL, out);
	if (error == E_BAD_JSON)
		return fault_set(fault, E_IO, "the ledger's answer is not JSON");
	return fault_set(fault, error, "");
}
