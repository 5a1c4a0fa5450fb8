/* Asking again after what went wrong, as the thread does that checks how events are filed. */
#include "ingest/net/fetch.h"

#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <curl/curl.h>
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

START_TEST(a_wait_that_fails_is_no_end)
{
	struct fault fault = {.text = ""};
	struct fetch *fetch;
	struct bytes text;
	char url[64];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* which answers nobody */
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(address.sin_port));
	ck_ok(fetch_open(url, NULL, &fetch, &fault));
	for (fails = 3; fails > 0;)
		ck_error(fetch_text(fetch, "/v1/coverage", NULL, 0, &text, &fault), E_IO);
	close(listener); /* refused: also that it is asked again */
	ck_error(fetch_text(fetch, "/v1/coverage", NULL, 0, &text, &fault), E_IO);
	fetch_close(fetch);
}
END_TEST

UNIT_MAIN("fetch", a_wait_that_fails_is_no_end)
