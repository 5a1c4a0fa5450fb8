/* Evidence of forks: what is proven comes from two checkpoints of the key. */
#include "ledger/proof/fork.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t seed[32], public_key[32], secret_key[64];
	struct vkey vkey;
	struct fork fork;
	struct finding finding;
	if (sodium_init() < 0)
		return 0;
	memset(seed, 1, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	enum error error = vkey_make("ledger.example/2026", NOTE_KEY_ED25519, public_key, &vkey);
	assert(error == E_OK);
	error = fork_verify(bytes_of(data, size), &vkey, &fork, &finding);
	assert(error != E_OK || fork.first.size <= fork.second.size);
	return 0;
}
