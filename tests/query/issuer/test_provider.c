/* When an issuer is asked, and what is said to those who wait: machines under a clock of the test's own. */
#include "query/issuer/provider.h"

#include "query/issuer/client.h"
#include "query/issuer/inquiries.h"
#include "tests/lib/tokens.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR_MS 3600000u

static struct provider provider;
static struct token_key key;

static void begin(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	provider = (struct provider){.config = {.issuer = "https://login.example", .keys_kept_hours = 2}};
	token_key_make(&key, "OKP", 0, "k");
}

static void end(void)
{
	if (provider.keys != NULL)
		key_set_free(provider.keys);
}

/* An attempt that begins now, and gets keys or does not. */
static void attempt(uint64_t now_ms, bool good)
{
	static const struct discovery discovery = {.keys_url = "https://login.example/jwks"};
	struct key_set *keys = NULL, *before;
	provider_begin(&provider, now_ms);
	ck_assert_uint_eq(provider_due(&provider, now_ms + HOUR_MS), UINT32_MAX);
	if (!good) {
		provider_fail(&provider, "away");
		return;
	}
	char *text = token_key_set(&key);
	ck_ok(key_set_read(bytes_text(text), &keys, NULL));
	free(text);
	provider_take_discovery(&provider, &discovery);
	before = provider_take_keys(&provider, keys);
	if (before != NULL)
		key_set_free(before);
}

/* OID-9: an attempt that began after somebody came is the answer to them, and no other. */
START_TEST(who_waits_is_told_by_an_attempt_of_their_own)
{
	begin();
	ck_assert_uint_eq(provider_due(&provider, 1000), 0); /* at the start */
	ck_assert_int_eq(provider_ask(&provider, 1000, 1000), PROVIDER_WILL_BE_ASKED);
	attempt(1000, true);
	ck_assert_int_eq(provider_ask(&provider, 1000, 1010), PROVIDER_SAYS_NO);
	ck_assert_uint_eq(provider_due(&provider, 1010), PROVIDER_REFRESH_MS - 10);
	/* Came after it began: waits for the next, which may not begin too soon. */
	ck_assert_int_eq(provider_ask(&provider, 1001, 1010), PROVIDER_WILL_BE_ASKED);
	ck_assert_uint_eq(provider_due(&provider, 1010), PROVIDER_PACE_MS - 10);
	ck_assert_uint_eq(provider_due(&provider, 1000 + PROVIDER_PACE_MS), 0);
	attempt(6000, true);
	ck_assert_int_eq(provider_ask(&provider, 1001, 6010), PROVIDER_SAYS_NO);
	ck_assert_uint_eq(provider_due(&provider, 6010), PROVIDER_REFRESH_MS - 10); /* nobody waits any more */
	end();
}
END_TEST

/* OID-9, OID-10: however often the file is read, the issuer is asked no sooner, and its keys hold; by other authorities
 * they do not. */
START_TEST(reading_the_file_again_asks_no_sooner)
{
	begin();
	attempt(1000, true);
	for (int same = 0; same <= 1; same++) {
		struct provider next = {.config = provider.config};
		next.config.ca = same ? NULL : "ca.pem";
		provider_follow(&next, &provider);
		ck_assert_uint_eq(provider_due(&next, 1010), PROVIDER_PACE_MS - 10);
		ck_assert_ptr_eq(provider_keys(&next, 1010), same ? provider.keys : NULL);
		ck_assert_str_eq(next.discovery.keys_url, same ? "https://login.example/jwks" : "");
		ck_assert_int_eq(provider_ask(&next, 1001, 1010), PROVIDER_WILL_BE_ASKED);
		if (next.keys != NULL)
			key_set_free(next.keys);
	}
	end();
}
END_TEST

/* OID-10 */
START_TEST(an_issuer_that_is_away_says_nothing)
{
	begin();
	ck_assert_ptr_null(provider_keys(&provider, 1000));
	attempt(1000, true);
	ck_assert_ptr_nonnull(provider_keys(&provider, 1000));
	attempt(400000, false);
	ck_assert_ptr_nonnull(provider_keys(&provider, 400000)); /* its keys hold */
	ck_assert_int_eq(provider_ask(&provider, 399999, 400001), PROVIDER_UNREACHABLE);
	ck_assert_int_eq(provider_ask(&provider, 400002, 400003), PROVIDER_UNREACHABLE); /* just tried */
	ck_assert_uint_eq(provider_due(&provider, 400003), PROVIDER_RETRY_MS - 3);
	ck_assert_int_eq(provider_ask(&provider, 406000, 406000), PROVIDER_WILL_BE_ASKED);
	ck_assert_uint_eq(provider_due(&provider, 406000), 0);
	attempt(406000, false);
	ck_assert_int_eq(provider_ask(&provider, 406000, 406001), PROVIDER_UNREACHABLE);
	ck_assert_ptr_nonnull(provider_keys(&provider, 1000 + 2 * HOUR_MS));
	ck_assert_ptr_null(provider_keys(&provider, 1001 + 2 * HOUR_MS)); /* too old */
	attempt(1001 + 2 * HOUR_MS, true);
	ck_assert_ptr_nonnull(provider_keys(&provider, 1001 + 2 * HOUR_MS));
	end();
}
END_TEST

/* OID-2: what a discovery document may name. */
START_TEST(discovery_is_held_against_the_issuer)
{
	static const struct {
		const char *document;
		const char *says; /* NULL: good */
	} cases[] = {{"{\"issuer\":\"https://login.example\",\"jwks_uri\":\"https://keys.example/k?a\"}", NULL},
		{"{\"issuer\":\"https://login.example/\",\"jwks_uri\":\"https://keys.example/k\"}",
			"letter for letter: one of them ends in '/'"},
		{"{\"issuer\":\"https://login.examples\",\"jwks_uri\":\"https://keys.example/k\"}", "letter for letter"},
		{"{\"jwks_uri\":\"https://keys.example/k\"}", "letter for letter"},
		{"{\"issuer\":\"https://login.example\"}", "jwks_uri"},
		{"{\"issuer\":\"https://login.example\",\"jwks_uri\":\"http://127.0.0.1/k\"}", "jwks_uri"},
		{"{\"issuer\":\"https://login.example\",\"jwks_uri\":\"file:///etc/passwd\"}", "jwks_uri"},
		{"{\"issuer\":\"https://login.example\",\"jwks_uri\":[\"https://x.example\"]}", "jwks_uri"},
		{"{\"issuer\":\"https://login.example\",\"jwks_uri\":\"https://k.example\",\"introspection_endpoint\":\"http://"
		 "x.example\"}",
			"introspection_endpoint"},
		{"{\"issuer\":\"https://login.example\",\"issuer\":\"https://login.example\",\"jwks_uri\":\"https://"
		 "k.example\"}",
			"twice"},
		{"<html>", "JSON"}, {"", "JSON"}};
	begin();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct discovery out;
		struct fault fault = {.text = ""};
		enum error error = discovery_read(&provider.config, bytes_text(cases[i].document), &out, &fault);
		ck_assert_int_eq(error, cases[i].says == NULL ? E_OK : E_BAD_VALUE);
		ck_assert_msg(cases[i].says == NULL || strstr(fault.text, cases[i].says) != NULL, "%s", fault.text);
	}
	char url[ISSUER_BYTES_MAX + 40];
	provider.config.issuer = "https://login.example/realms/a/";
	discovery_url(&provider.config, url);
	ck_assert_str_eq(url, "https://login.example/realms/a/.well-known/openid-configuration");
	end();
}
END_TEST

/* OID-8: one question for all who show one token, and an answer for a while. */
START_TEST(a_token_is_asked_about_once)
{
	static struct inquiries inquiries;
	const struct identity who = {.id = "cpr:0101701234", .expires_s = 100};
	struct identity out;
	struct fault fault;
	bool asks;
	begin();
	inquiries_init(&inquiries);
	ck_error(inquiries_look(&inquiries, "token", 1000, 10, &out, &asks, &fault), E_PENDING);
	ck_assert(asks);
	ck_error(inquiries_look(&inquiries, "token", 1001, 10, &out, &asks, &fault), E_PENDING);
	ck_assert(!asks);
	struct inquiry *inquiry = inquiries_next(&inquiries);
	char *text = inquiry_begin(inquiry, 1002);
	ck_assert_str_eq(text, "token");
	free(text);
	ck_assert_ptr_null(inquiries_next(&inquiries));
	ck_error(inquiries_look(&inquiries, "token", 1003, 10, &out, &asks, &fault), E_PENDING);
	inquiry_know(inquiry, E_OK, &who, NULL);
	ck_ok(inquiries_look(&inquiries, "token", 1002 + INQUIRY_KEPT_MS, 99, &out, &asks, &fault));
	ck_assert_str_eq(out.id, who.id);
	ck_error(inquiries_look(&inquiries, "tokem", 1004, 10, &out, &asks, &fault), E_PENDING); /* another one */
	/* Neither too long nor beyond its end. */
	ck_error(inquiries_look(&inquiries, "token", 1003 + INQUIRY_KEPT_MS, 99, &out, &asks, &fault), E_PENDING);
	inquiry_know((free(inquiry_begin(inquiry, 1)), inquiry), E_OK, &who, NULL);
	ck_error(inquiries_look(&inquiries, "token", 2, 100, &out, &asks, &fault), E_PENDING);
	inquiry_fail(inquiry, 50000, "");
	ck_error(inquiries_look(&inquiries, "token", 50001, 10, &out, &asks, &fault), E_ISSUER);
	ck_assert(!asks);
	ck_error(inquiries_look(&inquiries, "token", 50001 + INQUIRY_PACE_MS, 10, &out, &asks, &fault), E_PENDING);
	inquiries_clear(&inquiries);
	end();
}
END_TEST

/* However many come, what is under way is not pushed out, and what is known is. */
START_TEST(the_table_has_an_end)
{
	static struct inquiries inquiries;
	struct identity out;
	struct fault fault;
	bool asks;
	char token[16];
	inquiries_init(&inquiries);
	for (unsigned i = 0; i < INQUIRIES_MAX; i++) {
		snprintf(token, sizeof token, "t%u", i);
		ck_error(inquiries_look(&inquiries, token, 1000 + i, 1, &out, &asks, &fault), E_PENDING);
	}
	ck_error(inquiries_look(&inquiries, "one more", 2000, 1, &out, &asks, &fault), E_ISSUER);
	struct inquiry *first = inquiries_next(&inquiries);
	free(inquiry_begin(first, 2000));
	const struct fault no = {.text = "no"};
	inquiry_know(first, E_TOKEN, NULL, &no);
	ck_error(inquiries_look(&inquiries, "t0", 2001, 1, &out, &asks, &fault), E_TOKEN);
	ck_assert_str_eq(fault.text, "no");
	ck_error(inquiries_look(&inquiries, "one more", 2001, 1, &out, &asks, &fault), E_PENDING);
	ck_error(inquiries_look(&inquiries, "t0", 2001, 1, &out, &asks, &fault), E_ISSUER);
	inquiries_clear(&inquiries);
}
END_TEST

/* OID-9: whoever comes behind many that an issuer lets hang is told so, and not only after all of them. */
START_TEST(nobody_waits_for_all_who_came_before)
{
	static struct inquiries inquiries;
	struct identity out;
	struct fault fault;
	bool asks;
	inquiries_init(&inquiries);
	ck_error(inquiries_look(&inquiries, "asked", 1000, 1, &out, &asks, &fault), E_PENDING);
	free(inquiry_begin(inquiries_next(&inquiries), 1000));
	ck_error(inquiries_look(&inquiries, "first", 1000, 1, &out, &asks, &fault), E_PENDING);
	ck_error(inquiries_look(&inquiries, "later", 1001, 1, &out, &asks, &fault), E_PENDING);
	ck_assert(!inquiries_expire(&inquiries, 1000 + INQUIRY_WAIT_MS));
	ck_assert(inquiries_expire(&inquiries, 1001 + INQUIRY_WAIT_MS));
	ck_error(inquiries_look(&inquiries, "first", 1001 + INQUIRY_WAIT_MS, 1, &out, &asks, &fault), E_ISSUER);
	ck_error(inquiries_look(&inquiries, "later", 1001 + INQUIRY_WAIT_MS, 1, &out, &asks, &fault), E_PENDING);
	ck_error(inquiries_look(&inquiries, "asked", 1001 + INQUIRY_WAIT_MS, 1, &out, &asks, &fault), E_PENDING);
	ck_assert(!asks);
	inquiries_clear(&inquiries);
}
END_TEST

static enum error read_client(const char *content, unsigned mode, char **out, struct fault *fault)
{
	char path[] = "/tmp/indsigt-client-XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	enum error error = client_read(path, out, fault);
	unlink(path);
	return error;
}

START_TEST(the_client_shows_itself)
{
	char *header = NULL;
	struct fault fault = {.text = ""};
	ck_ok(read_client("{\"client_id\":\"led:ger\",\"client_secret\":\"a b%\"}", 0600, &header, &fault));
	ck_assert_str_eq(header, "Authorization: Basic bGVkJTNBZ2VyOmElMjBiJTI1"); /* led%3Ager:a%20b%25 */
	client_release(&header);
	ck_error(read_client("{\"client_id\":\"a\",\"client_secret\":\"b\"}", 0640, &header, &fault), E_PERMISSION);
	ck_error(read_client("{\"client_id\":\"a\"}", 0600, &header, &fault), E_BAD_VALUE);
	ck_error(read_client("{\"client_id\":\"a\",\"client_secret\":\"b\",\"x\":1}", 0600, &header, &fault), E_BAD_VALUE);
	ck_error(read_client("secret", 0600, &header, &fault), E_BAD_JSON);
	ck_assert_ptr_null(strstr(fault.text, "secret"));
	char *body = client_question("a+b/c=");
	ck_assert_str_eq(body, "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
	free(body);
}
END_TEST

UNIT_MAIN("provider", who_waits_is_told_by_an_attempt_of_their_own, reading_the_file_again_asks_no_sooner,
	an_issuer_that_is_away_says_nothing, discovery_is_held_against_the_issuer, a_token_is_asked_about_once,
	the_table_has_an_end, nobody_waits_for_all_who_came_before, the_client_shows_itself)
