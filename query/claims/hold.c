/* In this order: issuer, audience, party, times. The first that does not hold is told, by its name alone.
 *
 * A clock may be off by the leeway in one direction only: nobody gains by a token that is valid a minute early, and one
 * that has expired has expired. */
#include "query/claims/hold.h"

#include <string.h>

#define ANSWER_VALID_S 60u /* of an answer that does not say how long */

const char *claim_text(const json_t *json)
{
	const char *text = json_string_value(json);
	return text != NULL && strlen(text) == json_string_length(json) ? text : NULL;
}

bool accepted_has(const struct accepted *accepted, const char *text)
{
	for (size_t i = 0; text != NULL && i < accepted->count; i++)
		if (strcmp(accepted->values[i], text) == 0)
			return true;
	return false;
}

const char *claims_issuer(const json_t *claims)
{
	return claim_text(json_object_get(claims, "iss"));
}

static enum error check_issuer(
	const struct issuer_config *config, const json_t *claims, enum claims_from from, struct fault *fault)
{
	const char *issuer = claims_issuer(claims);
	if (json_object_get(claims, "iss") == NULL && from == CLAIMS_OF_ANSWER)
		return E_OK;
	if (issuer == NULL || strcmp(issuer, config->issuer) != 0)
		return fault_set(fault, E_TOKEN, "the token is from an issuer that is not believed here");
	return E_OK;
}

/* A text, or a list of texts alone (RFC 7519 section 4.1.3). `*several`: it is good somewhere else, too. */
static bool has_audience(const struct accepted *wanted, const json_t *audience, bool *several)
{
	bool found = json_is_string(audience) && accepted_has(wanted, claim_text(audience));
	for (size_t i = 0; i < json_array_size(audience); i++) {
		const char *one = claim_text(json_array_get(audience, i));
		if (one == NULL)
			return false;
		found = accepted_has(wanted, one) || found;
	}
	*several = json_array_size(audience) > 1;
	return found;
}

/* Who a token was given to: azp (OpenID Connect), client_id (RFC 9068, RFC 7662), or the issuer's own word for it.
 * `*named`: it is said. `*good`: whoever is said, by each of them, is among `parties`. */
static enum error look_at_party(
	const struct issuer_config *config, const json_t *claims, bool *named, bool *good, struct fault *fault)
{
	const json_t *said[] = {
		json_object_get(claims, "azp"), json_object_get(claims, "client_id"), claim_at(claims, &config->party)};
	*named = false;
	*good = true;
	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
		if (said[i] == NULL)
			continue;
		if (claim_text(said[i]) == NULL)
			return fault_set(fault, E_TOKEN, "the token's azp, client_id or party is no text");
		*named = true;
		*good = *good && accepted_has(&config->parties, claim_text(said[i]));
	}
	return E_OK;
}

/* A token that was given for somebody else, and that they present here, ends here. */
static enum error check_audience(const struct issuer_config *config, const json_t *claims, struct fault *fault)
{
	bool several, named, good;
	if (config->demo)
		return E_OK;
	if (!has_audience(&config->audiences, json_object_get(claims, "aud"), &several))
		return fault_set(fault, E_TOKEN, "the token's aud is none that is taken here; it was made for something else");
	TRY(look_at_party(config, claims, &named, &good, fault));
	if (several && !named)
		return fault_set(fault, E_TOKEN, "the token has several audiences, and neither azp nor client_id");
	if (config->parties.count > 0 && !(named && good))
		return fault_set(fault, E_TOKEN,
			"the token was not given to one of the parties that may use it here (azp, client_id, or the claim of "
			"'party')");
	return E_OK;
}

/* A whole number of seconds that is not negative. */
static bool claim_time(const json_t *claims, const char *name, bool needed, uint64_t *out)
{
	const json_t *value = json_object_get(claims, name);
	if (value == NULL)
		return !needed;
	if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > TIME_S_MAX)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static enum error check_times(const struct issuer_config *config, const json_t *claims, enum claims_from from,
	uint64_t now_s, uint64_t *expires_s, struct fault *fault)
{
	uint64_t issued_s = 0, not_before_s = 0;
	bool needed = from == CLAIMS_OF_TOKEN;
	*expires_s = now_s + ANSWER_VALID_S;
	if (!claim_time(claims, "iat", needed, &issued_s) || !claim_time(claims, "exp", needed, expires_s) ||
		!claim_time(claims, "nbf", false, &not_before_s))
		return fault_set(fault, E_TOKEN, "the token's iat, exp or nbf is missing or not a whole number of seconds");
	if (*expires_s <= now_s)
		return fault_set(fault, E_TOKEN, "the token has expired; get a new one");
	if (issued_s > now_s + config->leeway_s || not_before_s > now_s + config->leeway_s)
		return fault_set(fault, E_TOKEN, "the token is not valid yet; check the clocks");
	return E_OK;
}

const json_t *claim_at(const json_t *claims, const struct claim_rule *rule)
{
	for (size_t i = 0; i < rule->count; i++)
		claims = json_object_get(claims, rule->names[i]);
	return rule->count > 0 ? claims : NULL;
}

enum error claims_hold(const struct issuer_config *config, const json_t *claims, enum claims_from from, uint64_t now_s,
	uint64_t *expires_s, struct fault *fault)
{
	TRY(check_issuer(config, claims, from, fault));
	TRY(check_audience(config, claims, fault));
	return check_times(config, claims, from, now_s, expires_s, fault);
}
