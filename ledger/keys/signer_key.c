/* The name is judged as the name of a note's key before anything is written, since a key that can sign nothing would be
 * found out when it is needed. A file that has more members than these two is refused: a misspelled one would be passed
 * over in silence. */
#include "ledger/keys/signer_key.h"

#include "ledger/keys/key_json.h"

#include <sodium.h>

void signer_key_wipe(struct signer_key *key)
{
	sodium_memzero(key, sizeof *key);
}

enum error signer_key_create(const char *path, const char *name, struct signer_key *out, struct fault *fault)
{
	struct vkey vkey;
	OWNED(signer_key_wipe) struct signer_key key = {.name = ""};
	crypto_sign_keypair(key.public_key, key.secret_key);
	if (vkey_make(name, NOTE_KEY_ED25519, key.public_key, &vkey) != E_OK)
		return fault_set(
			fault, E_BAD_VALUE, "a key's name has 1 to %u bytes, and no space or plus sign", ORIGIN_BYTES_MAX);
	strcpy(key.name, name);
	json_auto_t *json = json_pack("{s:s}", "name", name);
	if (json == NULL || key_json_set_seed(json, key.secret_key) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	TRY(key_json_write(path, json, false, fault));
	*out = key;
	return E_OK;
}

enum error signer_key_read(const char *path, struct signer_key *out, struct fault *fault)
{
	struct vkey vkey;
	json_auto_t *json = NULL;
	TRY(key_json_read(path, &json, fault));
	const char *name = json_string_value(json_object_get(json, "name"));
	OWNED(signer_key_wipe) struct signer_key key = {.name = ""};
	if (json_object_size(json) != 2 || name == NULL || key_json_seed(json, key.public_key, key.secret_key) != E_OK ||
		vkey_make(name, NOTE_KEY_ED25519, key.public_key, &vkey) != E_OK)
		return fault_set(fault, E_BAD_KEY, "key file '%s' is not {\"name\": key name, \"seed\": base64}", path);
	strcpy(key.name, name);
	*out = key;
	return E_OK;
}
