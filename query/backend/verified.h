/* Access tokens whose signature was verified, so that it is not again with every event: a pure machine, as
 * issuer/provider.h. spec/gateway.md
 *
 * A token is known by a keyed hash, until it expires, and only as long as its issuer's keys are the very ones that it
 * was verified with: when they were fetched anew it is verified anew. What was refused is not remembered. Where many
 * tokens would stand in one place the one that expires first gives way, and costs its verifying the next time. */
#pragma once

#include "query/backend/backend.h"

#define VERIFIED_MAX 1024u
#define VERIFIED_PLACES 8u /* that a token may stand in */

/* Which keys of whom. */
struct verified_by {
	size_t issuer; /* its place among the issuers */
	uint64_t keys_ms;
};

struct verified_token {
	struct hash hash;
	struct verified_by by;
	struct backend shown; /* expires_s 0: the place is free */
};

struct verified {
	struct key key; /* random */
	struct verified_token list[VERIFIED_MAX];
};

void verified_init(struct verified *verified);
void verified_hash(const struct verified *verified, const char *token, struct hash *out);
/* NULL: it is not known, or has expired. Whether `by` still holds is the caller's to say. */
const struct verified_token *verified_find(const struct verified *verified, const struct hash *hash, uint64_t now_s);
void verified_remember(struct verified *verified, const struct verified_token *token);
