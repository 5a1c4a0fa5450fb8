/* The issuer's name in the document has to be the one that was asked, letter for letter: otherwise whoever may put a
 * file on one host could speak for another. */
#include "query/issuer/discovery.h"

#include "ledger/json/json_text.h"
#include "query/claims/hold.h"

#include <string.h>

const char *const discovery_methods[DISCOVERY_METHODS] = {[DISCOVERY_PRIVATE_KEY_JWT] = "private_key_jwt",
	[DISCOVERY_SECRET_BASIC] = "client_secret_basic",
	[DISCOVERY_SECRET_POST] = "client_secret_post",
	[DISCOVERY_TLS] = "tls_client_auth"};
const char *const discovery_algorithms[DISCOVERY_ALGORITHMS] = {
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};

void discovery_url(const struct issuer_config *config, char out[ISSUER_BYTES_MAX + 40])
{
	size_t len = strlen(config->issuer);
	while (len > 0 && config->issuer[len - 1] == '/')
		len--;
	snprintf(out, ISSUER_BYTES_MAX + 40, "%.*s/.well-known/openid-configuration", (int)len, config->issuer);
}

static enum error read_url(const struct issuer_config *config, const json_t *document, const char *name, bool needed,
	char out[ISSUER_BYTES_MAX + 1], struct fault *fault)
{
	const json_t *said = json_object_get(document, name);
	const char *url = claim_text(said);
	out[0] = '\0';
	if (said == NULL && !needed)
		return E_OK;
	if (url == NULL || !issuer_address_good(url, config->plain))
		return fault_set(fault, E_BAD_VALUE,
			"the discovery document's %s is missing or no address of https (at most %u bytes)", name,
			(unsigned)ISSUER_BYTES_MAX);
	strcpy(out, url);
	return E_OK;
}

/* The usual mistake. What the document says instead is somebody else's text, and not shown. */
static bool differ_by_slash(const char *one, const char *other)
{
	size_t one_len = strlen(one), other_len = strlen(other);
	const char *longer = one_len > other_len ? one : other;
	size_t len = one_len > other_len ? other_len : one_len;
	return one_len + other_len == 2 * len + 1 && longer[len] == '/' && memcmp(one, other, len) == 0;
}

static unsigned bits_of(const json_t *list, const char *const names[], size_t count)
{
	unsigned bits = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		for (size_t k = 0; k < count; k++)
			if (json_is_string(json_array_get(list, i)) &&
				strcmp(json_string_value(json_array_get(list, i)), names[k]) == 0)
				bits |= 1u << k;
	return bits;
}

/* Nothing here is asked at that address, so one that is not good is only not handed on. Without a word of methods there
 * is the one that RFC 8414 section 2 names. */
static void read_for_clients(const struct issuer_config *config, const json_t *document, struct discovery *out)
{
	const char *url = claim_text(json_object_get(document, "token_endpoint"));
	const json_t *methods = json_object_get(document, "token_endpoint_auth_methods_supported");
	strcpy(out->token_url, url != NULL && issuer_address_good(url, config->plain) ? url : "");
	out->methods =
		methods != NULL ? bits_of(methods, discovery_methods, DISCOVERY_METHODS) : 1u << DISCOVERY_SECRET_BASIC;
	out->algorithms = bits_of(json_object_get(document, "token_endpoint_auth_signing_alg_values_supported"),
		discovery_algorithms, DISCOVERY_ALGORITHMS);
}

enum error discovery_read(
	const struct issuer_config *config, struct bytes document, struct discovery *out, struct fault *fault)
{
	json_auto_t *json = NULL;
	struct fault why;
	struct discovery read;
	enum error error = json_text_parse(document, &json, &why);
	if (error != E_OK)
		return fault_set(fault, error == E_NO_MEMORY ? error : E_BAD_VALUE, "the discovery document is %s", why.text);
	const char *issuer = json_string_value(json_object_get(json, "issuer"));
	if (issuer == NULL || strcmp(issuer, config->issuer) != 0)
		return fault_set(fault, E_BAD_VALUE,
			"the discovery document's issuer is not the one that was asked, letter for letter%s",
			issuer != NULL && differ_by_slash(issuer, config->issuer) ? ": one of them ends in '/'" : "");
	TRY(read_url(config, json, "jwks_uri", true, read.keys_url, fault));
	TRY(read_url(config, json, "introspection_endpoint", false, read.introspection_url, fault));
	read_for_clients(config, json, &read);
	*out = read;
	return E_OK;
}
