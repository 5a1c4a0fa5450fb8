/* Who is asking: what a bearer token, or what stands beside it in a request, shows of a person or a member of staff.
 * spec/http.md
 *
 * Whom a request is about is not said here. Judging comes before anything of the ledger is looked at, so that an answer
 * that refuses is the same, and takes as long, whether or not it knows the person. */
#pragma once

#include "ledger/base/limits.h"
#include "query/identity/demo_issuer.h"
#include "query/providers/providers.h"

/* Whose tokens are believed. */
struct issuers {
	const struct demo_issuer *demo; /* NULL: its tokens are trusted by nobody */
	struct providers *providers;    /* NULL: there are none */
};

/* What came with a request. Borrowed; members that did not come are NULL. */
struct presented {
	const char *token;          /* without "Bearer" */
	const char *case_reference; /* of a supervisor: header Indsigt-Case */
	uint64_t arrived_ms;        /* when it did (clock_ms) */
};

/* Whether there is anybody whose tokens would be believed. */
bool identity_possible(const struct issuers *issuers);
/* E_TOKEN, with the reason: the token does not hold (401). E_FORBIDDEN: it does, and is not enough for the role that it
 * claims (403). What could not be looked at, for the time being: E_ISSUER, E_NO_MEMORY (503); E_PENDING: it is being
 * looked at, and whoever can wait asks again when the providers wake them. No fault repeats anything of the token. */
enum error identity_show(const struct issuers *issuers, const struct presented *presented, uint64_t now_s,
	struct identity *out, struct fault *fault) MUST_USE;
