/* libcurl's multi interface: a slot is a handle of it, made once.
 *
 * What answers is not trusted: an answer's size is bounded by who asks, a refusal's by the manner, and a redirect leads
 * to no file. What fails in a question (no connection, no answer in time, one that is too long) is no error here: it is
 * how the question ended, and whoever asks knows whether to ask again. libcurl tells a lack of memory like any other
 * failure, so its allocations are counted (shortage.h). */
#include "ingest/net/web.h"

#include "ledger/base/shortage.h"
#include "ledger/text/address.h"

#include <assert.h>
#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>

/* Invariants: in the state UNDER_WAY the handle is in `multi`, and in no other; `body` has room for `capacity` and
 * is kept from question to question, as the handle is, unless both were forgotten; `headers` live as long as the handle
 * may use them. */
struct slot {
	const struct web_manner *manner;
	CURL *curl;
	struct curl_slist *headers;
	enum { IDLE, UNDER_WAY, ENDED } state;
	CURLcode code;
	long status;
	uint64_t retry_after_s;
	uint8_t *body;
	size_t len; /* <= capacity, and never more than answer_max or the manner's refusal_max */
	size_t capacity;
	size_t answer_max;
	bool plain;   /* it is asked over http */
	bool kept_in; /* and would have gone to another machine */
	char details[CURL_ERROR_SIZE];
	char told[CURL_ERROR_SIZE + 192]; /* in place of these, where there is more to say */
};

struct web {
	struct web_manner manner;
	CURLM *multi;
	size_t count;
	struct slot slots[];
};

/* ---- who is believed ---- */

static struct web_trust trust;

struct web_trust web_trust(void)
{
	return trust;
}

enum error web_take_ca(void *nothing, const char *path, struct fault *fault)
{
	(void)nothing;
	if (access(path, R_OK) != 0)
		return fault_set(
			fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "the file of --ca, '%s', cannot be read: %m", path);
	trust.ca = path;
	return E_OK;
}

enum error web_take_plain(void *nothing, const char *none, struct fault *fault)
{
	(void)nothing, (void)none, (void)fault;
	trust.plain_off_loopback = true;
	return E_OK;
}

/* Where a name leads is known only here. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct slot *slot = context;
	struct address address = {.len = to->addrlen};
	(void)purpose;
	memcpy(&address.socket, &to->addr, sizeof to->addr);
	slot->kept_in = slot->plain && slot->manner->private && !trust.plain_off_loopback && !address_is_loopback(&address);
	return slot->kept_in ? CURL_SOCKET_BAD : socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* With allocations that tell when there was no memory; only the first call has them set. */
static bool start_library(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, shortage_malloc, free, shortage_realloc, shortage_strdup,
			   shortage_calloc) == CURLE_OK;
}

/* NULL: there was no memory, and shortage_seen says so, also before anything else is asked of the library. */
static CURLU *new_url(void)
{
	return start_library() ? curl_url() : NULL;
}

enum error web_open(const struct web_manner *manner, size_t slots, struct web **out)
{
	OWNED(web_release) struct web *web = calloc(1, sizeof *web + slots * sizeof *web->slots);
	if (web == NULL || !start_library() || (web->multi = curl_multi_init()) == NULL ||
		curl_multi_setopt(web->multi, CURLMOPT_MAX_HOST_CONNECTIONS, manner->connections) != CURLM_OK)
		return E_NO_MEMORY;
	web->manner = *manner;
	web->count = slots;
	for (size_t i = 0; i < slots; i++) {
		web->slots[i].manner = &web->manner;
		if ((web->slots[i].curl = curl_easy_init()) == NULL)
			return E_NO_MEMORY;
	}
	*out = OWN_TAKE(web);
	return E_OK;
}

void web_close(struct web *web)
{
	if (web == NULL)
		return;
	for (size_t i = 0; i < web->count; i++) {
		web_drop(web, i);
		curl_easy_cleanup(web->slots[i].curl);
		curl_slist_free_all(web->slots[i].headers);
		free(web->slots[i].body);
	}
	curl_multi_cleanup(web->multi);
	free(web);
}

/* ---- one question ---- */

/* Another length than `len` ends the transfer, which libcurl calls a write error (WEB_TOO_LONG). */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct slot *slot = context;
	size_t len = size * count;
	long status = 0;
	curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &status);
	size_t max = slot->manner->local || status == 200 ? slot->answer_max : slot->manner->refusal_max;
	if (slot->len > max || len > max - slot->len)
		return 0;
	if (slot->len + len > slot->capacity) {
		size_t capacity = slot->len + len + slot->capacity;
		capacity = capacity < max ? capacity : max;
		uint8_t *larger = shortage_realloc(slot->body, capacity);
		if (larger == NULL)
			return 0;
		slot->body = larger;
		slot->capacity = capacity;
	}
	memcpy(slot->body + slot->len, data, len);
	slot->len += len;
	return len;
}

static bool set_headers(struct slot *slot, const char *const headers[WEB_HEADERS_MAX])
{
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
	for (size_t i = 0; i < WEB_HEADERS_MAX && headers[i] != NULL; i++) {
		struct curl_slist *longer = curl_slist_append(slot->headers, headers[i]);
		if (longer == NULL)
			return false;
		slot->headers = longer;
	}
	return true;
}

/* From nothing each time: an option of the last question must not hold for this one. */
static CURLcode set_options(struct slot *slot, const struct web_question *question)
{
	const struct web_manner *manner = slot->manner;
	const char *ca = question->ca != NULL ? question->ca : trust.ca;
	CURLcode code = CURLE_OK;
	curl_easy_reset(slot->curl); /* keeps the connection */
#define SET(option, value) \
	if (code == CURLE_OK)  \
	code = curl_easy_setopt(slot->curl, CURLOPT_##option, value)
	SET(PROTOCOLS_STR, manner->local ? "file" : "http,https");
	SET(REDIR_PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, manner->redirects > 0 ? 1L : 0L);
	SET(MAXREDIRS, manner->redirects);
	SET(URL, question->url);
	SET(NOSIGNAL, 1L);
	if (manner->private && strncasecmp(question->url, "http://", 7) == 0)
		SET(PROXY, ""); /* whatever the environment says: that would take it to another machine as it is */
	SET(OPENSOCKETFUNCTION, on_socket);
	SET(OPENSOCKETDATA, slot);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca != NULL) {
		SET(CAINFO, ca);
		SET(CAPATH, NULL); /* the system's, which would be believed as well */
	}
	SET(TIMEOUT, manner->seconds);
	SET(CONNECTTIMEOUT, manner->connect_seconds);
	SET(LOW_SPEED_LIMIT, manner->stall_bytes);
	SET(LOW_SPEED_TIME, manner->stall_seconds);
	SET(ACCEPT_ENCODING, manner->compressed ? "gzip, identity" : NULL);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, slot);
	SET(ERRORBUFFER, slot->details);
	SET(CERTINFO, 1L); /* for whom it is made out, where that is not believed */
	SET(PRIVATE, slot);
	SET(USERAGENT, "indsigt");
	SET(HTTPHEADER, slot->headers);
	if (question->body.data != NULL) {
		SET(POSTFIELDSIZE, (long)question->body.len);
		SET(COPYPOSTFIELDS, question->body.data);
	}
#undef SET
	return code;
}

enum error web_begin(struct web *web, size_t at, const struct web_question *question)
{
	assert(at < web->count && web->slots[at].state != UNDER_WAY);
	struct slot *slot = &web->slots[at];
	slot->state = IDLE;
	slot->len = 0;
	slot->answer_max = question->answer_max;
	slot->status = 0;
	slot->retry_after_s = 0;
	slot->details[0] = '\0';
	slot->told[0] = '\0';
	slot->plain = strncasecmp(question->url, "http://", 7) == 0;
	slot->kept_in = false;
	slot->curl = slot->curl != NULL ? slot->curl : curl_easy_init();
	if (slot->curl == NULL || !set_headers(slot, question->headers))
		return E_NO_MEMORY;
	CURLcode code = set_options(slot, question);
	if (code != CURLE_OK)
		return code == CURLE_OUT_OF_MEMORY ? E_NO_MEMORY : E_USAGE;
	if (curl_multi_add_handle(web->multi, slot->curl) != CURLM_OK)
		return E_NO_MEMORY;
	slot->state = UNDER_WAY;
	return E_OK;
}

void web_drop(struct web *web, size_t at)
{
	struct slot *slot = &web->slots[at];
	if (slot->state == UNDER_WAY)
		curl_multi_remove_handle(web->multi, slot->curl);
	slot->state = IDLE;
}

/* A handle keeps headers and buffers until its next question, which may never come. Connections are the multi handle's,
 * and stay. */
void web_forget(struct web *web, size_t at)
{
	struct slot *slot = &web->slots[at];
	web_drop(web, at);
	curl_easy_cleanup(slot->curl);
	curl_slist_free_all(slot->headers);
	own_wipe(slot->body, slot->capacity);
	slot->curl = NULL;
	slot->headers = NULL;
	slot->body = NULL;
	slot->len = slot->capacity = 0;
}

/* ---- how it ended, in words ---- */

/* libcurl tells these apart in its text alone. */
static bool says(const struct slot *slot, const char *words)
{
	return strstr(slot->details, words) != NULL;
}

static enum web_end end_of(const struct slot *slot)
{
	if (slot->state != ENDED)
		return slot->state == IDLE ? WEB_IDLE : WEB_UNDER_WAY;
	if (slot->kept_in && slot->code != CURLE_OK)
		return WEB_PLAIN;
	switch ((int)slot->code) {
	case CURLE_OK:
		return WEB_WHOLE;
	case CURLE_WRITE_ERROR:
		return WEB_TOO_LONG;
	case CURLE_FILE_COULDNT_READ_FILE:
		return WEB_NO_FILE;
	case CURLE_UNSUPPORTED_PROTOCOL: /* as a redirect, too, which was HTTP and has a status */
	case CURLE_WEIRD_SERVER_REPLY:
		return slot->status == 0 ? WEB_NO_HTTP : WEB_FAILED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return WEB_DISTRUSTED;
	case CURLE_SSL_CONNECT_ERROR:
		return says(slot, "wrong version number")      ? WEB_NO_TLS
			   : says(slot, "no application protocol") ? WEB_NO_HTTP
													   : WEB_FAILED;
	default:
		return WEB_FAILED;
	}
}

/* The names that the server's certificate has, as OpenSSL writes them; they are a stranger's text. */
static void read_names(struct slot *slot, char *out, size_t capacity)
{
	static const char key[] = "X509v3 Subject Alternative Name:";
	struct curl_certinfo *certificates = NULL;
	snprintf(out, capacity, "nobody");
	if (curl_easy_getinfo(slot->curl, CURLINFO_CERTINFO, &certificates) != CURLE_OK || certificates->num_of_certs < 1)
		return;
	for (const struct curl_slist *line = certificates->certinfo[0]; line != NULL; line = line->next)
		if (strncmp(line->data, key, sizeof key - 1) == 0)
			snprintf(out, capacity, "%s", line->data + sizeof key - 1);
	for (char *c = out; *c != '\0'; c++)
		*c = *c >= 0x20 && *c <= 0x7E ? *c : '?';
}

/* "SSL: no alternative certificate subject name matches target host name 'log.example.org'" */
static void tell_mismatch(struct slot *slot)
{
	char names[112], *end = strrchr(slot->details, '\'');
	read_names(slot, names, sizeof names);
	if (end != NULL)
		*end = '\0';
	const char *host = strrchr(slot->details, '\'');
	snprintf(slot->told, sizeof slot->told,
		"its certificate is not believed: it is made out for %s, not for %.100s; ask for it by a name that it has",
		names, host != NULL ? host + 1 : "this one");
}

static void tell_distrust(struct slot *slot)
{
	const char *ca = slot->manner->trust != NULL ? slot->manner->trust : "--ca FILE";
	const char *what = strchr(slot->details, ':');
	what = what != NULL ? what + 2 : "no reason given";
	if (says(slot, "subject name"))
		tell_mismatch(slot);
	else if (says(slot, "expired") || says(slot, "not yet valid"))
		snprintf(slot->told, sizeof slot->told,
			"its certificate is not believed: %.120s; whoever runs it has to renew it, if the clock here is right",
			what);
	else
		snprintf(slot->told, sizeof slot->told, "its certificate is not believed: %.120s; %s says whom to believe",
			what, ca);
}

/* Where libcurl's words leave a person with a riddle. */
static void tell(struct slot *slot)
{
	bool wordless = slot->code == CURLE_GOT_NOTHING || slot->code == CURLE_RECV_ERROR;
	if (end_of(slot) == WEB_DISTRUSTED)
		tell_distrust(slot);
	else if (end_of(slot) == WEB_NO_TLS)
		strcpy(slot->told, "what answers there does not speak TLS; without it the address begins with http://");
	else if (wordless && slot->plain && slot->status == 0)
		snprintf(slot->told, sizeof slot->told, "%.120s; if it speaks TLS, the address begins with https://",
			slot->details[0] != '\0' ? slot->details : curl_easy_strerror(slot->code));
}

/* What a handle tells is taken before it leaves the multi handle, which frees the message. */
static void collect(struct web *web)
{
	int left;
	for (const CURLMsg *message; (message = curl_multi_info_read(web->multi, &left)) != NULL;) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct slot *slot = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
		assert(slot->state == UNDER_WAY);
		slot->code = message->data.result;
		slot->state = ENDED;
		curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &slot->status);
		curl_off_t after_s = 0;
		curl_easy_getinfo(slot->curl, CURLINFO_RETRY_AFTER, &after_s);
		slot->retry_after_s = after_s > 0 ? (uint64_t)after_s : 0;
		tell(slot);
		curl_multi_remove_handle(web->multi, slot->curl); /* and `message` is gone */
	}
}

enum error web_wait(struct web *web, int wake_fd, int timeout_ms)
{
	struct curl_waitfd wake = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};
	int running;
	if (curl_multi_poll(web->multi, &wake, wake_fd >= 0 ? 1 : 0, timeout_ms, NULL) != CURLM_OK)
		return E_IO;
	if (wake.revents != 0)
		return E_CLOSED;
	if (curl_multi_perform(web->multi, &running) != CURLM_OK)
		return E_IO;
	collect(web);
	return E_OK;
}

struct web_answer web_answer(const struct web *web, size_t at)
{
	const struct slot *slot = &web->slots[at];
	const char *why = slot->code == CURLE_PEER_FAILED_VERIFICATION
						  ? "its certificate is not believed; is it the right --ca FILE?"
						  : curl_easy_strerror(slot->code);
	return (struct web_answer){.end = end_of(slot),
		.status = slot->status,
		.retry_after_s = slot->retry_after_s,
		.body = bytes_of(slot->body != NULL ? slot->body : (const uint8_t *)"", slot->len),
		.why = why,
		.details = slot->told[0] != '\0'      ? slot->told
				   : slot->details[0] != '\0' ? slot->details
											  : why};
}

bool web_find_ended(const struct web *web, size_t *at)
{
	for (size_t i = 0; i < web->count; i++)
		if (web->slots[i].state == ENDED) {
			*at = i;
			return true;
		}
	return false;
}

/* ---- addresses ---- */

static void parsed_release(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void text_release(char **text)
{
	curl_free(*text);
}

bool web_is_http(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static size_t without_slashes(const char *text)
{
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == '/')
		len--;
	return len;
}

static char *text_of(CURLU *url)
{
	OWNED(text_release) char *text = NULL;
	return curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK ? shortage_strdup(text) : NULL;
}

/* libcurl escapes what must be: a name in a parameter is never put into an address by hand. */
char *web_url(const char *base, const char *path, const struct web_param *params, size_t count)
{
	OWNED(parsed_release) CURLU *url = new_url();
	OWNED(text_release) char *prefix = NULL;
	char joined[1024];
	char pair[4096];
	if (url == NULL || curl_url_set(url, CURLUPART_URL, base, 0) || curl_url_get(url, CURLUPART_PATH, &prefix, 0))
		return NULL;
	int len = snprintf(joined, sizeof joined, "%.*s%s", (int)without_slashes(prefix), prefix, path);
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
	return text_of(url);
}

/* Other schemes are refused here, so that no option of libcurl decides what may be read. */
char *web_place(const char *place, bool *local)
{
	OWNED(parsed_release) CURLU *url = new_url();
	char path[PATH_MAX];
	bool address = strstr(place, "://") != NULL;
	*local = !address || strncmp(place, "file://", 7) == 0;
	if (url == NULL || (!address && realpath(place, path) == NULL))
		return NULL;
	if (address ? curl_url_set(url, CURLUPART_URL, place, 0)
				: curl_url_set(url, CURLUPART_SCHEME, "file", 0) ||
					  curl_url_set(url, CURLUPART_PATH, path, CURLU_URLENCODE))
		return NULL;
	char *text = text_of(url);
	if (text != NULL)
		text[without_slashes(text)] = '\0';
	if (text != NULL && (*local ? strncmp(text, "file://", 7) != 0 : !web_is_http(text))) {
		free(text);
		text = NULL;
	}
	return text;
}
