#include "ledger/keys/secrets_make.h"

#include "ledger/keys/keyfile.h"
#include "ledger/label/vrf.h"

#include <sodium.h>

enum error secrets_create(int keys_fd, struct fault *fault)
{
	static const char *const random_keys[] = {"log", "alias", "master", "wrapping"};
	struct key key;
	uint8_t vrf_public[32];
	for (size_t i = 0; i < sizeof random_keys / sizeof random_keys[0]; i++) {
		randombytes_buf(key.b, sizeof key.b);
		enum error error = keyfile_create(keys_fd, random_keys[i], &key, fault);
		sodium_memzero(&key, sizeof key);
		TRY(error);
	}
	vrf_keygen(&key, vrf_public);
	enum error error = keyfile_create(keys_fd, "vrf", &key, fault);
	sodium_memzero(&key, sizeof key);
	return error;
}
