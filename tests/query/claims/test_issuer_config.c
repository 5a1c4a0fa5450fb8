/* issuers.json: what an operator may write, and what is said of everything else. */
#include "query/claims/issuer_config.h"

#include "tests/lib/unit.h"

#define REST "\"audiences\":[\"a\"],\"person\":{\"claim\":\"cpr\"}"
#define ISSUER(more) "{\"issuers\":[{\"issuer\":\"https://login.example\"," REST more "}]}"

static void check_refused(const char *text, const char *says)
{
	struct issuer_config configs[ISSUERS_MAX] = {0};
	struct fault fault = {.text = ""};
	size_t count = 77;
	enum error error = issuer_config_read(bytes_text(text), configs, &count, &fault);
	ck_assert_msg(error == E_BAD_VALUE || error == E_BAD_JSON, "taken: %s", text);
	ck_assert_msg(strstr(fault.text, says) != NULL, "'%s' for '%s' of %s", fault.text, says, text);
	ck_assert_uint_eq(count, 77);
}

/* OID-1 */
START_TEST(what_is_not_known_is_refused_by_its_place)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {{"", "JSON"}, {"[]", "the file must be an object"}, {"{}", "issuers must be"},
		{"{\"issuers\":{}}", "issuers must be"}, {"{\"issuers\":[]}", "1 to 8"},
		{"{\"issuers\":[7]}", "issuers[0] must be an object"}, {"{\"issuer\":[]}", "member 'issuer'"},
		{"{\"issuers\":[],\"issuers\":[]}", "twice"}, {"{\"issuers\":[{" REST "}]}", "issuers[0].issuer is missing"},
		{"{\"issuers\":[{\"issuer\":\"https://x.example\",\"person\":{\"claim\":\"cpr\"}}]}",
			"issuers[0].audiences is missing"},
		{"{\"issuers\":[{\"issuer\":\"https://x.example\",\"audiences\":[\"a\"]}]}", "issuers[0].person is missing"},
		{ISSUER(",\"audience\":\"a\""), "issuers[0] has the member 'audience'"},
		{ISSUER(",\"0101701234\":1"), "member '?'"},
		{ISSUER(",\"parties\":[]"), "issuers[0].parties must be a list of 1 to 16"},
		{ISSUER(",\"parties\":\"a\""), "issuers[0].parties"}, {ISSUER(",\"parties\":[\"\"]"), "issuers[0].parties"},
		{ISSUER(",\"parties\":[7]"), "issuers[0].parties"}, {ISSUER(",\"party\":\"cid\""), "issuers[0].party"},
		{ISSUER(",\"party\":{}"), "issuers[0].party.claim is missing"},
		{ISSUER(",\"party\":{\"claim\":\"cid\",\"prefix\":\"x\"}"), "issuers[0].party has the member 'prefix'"},
		{ISSUER(",\"leeway_seconds\":301"), "issuers[0].leeway_seconds must be a whole number from 0 to 300"},
		{ISSUER(",\"leeway_seconds\":1.0"), "leeway_seconds"}, {ISSUER(",\"leeway_seconds\":-1"), "leeway_seconds"},
		{ISSUER(",\"keys_kept_hours\":0"), "keys_kept_hours must be a whole number from 1 to 168"},
		{ISSUER(",\"algorithms\":[\"HS256\"]"), "issuers[0].algorithms"},
		{ISSUER(",\"algorithms\":[\"none\"]"), "algorithms"}, {ISSUER(",\"ca\":7"), "issuers[0].ca"},
		{ISSUER(",\"staff\":\"sub\""), "issuers[0].staff"},
		{ISSUER(",\"staff\":{\"claim\":\"sub\",\"of\":1}"), "issuers[0].staff has the member 'of'"},
		{ISSUER(",\"staff\":{\"prefix\":\"x\"}"), "issuers[0].staff.claim is missing"},
		{ISSUER(",\"staff\":{\"claim\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}"),
			"issuers[0].staff.claim must be a list of 1 to 4"},
		{ISSUER(",\"role\":{\"claim\":\"r\"}"), "issuers[0].role.values is missing"},
		{ISSUER(",\"role\":{\"claim\":\"r\",\"values\":{}}"), "issuers[0].role.values must be an object with 1 to 16"},
		{ISSUER(",\"role\":{\"claim\":\"r\",\"values\":{\"x\":\"admin\"}}"), "must be one of subject, authority"},
		{ISSUER(",\"role\":{\"claim\":\"r\",\"values\":{\"x\":\"proxy\"}}"), "proxy is no role"},
		{ISSUER(",\"role\":{\"claim\":\"r\",\"values\":{\"x\":7}}"), "name of a role"},
		{ISSUER(",\"role\":{\"claim\":\"r\",\"values\":{\"x\":\"auditor\"},\"default\":\"proxy\"}"),
			"proxy is no role"},
		{ISSUER(",\"role\":{\"claim\":\"r\",\"values\":{\"x\":\"authority\"}}"), "issuers[0].organisation is missing"},
		{ISSUER(",\"assurance\":{}"), "issuers[0].assurance.required is missing"},
		{ISSUER(",\"assurance\":{\"required\":{\"relative\":[\"x\"]}}"),
			"issuers[0].assurance.required has the member 'relative'"},
		{ISSUER(",\"assurance\":{\"required\":{\"subject\":[]}}"), "issuers[0].assurance.required.subject"},
		{ISSUER(",\"introspection\":{}"), "issuers[0].introspection.client is missing"},
		{ISSUER(",\"introspection\":{\"client\":\"f\",\"secret\":\"x\"}"), "member 'secret'"},
		{"{\"issuers\":[{\"issuer\":\"https://a.example\"," REST "},{\"issuer\":\"https://a.example\"," REST "}]}",
			"issuers[1].issuer is that of issuers[0]"},
		{"{\"issuers\":[{\"issuer\":\"https://a.example\"," REST ",\"introspection\":{\"client\":\"f\"}},"
		 "{\"issuer\":\"https://b.example\"," REST ",\"introspection\":{\"client\":\"f\"}}]}",
			"one issuer only"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_refused(cases[i].text, cases[i].says);
}
END_TEST

/* OID-2 */
START_TEST(addresses_are_of_https)
{
	static const char *const bad[] = {"http://login.example", "http://127.0.0.1.example", "http://localhost.example/",
		"http://127.0.0.1:80@x.example", "https://u@x.example", "https://x.example/#a", "https://x.example/?a",
		"https://", "ftp://x.example", "login.example", "https://x example", "file:///etc/passwd",
		"https://x.example/\\u00e6"};
	static const char *const good[] = {"https://login.example", "https://login.example:8443/a/b/",
		"http://127.0.0.1:8080", "http://localhost", "http://[::1]:80/x", "HTTPS://login.example"};
	char text[512];
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "{\"issuers\":[{\"issuer\":\"%s\"," REST "}]}", bad[i]);
		check_refused(text, "issuers[0].issuer must be an address of https");
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct issuer_config configs[ISSUERS_MAX];
		size_t count;
		snprintf(text, sizeof text, "{\"issuers\":[{\"issuer\":\"%s\"," REST "}]}", good[i]);
		ck_ok(issuer_config_read(bytes_text(text), configs, &count, NULL));
		ck_assert_int_eq(configs[0].plain, strncmp(good[i], "http:", 5) == 0);
		issuer_config_release(&configs[0]);
	}
	ck_assert(issuer_address_good("http://localhost/jwks", true));
	ck_assert(!issuer_address_good("http://localhost/jwks", false));
	ck_assert(!issuer_address_good("http://login.example/jwks", true));
}
END_TEST

START_TEST(what_is_not_said_has_a_default)
{
	struct issuer_config configs[ISSUERS_MAX];
	size_t count;
	ck_ok(issuer_config_read(BYTES_LITERAL(ISSUER("")), configs, &count, NULL));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(configs[0].leeway_s, 60);
	ck_assert_uint_eq(configs[0].keys_kept_hours, 24);
	ck_assert_uint_eq(configs[0].algorithms, 1u << JWS_RS256 | 1u << JWS_PS256 | 1u << JWS_ES256 | 1u << JWS_EDDSA);
	ck_assert(configs[0].has_default_role && configs[0].default_role == ROLE_SUBJECT);
	ck_assert_str_eq(configs[0].staff.names[0], "sub");
	ck_assert_str_eq(configs[0].assurance.names[0], "acr");
	ck_assert_ptr_null(configs[0].client);
	issuer_config_release(&configs[0]);
}
END_TEST

UNIT_MAIN(
	"issuer_config", what_is_not_known_is_refused_by_its_place, addresses_are_of_https, what_is_not_said_has_a_default)
