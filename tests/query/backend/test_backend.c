/* What an access token lets a system do, what it is bound to, and for how long that is remembered. */
#include "query/backend/backend.h"

#include "query/backend/smart_scope.h"
#include "query/backend/verified.h"
#include "tests/lib/unit.h"

#include <sodium.h>

#define NOW 1795392000u
#define GOOD \
	"\"iss\":\"https://login.example\",\"aud\":\"https://gateway.example/fhir\",\"iat\":1795392000,\"exp\":1795392300"
#define SCOPED GOOD ",\"scope\":\"openid system/AuditEvent.c\""

#define PARTY ",\"parties\":[\"epj\"],\"party\":{\"claim\":\"cid\"}"

/* GW-42 */
START_TEST(a_scope_lets_make_events_or_does_not)
{
	static const char *const good[] = {"system/AuditEvent.c", "system/AuditEvent.cruds", "system/AuditEvent.cu",
		"system/*.c", "system/*.cud", "system/AuditEvent.write", "system/AuditEvent.*", "system/*.write", "system/*.*"};
	static const char *const bad[] = {"", "system/", "system/AuditEvent", "system/AuditEvent.", "system/AuditEvent.rs",
		"system/AuditEvent.uc", "system/AuditEvent.cc", "system/AuditEvent.cx", "system/AuditEvent.read",
		"system/Patient.c", "system/AuditEventX.c", "user/AuditEvent.c", "patient/*.cruds",
		"system/AuditEvent.c?type=rest", "System/AuditEvent.c", "system/AuditEvent.C", "system/AuditEvent.writes",
		"*/*.*"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(smart_scope_creates(bytes_text(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!smart_scope_creates(bytes_text(bad[i])), "%s", bad[i]);
}
END_TEST

static enum error show(const char *more, const char *claims, struct backend *out, struct fault *fault)
{
	struct issuer_config configs[ISSUERS_MAX];
	char text[512];
	size_t count;
	snprintf(text, sizeof text,
		"{\"issuers\":[{\"issuer\":\"https://login.example\",\"audiences\":[\"https://gateway.example/fhir\"]%s}]}",
		more);
	enum error error = issuer_config_read_backends(bytes_text(text), configs, &count, fault);
	ck_assert_msg(error == E_OK, "%s", fault->text);
	json_t *json = json_loads(claims, 0, NULL);
	ck_assert_ptr_nonnull(json);
	error = backend_show(&configs[0], json, NOW, out, fault);
	json_decref(json);
	issuer_config_release(&configs[0]);
	return error;
}

/* GW-41, GW-42, GW-43, OID-6 */
START_TEST(a_token_is_enough_or_says_why_not)
{
	static const struct {
		const char *more, *claims;
		enum error error;
		const char *says;
	} cases[] = {{"", "{" SCOPED "}", E_OK, ""}, {"", "{" GOOD ",\"scope\":[\"x\",\"system/*.cud\"]}", E_OK, ""},
		{",\"scope\":{\"claim\":\"roles\",\"values\":[\"Audit.Write\"]}", "{" GOOD ",\"roles\":[\"Audit.Write\"]}",
			E_OK, ""},
		{",\"scope\":{\"claim\":\"scp\"}", "{" SCOPED "}", E_FORBIDDEN, "scope"},
		{"", "{" GOOD "}", E_FORBIDDEN, "system/AuditEvent.c"}, {"", "{" GOOD ",\"scope\":7}", E_FORBIDDEN, "neither"},
		{"", "{" GOOD ",\"scope\":\"Audit.Write\"}", E_FORBIDDEN, "scope"},
		{",\"parties\":[\"epj\"]", "{" SCOPED "}", E_TOKEN, "parties"},
		{",\"parties\":[\"epj\"]", "{" SCOPED ",\"client_id\":\"epj\"}", E_OK, ""},
		{PARTY, "{" SCOPED ",\"cid\":\"epj\"}", E_OK, ""}, {PARTY, "{" SCOPED ",\"client_id\":\"epj\"}", E_OK, ""},
		{PARTY, "{" SCOPED "}", E_TOKEN, "party"}, {PARTY, "{" SCOPED ",\"cid\":\"other\"}", E_TOKEN, "party"},
		{PARTY, "{" SCOPED ",\"cid\":\"epj\",\"azp\":\"other\"}", E_TOKEN, "party"},
		{PARTY, "{" SCOPED ",\"cid\":[\"epj\"]}", E_TOKEN, "no text"},
		{",\"parties\":[\"epj\"]", "{" SCOPED ",\"cid\":\"epj\"}", E_TOKEN, "party"},
		{"", "{" SCOPED ",\"cnf\":{\"jkt\":\"x\"}}", E_TOKEN, "DPoP"}, {"", "{" SCOPED ",\"cnf\":{}}", E_TOKEN, "cnf"},
		{"", "{" SCOPED ",\"cnf\":null}", E_TOKEN, "cnf"},
		{"", "{" SCOPED ",\"cnf\":{\"x5t#S256\":\"AAAA\"}}", E_TOKEN, "base64url"},
		{"", "{" SCOPED ",\"cnf\":{\"x5t#S256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"kid\":\"x\"}}",
			E_TOKEN, "cnf"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct backend out;
		struct fault fault = {.text = ""};
		enum error error = show(cases[i].more, cases[i].claims, &out, &fault);
		ck_assert_msg(error == cases[i].error && strstr(fault.text, cases[i].says) != NULL, "%zu: %s %s", i,
			error_name(error), fault.text);
	}
	struct backend out;
	struct fault fault;
	ck_ok(
		show("", "{" SCOPED ",\"cnf\":{\"x5t#S256\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}", &out, &fault));
	ck_assert(out.bound && out.thumbprint.b[0] == 1 && out.expires_s == NOW + 300);
}
END_TEST

/* GW-44 */
START_TEST(a_verified_token_is_remembered_until_it_expires)
{
	struct verified *verified = malloc(sizeof *verified);
	struct verified_token token = {.by = {.issuer = 3, .keys_ms = 7}, .shown.expires_s = NOW + 10};
	struct hash other;
	ck_assert_int_ge(sodium_init(), 0);
	verified_init(verified);
	verified_hash(verified, "a.b.c", &token.hash);
	verified_hash(verified, "a.b.d", &other);
	verified_remember(verified, &token);
	const struct verified_token *found = verified_find(verified, &token.hash, NOW);
	ck_assert(found != NULL && found->by.issuer == 3 && found->by.keys_ms == 7);
	ck_assert_ptr_null(verified_find(verified, &other, NOW));
	ck_assert_ptr_null(verified_find(verified, &token.hash, NOW + 10));
	/* In a full place the one that expires first gives way. */
	struct hash first = token.hash;
	for (unsigned i = 0; i < VERIFIED_PLACES; i++) {
		token.hash.b[31] = (uint8_t)(first.b[31] + 1 + i);
		token.shown.expires_s = NOW + 100 + i;
		verified_remember(verified, &token);
	}
	ck_assert_ptr_null(verified_find(verified, &first, NOW));
	ck_assert_ptr_nonnull(verified_find(verified, &token.hash, NOW));
	free(verified);
}
END_TEST

UNIT_MAIN("backend", a_scope_lets_make_events_or_does_not, a_token_is_enough_or_says_why_not,
	a_verified_token_is_remembered_until_it_expires)
