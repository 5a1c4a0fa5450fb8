/* A witness has one handle, made once: its connection is kept from one request to the next.
 *
 * What can fail in a request (no connection, no answer in time, an answer longer than the limit) is no error of this
 * file: it comes out of asking_finished as status 0 with libcurl's reason. The body's memory is part of the transfer,
 * so a long answer never makes this process grow. Redirections are not followed: a witness is asked where its address
 * says, and nowhere else. */
#include "ingest/net/asking.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_BYTES_MAX 2048

struct transfer {
	CURL *curl;
	uint32_t index;
	bool under_way;
	size_t len;
	char body[ASKING_ANSWER_BYTES_MAX];
};

struct asking {
	CURLM *multi;
	struct curl_slist *headers;
	uint32_t count;
	struct transfer *transfers;
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count;
	if (len > sizeof transfer->body - transfer->len)
		return 0;
	memcpy(transfer->body + transfer->len, data, len);
	transfer->len += len;
	return len;
}

enum error asking_open(uint32_t count, struct asking **out)
{
	struct asking *asking = calloc(1, sizeof *asking);
	if (asking == NULL)
		return E_NO_MEMORY;
	asking->count = count;
	asking->transfers = calloc(count ? count : 1, sizeof *asking->transfers);
	asking->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
	asking->multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
	bool good = asking->transfers && asking->headers && asking->multi;
	for (uint32_t i = 0; good && i < count; i++) {
		asking->transfers[i].index = i;
		asking->transfers[i].curl = curl_easy_init();
		good = asking->transfers[i].curl != NULL;
	}
	if (!good) {
		asking_close(asking);
		return E_NO_MEMORY;
	}
	*out = asking;
	return E_OK;
}

void asking_close(struct asking *asking)
{
	if (asking == NULL)
		return;
	for (uint32_t i = 0; asking->transfers && i < asking->count; i++) {
		if (asking->transfers[i].under_way)
			curl_multi_remove_handle(asking->multi, asking->transfers[i].curl);
		curl_easy_cleanup(asking->transfers[i].curl);
	}
	curl_multi_cleanup(asking->multi);
	curl_slist_free_all(asking->headers);
	free(asking->transfers);
	free(asking);
}

static CURLcode set_options(struct asking *asking, struct transfer *transfer, const char *url, struct bytes body)
{
	CURL *curl = transfer->curl;
	CURLcode code = CURLE_OK;
	curl_easy_reset(curl); /* keeps the connection */
#define SET(option, value) \
	if (code == CURLE_OK)  \
	code = curl_easy_setopt(curl, CURLOPT_##option, value)
	SET(PROTOCOLS_STR, "http,https");
	SET(URL, url);
	SET(NOSIGNAL, 1L);
	SET(CONNECTTIMEOUT, ASKING_CONNECT_SECONDS);
	SET(TIMEOUT, ASKING_ANSWER_SECONDS);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, transfer);
	SET(PRIVATE, transfer);
	SET(USERAGENT, "indsigt");
	if (body.data) {
		SET(HTTPHEADER, asking->headers);
		SET(POSTFIELDSIZE, (long)body.len);
		SET(COPYPOSTFIELDS, body.data);
	}
#undef SET
	return code;
}

enum error asking_begin(struct asking *asking, uint32_t index, const char *url, const char *path, struct bytes body)
{
	struct transfer *transfer = &asking->transfers[index];
	char whole[URL_BYTES_MAX];
	size_t url_len = strlen(url);
	if (url_len > 0 && url[url_len - 1] == '/')
		url_len--;
	snprintf(whole, sizeof whole, "%.*s%s", (int)url_len, url, path);
	transfer->len = 0;
	CURLcode code = set_options(asking, transfer, whole, body);
	if (code != CURLE_OK)
		return code == CURLE_OUT_OF_MEMORY ? E_NO_MEMORY : E_USAGE;
	if (curl_multi_add_handle(asking->multi, transfer->curl) != CURLM_OK)
		return E_NO_MEMORY;
	transfer->under_way = true;
	return E_OK;
}

enum error asking_wait(struct asking *asking, int wake_fd, uint64_t timeout_ms)
{
	struct curl_waitfd wake = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};
	int running;
	if (curl_multi_perform(asking->multi, &running) != CURLM_OK ||
		curl_multi_poll(asking->multi, &wake, wake_fd >= 0 ? 1 : 0, (int)timeout_ms, NULL) != CURLM_OK ||
		curl_multi_perform(asking->multi, &running) != CURLM_OK)
		return E_IO;
	return E_OK;
}

bool asking_finished(struct asking *asking, struct asked *out)
{
	struct transfer *transfer = NULL;
	int left;
	const CURLMsg *message;
	do
		message = curl_multi_info_read(asking->multi, &left);
	while (message && message->msg != CURLMSG_DONE);
	if (message == NULL)
		return false;
	CURL *curl = message->easy_handle;
	CURLcode code = message->data.result;
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &transfer);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(asking->multi, curl); /* `message` is gone with it */
	transfer->under_way = false;
	*out = (struct asked){.index = transfer->index,
		.status = code == CURLE_OK ? (int)status : 0,
		.body = bytes_of(transfer->body, transfer->len),
		.why = curl_easy_strerror(code)};
	return true;
}
