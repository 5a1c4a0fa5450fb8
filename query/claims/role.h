/* Who may be asking, and as what. Which role may ask which question is the routes' business (query/routes). */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/limits.h"

#define ASSURANCE_BYTES_MAX 127u                  /* an acr: mostly a short word or an address */
#define CASE_REFERENCE_BYTES_MAX 127u             /* of a supervisor's case */
#define ISSUER_BYTES_MAX (ORIGIN_BYTES_MAX + 16u) /* an address, or what the demo issuer is called */

enum role {
	ROLE_SUBJECT,    /* a person, about themselves */
	ROLE_PROXY,      /* a person, about others for whom they may act */
	ROLE_AUTHORITY,  /* an organisation, about what it reported */
	ROLE_AUDITOR,    /* accredited: labels */
	ROLE_SUPERVISOR, /* with a case: anybody's events */
};
#define ROLES 5

/* As its issuer has shown it, from one token. */
struct identity {
	enum role role;
	/* ROLE_SUBJECT, ROLE_PROXY: the person's canonical subject id. Else the member of staff, as their issuer names
	 * them, in visible UTF-8. */
	char id[SUBJECT_BYTES_MAX + 1];
	char issuer[ISSUER_BYTES_MAX + 1];    /* whose word it is: ids of staff mean something beside it only */
	char organisation[ORG_BYTES_MAX + 1]; /* of ROLE_AUTHORITY: SCHEME:ID; else "" */
	char case_reference[CASE_REFERENCE_BYTES_MAX + 1]; /* of ROLE_SUPERVISOR, in visible UTF-8; else "" */
	char assurance[ASSURANCE_BYTES_MAX + 1];           /* how sure the issuer is (acr); "" where it does not say */
	uint64_t expires_s;
	bool may_act; /* ROLE_SUBJECT: with this token the person may ask for others, as ROLE_PROXY */
};

/* "subject", "proxy", ...; static. */
const char *role_name(enum role role);
bool role_parse(const char *name, enum role *out);
