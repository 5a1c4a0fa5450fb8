/* Answers hold a dozen hashes for each event, so what is short is written on the stack, and the one copy of it is
 * jansson's. */
#include "ledger/json/json_base64.h"

#include "ledger/text/base64.h"

#include <sodium.h>

#define SHORT_BYTES 1024

json_t *json_base64(struct bytes value)
{
	char small[BASE64_BYTES(SHORT_BYTES) + 1];
	size_t len = BASE64_BYTES(value.len);
	OWNED_MEMORY char *large = len < sizeof small ? NULL : malloc(len + 1);
	char *text = len < sizeof small ? small : large;
	if (text == NULL)
		return NULL;
	sodium_bin2base64(text, len + 1, value.data, value.len, sodium_base64_VARIANT_ORIGINAL);
	return json_stringn_nocheck(text, len);
}

json_t *json_hashes(const struct hash *hashes, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, json_base64(hash_bytes(&hashes[i]))) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
