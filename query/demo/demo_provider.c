/* OpenID Connect Core 1.0, with what a page as a public client needs and nothing else: no refresh, no sessions, no user
 * info. The access token is the demo issuer's own (HS256, which nobody but this machine can verify); the ID token is
 * signed by Ed25519 under a key that follows from it, so that its verification can be shown. */
#include "query/demo/demo_provider.h"

#include "ledger/base/clock.h"
#include "ledger/base/domain.h"
#include "ledger/json/json_read.h"
#include "ledger/subject/subject.h"
#include "ledger/text/address.h"
#include "query/demo/demo_codes.h"
#include "query/demo/demo_html.h"
#include "query/http/params.h"

#include <sodium.h>
#include <stdio.h>

#define TOKEN_SECONDS 3600u
#define KEY_ID "demo-1"

#define ORIGIN_TEXT_MAX (ADDRESS_TEXT_MAX + sizeof "https://")

struct demo_provider {
	const struct demo_issuer *issuer;
	char origin[ORIGIN_TEXT_MAX];                /* http://127.0.0.1:7580 */
	char name[ORIGIN_TEXT_MAX + sizeof "/demo"]; /* the same with /demo */
	struct demo_persons persons;
	struct demo_codes codes;
	uint8_t public_key[32]; /* of ID tokens */
	uint8_t secret_key[64];
};

enum error demo_provider_new(const struct demo_issuer *issuer, const char *dir, const char *address, bool tls,
	struct demo_provider **out, struct fault *fault)
{
	OWNED_KEY seed;
	OWNED(demo_provider_release) struct demo_provider *provider = sodium_malloc(sizeof *provider);
	TRY(fault_set(fault, allocated(provider), ""));
	provider->issuer = issuer;
	snprintf(provider->origin, sizeof provider->origin, "%s://%s", tls ? "https" : "http", address);
	snprintf(provider->name, sizeof provider->name, "%s/demo", provider->origin);
	key_derive(&issuer->key, DOMAIN_DEMO_ID_TOKEN, bytes_text(issuer->name), &seed);
	crypto_sign_seed_keypair(provider->public_key, provider->secret_key, seed.b);
	demo_codes_init(&provider->codes);
	TRY(demo_persons_read(dir, &provider->persons, fault));
	*out = OWN_TAKE(provider);
	return E_OK;
}

void demo_provider_free(struct demo_provider *provider)
{
	sodium_free(provider); /* which wipes it */
}

const char *demo_provider_name(const struct demo_provider *provider)
{
	return provider->name;
}

/* ---- answers ---- */

static void secure(struct response *out, const char *cache)
{
	response_header(out, "Cache-Control", cache);
	response_header(out, "X-Content-Type-Options", "nosniff");
	response_header(out, "Content-Security-Policy", DEMO_CSP);
	response_header(out, "Referrer-Policy", "no-referrer");
}

static void give(struct response *out, int status, char *body, const char *type)
{
	out->status = status;
	out->body = body; /* NULL: there is no memory */
	out->body_len = body != NULL ? strlen(body) : 0;
	response_header(out, "Content-Type", type);
	secure(out, "no-store");
}

static void give_json(struct response *out, int status, json_t *json)
{
	give(out, status, json != NULL ? json_write(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL, "application/json");
	json_decref(json);
}

/* RFC 6749 section 5.2. */
static void refuse(struct response *out, const char *error, const char *says)
{
	response_release(out);
	give_json(out, 400, json_pack("{s:s, s:s}", "error", error, "error_description", says));
}

static void give_discovery(const struct demo_provider *provider, struct response *out)
{
	const char *name = provider->name;
	json_t *json = json_pack("{s:s, s:s+, s:s+, s:s+, s:[s], s:[s], s:[s], s:[s], s:[s], s:[s], s:[s], s:[s], s:b}",
		"issuer", name, "authorization_endpoint", name, "/authorize", "token_endpoint", name, "/token", "jwks_uri",
		name, "/jwks", "response_types_supported", "code", "response_modes_supported", "query", "grant_types_supported",
		"authorization_code", "subject_types_supported", "public", "id_token_signing_alg_values_supported", "EdDSA",
		"code_challenge_methods_supported", "S256", "token_endpoint_auth_methods_supported", "none", "scopes_supported",
		"openid", "authorization_response_iss_parameter_supported", 1);
	give_json(out, 200, json);
}

static void give_keys(const struct demo_provider *provider, struct response *out)
{
	char x[44];
	sodium_bin2base64(x, sizeof x, provider->public_key, 32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	give_json(out, 200,
		json_pack("{s:[{s:s, s:s, s:s, s:s, s:s, s:s}]}", "keys", "kty", "OKP", "crv", "Ed25519", "x", x, "kid", KEY_ID,
			"use", "sig", "alg", "EdDSA"));
}

/* ---- authorize ---- */

static const char *const asked[] = {"response_type", "response_mode", "client_id", "redirect_uri", "scope", "state",
	"nonce", "code_challenge", "code_challenge_method", "resource", "ui_locales", "prompt", "max_age", "login_hint",
	"display", NULL};

static const char *word(const struct params *params, const char *name)
{
	const char *value = params_get(params, name);
	return value != NULL ? value : "";
}

/* A code goes to the page that stands beside this, and nowhere else. */
static bool is_own_page(const struct demo_provider *provider, const char *address)
{
	size_t len = strlen(provider->origin);
	return strncmp(address, provider->origin, len) == 0 &&
		   (strcmp(address + len, "/") == 0 || strcmp(address + len, "/index.html") == 0);
}

/* Whether it is a question that can be answered; where not, the refusal is made. */
static bool read_question(
	const struct demo_provider *provider, const struct request *request, struct params *params, struct response *out)
{
	struct fault fault = {.text = ""};
	if (params_parse(request->query, asked, params, &fault) != E_OK)
		refuse(out, "invalid_request", fault.text);
	else if (strcmp(word(params, "response_type"), "code") != 0)
		refuse(out, "unsupported_response_type", "response_type must be code");
	else if (!is_own_page(provider, word(params, "redirect_uri")))
		refuse(out, "invalid_request", "redirect_uri must be this server's own page, by the address that it prints");
	else if (*word(params, "client_id") == '\0' || strlen(word(params, "client_id")) > DEMO_CLIENT_BYTES_MAX)
		refuse(out, "invalid_request", "client_id must be a text of 1 to 127 bytes");
	else if (strlen(word(params, "code_challenge")) != DEMO_CODE_TEXT ||
			 strcmp(word(params, "code_challenge_method"), "S256") != 0)
		refuse(out, "invalid_request", "a code_challenge of the method S256 is needed");
	else if (strlen(word(params, "nonce")) > DEMO_NONCE_BYTES_MAX)
		refuse(out, "invalid_request", "nonce must have at most 255 bytes");
	else
		return true;
	return false;
}

static bool read_form(
	const struct request *request, const char *const known[], struct params *params, struct response *out)
{
	struct fault fault = {.text = ""};
	char text[PARAMS_BYTES_MAX + 1];
	if (!request_is_of(request, "application/x-www-form-urlencoded") || request->body.len > PARAMS_BYTES_MAX) {
		refuse(out, "invalid_request",
			"the body must be a form (application/x-www-form-urlencoded) of at most 2048 bytes");
		return false;
	}
	_Static_assert(PARAMS_BYTES_MAX == 2048, "the text names the limit");
	if (request->body.len > 0)
		memcpy(text, request->body.data, request->body.len);
	text[request->body.len] = '\0';
	bool good = strlen(text) == request->body.len && params_parse(text, known, params, &fault) == E_OK;
	if (!good)
		refuse(out, "invalid_request", "the form is not well-formed, or has a member that is not known here");
	return good;
}

/* A place in the list, or somebody by their number. */
static bool read_person(const struct demo_provider *provider, const struct params *form, struct demo_person *out)
{
	const char *place = params_get(form, "person"), *other = params_get(form, "other");
	*out = (struct demo_person){.role = ROLE_SUBJECT};
	if (place != NULL) {
		char *end;
		unsigned long i = strtoul(place, &end, 10);
		if (*place == '\0' || *end != '\0' || i >= provider->persons.count)
			return false;
		*out = provider->persons.list[i];
		return true;
	}
	return other != NULL && subject_canonical(bytes_text(other), out->id, NULL) == E_OK;
}

static void put_escaped(char **at, const char *end, const char *text)
{
	for (; *text != '\0' && *at + 4 < end; text++) {
		bool plain = strchr("-._~", *text) != NULL || (*text >= '0' && *text <= '9') ||
					 ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z');
		*at += sprintf(*at, plain ? "%c" : "%%%02X", (unsigned char)*text);
	}
}

static char *way_back(const struct demo_provider *provider, const struct params *params, const char *code)
{
	const size_t size = 3 * PARAMS_BYTES_MAX + 512;
	char *way = malloc(size), *at = way;
	if (way == NULL)
		return NULL;
	at += sprintf(at, "%s?code=%s&iss=", word(params, "redirect_uri"), code);
	put_escaped(&at, way + size, provider->name);
	if (params_get(params, "state") != NULL) {
		at += sprintf(at, "&state=");
		put_escaped(&at, way + size, word(params, "state"));
	}
	*at = '\0';
	return way;
}

static void give_code(
	struct demo_provider *provider, const struct request *request, const struct params *params, struct response *out)
{
	static const char *const known[] = {"person", "other", NULL};
	struct params form;
	struct demo_grant grant = {.nonce = ""};
	char code[DEMO_CODE_TEXT + 1];
	if (!read_form(request, known, &form, out))
		return;
	if (!read_person(provider, &form, &grant.person)) {
		refuse(out, "invalid_request", "that is nobody who can be signed in: cpr: and ten digits, say");
		return;
	}
	snprintf(grant.address, sizeof grant.address, "%s", word(params, "redirect_uri"));
	snprintf(grant.client, sizeof grant.client, "%s", word(params, "client_id"));
	snprintf(grant.challenge, sizeof grant.challenge, "%s", word(params, "code_challenge"));
	snprintf(grant.nonce, sizeof grant.nonce, "%s", word(params, "nonce"));
	demo_codes_give(&provider->codes, &grant, clock_ms(), code);
	out->own = way_back(provider, params, code);
	give(out, 303, strdup("back to the page\n"), "text/plain; charset=utf-8");
	if (out->own != NULL)
		response_header(out, "Location", out->own);
}

static void answer_authorize(struct demo_provider *provider, const struct request *request, struct response *out)
{
	struct params params;
	if (!read_question(provider, request, &params, out))
		return;
	if (request_reads(request))
		give(out, 200, demo_html(&provider->persons, strncmp(word(&params, "ui_locales"), "en", 2) == 0),
			"text/html; charset=utf-8");
	else
		give_code(provider, request, &params, out);
}

/* ---- token ---- */

static char *base64url(const void *data, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *out = malloc(size);
	return out != NULL ? sodium_bin2base64(out, size, data, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING) : NULL;
}

/* To free(), or NULL. */
static char *id_token(const struct demo_provider *provider, json_t *claims)
{
	static const char header[] = "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"" KEY_ID "\"}";
	uint8_t signature[crypto_sign_BYTES];
	char signature_text[88], *token = NULL, *signed_text = NULL;
	OWNED_MEMORY char *plain = claims != NULL ? json_write(claims, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	OWNED_MEMORY char *head = base64url(header, sizeof header - 1);
	OWNED_MEMORY char *payload = plain != NULL ? base64url(plain, strlen(plain)) : NULL;
	if (head == NULL || payload == NULL || asprintf(&signed_text, "%s.%s", head, payload) < 0)
		return NULL;
	OWNED_MEMORY char *owned = signed_text;
	crypto_sign_detached(signature, NULL, (const uint8_t *)signed_text, strlen(signed_text), provider->secret_key);
	sodium_bin2base64(
		signature_text, sizeof signature_text, signature, sizeof signature, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return asprintf(&token, "%s.%s", signed_text, signature_text) < 0 ? NULL : token;
}

static void give_tokens(
	const struct demo_provider *provider, const struct demo_grant *grant, uint64_t now_s, struct response *out)
{
	char access[TOKEN_TEXT_MAX + 1];
	struct identity who = {.role = grant->person.role, .expires_s = now_s + TOKEN_SECONDS};
	strcpy(who.id, grant->person.id);
	json_auto_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", provider->name, "sub", grant->person.id, "aud",
		grant->client, "iat", (json_int_t)now_s, "exp", (json_int_t)who.expires_s);
	if (claims != NULL && grant->nonce[0] != '\0')
		json_object_set_new(claims, "nonce", json_string(grant->nonce));
	if (claims != NULL && grant->person.name[0] != '\0')
		json_object_set_new(claims, "name", json_string(grant->person.name));
	OWNED_MEMORY char *identity = id_token(provider, claims);
	if (identity == NULL || demo_issue(provider->issuer, &who, now_s, access) != E_OK) {
		give(out, 503, NULL, "application/json");
		return;
	}
	give_json(out, 200,
		json_pack("{s:s, s:s, s:i, s:s, s:s}", "access_token", access, "token_type", "Bearer", "expires_in",
			(int)TOKEN_SECONDS, "scope", "openid", "id_token", identity));
}

static void answer_token(
	struct demo_provider *provider, const struct request *request, uint64_t now_s, struct response *out)
{
	static const char *const known[] = {
		"grant_type", "code", "redirect_uri", "client_id", "code_verifier", "resource", "scope", NULL};
	struct params form;
	struct demo_grant grant;
	if (!read_form(request, known, &form, out))
		return;
	if (strcmp(word(&form, "grant_type"), "authorization_code") != 0)
		refuse(out, "unsupported_grant_type", "grant_type must be authorization_code");
	else if (!demo_codes_take(&provider->codes, word(&form, "code"), clock_ms(), &grant) ||
			 strcmp(grant.address, word(&form, "redirect_uri")) != 0 ||
			 strcmp(grant.client, word(&form, "client_id")) != 0 ||
			 !demo_codes_proven(&grant, word(&form, "code_verifier")))
		refuse(out, "invalid_grant", "the code is not good, or not any more, or was another's; sign in again");
	else
		give_tokens(provider, &grant, now_s, out);
}

/* ---- all ---- */

enum place { PLACE_DISCOVERY, PLACE_KEYS, PLACE_AUTHORIZE, PLACE_TOKEN, PLACE_STYLE, PLACES };

static const struct {
	const char *path;
	const char *methods;
} places[PLACES] = {
	[PLACE_DISCOVERY] = {"/demo/.well-known/openid-configuration", "GET, HEAD"},
	[PLACE_KEYS] = {"/demo/jwks", "GET, HEAD"},
	[PLACE_AUTHORIZE] = {"/demo/authorize", "GET, HEAD, POST"},
	[PLACE_TOKEN] = {"/demo/token", "POST"},
	[PLACE_STYLE] = {"/demo/style.css", "GET, HEAD"},
};

static enum place place_of(const char *path)
{
	enum place place = 0;
	while (place < PLACES && strcmp(places[place].path, path) != 0)
		place++;
	return place;
}

const char *demo_provider_methods(const char *path)
{
	enum place place = place_of(path);
	return place != PLACES ? places[place].methods : NULL;
}

/* By another name somebody else's page could be this one to a browser. */
static bool is_own_name(const struct demo_provider *provider, const struct request *request)
{
	return request->host != NULL && strcmp(request->host, strstr(provider->origin, "//") + 2) == 0;
}

void demo_provider_answer(
	struct demo_provider *provider, const struct request *request, uint64_t now_s, struct response *out)
{
	if (!is_own_name(provider, request)) {
		refuse(out, "invalid_request", "signing in works by the very address that the server prints");
		return;
	}
	switch (place_of(request->path)) {
	case PLACE_DISCOVERY:
		give_discovery(provider, out);
		return;
	case PLACE_KEYS:
		give_keys(provider, out);
		return;
	case PLACE_AUTHORIZE:
		answer_authorize(provider, request, out);
		return;
	case PLACE_TOKEN:
		answer_token(provider, request, now_s, out);
		return;
	case PLACE_STYLE:
	case PLACES:
		give(out, 200, strdup(demo_css), "text/css; charset=utf-8");
	}
}
