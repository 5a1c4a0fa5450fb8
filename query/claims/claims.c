/* In this order: issuer, audience, party, times; then role, assurance, who, organisation. The first half is whether the
 * token holds (E_TOKEN), the second what it is enough for (E_FORBIDDEN). The first that does not hold is told, by its
 * name alone.
 *
 * A clock may be off by the leeway in one direction only: nobody gains by a token that is valid a minute early, and one
 * that has expired has expired. */
#include "query/claims/claims.h"

#include "ledger/subject/subject.h"
#include "ledger/text/visible.h"

#include <string.h>

#define ANSWER_VALID_S 60u /* of an answer that does not say how long */

/* A text without an end mark inside, which two readers would read in two ways. */
static const char *plain_text(const json_t *json)
{
	const char *text = json_string_value(json);
	return text != NULL && strlen(text) == json_string_length(json) ? text : NULL;
}

static bool accepts(const struct accepted *accepted, const char *text)
{
	for (size_t i = 0; text != NULL && i < accepted->count; i++)
		if (strcmp(accepted->values[i], text) == 0)
			return true;
	return false;
}

const char *claims_issuer(const json_t *claims)
{
	return plain_text(json_object_get(claims, "iss"));
}

/* ---- whether it holds ---- */

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
	bool found = json_is_string(audience) && accepts(wanted, plain_text(audience));
	for (size_t i = 0; i < json_array_size(audience); i++) {
		const char *one = plain_text(json_array_get(audience, i));
		if (one == NULL)
			return false;
		found = accepts(wanted, one) || found;
	}
	*several = json_array_size(audience) > 1;
	return found;
}

/* A token that was given for somebody else, and that they present here, ends here. Who it was given to stands in azp
 * (OpenID Connect) or client_id (RFC 9068, RFC 7662). */
static enum error check_audience(const struct issuer_config *config, const json_t *claims, struct fault *fault)
{
	bool several;
	if (config->demo)
		return E_OK;
	if (!has_audience(&config->audiences, json_object_get(claims, "aud"), &several))
		return fault_set(fault, E_TOKEN, "the token's aud does not name this ledger; it was made for something else");
	const json_t *azp = json_object_get(claims, "azp"), *client = json_object_get(claims, "client_id");
	if ((azp != NULL && plain_text(azp) == NULL) || (client != NULL && plain_text(client) == NULL))
		return fault_set(fault, E_TOKEN, "the token's azp or client_id is no text");
	if (several && azp == NULL && client == NULL)
		return fault_set(fault, E_TOKEN, "the token has several audiences, and neither azp nor client_id");
	if (config->parties.count == 0)
		return E_OK;
	if ((azp == NULL && client == NULL) || (azp != NULL && !accepts(&config->parties, plain_text(azp))) ||
		(client != NULL && !accepts(&config->parties, plain_text(client))))
		return fault_set(
			fault, E_TOKEN, "the token was not given to one of the parties that may use it here (azp, client_id)");
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

/* ---- what it is enough for ---- */

static const json_t *claim_at(const json_t *claims, const struct claim_rule *rule)
{
	for (size_t i = 0; i < rule->count; i++)
		claims = json_object_get(claims, rule->names[i]);
	return rule->count > 0 ? claims : NULL;
}

/* Adds the role that a value stands for; values that stand for none are the issuer's own business. */
static enum error add_role(
	const struct issuer_config *config, const json_t *value, bool *has, enum role *role, struct fault *fault)
{
	const char *text = plain_text(value);
	if (text == NULL)
		return fault_set(fault, E_FORBIDDEN, "the token's role claim is neither a text nor a list of texts");
	for (size_t i = 0; i < config->role_count; i++) {
		if (strcmp(config->roles[i].value, text) != 0)
			continue;
		if (*has && *role != config->roles[i].role)
			return fault_set(fault, E_FORBIDDEN, "the token has several roles here; get one that has a single one");
		*has = true;
		*role = config->roles[i].role;
	}
	return E_OK;
}

static enum error show_role(
	const struct issuer_config *config, const json_t *claims, struct identity *out, struct fault *fault)
{
	const json_t *claim = claim_at(claims, &config->role);
	bool has = false;
	for (size_t i = 0; i < json_array_size(claim); i++)
		TRY(add_role(config, json_array_get(claim, i), &has, &out->role, fault));
	if (claim != NULL && !json_is_array(claim))
		TRY(add_role(config, claim, &has, &out->role, fault));
	if (has)
		return E_OK;
	if (!config->has_default_role)
		return fault_set(fault, E_FORBIDDEN, "the token's role is missing or unknown here");
	out->role = config->default_role;
	return E_OK;
}

/* A text that can be shown to people, cut nowhere, in which nothing hides: it stands in somebody's log as who read
 * there, and two that look alike are the same. */
static bool copy_text(const json_t *json, size_t size, char *out)
{
	const char *text = plain_text(json);
	if (text == NULL || strlen(text) >= size || !visible_clean(bytes_text(text)) || visible_blank(bytes_text(text)) ||
		visible_hides(bytes_text(text)))
		return false;
	strcpy(out, text);
	return true;
}

static enum error show_assurance(
	const struct issuer_config *config, const json_t *claims, struct identity *out, struct fault *fault)
{
	const json_t *claim = claim_at(claims, &config->assurance);
	const struct accepted *required = &config->required[out->role];
	if (claim != NULL && !copy_text(claim, sizeof out->assurance, out->assurance))
		return fault_set(fault, E_FORBIDDEN, "the token's assurance (acr) is no text of 1 to 127 bytes");
	_Static_assert(ASSURANCE_BYTES_MAX == 127, "the text names the limit");
	if (required->count > 0 && !accepts(required, claim != NULL ? out->assurance : NULL))
		return fault_set(
			fault, E_FORBIDDEN, "the token's assurance (acr) is not enough for its role; log in with a stronger one");
	const struct accepted *of_proxies = &config->required[ROLE_PROXY];
	out->may_act = out->role == ROLE_SUBJECT && !config->demo &&
				   (of_proxies->count == 0 || accepts(of_proxies, claim != NULL ? out->assurance : NULL));
	return E_OK;
}

/* `prefix` and the claim's text. Behind a prefix stands somebody else's spelling of a number (010170-1234); without one
 * it has to be an id as they are spelled here. */
static bool person_id(const struct claim_rule *rule, const json_t *claim, char out[SUBJECT_BYTES_MAX + 1])
{
	char text[SUBJECT_BYTES_MAX + 1];
	const char *value = plain_text(claim);
	if (value == NULL)
		return false;
	int len = snprintf(text, sizeof text, "%s%s", rule->prefix, value);
	if (len < 0 || (size_t)len >= sizeof text)
		return false;
	if (rule->prefix[0] != '\0')
		return subject_canonical(bytes_text(text), out, NULL) == E_OK;
	strcpy(out, text);
	return subject_check(bytes_text(out)) == E_OK;
}

static bool organisation_id(const struct claim_rule *rule, const json_t *claim, char out[ORG_BYTES_MAX + 1])
{
	const char *value = plain_text(claim);
	int len = value == NULL ? -1 : snprintf(out, ORG_BYTES_MAX + 1, "%s%s", rule->prefix, value);
	return len > 0 && len <= (int)ORG_BYTES_MAX && subject_org_valid(bytes_text(out));
}

static enum error show_who(
	const struct issuer_config *config, const json_t *claims, struct identity *out, struct fault *fault)
{
	bool person = out->role == ROLE_SUBJECT || out->role == ROLE_PROXY || config->demo;
	const struct claim_rule *rule = person ? &config->person : &config->staff;
	const json_t *claim = claim_at(claims, rule);
	if (person && !person_id(rule, claim, out->id))
		return fault_set(fault, E_FORBIDDEN, "the token does not say whose it is in canonical form, or at all");
	if (!person && !copy_text(claim, sizeof out->id, out->id))
		return fault_set(fault, E_FORBIDDEN, "the token does not say which member of staff has it, in 1 to 255 bytes");
	_Static_assert(SUBJECT_BYTES_MAX == 255, "the text names the limit");
	if (out->role == ROLE_AUTHORITY &&
		!organisation_id(&config->organisation, claim_at(claims, &config->organisation), out->organisation))
		return fault_set(
			fault, E_FORBIDDEN, "the token's organisation is missing or not SCHEME:ID of at most 128 bytes");
	_Static_assert(ORG_BYTES_MAX == 128, "the text names the limit");
	return E_OK;
}

enum error claims_show(const struct issuer_config *config, const json_t *claims, enum claims_from from, uint64_t now_s,
	struct identity *out, struct fault *fault)
{
	struct identity shown = {0};
	TRY(check_issuer(config, claims, from, fault));
	TRY(check_audience(config, claims, fault));
	TRY(check_times(config, claims, from, now_s, &shown.expires_s, fault));
	TRY(show_role(config, claims, &shown, fault));
	TRY(show_assurance(config, claims, &shown, fault));
	TRY(show_who(config, claims, &shown, fault));
	strcpy(shown.issuer, config->issuer);
	*out = shown;
	return E_OK;
}
