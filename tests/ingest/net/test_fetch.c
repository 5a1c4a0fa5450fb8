/* Asking again after what went wrong, as the thread does that checks how events are filed. */
#include "ingest/net/fetch.h"

#include "ledger/base/shortage.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fails; /* so many times there is no memory to wait with */

CURLMcode __real_curl_multi_poll(CURLM *multi, struct curl_waitfd *more, unsigned count, int timeout_ms, int *ready);
CURLMcode __wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd *more, unsigned count, int timeout_ms, int *ready);
CURLMcode __wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd *more, unsigned count, int timeout_ms, int *ready)
{
	if (fails == 0)
		return __real_curl_multi_poll(multi, more, count, timeout_ms, ready);
	fails--;
	return CURLM_OUT_OF_MEMORY;
}

/* On a port of its own, which `url` is told. */
static int listen_here(char *url, size_t max)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	snprintf(url, max, "http://127.0.0.1:%u", ntohs(address.sin_port));
	return listener;
}

START_TEST(a_wait_that_fails_is_no_end)
{
	struct fault fault = {.text = ""};
	struct fetch *fetch;
	struct bytes text;
	char url[64];
	int listener = listen_here(url, sizeof url); /* which answers nobody */
	ck_ok(fetch_open(url, NULL, &fetch, &fault));
	for (fails = 3; fails > 0;)
		ck_error(fetch_text(fetch, "/v1/coverage", NULL, 0, &text, &fault), E_IO);
	close(listener); /* refused: also that it is asked again */
	ck_error(fetch_text(fetch, "/v1/coverage", NULL, 0, &text, &fault), E_IO);
	fetch_close(fetch);
}
END_TEST

static unsigned left; /* of jansson's allocations, until one fails */

static void *allocate_json(size_t size)
{
	if (left > 0 && --left == 0)
		scarce_at(1);
	return shortage_malloc(size);
}

static void *refuse_each(void *context)
{
	static const char body[] = "{\"title\":\"Forbidden\",\"detail\":\"only for supervisors\"}";
	const int *listener = context;
	for (int fd; (fd = accept(*listener, NULL, NULL)) >= 0; close(fd)) {
		char question[4096];
		if (read(fd, question, sizeof question) > 0)
			dprintf(
				fd, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	}
	return NULL;
}

/* The reason stands in it, or there was no memory to read it. */
START_TEST(a_refusal_has_its_reason)
{
	struct fault fault = {.text = ""};
	struct fetch *fetch;
	struct bytes text;
	char url[64];
	bool all = false;
	pthread_t thread;
	int listener = listen_here(url, sizeof url);
	ck_assert_int_eq(pthread_create(&thread, NULL, refuse_each, &listener), 0);
	ck_ok(fetch_open(url, NULL, &fetch, &fault));
	json_set_alloc_funcs(allocate_json, shortage_free);
	for (unsigned number = 1; !all; number++) {
		scarce_at(0);
		left = number;
		enum error error = fetch_text(fetch, "/v1/coverage", NULL, 0, &text, &fault);
		all = !scarce_end();
		left = 0;
		ck_assert_msg(error == (all ? E_FORBIDDEN : E_NO_MEMORY), "allocation %u: %s", number, fault.text);
		ck_assert((strstr(fault.text, "only for supervisors") != NULL) == all);
	}
	fetch_close(fetch);
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
}
END_TEST

UNIT_MAIN("fetch", a_wait_that_fails_is_no_end, a_refusal_has_its_reason)
