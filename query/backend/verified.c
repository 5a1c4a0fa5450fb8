#include "query/backend/verified.h"

#include <sodium.h>

_Static_assert(VERIFIED_MAX % VERIFIED_PLACES == 0, "places stand in groups");

void verified_init(struct verified *verified)
{
	memset(verified, 0, sizeof *verified);
	randombytes_buf(verified->key.b, sizeof verified->key.b);
}

void verified_hash(const struct verified *verified, const char *token, struct hash *out)
{
	const struct bytes text = bytes_text(token);
	hash_blake2b(&verified->key, &text, 1, out);
}

/* The first of the places that it may have. */
static size_t group_of(const struct hash *hash)
{
	size_t groups = VERIFIED_MAX / VERIFIED_PLACES;
	return (hash->b[0] | (size_t)hash->b[1] << 8) % groups * VERIFIED_PLACES;
}

const struct verified_token *verified_find(const struct verified *verified, const struct hash *hash, uint64_t now_s)
{
	const struct verified_token *group = &verified->list[group_of(hash)];
	for (size_t i = 0; i < VERIFIED_PLACES; i++)
		if (group[i].shown.expires_s > now_s && hash_equal(&group[i].hash, hash))
			return &group[i];
	return NULL;
}

void verified_remember(struct verified *verified, const struct verified_token *token)
{
	struct verified_token *group = &verified->list[group_of(&token->hash)], *place = group;
	for (size_t i = 0; i < VERIFIED_PLACES; i++) {
		if (hash_equal(&group[i].hash, &token->hash)) {
			place = &group[i];
			break;
		}
		if (group[i].shown.expires_s < place->shown.expires_s)
			place = &group[i];
	}
	*place = *token;
}
