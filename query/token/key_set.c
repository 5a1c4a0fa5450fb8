#include "query/token/key_set.h"

#include "ledger/json/json_text.h"

#include <string.h>

static enum error add(struct key_set *set, const json_t *jwk, struct fault *fault)
{
	struct fault why;
	enum error error = public_key_read(jwk, &set->keys[set->count], &why);
	if (error == E_NO_MEMORY)
		return fault_set(fault, error, "");
	if (error == E_OK) {
		set->count++;
		return E_OK;
	}
	set->passed_over++;
	snprintf(set->why, sizeof set->why, "%.90s", why.text);
	return E_OK;
}

enum error key_set_read(struct bytes document, struct key_set **out, struct fault *fault)
{
	json_auto_t *json = NULL;
	struct fault why;
	enum error error = json_text_parse(document, &json, &why);
	if (error != E_OK)
		return fault_set(fault, error == E_NO_MEMORY ? error : E_BAD_VALUE, "the key set is %s", why.text);
	const json_t *keys = json_object_get(json, "keys");
	size_t count = json_array_size(keys);
	if (!json_is_array(keys) || count > KEYS_MAX)
		return fault_set(fault, E_BAD_VALUE, "the key set's keys are no list of at most %u", KEYS_MAX);
	OWNED(key_set_release) struct key_set *set = calloc(1, sizeof *set + count * sizeof set->keys[0]);
	TRY(fault_set(fault, allocated(set), ""));
	set->holders = 1;
	for (size_t i = 0; i < count; i++)
		TRY(add(set, json_array_get(keys, i), fault));
	if (set->count == 0)
		return fault_set(fault, E_BAD_VALUE, "the key set has no key that could verify a token%s%s",
			set->why[0] != '\0' ? "; of the last: " : "", set->why);
	*out = OWN_TAKE(set);
	return E_OK;
}

struct key_set *key_set_hold(struct key_set *set)
{
	atomic_fetch_add(&set->holders, 1);
	return set;
}

void key_set_free(struct key_set *set)
{
	if (atomic_fetch_sub(&set->holders, 1) > 1)
		return;
	for (size_t i = 0; i < set->count; i++)
		public_key_release(&set->keys[i]);
	free(set);
}

/* Without a kid the key is told by being the only one; with it there may be several of one name (RFC 7517 section 4.5),
 * and one of them has signed or none. */
enum error key_set_verify(const struct key_set *set, const struct jws *jws, struct fault *fault)
{
	size_t fitting = 0;
	for (size_t i = 0; i < set->count; i++)
		fitting += public_key_fits(&set->keys[i], jws);
	if (fitting == 0)
		return E_NOT_FOUND;
	if (fitting > 1 && !jws->has_key_id)
		return fault_set(fault, E_TOKEN, "the token has no kid, and its issuer has several keys that it could be of");
	for (size_t i = 0; i < set->count; i++) {
		if (!public_key_fits(&set->keys[i], jws))
			continue;
		enum error error = public_key_verify(&set->keys[i], jws);
		if (error != E_BAD_SIGNATURE)
			return error;
	}
	return E_BAD_SIGNATURE;
}
