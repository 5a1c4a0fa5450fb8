/* From a token's text to who is asking: every rule, by tokens that anybody could make. */
#include "query/claims/claims.h"

#include "ledger/base/shortage.h"
#include "query/token/key_set.h"
#include "tests/lib/tokens.h"
#include "tests/lib/unit.h"

#include <sodium.h>
#include <stdlib.h>

#define NOW 1795392000u

#define CONFIG                                                                                                    \
	"{\"issuers\":[{\"issuer\":\"https://login.example\",\"audiences\":[\"https://"                               \
	"log.example\"],\"parties\":[\"page\"],"                                                                      \
	"\"person\":{\"claim\":[\"dk\",\"cpr\"],\"prefix\":\"cpr:\"},\"organisation\":{\"claim\":\"cvr\",\"prefix\":" \
	"\"cvr:\"},"                                                                                                  \
	"\"role\":{\"claim\":\"roles\",\"values\":{\"revisor\":\"auditor\",\"tilsyn\":\"supervisor\",\"kommune\":"    \
	"\"authority\"}},"                                                                                            \
	"\"assurance\":{\"required\":{\"subject\":[\"substantial\",\"high\"],\"auditor\":[\"high\"]}}}]}"

static struct token_key rsa, ec, ed, other, small, p384;
static struct issuer_config configs[ISSUERS_MAX];

static struct key_set *set_of(const char *text)
{
	struct key_set *set = NULL;
	struct fault fault = {.text = ""};
	enum error error = key_set_read(bytes_text(text), &set, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	return set;
}

static void begin(void)
{
	struct fault fault = {.text = ""};
	size_t count;
	ck_assert_int_ge(sodium_init(), 0);
	token_key_make(&rsa, "RSA", 2048, "rsa");
	token_key_make(&other, "RSA", 2048, "rsa");
	token_key_make(&small, "RSA", 1024, "small");
	token_key_make(&ec, "EC", 0, "ec");
	token_key_make(&p384, "P-384", 0, "p384");
	token_key_make(&ed, "OKP", 0, "ed");
	enum error error = issuer_config_read(bytes_text(CONFIG), configs, &count, &fault);
	ck_assert_msg(error == E_OK && count == 1, "%s", fault.text);
}

static void end(void)
{
	issuer_config_release(&configs[0]);
	struct token_key *const keys[] = {&rsa, &other, &small, &ec, &p384, &ed};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		token_key_free(keys[i]);
}

/* All keys but `other`, which pretends to be `rsa`. */
static struct key_set *all_keys(void)
{
	char text[8192], *jwks[] = {token_jwk(&rsa, "\"use\":\"sig\","), token_jwk(&ec, ""),
						 token_jwk(&ed, "\"alg\":\"EdDSA\","), token_jwk(&small, ""), token_jwk(&p384, "")};
	snprintf(text, sizeof text, "{\"keys\":[%s,%s,%s,%s,%s]}", jwks[0], jwks[1], jwks[2], jwks[3], jwks[4]);
	for (size_t i = 0; i < 5; i++)
		free(jwks[i]);
	return set_of(text);
}

#define GOOD                                                          \
	"{\"iss\":\"https://login.example\",\"aud\":\"https://"           \
	"log.example\",\"azp\":\"page\",\"sub\":\"u1\",\"acr\":\"high\"," \
	"\"dk\":{\"cpr\":\"0101701234\"},\"iat\":1795392000,\"exp\":1795395600}"

/* As queryd does it, in one piece. Takes the token. */
static enum error judge(char *token, struct identity *out, struct fault *fault)
{
	struct key_set *keys = all_keys();
	struct jws jws;
	enum error error = jws_read(token, &jws, fault);
	if (error == E_OK) {
		error = key_set_verify(keys, &jws, fault);
		error = error ?: claims_show(&configs[0], jws.claims, CLAIMS_OF_TOKEN, NOW, out, fault);
		jws_release(&jws);
	}
	key_set_free(keys);
	free(token);
	return error;
}

static void check_refused(char *token, enum error error, const char *says)
{
	struct identity out = {.id = "untouched"};
	struct fault fault = {.text = ""};
	ck_error(judge(token, &out, &fault), error);
	ck_assert_msg(strstr(fault.text, says) != NULL, "'%s' for '%s'", fault.text, says);
	ck_assert_ptr_null(strstr(fault.text, "0101701234"));
	ck_assert_str_eq(out.id, "untouched");
}

/* OID-3, OID-4: each algorithm, and every spelling of the type. */
START_TEST(good_tokens_show_who_asks)
{
	begin();
	const struct {
		const struct token_key *key;
		const char *alg;
		const char *header;
	} cases[] = {{&rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}"},
		{&rsa, "PS256", "{\"alg\":\"PS256\",\"kid\":\"rsa\",\"typ\":\"at+jwt\"}"},
		{&ec, "ES256", "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"application/AT+JWT\"}"},
		{&ed, "EdDSA", "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}"},
		{&ed, "EdDSA", "{\"alg\":\"EdDSA\",\"typ\":\"jwt\",\"jku\":\"https://evil.example\",\"jwk\":{}}"},
		{&ec, "ES256", "{\"alg\":\"ES256\"}"}}; /* the only key of its kind */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct identity out;
		struct fault fault = {.text = ""};
		enum error error = judge(token_make(cases[i].key, cases[i].alg, cases[i].header, GOOD), &out, &fault);
		ck_assert_msg(error == E_OK, "%zu: %s %s", i, error_name(error), fault.text);
		ck_assert_str_eq(out.id, "cpr:0101701234");
		ck_assert_int_eq(out.role, ROLE_SUBJECT);
		ck_assert_str_eq(out.issuer, "https://login.example");
		ck_assert_str_eq(out.assurance, "high");
		ck_assert_uint_eq(out.expires_s, 1795395600);
	}
	end();
}
END_TEST

/* OID-3: the header. */
START_TEST(bad_headers_are_refused)
{
	begin();
	const struct {
		const char *header;
		const char *says;
	} cases[] = {{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"exp\"],\"exp\":1}", "crit"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[]}", "crit"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"logout+jwt\"}", "typ"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":7}", "typ"}, {"{\"alg\":\"RS512\",\"kid\":\"rsa\"}", "alg"},
		{"{\"alg\":\"rs256\",\"kid\":\"rsa\"}", "alg"}, {"{\"alg\":[\"RS256\"],\"kid\":\"rsa\"}", "alg"},
		{"{\"kid\":\"rsa\"}", "alg"}, {"{\"alg\":\"RS256\",\"kid\":7}", "kid"}, {"[\"RS256\"]", "header"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"alg\":\"RS256\"}", "once"}, {"{\"alg\":\"RS256\"", "header"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_refused(token_make(&rsa, "RS256", cases[i].header, GOOD), E_TOKEN, cases[i].says);
	end();
}
END_TEST

/* OID-4: no key for what it is not for, and no way round one. */
START_TEST(bad_signatures_are_refused)
{
	begin();
	static const char rs[] = "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", es[] = "{\"alg\":\"ES256\",\"kid\":\"ec\"}";
	struct fault fault = {.text = ""};
	struct identity out;
	check_refused(token_make(&rsa, "none", "{\"alg\":\"none\"}", GOOD), E_TOKEN, "alg");
	check_refused(token_make(&rsa, "none", rs, GOOD), E_BAD_SIGNATURE, "");
	check_refused(token_make(&other, "RS256", rs, GOOD), E_BAD_SIGNATURE, "");
	check_refused(token_make(&rsa, "PS256", rs, GOOD), E_BAD_SIGNATURE, "");
	check_refused(token_make(&rsa, "RS256", "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", GOOD), E_BAD_SIGNATURE, "");
	check_refused(token_make(&rsa, "RS256", es, GOOD), E_BAD_SIGNATURE, "");
	/* HMAC with what is published, in each of its forms. */
	char *jwk = token_jwk(&rsa, "");
	check_refused(token_make_hs256(jwk, strlen(jwk), "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GOOD), E_NOT_FOUND, "");
	check_refused(token_make_hs256(jwk, strlen(jwk), rs, GOOD), E_BAD_SIGNATURE, "");
	check_refused(token_make_hs256(ed.public32, 32, "{\"alg\":\"HS256\",\"kid\":\"ed\"}", GOOD), E_NOT_FOUND, "");
	free(jwk);
	/* Keys that are not there, or too small, or of another curve. */
	check_refused(token_make(&rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"ec\"}", GOOD), E_NOT_FOUND, "");
	check_refused(token_make(&rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"\"}", GOOD), E_NOT_FOUND, "");
	check_refused(token_make(&small, "RS256", "{\"alg\":\"RS256\",\"kid\":\"small\"}", GOOD), E_NOT_FOUND, "");
	check_refused(token_make(&p384, "ES256", "{\"alg\":\"ES256\",\"kid\":\"p384\"}", GOOD), E_NOT_FOUND, "");
	/* A signature with zeros in front is another text of the same numbers. */
	char *good = token_make(&ec, "ES256", es, GOOD), *longer = malloc(strlen(good) + 16);
	uint8_t halves[66] = {0};
	size_t len;
	char *dot = strrchr(good, '.') + 1;
	ck_assert(jws_base64url(dot, strlen(dot), halves + 1, 32 + 33, &len));
	memmove(halves + 34, halves + 33, 32);
	halves[33] = 0;
	*dot = '\0';
	char encoded[100];
	sodium_bin2base64(encoded, sizeof encoded, halves, 66, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sprintf(longer, "%s%s", good, encoded);
	check_refused(longer, E_BAD_SIGNATURE, "");
	free(good);
	/* Padding, another alphabet, more parts, none. */
	static const char *const shapes[] = {"", ".", "a.b", "a.b.c.d.e", "..", "YQ.YQ.YQ", "e30.e30.\xff", "e30=.e30.e30"};
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		ck_error(judge(strdup(shapes[i]), &out, &fault), E_TOKEN);
	end();
}
END_TEST

/* OID-6, OID-7, OID-12: what it claims. */
START_TEST(bad_claims_are_refused)
{
#define ISS "\"iss\":\"https://login.example\""
#define AUD "\"aud\":\"https://log.example\",\"azp\":\"page\""
#define TIMES "\"iat\":1795392000,\"exp\":1795395600"
#define WHO "\"sub\":\"u1\",\"acr\":\"high\",\"dk\":{\"cpr\":\"0101701234\"}"
	begin();
	static const struct {
		const char *payload;
		enum error error;
		const char *says;
	} cases[] = {
		{"{" AUD "," TIMES "," WHO "}", E_TOKEN, "not believed"},
		{"{\"iss\":\"https://login.example/\"," AUD "," TIMES "," WHO "}", E_TOKEN, "not believed"},
		{"{\"iss\":[\"https://login.example\"]," AUD "," TIMES "," WHO "}", E_TOKEN, "not believed"},
		{"{" ISS ",\"azp\":\"page\"," TIMES "," WHO "}", E_TOKEN, "aud"},
		{"{" ISS ",\"azp\":\"page\",\"aud\":\"https://other.example\"," TIMES "," WHO "}", E_TOKEN, "aud"},
		{"{" ISS ",\"azp\":\"page\",\"aud\":[]," TIMES "," WHO "}", E_TOKEN, "aud"},
		{"{" ISS ",\"azp\":\"page\",\"aud\":[\"https://log.example\",7]," TIMES "," WHO "}", E_TOKEN, "aud"},
		{"{" ISS ",\"azp\":\"page\",\"aud\":{\"https://log.example\":1}," TIMES "," WHO "}", E_TOKEN, "aud"},
		{"{" ISS ",\"azp\":\"page\",\"aud\":\"https://log.example\\u0020\"," TIMES "," WHO "}", E_TOKEN, "aud"},
		{"{" ISS ",\"aud\":[\"https://log.example\",\"https://other.example\"]," TIMES "," WHO "}", E_TOKEN, "several"},
		{"{" ISS ",\"aud\":\"https://log.example\"," TIMES "," WHO "}", E_TOKEN, "parties"},
		{"{" ISS ",\"aud\":\"https://log.example\",\"azp\":\"other\"," TIMES "," WHO "}", E_TOKEN, "parties"},
		{"{" ISS ",\"aud\":\"https://log.example\",\"client_id\":\"other\"," TIMES "," WHO "}", E_TOKEN, "parties"},
		{"{" ISS "," AUD ",\"client_id\":\"other\"," TIMES "," WHO "}", E_TOKEN, "parties"},
		{"{" ISS ",\"aud\":\"https://log.example\",\"azp\":[\"page\"]," TIMES "," WHO "}", E_TOKEN, "azp"},
		{"{" ISS "," AUD ",\"exp\":1795395600," WHO "}", E_TOKEN, "iat"},
		{"{" ISS "," AUD ",\"iat\":1795392000," WHO "}", E_TOKEN, "exp"},
		{"{" ISS "," AUD ",\"iat\":1795392000,\"exp\":\"1795395600\"," WHO "}", E_TOKEN, "exp"},
		{"{" ISS "," AUD ",\"iat\":1795392000,\"exp\":1795395600.0," WHO "}", E_TOKEN, "exp"},
		{"{" ISS "," AUD ",\"iat\":1795392000,\"exp\":1e30," WHO "}", E_TOKEN, "exp"},
		{"{" ISS "," AUD ",\"iat\":1795392000.0,\"exp\":1795395600," WHO "}", E_TOKEN, "whole number"},
		{"{" ISS "," AUD ",\"iat\":-1,\"exp\":1795395600," WHO "}", E_TOKEN, "iat"},
		{"{" ISS "," AUD ",\"iat\":1795392000,\"exp\":9223372036854775807," WHO "}", E_TOKEN, "exp"},
		{"{" ISS "," AUD ",\"iat\":1795392000,\"exp\":1795392000," WHO "}", E_TOKEN, "expired"},
		{"{" ISS "," AUD ",\"iat\":1795392061,\"exp\":1795395600," WHO "}", E_TOKEN, "not valid yet"},
		{"{" ISS "," AUD "," TIMES ",\"nbf\":1795392061," WHO "}", E_TOKEN, "not valid yet"},
		{"{" ISS "," AUD "," TIMES ",\"nbf\":true," WHO "}", E_TOKEN, "nbf"},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"roles\":7}", E_FORBIDDEN, "role"},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"roles\":[\"revisor\",7]}", E_FORBIDDEN, "role"},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"roles\":[\"revisor\",\"tilsyn\"]}", E_FORBIDDEN, "several roles"},
		{"{" ISS "," AUD "," TIMES ",\"dk\":{\"cpr\":\"0101701234\"}}", E_FORBIDDEN, "assurance"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"low\",\"dk\":{\"cpr\":\"0101701234\"}}", E_FORBIDDEN, "assurance"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":[\"high\"],\"dk\":{\"cpr\":\"0101701234\"}}", E_FORBIDDEN, "assurance"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"substantial\",\"sub\":\"u\",\"roles\":\"revisor\"}", E_FORBIDDEN,
			"assurance"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"sub\":\"cpr:0101701234\"}", E_FORBIDDEN, "whose"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"dk\":{\"cpr\":101701234}}", E_FORBIDDEN, "whose"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"dk\":{\"cpr\":\"01017012345\"}}", E_FORBIDDEN, "whose"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"dk\":{\"cpr\":[\"0101701234\"]}}", E_FORBIDDEN, "whose"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"dk\":\"0101701234\"}", E_FORBIDDEN, "whose"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"roles\":\"tilsyn\"}", E_FORBIDDEN, "member of staff"},
		{"{" ISS "," AUD "," TIMES ",\"sub\":\"u\",\"roles\":\"kommune\"}", E_FORBIDDEN, "organisation"},
		{"{" ISS "," AUD "," TIMES ",\"sub\":\"u\",\"roles\":\"kommune\",\"cvr\":\"a b\"}", E_FORBIDDEN,
			"organisation"},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"cnf\":{\"jkt\":\"x\"}}", E_TOKEN, "cnf"},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"cnf\":{\"x5t#S256\":\"x\"}}", E_TOKEN, "cnf"},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"cnf\":null}", E_TOKEN, "cnf"},
		{"["
		 "]",
			E_TOKEN, "payload"},
		{"\"x\"", E_TOKEN, "payload"},
		{"", E_TOKEN, "payload"},
		{"{" ISS "," ISS "," AUD "," TIMES "," WHO "}", E_TOKEN, "once"},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"dk\":{}}", E_TOKEN, "once"},
		{"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"dk\":{\"cpr\":\"1\",\"cpr\":\"0101701234\"}}", E_TOKEN, "once"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_refused(token_make(&ed, "EdDSA", "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", cases[i].payload), cases[i].error,
			cases[i].says);
	end();
}
END_TEST

/* OID-7: who read stands in somebody's log, and is who it looks like. */
START_TEST(a_name_in_which_something_hides_is_refused)
{
	begin();
	static const char *const ids[] = {
		"k\\u202elarsen", "k\\u200blarsen", "k\\u00a0larsen", "k\\uff4carsen", "e\\u0301"};
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		char payload[512];
		snprintf(payload, sizeof payload,
			"{" ISS "," AUD "," TIMES ",\"acr\":\"high\",\"roles\":\"tilsyn\",\"sub\":\"%s\"}", ids[i]);
		check_refused(
			token_make(&ed, "EdDSA", "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", payload), E_FORBIDDEN, "member of staff");
	}
	end();
}
END_TEST

/* OID-6, OID-7: and what it may. */
START_TEST(good_claims_are_taken)
{
	begin();
	static const struct {
		const char *payload;
		struct identity is;
	} cases[] = {{"{" ISS ",\"aud\":[\"a\",\"https://log.example\"],\"client_id\":\"page\"," TIMES "," WHO "}",
					 {.role = ROLE_SUBJECT, .id = "cpr:0101701234"}},
		{"{" ISS "," AUD ",\"iat\":1795392060,\"nbf\":1795392060,\"exp\":1795392001,\"acr\":\"substantial\","
		 "\"dk\":{\"cpr\":\"010170-1234\"},\"roles\":[\"offline\"]}",
			{.role = ROLE_SUBJECT, .id = "cpr:0101701234"}},
		{"{" ISS "," AUD "," TIMES "," WHO ",\"roles\":[\"x\",\"revisor\"]}", {.role = ROLE_AUDITOR, .id = "u1"}},
		{"{" ISS "," AUD "," TIMES ",\"sub\":\"Åse\",\"roles\":\"tilsyn\"}", {.role = ROLE_SUPERVISOR, .id = "Åse"}},
		{"{" ISS "," AUD "," TIMES ",\"sub\":\"u1\",\"roles\":\"kommune\",\"cvr\":\"55133018\"}",
			{.role = ROLE_AUTHORITY, .id = "u1", .organisation = "cvr:55133018"}}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct identity out;
		struct fault fault = {.text = ""};
		enum error error =
			judge(token_make(&ed, "EdDSA", "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", cases[i].payload), &out, &fault);
		ck_assert_msg(error == E_OK, "%zu: %s", i, fault.text);
		ck_assert_int_eq(out.role, cases[i].is.role);
		ck_assert_str_eq(out.id, cases[i].is.id);
		ck_assert_str_eq(out.organisation, cases[i].is.organisation);
	}
	end();
}
END_TEST

/* OID-5: what is published and is no key is passed over; a set of nothing else is none. */
START_TEST(keys_that_are_none_are_passed_over)
{
	begin();
	char *good = token_jwk(&ec, ""), *secret = token_jwk(&ec, "\"d\":\"AQ\","),
		 *wrong = token_jwk(&ec, "\"alg\":\"RS256\",");
	char *encrypts = token_jwk(&rsa, "\"use\":\"enc\","), *signs = token_jwk(&rsa, "\"key_ops\":[\"sign\"],");
	char *weak = token_jwk(&small, ""), *curve = token_jwk(&p384, ""), *huge = token_jwk(&rsa, "\"alg\":\"RS512\",");
	char *point = token_jwk(&ec, ""), *one = token_jwk(&rsa, "");
	point[strlen(point) - 4] ^= 1; /* off the curve */
	strcpy(strstr(one, "\"e\":\""), "\"e\":\"AQ\"}");
	const struct {
		const char *jwk;
		const char *says;
	} cases[] = {{secret, "private"}, {wrong, "kty"}, {encrypts, "signatures"}, {signs, "signatures"}, {weak, "2048"},
		{curve, "P-256"}, {huge, "alg"}, {point, ""}, {one, "over 1"}, {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "kty"},
		{"7", "kty"}, {"{}", "kty"}, {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"}", "Ed25519"},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", "small order"},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}", "32 bytes"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}", "32 bytes"},
		{"{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}", "2048"},
		{"{\"kty\":\"RSA\",\"n\":\"AAAB\",\"e\":\"AQAB\"}", "odd"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[4096];
		struct key_set *set = NULL;
		struct fault fault = {.text = ""};
		snprintf(text, sizeof text, "{\"keys\":[%s]}", cases[i].jwk);
		ck_error(key_set_read(bytes_text(text), &set, &fault), E_BAD_VALUE);
		ck_assert_msg(strstr(fault.text, cases[i].says) != NULL, "%zu: %s", i, fault.text);
		snprintf(text, sizeof text, "{\"keys\":[%s,%s]}", cases[i].jwk, good);
		set = set_of(text);
		ck_assert_uint_eq(set->count, 1);
		ck_assert_uint_eq(set->passed_over, 1);
		key_set_free(set);
	}
	static const char *const documents[] = {
		"", "7", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[],\"keys\":[]}"};
	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
		struct key_set *set = NULL;
		struct fault fault = {.text = ""};
		ck_error(key_set_read(bytes_text(documents[i]), &set, &fault), E_BAD_VALUE);
	}
	char *all[] = {good, secret, wrong, encrypts, signs, weak, curve, huge, point, one};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		free(all[i]);
	end();
}
END_TEST

/* OID-4: two keys that it could be of, and no word which. */
START_TEST(without_a_kid_there_is_one_key)
{
	begin();
	char text[4096], *a = token_jwk(&rsa, ""), *b = token_jwk(&other, "");
	snprintf(text, sizeof text, "{\"keys\":[%s,%s]}", a, b);
	struct key_set *set = set_of(text);
	struct fault fault = {.text = ""};
	struct jws jws;
	const char *const headers[] = {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"kid\":\"rsa\"}"};
	for (size_t i = 0; i < 2; i++) {
		char *token = token_make(&other, "RS256", headers[i], GOOD);
		ck_ok(jws_read(token, &jws, &fault));
		ck_error(key_set_verify(set, &jws, &fault), i == 0 ? E_TOKEN : E_OK); /* two of one name: the second has */
		jws_release(&jws);
		free(token);
	}
	key_set_free(set);
	free(a);
	free(b);
	end();
}
END_TEST

/* Whoever comes last of us and cjose. */
START_TEST(jansson_is_left_where_memory_is_short)
{
	json_malloc_t of_jansson;
	json_get_alloc_funcs(&of_jansson, NULL);
	ck_assert(of_jansson == shortage_malloc);
}
END_TEST

UNIT_MAIN("claims", jansson_is_left_where_memory_is_short, good_tokens_show_who_asks, bad_headers_are_refused,
	bad_signatures_are_refused, bad_claims_are_refused, a_name_in_which_something_hides_is_refused,
	good_claims_are_taken, keys_that_are_none_are_passed_over, without_a_kid_there_is_one_key)
