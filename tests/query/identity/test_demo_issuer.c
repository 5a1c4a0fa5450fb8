#include "query/identity/demo_issuer.h"
#include "query/identity/identity.h"
#include "tests/lib/fixture.h"
#include "tests/lib/tokens.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1795392000u

static const struct demo_issuer issuer = {.name = "indsigt-demo/log.example", .key = {{1, 2, 3}}};

static struct identity identity_of(const char *subject, enum role role)
{
	struct identity identity = {.role = role, .expires_s = NOW + 3600};
	strcpy(identity.id, subject);
	strcpy(identity.assurance, "high");
	if (role == ROLE_AUTHORITY)
		strcpy(identity.organisation, "cvr:55133018");
	return identity;
}

static const struct issuers issuers = {.demo = &issuer};

static enum error show(const char *token, uint64_t now_s, struct identity *out, struct fault *fault)
{
	const struct presented presented = {.token = token, .case_reference = "2026-17"};
	return identity_show(&issuers, &presented, now_s, out, fault);
}

/* A token as anybody could make it: `payload` as claims under a key. To be freed. */
static char *forge(const char *payload, const char *algorithm, const uint8_t *key, size_t key_len)
{
	char header[64];
	snprintf(header, sizeof header, "{\"alg\":\"%s\"}", algorithm);
	return token_make_hs256(key, key_len, header, payload);
}

static void check_refused(const char *token, enum error error, const char *says)
{
	struct identity out = {.id = "untouched"};
	struct fault fault = {0};
	ck_error(show(token, NOW, &out, &fault), error);
	ck_assert_msg(strstr(fault.text, says), "%s", fault.text);
	ck_assert_ptr_null(strstr(fault.text, "0101701234"));
	ck_assert_str_eq(out.id, "untouched");
}

START_TEST(a_token_comes_back_as_given)
{
	for (enum role role = ROLE_SUBJECT; role <= ROLE_SUPERVISOR; role++) {
		char text[TOKEN_TEXT_MAX + 1];
		struct identity identity = identity_of("cpr:0101701234", role);
		struct identity out;
		ck_ok(demo_issue(&issuer, &identity, NOW, text));
		ck_ok(show(text, NOW, &out, NULL));
		ck_assert_str_eq(out.id, "cpr:0101701234");
		ck_assert_int_eq(out.role, role);
		ck_assert_str_eq(out.issuer, "indsigt-demo/log.example");
		ck_assert_str_eq(out.organisation, identity.organisation);
		ck_assert_str_eq(out.case_reference, role == ROLE_SUPERVISOR ? "2026-17" : "");
		ck_assert_str_eq(out.assurance, "high");
		ck_assert_uint_eq(out.expires_s, NOW + 3600);
		ck_ok(show(text, NOW + 3599, &out, NULL));
		ck_error(show(text, NOW + 3600, &out, NULL), E_TOKEN);
	}
}
END_TEST

/* HTTP-12: what a token claims. */
START_TEST(bad_claims_are_refused)
{
#define REST "\"role\":\"subject\",\"iat\":1795392000,\"exp\":1795395600"
#define WHO "\"iss\":\"indsigt-demo/log.example\",\"sub\":\"cpr:0101701234\""
	static const struct {
		const char *payload;
		const char *says;
		enum error error;
	} cases[] = {
		{"{\"sub\":\"cpr:0101701234\"," REST "}", "not believed", E_TOKEN},
		{"{\"iss\":\"https://example.dk\",\"sub\":\"cpr:0101701234\"," REST "}", "not believed", E_TOKEN},
		{"{\"iss\":7,\"sub\":\"cpr:0101701234\"," REST "}", "not believed", E_TOKEN},
		{"{\"iss\":\"indsigt-demo/log.example\"," REST "}", "canonical", E_FORBIDDEN},
		{"{\"iss\":\"indsigt-demo/log.example\",\"sub\":\"cpr:010170-1234\"," REST "}", "canonical", E_FORBIDDEN},
		{"{\"iss\":\"indsigt-demo/log.example\",\"sub\":\"\"," REST "}", "canonical", E_FORBIDDEN},
		{"{\"iss\":\"indsigt-demo/log.example\",\"sub\":[\"cpr:0101701234\"]," REST "}", "canonical", E_FORBIDDEN},
		{"{" WHO ",\"role\":\"admin\",\"iat\":1795392000,\"exp\":1795395600}", "role", E_FORBIDDEN},
		{"{" WHO ",\"iat\":1795392000,\"exp\":1795395600}", "role", E_FORBIDDEN},
		{"{" WHO ",\"role\":\"subject\",\"exp\":1795395600}", "iat", E_TOKEN},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000}", "exp", E_TOKEN},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000,\"exp\":\"1795395600\"}", "exp", E_TOKEN},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000,\"exp\":1795395600.5}", "exp", E_TOKEN},
		{"{" WHO ",\"role\":\"subject\",\"iat\":-1,\"exp\":1795395600}", "iat", E_TOKEN},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000,\"exp\":1795392000}", "expired", E_TOKEN},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392061,\"exp\":1795395600}", "not valid yet", E_TOKEN},
		{"{" WHO "," REST ",\"nbf\":1795392061}", "not valid yet", E_TOKEN},
		{"{" WHO "," REST ",\"nbf\":\"soon\"}", "nbf", E_TOKEN},
		{"{" WHO "," REST ",\"acr\":3}", "acr", E_FORBIDDEN},
		{"{" WHO ",\"role\":\"authority\",\"iat\":1795392000,\"exp\":1795395600}", "org", E_FORBIDDEN},
		{"{" WHO ",\"role\":\"authority\",\"org\":\"Aarhus\",\"iat\":1795392000,\"exp\":1795395600}", "org",
			E_FORBIDDEN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *token = forge(cases[i].payload, "HS256", issuer.key.b, 32);
		check_refused(token, cases[i].error, cases[i].says);
		free(token);
	}
	struct identity out;
	char *good = forge("{" WHO "," REST ",\"nbf\":1795392060}", "HS256", issuer.key.b, 32);
	ck_ok(show(good, NOW, &out, NULL));
	free(good);
}
END_TEST

/* HTTP-12: how it is signed. */
START_TEST(bad_signatures_are_refused)
{
	static const uint8_t other_key[32] = {9};
	static const char payload[] = "{" WHO "," REST "}";
	struct token_key no_key = {.kid = ""};
	char *none = token_make(&no_key, "none", "{\"alg\":\"none\"}", payload);
	char *other = forge(payload, "HS256", other_key, 32);
	char *longer = forge(payload, "HS512", issuer.key.b, 32);
	char *rsa = forge(payload, "RS256", issuer.key.b, 32);
	check_refused(none, E_TOKEN, "alg");
	check_refused(other, E_TOKEN, "not signed");
	check_refused(longer, E_TOKEN, "alg");
	check_refused(rsa, E_TOKEN, "another algorithm");
	free(none);
	free(other);
	free(longer);
	free(rsa);
	check_refused("", E_TOKEN, "three parts");
	check_refused("..", E_TOKEN, "header");
	check_refused("not a token at all", E_TOKEN, "three parts");
	char long_text[TOKEN_TEXT_MAX + 2];
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	check_refused(long_text, E_TOKEN, "longer than 8192");
}
END_TEST

/* No character of a token can be changed for another that stands for other bits. */
START_TEST(no_character_can_be_changed)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char text[TOKEN_TEXT_MAX + 1];
	struct identity identity = identity_of("cpr:0101701234", ROLE_SUBJECT);
	struct identity out;
	ck_ok(demo_issue(&issuer, &identity, NOW, text));
	for (size_t i = 0; text[i]; i++) {
		char kept = text[i];
		const char *at = strchr(alphabet, kept);
		text[i] = at ? alphabet[(size_t)(at - alphabet) ^ 32] : 'A';
		ck_error(show(text, NOW, &out, NULL), E_TOKEN);
		text[i] = kept;
	}
	ck_ok(show(text, NOW, &out, NULL));
}
END_TEST

START_TEST(the_key_file_is_guarded)
{
	struct fixture fixture;
	struct demo_issuer first;
	struct demo_issuer second;
	struct fault fault = {0};
	struct stat status;
	char path[128];
	fixture_make(&fixture);
	ck_error(demo_issuer_open(fixture.dir, false, &first, &fault), E_NOT_FOUND);
	ck_ok(demo_issuer_open(fixture.dir, true, &first, &fault));
	ck_assert_str_eq(first.name, "indsigt-demo/" FIXTURE_ORIGIN);
	ck_ok(demo_issuer_open(fixture.dir, true, &second, &fault));
	ck_assert_mem_eq(first.key.b, second.key.b, 32);
	snprintf(path, sizeof path, "%s/keys/token", fixture.dir);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_error(demo_issuer_open(fixture.dir, true, &first, &fault), E_PERMISSION);
	fixture_remove(&fixture);
}
END_TEST

UNIT_MAIN("demo_issuer", a_token_comes_back_as_given, bad_claims_are_refused, bad_signatures_are_refused,
	no_character_can_be_changed, the_key_file_is_guarded)
