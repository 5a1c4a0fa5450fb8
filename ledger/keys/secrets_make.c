/* Each key is drawn by itself and not derived from another: who loses one has lost one. A name that is taken ends it,
 * and the directory is then what an attempt has left (ledger/write/create.c begins anew). */
#include "ledger/keys/secrets_make.h"

#include "ledger/keys/keyfile.h"
#include "ledger/label/vrf.h"

#include <sodium.h>

enum error secrets_create(int keys_fd, struct fault *fault)
{
	static const char *const random_keys[] = {"log", "alias", "master", "wrapping"};
	OWNED_KEY key = {0};
	uint8_t vrf_public[32];
	for (size_t i = 0; i < sizeof random_keys / sizeof random_keys[0]; i++) {
		randombytes_buf(key.b, sizeof key.b);
		TRY(keyfile_create(keys_fd, random_keys[i], i == 0 ? KEYFILE_OWNER : KEYFILE_GROUP, &key, fault));
	}
	vrf_keygen(&key, vrf_public);
	return keyfile_create(keys_fd, "vrf", KEYFILE_GROUP, &key, fault);
}
