/* In this order: whether the token holds (hold.h, E_TOKEN); then role, assurance, who, organisation, which is what it
 * is enough for (E_FORBIDDEN). The first that does not hold is told, by its name alone. */
#include "query/claims/claims.h"

#include "ledger/subject/subject.h"
#include "ledger/text/visible.h"

#include <string.h>

/* Adds the role that a value stands for; values that stand for none are the issuer's own business. */
static enum error add_role(
	const struct issuer_config *config, const json_t *value, bool *has, enum role *role, struct fault *fault)
{
	const char *text = claim_text(value);
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
	const char *text = claim_text(json);
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
	if (required->count > 0 && !accepted_has(required, claim != NULL ? out->assurance : NULL))
		return fault_set(
			fault, E_FORBIDDEN, "the token's assurance (acr) is not enough for its role; log in with a stronger one");
	const struct accepted *of_proxies = &config->required[ROLE_PROXY];
	out->may_act = out->role == ROLE_SUBJECT && !config->demo &&
				   (of_proxies->count == 0 || accepted_has(of_proxies, claim != NULL ? out->assurance : NULL));
	return E_OK;
}

/* `prefix` and the claim's text. Behind a prefix stands somebody else's spelling of a number (010170-1234); without one
 * it has to be an id as they are spelled here. */
static bool person_id(const struct claim_rule *rule, const json_t *claim, char out[SUBJECT_BYTES_MAX + 1])
{
	char text[SUBJECT_BYTES_MAX + 1];
	const char *value = claim_text(claim);
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
	const char *value = claim_text(claim);
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

/* By a certificate, by DPoP: the key that it is bound to is looked at nowhere here, and who has stolen the token has
 * not got that. */
static enum error refuse_bound(const json_t *claims, struct fault *fault)
{
	if (json_object_get(claims, "cnf") == NULL)
		return E_OK;
	return fault_set(
		fault, E_TOKEN, "the token is bound to a key (cnf), which cannot be looked at here; get a bearer token");
}

enum error claims_show(const struct issuer_config *config, const json_t *claims, enum claims_from from, uint64_t now_s,
	struct identity *out, struct fault *fault)
{
	struct identity shown = {0};
	TRY(claims_hold(config, claims, from, now_s, &shown.expires_s, fault));
	TRY(refuse_bound(claims, fault));
	TRY(show_role(config, claims, &shown, fault));
	TRY(show_assurance(config, claims, &shown, fault));
	TRY(show_who(config, claims, &shown, fault));
	strcpy(shown.issuer, config->issuer);
	*out = shown;
	return E_OK;
}
