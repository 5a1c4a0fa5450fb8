/* The file is an operator's: every refusal says which member of which issuer, and what may stand there. */
#include "query/claims/issuer_config.h"

#include "ledger/base/own.h"
#include "ledger/json/json_text.h"
#include "query/claims/strict.h"

#include <strings.h>

#define WHERE_BYTES 96

/* ---- addresses ---- */

/* http on loopback. As far as the end of the host, so that nothing of the path is taken for one. */
static bool is_plain(const char *address)
{
	static const char *const hosts[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		size_t len = strlen(hosts[i]);
		if (strncasecmp(address, hosts[i], len) == 0 && strchr(":/", address[len]) != NULL) /* the end mark too */
			return true;
	}
	return false;
}

bool issuer_address_good(const char *address, bool plain)
{
	size_t len = strnlen(address, ISSUER_BYTES_MAX + 1);
	bool scheme = strncasecmp(address, "https://", 8) == 0 || (plain && is_plain(address));
	if (!scheme || len > ISSUER_BYTES_MAX || len <= 8)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)address[i] <= ' ' || (unsigned char)address[i] >= 0x7F)
			return false;
	return strpbrk(address, "@#\\") == NULL;
}

/* ---- members ---- */

static const char *const of_prefixed[] = {"claim", "prefix", NULL};
static const char *const of_plain[] = {"claim", NULL};

/* `known`: the members that there may be; NULL: they were looked at. */
static enum error read_rule(const json_t *issuer, const char *where, const char *name, const char *const *known,
	struct claim_rule *out, struct fault *fault)
{
	const json_t *rule = json_object_get(issuer, name);
	char place[WHERE_BYTES];
	if (rule == NULL)
		return E_OK;
	snprintf(place, sizeof place, "%s.%s", where, name);
	if (json_is_object(rule) && known != NULL)
		TRY(strict_object(rule, place, known, fault));
	const json_t *claim = json_object_get(rule, "claim");
	out->prefix = "";
	TRY(strict_text(rule, place, "prefix", SUBJECT_BYTES_MAX, &out->prefix, fault));
	if (json_is_array(claim))
		return strict_texts(
			rule, place, "claim", CONFIG_TEXT_BYTES_MAX, CLAIM_DEPTH_MAX, out->names, &out->count, fault);
	TRY(strict_needed(claim, place, "claim", fault));
	TRY(strict_text(rule, place, "claim", CONFIG_TEXT_BYTES_MAX, &out->names[0], fault));
	out->count = 1;
	return E_OK;
}

/* Whom a person may act for is said by grants in the ledger, which can be taken back, and not by an issuer. */
static enum error read_role_word(const char *word, const char *where, enum role *out, struct fault *fault)
{
	if (strcmp(word, role_name(ROLE_PROXY)) == 0)
		return fault_set(
			fault, E_BAD_VALUE, "%s: proxy is no role of a token; grants in the ledger say who acts for whom", where);
	if (!role_parse(word, out))
		return fault_set(fault, E_BAD_VALUE, "%s must be one of subject, authority, auditor and supervisor", where);
	return E_OK;
}

static enum error read_role_values(
	const json_t *values, const char *where, struct issuer_config *config, struct fault *fault)
{
	char place[WHERE_BYTES];
	const char *value;
	json_t *word;
	snprintf(place, sizeof place, "%s.role.values", where);
	if (!json_is_object(values) || json_object_size(values) < 1 || json_object_size(values) > CONFIG_TEXTS_MAX)
		return fault_set(fault, E_BAD_VALUE, "%s must be an object with 1 to %u members", place, CONFIG_TEXTS_MAX);
	json_object_foreach((json_t *)values, value, word)
	{
		struct role_value *to = &config->roles[config->role_count++];
		if (!json_is_string(word))
			return fault_set(fault, E_BAD_VALUE, "%s: each member must be the name of a role", place);
		to->value = value;
		TRY(read_role_word(json_string_value(word), place, &to->role, fault));
	}
	return E_OK;
}

/* Without a role claim everybody is who they are, and asks about themselves. */
static enum error read_roles(const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	static const char *const known[] = {"claim", "values", "default", NULL};
	const json_t *rule = json_object_get(issuer, "role");
	const char *word = "subject";
	char place[WHERE_BYTES];
	snprintf(place, sizeof place, "%s.role", where);
	if (rule != NULL) {
		TRY(strict_object(rule, place, known, fault));
		TRY(read_rule(issuer, where, "role", NULL, &config->role, fault));
		TRY(strict_needed(json_object_get(rule, "values"), place, "values", fault));
		TRY(read_role_values(json_object_get(rule, "values"), where, config, fault));
		if (json_is_null(json_object_get(rule, "default")))
			return E_OK;
		TRY(strict_text(rule, place, "default", CONFIG_TEXT_BYTES_MAX, &word, fault));
	}
	snprintf(place, sizeof place, "%s.role.default", where);
	config->has_default_role = true;
	return read_role_word(word, place, &config->default_role, fault);
}

static enum error read_assurance(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	static const char *const known[] = {"claim", "required", NULL};
	static const char *const roles[] = {"subject", "proxy", "authority", "auditor", "supervisor", NULL};
	const json_t *rule = json_object_get(issuer, "assurance");
	char place[WHERE_BYTES];
	config->assurance = (struct claim_rule){.names = {"acr"}, .count = 1, .prefix = ""};
	if (rule == NULL)
		return E_OK;
	snprintf(place, sizeof place, "%s.assurance", where);
	TRY(strict_object(rule, place, known, fault));
	if (json_object_get(rule, "claim") != NULL)
		TRY(read_rule(issuer, where, "assurance", NULL, &config->assurance, fault));
	const json_t *required = json_object_get(rule, "required");
	TRY(strict_needed(required, place, "required", fault));
	snprintf(place, sizeof place, "%s.assurance.required", where);
	TRY(strict_object(required, place, roles, fault));
	for (enum role role = 0; role < ROLES; role++)
		TRY(strict_texts(required, place, role_name(role), ASSURANCE_BYTES_MAX, CONFIG_TEXTS_MAX,
			config->required[role].values, &config->required[role].count, fault));
	return E_OK;
}

static enum error read_algorithms(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	const char *names[CONFIG_TEXTS_MAX] = {"RS256", "PS256", "ES256", "EdDSA"};
	size_t count = 4;
	enum jws_algorithm algorithm;
	TRY(strict_texts(issuer, where, "algorithms", CONFIG_TEXT_BYTES_MAX, CONFIG_TEXTS_MAX, names, &count, fault));
	for (size_t i = 0; i < count; i++) {
		if (!jws_algorithm_parse(names[i], &algorithm) || algorithm == JWS_HS256)
			return fault_set(
				fault, E_BAD_VALUE, "%s.algorithms: each must be one of RS256, PS256, ES256 and EdDSA", where);
		config->algorithms |= 1u << algorithm;
	}
	return E_OK;
}

static enum error read_introspection(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	static const char *const known[] = {"client", NULL};
	const json_t *member = json_object_get(issuer, "introspection");
	char place[WHERE_BYTES];
	if (member == NULL)
		return E_OK;
	snprintf(place, sizeof place, "%s.introspection", where);
	TRY(strict_object(member, place, known, fault));
	TRY(strict_text(member, place, "client", CONFIG_TEXT_BYTES_MAX, &config->client, fault));
	return strict_needed(config->client, place, "client", fault);
}

static enum error read_claims(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	config->staff = (struct claim_rule){.names = {"sub"}, .count = 1, .prefix = ""};
	TRY(read_rule(issuer, where, "person", of_prefixed, &config->person, fault));
	TRY(read_rule(issuer, where, "staff", of_prefixed, &config->staff, fault));
	TRY(read_rule(issuer, where, "organisation", of_prefixed, &config->organisation, fault));
	TRY(read_roles(issuer, where, config, fault));
	return read_assurance(issuer, where, config, fault);
}

/* A role that can be had needs what it is made of. */
static enum error check_whole(const struct issuer_config *config, const char *where, struct fault *fault)
{
	bool can[ROLES] = {false};
	if (config->has_default_role)
		can[config->default_role] = true;
	for (size_t i = 0; i < config->role_count; i++)
		can[config->roles[i].role] = true;
	if (can[ROLE_SUBJECT] && config->person.count == 0)
		return fault_set(fault, E_BAD_VALUE, "%s.person is missing: which claim holds a person's number?", where);
	if (can[ROLE_AUTHORITY] && config->organisation.count == 0)
		return fault_set(
			fault, E_BAD_VALUE, "%s.organisation is missing: which claim holds an authority's number?", where);
	return E_OK;
}

/* What is asked of all, whoever comes with their tokens. */
static enum error read_common(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	config->leeway_s = LEEWAY_S_DEFAULT;
	config->keys_kept_hours = KEYS_KEPT_HOURS_DEFAULT;
	TRY(strict_text(issuer, where, "issuer", ISSUER_BYTES_MAX, &config->issuer, fault));
	TRY(strict_needed(config->issuer, where, "issuer", fault));
	config->plain = is_plain(config->issuer);
	if (!issuer_address_good(config->issuer, true) || strchr(config->issuer, '?') != NULL)
		return fault_set(fault, E_BAD_VALUE,
			"%s.issuer must be an address of https (http only on 127.0.0.1, [::1] or localhost) "
			"without user, query and fragment",
			where);
	TRY(strict_texts(issuer, where, "audiences", CONFIG_TEXT_BYTES_MAX, CONFIG_TEXTS_MAX, config->audiences.values,
		&config->audiences.count, fault));
	TRY(strict_needed(json_object_get(issuer, "audiences"), where, "audiences", fault));
	TRY(strict_texts(issuer, where, "parties", CONFIG_TEXT_BYTES_MAX, CONFIG_TEXTS_MAX, config->parties.values,
		&config->parties.count, fault));
	TRY(read_rule(issuer, where, "party", of_plain, &config->party, fault));
	TRY(strict_number(issuer, where, "leeway_seconds", 0, LEEWAY_S_MAX, &config->leeway_s, fault));
	TRY(strict_number(issuer, where, "keys_kept_hours", 1, KEYS_KEPT_HOURS_MAX, &config->keys_kept_hours, fault));
	TRY(strict_text(issuer, where, "ca", CONFIG_TEXT_BYTES_MAX, &config->ca, fault));
	return read_algorithms(issuer, where, config, fault);
}

typedef enum error issuer_reader(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault);

static enum error read_of_people(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	static const char *const known[] = {"issuer", "audiences", "parties", "party", "algorithms", "leeway_seconds",
		"keys_kept_hours", "ca", "person", "staff", "organisation", "role", "assurance", "introspection", NULL};
	TRY(strict_object(issuer, where, known, fault));
	TRY(read_common(issuer, where, config, fault));
	TRY(read_introspection(issuer, where, config, fault));
	TRY(read_claims(issuer, where, config, fault));
	return check_whole(config, where, fault);
}

static enum error read_of_backends(
	const json_t *issuer, const char *where, struct issuer_config *config, struct fault *fault)
{
	static const char *const known[] = {"issuer", "audiences", "parties", "party", "algorithms", "leeway_seconds",
		"keys_kept_hours", "ca", "scope", NULL};
	static const char *const of_scope[] = {"claim", "values", NULL};
	const json_t *rule = json_object_get(issuer, "scope");
	char place[WHERE_BYTES];
	TRY(strict_object(issuer, where, known, fault));
	TRY(read_common(issuer, where, config, fault));
	config->scope = (struct claim_rule){.names = {"scope"}, .count = 1, .prefix = ""};
	if (rule == NULL)
		return E_OK;
	snprintf(place, sizeof place, "%s.scope", where);
	TRY(strict_object(rule, place, of_scope, fault));
	if (json_object_get(rule, "claim") != NULL)
		TRY(read_rule(issuer, where, "scope", NULL, &config->scope, fault));
	return strict_texts(rule, place, "values", CONFIG_TEXT_BYTES_MAX, CONFIG_TEXTS_MAX, config->scopes.values,
		&config->scopes.count, fault);
}

/* ---- the whole ---- */

void issuer_config_release(struct issuer_config *config)
{
	json_decref(config->source);
	config->source = NULL;
}

/* An opaque token does not say whose it is, and is not shown to one issuer after the other. */
static enum error check_apart(const struct issuer_config *configs, size_t count, struct fault *fault)
{
	size_t asked = 0;
	for (size_t i = 0; i < count; i++) {
		asked += configs[i].client != NULL;
		for (size_t k = 0; k < i; k++)
			if (strcmp(configs[i].issuer, configs[k].issuer) == 0)
				return fault_set(fault, E_BAD_VALUE, "issuers[%zu].issuer is that of issuers[%zu] too", i, k);
	}
	if (asked > 1)
		return fault_set(
			fault, E_BAD_VALUE, "introspection can be of one issuer only: an opaque token does not say whose it is");
	return E_OK;
}

static enum error read_all(const json_t *file, issuer_reader *reader, struct issuer_config *out, struct fault *fault)
{
	static const char *const known[] = {"issuers", NULL};
	const json_t *issuers = json_object_get(file, "issuers");
	TRY(strict_object(file, "the file", known, fault));
	if (!json_is_array(issuers) || json_array_size(issuers) < 1 || json_array_size(issuers) > ISSUERS_MAX)
		return fault_set(fault, E_BAD_VALUE, "issuers must be a list of 1 to %u objects", ISSUERS_MAX);
	for (size_t i = 0; i < json_array_size(issuers); i++) {
		char where[WHERE_BYTES / 2];
		snprintf(where, sizeof where, "issuers[%zu]", i);
		out[i].source = json_incref((json_t *)file);
		TRY(reader(json_array_get(issuers, i), where, &out[i], fault));
	}
	return check_apart(out, json_array_size(issuers), fault);
}

static enum error read_file(
	struct bytes text, issuer_reader *reader, struct issuer_config *out, size_t *count, struct fault *fault)
{
	json_auto_t *file = NULL;
	struct issuer_config read[ISSUERS_MAX] = {0};
	TRY(json_text_parse(text, &file, fault));
	enum error error = read_all(file, reader, read, fault);
	for (size_t i = 0; error != E_OK && i < ISSUERS_MAX; i++)
		issuer_config_release(&read[i]);
	TRY(error);
	memcpy(out, read, sizeof read);
	*count = json_array_size(json_object_get(file, "issuers"));
	return E_OK;
}

enum error issuer_config_read(
	struct bytes text, struct issuer_config out[ISSUERS_MAX], size_t *count, struct fault *fault)
{
	return read_file(text, read_of_people, out, count, fault);
}

enum error issuer_config_read_backends(
	struct bytes text, struct issuer_config out[ISSUERS_MAX], size_t *count, struct fault *fault)
{
	return read_file(text, read_of_backends, out, count, fault);
}

/* Roles are called what they are called here, and nobody has one without its being said. */
struct issuer_config issuer_config_demo(const char *name)
{
	static const struct claim_rule id = {.names = {"sub"}, .count = 1, .prefix = ""};
	struct issuer_config config = {.issuer = name,
		.demo = true,
		.algorithms = 1u << JWS_HS256,
		.leeway_s = LEEWAY_S_DEFAULT,
		.person = id,
		.staff = id,
		.organisation = {.names = {"org"}, .count = 1, .prefix = ""},
		.role = {.names = {"role"}, .count = 1, .prefix = ""},
		.assurance = {.names = {"acr"}, .count = 1, .prefix = ""},
		.role_count = ROLES};
	for (enum role role = 0; role < ROLES; role++)
		config.roles[role] = (struct role_value){.value = role_name(role), .role = role};
	return config;
}
