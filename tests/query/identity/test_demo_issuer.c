#include "query/identity/demo_issuer.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <jwt.h>
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

/* A token as anybody could make it: `payload` as claims under an algorithm and key. To be freed. */
static char *forge(const char *payload, jwt_alg_t algorithm, const uint8_t *key, int key_len)
{
	jwt_t *jwt = NULL;
	ck_assert_int_eq(jwt_new(&jwt), 0);
	ck_assert_int_eq(jwt_add_grants_json(jwt, payload), 0);
	ck_assert_int_eq(jwt_set_alg(jwt, algorithm, key, key_len), 0);
	char *text = jwt_encode_str(jwt);
	ck_assert_ptr_nonnull(text);
	jwt_free(jwt);
	return text;
}

static void check_refused(const char *token, const char *says)
{
	struct identity out = {.id = "untouched"};
	struct fault fault = {0};
	ck_error(demo_verify(&issuer, token, NOW, &out, &fault), E_TOKEN);
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
		ck_ok(demo_verify(&issuer, text, NOW, &out, NULL));
		ck_assert_str_eq(out.id, "cpr:0101701234");
		ck_assert_int_eq(out.role, role);
		ck_assert_str_eq(out.issuer, "indsigt-demo/log.example");
		ck_assert_str_eq(out.organisation, identity.organisation);
		ck_assert_str_eq(out.case_reference, "");
		ck_assert_str_eq(out.assurance, "high");
		ck_assert_uint_eq(out.expires_s, NOW + 3600);
		ck_ok(demo_verify(&issuer, text, NOW + 3599, &out, NULL));
		ck_error(demo_verify(&issuer, text, NOW + 3600, &out, NULL), E_TOKEN);
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
	} cases[] = {
		{"{\"sub\":\"cpr:0101701234\"," REST "}", "another issuer"},
		{"{\"iss\":\"https://example.dk\",\"sub\":\"cpr:0101701234\"," REST "}", "another issuer"},
		{"{\"iss\":7,\"sub\":\"cpr:0101701234\"," REST "}", "another issuer"},
		{"{\"iss\":\"indsigt-demo/log.example\"," REST "}", "canonical"},
		{"{\"iss\":\"indsigt-demo/log.example\",\"sub\":\"cpr:010170-1234\"," REST "}", "canonical"},
		{"{\"iss\":\"indsigt-demo/log.example\",\"sub\":\"\"," REST "}", "canonical"},
		{"{\"iss\":\"indsigt-demo/log.example\",\"sub\":[\"cpr:0101701234\"]," REST "}", "canonical"},
		{"{" WHO ",\"role\":\"admin\",\"iat\":1795392000,\"exp\":1795395600}", "role"},
		{"{" WHO ",\"iat\":1795392000,\"exp\":1795395600}", "role"},
		{"{" WHO ",\"role\":\"subject\",\"exp\":1795395600}", "iat"},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000}", "exp"},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000,\"exp\":\"1795395600\"}", "exp"},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000,\"exp\":1795395600.5}", "exp"},
		{"{" WHO ",\"role\":\"subject\",\"iat\":-1,\"exp\":1795395600}", "iat"},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392000,\"exp\":1795392000}", "expired"},
		{"{" WHO ",\"role\":\"subject\",\"iat\":1795392061,\"exp\":1795395600}", "not valid yet"},
		{"{" WHO "," REST ",\"nbf\":1795392061}", "not valid yet"},
		{"{" WHO "," REST ",\"nbf\":\"soon\"}", "nbf"},
		{"{" WHO "," REST ",\"acr\":3}", "acr"},
		{"{" WHO ",\"role\":\"authority\",\"iat\":1795392000,\"exp\":1795395600}", "org"},
		{"{" WHO ",\"role\":\"authority\",\"org\":\"Aarhus\",\"iat\":1795392000,\"exp\":1795395600}", "org"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *token = forge(cases[i].payload, JWT_ALG_HS256, issuer.key.b, 32);
		check_refused(token, cases[i].says);
		free(token);
	}
	struct identity out;
	char *good = forge("{" WHO "," REST ",\"nbf\":1795392060}", JWT_ALG_HS256, issuer.key.b, 32);
	ck_ok(demo_verify(&issuer, good, NOW, &out, NULL));
	free(good);
}
END_TEST

/* HTTP-12: how it is signed. */
START_TEST(bad_signatures_are_refused)
{
	static const uint8_t other_key[32] = {9};
	static const char payload[] = "{" WHO "," REST "}";
	char *none = forge(payload, JWT_ALG_NONE, NULL, 0);
	char *other = forge(payload, JWT_ALG_HS256, other_key, 32);
	char *longer = forge(payload, JWT_ALG_HS512, issuer.key.b, 32);
	char *middle = forge(payload, JWT_ALG_HS384, issuer.key.b, 32);
	check_refused(none, "malformed or not signed");
	check_refused(other, "malformed or not signed");
	check_refused(longer, "another algorithm");
	check_refused(middle, "another algorithm");
	free(none);
	free(other);
	free(longer);
	free(middle);
	check_refused("", "malformed");
	check_refused("..", "malformed");
	check_refused("not a token at all", "malformed");
	char long_text[TOKEN_TEXT_MAX + 2];
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	check_refused(long_text, "longer than 4096");
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
		ck_error(demo_verify(&issuer, text, NOW, &out, NULL), E_TOKEN);
		text[i] = kept;
	}
	ck_ok(demo_verify(&issuer, text, NOW, &out, NULL));
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
