/* Who is believed: asked of libcurl, whose built-in places (a file and a folder) are the system's. */
#include "ingest/net/web.h"
#include "tests/lib/unit.h"

#include <curl/curl.h>
#include <stdarg.h>

static const char *file, *folder, *proxy; /* of the question that was begun last */
static const char systems[] = "the system's";

#undef curl_easy_setopt
CURLcode __real_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	va_list arguments;
	va_start(arguments, option);
	void *value = va_arg(arguments, void *);
	va_end(arguments);
	if (option == CURLOPT_CAINFO)
		file = value;
	if (option == CURLOPT_CAPATH)
		folder = value;
	if (option == CURLOPT_PROXY)
		proxy = value;
	return __real_curl_easy_setopt(curl, option, value);
}

static void ask(const char *ca)
{
	static const struct web_manner manner = {.seconds = 1};
	OWNED(web_release) struct web *web = NULL;
	file = folder = systems;
	ck_assert_int_eq(web_open(&manner, 1, &web), E_OK);
	ck_assert_int_eq(web_begin(web, 0, &(struct web_question){.url = "https://127.0.0.1:1/", .ca = ca}), E_OK);
}

/* TLS-12, NTF-2: nobody beside those who are named. */
START_TEST(who_is_named_is_believed_alone)
{
	struct fault fault;
	ask(NULL);
	ck_assert_str_eq(file, systems);
	ck_assert_str_eq(folder, systems);
	ask("/issuer.pem");
	ck_assert_str_eq(file, "/issuer.pem");
	ck_assert_ptr_null(folder);
	ck_assert_int_eq(web_take_ca(NULL, "/dev/null", &fault), E_OK);
	ask(NULL);
	ck_assert_str_eq(file, "/dev/null");
	ck_assert_ptr_null(folder);
	ask("/issuer.pem");
	ck_assert_str_eq(file, "/issuer.pem");
	ck_assert_ptr_null(folder);
}
END_TEST

/* What is not encrypted stays on this machine, also where the environment names a proxy; what is may go through one. */
START_TEST(nothing_private_goes_through_a_proxy_in_the_clear)
{
	static const struct web_manner manner = {.seconds = 1, .private = true};
	static const char *const urls[] = {"http://127.0.0.1:1/", "HTTP://localhost:1/", "https://127.0.0.1:1/"};
	OWNED(web_release) struct web *web = NULL;
	ck_assert_int_eq(web_open(&manner, 3, &web), E_OK);
	for (size_t i = 0; i < 3; i++) {
		proxy = systems;
		ck_assert_int_eq(web_begin(web, i, &(struct web_question){.url = urls[i]}), E_OK);
		ck_assert_str_eq(proxy, i < 2 ? "" : systems);
	}
}
END_TEST

UNIT_MAIN("web", who_is_named_is_believed_alone, nothing_private_goes_through_a_proxy_in_the_clear)
