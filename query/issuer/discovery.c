/* The issuer's name in the document has to be the one that was asked, letter for letter: otherwise whoever may put a
 * file on one host could speak for another. */
#include "query/issuer/discovery.h"

#include "ledger/json/json_text.h"

#include <string.h>

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
	const json_t *url = json_object_get(document, name);
	out[0] = '\0';
	if (url == NULL && !needed)
		return E_OK;
	if (!json_is_string(url) || strlen(json_string_value(url)) != json_string_length(url) ||
		!issuer_address_good(json_string_value(url), config->plain))
		return fault_set(fault, E_BAD_VALUE,
			"the discovery document's %s is missing or no address of https (at most %u bytes)", name,
			(unsigned)ISSUER_BYTES_MAX);
	strcpy(out, json_string_value(url));
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
	*out = read;
	return E_OK;
}
