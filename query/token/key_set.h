/* The keys that an issuer has published (RFC 7517). spec/identity.md
 *
 * A set has keys for other purposes, too, and of kinds that are not known here: those are passed over, and counted with
 * the reason of the last, for who looks. A set without a single one that could verify something is refused. */
#pragma once

#include "query/token/public_key.h"

#include <stdatomic.h>

#define KEYS_MAX 64u
#define KEY_SET_BYTES_MAX 262144u

struct key_set {
	atomic_uint holders;
	size_t count;
	size_t passed_over;
	char why[96]; /* the last of those was; "" */
	struct public_key keys[];
};

/* `keys` of a document. E_BAD_VALUE, with what is wrong; E_NO_MEMORY. Held once. */
enum error key_set_read(struct bytes document, struct key_set **out, struct fault *fault) MUST_USE;
struct key_set *key_set_hold(struct key_set *set);
/* By its last holder. Any thread. */
void key_set_free(struct key_set *set);
OWN(key_set, key_set_free);

/* E_NOT_FOUND: none of these could have signed it, and a newer set might have one. E_BAD_SIGNATURE; E_TOKEN, with the
 * reason: which key it is cannot be told; E_NO_MEMORY. Any thread. */
enum error key_set_verify(const struct key_set *set, const struct jws *jws, struct fault *fault) MUST_USE;
