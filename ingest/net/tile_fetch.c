/* All transfers but one run ahead in reading order, and a read waits for the one that has its path.
 *
 *   read path ─► let go of what was lent ─► free transfers start on what is next ─► has one this path?
 *                                                        ├─ yes: wait for it
 *                                                        └─ no: OWN_TRANSFER fetches it now
 *   done ─► may it pass? start again after a pause, a few times ─► judged ─► lent until the next read
 *
 * What is missing (404, 410, no such file) is not tried again: the reader decides what that means. An answer that is
 * too long ends by a write error, which does not pass either; a lack of memory looks to libcurl like any other failure
 * and is told apart by the allocations (shortage.h). */
#include "ingest/net/tile_fetch.h"

#include "ingest/net/fetch.h"
#include "ledger/base/clock.h"
#include "ledger/base/shortage.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECKPOINT_PATH "/checkpoint"
#define HASHES_BYTES_MAX (TILE_WIDTH * HASH_BYTES)
/* Read of what comes with a refusal, so that the connection can be used again; more ends it. */
#define REFUSAL_BYTES_MAX (64u << 10)
/* Kept for what is asked for out of order, so that this never waits for what nobody reads. */
#define OWN_TRANSFER 0

enum transfer_state { TRANSFER_IDLE, TRANSFER_UNDER_WAY, TRANSFER_DONE };

struct transfer {
	CURL *curl;
	bool local;
	enum transfer_state state;
	char path[TILE_PATH_BYTES_MAX + 1];
	uint64_t number; /* of the bundle that it is fetched ahead for */
	CURLcode code;
	long status;
	uint8_t *body;
	size_t len;
	size_t capacity;
	size_t len_max;
	size_t refusal_len;
	char error[CURL_ERROR_SIZE];
};

struct tile_fetch {
	char *url;
	bool local; /* file: there are no statuses */
	int wake_fd;
	CURLM *multi;
	struct transfer transfers[TILE_FETCH_TRANSFERS];
	struct transfer *lent; /* its body was given out */
	/* What is asked for next, ahead. */
	uint64_t next;
	bool next_entries;
	uint64_t size;
	uint64_t received;
};

/* ---- opening ---- */

/* As a URL, without a slash at its end, to curl_free(). */
static char *url_of(const char *place, bool *local)
{
	char *url = NULL;
	char path[PATH_MAX];
	CURLU *parsed = curl_url();
	CURLUcode code = CURLUE_OUT_OF_MEMORY;
	*local = strstr(place, "://") == NULL || strncmp(place, "file://", 7) == 0;
	if (parsed != NULL && strstr(place, "://") != NULL)
		code = curl_url_set(parsed, CURLUPART_URL, place, 0);
	else if (parsed != NULL && realpath(place, path) != NULL)
		code = curl_url_set(parsed, CURLUPART_SCHEME, "file", 0) == CURLUE_OK
				   ? curl_url_set(parsed, CURLUPART_PATH, path, CURLU_URLENCODE)
				   : CURLUE_BAD_SCHEME;
	if (code == CURLUE_OK)
		code = curl_url_get(parsed, CURLUPART_URL, &url, 0);
	curl_url_cleanup(parsed);
	if (code != CURLUE_OK)
		return NULL;
	for (size_t len = strlen(url); len > 0 && url[len - 1] == '/'; len--)
		url[len - 1] = '\0';
	return url;
}

static bool good_scheme(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0 || strncmp(url, "file://", 7) == 0;
}

/* With allocations that tell when there was no memory. */
static bool curl_start(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, shortage_malloc, free, shortage_realloc, shortage_strdup,
			   shortage_calloc) == CURLE_OK;
}

enum error tile_fetch_open(const char *url, int wake_fd, struct tile_fetch **out, struct fault *fault)
{
	struct tile_fetch *fetch = calloc(1, sizeof *fetch);
	if (fetch == NULL || !curl_start()) {
		free(fetch);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	fetch->wake_fd = wake_fd;
	fetch->url = url_of(url, &fetch->local);
	fetch->multi = curl_multi_init();
	bool good = fetch->multi != NULL &&
				curl_multi_setopt(fetch->multi, CURLMOPT_MAX_HOST_CONNECTIONS, TILE_FETCH_CONNECTIONS) == CURLM_OK;
	for (size_t i = 0; i < TILE_FETCH_TRANSFERS && good; i++) {
		fetch->transfers[i].curl = curl_easy_init();
		good = fetch->transfers[i].curl != NULL;
	}
	bool known = fetch->url != NULL && good_scheme(fetch->url);
	if (good && known) {
		*out = fetch;
		return E_OK;
	}
	tile_fetch_close(fetch);
	if (known || shortage_seen())
		return fault_set(fault, E_NO_MEMORY, "");
	return fault_set(fault, E_USAGE,
		"this is no place that a log can be read from: give an address that begins with http:// or https://, or a "
		"directory that is there");
}

static void stop(struct tile_fetch *fetch, struct transfer *transfer)
{
	if (transfer->state == TRANSFER_UNDER_WAY)
		curl_multi_remove_handle(fetch->multi, transfer->curl);
	transfer->state = TRANSFER_IDLE;
}

void tile_fetch_close(struct tile_fetch *fetch)
{
	if (fetch == NULL)
		return;
	for (size_t i = 0; i < TILE_FETCH_TRANSFERS; i++) {
		stop(fetch, &fetch->transfers[i]);
		curl_easy_cleanup(fetch->transfers[i].curl);
		free(fetch->transfers[i].body);
	}
	curl_multi_cleanup(fetch->multi);
	curl_free(fetch->url);
	free(fetch);
}

uint64_t tile_fetch_received(const struct tile_fetch *fetch)
{
	return fetch->received;
}

/* ---- one transfer ---- */

/* What comes with a refusal is a page for people, of any length, and no tile. */
static size_t skip_refusal(struct transfer *transfer, size_t len)
{
	if (len > REFUSAL_BYTES_MAX - transfer->refusal_len)
		return 0;
	transfer->refusal_len += len;
	return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count;
	long status = 0;
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!transfer->local && status != 200)
		return skip_refusal(transfer, len);
	if (len > transfer->len_max - transfer->len)
		return 0;
	if (transfer->len + len > transfer->capacity) {
		size_t capacity = transfer->len + len + transfer->capacity;
		capacity = capacity < transfer->len_max ? capacity : transfer->len_max;
		uint8_t *larger = shortage_realloc(transfer->body, capacity);
		if (larger == NULL)
			return 0;
		transfer->body = larger;
		transfer->capacity = capacity;
	}
	memcpy(transfer->body + transfer->len, data, len);
	transfer->len += len;
	return len;
}

static CURLcode set_options(const struct tile_fetch *fetch, struct transfer *transfer, const char *url)
{
	CURL *curl = transfer->curl;
	CURLcode code = CURLE_OK;
	curl_easy_reset(curl); /* keeps the connection */
#define SET(option, value) \
	if (code == CURLE_OK)  \
	code = curl_easy_setopt(curl, CURLOPT_##option, value)
	SET(PROTOCOLS_STR, fetch->local ? "file" : "http,https");
	SET(REDIR_PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 1L);
	SET(MAXREDIRS, 3L);
	SET(URL, url);
	SET(NOSIGNAL, 1L);
	SET(CONNECTTIMEOUT, TILE_FETCH_CONNECT_SECONDS);
	SET(LOW_SPEED_LIMIT, TILE_FETCH_STALL_BYTES);
	SET(LOW_SPEED_TIME, TILE_FETCH_STALL_SECONDS);
	SET(ACCEPT_ENCODING, "gzip, identity");
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, transfer);
	SET(ERRORBUFFER, transfer->error);
	SET(PRIVATE, transfer);
	SET(USERAGENT, "indsigt");
#undef SET
	return code;
}

static enum error start(struct tile_fetch *fetch, struct transfer *transfer, const char *path, size_t len_max)
{
	char url[PATH_MAX + TILE_PATH_BYTES_MAX + 1];
	int len = snprintf(url, sizeof url, "%s%s", fetch->url, path);
	if (len < 0 || (size_t)len >= sizeof url)
		return E_USAGE;
	snprintf(transfer->path, sizeof transfer->path, "%s", path);
	transfer->local = fetch->local;
	transfer->len = transfer->refusal_len = 0;
	transfer->len_max = len_max;
	transfer->status = 0;
	transfer->error[0] = '\0';
	if (set_options(fetch, transfer, url) != CURLE_OK ||
		curl_multi_add_handle(fetch->multi, transfer->curl) != CURLM_OK)
		return E_NO_MEMORY;
	transfer->state = TRANSFER_UNDER_WAY;
	return E_OK;
}

static void collect(struct tile_fetch *fetch)
{
	int left;
	for (const CURLMsg *message; (message = curl_multi_info_read(fetch->multi, &left)) != NULL;) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURL *curl = message->easy_handle;
		CURLcode code = message->data.result;
		struct transfer *transfer = NULL;
		curl_off_t received = 0;
		curl_easy_getinfo(curl, CURLINFO_PRIVATE, &transfer);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer->status);
		curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &received);
		curl_multi_remove_handle(fetch->multi, curl); /* `message` is gone with it */
		transfer->code = code;
		transfer->state = TRANSFER_DONE;
		fetch->received += (uint64_t)received;
	}
}

/* ---- ahead ---- */

/* What follows in reading order; the tile over the last, partial bundle is read before all bundles. */
static bool next_ahead(struct tile_fetch *fetch, struct tile_path *out)
{
	if (fetch->next * TILE_WIDTH >= fetch->size)
		return false;
	uint64_t left = fetch->size - fetch->next * TILE_WIDTH;
	uint32_t width = left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH;
	bool entries = fetch->next_entries || width < TILE_WIDTH;
	*out = (struct tile_path){.entries = entries, .number = fetch->next, .width = width};
	fetch->next += entries;
	fetch->next_entries = !entries;
	return true;
}

static size_t bytes_max(const struct tile_path *tile)
{
	return tile->entries ? TILE_BUNDLE_BYTES_MAX : HASHES_BYTES_MAX;
}

static enum error start_ahead(struct tile_fetch *fetch)
{
	for (size_t i = OWN_TRANSFER + 1; i < TILE_FETCH_TRANSFERS; i++) {
		struct transfer *transfer = &fetch->transfers[i];
		char path[TILE_PATH_BYTES_MAX + 1];
		struct tile_path tile;
		if (transfer->state != TRANSFER_IDLE || transfer == fetch->lent)
			continue;
		if (!next_ahead(fetch, &tile))
			return E_OK;
		tile_path_format(&tile, path);
		transfer->number = tile.number;
		TRY(start(fetch, transfer, path, bytes_max(&tile)));
	}
	return E_OK;
}

/* Nobody is going to read what was fetched for bundles before this one. */
static void drop_before(struct tile_fetch *fetch, uint64_t number)
{
	for (size_t i = OWN_TRANSFER + 1; i < TILE_FETCH_TRANSFERS; i++)
		if (fetch->transfers[i].number < number)
			stop(fetch, &fetch->transfers[i]);
}

void tile_fetch_ahead(struct tile_fetch *fetch, uint64_t first, uint64_t size)
{
	drop_before(fetch, UINT64_MAX);
	fetch->next = first;
	fetch->next_entries = false;
	fetch->size = size;
}

/* ---- reading ---- */

/* One round of work on all transfers, after waiting for up to `timeout_ms` when there is nothing to do. */
static enum error step(struct tile_fetch *fetch, int timeout_ms)
{
	struct curl_waitfd wake = {.fd = fetch->wake_fd, .events = CURL_WAIT_POLLIN};
	unsigned wakes = fetch->wake_fd >= 0 ? 1 : 0;
	int running;
	if (curl_multi_poll(fetch->multi, &wake, wakes, timeout_ms, NULL) != CURLM_OK)
		return E_IO;
	if (wake.revents != 0)
		return E_CLOSED;
	if (curl_multi_perform(fetch->multi, &running) != CURLM_OK)
		return E_IO;
	collect(fetch);
	return E_OK;
}

static enum error wait_for(struct tile_fetch *fetch, const struct transfer *transfer)
{
	TRY(step(fetch, 0)); /* files are there without waiting, and the wake counts for them too */
	while (transfer->state != TRANSFER_DONE)
		TRY(step(fetch, 1000));
	return E_OK;
}

/* What is fetched ahead goes on meanwhile. */
static enum error pause_for(struct tile_fetch *fetch, int64_t ms)
{
	int64_t end_ms = (int64_t)clock_ms() + ms;
	for (int64_t left = ms; left > 0; left = end_ms - (int64_t)clock_ms())
		TRY(step(fetch, (int)left));
	return E_OK;
}

static bool is_missing(const struct tile_fetch *fetch, const struct transfer *transfer)
{
	return fetch->local ? transfer->code == CURLE_FILE_COULDNT_READ_FILE
						: transfer->status == 404 || transfer->status == 410;
}

static bool is_good(const struct tile_fetch *fetch, const struct transfer *transfer)
{
	return transfer->code == CURLE_OK && (fetch->local || transfer->status == 200);
}

/* What may go by itself: the network, and a server that is busy or being started again. */
static bool may_pass(const struct transfer *transfer)
{
	return (transfer->code != CURLE_OK && transfer->code != CURLE_WRITE_ERROR) || transfer->status == 429 ||
		   transfer->status >= 500;
}

static enum error judge(const struct tile_fetch *fetch, const struct transfer *transfer, struct fault *fault)
{
	if (shortage_seen())
		return fault_set(fault, E_NO_MEMORY, "");
	if (is_good(fetch, transfer))
		return E_OK;
	if (is_missing(fetch, transfer))
		return fault_set(fault, E_NOT_FOUND, "%s is not there", transfer->path);
	if (transfer->status >= 400)
		return fault_set(fault, E_IO, "the server answered %ld", transfer->status);
	if (transfer->code == CURLE_WRITE_ERROR)
		return fault_set(fault, E_IO, "the answer is longer than the %zu bytes that it can have", transfer->len_max);
	bool no_status = transfer->status == 0; /* a redirect to another protocol is unsupported too, but was HTTP */
	if (!fetch->local && no_status &&
		(transfer->code == CURLE_UNSUPPORTED_PROTOCOL || transfer->code == CURLE_WEIRD_SERVER_REPLY))
		return fault_set(fault, E_IO, "%s", FETCH_NO_HTTP);
	if (transfer->code != CURLE_OK)
		return fault_set(
			fault, E_IO, "%s", transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(transfer->code));
	return fault_set(fault, E_IO, "the server answered %ld", transfer->status);
}

static struct transfer *find(struct tile_fetch *fetch, const char *path)
{
	for (size_t i = OWN_TRANSFER + 1; i < TILE_FETCH_TRANSFERS; i++)
		if (fetch->transfers[i].state != TRANSFER_IDLE && strcmp(fetch->transfers[i].path, path) == 0)
			return &fetch->transfers[i];
	return NULL;
}

static enum error try_until_passed(
	struct tile_fetch *fetch, struct transfer *transfer, const char *path, size_t len_max)
{
	TRY(wait_for(fetch, transfer));
	for (unsigned tries = 1; may_pass(transfer) && !is_missing(fetch, transfer) && tries < TILE_FETCH_TRIES; tries++) {
		TRY(pause_for(fetch, TILE_FETCH_RETRY_MS << (tries - 1)));
		TRY(start(fetch, transfer, path, len_max));
		TRY(wait_for(fetch, transfer));
	}
	return E_OK;
}

static enum error read_path(
	struct tile_fetch *fetch, const char *path, size_t len_max, struct bytes *out, struct fault *fault)
{
	if (fetch->lent != NULL)
		stop(fetch, fetch->lent);
	fetch->lent = NULL;
	enum error error = start_ahead(fetch);
	struct transfer *transfer = find(fetch, path);
	if (transfer == NULL) {
		transfer = &fetch->transfers[OWN_TRANSFER];
		stop(fetch, transfer);
		if (error == E_OK)
			error = start(fetch, transfer, path, len_max);
	}
	if (error == E_OK)
		error = try_until_passed(fetch, transfer, path, len_max);
	if (error != E_OK)
		return fault_set(fault, error, "%s", error_text(error));
	fetch->lent = transfer;
	TRY(judge(fetch, transfer, fault));
	*out = bytes_of(transfer->body, transfer->len);
	return E_OK;
}

enum error tile_fetch_read(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	struct tile_fetch *fetch = context;
	char path[TILE_PATH_BYTES_MAX + 1];
	tile_path_format(tile, path);
	if (tile->entries)
		drop_before(fetch, tile->number);
	return read_path(fetch, path, bytes_max(tile), out, fault);
}

enum error tile_fetch_checkpoint(struct tile_fetch *fetch, struct bytes *out, struct fault *fault)
{
	return read_path(fetch, CHECKPOINT_PATH, NOTE_BYTES_MAX, out, fault);
}
