/* One request at a time; the caller waits for it.
 *
 * What the ledger answers is not trusted: its size is bounded, control characters in its reasons are replaced before
 * they reach a terminal, redirections are not followed, so that a token goes to no other server. What fails is not
 * tried again here: whoever asks knows whether it may be. */
#include "ingest/net/fetch.h"

#include "ledger/base/own.h"
#include "ledger/json/json_read.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fetch {
	CURL *curl;
	struct curl_slist *headers;
	char *url;
	char *body;
	size_t body_len;
	char error[CURL_ERROR_SIZE];
};

static void url_release(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void text_release(char **text)
{
	curl_free(*text);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct fetch *fetch = context;
	size_t len = size * count;
	if (len > FETCH_BYTES_MAX - fetch->body_len)
		return 0;
	char *larger = realloc(fetch->body, fetch->body_len + len + 1);
	if (larger == NULL)
		return 0;
	fetch->body = larger;
	memcpy(fetch->body + fetch->body_len, data, len);
	fetch->body_len += len;
	return len;
}

enum error fetch_authorize(struct fetch *fetch, const char *value)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
	size_t len = strlen("Authorization: ") + (value ? strlen(value) : 0) + 1;
	char *line = malloc(len);
	bool good = headers != NULL && line != NULL;
	if (good && value != NULL) {
		snprintf(line, len, "Authorization: %s", value);
		good = curl_slist_append(headers, line) != NULL;
	}
	if (line != NULL)
		sodium_memzero(line, len);
	free(line);
	if (!good || curl_easy_setopt(fetch->curl, CURLOPT_HTTPHEADER, headers)) {
		curl_slist_free_all(headers);
		return E_NO_MEMORY;
	}
	curl_slist_free_all(fetch->headers);
	fetch->headers = headers;
	return E_OK;
}

static enum error set_token(struct fetch *fetch, const char *token)
{
	if (token == NULL)
		return fetch_authorize(fetch, NULL);
	size_t len = strlen("Bearer ") + strlen(token) + 1;
	char *value = malloc(len);
	if (value == NULL)
		return E_NO_MEMORY;
	snprintf(value, len, "Bearer %s", token);
	enum error error = fetch_authorize(fetch, value);
	sodium_memzero(value, len);
	free(value);
	return error;
}

static enum error set_options(struct fetch *fetch)
{
	CURL *curl = fetch->curl;
	if (curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") ||
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) || curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch) ||
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->error) || curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, FETCH_SECONDS) || curl_easy_setopt(curl, CURLOPT_USERAGENT, "indsigt"))
		return E_NO_MEMORY;
	return E_OK;
}

enum error fetch_open(const char *url, const char *token, struct fetch **out, struct fault *fault)
{
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return fault_set(fault, E_USAGE, "the ledger's address must begin with http:// or https://");
	struct fetch *fetch = calloc(1, sizeof *fetch);
	if (fetch == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	fetch->url = strdup(url);
	fetch->curl = curl_easy_init();
	enum error error = fetch->url && fetch->curl ? set_token(fetch, token) : E_NO_MEMORY;
	if (error == E_OK)
		error = set_options(fetch);
	if (error != E_OK) {
		fetch_close(fetch);
		return fault_set(fault, error, "");
	}
	*out = fetch;
	return E_OK;
}

void fetch_close(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	curl_easy_cleanup(fetch->curl);
	curl_slist_free_all(fetch->headers);
	free(fetch->url);
	free(fetch->body);
	free(fetch);
}

/* The address with path and parameters, percent-encoded. */
static char *full_url(const char *base, const char *path, const struct fetch_param *params, size_t count)
{
	OWNED(url_release) CURLU *url = curl_url();
	OWNED(text_release) char *prefix = NULL;
	char joined[1024];
	char pair[4096];
	char *full = NULL;
	if (url == NULL || curl_url_set(url, CURLUPART_URL, base, 0) || curl_url_get(url, CURLUPART_PATH, &prefix, 0))
		return NULL;
	size_t prefix_len = strlen(prefix);
	while (prefix_len > 0 && prefix[prefix_len - 1] == '/')
		prefix_len--;
	int len = snprintf(joined, sizeof joined, "%.*s%s", (int)prefix_len, prefix, path);
	if (len < 0 || (size_t)len >= sizeof joined || curl_url_set(url, CURLUPART_PATH, joined, 0))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (params[i].value == NULL)
			continue;
		len = snprintf(pair, sizeof pair, "%s=%s", params[i].name, params[i].value);
		if (len < 0 || (size_t)len >= sizeof pair ||
			curl_url_set(url, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE))
			return NULL;
	}
	return curl_url_get(url, CURLUPART_URL, &full, 0) ? NULL : full;
}

/* What an error answer says: the detail of its problem, or its status alone. */
static enum error refused(struct fetch *fetch, long status, struct fault *fault)
{
	json_auto_t *problem = json_loadb(fetch->body ? fetch->body : "", fetch->body_len, 0, NULL);
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	enum error error = status == 401 ? E_TOKEN : status == 403 ? E_FORBIDDEN : status == 404 ? E_NOT_FOUND : E_IO;
	fault_set(fault, error, "the ledger answered %ld: %s", status, detail ? detail : "no reason given");
	for (char *c = fault->text; *c; c++)
		*c = (unsigned char)*c < 0x20 || *c == 0x7F ? '?' : *c;
	return error;
}

enum error fetch_text(struct fetch *fetch, const char *path, const struct fetch_param *params, size_t count,
	struct bytes *out, struct fault *fault)
{
	OWNED(text_release) char *url = full_url(fetch->url, path, params, count);
	if (url == NULL || curl_easy_setopt(fetch->curl, CURLOPT_URL, url) != CURLE_OK)
		return fault_set(fault, E_USAGE, "the ledger's address is not a well-formed URL");
	fetch->body_len = 0;
	fetch->error[0] = '\0';
	CURLcode code = curl_easy_perform(fetch->curl);
	long status = 0;
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		return fault_set(fault, E_IO, "%s", FETCH_NO_HTTP);
	if (code != CURLE_OK)
		return fault_set(
			fault, E_IO, "the ledger cannot be asked: %s", fetch->error[0] ? fetch->error : curl_easy_strerror(code));
	if (status != 200)
		return refused(fetch, status, fault);
	*out = bytes_of(fetch->body ? fetch->body : "", fetch->body_len);
	return E_OK;
}

enum error fetch_json(struct fetch *fetch, const char *path, const struct fetch_param *params, size_t count,
	json_t **out, struct fault *fault)
{
	struct bytes text;
	TRY(fetch_text(fetch, path, params, count, &text, fault));
	enum error error = json_read(text, JSON_REJECT_DUPLICATES, NULL, out);
	if (error == E_BAD_JSON)
		return fault_set(fault, E_IO, "the ledger's answer is not JSON");
	return error == E_OK ? E_OK : fault_set(fault, error, "");
}
