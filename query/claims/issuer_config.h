/* Which issuers are believed, and what their claims mean here: DIR/issuers.json of a ledger, whom people come with
 * tokens of (spec/identity.md), and a gateway's --fhir-issuers, whom systems do (spec/gateway.md).
 *
 * Read strictly: a member that is not known is refused, since what somebody meant by it would otherwise hold for
 * nobody. The demo issuer is one more, made here and not in the file. */
#pragma once

#include "query/claims/role.h"
#include "query/token/jws.h"

#define ISSUERS_MAX 8u
#define ISSUERS_FILE_BYTES_MAX 65536u
#define CLAIM_DEPTH_MAX 4u
#define CONFIG_TEXTS_MAX 16u       /* of a list */
#define CONFIG_TEXT_BYTES_MAX 255u /* of a text in it */
#define LEEWAY_S_DEFAULT 60u
#define LEEWAY_S_MAX 300u
#define KEYS_KEPT_HOURS_DEFAULT 24u
#define KEYS_KEPT_HOURS_MAX 168u

/* Where in a token something stands, and what is put before it. */
struct claim_rule {
	const char *names[CLAIM_DEPTH_MAX]; /* from the outside in */
	size_t count;
	const char *prefix; /* "" for none */
};

struct role_value {
	const char *value;
	enum role role;
};

struct accepted {
	const char *values[CONFIG_TEXTS_MAX];
	size_t count; /* 0: anything */
};

/* All texts are borrowed from `source`, or static. */
struct issuer_config {
	json_t *source;
	const char *issuer;
	bool demo;  /* this machine's own: no audience, no keys to ask for */
	bool plain; /* its address is http on loopback, and so may be those that it names */
	struct accepted audiences;
	struct accepted parties; /* azp or client_id, or what this names: */
	struct claim_rule party; /* count 0: none */
	unsigned algorithms;     /* bits 1 << enum jws_algorithm */
	uint32_t leeway_s;
	uint32_t keys_kept_hours; /* without the issuer's confirming them */
	const char *ca;           /* a file, or NULL for the system's */
	const char *client;       /* the file of who asks about opaque tokens, or NULL: nobody does */
	struct claim_rule person, staff, organisation, role, assurance;
	struct role_value roles[CONFIG_TEXTS_MAX];
	size_t role_count;
	bool has_default_role;
	enum role default_role;
	struct accepted required[ROLES]; /* assurances */
	/* Of one that systems come with tokens of: */
	struct claim_rule scope;
	struct accepted scopes; /* that stand for system/AuditEvent.c, beside those of SMART */
};

/* Up to ISSUERS_MAX, into `out`, whose count is set on success; each needs issuer_config_release. The fault names the
 * member. E_BAD_JSON, E_BAD_VALUE, E_NO_MEMORY. */
enum error issuer_config_read(
	struct bytes text, struct issuer_config out[ISSUERS_MAX], size_t *count, struct fault *fault) MUST_USE;
/* As issuer_config_read, of a gateway's file. */
enum error issuer_config_read_backends(
	struct bytes text, struct issuer_config out[ISSUERS_MAX], size_t *count, struct fault *fault) MUST_USE;
void issuer_config_release(struct issuer_config *config);
/* Of the demo issuer named so; borrows the name. */
struct issuer_config issuer_config_demo(const char *name);

/* https, or http on loopback where `plain`; no user, no fragment; at most ISSUER_BYTES_MAX. */
bool issuer_address_good(const char *address, bool plain);
