#include "tools/gateway/fhir_caller.h"

#include "ledger/base/clock.h"
#include "tools/gateway/fhir_route.h"

#include <sodium.h>
#include <string.h>

#define SCOPE "system/AuditEvent.c"

/* RFC 6750 section 3. */
static void refuse(int status, enum error error, const char *line, const char *challenge, struct response *out)
{
	fhir_route_refuse(status, error, line, out);
	if (status == 401 || status == 403)
		response_header(out, "WWW-Authenticate", challenge);
}

void fhir_caller_refuse(struct response *out)
{
	refuse(401, E_TOKEN,
		"header Authorization: 'Bearer ' and an access token with the scope " SCOPE
		"; .well-known/smart-configuration says where they are had",
		"Bearer scope=\"" SCOPE "\"", out);
}

/* A token that is bound to a certificate is good on the lines alone on which that one was shown (RFC 8705 section 3).
 */
static bool is_its_line(const struct backend *shown, const struct request *request)
{
	char wanted[2 * HASH_BYTES + 1];
	sodium_bin2hex(wanted, sizeof wanted, shown->thumbprint.b, sizeof shown->thumbprint.b);
	return !shown->bound || (request->thumbprint != NULL && strcmp(request->thumbprint, wanted) == 0);
}

bool fhir_caller_may(struct providers *providers, const struct request *request, struct response *out)
{
	static const char invalid[] = "Bearer error=\"invalid_token\"";
	const char *token = request_bearer(request);
	struct backend shown;
	struct fault fault = {.text = ""};
	if (token == NULL) {
		fhir_caller_refuse(out);
		return false;
	}
	enum error error =
		providers_show_backend(providers, token, request->arrived_ms, clock_wall_ns() / 1000000000u, &shown, &fault);
	if (error == E_OK && is_its_line(&shown, request))
		return true;
	if (error == E_OK)
		refuse(401, E_TOKEN,
			"the token is bound to a certificate of its client (cnf.x5t#S256), and this line has shown another one, or "
			"none",
			invalid, out);
	else if (error == E_TOKEN)
		refuse(401, error, fault.text, invalid, out);
	else if (error == E_FORBIDDEN)
		refuse(403, error, fault.text, "Bearer error=\"insufficient_scope\", scope=\"" SCOPE "\"", out);
	else
		fhir_route_refuse(503, error, error_text(error), out);
	out->later = error == E_PENDING;
	return false;
}

/* ---- where tokens are had ---- */

/* One more text of a list. False: there is no memory, or was none for the list. */
static bool add(json_t *list, const char *text)
{
	return json_array_append_new(list, json_string(text)) == 0;
}

/* NULL, and nothing of it, unless all of it could be made. */
static json_t *whole(json_t *made, bool good)
{
	if (good)
		return made;
	json_decref(made);
	return NULL;
}

static json_t *names_of(unsigned bits, const char *const names[], size_t count)
{
	json_t *list = json_array();
	bool good = list != NULL;
	for (size_t i = 0; i < count; i++)
		if ((bits & 1u << i) != 0)
			good = good && add(list, names[i]);
	return whole(list, good);
}

/* What SMART says of how clients show who they are, by what the provider says. */
static json_t *capabilities_of(unsigned methods)
{
	json_t *list = json_pack("[s,s]", "permission-v1", "permission-v2");
	bool good = list != NULL;
	if ((methods & 1u << DISCOVERY_PRIVATE_KEY_JWT) != 0)
		good = good && add(list, "client-confidential-asymmetric");
	if ((methods & (1u << DISCOVERY_SECRET_BASIC | 1u << DISCOVERY_SECRET_POST)) != 0)
		good = good && add(list, "client-confidential-symmetric");
	return whole(list, good);
}

/* NULL when out of memory. */
static json_t *document_of(const struct discovery *said)
{
	json_t *document = json_pack("{s:s,s:[s],s:[s,s],s:[s],s:o,s:o}", "token_endpoint", said->token_url,
		"grant_types_supported", "client_credentials", "scopes_supported", SCOPE, "system/AuditEvent.write",
		"code_challenge_methods_supported", "S256", "token_endpoint_auth_methods_supported",
		names_of(said->methods, discovery_methods, DISCOVERY_METHODS), "capabilities", capabilities_of(said->methods));
	bool good = document != NULL;
	if (good && said->algorithms != 0)
		good = json_object_set_new(document, "token_endpoint_auth_signing_alg_values_supported",
				   names_of(said->algorithms, discovery_algorithms, DISCOVERY_ALGORITHMS)) == 0;
	return whole(document, good);
}

void fhir_caller_smart(struct providers *providers, struct response *out)
{
	struct discovery said;
	if (providers_first(providers, &said))
		post_respond(out, 200, document_of(&said), "application/json");
	else
		fhir_route_refuse(503, E_ISSUER, "the provider of tokens could not be asked by now; ask again", out);
}
